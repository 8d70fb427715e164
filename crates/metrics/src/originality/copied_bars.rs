//! Copied bars: which bars of a piece stand in a training piece, note for note, in some transposition.
//!
//! A bar is the set of its onsets, (step in the bar, pitch), all lanes together; durations do not count. Two bars of
//! one length are copies if one transposition moves all onsets of the one to those of the other. Bars with fewer than
//! [`FEWEST_ONSETS`] onsets are shared by all music and left out, and so are bars that lie partly outside the excerpt.
//!
//! - *From one piece*: the largest share that a single training piece gives under a single transposition of the whole,
//!   as a plagiarist would transpose it.
//! - *From any*: the share of bars that stand somewhere in the training set, each in its own transposition.
//!
//! Human music shares bars with other human music too: read both beside the same figures of held-out pieces.

use crate::excerpt::{Bar, Excerpt, share};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Onsets that a bar has at least to be looked at.
pub const FEWEST_ONSETS: usize = 4;

/// How much of a piece is copied by the bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CopiedBars {
    /// Bars looked at: complete, with at least [`FEWEST_ONSETS`] onsets.
    pub bars: usize,
    /// Those that stand in `piece`, all transposed alike.
    pub from_one: usize,
    /// Those that stand in some training piece.
    pub from_any: usize,
    /// The training piece that gives most, by its place in the order given (the first of several); `None` where nothing
    /// is copied.
    pub piece: Option<usize>,
    /// Semitones by which it was transposed (the lowest of several possibilities); 0 where nothing is copied.
    pub semitones: i16,
}

impl CopiedBars {
    /// Share of the bars that one training piece gives, 0–1. `None` without bars to look at.
    pub fn share_from_one(&self) -> Option<f64> {
        share(self.from_one, self.bars)
    }

    /// Share of the bars that stand somewhere in the training set, 0–1. `None` without bars to look at.
    pub fn share_from_any(&self) -> Option<f64> {
        share(self.from_any, self.bars)
    }
}

/// Bars of many pieces, ready to be looked up.
#[derive(Clone, Debug, Default)]
pub struct BarIndex {
    /// Where a bar stands: pieces, and its lowest pitch there; sorted, each once.
    places: HashMap<Shape, Vec<(u32, u8)>>,
}

/// A bar without its transposition: its length, and its onsets counted from its lowest pitch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Shape {
    steps: usize,
    onsets: Box<[(u16, u8)]>,
}

impl BarIndex {
    /// Indexes every complete bar with enough onsets.
    ///
    /// # Panics   beyond 2³² − 1 pieces
    pub fn new<'a>(pieces: impl IntoIterator<Item = &'a Excerpt>) -> Self {
        let mut index = Self::default();
        for (piece, excerpt) in pieces.into_iter().enumerate() {
            let piece = u32::try_from(piece).expect("a set of fewer than 2³² pieces");
            for (shape, lowest) in excerpt.bars.iter().filter_map(|bar| shape_of(excerpt, bar)) {
                index.places.entry(shape).or_default().push((piece, lowest));
            }
        }
        for places in index.places.values_mut() {
            places.sort_unstable();
            places.dedup();
            places.shrink_to_fit();
        }
        index
    }

    /// Looks up every bar of a piece.
    pub fn copied_bars(&self, excerpt: &Excerpt) -> CopiedBars {
        let shapes: Vec<_> = excerpt.bars.iter().filter_map(|bar| shape_of(excerpt, bar)).collect();
        let mut given: BTreeMap<(u32, i16), usize> = BTreeMap::new();
        let mut copied = CopiedBars { bars: shapes.len(), ..CopiedBars::default() };
        for (shape, lowest) in &shapes {
            let places = self.places.get(shape).map_or(&[][..], Vec::as_slice);
            copied.from_any += usize::from(!places.is_empty());
            for (piece, there) in places {
                *given.entry((*piece, i16::from(*lowest) - i16::from(*there))).or_default() += 1;
            }
        }
        for ((piece, semitones), bars) in given {
            if bars > copied.from_one {
                copied = CopiedBars { from_one: bars, piece: Some(piece as usize), semitones, ..copied };
            }
        }
        copied
    }
}

