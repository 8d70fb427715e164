//! How likely each pitch is in one moment of sound: probabilistic YIN.
//!
//! YIN (de Cheveigné & Kawahara 2002, "YIN, a fundamental frequency estimator for speech and music", JASA 111) looks for the
//! shortest shift that leaves the sound nearly unchanged:
//! d(τ) = Σ_{j<W} (x_j − x_{j+τ})² (eq. 6), d′(τ) = d(τ)·τ / Σ_{i≤τ} d(i) (eq. 8), the first dip of d′ below a threshold.
//! Probabilistic YIN (Mauch & Dixon 2014, ICASSP) asks all thresholds at once, weighted by a Beta distribution: each dip gets the
//! probability that it is the one chosen. Here the weights come from the distribution in closed form rather than from a hundred
//! thresholds, and d is computed from one correlation by fast Fourier transform. Two deviations: the
//! weights only divide the chance among the dips, and the depth of the deepest alone says how likely there is a pitch at all (theirs find
//! none in the hammer's noise at the beginning of a piano note); and thresholds count from the deepest dip, so that in noise, where no dip is
//! deep, the first of several equal ones still wins rather than a multiple of the period.

use crate::decode::ANALYSIS_RATE_HZ;
use crate::fft::{Complex, RealFft};

/// Samples compared with their shifted selves, 46 ms.
pub const WINDOW: usize = 1_024;
/// The lowest pitch that is looked for, in Hz.
pub const LOWEST_HZ: f64 = 48.0;
/// The highest pitch that is looked for, in Hz.
pub const HIGHEST_HZ: f64 = 2_200.0;
/// The longest shift, in samples, with one more beyond it so that a dip there has two sides.
const LONGEST: usize = (ANALYSIS_RATE_HZ as f64 / LOWEST_HZ) as usize + 2;
/// The shortest shift.
const SHORTEST: usize = (ANALYSIS_RATE_HZ as f64 / HIGHEST_HZ) as usize;
/// Samples one moment is judged by.
pub const SPAN: usize = WINDOW + LONGEST;
/// A power of two that holds the correlation without wrapping round.
const FFT: usize = 2_048;
/// Thresholds follow Beta(2, 34/3), whose mean is 0.15 (the second of Mauch & Dixon's three distributions).
const BETA: f64 = 34.0 / 3.0;
/// A deepest dip of this depth is a pitch or none with equal chance: pure noise has dips down to 0.8, a tone in as much noise 0.5.
const DOUBTFUL: f64 = 0.55;
/// How sharply the chance turns there.
const DOUBT_WIDTH: f64 = 0.05;
/// Dips less likely than this are not told.
const LEAST: f64 = 1e-3;

const _: () = assert!(SPAN <= FFT);

/// A pitch that may be sounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Fundamental frequency.
    pub hz: f64,
    /// Chance that this is the pitch, 0 … 1; those of one moment sum to at most 1, and what is missing is "no pitch".
    pub probability: f64,
}

/// The transforms and the room they need; one serves all moments.
pub struct Yin {
    fft: RealFft,
    span: Vec<f32>,
    window_spectrum: Vec<Complex>,
    span_spectrum: Vec<Complex>,
    correlation: Vec<f32>,
    /// d′(τ) for τ = 0 … LONGEST.
    normalised: Vec<f64>,
}

impl Default for Yin {
    fn default() -> Self {
        Self {
            fft: RealFft::new(FFT),
            span: vec![0.0; SPAN],
            window_spectrum: Vec::new(),
            span_spectrum: Vec::new(),
            correlation: Vec::new(),
            normalised: vec![1.0; LONGEST],
        }
    }
}

impl Yin {
    /// The pitches that may sound in these samples, highest first; none in silence.
    ///
    /// Only the first [`SPAN`] samples count; where there are fewer, silence follows them.
    pub fn candidates(&mut self, samples: &[f32]) -> Vec<Candidate> {
        if self.difference(samples) { self.dips() } else { Vec::new() }
    }

