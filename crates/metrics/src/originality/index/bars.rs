//! Fingerprints of the training pieces' bars: enough to see that a bar stands there, too little to read it.
//!
//! A fingerprint is 32 bits of a bar's length and onsets without its transposition. Equal bars have equal fingerprints,
//! so nothing copied is missed; with n fingerprints another bar is taken for a copy with probability n / 2³².

use crate::excerpt::{Bar, Excerpt};
use crate::originality::copied_bars::{CopiedBars, FEWEST_ONSETS};
use std::collections::BTreeMap;

/// Where a bar stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Fingerprint of the bar.
    pub(super) print: u32,
    /// The piece, by its place in the order given.
    pub(super) piece: u32,
    /// Lowest pitch of the bar there.
    pub(super) lowest: u8,
}

/// All bars of the training pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BarPrints {
    /// Sorted, each once.
    places: Vec<Place>,
}

impl BarPrints {
    /// Adds a piece's bars; [`BarPrints::sort`] must follow the last piece.
    pub(super) fn push(&mut self, piece: usize, excerpt: &Excerpt) {
        let piece = u32::try_from(piece).expect("a set of fewer than 2³² pieces");
        let bars = excerpt.bars.iter().filter_map(|bar| print_of(excerpt, bar));
        self.places.extend(bars.map(|(print, lowest)| Place { print, piece, lowest }));
    }

    pub(super) fn sort(&mut self) {
        self.places.sort_unstable();
        self.places.dedup();
        self.places.shrink_to_fit();
    }

    /// `None` where they are not sorted or come twice.
    pub(super) fn of_sorted(places: Vec<Place>) -> Option<Self> {
        places.is_sorted_by(|a, b| a < b).then_some(Self { places })
    }

    /// Sorted, each once.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Fingerprints that differ.
    pub(super) fn prints(&self) -> usize {
        self.places.chunk_by(|a, b| a.print == b.print).count()
    }

    /// As [`crate::originality::BarIndex::copied_bars`], or more.
    pub(super) fn copied_bars(&self, excerpt: &Excerpt) -> CopiedBars {
        let prints: Vec<_> = excerpt.bars.iter().filter_map(|bar| print_of(excerpt, bar)).collect();
        let mut given: BTreeMap<(u32, i16), usize> = BTreeMap::new();
        let mut copied = CopiedBars { bars: prints.len(), ..CopiedBars::default() };
        for (print, lowest) in prints {
            let places = &self.places[self.places.partition_point(|place| place.print < print)..];
            let places = &places[..places.partition_point(|place| place.print == print)];
            copied.from_any += usize::from(!places.is_empty());
            for place in places {
                *given.entry((place.piece, i16::from(lowest) - i16::from(place.lowest))).or_default() += 1;
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

/// Fingerprint and lowest pitch. `None` for a bar that is not looked at.
fn print_of(excerpt: &Excerpt, bar: &Bar) -> Option<(u32, u8)> {
    let onsets = excerpt.onsets_in(bar);
    if !bar.is_complete() || onsets.len() < FEWEST_ONSETS {
        return None;
    }
    let lowest = onsets.iter().map(|(_, pitch)| *pitch).min()?;
    let words = onsets.iter().map(|&(step, pitch)| (step as u64) << 8 | u64::from(pitch - lowest));
    let mixed = words.fold(mix(bar.length as u64), |hash, word| mix(hash ^ word));
    Some(((mixed >> 32) as u32, lowest))
}

/// Every bit of the result depends on every bit of `x`, and no two `x` have one result: the finaliser of SplitMix64
/// (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195). The file format holds what it gives: never change it.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn mixing_is_splitmix64() {
        // First output of SplitMix64 with seed 0.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn a_fingerprint_knows_onsets_and_metre_but_neither_transposition_nor_durations() {
        let bar = [(0, 2, 60), (4, 2, 62), (8, 2, 64), (12, 2, 65)];
        let print = |notes: &[(usize, usize, u8)]| {
            let excerpt = excerpt(4, notes);
            print_of(&excerpt, &excerpt.bars[0])
        };
        let (original, lowest) = print(&bar).unwrap();
        assert_eq!(lowest, 60);
        assert_eq!(print(&bar.map(|(onset, _, pitch)| (onset, 1, pitch + 3))), Some((original, 63)));
        assert_ne!(print(&bar.map(|(onset, _, pitch)| (onset + 1, 1, pitch))).unwrap().0, original);
        assert_eq!(print(&bar[..3]), None, "three onsets are too few");
        assert_eq!(BarPrints::default().copied_bars(&excerpt(4, &bar)).from_any, 0);
    }

    #[test]
    fn places_that_are_not_sorted_are_refused() {
        let place = |print, piece| Place { print, piece, lowest: 60 };
        assert!(BarPrints::of_sorted(vec![place(1, 1), place(1, 2), place(2, 0)]).is_some());
        assert_eq!(BarPrints::of_sorted(vec![place(1, 1), place(1, 1)]), None);
        assert_eq!(BarPrints::of_sorted(vec![place(2, 0), place(1, 1)]), None);
    }
}