/// `None` for a bar that is not looked at.
fn shape_of(excerpt: &Excerpt, bar: &Bar) -> Option<(Shape, u8)> {
    let onsets = excerpt.onsets_in(bar);
    if !bar.is_complete() || onsets.len() < FEWEST_ONSETS {
        return None;
    }
    let lowest = onsets.iter().map(|(_, pitch)| *pitch).min()?;
    let onsets = onsets.into_iter().map(|(step, pitch)| (step as u16, pitch - lowest)).collect();
    Some((Shape { steps: bar.length, onsets }, lowest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    /// A bar of four quarters.
    fn bar(start: usize, pitches: [u8; 4]) -> Vec<(usize, usize, u8)> {
        pitches.iter().enumerate().map(|(i, &pitch)| (start + i * 4, 2, pitch)).collect()
    }

    fn piece(bars: &[[u8; 4]]) -> Excerpt {
        let notes: Vec<_> = bars.iter().enumerate().flat_map(|(i, &pitches)| bar(i * 16, pitches)).collect();
        excerpt(bars.len() * 4, &notes)
    }

    #[test]
    fn one_transposition_for_a_single_piece_and_any_for_all() {
        let index = BarIndex::new([&piece(&[[60, 62, 64, 65], [67, 65, 64, 62]]), &piece(&[[72, 70, 71, 69]])]);
        // Bars 1 and 2 from the first piece, five up; bar 3 from the first, but two up; bar 4 from the second; 5 is
        // new.
        let query = piece(&[[65, 67, 69, 70], [72, 70, 69, 67], [62, 64, 66, 67], [42, 40, 41, 39], [60, 60, 60, 61]]);
        let expected = CopiedBars { bars: 5, from_one: 2, from_any: 4, piece: Some(0), semitones: 5 };
        assert_eq!(index.copied_bars(&query), expected);
        assert_eq!((expected.share_from_one(), expected.share_from_any()), (Some(0.4), Some(0.8)));
    }

    #[test]
    fn one_note_elsewhere_is_another_bar() {
        let index = BarIndex::new([&piece(&[[60, 62, 64, 65]])]);
        assert_eq!(index.copied_bars(&piece(&[[60, 62, 64, 66]])).from_any, 0);
        let late = excerpt(4, &[(0, 2, 60), (4, 2, 62), (8, 2, 64), (13, 2, 65)]);
        assert_eq!(index.copied_bars(&late).from_any, 0);
        let longer = excerpt(4, &[(0, 1, 60), (4, 4, 62), (8, 1, 64), (12, 4, 65)]);
        assert_eq!(index.copied_bars(&longer).from_any, 1, "durations do not count");
    }

    #[test]
    fn a_bar_that_comes_twice_in_training_counts_once() {
        let index = BarIndex::new([&piece(&[[60, 62, 64, 65], [60, 62, 64, 65]])]);
        assert_eq!(index.copied_bars(&piece(&[[60, 62, 64, 65]])).from_one, 1);
    }

    #[test]
    fn three_onsets_are_too_few_and_a_cut_bar_is_not_looked_at() {
        let three = excerpt(4, &[(0, 1, 60), (4, 1, 62), (8, 1, 64)]);
        let index = BarIndex::new([&three]);
        assert_eq!(index.copied_bars(&three), CopiedBars::default());
        assert_eq!(CopiedBars::default().share_from_one(), None);
        let cut = excerpt(3, &[(0, 1, 60), (4, 1, 62), (8, 1, 64), (9, 1, 65)]);
        assert_eq!(BarIndex::new([&cut]).copied_bars(&cut).bars, 0);
        assert_eq!(BarIndex::new([]).copied_bars(&piece(&[[60, 62, 64, 65]])).bars, 1);
    }
}
