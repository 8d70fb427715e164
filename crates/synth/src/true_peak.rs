//! The peaks between the samples.
//!
//! A converter draws a smooth curve through the samples, and the curve may rise above them all. ITU-R BS.1770-4, annex 2,
//! measures it at four times the rate; so does this file, with a Kaiser-windowed sinc of 24 taps a phase (the
//! Recommendation's own example has 12). Where the samples are so low that the filter could not lift them above the level
//! of interest, it is not run: the sum of its taps' sizes bounds what it can do.

use crate::elementary::sin_cos_turns;
use crate::stereo::Stereo;

/// Samples that a point in between is drawn from.
const TAPS: usize = 24;
const HALF: usize = TAPS / 2;
/// Points between two samples.
const PHASES: usize = 3;
/// Side lobes below −80 dB.
const KAISER_BETA: f64 = 8.0;
/// Points that are judged together, and the samples that they are drawn from.
const BLOCK: usize = 32;
const NEAR: usize = BLOCK + TAPS - 1;

/// What lies before the first sample and after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Silence.
    Silent,
    /// The sound itself: it is a loop.
    Joined,
}

/// The interpolation filter at a quarter, a half and three quarters of the way.
pub struct Interpolator {
    phases: [[f32; TAPS]; PHASES],
    /// How much higher than its samples a point can lie.
    most: f32,
}

impl Interpolator {
    /// Computes the taps.
    pub fn new() -> Self {
        let phases = std::array::from_fn(|p| phase((p + 1) as f64 / (PHASES + 1) as f64));
        let size = |taps: &[f32; TAPS]| taps.iter().map(|t| t.abs()).sum::<f32>();
        let most = phases.iter().map(size).fold(1.0, f32::max);
        Self { phases, most }
    }

    /// For every frame the highest level near it: its own samples and the points up to both neighbours.
    ///
    /// Levels that cannot reach `floor` may be given as those of the samples alone.
    pub fn levels(&self, sound: &Stereo, floor: f32, ends: Ends) -> Vec<f32> {
        let mut levels = vec![0.0; sound.frames()];
        for ear in [&sound.left, &sound.right] {
            self.raise(&mut levels, &padded(ear, ends), floor, ends == Ends::Joined);
        }
        levels
    }

    fn raise(&self, levels: &mut [f32], padded: &[f32], floor: f32, joined: bool) {
        let frames = levels.len();
        levels.iter_mut().zip(&padded[HALF..]).for_each(|(level, x)| *level = level.max(x.abs()));
        for start in (0..=frames).step_by(BLOCK) {
            let near: &[f32; NEAR] = padded[start..][..NEAR].try_into().expect("padding enough for a block");
            if highest(near) * self.most <= floor {
                continue;
            }
            for (i, point) in (start..=frames).zip(self.points(near)) {
                // Point i lies between samples i − 1 and i. Before frame 0 of a loop comes its last; of any other sound
                // nothing, whose place no frame has.
                raise_at(
                    levels,
                    if i > 0 {
                        i - 1
                    } else if joined {
                        frames.saturating_sub(1)
                    } else {
                        frames
                    },
                    point,
                );
                raise_at(levels, if i == frames && joined { 0 } else { i }, point);
            }
        }
    }

    /// The highest of the points before each sample of a block.
    fn points(&self, near: &[f32; NEAR]) -> [f32; BLOCK] {
        let mut points = [0.0f32; BLOCK];
        for taps in &self.phases {
            let mut sums = [0.0f32; BLOCK];
            for (k, tap) in taps.iter().enumerate() {
                sums.iter_mut().zip(&near[k..k + BLOCK]).for_each(|(sum, x)| *sum += tap * x);
            }
            points.iter_mut().zip(&sums).for_each(|(point, sum)| *point = point.max(sum.abs()));
        }
        points
    }
}

/// The highest size of any sample, eight by eight as processors like it.
fn highest(near: &[f32; NEAR]) -> f32 {
    let mut lanes = [0.0f32; 8];
    for eight in near.chunks_exact(8) {
        lanes.iter_mut().zip(eight).for_each(|(lane, x)| *lane = lane.max(x.abs()));
    }
    let rest = near.chunks_exact(8).remainder();
    lanes.iter().chain(rest).fold(0.0, |m, x| m.max(x.abs()))
}

fn raise_at(levels: &mut [f32], at: usize, level: f32) {
    if let Some(l) = levels.get_mut(at) {
        *l = l.max(level);
    }
}

/// The highest point of the curve through the samples, of either ear; 0 for silence.
pub fn true_peak(sound: &Stereo, ends: Ends) -> f32 {
    Interpolator::new().levels(sound, sound.peak(), ends).into_iter().fold(0.0, f32::max)
}

