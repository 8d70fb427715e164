//! From bar lines to the metre changes that give a score the same bars.
//!
//! A [`Score`](crate::Score) has no bar lines, only metres, and a change of metre cuts a bar short. So a pickup is a bar cut
//! short by the metre being stated again, and so is every other bar that its metre does not fill. Where a repeat cuts
//! a bar in two, its halves are one bar if together they fill it.

use crate::{MeterChange, Tick};

/// Metre changes that make `lines` (ascending ticks, from the first bar's to the end of the music) the bar lines of a
/// score, and how many bars other than a pickup and the last are irregular.
///
/// `metres` says from which tick on which (numerator, denominator) is written, ascending; `None` is free metre, of which
/// nothing is stated. Bars over-full by whole bars are not seen as irregular: they get a bar line inside.
pub fn meter_changes(
    lines: &[u32],
    metres: &[(u32, Option<(u8, u8)>)],
    ticks_per_quarter: u32,
) -> (Vec<MeterChange>, usize) {
    let mut changes: Vec<MeterChange> = Vec::new();
    let mut irregular = 0;
    let mut index = 0;
    while index + 1 < lines.len() {
        let at = lines[index];
        let Some((numerator, denominator)) = metre_at(metres, at) else {
            index += 1;
            continue;
        };
        let bar = whole_bar(lines, metres, ticks_per_quarter, index);
        let full = bar_length((numerator, denominator), ticks_per_quarter);
        let expected = changes.last().is_some_and(|last| {
            (last.numerator, last.denominator) == (numerator, denominator) && (at - last.at.0).is_multiple_of(full)
        });
        if !expected {
            changes.push(MeterChange { at: Tick(at), numerator, denominator });
        }
        let is_last = bar + 1 == lines.len();
        irregular += usize::from(index > 0 && !is_last && lines[bar] - at != full);
        index = bar;
    }
    (changes, irregular)
}

/// The line at which the bar that begins at line `index` ends: the next, or a later one if only together the bars between
/// them fill their metre.
fn whole_bar(lines: &[u32], metres: &[(u32, Option<(u8, u8)>)], ticks_per_quarter: u32, index: usize) -> usize {
    let at = lines[index];
    let Some(metre) = metre_at(metres, at) else { return index + 1 };
    let full = bar_length(metre, ticks_per_quarter);
    let until = (index + 1..lines.len())
        .take_while(|&line| lines[line] - at <= full && metre_at(metres, lines[line - 1]) == Some(metre))
        .last();
    until.filter(|&line| lines[line] - at == full).unwrap_or(index + 1)
}

/// A bar in ticks, at least 1.
fn bar_length((numerator, denominator): (u8, u8), ticks_per_quarter: u32) -> u32 {
    let length = u64::from(ticks_per_quarter) * 4 * u64::from(numerator) / u64::from(denominator.max(1));
    u32::try_from(length).unwrap_or(u32::MAX).max(1)
}

fn metre_at(metres: &[(u32, Option<(u8, u8)>)], at: u32) -> Option<(u8, u8)> {
    metres[..metres.partition_point(|(from, _)| *from <= at)].last().and_then(|(_, metre)| *metre)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: u32 = 12;

    /// Quarters at which a 3/4 is stated, for bar lines at these quarters; and the irregular bars.
    fn stated(lines: &[u32]) -> (Vec<u32>, usize) {
        let lines: Vec<u32> = lines.iter().map(|q| q * QUARTER).collect();
        let (changes, irregular) = meter_changes(&lines, &[(0, Some((3, 4)))], QUARTER);
        (changes.iter().map(|c| c.at.0 / QUARTER).collect(), irregular)
    }

    #[test]
    fn full_bars_need_one_metre_and_a_pickup_two() {
        assert_eq!(stated(&[0, 3, 6, 9]), (vec![0], 0));
        assert_eq!(stated(&[0, 1, 4, 7]), (vec![0, 1], 0));
    }

    #[test]
    fn a_bar_cut_by_a_repeat_is_one_bar() {
        assert_eq!(stated(&[0, 1, 4, 6, 7, 10]), (vec![0, 1], 0));
    }

    #[test]
    fn a_short_bar_and_a_long_one_are_irregular() {
        assert_eq!(stated(&[0, 3, 5, 8, 11]), (vec![0, 5], 1));
        assert_eq!(stated(&[0, 3, 7, 10, 13]), (vec![0, 7], 1));
        assert_eq!(stated(&[0, 3, 6, 8]), (vec![0], 0), "a last bar may end early");
    }

    #[test]
    fn free_metre_and_nothing_state_nothing() {
        assert_eq!(meter_changes(&[0, 5, 9], &[(0, None)], QUARTER), (vec![], 0));
        assert_eq!(meter_changes(&[], &[(0, Some((4, 4)))], QUARTER), (vec![], 0));
    }
}
