//! Expression: how loudness, timing and tempo move. Everything here needs the [`Score`]; the step grid has lost it.
//!
//! All parts count, drums too: it is the piece as it is heard.

use crate::excerpt::Walk;
use crate::harmony::mean;
use crate::key::correlation;
use crate::timeline::{ScoreBar, mean_qpm, score_bars, tempo_spans};
use aeolian_score::{GRID, Note, Score};

/// How loudness is used in a piece, in MIDI velocity (1–127).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loudness {
    /// Mean velocity of all notes.
    pub mean: f64,
    /// The 95th percentile minus the 5th; ≥ 0. A percentile is the lowest velocity that at least that share of the
    /// notes does not exceed.
    pub range: f64,
}

/// Loudness of all notes. `None` without notes.
pub fn loudness(score: &Score) -> Option<Loudness> {
    let mut counts = [0u64; 256];
    notes(score).for_each(|note| counts[usize::from(note.velocity)] += 1);
    let total: u64 = counts.iter().sum();
    let percentile = |percent: u64| {
        let mut up_to = 0;
        (0..256).find(|&velocity| {
            up_to += counts[velocity];
            up_to * 100 >= total * percent
        })
    };
    let mean = mean(notes(score).map(|note| f64::from(note.velocity)))?;
    Some(Loudness { mean, range: (percentile(95)? - percentile(5)?) as f64 })
}

/// Mean velocity of the notes that start in each bar; `None` for a bar without, and no bars where the score has no
/// resolution or is too long to be measured.
pub fn loudness_by_bar(score: &Score) -> Vec<Option<f64>> {
    let bars = score_bars(score).unwrap_or_default();
    let mut sums = vec![(0.0, 0usize); bars.len()];
    let mut walk = Walk::new(&bars, |bar: &ScoreBar| bar.end);
    for note in notes(score) {
        if let Some((sum, count)) = sums.get_mut(walk.find(note.onset.0.into())) {
            *sum += f64::from(note.velocity);
            *count += 1;
        }
    }
    sums.into_iter().map(|(sum, count)| (count > 0).then(|| sum / count as f64)).collect()
}

/// Mean absolute difference of the loudness of neighbouring bars, velocity, ≥ 0; `by_bar` is [`loudness_by_bar`].
/// `None` where no two neighbours have notes.
pub fn loudness_change(by_bar: &[Option<f64>]) -> Option<f64> {
    mean(by_bar.windows(2).filter_map(|pair| Some((pair[1]? - pair[0]?).abs())))
}

/// Does the piece grow louder? Pearson's r of a bar's loudness with its place, −1 (dies away) … 1 (swells).
///
/// `None` where fewer than two bars have notes, or all are equally loud.
pub fn loudness_trend(by_bar: &[Option<f64>]) -> Option<f64> {
    let (places, values) = sounding_bars(by_bar);
    correlation(&places, &values)
}

/// Is the middle of the piece louder than its ends? Mean loudness of the bars in the middle half minus that of the
/// others, velocity; > 0 for an arch. `None` where either has no notes.
pub fn loudness_arch(by_bar: &[Option<f64>]) -> Option<f64> {
    let bars = by_bar.len();
    // The middle of bar i lies at (2i + 1) / 2 of the bars; the middle half runs from 1/4 to 3/4 of them.
    let in_middle = |bar: usize| (bars..=3 * bars).contains(&(4 * bar + 2));
    let mean_where = |wanted: bool| {
        mean(by_bar.iter().enumerate().filter(|(bar, _)| in_middle(*bar) == wanted).filter_map(|(_, value)| *value))
    };
    Some(mean_where(true)? - mean_where(false)?)
}

fn sounding_bars(by_bar: &[Option<f64>]) -> (Vec<f64>, Vec<f64>) {
    by_bar.iter().enumerate().filter_map(|(bar, value)| Some((bar as f64, (*value)?))).unzip()
}

/// Mean distance of the onsets from the nearest twelfth of a quarter, in quarters, 0–1/24.
///
/// The twelfths hold sixteenths and triplets exactly, so what remains is how the notes are *played*; it is 0 for every
/// score on the grid. Notes that ignore the twelfths altogether have 1/48 ≈ 0.0208, the mean of a uniform distribution:
/// performed drums (Groove: 0.0204) are that free, so there it says no more than "played".
///
/// `None` without notes, or with 0 ticks a quarter.
pub fn timing_deviation(score: &Score) -> Option<f64> {
    let resolution = u64::from(score.ticks_per_quarter);
    let distance = |note: &Note| {
        let past = (u64::from(note.onset.0) * u64::from(GRID)).checked_rem(resolution)?;
        Some(past.min(resolution - past) as f64 / resolution as f64 / f64::from(GRID))
    };
    mean(notes(score).filter_map(distance))
}