    /// Fills `normalised`; false in silence.
    fn difference(&mut self, samples: &[f32]) -> bool {
        let count = samples.len().min(SPAN);
        // A constant changes no difference, but it would cost digits.
        let mean = (samples[..count].iter().map(|&x| f64::from(x)).sum::<f64>() / count.max(1) as f64) as f32;
        self.span.fill(0.0);
        self.span.iter_mut().zip(&samples[..count]).for_each(|(s, x)| *s = x - mean);
        let mut energy: f64 = self.span[..WINDOW].iter().map(|x| f64::from(x * x)).sum();
        if energy.is_nan() || energy <= 1e-10 {
            return false;
        }
        self.correlate();
        let (first, mut sum) = (energy, 0.0);
        let square = |at: usize| f64::from(self.span[at] * self.span[at]);
        self.normalised[0] = 1.0;
        for lag in 1..LONGEST {
            energy += square(lag + WINDOW - 1) - square(lag - 1);
            let difference = (first + energy - 2.0 * f64::from(self.correlation[lag])).max(0.0);
            sum += difference;
            self.normalised[lag] = if sum > 0.0 { difference * lag as f64 / sum } else { 1.0 };
        }
        true
    }

    /// r(τ) = Σ_{j<W} x_j·x_{j+τ}.
    fn correlate(&mut self) {
        self.fft.forward(&self.span[..WINDOW], &mut self.window_spectrum);
        self.fft.forward(&self.span, &mut self.span_spectrum);
        for (s, w) in self.span_spectrum.iter_mut().zip(&self.window_spectrum) {
            *s = *s * w.conjugate();
        }
        self.fft.backward(&self.span_spectrum, &mut self.correlation);
    }

    fn dips(&self) -> Vec<Candidate> {
        let d = &self.normalised;
        let is_dip = |&lag: &usize| d[lag] < d[lag - 1] && d[lag] <= d[lag + 1];
        let dip = |lag: usize| {
            let (shift, depth) = vertex(d[lag - 1], d[lag], d[lag + 1]);
            (lag as f64 + shift, depth)
        };
        let dips: Vec<(f64, f64)> = (SHORTEST..LONGEST - 1).filter(is_dip).map(dip).collect();
        let Some(deepest) = dips.iter().map(|d| d.1).reduce(f64::min) else { return Vec::new() };
        let voiced = 1.0 / (1.0 + ((deepest - DOUBTFUL) / DOUBT_WIDTH).exp());
        let mut lowest = f64::INFINITY;
        let mut candidates = Vec::new();
        for (period, depth) in dips {
            if depth < lowest {
                let weight = threshold_cdf(lowest - deepest) - threshold_cdf(depth - deepest);
                candidates.push((period, voiced * weight));
                lowest = depth;
            }
        }
        let candidate = |(period, probability): (f64, f64)| Candidate {
            hz: f64::from(ANALYSIS_RATE_HZ) / self.refined(period),
            probability,
        };
        candidates.into_iter().filter(|(_, p)| *p >= LEAST).map(candidate).collect()
    }

    /// The period, measured again at its multiples: a dip k periods away tells k times as exactly where it is.
    fn refined(&self, period: f64) -> f64 {
        let d = &self.normalised;
        let mut best = period;
        let at = period.round() as usize;
        let depth = d.get(at).copied().unwrap_or(1.0);
        for multiple in 2..=MOST_MULTIPLES {
            let near = (best * f64::from(multiple)).round() as usize;
            let Some(around) = d.get(near.saturating_sub(2)..near + 3) else { break };
            let Some(lag) = (1..4).find(|&i| around[i] <= around[i - 1] && around[i] <= around[i + 1]) else { break };
            if around[lag] > depth + MUCH_SHALLOWER {
                break;
            }
            let (shift, _) = vertex(around[lag - 1], around[lag], around[lag + 1]);
            best = ((near + lag) as f64 - 2.0 + shift) / f64::from(multiple);
        }
        best
    }
}

/// More periods than this tell the pitch of a longer time, not of this moment.
const MOST_MULTIPLES: u32 = 6;
/// A dip at a multiple that is shallower by more than this belongs to a sound that changes.
const MUCH_SHALLOWER: f64 = 0.1;

/// Where the parabola through three equally spaced values is lowest, −1 … 1 from the middle one, and how low.
fn vertex(before: f64, middle: f64, after: f64) -> (f64, f64) {
    let curvature = before - 2.0 * middle + after;
    if curvature.is_nan() || curvature <= 1e-15 {
        return (0.0, middle);
    }
    let shift = (0.5 * (before - after) / curvature).clamp(-1.0, 1.0);
    (shift, (middle - 0.25 * (before - after) * shift).max(0.0))
}

