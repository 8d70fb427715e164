//! A limiter that sees peaks coming, between the samples too.
//!
//! The gain each frame needs is taken at its lowest over the next few milliseconds, let go slowly after a peak, and then
//! averaged twice over half as many milliseconds: the average is never above the need of any frame inside, so nothing
//! passes the ceiling, and the gain itself has neither corners nor flutter to be heard. Below the ceiling the sound is
//! untouched. A changing gain bends the curve between the samples a little, so peaks are measured again afterwards.

use crate::elementary::{exp2, gain_from_db};
use crate::stereo::Stereo;
use crate::true_peak::{Ends, Interpolator};
use std::collections::VecDeque;

/// How far ahead the limiter looks.
const WINDOW_SECONDS: f64 = 0.006;
/// After a peak the gain covers 63 % of its way back in this time. Shorter, it would follow the waves of a bass.
const RELEASE_SECONDS: f64 = 0.09;
/// How far below the ceiling a peak is brought, so that a second measurement seldom finds it above.
const MARGIN_DB: f64 = 0.05;
const MAX_PASSES: usize = 4;

/// Holds the true peak of both ears within ± `ceiling` (> 0, linear); true if anything had to be held.
pub fn limit(sound: &mut Stereo, ceiling: f32, ends: Ends) -> bool {
    let interpolator = Interpolator::new();
    let highest = |levels: &[f32]| levels.iter().copied().fold(0.0, f32::max);
    let mut levels = interpolator.levels(sound, ceiling, ends);
    for pass in 0..MAX_PASSES {
        if highest(&levels) <= ceiling {
            return pass > 0;
        }
        let target = ceiling * gain_from_db(-MARGIN_DB) as f32;
        let needed: Vec<f32> = levels.iter().map(|&l| if l > target { target / l } else { 1.0 }).collect();
        apply(sound, &gains(&needed, f64::from(sound.sample_rate_hz), ends));
        levels = interpolator.levels(sound, ceiling, ends);
    }
    // What four passes left above is hundredths of a decibel.
    let left_over = highest(&levels);
    if left_over > ceiling {
        let gain = ceiling / left_over * (1.0 - 1e-5);
        sound.left.iter_mut().chain(&mut sound.right).for_each(|x| *x *= gain);
    }
    true
}

fn apply(sound: &mut Stereo, gains: &[f32]) {
    for ((l, r), gain) in sound.left.iter_mut().zip(&mut sound.right).zip(gains) {
        *l *= gain;
        *r *= gain;
    }
}

/// A smooth gain that is nowhere above what is needed.
fn gains(needed: &[f32], rate: f64, ends: Ends) -> Vec<f32> {
    if ends == Ends::Joined {
        // Three times round, the middle one has the right past and future.
        let n = needed.len();
        let around: Vec<f32> = needed.iter().copied().cycle().take(3 * n).collect();
        return gains(&around, rate, Ends::Silent)[n..2 * n].to_vec();
    }
    let half = ((0.5 * WINDOW_SECONDS * rate) as usize).max(1);
    // Two averages over `half` frames reach back 2·half − 2 frames.
    let mut gains = lowest_ahead(needed, 2 * half - 1);
    let back = (1.0 - exp2(-std::f64::consts::LOG2_E / (RELEASE_SECONDS * rate))) as f32;
    let mut previous = 1.0f32;
    for gain in &mut gains {
        *gain = gain.min(previous + back * (1.0 - previous));
        previous = *gain;
    }
    averaged(&averaged(&gains, half), half)
}

/// The mean of each value and the `window − 1` before it; before the beginning everything is as at the beginning.
fn averaged(values: &[f32], window: usize) -> Vec<f32> {
    let first = values.first().copied().unwrap_or(1.0);
    let mut sum = f64::from(first) * window as f64;
    let mean = |i: usize| {
        let leaving = if i >= window { values[i - window] } else { first };
        sum += f64::from(values[i]) - f64::from(leaving);
        (sum / window as f64).min(1.0) as f32
    };
    (0..values.len()).map(mean).collect()
}

