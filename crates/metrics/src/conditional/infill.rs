//! Infilled bars beside the real ones that were taken away: do they use the same notes, at the same places of the bar?
//!
//! **Histogram overlap.** Of the notes that start in a stretch, the pitch classes make one histogram and the steps of
//! the bar at which something starts another; both are divided by their sums, and the overlap is what they have in
//! common, Σ min(p, q), 0–1 (the intersection of Swain & Ballard 1991). Taken over the whole stretch, which forgives an
//! exchanged order of bars, and bar by bar, which does not.
//!
//! **Gaussian area.** In each bar the pitches of the notes that start there make a Gaussian, and so do their durations;
//! the figure is the mean area common to those of the real and of the infilled bar, after the frames of Mittal et al.
//! 2021 (arXiv:2103.16091), which are longer and compare a piece with itself. For the common area of statistics *over*
//! bars, as in Choi et al. 2020, see [`bar_statistics`](super::bar_statistics).
//!
//! Published figures of infilling with masked diffusion (pitch class .855, groove .640, on another corpus) do not come
//! with a definition as exact as this one; compare ours with the figures of known material (another bar of the same
//! song, a bar of another song) instead.
//!
//! Two silent bars have nothing to compare, and are left out; a silent bar and one with notes have nothing in common.

use crate::compare::gaussian::overlap_of_gaussians;
use crate::excerpt::{Bar, Excerpt, ExcerptNote};
use crate::harmony::mean;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// Overlap of infilled bars with the real ones, each 0–1 and `None` where it is undefined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct InfillOverlap {
    /// Pitch-class histograms of the whole stretch; a note counts once. `None` where both are silent.
    pub pitch_classes: Option<f64>,
    /// The same bar by bar: mean over the bars that are not both silent.
    pub pitch_classes_by_bar: Option<f64>,
    /// Histograms of the steps of the bar at which something starts, whole stretch; a step counts once a bar.
    pub groove: Option<f64>,
    /// The same bar by bar.
    pub groove_by_bar: Option<f64>,
    /// 1 − (steps at which just one of the bars has an onset) / (steps in the bar), mean over the bars: the groove
    /// similarity of Wu & Yang 2020 (arXiv:2008.01307). Two silent bars are alike here.
    pub groove_similarity: Option<f64>,
    /// Common area of the Gaussians of pitch, mean over the bars that are not both silent.
    pub pitch_area: Option<f64>,
    /// Common area of the Gaussians of duration in steps, likewise.
    pub duration_area: Option<f64>,
}

/// Σ min(p, q) of two histograms, each divided by its sum; what one lacks at its end is 0. Negative entries and those
/// that are not finite count as 0. 0 where one is empty, `None` where both are.
pub fn histogram_overlap(first: &[f64], second: &[f64]) -> Option<f64> {
    let entry =
        |histogram: &[f64], i: usize| histogram.get(i).copied().filter(|x| x.is_finite()).unwrap_or(0.0).max(0.0);
    let sum = |histogram: &[f64]| (0..histogram.len()).map(|i| entry(histogram, i)).sum::<f64>();
    let (whole, other_whole) = (sum(first), sum(second));
    if whole <= 0.0 || other_whole <= 0.0 {
        return (whole > 0.0 || other_whole > 0.0).then_some(0.0);
    }
    let common = |i: usize| (entry(first, i) / whole).min(entry(second, i) / other_whole);
    Some((0..first.len().min(second.len())).map(common).sum::<f64>().min(1.0))
}

