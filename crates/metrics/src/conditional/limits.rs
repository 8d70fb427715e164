//! Limits: what lies outside a range, a scale, or a number of voices that was asked for.
//!
//! Such limits are evidence −∞ in our own models and cannot be broken; these figures prove it, and say how well others
//! keep to them.

use super::curves::Lanes;
use crate::excerpt::{Excerpt, share};
use serde::Serialize;
use std::ops::RangeInclusive;

/// Notes against a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RangeViolations {
    /// Notes looked at.
    pub notes: usize,
    /// Notes below the lowest pitch.
    pub below: usize,
    /// Notes above the highest pitch.
    pub above: usize,
    /// Semitones between the range and the note farthest from it; 0 where none lies outside.
    pub farthest_semitones: u8,
}

impl RangeViolations {
    /// Share of notes outside, 0–1. `None` without notes.
    pub fn share(&self) -> Option<f64> {
        share(self.below + self.above, self.notes)
    }
}

/// Counts notes outside a range of MIDI pitches; both ends belong to it.
pub fn outside_range(excerpt: &Excerpt, lanes: Lanes, range: RangeInclusive<u8>) -> RangeViolations {
    let mut found = RangeViolations::default();
    for note in excerpt.notes.iter().filter(|note| lanes.hold(note)) {
        let below = range.start().saturating_sub(note.pitch);
        // In a range whose ends are exchanged a note may lie below and above; it counts once.
        let above = if below > 0 { 0 } else { note.pitch.saturating_sub(*range.end()) };
        found.notes += 1;
        found.below += usize::from(below > 0);
        found.above += usize::from(above > 0);
        found.farthest_semitones = found.farthest_semitones.max(below).max(above);
    }
    found
}

/// Share of notes whose pitch class is not in `scale` (bit n is pitch class n), 0–1. `None` without notes.
pub fn out_of_scale_share(excerpt: &Excerpt, lanes: Lanes, scale: u16) -> Option<f64> {
    let notes = || excerpt.notes.iter().filter(|note| lanes.hold(note));
    share(notes().filter(|note| scale >> note.pitch_class() & 1 == 0).count(), notes().count())
}

/// Share of the sounding steps in which more than `at_most` different pitches sound, 0–1. `None` in silence.
pub fn over_polyphony(excerpt: &Excerpt, lanes: Lanes, at_most: u32) -> Option<f64> {
    let mut chosen = excerpt.clone();
    chosen.notes.retain(|note| lanes.hold(note));
    let sounding = chosen.sounding();
    let with_more_than = |pitches: u32| sounding.iter().filter(|set| set.count_ones() > pitches).count();
    share(with_more_than(at_most), with_more_than(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn both_ends_belong_to_the_range() {
        let piece = excerpt(2, &[(0, 1, 59), (1, 1, 60), (2, 1, 72), (3, 1, 73), (4, 1, 80)]);
        let found = outside_range(&piece, Lanes::All, 60..=72);
        assert_eq!(found, RangeViolations { notes: 5, below: 1, above: 2, farthest_semitones: 8 });
        assert_eq!(found.share(), Some(0.6));
        assert_eq!(outside_range(&piece, Lanes::All, 0..=127).farthest_semitones, 0);
        assert_eq!(outside_range(&piece, Lanes::One(3), 0..=1).share(), None);
    }

    #[test]
    fn nothing_lies_in_a_range_whose_ends_are_exchanged() {
        #[allow(clippy::reversed_empty_ranges)]
        let found = outside_range(&excerpt(1, &[(0, 1, 60)]), Lanes::All, 72..=50);
        assert_eq!((found.below, found.above, found.share()), (1, 0, Some(1.0)));
    }

    #[test]
    fn black_keys_are_out_of_c_major() {
        let piece = excerpt(1, &[(0, 1, 60), (1, 1, 61), (2, 1, 62), (3, 1, 102)]);
        assert_eq!(out_of_scale_share(&piece, Lanes::All, 0b1010_1011_0101), Some(0.5));
        assert_eq!(out_of_scale_share(&piece, Lanes::All, 0xFFF), Some(0.0));
        assert_eq!(out_of_scale_share(&excerpt(1, &[]), Lanes::All, 0), None);
    }

    #[test]
    fn as_many_voices_as_allowed_are_not_too_many() {
        let piece = excerpt(4, &[(0, 4, 60), (0, 2, 64), (0, 1, 67)]);
        assert_eq!(over_polyphony(&piece, Lanes::All, 3), Some(0.0));
        assert_eq!(over_polyphony(&piece, Lanes::All, 2), Some(0.25));
        assert_eq!(over_polyphony(&piece, Lanes::All, 1), Some(0.5));
        assert_eq!(over_polyphony(&excerpt(4, &[]), Lanes::All, 1), None);
    }
}
