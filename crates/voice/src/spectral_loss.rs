//! Multi-scale spectral distance: how differently two sounds look through windows of many lengths, and its derivative.
//!
//! L = Σᵢ mean |Sᵢ − Ŝᵢ| + α · mean |log Sᵢ − log Ŝᵢ| over magnitude spectrograms of window lengths 2048, 1024, …, 64 with ¾ overlap and
//! α = 1 (Engel et al. 2020, arXiv:2001.04643, eq. 5). Deviations: means instead of sums, so that scales count alike and a value can be
//! compared between sounds of different length; magnitudes are divided by half the sum of the window, so that a sine of amplitude
//! a has a peak of a at every scale; the linear term is weighed by [`LINEAR`], as amplitudes of single notes are small beside
//! logarithms; 10⁻⁴ is added within the logarithm, −80 dB.

use aeolian_kernels::fft::{Fft, LANES, Lanes};
use aeolian_nets::tape::{Gradients, Op, Tape, Var};

/// Window lengths.
pub const SCALES: [usize; 6] = [2048, 1024, 512, 256, 128, 64];
/// Weight of the linear term beside the logarithmic one.
pub const LINEAR: f32 = 20.0;
const FLOOR: f32 = 1e-4;

/// Transforms and windows of all scales.
pub struct SpectralLoss {
    scales: Vec<Scale>,
}

impl Default for SpectralLoss {
    fn default() -> Self {
        Self { scales: SCALES.into_iter().map(Scale::new).collect() }
    }
}

impl SpectralLoss {
    /// The distance of two sounds of equal length (the shorter is taken); `None` for less than one sample.
    pub fn distance(&self, target: &[f32], sound: &[f32]) -> Option<f64> {
        let samples = target.len().min(sound.len());
        (samples > 0).then(|| self.scales.iter().map(|s| s.compare(&target[..samples], &sound[..samples], None)).sum())
    }

    /// The same, with its derivative by every sample of `sound`.
    pub fn distance_and_gradient(&self, target: &[f32], sound: &[f32]) -> (f64, Vec<f32>) {
        assert_eq!(target.len(), sound.len());
        let mut gradient = vec![0.0; sound.len()];
        let value = self.scales.iter().map(|s| s.compare(target, sound, Some(&mut gradient))).sum();
        (value, gradient)
    }
}

struct Scale {
    fft: Fft,
    window: Vec<f32>,
}

impl Scale {
    fn new(n: usize) -> Self {
        let hann = |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / n as f64).cos();
        // The sum of a Hann window is n/2; a sine's peak is half of that.
        let window = (0..n).map(|i| (hann(i) * 4.0 / n as f64) as f32).collect();
        Self { fft: Fft::new(n), window }
    }

    fn compare(&self, target: &[f32], sound: &[f32], mut gradient: Option<&mut Vec<f32>>) -> f64 {
        let n = self.window.len();
        let hop = n / 4;
        // Windows reach half their length beyond both ends, so that the first and last samples count as the others do.
        let frames = sound.len() / hop + 2;
        let bins = n / 2 + 1;
        let per_bin = 1.0 / (frames * bins) as f32;
        let mut total = 0.0f64;
        let (mut re, mut im) = (vec![[0.0; LANES]; n], vec![[0.0; LANES]; n]);
        let start = |frame: usize| (frame * hop) as isize - (n / 2) as isize;
        for first in (0..frames).step_by(LANES) {
            let lanes = LANES.min(frames - first);
            for i in 0..n {
                (re[i], im[i]) = ([0.0; LANES], [0.0; LANES]);
                for lane in 0..lanes {
                    let at = start(first + lane) + i as isize;
                    if (0..sound.len() as isize).contains(&at) {
                        re[i][lane] = self.window[i] * target[at as usize];
                        im[i][lane] = self.window[i] * sound[at as usize];
                    }
                }
            }
            // Two real signals in one transform: target as the real part, sound as the imaginary.
            self.fft.forward(&mut re, &mut im);
            total += differences(&mut re, &mut im, lanes, gradient.is_some());
            let Some(gradient) = gradient.as_deref_mut() else { continue };
            self.fft.backward(&mut re, &mut im);
            for i in 0..n {
                for lane in 0..lanes {
                    let at = start(first + lane) + i as isize;
                    if (0..sound.len() as isize).contains(&at) {
                        gradient[at as usize] += per_bin * self.window[i] * re[i][lane];
                    }
                }
            }
        }
        total * f64::from(per_bin)
    }
}

