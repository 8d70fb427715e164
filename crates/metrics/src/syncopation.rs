//! Syncopation: a note on a weak place that leaves the stronger place after it silent (Longuet-Higgins & Lee 1984,
//! "The rhythmic interpretation of monophonic music", Music Perception 1).

use crate::excerpt::Bar;
use crate::harmony::mean;
use aeolian_canvas::canvas::STEPS;

/// The weight of a place in the bar: 0 for the downbeat, −1 for the half of the bar, and one less for every level
/// below.
///
/// 4/4: 0 −4 −3 −4 −2 −4 −3 −4 −1 … . A bar whose number of quarters is no power of two is cut into quarters (−1),
/// eighths (−2) and sixteenths (−3), so 6/8, which looks like 3/4 on the step grid, is weighed as 3/4; one that is not
/// made of quarters (7/8) into eighths (−1) and sixteenths (−2).
pub fn metrical_weight(place: usize, bar_length: usize) -> i32 {
    if place == 0 {
        return 0;
    }
    // Place 2ᵏ · odd begins a unit of 2ᵏ steps, and no longer one.
    let unit = place.trailing_zeros() as i32;
    let levels = if bar_length.is_power_of_two() {
        bar_length.trailing_zeros() as i32
    } else if bar_length.is_multiple_of(STEPS) {
        3
    } else {
        2
    };
    let longest_unit = levels - 1;
    unit.min(longest_unit) - levels
}

/// Mean strength of the syncopations of a bar, ≥ 0.
///
/// A note that starts at weight n, followed before the next onset by places without an onset of which the strongest has
/// weight r, is a syncopation of strength r − n where that is > 0. A bar's value is the sum over the notes that start
/// in it; the mean is over complete bars. A rest after an off-beat note counts like a note tied over the beat, as in
/// the paper.
///
/// `onsets` are steps, ascending, each once: of one line, or of everything together (where a full accompaniment fills
/// most beats). `None` without a complete bar or without onsets.
pub fn syncopation_per_bar(onsets: &[usize], bars: &[Bar]) -> Option<f64> {
    if onsets.is_empty() {
        return None;
    }
    let last_step = bars.last().map_or(0, |bar| bar.end);
    let strength_in = |(index, bar): (usize, &Bar)| {
        let place = |step: usize| onsets.partition_point(|&onset| onset < step);
        let strength = |i: usize| {
            let next = onsets.get(i + 1).copied().unwrap_or(last_step);
            let own = metrical_weight(bar.place_of(onsets[i]), bar.length);
            let silent = strongest_between(onsets[i] + 1, next, &bars[index..])?;
            Some(f64::from((silent - own).max(0)))
        };
        (place(bar.start)..place(bar.end)).filter_map(strength).sum::<f64>()
    };
    mean(bars.iter().enumerate().filter(|(_, bar)| bar.is_complete()).map(strength_in))
}

/// The highest weight of the steps `from..until`, where `bars` begin with the bar of the step before `from`.
fn strongest_between(from: usize, until: usize, bars: &[Bar]) -> Option<i32> {
    let mut strongest = None;
    for bar in bars {
        let steps = from.max(bar.start)..until.min(bar.end);
        if bar.start >= until || strongest == Some(0) {
            break;
        }
        strongest = strongest.max(steps.map(|step| metrical_weight(bar.place_of(step), bar.length)).max());
    }
    strongest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    fn syncopation(quarters: usize, onsets: &[usize]) -> Option<f64> {
        syncopation_per_bar(onsets, &excerpt(quarters, &[]).bars)
    }

    #[test]
    fn weights_of_common_time_and_of_three_four() {
        let four: Vec<i32> = (0..16).map(|place| metrical_weight(place, 16)).collect();
        assert_eq!(four, [0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4]);
        let three: Vec<i32> = (0..12).map(|place| metrical_weight(place, 12)).collect();
        assert_eq!(three, [0, -3, -2, -3, -1, -3, -2, -3, -1, -3, -2, -3]);
        assert_eq!((0..4).map(|place| metrical_weight(place, 14)).collect::<Vec<_>>(), [0, -2, -1, -2]);
    }

    #[test]
    fn notes_on_every_beat_are_not_syncopated() {
        assert_eq!(syncopation(4, &[0, 4, 8, 12]), Some(0.0));
        assert_eq!(syncopation(4, &[0]), Some(0.0), "a whole note");
    }

    #[test]
    fn the_weak_note_before_a_silent_beat_counts_by_the_difference() {
        // On the second eighth (−3), held over beat 2 (−2): 1. Held over beat 3 (−1) too: 2.
        assert_eq!(syncopation(4, &[0, 2, 8, 12]), Some(1.0));
        assert_eq!(syncopation(4, &[0, 2, 12]), Some(2.0));
        // On the last sixteenth (−4), held over the bar line (0): 4, in one of two bars.
        assert_eq!(syncopation(8, &[0, 15, 20, 24]), Some(2.0));
    }

    #[test]
    fn without_onsets_or_complete_bars_it_is_undefined() {
        assert_eq!(syncopation(4, &[]), None);
        assert_eq!(syncopation(3, &[2]), None);
    }

    #[test]
    fn a_long_silence_is_one_missing_downbeat() {
        assert_eq!(syncopation(400, &[14]), Some(3.0 / 100.0));
    }
}
