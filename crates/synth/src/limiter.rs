//! A limiter that sees peaks coming.
//!
//! The gain each frame needs is taken at its lowest over the next few milliseconds and then averaged over as many: the
//! average is never above the need of any frame inside, so nothing passes the ceiling, and the gain itself has no
//! corners to be heard. Below the ceiling the sound is untouched.

use crate::stereo::Stereo;
use std::collections::VecDeque;

const WINDOW_SECONDS: f64 = 0.006;

/// Holds every sample within ± `ceiling`.
pub fn limit(sound: &mut Stereo, ceiling: f32) {
    if sound.peak() <= ceiling {
        return;
    }
    let window = ((WINDOW_SECONDS * f64::from(sound.sample_rate_hz)) as usize).max(1);
    let needed: Vec<f32> = sound
        .left
        .iter()
        .zip(&sound.right)
        .map(|(l, r)| {
            let peak = l.abs().max(r.abs());
            if peak > ceiling { ceiling / peak } else { 1.0 }
        })
        .collect();
    let lowest = lowest_ahead(&needed, window);
    // A running sum of the last `window` values; before the beginning the gain is 1.
    let mut sum = window as f64;
    for i in 0..lowest.len() {
        let leaving = if i >= window { lowest[i - window] } else { 1.0 };
        sum += f64::from(lowest[i]) - f64::from(leaving);
        let gain = (sum / window as f64) as f32;
        // The clamp catches the last bit of rounding only.
        sound.left[i] = (sound.left[i] * gain).clamp(-ceiling, ceiling);
        sound.right[i] = (sound.right[i] * gain).clamp(-ceiling, ceiling);
    }
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
    use proptest::prelude::*;

    #[test]
    fn below_the_ceiling_nothing_changes() {
        let sound = Stereo { sample_rate_hz: 8_000, left: vec![0.1, -0.9, 0.3], right: vec![0.0; 3] };
        let mut limited = sound.clone();
        limit(&mut limited, 0.9);
        assert_eq!(limited, sound);
    }

    #[test]
    fn a_lone_peak_is_lowered_with_its_neighbourhood_and_not_clipped() {
        let mut sound = Stereo::silence(44_100, 4_000);
        sound.left.fill(0.5);
        sound.left[2_000] = 2.0;
        limit(&mut sound, 0.8);
        assert!(sound.left[2_000] <= 0.8);
        // Only a clamp would leave the neighbours at 0.5; and far away they are.
        assert!(sound.left[1_999] < 0.25 && sound.left[2_001] < 0.25);
        assert_eq!((sound.left[100], sound.left[3_900]), (0.5, 0.5));
    }

    proptest! {
        #[test]
        fn nothing_passes_the_ceiling(left in prop::collection::vec(-3.0f32..3.0, 1..600), ceiling in 0.1f32..1.0) {
            let right = left.iter().rev().copied().collect();
            let mut sound = Stereo { sample_rate_hz: 8_000, left, right };
            limit(&mut sound, ceiling);
            prop_assert!(sound.peak() <= ceiling);
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
