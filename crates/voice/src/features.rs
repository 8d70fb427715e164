//! What the decoder is told of a moment of a note: pitch, velocity and time, each as weights of a few fixed points.
//!
//! Between two neighbouring points the weights move in straight lines (hats), so that a network of few units can bend where the
//! instrument does: from register to register, and quickly just after the onset. Points in time double: 0, 5, 15, 35 ms … 10.2 s.

use aeolian_synth::elementary::log2;

/// Semitones between two points of pitch.
const PITCH_STEP: f64 = 4.0;
/// The lowest point: a semitone below the piano's.
const LOWEST_PITCH: f64 = 20.0;
/// Points of pitch: up to 108.
pub const PITCH_POINTS: usize = 23;
/// Points of time.
const TIME_POINTS: usize = 12;
/// The first point after 0.
const FIRST_SECONDS: f64 = 0.005;
const VELOCITY_POINTS: usize = 3;

/// Numbers that describe a moment.
pub const FEATURES: usize = PITCH_POINTS + VELOCITY_POINTS + TIME_POINTS + 1;

/// Seconds at the points after the release, ascending.
pub const FADING_SECONDS: [f64; 7] = [0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8];

/// Stretches between them (and beyond the last) that each have a slope.
pub const SLOPES: usize = FADING_SECONDS.len();

/// Writes the features of a moment: pitch in semitones (may be fractional), velocity (1–127), seconds since the onset.
///
/// # Panics   if `out` is shorter than [`FEATURES`].
pub fn describe(pitch: f64, velocity: f64, seconds: f64, out: &mut [f32]) {
    let (pitches, rest) = out.split_at_mut(PITCH_POINTS);
    let (velocities, times) = rest.split_at_mut(VELOCITY_POINTS);
    hats((pitch - LOWEST_PITCH) / PITCH_STEP, pitches);
    hats((velocity.clamp(0.0, 127.0) / 127.0) * (VELOCITY_POINTS - 1) as f64, velocities);
    hats(time_place(seconds), &mut times[..TIME_POINTS]);
    // Levels are powers of velocity, logarithms of levels lines in its logarithm.
    times[TIME_POINTS] = (log2(velocity.clamp(1.0, 127.0) / 127.0) * std::f64::consts::LOG10_2) as f32;
}

/// The features of pitch alone.
pub fn describe_pitch(pitch: f64, out: &mut [f32]) {
    hats((pitch - LOWEST_PITCH) / PITCH_STEP, out);
}

/// Where among the points of time a moment lies.
fn time_place(seconds: f64) -> f64 {
    let point = |index: usize| FIRST_SECONDS * ((1u64 << index) - 1) as f64;
    (0..TIME_POINTS - 1).find(|&index| seconds < point(index + 1)).map_or((TIME_POINTS - 1) as f64, |index| {
        index as f64 + (seconds.max(0.0) - point(index)) / (point(index + 1) - point(index))
    })
}

/// 1 at a whole `place`, shared by two neighbours in between; beyond the ends the last has all.
fn hats(place: f64, out: &mut [f32]) {
    out.fill(0.0);
    let place = if place.is_finite() { place.clamp(0.0, (out.len() - 1) as f64) } else { 0.0 };
    let low = (place as usize).min(out.len() - 2);
    let x = (place - low as f64) as f32;
    (out[low], out[low + 1]) = (1.0 - x, x);
}

/// How many seconds of each stretch after the release have passed: lost decibels are slopes times these.
pub fn fading_seconds(since_release: f64) -> [f32; SLOPES] {
    std::array::from_fn(|index| {
        let end = FADING_SECONDS.get(index + 1).copied().unwrap_or(f64::INFINITY);
        (since_release.min(end) - FADING_SECONDS[index]).max(0.0) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_every_kind_add_up_to_one() {
        let mut out = [0.0; FEATURES];
        for (pitch, velocity, seconds) in
            [(60.0, 64.0, 0.3), (-5.0, 0.0, -1.0), (500.0, 300.0, 1e9), (f64::NAN, 1.0, 0.0)]
        {
            describe(pitch, velocity, seconds, &mut out);
            let hats = &out[..FEATURES - 1];
            assert!((hats.iter().sum::<f32>() - 3.0).abs() < 1e-5, "{pitch} {velocity} {seconds}");
            assert!(hats.iter().all(|x| (0.0..=1.0).contains(x)));
            assert!((-2.2..=0.0).contains(&out[FEATURES - 1]));
        }
    }

    #[test]
    fn points_are_met_exactly_and_shared_between() {
        let mut out = [0.0; FEATURES];
        describe(62.0, 127.0, 0.015, &mut out);
        // 62 lies halfway between points 10 (60) and 11 (64).
        assert_eq!((out[10], out[11], out[FEATURES - 1]), (0.5, 0.5, 0.0));
        assert_eq!(out[PITCH_POINTS + VELOCITY_POINTS - 1], 1.0);
        assert!((out[PITCH_POINTS + VELOCITY_POINTS + 2] - 1.0).abs() < 1e-6, "5, 15 ms are points 1 and 2");
    }

    #[test]
    fn stretches_after_the_release_add_up_to_the_time() {
        for seconds in [0.0, 0.01, 0.07, 0.4, 3.0] {
            let sum: f32 = fading_seconds(seconds).iter().sum();
            assert!((f64::from(sum) - seconds).abs() < 1e-6);
        }
        assert_eq!(fading_seconds(-1.0), [0.0; SLOPES]);
    }
}