/// The chance that a threshold is below `x`: the distribution of Beta(2, b), 1 − (1 − x)ᵇ·(1 + b·x).
fn threshold_cdf(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    1.0 - (1.0 - x).powf(BETA) * (1.0 + BETA * x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn harmonic(hz: f64, strengths: &[f64]) -> Vec<f32> {
        let rate = f64::from(ANALYSIS_RATE_HZ);
        let partial = |i: usize, k: usize| (2.0 * PI * hz * (k + 1) as f64 * i as f64 / rate + 0.7 * k as f64).sin();
        (0..SPAN).map(|i| strengths.iter().enumerate().map(|(k, s)| s * partial(i, k)).sum::<f64>() as f32).collect()
    }

    fn best(samples: &[f32]) -> Candidate {
        let all = Yin::default().candidates(samples);
        all.into_iter().max_by(|a, b| a.probability.total_cmp(&b.probability)).expect("a pitch")
    }

    fn cents(a: f64, b: f64) -> f64 {
        1_200.0 * (a / b).log2()
    }

    #[test]
    fn pure_tones_are_within_five_cents_from_60_to_1500_hz() {
        for step in 0..=120 {
            let hz = 60.0 * 25f64.powf(f64::from(step) / 120.0);
            let heard = best(&harmonic(hz, &[0.3]));
            assert!(cents(heard.hz, hz).abs() < 5.0, "{hz} heard as {}", heard.hz);
            assert!(heard.probability > 0.9, "{hz}: {}", heard.probability);
        }
    }

    #[test]
    fn a_weak_fundamental_is_no_octave_error() {
        for step in 0..=60 {
            let hz = 65.0 * 16f64.powf(f64::from(step) / 60.0);
            for strengths in [&[0.02, 0.5, 0.3, 0.2][..], &[0.1, 0.1, 0.5, 0.1, 0.3], &[0.0, 0.3, 0.3, 0.3]] {
                let heard = best(&harmonic(hz, strengths));
                assert!(cents(heard.hz, hz).abs() < 10.0, "{hz} with {strengths:?} heard as {}", heard.hz);
            }
        }
    }

    #[test]
    fn d_prime_by_transform_is_d_prime_by_hand() {
        let samples: Vec<f32> =
            (0..SPAN as u32).map(|i| ((i.wrapping_mul(2_654_435_761) >> 16) as f32 / 65_536.0) - 0.5).collect();
        let mut yin = Yin::default();
        assert!(yin.difference(&samples));
        let d = |lag: usize| (0..WINDOW).map(|j| f64::from(samples[j] - samples[j + lag]).powi(2)).sum::<f64>();
        let mut sum = 0.0;
        for lag in 1..LONGEST {
            sum += d(lag);
            let by_hand = d(lag) * lag as f64 / sum;
            assert!((yin.normalised[lag] - by_hand).abs() < 1e-3, "{lag}: {} and {by_hand}", yin.normalised[lag]);
        }
    }

    #[test]
    fn silence_constants_and_nothing_have_no_pitch() {
        let mut yin = Yin::default();
        for samples in [vec![], vec![0.0; SPAN], vec![0.7; SPAN], vec![1e-9; 10]] {
            assert_eq!(yin.candidates(&samples), []);
        }
    }

    #[test]
    fn probabilities_of_a_moment_sum_to_at_most_one() {
        let mut yin = Yin::default();
        for hz in [48.5, 100.0, 313.0, 2_100.0] {
            let all = yin.candidates(&harmonic(hz, &[0.3, 0.2, 0.1]));
            assert!(all.iter().map(|c| c.probability).sum::<f64>() <= 1.0 + 1e-9);
            assert!(all.windows(2).all(|pair| pair[0].hz > pair[1].hz));
        }
    }

    #[test]
    fn thresholds_are_a_distribution_of_the_paper_s_mean() {
        assert_eq!((threshold_cdf(0.0), threshold_cdf(1.0)), (0.0, 1.0));
        // The mean of what lies in 0 … 1 is ∫ (1 − F).
        let mean: f64 = (0..10_000).map(|i| (1.0 - threshold_cdf((f64::from(i) + 0.5) / 1e4)) / 1e4).sum();
        assert!((mean - 0.15).abs() < 1e-6, "{mean}");
    }
}
