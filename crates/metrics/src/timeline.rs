//! A score's own time: its bars in ticks and its tempos, read so that no input can break them.
//!
//! [`Score`]'s fields are open to everyone, and what a file or a caller put there may be impossible: a metre of 0/0, a
//! tempo of −3, changes out of order. Here a metre's numerator is at least 1 and its denominator 1–32, tempos outside
//! 1–10,000 quarters a minute are passed over, and changes are put in order.

use crate::Error;
use aeolian_canvas::canvas::STEPS;
use aeolian_score::{Score, Tick};

/// The longest score that is measured: 2²⁰ steps are 65,536 bars of 4/4.
const LONGEST: u64 = 1 << 20;
/// Slowest and fastest tempo that is believed, quarters a minute. A MIDI file can say 3.6 – 60,000,000.
const TEMPOS: std::ops::RangeInclusive<f64> = 1.0..=10_000.0;
/// Where no tempo is given (Standard MIDI Files 1.0).
const DEFAULT_QPM: f64 = 120.0;

/// A bar of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScoreBar {
    /// First tick.
    pub start: u64,
    /// First tick after it.
    pub end: u64,
    /// Beats in a bar of this metre, ≥ 1.
    pub numerator: u8,
    /// Note value of a beat, 1–32.
    pub denominator: u8,
}

/// The bars from the start of the score to the one in which the last note ends. A metre change inside a bar cuts it
/// short.
///
/// # Errors   [`Error::NoResolution`] for 0 ticks a quarter; [`Error::TooLong`] beyond 2²⁰ sixteenth steps
pub(crate) fn score_bars(score: &Score) -> Result<Vec<ScoreBar>, Error> {
    let resolution = u64::from(score.ticks_per_quarter);
    if resolution == 0 {
        return Err(Error::NoResolution);
    }
    let end = u64::from(score.end().0);
    let steps = (end * STEPS as u64 + resolution / 2) / resolution;
    if steps > LONGEST {
        return Err(Error::TooLong { steps, limit: LONGEST });
    }
    let mut changes = score.meters.clone();
    changes.sort_by_key(|change| change.at);
    let mut changes = changes.into_iter().peekable();
    let (mut bars, mut at, mut metre) = (Vec::new(), 0, (4, 4));
    while at < end {
        while let Some(change) = changes.next_if(|change| u64::from(change.at.0) <= at) {
            metre = (change.numerator.max(1), change.denominator.clamp(1, 32));
        }
        let (numerator, denominator) = metre;
        let length = (resolution * 4 * u64::from(numerator) / u64::from(denominator)).max(1);
        let next_change = changes.peek().map_or(u64::MAX, |change| change.at.0.into());
        let bar_end = (at + length).min(next_change);
        bars.push(ScoreBar { start: at, end: bar_end, numerator, denominator });
        at = bar_end;
    }
    Ok(bars)
}

/// A stretch of one tempo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TempoSpan {
    /// Its length in quarters, > 0.
    pub quarters: f64,
    /// Quarters a minute.
    pub qpm: f64,
}

impl TempoSpan {
    /// How long it lasts.
    pub fn minutes(&self) -> f64 {
        self.quarters / self.qpm
    }
}

/// The tempos from the start of the score to its last note, in order. Neighbours of equal tempo are one span.
pub(crate) fn tempo_spans(score: &Score) -> Vec<TempoSpan> {
    let mut changes: Vec<(Tick, f64)> = score.tempos.iter().map(|change| (change.at, change.qpm)).collect();
    changes.retain(|(_, qpm)| TEMPOS.contains(qpm));
    changes.sort_by_key(|&(at, _)| at);
    changes.insert(0, (Tick(0), DEFAULT_QPM));
    let end = score.end();
    let ends = changes.iter().skip(1).map(|&(at, _)| at.min(end)).chain([end]);
    let mut spans: Vec<TempoSpan> = Vec::new();
    for (&(at, qpm), until) in changes.iter().zip(ends).filter(|((at, _), until)| until > at) {
        let quarters = f64::from(until.0 - at.0) / f64::from(score.ticks_per_quarter.max(1));
        match spans.last_mut() {
            Some(span) if span.qpm == qpm => span.quarters += quarters,
            _ => spans.push(TempoSpan { quarters, qpm }),
        }
    }
    spans
}

/// Mean tempo: all quarters divided by all minutes. `None` for a score of no length.
pub(crate) fn mean_qpm(spans: &[TempoSpan]) -> Option<f64> {
    let minutes: f64 = spans.iter().map(TempoSpan::minutes).sum();
    (minutes > 0.0).then(|| spans.iter().map(|span| span.quarters).sum::<f64>() / minutes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use aeolian_score::{MeterChange, Note, Part, TempoChange};

    /// A score at 480 ticks a quarter with one part of (onset in quarters, duration in quarters, pitch, velocity).
    pub(crate) fn score(notes: &[(f64, f64, u8, u8)]) -> Score {
        let ticks = |quarters: f64| Tick((quarters * 480.0).round() as u32);
        let note = |&(onset, duration, pitch, velocity): &(f64, f64, u8, u8)| Note {
            onset: ticks(onset),
            pitch,
            duration: ticks(duration),
            velocity,
        };
        let mut score = Score::new(480);
        score.parts.push(Part { notes: notes.iter().map(note).collect(), ..Part::default() });
        score
    }

    #[test]
    fn bars_agree_with_the_score_where_the_score_is_sound() {
        let mut score = score(&[(0.0, 15.0, 60, 80)]);
        let metre = |at, numerator, denominator| MeterChange { at: Tick(at), numerator, denominator };
        score.meters = vec![metre(0, 3, 4), metre(1440, 7, 8), metre(4000, 4, 4)];
        let starts: Vec<u32> = score_bars(&score).unwrap().iter().map(|bar| bar.start as u32).collect();
        assert_eq!(starts, score.bar_starts(score.end()).iter().map(|at| at.0).collect::<Vec<_>>());
    }

    #[test]
    fn impossible_metres_and_tempos_are_read_as_possible_ones() {
        let mut score = score(&[(0.0, 8.0, 60, 80)]);
        score.meters = vec![MeterChange { at: Tick(0), numerator: 0, denominator: 0 }];
        assert_eq!(score_bars(&score).unwrap().len(), 2, "0/0 is read as 1/1");
        score.tempos = [-3.0, f64::NAN, 0.0, f64::INFINITY].map(|qpm| TempoChange { at: Tick(0), qpm }).to_vec();
        assert_eq!(tempo_spans(&score), [TempoSpan { quarters: 8.0, qpm: 120.0 }]);
    }

    #[test]
    fn tempo_spans_are_ordered_and_end_with_the_last_note() {
        let mut score = score(&[(0.0, 4.0, 60, 80)]);
        let tempo = |at, qpm| TempoChange { at: Tick(at), qpm };
        score.tempos = vec![tempo(960, 60.0), tempo(0, 90.0), tempo(480, 90.0), tempo(9999, 30.0)];
        let spans = tempo_spans(&score);
        assert_eq!(spans, [TempoSpan { quarters: 2.0, qpm: 90.0 }, TempoSpan { quarters: 2.0, qpm: 60.0 }]);
        assert_eq!(mean_qpm(&spans), Some(4.0 / (2.0 / 90.0 + 2.0 / 60.0)));
        assert_eq!(mean_qpm(&tempo_spans(&Score::new(480))), None);
    }
}