/// Compares the bars of this range (counted from 0) in two versions of a piece. Bars that one version lacks, or that
/// have another length there, are left out.
pub fn infill_overlap(real: &Excerpt, infilled: &Excerpt, bars: Range<usize>) -> InfillOverlap {
    let end = bars.end.min(real.bars.len()).min(infilled.bars.len());
    let both = |i: usize| [BarNotes::new(real, &real.bars[i]), BarNotes::new(infilled, &infilled.bars[i])];
    let pairs: Vec<[BarNotes; 2]> =
        (bars.start..end).map(both).filter(|[a, b]| a.length == b.length && a.length > 0).collect();
    let whole = |histogram: fn(&BarNotes) -> Vec<f64>| {
        histogram_overlap(
            &added_up(pairs.iter().map(|[real, _]| histogram(real))),
            &added_up(pairs.iter().map(|[_, infilled]| histogram(infilled))),
        )
    };
    let by_bar = |overlap: &dyn Fn(&BarNotes, &BarNotes) -> Option<f64>| {
        mean(pairs.iter().filter_map(|[real, infilled]| overlap(real, infilled)))
    };
    InfillOverlap {
        pitch_classes: whole(|bar| bar.pitch_classes()),
        pitch_classes_by_bar: by_bar(&|a, b| histogram_overlap(&a.pitch_classes(), &b.pitch_classes())),
        groove: whole(|bar| bar.onsets()),
        groove_by_bar: by_bar(&|a, b| histogram_overlap(&a.onsets(), &b.onsets())),
        groove_similarity: by_bar(&|a, b| Some(a.groove_similarity(b))),
        pitch_area: by_bar(&|a, b| a.area(b, |note| f64::from(note.pitch))),
        duration_area: by_bar(&|a, b| a.area(b, |note| note.duration() as f64)),
    }
}

/// Means of the figures over several infills, each figure over those where it is defined.
pub fn mean_overlap(infills: &[InfillOverlap]) -> InfillOverlap {
    let of = |figure: fn(&InfillOverlap) -> Option<f64>| mean(infills.iter().filter_map(figure));
    InfillOverlap {
        pitch_classes: of(|i| i.pitch_classes),
        pitch_classes_by_bar: of(|i| i.pitch_classes_by_bar),
        groove: of(|i| i.groove),
        groove_by_bar: of(|i| i.groove_by_bar),
        groove_similarity: of(|i| i.groove_similarity),
        pitch_area: of(|i| i.pitch_area),
        duration_area: of(|i| i.duration_area),
    }
}

/// The notes that start in a bar.
struct BarNotes<'a> {
    notes: &'a [ExcerptNote],
    /// Places of the bar at which something starts, each once.
    places: BTreeMap<usize, f64>,
    length: usize,
}

impl<'a> BarNotes<'a> {
    fn new(excerpt: &'a Excerpt, bar: &Bar) -> Self {
        let notes = excerpt.notes_in(bar);
        let places = notes.iter().map(|note| (bar.place_of(note.onset), 1.0)).filter(|(place, _)| *place < bar.length);
        Self { notes, places: places.collect(), length: bar.length }
    }

    fn pitch_classes(&self) -> Vec<f64> {
        let mut counts = vec![0.0; 12];
        self.notes.iter().for_each(|note| counts[note.pitch_class()] += 1.0);
        counts
    }

    fn onsets(&self) -> Vec<f64> {
        (0..self.length).map(|place| self.places.get(&place).copied().unwrap_or(0.0)).collect()
    }

    fn groove_similarity(&self, other: &Self) -> f64 {
        let common = self.places.keys().filter(|place| other.places.contains_key(place)).count();
        let different = self.places.len() + other.places.len() - 2 * common;
        1.0 - different as f64 / self.length as f64
    }

    fn area(&self, other: &Self, value: fn(&ExcerptNote) -> f64) -> Option<f64> {
        match (gaussian(self.notes.iter().map(value)), gaussian(other.notes.iter().map(value))) {
            (Some(first), Some(second)) => Some(overlap_of_gaussians(first, second)),
            (None, None) => None,
            _ => Some(0.0),
        }
    }
}

/// Mean and standard deviation with denominator n.
pub(super) fn gaussian(values: impl Iterator<Item = f64> + Clone) -> Option<(f64, f64)> {
    let centre = mean(values.clone())?;
    Some((centre, mean(values.map(|value| (value - centre).powi(2)))?.sqrt()))
}

