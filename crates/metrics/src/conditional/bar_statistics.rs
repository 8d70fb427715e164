//! Statistics of bars, and how far their distributions overlap between infilled and real bars.
//!
//! After Choi et al. 2020 ("Encoding musical style with transformer autoencoders", arXiv:1912.05537, sec. 5) and Mittal
//! et al. 2021 (arXiv:2103.16091): a number is taken of every bar, a normal distribution is fitted to the numbers of all
//! real bars and one to those of all infilled bars (mean, and standard deviation with denominator n), and the figure
//! is the area common to both densities, 0–1. Ours is exact where the densities cross twice
//! ([`overlap_of_gaussians`]).
//!
//! Like every figure of means and spreads it is lenient: bars glued together at random pass it.

use super::infill::gaussian;
use crate::compare::gaussian::overlap_of_gaussians;
use crate::excerpt::{Excerpt, ExcerptNote};
use crate::harmony::mean;
use std::ops::Range;

/// A number taken of the notes that start in a bar.
#[derive(Clone, Copy, Debug)]
pub struct BarStatistic {
    /// Its name.
    pub name: &'static str,
    /// Its value; `None` where it is undefined.
    pub of: fn(&[ExcerptNote]) -> Option<f64>,
}

/// The statistics that are compared.
pub const BAR_STATISTICS: [BarStatistic; 6] = [
    BarStatistic { name: "notes", of: |notes| Some(notes.len() as f64) },
    BarStatistic { name: "mean pitch", of: |notes| mean(notes.iter().map(|note| f64::from(note.pitch))) },
    BarStatistic { name: "pitch range", of: pitch_range },
    BarStatistic { name: "pitch classes", of: |notes| Some(f64::from(pitch_class_set(notes).count_ones())) },
    BarStatistic { name: "mean duration", of: |notes| mean(notes.iter().map(|note| note.duration() as f64)) },
    BarStatistic { name: "onsets", of: |notes| Some(onsets(notes) as f64) },
];

/// Semitones between the lowest and the highest note. `None` without notes.
fn pitch_range(notes: &[ExcerptNote]) -> Option<f64> {
    let pitches = || notes.iter().map(|note| note.pitch);
    Some(f64::from(pitches().max()? - pitches().min()?))
}

fn pitch_class_set(notes: &[ExcerptNote]) -> u16 {
    notes.iter().fold(0, |set, note| set | 1 << note.pitch_class())
}

/// Moments at which something starts.
fn onsets(notes: &[ExcerptNote]) -> usize {
    notes.chunk_by(|a, b| a.onset == b.onset).count()
}

/// A statistic of every complete bar of a range (counted from 0) where it is defined.
pub fn bar_values(excerpt: &Excerpt, bars: Range<usize>, statistic: &BarStatistic) -> Vec<f64> {
    let end = bars.end.min(excerpt.bars.len());
    let bars = excerpt.bars.get(bars.start..end).unwrap_or_default();
    bars.iter().filter(|bar| bar.is_complete()).filter_map(|bar| (statistic.of)(excerpt.notes_in(bar))).collect()
}

/// Area common to the normal distributions fitted to two lists, 0–1. `None` where one has fewer than two numbers.
///
/// Two lists without spread have everything in common where they are equal, and nothing else.
pub fn common_area(real: &[f64], infilled: &[f64]) -> Option<f64> {
    let fitted = |values: &[f64]| gaussian(values.iter().copied()).filter(|_| values.len() >= 2);
    Some(overlap_of_gaussians(fitted(real)?, fitted(infilled)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn statistics_of_a_bar_by_hand() {
        // Bar 1: C4 and E4 together, C5 later. Bar 2: silent. Bar 3 is cut off.
        let piece = excerpt(9, &[(0, 4, 60), (0, 4, 64), (8, 1, 72), (32, 1, 60)]);
        let values: Vec<Vec<f64>> = BAR_STATISTICS.iter().map(|s| bar_values(&piece, 0..9, s)).collect();
        assert_eq!(values[0], [3.0, 0.0]);
        assert!((values[1][0] - 196.0 / 3.0).abs() < 1e-12 && values[1].len() == 1);
        assert_eq!((&values[2][..], &values[3][..]), (&[12.0][..], &[2.0, 0.0][..]));
        assert_eq!((&values[4][..], &values[5][..]), (&[3.0][..], &[2.0, 0.0][..]));
        assert!(bar_values(&piece, 7..usize::MAX, &BAR_STATISTICS[0]).is_empty());
    }

    #[test]
    fn area_of_equal_and_of_shifted_lists() {
        assert_eq!(common_area(&[1.0, 3.0], &[1.0, 3.0]), Some(1.0));
        // Both have deviation 1, means 2 and 4: 2Φ(−1).
        let area = common_area(&[1.0, 3.0], &[3.0, 5.0]).unwrap();
        assert!((area - 0.317_310_507_863).abs() < 1e-9, "{area}");
        assert_eq!(common_area(&[1.0, 1.0], &[2.0, 2.0]), Some(0.0));
        assert_eq!(common_area(&[1.0], &[1.0, 3.0]), None);
    }
}
