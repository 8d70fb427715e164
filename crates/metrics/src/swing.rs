//! Swing: how much longer the first half of a beat is than the second.
//!
//! The ratio of the two eighths (Friberg & Sundström 2002, "Swing ratios and ensemble timing in jazz performance",
//! Music Perception 19): 1 is straight, 2 is a triplet, and players swing harder the slower the tempo. Measured on the
//! [`Score`]'s own timing; the step grid turns every swung eighth into a sixteenth. It tells the 22 big bands of the
//! synthetic band set (1.85) from its rock bands (0.99), and the jazz of the Groove drummers (1.69) from their rock
//! (1.32).

use crate::excerpt::Walk;
use crate::harmony::mean;
use crate::timeline::{ScoreBar, score_bars};
use aeolian_score::{Part, Score};

/// A note this far from the beat (<, in quarters, on either side) is on it.
const ON_BEAT: f64 = 1.0 / 8.0;
/// Where the second eighth may start (≤, in quarters after the beat): the triplet's 2/3 and a little later, but before
/// 3/4, where a note makes a dotted rhythm and no swing. A dotted rhythm played so much early counts as swing all the
/// same.
const SECOND_EIGHTH: std::ops::RangeInclusive<f64> = 0.4..=0.72;

/// Mean ratio of the first eighth to the second, over the beats that are played as two eighths; 1 is straight.
///
/// Such a beat has, in one part, at least one note within an eighth of a quarter of its start, at least one from 0.4 to
/// 0.72 quarters after it, and nothing between or after these. With d the distance of the two (means, where several
/// notes make one chord), the ratio is d / (1 − d). Beats are quarters counted from the bar line, in metres of
/// halves or quarters; every part is looked at by itself. `None` where no beat qualifies.
pub fn swing_ratio(score: &Score) -> Option<f64> {
    let bars = score_bars(score).ok()?;
    let resolution = f64::from(score.ticks_per_quarter);
    mean(score.parts.iter().flat_map(|part| eighth_pairs(part, &bars, resolution)).map(|d| d / (1.0 - d)))
}

/// Distances of the two eighths of every beat of two eighths, in quarters.
fn eighth_pairs(part: &Part, bars: &[ScoreBar], resolution: f64) -> Vec<f64> {
    let ends: Vec<f64> = bars.iter().map(|bar| bar.end as f64 / resolution).collect();
    // Bar, beat, and place of every note.
    let mut places: Vec<(usize, u64, f64)> = Vec::with_capacity(part.notes.len());
    let mut walk = Walk::new(&ends, |end: &f64| *end);
    for note in &part.notes {
        let onset = f64::from(note.onset.0) / resolution;
        // A note a little early belongs to the bar and the beat that it anticipates.
        let felt = onset + ON_BEAT;
        let index = walk.find(felt);
        let Some(bar) = bars.get(index).filter(|bar| matches!(bar.denominator, 2 | 4)) else { continue };
        let start = bar.start as f64 / resolution;
        let beat = (felt - start).max(0.0).floor();
        places.push((index, beat as u64, onset - start - beat));
    }
    // Notes of one beat stay in their order.
    places.sort_by_key(|&(bar, beat, _)| (bar, beat));
    let beats = places.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
    beats.filter_map(|notes| Beat::of(notes.iter().map(|&(_, _, place)| place)).distance()).collect()
}

/// What starts in one beat: sum and number of the places, in quarters after it.
#[derive(Default)]
struct Beat {
    first: (f64, usize),
    second: (f64, usize),
    has_others: bool,
}

impl Beat {
    fn of(places: impl Iterator<Item = f64>) -> Self {
        let mut beat = Self::default();
        for place in places {
            let (sum, count) = match place {
                place if place < ON_BEAT => &mut beat.first,
                place if SECOND_EIGHTH.contains(&place) => &mut beat.second,
                _ => return Self { has_others: true, ..beat },
            };
            *sum += place;
            *count += 1;
        }
        beat
    }

    fn distance(&self) -> Option<f64> {
        let mean = |(sum, count): (f64, usize)| (count > 0).then(|| sum / count as f64);
        if self.has_others {
            return None;
        }
        Some(mean(self.second)? - mean(self.first)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::tests::score;
    use aeolian_score::{MeterChange, Tick};

    fn ratio(onsets: &[f64]) -> Option<f64> {
        swing_ratio(&score(&onsets.iter().map(|&onset| (onset, 0.25, 60, 80)).collect::<Vec<_>>()))
    }

    #[test]
    fn straight_is_one_and_a_triplet_is_two() {
        assert_eq!(ratio(&[0.0, 0.5, 1.0, 1.5]), Some(1.0));
        assert!((ratio(&[0.0, 2.0 / 3.0, 1.0, 5.0 / 3.0]).unwrap() - 2.0).abs() < 1e-9);
        assert!((ratio(&[0.0, 0.5, 1.0, 5.0 / 3.0]).unwrap() - 1.5).abs() < 1e-9, "the mean of beats");
    }

    #[test]
    fn beats_of_one_note_of_sixteenths_or_of_dotted_notes_say_nothing() {
        assert_eq!(ratio(&[0.0, 1.0, 2.5]), None);
        assert_eq!(ratio(&[0.0, 0.25, 0.5, 0.75]), None);
        assert_eq!(ratio(&[0.0, 0.75, 1.0, 1.75]), None);
        assert_eq!(ratio(&[]), None);
    }

    #[test]
    fn a_player_behind_the_beat_swings_as_much() {
        let late = ratio(&[0.025, 2.0 / 3.0 + 0.025]).unwrap();
        assert!((late - 2.0).abs() < 1e-9);
        let early = ratio(&[3.95, 4.5]).unwrap();
        assert!((early - 0.55 / 0.45).abs() < 1e-9, "an anticipated downbeat belongs to its bar");
    }

    #[test]
    fn eighths_of_six_eight_are_not_beats_of_two() {
        let mut jig = score(&[(0.0, 0.5, 60, 80), (0.5, 0.5, 60, 80)]);
        assert_eq!(swing_ratio(&jig), Some(1.0));
        jig.meters = vec![MeterChange { at: Tick(0), numerator: 6, denominator: 8 }];
        assert_eq!(swing_ratio(&jig), None);
    }
}