fn added_up(histograms: impl Iterator<Item = Vec<f64>>) -> Vec<f64> {
    histograms.fold(Vec::new(), |mut sum, histogram| {
        sum.resize(sum.len().max(histogram.len()), 0.0);
        sum.iter_mut().zip(histogram).for_each(|(sum, count)| *sum += count);
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn overlap_of_histograms_by_hand() {
        // (1/4, 3/4) and (1/2, 1/2).
        assert_eq!(histogram_overlap(&[1.0, 3.0], &[2.0, 2.0]), Some(0.75));
        assert_eq!(histogram_overlap(&[1.0], &[0.0, 5.0]), Some(0.0));
        assert_eq!(histogram_overlap(&[1.0], &[]), Some(0.0));
        assert_eq!(histogram_overlap(&[0.0], &[]), None);
        assert_eq!(histogram_overlap(&[f64::NAN, 1.0, -7.0], &[0.0, 2.0]), Some(1.0));
    }

    #[test]
    fn real_bars_overlap_wholly_with_themselves() {
        let piece = excerpt(8, &[(0, 4, 60), (6, 2, 64), (16, 8, 67), (24, 2, 60)]);
        let found = infill_overlap(&piece, &piece, 0..2);
        let all = [
            found.pitch_classes,
            found.pitch_classes_by_bar,
            found.groove,
            found.groove_by_bar,
            found.groove_similarity,
            found.pitch_area,
            found.duration_area,
        ];
        assert!(all.iter().all(|figure| (figure.unwrap() - 1.0).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn exchanged_bars_are_alike_as_a_stretch_and_differ_bar_by_bar() {
        let (real, exchanged) = (excerpt(8, &[(0, 4, 60), (20, 4, 62)]), excerpt(8, &[(4, 4, 62), (16, 4, 60)]));
        let found = infill_overlap(&real, &exchanged, 0..2);
        assert_eq!((found.pitch_classes, found.groove), (Some(1.0), Some(1.0)));
        assert_eq!((found.pitch_classes_by_bar, found.groove_by_bar), (Some(0.0), Some(0.0)));
        assert_eq!(found.groove_similarity, Some(14.0 / 16.0));
        assert_eq!((found.pitch_area, found.duration_area), (Some(0.0), Some(1.0)), "points in different places");
    }

    #[test]
    fn figures_of_one_bar_by_hand() {
        // Real: C D E G at steps 0 4 8 12. Infilled: C C (an octave) E at steps 0 8.
        let real = excerpt(4, &[(0, 4, 60), (4, 4, 62), (8, 4, 64), (12, 4, 67)]);
        let infilled = excerpt(4, &[(0, 4, 60), (0, 4, 72), (8, 8, 64)]);
        let found = infill_overlap(&real, &infilled, 0..1);
        assert_eq!(found.pitch_classes, Some(0.25 + 0.25), "min(1/4, 2/3) + min(1/4, 1/3)");
        assert_eq!(found.groove, Some(0.5), "two of four places");
        assert_eq!(found.groove_similarity, Some(14.0 / 16.0));
        let area = overlap_of_gaussians((63.25, 6.6875f64.sqrt()), (196.0 / 3.0, (224.0f64 / 9.0).sqrt()));
        assert!((found.pitch_area.unwrap() - area).abs() < 1e-12);
    }

    #[test]
    fn silence_has_nothing_in_common_with_music_and_nothing_to_compare_with_itself() {
        let (silent, music) = (excerpt(4, &[]), excerpt(4, &[(0, 4, 60)]));
        let both = infill_overlap(&silent, &silent, 0..1);
        assert_eq!(both, InfillOverlap { groove_similarity: Some(1.0), ..InfillOverlap::default() });
        let one = infill_overlap(&music, &silent, 0..1);
        assert_eq!((one.pitch_classes, one.groove_by_bar, one.pitch_area), (Some(0.0), Some(0.0), Some(0.0)));
        assert_eq!(one.groove_similarity, Some(15.0 / 16.0));
    }

    #[test]
    fn bars_that_are_not_there_are_left_out() {
        let (long, short) = (excerpt(12, &[(0, 4, 60), (40, 4, 61)]), excerpt(4, &[(0, 4, 60)]));
        assert_eq!(infill_overlap(&long, &short, 0..9).pitch_classes, Some(1.0));
        assert_eq!(infill_overlap(&long, &short, 5..9), InfillOverlap::default());
        assert_eq!(infill_overlap(&long, &long, usize::MAX..usize::MAX), InfillOverlap::default());
    }

    #[test]
    fn a_mean_is_taken_where_figures_are_defined() {
        let one = InfillOverlap { groove: Some(1.0), ..InfillOverlap::default() };
        let other = InfillOverlap { groove: Some(0.5), pitch_area: Some(0.2), ..InfillOverlap::default() };
        let found = mean_overlap(&[one, other]);
        assert_eq!((found.groove, found.pitch_area, found.pitch_classes), (Some(0.75), Some(0.2), None));
    }
}
