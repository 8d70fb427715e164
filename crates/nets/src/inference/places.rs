//! Where products on pictures write: tables made once.
//!
//! A token's picture is P rows of C channels, its hidden units P rows of E. The tables send results straight to where the next
//! operation reads them: values to a layout that attention multiplies as it is, carried values back to their pixels,
//! hidden units to the pixel that looks at them.

use crate::ops::picture::NEIGHBOURS;
use aeolian_kernels::panels::{NOWHERE, PANEL, QUAD};

/// Pitches that stay free above and below a picture of hidden units: as far as a neighbour can be.
pub(super) const MARGIN: usize = 12;
/// Pictures of hidden units at a time: a quarter, the one before and the one after.
const RING: usize = 3;

pub(super) struct Places {
    pub pitches: usize,
    pub channels: usize,
    pub hidden: usize,
    /// Channels of a head.
    pub head_channels: usize,
    /// Floats of one head in a token's values: P pixels, each padded so that pixels fill panels evenly.
    pub head_values: usize,
    /// Floats of a token's values, and a line more so that tokens do not fall on the same lines of the cache.
    pub value_stride: usize,
    pub value_rows: Vec<u32>,
    pub value_quads: Vec<u32>,
    /// Tokens (carried values) in a row.
    pub carried_quads: Vec<u32>,
    /// Pitches of hidden units.
    pub hidden_rows: Vec<u32>,
    /// For a quarter in each slot of the ring: all its hidden units; of which a quarter that comes after sees its share
    /// (`before`), or one that comes before (`after`).
    pub hidden_quads: [Vec<u32>; RING],
    pub before: [Vec<u32>; RING],
    pub after: [Vec<u32>; RING],
}

impl Places {
    /// `None` where a head's channels or a neighbour group are not whole quads.
    pub fn new(pitches: usize, channels: usize, heads: usize, hidden: usize) -> Option<Self> {
        let (head_channels, group) = (channels / heads, hidden / 24);
        if pitches == 0 || group == 0 || !head_channels.is_multiple_of(QUAD) || !group.is_multiple_of(QUAD) {
            return None;
        }
        let padded =
            if PANEL.is_multiple_of(head_channels) { head_channels } else { head_channels.next_multiple_of(PANEL) };
        let head_values = (pitches * padded).next_multiple_of(PANEL);
        let quads = |n: usize| (0..n / QUAD).map(|quad| quad * QUAD);
        let value_place = |output: usize| (output / head_channels * head_values + output % head_channels) as u32;
        let carried_place = |value: usize| {
            let (pixel, channel) = (value / padded, value % padded);
            if pixel < pitches && channel < head_channels { (pixel * channels + channel) as u32 } else { NOWHERE }
        };
        let mut places = Self {
            pitches,
            channels,
            hidden,
            head_channels,
            head_values,
            value_stride: heads * head_values + PANEL,
            value_rows: (0..pitches).map(|pitch| (pitch * padded) as u32).collect(),
            value_quads: quads(channels).map(value_place).collect(),
            carried_quads: quads(head_values).map(carried_place).collect(),
            hidden_rows: (0..pitches).map(|pitch| (pitch * hidden) as u32).collect(),
            hidden_quads: Default::default(),
            before: Default::default(),
            after: Default::default(),
        };
        for slot in 0..RING {
            let table = |wanted: &dyn Fn(isize) -> bool| -> Vec<u32> {
                let place = |unit: usize| {
                    let (quarters, semitones) = places.looks(unit).unwrap_or((0, 0));
                    if wanted(quarters) { places.hidden_place(slot, unit, quarters, semitones) } else { NOWHERE }
                };
                quads(hidden).map(place).collect()
            };
            let tables = (table(&|_| true), table(&|quarters| quarters < 0), table(&|quarters| quarters > 0));
            (places.hidden_quads[slot], places.before[slot], places.after[slot]) = tables;
        }
        Some(places)
    }

    /// Floats of a token's picture.
    pub fn picture(&self) -> usize {
        self.pitches * self.channels
    }