/// Sum of the differences of all bins; if asked, the spectra are replaced by the Hermitian spectrum whose transform back is the
/// derivative by the windowed samples of the sound.
fn differences(re: &mut [Lanes], im: &mut [Lanes], lanes: usize, wants_gradient: bool) -> f64 {
    let n = re.len();
    let mut total = 0.0f64;
    for k in 0..=n / 2 {
        let mirror = (n - k) % n;
        for lane in 0..lanes {
            let (a, b, c, d) = (re[k][lane], im[k][lane], re[mirror][lane], im[mirror][lane]);
            // Z = X + iY with Hermitian X and Y: X = (Z + Z̄′)/2, Y = (Z − Z̄′)/2i.
            let (x, y) = ((0.5 * (a + c), 0.5 * (b - d)), (0.5 * (b + d), 0.5 * (c - a)));
            let (s, t) = ((x.0 * x.0 + x.1 * x.1).sqrt(), (y.0 * y.0 + y.1 * y.1).sqrt());
            let (linear, logarithm) = (t - s, ((t + FLOOR) / (s + FLOOR)).ln());
            total += f64::from(LINEAR * linear.abs() + logarithm.abs());
            if wants_gradient {
                let slope = (LINEAR + 1.0 / (t + FLOOR)) * sign(linear) / t.max(1e-9);
                let (u, v) = (slope * y.0, slope * y.1);
                // Bins between the ends stand for their mirror image too.
                if k == mirror {
                    (re[k][lane], im[k][lane]) = (u, 0.0);
                } else {
                    (re[k][lane], im[k][lane]) = (0.5 * u, 0.5 * v);
                    (re[mirror][lane], im[mirror][lane]) = (0.5 * u, -0.5 * v);
                }
            }
        }
    }
    total
}

fn sign(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

/// The distance of a sound on the tape from `target`, one number.
pub fn spectral_loss(tape: &mut Tape, sound: Var, target: &[f32], loss: &SpectralLoss) -> Var {
    let (value, gradient) = loss.distance_and_gradient(target, tape.value(sound));
    tape.push(vec![value as f32], Ready { of: sound, gradient })
}

/// An operation with one number as its result, whose derivative was made on the way there.
pub(crate) struct Ready {
    pub of: Var,
    pub gradient: Vec<f32>,
}

impl Op for Ready {
    fn backward(&mut self, d: &[f32], tape: &mut Gradients) {
        let slot = tape.gradient(self.of);
        slot.iter_mut().zip(&self.gradient).for_each(|(slot, g)| *slot += d[0] * g);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::numbers;

    #[test]
    fn a_sound_has_no_distance_from_itself_and_some_from_others() {
        let loss = SpectralLoss::default();
        let a = numbers(3_000, 1);
        let louder: Vec<f32> = a.iter().map(|x| 2.0 * x).collect();
        assert_eq!(loss.distance(&a, &a), Some(0.0));
        let other = loss.distance(&a, &numbers(3_000, 2)).expect("a distance");
        let double = loss.distance(&a, &louder).expect("a distance");
        assert!(other > 1.0 && double > 1.0, "{other} {double}");
        assert_eq!(loss.distance(&[], &a), None);
    }

    #[test]
    fn a_doubled_sine_is_a_factor_of_two_apart_at_its_peak() {
        let sine: Vec<f32> = (0..8_192).map(|i| 0.1 * (std::f32::consts::TAU * i as f32 / 16.0).sin()).collect();
        let scale = Scale::new(64);
        let (mut re, mut im) = (vec![[0.0; LANES]; 64], vec![[0.0; LANES]; 64]);
        (0..64).for_each(|i| re[i][0] = scale.window[i] * sine[1_024 + i]);
        scale.fft.forward(&mut re, &mut im);
        let peak = (re[4][0] * re[4][0] + im[4][0] * im[4][0]).sqrt();
        assert!((peak - 0.1).abs() < 1e-4, "{peak}");
    }

    #[test]
    fn the_derivative_is_the_difference_quotient() {
        let loss = SpectralLoss::default();
        let target: Vec<f32> = numbers(2_500, 3).iter().map(|x| 0.3 * x).collect();
        let sound = numbers(2_500, 4);
        let (_, gradient) = loss.distance_and_gradient(&target, &sound);
        for seed in 5..9 {
            let direction = numbers(2_500, seed);
            let moved = |h: f32| {
                let x: Vec<f32> = sound.iter().zip(&direction).map(|(x, d)| x + h * d).collect();
                loss.distance(&target, &x).expect("a distance")
            };
            // Absolute values have kinks, and where a bin is nearly empty its logarithm bends within a thousandth.
            let quotient = (moved(1e-4) - moved(-1e-4)) / 2e-4;
            let derivative: f64 = gradient.iter().zip(&direction).map(|(g, d)| f64::from(g * d)).sum();
            assert!((derivative - quotient).abs() < 0.02 * quotient.abs() + 0.01, "{derivative} {quotient}");
        }
    }
}
