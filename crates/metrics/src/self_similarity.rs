//! The self-similarity matrix of a piece: how alike every two of its bars sound (Foote 1999, "Visualizing music and
//! audio using self-similarity").
//!
//! A bar is described by two vectors: the sounding time of the twelve pitch classes, and the places at which something
//! starts. The similarity of two bars is the mean of the two cosines, 0–1: it forgives an octave, an inversion, a
//! missing inner voice, which the exact comparison of [`crate::structure`] does not. [`crate::fitness`] reads
//! repetitions from it.

use crate::excerpt::{Bar, Excerpt};
use crate::onsets::{BarOnsets, StepSet};
use crate::structure::LONGEST_FORM;

/// How alike every two bars are: the first 256 complete bars of the piece.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelfSimilarity {
    bars: usize,
    values: Vec<f64>,
    silent: Vec<bool>,
}

impl SelfSimilarity {
    /// Compares every two bars. `onsets` are those of [`crate::onsets::onsets_by_bar`].
    ///
    /// Two silent bars are alike (1), a silent and a sounding one are not (0), nor are bars of different length (0). A
    /// bar in which notes sound on but none starts has a rhythm like that of no other but its like.
    pub fn new(excerpt: &Excerpt, sounding: &[u128], onsets: &[BarOnsets]) -> Self {
        let complete = excerpt.bars.iter().zip(onsets).filter(|(bar, _)| bar.is_complete());
        let described: Vec<Description> =
            complete.take(LONGEST_FORM).map(|(bar, onsets)| Description::new(bar, sounding, onsets)).collect();
        let bars = described.len();
        let mut values = vec![1.0; bars * bars];
        for i in 0..bars {
            for j in 0..i {
                let value = described[i].similarity(&described[j]);
                values[i * bars + j] = value;
                values[j * bars + i] = value;
            }
        }
        Self { bars, values, silent: described.iter().map(|bar| bar.is_silent).collect() }
    }

    /// Bars compared.
    pub fn bars(&self) -> usize {
        self.bars
    }

    /// How alike bars `i` and `j` (both < [`Self::bars`]) are, 0–1.
    pub fn between(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.bars + j]
    }

    /// Whether nothing sounds in bar `i`.
    pub fn is_silent(&self, i: usize) -> bool {
        self.silent[i]
    }

    /// Whether something sounds in any of the bars.
    pub fn is_sounding(&self) -> bool {
        self.silent.contains(&false)
    }

    /// From plain values, row by row, none of the bars silent.
    #[cfg(test)]
    pub(crate) fn from_values(values: &[&[f64]]) -> Self {
        Self { bars: values.len(), values: values.concat(), silent: vec![false; values.len()] }
    }
}

/// What is compared of a bar.
struct Description {
    length: usize,
    /// Sounding time of the pitch classes, scaled to norm 1; all 0 in silence.
    chroma: [f64; 12],
    onsets: StepSet,
    is_silent: bool,
}

impl Description {
    fn new(bar: &Bar, sounding: &[u128], onsets: &BarOnsets) -> Self {
        let mut chroma = [0.0; 12];
        for &set in sounding.get(bar.start..bar.end).unwrap_or_default() {
            let mut left = set;
            while left != 0 {
                chroma[left.trailing_zeros() as usize % 12] += 1.0;
                left &= left - 1;
            }
        }
        let norm = chroma.iter().map(|c| c * c).sum::<f64>().sqrt();
        let is_silent = norm == 0.0;
        if !is_silent {
            chroma.iter_mut().for_each(|c| *c /= norm);
        }
        Self { length: bar.length, chroma, onsets: onsets.steps.iter().copied().collect(), is_silent }
    }

    fn similarity(&self, other: &Self) -> f64 {
        if self.length != other.length || self.is_silent != other.is_silent {
            return 0.0;
        }
        if self.is_silent {
            return 1.0;
        }
        let harmony: f64 = self.chroma.iter().zip(&other.chroma).map(|(a, b)| a * b).sum();
        ((harmony + self.onsets.cosine(&other.onsets)) / 2.0).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;
    use crate::onsets::onsets_by_bar;

    pub(crate) fn self_similarity(excerpt: &Excerpt) -> SelfSimilarity {
        SelfSimilarity::new(excerpt, &excerpt.sounding(), &onsets_by_bar(excerpt))
    }

    #[test]
    fn an_octave_is_forgiven_and_another_harmony_and_rhythm_are_not() {
        let piece = excerpt(12, &[(0, 4, 60), (16, 4, 72), (34, 4, 61)]);
        let matrix = self_similarity(&piece);
        assert_eq!((matrix.between(0, 1), matrix.between(0, 2), matrix.between(2, 2)), (1.0, 0.0, 1.0));
    }

    #[test]
    fn harmony_and_rhythm_weigh_alike() {
        // The same note on one of two equal places; another note on the same place.
        let piece = excerpt(12, &[(0, 4, 60), (16, 4, 61), (36, 4, 60)]);
        let matrix = self_similarity(&piece);
        assert_eq!((matrix.between(0, 1), matrix.between(0, 2)), (0.5, 0.5));
    }

    #[test]
    fn silence_is_like_silence_only() {
        let matrix = self_similarity(&excerpt(12, &[(0, 4, 60)]));
        assert_eq!((matrix.between(1, 2), matrix.between(0, 1)), (1.0, 0.0));
        assert!(matrix.is_silent(1) && !matrix.is_silent(0) && matrix.is_sounding());
        assert!(!self_similarity(&excerpt(8, &[])).is_sounding());
    }

    #[test]
    fn only_the_first_256_complete_bars_are_compared() {
        assert_eq!(self_similarity(&excerpt(4 * 300, &[(0, 1, 60)])).bars(), 256);
        assert_eq!(self_similarity(&excerpt(6, &[(0, 1, 60)])).bars(), 1);
        assert_eq!(self_similarity(&Excerpt::default()).bars(), 0);
    }
}