/// The samples with half a window before them, and enough after them for a block that begins behind the last.
fn padded(samples: &[f32], ends: Ends) -> Vec<f32> {
    let n = samples.len();
    let outside = |i: usize| if ends == Ends::Joined && n > 0 { samples[i % n] } else { 0.0 };
    let mut padded = Vec::with_capacity(n + HALF + NEAR);
    // n·HALF + i is i steps from a multiple of n, and far enough from zero to step back.
    padded.extend((0..HALF).map(|i| outside((n * HALF + i).saturating_sub(HALF))));
    padded.extend_from_slice(samples);
    padded.extend((0..NEAR).map(outside));
    padded
}

/// Taps for the point `part` of the way from sample 11 to sample 12 of a window of 24.
fn phase(part: f64) -> [f32; TAPS] {
    let place = (HALF - 1) as f64 + part;
    let taps: [f64; TAPS] = std::array::from_fn(|k| {
        let t = k as f64 - place;
        let x = t / HALF as f64;
        let sinc = sin_cos_turns(0.5 * t).0 / (std::f64::consts::PI * t);
        sinc * bessel_i0(KAISER_BETA * (1.0 - x * x).max(0.0).sqrt())
    });
    let sum: f64 = taps.iter().sum();
    taps.map(|t| (t / sum) as f32)
}

/// The modified Bessel function I₀(x) = Σ ((x/2)^k / k!)²; 40 terms are enough for x ≤ 12.
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..40 {
        term *= 0.5 * x / f64::from(k);
        sum += term * term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mono(samples: Vec<f32>) -> Stereo {
        Stereo { sample_rate_hz: 44_100, right: vec![0.0; samples.len()], left: samples }
    }

    #[test]
    fn a_sine_at_a_quarter_of_the_rate_hides_three_decibels_between_its_samples() {
        // sin(π/2·n + π/4): every sample is ±0.7071, the curve reaches 1.
        let sine = |n: i32| (std::f64::consts::FRAC_PI_2 * f64::from(n) + std::f64::consts::FRAC_PI_4).sin() as f32;
        let sound = mono((0..400).map(sine).collect());
        assert!((sound.peak() - std::f32::consts::FRAC_1_SQRT_2).abs() < 1e-3);
        let peak = true_peak(&sound, Ends::Joined);
        assert!((peak - 1.0).abs() < 1e-3, "{peak}");
    }

    #[test]
    fn what_is_low_everywhere_peaks_where_its_samples_do() {
        let sound = mono(vec![0.1; 300]);
        let peak = true_peak(&sound, Ends::Joined);
        assert!((0.1..0.1001).contains(&peak), "{peak}");
        assert_eq!(true_peak(&mono(vec![]), Ends::Silent), 0.0);
        assert_eq!(true_peak(&mono(vec![]), Ends::Joined), 0.0);
        assert_eq!(true_peak(&mono(vec![0.0; 9]), Ends::Silent), 0.0);
    }

    #[test]
    fn the_ends_of_a_loop_are_neighbours() {
        // 1 at both ends of a loop is a pair of equal samples with a rise between them; alone each is a lone pulse.
        let mut samples = vec![0.0; 64];
        (samples[0], samples[63]) = (1.0, 1.0);
        let sound = mono(samples);
        assert!(true_peak(&sound, Ends::Joined) > 1.2);
        assert!(true_peak(&sound, Ends::Silent) < 1.001);
    }

    proptest! {
        #[test]
        fn skipping_low_blocks_changes_no_level_above_the_floor(
            samples in prop::collection::vec(-1.0f32..1.0, 0..200), scale in 0.0f32..1.0, floor in 0.0f32..1.0
        ) {
            let sound = mono(samples.iter().enumerate().map(|(i, x)| if i < 90 { scale * x } else { *x }).collect());
            let interpolator = Interpolator::new();
            for ends in [Ends::Silent, Ends::Joined] {
                let all = interpolator.levels(&sound, 0.0, ends);
                let some = interpolator.levels(&sound, floor, ends);
                for (a, s) in all.iter().zip(&some) {
                    prop_assert!(s <= a && (*a <= floor || a == s), "{a} {s} {floor}");
                }
            }
        }

        #[test]
        fn no_level_is_below_its_sample(samples in prop::collection::vec(-1.0f32..1.0, 0..100)) {
            let sound = mono(samples);
            let levels = Interpolator::new().levels(&sound, 0.0, Ends::Silent);
            prop_assert!(levels.iter().zip(&sound.left).all(|(l, x)| *l >= x.abs()));
        }
    }
}
