//! Drums: whether the pattern keeps going, and whether bass drum and snare stand where a beat has them.
//!
//! All figures look at the bars of [`crate::Excerpt::of_drums`] (by [`crate::onsets::onsets_by_bar`]), where a pitch is
//! a drum of General MIDI; only complete bars in which a drum is struck count.

use crate::excerpt::share;
use crate::onsets::BarOnsets;
use aeolian_canvas::canvas::STEPS;

/// Bass drums of General MIDI: acoustic and electric.
pub const KICKS: [u8; 2] = [35, 36];
/// What can play the backbeat: side stick, acoustic snare, hand clap, electric snare.
pub const SNARES: [u8; 4] = [37, 38, 39, 40];

/// How much of a bar's pattern the next bar has, 0–1: the mean Jaccard overlap of (place, drum) of neighbouring bars,
/// which is [`crate::structure::bar_similarity`] at lag 1 of the drums. `None` where no neighbours can be compared.
pub fn pattern_consistency(bars: &[BarOnsets]) -> Option<f64> {
    crate::structure::bar_similarity(bars, 1)
}

/// Share of bars with a bass drum on the downbeat, 0–1. `None` without a bar.
pub fn kick_on_downbeat_share(bars: &[BarOnsets]) -> Option<f64> {
    share(struck(bars).filter(|bar| has(bar, 0, &KICKS)).count(), struck(bars).count())
}

/// Share of the second and fourth quarters with a snare (side stick, snare, clap), over bars of four quarters, 0–1.
/// `None` without such a bar.
pub fn backbeat_share(bars: &[BarOnsets]) -> Option<f64> {
    let in_four = || struck(bars).filter(|bar| bar.length == 4 * STEPS);
    let hits = |bar: &BarOnsets| [1, 3].iter().filter(|&&quarter| has(bar, quarter * STEPS, &SNARES)).count();
    share(in_four().map(hits).sum(), 2 * in_four().count())
}

fn struck(bars: &[BarOnsets]) -> impl Iterator<Item = &BarOnsets> {
    bars.iter().filter(|bar| bar.is_complete && !bar.notes.is_empty())
}

fn has(bar: &BarOnsets, place: usize, drums: &[u8]) -> bool {
    drums.iter().any(|&drum| bar.notes.binary_search(&(place, drum)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Excerpt;
    use crate::onsets::onsets_by_bar;
    use crate::timeline::tests::score;

    /// Bars of the drum hits (onset in quarters, drum).
    fn bars(hits: &[(f64, u8)]) -> Vec<BarOnsets> {
        let mut score = score(&hits.iter().map(|&(onset, drum)| (onset, 0.25, drum, 80)).collect::<Vec<_>>());
        score.parts[0].is_drum = true;
        onsets_by_bar(&Excerpt::of_drums(&score).unwrap())
    }

    #[test]
    fn a_rock_beat_has_everything() {
        let beat = [(0.0, 36), (1.0, 38), (2.0, 36), (3.0, 40)];
        let twice: Vec<_> = beat.iter().chain(&beat.map(|(at, drum)| (at + 4.0, drum))).copied().collect();
        let bars = bars(&twice);
        assert_eq!(pattern_consistency(&bars), Some(1.0));
        assert_eq!(kick_on_downbeat_share(&bars), Some(1.0));
        assert_eq!(backbeat_share(&bars), Some(1.0));
    }

    #[test]
    fn what_is_missing_lowers_the_shares() {
        // The second bar has its kick half a beat late and a hi-hat for the second snare: one hit of five in common.
        let bars = bars(&[(0.0, 36), (1.0, 38), (3.0, 38), (4.5, 36), (5.0, 38), (7.0, 42)]);
        assert_eq!(kick_on_downbeat_share(&bars), Some(0.5));
        assert_eq!(backbeat_share(&bars), Some(0.75));
        assert_eq!(pattern_consistency(&bars), Some(0.2));
    }

    #[test]
    fn without_drums_nothing_is_defined() {
        let silent = onsets_by_bar(&Excerpt::of_drums(&score(&[(0.0, 8.0, 60, 80)])).unwrap());
        assert_eq!(silent.len(), 2);
        assert_eq!(pattern_consistency(&silent), None);
        assert_eq!(kick_on_downbeat_share(&silent), None);
        assert_eq!(backbeat_share(&silent), None);
    }
}