    /// Floats of one quarter's hidden units, margins included.
    fn slot(&self) -> usize {
        (self.pitches + 2 * MARGIN) * self.hidden
    }

    /// Floats of the ring.
    pub fn ring(&self) -> usize {
        RING * self.slot()
    }

    /// Slot of a quarter.
    pub fn slot_of(token: usize) -> usize {
        token % RING
    }

    /// The hidden units of a quarter as it sees them itself, without margins. (P, E)
    pub fn seen(&self, token: usize) -> std::ops::Range<usize> {
        let first = Self::slot_of(token) * self.slot() + MARGIN * self.hidden;
        first..first + self.pitches * self.hidden
    }

    /// Units that look at the quarter before, and those that look at the quarter after.
    pub fn group(&self, after: bool) -> std::ops::Range<usize> {
        let (own, group) = (self.hidden / 3, self.hidden / 24);
        let first = own + usize::from(after) * group;
        first..first + group
    }

    /// Where a hidden unit looks, in (quarters, semitones); `None` for its own pixel.
    fn looks(&self, unit: usize) -> Option<(isize, isize)> {
        let index = unit.checked_sub(self.hidden / 3)? / (self.hidden / 24);
        NEIGHBOURS.get(index).copied()
    }

    /// Unit `unit` of a quarter in `slot` at pitch 0 is seen by the quarter that it is `quarters` away from.
    fn hidden_place(&self, slot: usize, unit: usize, quarters: isize, semitones: isize) -> u32 {
        let seen_by = (slot as isize - quarters).rem_euclid(RING as isize) as usize;
        let pitch = (MARGIN as isize - semitones) as usize;
        (seen_by * self.slot() + pitch * self.hidden + unit) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_goes_to_the_pixel_that_looks_at_it() {
        let places = Places::new(88, 64, 8, 192).unwrap();
        // Own units stay; of the quarter in slot 1, units that look a quarter back are seen by slot 2, ahead by slot 0.
        assert_eq!(places.hidden_quads[1][0] as usize, places.seen(1).start);
        assert_eq!(places.hidden_quads[1][16] as usize, places.seen(2).start + 64);
        assert_eq!(places.hidden_quads[1][18] as usize, places.seen(0).start + 72);
        // The last group looks an octave up: what lies there at pitch 12 is seen at pitch 0.
        assert_eq!(places.hidden_quads[2][46] as usize + 12 * 192, places.seen(2).start + 184);
        assert_eq!(places.before[1].iter().filter(|&&place| place != NOWHERE).count(), 2);
        assert_eq!(places.after[1][18], places.hidden_quads[1][18]);
        let furthest = places.hidden_quads.iter().flatten().max().unwrap() + places.hidden_rows[87] + 4;
        assert!(furthest as usize <= places.ring());
        assert!(NEIGHBOURS.iter().all(|(_, semitones)| semitones.unsigned_abs() <= MARGIN));
    }

    #[test]
    fn values_come_back_to_their_pixels() {
        for (channels, heads) in [(64, 8), (96, 8), (48, 4), (16, 4), (64, 2)] {
            let places = Places::new(10, channels, heads, 192).unwrap();
            for pixel in 0..10 {
                for channel in (0..channels).step_by(4) {
                    let value = (places.value_rows[pixel] + places.value_quads[channel / 4]) as usize;
                    let (head, within) = (value / places.head_values, value % places.head_values);
                    let back = places.carried_quads[within / 4] as usize + head * places.head_channels;
                    assert_eq!(back, pixel * channels + channel);
                }
            }
            assert!(places.head_values.is_multiple_of(PANEL) && heads * places.head_values < places.value_stride);
        }
    }

    #[test]
    fn sizes_without_whole_quads_have_no_places() {
        assert!(Places::new(88, 24, 4, 192).is_none(), "six channels a head");
        assert!(Places::new(88, 64, 8, 48).is_none(), "two units a group");
        assert!(Places::new(0, 64, 8, 192).is_none());
    }
}
