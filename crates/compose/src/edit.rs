//! Whole bars out of a score, or empty ones into it.

use aeolian_score::{Score, Tick};
use std::ops::Range;

/// The score without some bars (counted from 0); what rings over the cut ends there.
pub fn remove_bars(score: &Score, bars: Range<usize>) -> Score {
    let at = bar_ticks(score);
    let (from, to) = (tick_of(&at, score, bars.start), tick_of(&at, score, bars.end));
    let (head, tail) = (score.crop(Tick(0), from), score.crop(to, Tick(u32::MAX)));
    joined(&head, &tail, from)
}

/// The score with empty bars before bar `at`, in the metre of the bar before.
pub fn insert_bars(score: &Score, at: usize, bars: usize) -> Score {
    let starts = bar_ticks(score);
    let here = tick_of(&starts, score, at);
    let before = tick_of(&starts, score, at.saturating_sub(1));
    let length = (here.0 - before.0).max(score.ticks_per_quarter);
    let (head, tail) = (score.crop(Tick(0), here), score.crop(here, Tick(u32::MAX)));
    joined(&head, &tail, Tick(here.0.saturating_add(length.saturating_mul(bars as u32))))
}

fn bar_ticks(score: &Score) -> Vec<Tick> {
    score.bar_starts(score.end())
}

/// Where a bar begins; past the last, where the last ends.
fn tick_of(starts: &[Tick], score: &Score, bar: usize) -> Tick {
    starts.get(bar).copied().unwrap_or_else(|| {
        let last = starts.last().copied().unwrap_or_default();
        let (numerator, denominator) = score.meter_at(last);
        let length = score.ticks_per_quarter * 4 * u32::from(numerator.max(1)) / u32::from(denominator.max(1));
        Tick(last.0 + length)
    })
}

/// Two scores of the same parts, the second beginning at a tick of the first.
fn joined(head: &Score, tail: &Score, at: Tick) -> Score {
    let later = |tick: Tick| Tick(tick.0.saturating_add(at.0));
    let mut score = head.clone();
    for (part, more) in score.parts.iter_mut().zip(&tail.parts) {
        part.notes.extend(more.notes.iter().map(|n| aeolian_score::Note { onset: later(n.onset), ..*n }));
        part.lyrics.extend(more.lyrics.iter().cloned().map(|mut l| {
            l.at = later(l.at);
            l
        }));
    }
    let same_tempo = |a: f64, b: f64| (a - b).abs() < 1e-9;
    score.tempos.extend(tail.tempos.iter().map(|t| aeolian_score::TempoChange { at: later(t.at), ..*t }));
    score.tempos.dedup_by(|later, earlier| same_tempo(later.qpm, earlier.qpm));
    score.meters.extend(tail.meters.iter().map(|m| aeolian_score::MeterChange { at: later(m.at), ..*m }));
    score.meters.dedup_by(|b, a| (b.numerator, b.denominator) == (a.numerator, a.denominator));
    score.keys.extend(tail.keys.iter().map(|k| aeolian_score::KeyChange { at: later(k.at), ..*k }));
    score.keys.dedup_by(|b, a| b.key == a.key);
    let moved = |c: &aeolian_score::ChordEvent| aeolian_score::ChordEvent { at: later(c.at), end: later(c.end), ..*c };
    score.chords.extend(tail.chords.iter().map(moved));
    score.sections.extend(tail.sections.iter().cloned().map(|mut s| {
        (s.at, s.end) = (later(s.at), later(s.end));
        s
    }));
    score.markers.extend(tail.markers.iter().cloned().map(|mut m| {
        m.at = later(m.at);
        m
    }));
    score
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::{Note, Part};

    /// Four bars of 4/4 with a note on each downbeat, the pitch telling the bar; the last rings into nothing.
    fn four_bars() -> Score {
        let mut score = Score::new(12);
        let note = |bar: u32| Note { onset: Tick(48 * bar), pitch: 60 + bar as u8, duration: Tick(40), velocity: 80 };
        score.parts = vec![Part { notes: (0..4).map(note).collect(), ..Part::default() }];
        score
    }

    fn downbeats(score: &Score) -> Vec<(u32, u8)> {
        score.parts[0].notes.iter().map(|n| (n.onset.0, n.pitch)).collect()
    }

    #[test]
    fn bars_come_and_go_and_the_others_stay() {
        assert_eq!(downbeats(&remove_bars(&four_bars(), 1..3)), [(0, 60), (48, 63)]);
        assert_eq!(downbeats(&insert_bars(&four_bars(), 3, 2)), [(0, 60), (48, 61), (96, 62), (240, 63)]);
        assert_eq!(remove_bars(&four_bars(), 2..2).parts, four_bars().parts);
        assert_eq!(downbeats(&insert_bars(&four_bars(), 4, 1)), downbeats(&four_bars()));
    }

    #[test]
    fn what_rings_over_a_cut_ends_there() {
        let mut score = four_bars();
        score.parts[0].notes[0].duration = Tick(100);
        let cut = remove_bars(&score, 1..2);
        assert_eq!(cut.parts[0].notes[0].duration, Tick(48));
    }
}