/// How the tempo moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TempoCurve {
    /// Mean tempo in quarters a minute: all quarters / all minutes.
    pub mean_qpm: f64,
    /// Coefficient of variation: standard deviation of the tempo over time / mean; ≥ 0.
    pub variation: f64,
    /// How often the tempo changes in a minute; ≥ 0.
    pub changes_per_minute: f64,
}

/// The tempo curve up to the last note. `None` for a score of no length.
pub fn tempo_curve(score: &Score) -> Option<TempoCurve> {
    let spans = tempo_spans(score);
    let mean_qpm = mean_qpm(&spans)?;
    let minutes: f64 = spans.iter().map(|span| span.minutes()).sum();
    let squares: f64 = spans.iter().map(|span| span.minutes() * (span.qpm - mean_qpm).powi(2)).sum();
    Some(TempoCurve {
        mean_qpm,
        variation: (squares / minutes).sqrt() / mean_qpm,
        changes_per_minute: (spans.len() - 1) as f64 / minutes,
    })
}

fn notes(score: &Score) -> impl Iterator<Item = &Note> {
    score.parts.iter().flat_map(|part| &part.notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::tests::score;
    use aeolian_score::{TempoChange, Tick};

    #[test]
    fn loudness_ranges_over_the_middle_nine_tenths() {
        let velocities = |list: &[u8]| score(&list.iter().map(|&v| (0.0, 1.0, 60, v)).collect::<Vec<_>>());
        let twenty: Vec<u8> = (1..=20).collect();
        assert_eq!(loudness(&velocities(&twenty)), Some(Loudness { mean: 10.5, range: 18.0 }), "19 − 1");
        assert_eq!(loudness(&velocities(&[80])), Some(Loudness { mean: 80.0, range: 0.0 }));
        assert_eq!(loudness(&Score::new(480)), None);
    }

    #[test]
    fn loudness_is_followed_bar_by_bar() {
        let swelling = score(&[(0.0, 1.0, 60, 40), (1.0, 1.0, 60, 60), (4.0, 1.0, 60, 70), (12.0, 1.0, 60, 90)]);
        let by_bar = loudness_by_bar(&swelling);
        assert_eq!(by_bar, [Some(50.0), Some(70.0), None, Some(90.0)]);
        assert_eq!(loudness_change(&by_bar), Some(20.0));
        assert!(loudness_trend(&by_bar).unwrap() > 0.98);
        assert_eq!(loudness_trend(&[Some(1.0), Some(1.0)]), None);
        assert_eq!(loudness_change(&[Some(1.0), None, Some(1.0)]), None);
    }

    #[test]
    fn an_arch_is_loud_in_its_middle_half() {
        assert_eq!(loudness_arch(&[40.0, 60.0, 60.0, 40.0].map(Some)), Some(20.0));
        assert_eq!(loudness_arch(&[60.0, 40.0, 40.0, 60.0].map(Some)), Some(-20.0));
        assert_eq!(loudness_arch(&[Some(40.0)]), None);
        assert_eq!(loudness_arch(&[]), None);
    }

    #[test]
    fn timing_is_measured_from_the_nearest_twelfth() {
        // At 480 ticks a twelfth is 40; 10 ticks late and 10 early are both 1/48 of a quarter.
        let mut played = score(&[(0.0, 1.0, 60, 80), (0.0, 1.0, 60, 80)]);
        played.parts[0].notes[0].onset = Tick(170);
        played.parts[0].notes[1].onset = Tick(150);
        assert!((timing_deviation(&played).unwrap() - 1.0 / 48.0).abs() < 1e-12);
        played.parts[0].notes[0].onset = Tick(20);
        played.parts[0].notes.pop();
        assert!((timing_deviation(&played).unwrap() - 1.0 / 24.0).abs() < 1e-12, "halfway is farthest");
        played.ticks_per_quarter = 0;
        assert_eq!(timing_deviation(&played), None);
    }

    #[test]
    fn every_place_of_the_grid_is_in_time() {
        let on_grid: Vec<_> = (0..24).map(|i| (f64::from(i) / 12.0, 0.1, 60, 80)).collect();
        assert_eq!(timing_deviation(&score(&on_grid)), Some(0.0));
    }

    #[test]
    fn tempo_is_weighed_by_time() {
        let mut rubato = score(&[(0.0, 3.0, 60, 80)]);
        // A quarter at 60 and two at 120: a second each.
        rubato.tempos = vec![TempoChange { at: Tick(0), qpm: 60.0 }, TempoChange { at: Tick(480), qpm: 120.0 }];
        let curve = tempo_curve(&rubato).unwrap();
        assert!((curve.mean_qpm - 90.0).abs() < 1e-9);
        assert!((curve.variation - 30.0 / 90.0).abs() < 1e-9);
        assert!((curve.changes_per_minute - 30.0).abs() < 1e-9, "once in two seconds");
        assert_eq!(tempo_curve(&Score::new(480)), None);
    }
}