/// For each place the lowest value among it and the `window − 1` that follow.
fn lowest_ahead(values: &[f32], window: usize) -> Vec<f32> {
    let mut lowest = vec![1.0; values.len()];
    let mut rising: VecDeque<usize> = VecDeque::new();
    for i in (0..values.len()).rev() {
        while rising.back().is_some_and(|&later| values[later] >= values[i]) {
            rising.pop_back();
        }
        rising.push_back(i);
        if rising.front().is_some_and(|&furthest| furthest >= i + window) {
            rising.pop_front();
        }
        lowest[i] = rising.front().map_or(1.0, |&j| values[j]);
    }
    lowest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::true_peak::true_peak;
    use proptest::prelude::*;

    #[test]
    fn below_the_ceiling_nothing_changes() {
        let sound = Stereo { sample_rate_hz: 8_000, left: vec![0.1, -0.6, 0.3], right: vec![0.0; 3] };
        let mut limited = sound.clone();
        limit(&mut limited, 0.9, Ends::Silent);
        assert_eq!(limited, sound);
    }

    #[test]
    fn a_lone_peak_is_lowered_with_its_neighbourhood_and_not_clipped() {
        let mut sound = Stereo::silence(44_100, 44_100);
        sound.left.fill(0.5);
        sound.left[2_000] = 2.0;
        limit(&mut sound, 0.8, Ends::Silent);
        assert!(sound.left[2_000] <= 0.8);
        // Only a clamp would leave the neighbours at 0.5; and far away they are.
        assert!(sound.left[1_999] < 0.25 && sound.left[2_001] < 0.25);
        assert!(sound.left[100] == 0.5 && (0.499..=0.5).contains(&sound.left[40_000]));
        // The gain comes back slowly: e^(−4000 / (0.09·44100)) = 0.37 of the way is still missing.
        assert!((0.35..0.45).contains(&sound.left[6_000]), "{}", sound.left[6_000]);
    }

    #[test]
    fn a_loop_is_limited_across_its_seam() {
        let mut sound = Stereo::silence(44_100, 4_000);
        sound.left.fill(0.4);
        sound.left[2] = 2.0;
        limit(&mut sound, 0.8, Ends::Joined);
        // The end already sinks towards the peak that follows it, and no jump is left at the seam.
        assert!(sound.left[3_999] < 0.25 && (sound.left[3_999] - sound.left[0]).abs() < 0.002);
    }

    proptest! {
        #[test]
        fn nothing_passes_the_ceiling(left in prop::collection::vec(-3.0f32..3.0, 0..600), ceiling in 0.1f32..1.0) {
            let right: Vec<f32> = left.iter().rev().copied().collect();
            for ends in [Ends::Silent, Ends::Joined] {
                let mut sound = Stereo { sample_rate_hz: 8_000, left: left.clone(), right: right.clone() };
                limit(&mut sound, ceiling, ends);
                let peak = true_peak(&sound, ends);
                prop_assert!(peak <= ceiling, "{peak}");
            }
        }

        #[test]
        fn gains_meet_every_need(needed in prop::collection::vec(0.05f32..=1.0, 0..400)) {
            for ends in [Ends::Silent, Ends::Joined] {
                let gains = gains(&needed, 8_000.0, ends);
                prop_assert_eq!(gains.len(), needed.len());
                prop_assert!(gains.iter().zip(&needed).all(|(g, n)| *g <= n * (1.0 + 1e-5) && *g > 0.0));
            }
        }

        #[test]
        fn lowest_ahead_is_the_minimum_of_every_window(values in prop::collection::vec(0.0f32..1.0, 0..80), window in 1usize..12) {
            let lowest = lowest_ahead(&values, window);
            for i in 0..values.len() {
                let end = (i + window).min(values.len());
                let plain = values[i..end].iter().copied().fold(f32::MAX, f32::min);
                prop_assert_eq!(lowest[i], plain);
            }
        }
    }
}
