//! Bars as the canvas sees them: in eighths, read off the [`BarPosition`] of every quarter.
//!
//! A canvas stores no list of bars. Both directions rebuild the same list from the positions, so form that was
//! written bar by bar comes back bar by bar. A bar in which no quarter starts (shorter than a quarter) is not seen.

use crate::canvas::{BarPosition, Canvas};
use aeolian_score::{GRID, Score};
use std::ops::Range;

/// Grid positions in an eighth.
pub(crate) const EIGHTH: u32 = GRID / 2;

/// A bar in which at least one quarter starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Grid position of the bar line; 0 when the bar began before the canvas.
    pub start: u32,
    /// The quarters that start in this bar, from here …
    pub first_quarter: usize,
    /// … to here, exclusive.
    pub end_quarter: usize,
}

/// The bars of a canvas, from its positions.
pub(crate) fn bars(positions: &[BarPosition]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for (quarter, position) in positions.iter().enumerate() {
        let start = (quarter as u32 * GRID).saturating_sub(u32::from(position.eighth) * EIGHTH);
        match bars.last_mut() {
            Some(bar) if start <= bar.start => bar.end_quarter = quarter + 1,
            _ => bars.push(Bar { start, first_quarter: quarter, end_quarter: quarter + 1 }),
        }
    }
    bars
}

impl Canvas {
    /// The quarters of every bar, in order. A bar in which no quarter starts is not seen.
    pub fn bars(&self) -> Vec<Range<usize>> {
        bars(&self.positions).iter().map(|bar| bar.first_quarter..bar.end_quarter).collect()
    }
}

/// Where the bar after `index` begins, or the end of the canvas, as a grid position.
pub(crate) fn bar_end(bars: &[Bar], index: usize, quarters: usize) -> u32 {
    bars.get(index + 1).map_or(quarters as u32 * GRID, |next| next.start)
}

/// Positions of whole bars up to the first bar line at or after grid position `end`, and how many metre changes had
/// to be moved to an eighth or rounded to whole eighths. A last half quarter (7/8) is filled up to a whole one.
///
/// A metre change at or after `end` is not seen: it would cut the last bar short for no note's sake, and a canvas could
/// not say so.
pub(crate) fn positions(score: &Score, end: u32) -> (Vec<BarPosition>, usize) {
    let (changes, approximated) = eighth_changes(score);
    let end = end.div_ceil(EIGHTH);
    let changes = changes.into_iter().filter(|change| change.0 < end);
    let mut positions = Vec::new();
    let (mut bar_start, mut length, mut next_change) = (0u32, 8u8, changes.peekable());
    while let Some((_, eighths)) = next_change.next_if(|c| c.0 == 0) {
        length = eighths;
    }
    while bar_start < end {
        let full = bar_start + u32::from(length);
        let bar_end = next_change.peek().map_or(full, |&(at, _)| full.min(at));
        // Quarters start on even eighths; those inside this bar belong to it.
        for eighth in (bar_start.next_multiple_of(2)..bar_end).step_by(2) {
            positions.push(BarPosition { eighth: (eighth - bar_start) as u8, bar_eighths: length });
        }
        bar_start = bar_end;
        while let Some((_, eighths)) = next_change.next_if(|c| c.0 == bar_start) {
            length = eighths;
        }
    }
    complete(&mut positions, end);
    (positions, approximated)
}

/// Adds quarters until the bars that can be seen are whole and reach `end` (in eighths).
///
/// This changes something only after a bar too short for a quarter to start in it: nobody can see that it cut the bar
/// before, so for whoever reads the canvas that bar goes on.
fn complete(positions: &mut Vec<BarPosition>, end: u32) {
    let Some(&BarPosition { eighth, bar_eighths }) = positions.last() else { return };
    let mut next = 2 * positions.len() as u32;
    let mut bar_start = next - 2 - u32::from(eighth);
    let length = u32::from(bar_eighths);
    loop {
        if next < bar_start + length {
            positions.push(BarPosition { eighth: (next - bar_start) as u8, bar_eighths });
            next += 2;
        } else if bar_start + length < end {
            bar_start += length;
        } else {
            return;
        }
    }
}

/// Metre changes as (eighth, bar length in eighths), sorted, and how many are not exact.
fn eighth_changes(score: &Score) -> (Vec<(u32, u8)>, usize) {
    let mut approximated = 0;
    let mut changes: Vec<(u32, u8)> = score
        .meters
        .iter()
        .map(|meter| {
            let eighths = u32::from(meter.numerator) * 8;
            let denominator = u32::from(meter.denominator).max(1);
            let length = (eighths / denominator).clamp(1, 255);
            let at = meter.at.0.saturating_add(EIGHTH / 2) / EIGHTH;
            approximated += usize::from(length * denominator != eighths || at * EIGHTH != meter.at.0);
            (at, length as u8)
        })
        .collect();
    changes.sort_by_key(|c| c.0);
    (changes, approximated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::{MeterChange, Tick};

    fn in_metre(numerator: u8, denominator: u8) -> Score {
        let mut score = Score::new(GRID);
        score.meters = vec![MeterChange { at: Tick(0), numerator, denominator }];
        score
    }

    #[test]
    fn seven_eighths_bars_start_inside_quarters() {
        let (positions, approximated) = positions(&in_metre(7, 8), 50);
        assert_eq!(positions.iter().map(|p| p.eighth).collect::<Vec<_>>(), [0, 2, 4, 6, 1, 3, 5]);
        assert!(positions.iter().all(|p| p.bar_eighths == 7));
        assert_eq!(approximated, 0);
        let starts: Vec<_> = bars(&positions).iter().map(|b| (b.start, b.first_quarter, b.end_quarter)).collect();
        assert_eq!(starts, [(0, 0, 4), (42, 4, 7)]);
    }

    #[test]
    fn the_length_is_whole_bars() {
        for (end, quarters) in [(0, 0), (1, 4), (48, 4), (49, 8)] {
            assert_eq!(positions(&Score::new(GRID), end).0.len(), quarters);
        }
    }

    #[test]
    fn a_change_inside_a_bar_cuts_it_short() {
        let mut score = in_metre(4, 4);
        score.meters.push(MeterChange { at: Tick(24), numerator: 3, denominator: 4 });
        let (positions, _) = positions(&score, 50);
        let seen: Vec<_> = positions.iter().map(|p| (p.eighth, p.bar_eighths)).collect();
        assert_eq!(seen, [(0, 8), (2, 8), (0, 6), (2, 6), (4, 6)]);
    }

    #[test]
    fn odd_metres_are_approximated_and_counted() {
        assert_eq!(positions(&in_metre(5, 16), 12).1, 1);
        assert_eq!(positions(&in_metre(255, 1), 12), (positions(&in_metre(255, 8), 12).0, 1));
    }
}
