//! What a recorded note consists of: fundamental, partials and noise, frame by frame, in closed form.
//!
//! The sound is turned back by the running phase of each partial, which makes that partial stand still, and smoothed by a window of
//! at least four periods: as the window has no response at whole multiples of the fundamental, this is the least-squares
//! amplitude. How fast the stilled partial still turns tells how far its frequency was off (the phase vocoder's estimate), which corrects
//! the fundamental and, for stiff strings, B of fₙ = n·f·√(1 + Bn²). What is left when all partials are taken away is noise, measured
//! in the sixteen bands of the synthesiser.

use crate::note::Recording;
use crate::synthesis::{HOP, partial_ratio, running_phase};
use aeolian_kernels::fft::{Fft, LANES, Lanes};
use aeolian_kernels::glide::{add_gliding, sines};
use aeolian_synth::noise_bands::{NOISE_BANDS, band_gain};

/// Samples that are added up before smoothing.
const BLOCK: usize = 64;
/// Window of the noise.
const NOISE_WINDOW: usize = 1024;
/// The fundamental may be off by so many cents.
const MOST_CENTS: f64 = 70.0;
/// B of the stiffest string believed.
const MOST_INHARMONICITY: f64 = 0.01;

/// A note taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Fundamental of every frame in hertz; frame i is at sample i·[`HOP`].
    pub hz: Vec<f64>,
    /// B of a stiff string, 0 if not asked for.
    pub inharmonicity: f64,
    /// Partials that may sound.
    pub partials: usize,
    /// Amplitudes (frames, partials asked for); those that may not sound are 0.
    pub amplitudes: Vec<f32>,
    /// Amplitudes of noise (frames, [`NOISE_BANDS`]).
    pub noise: Vec<f32>,
}

impl Analysis {
    /// Frames.
    pub fn frames(&self) -> usize {
        self.hz.len()
    }

    /// Takes a note apart into `most` partials and noise. `is_stiff`: the string may be inharmonic, and its pitch does not swing.
    pub fn of(recording: &Recording, most: usize, is_stiff: bool) -> Self {
        let rate = f64::from(recording.sample_rate_hz);
        let nominal = recording.hz();
        let mut still = Still::new(&recording.samples, nominal, rate);
        let mut inharmonicity = 0.0;
        if is_stiff {
            for count in [3, 6, 12, 24, 24] {
                inharmonicity = still.straighten(count, inharmonicity, nominal);
            }
        } else {
            for _ in 0..2 {
                still.follow(5, nominal);
            }
        }
        let may_sound = |n: &usize| partial_ratio(*n, inharmonicity) * nominal < 0.43 * rate;
        let partials = (1..=most).take_while(may_sound).count();
        let frames = still.hz.len();
        let mut amplitudes = vec![0.0; frames * most];
        let mut rest = recording.samples.clone();
        for n in 1..=partials {
            let turned = still.partial(partial_ratio(n, inharmonicity));
            for (frame, [re, im]) in turned.iter().enumerate() {
                amplitudes[frame * most + n - 1] = re.hypot(*im);
            }
            still.take_away(&turned, &mut rest);
        }
        let noise = noise_of(&rest, frames, rate);
        Self { hz: still.hz, inharmonicity, partials, amplitudes, noise }
    }
}

/// A sound beside a running phase.
struct Still<'a> {
    samples: &'a [f32],
    hz: Vec<f64>,
    turns: Vec<f64>,
    sin: Vec<f32>,
    cos: Vec<f32>,
    rate: f64,
    /// Half a window in blocks.
    reach: usize,
}

impl<'a> Still<'a> {
    fn new(samples: &'a [f32], hz: f64, rate: f64) -> Self {
        let frames = samples.len() / HOP + 1;
        let window = (4.0 * rate / hz).clamp(1_024.0, 4_096.0);
        let reach = (window / (2 * BLOCK) as f64).ceil() as usize;
        let mut still =
            Self { samples, hz: vec![hz; frames], turns: Vec::new(), sin: Vec::new(), cos: Vec::new(), rate, reach };
        still.restart();
        still
    }

    fn restart(&mut self) {
        self.turns = running_phase(&self.hz, self.samples.len(), self.rate);
        self.sin.resize(self.samples.len(), 0.0);
        self.cos.resize(self.samples.len(), 0.0);
    }

    /// Complex amplitude of a partial at every frame: its sound is re · cos − im · sin of its phase.
    fn partial(&mut self, ratio: f64) -> Vec<[f32; 2]> {
        sines(&self.turns, ratio, &mut self.sin, &mut self.cos);
        let dot = |a: &[f32], b: &[f32]| aeolian_kernels::elementwise::dot(a, b);
        let blocks: Vec<[f32; 2]> = self
            .samples
            .chunks(BLOCK)
            .zip(self.sin.chunks(BLOCK).zip(self.cos.chunks(BLOCK)))
            .map(|(x, (sin, cos))| [2.0 * dot(x, cos), -2.0 * dot(x, sin)])
            .collect();
        let reach = self.reach as isize;
        // Block b lies between BLOCK·b and BLOCK·(b + 1), a frame at a border: offsets are halves.
        let hann = |offset: isize| 0.5 + 0.5 * (std::f64::consts::PI * (offset as f64 + 0.5) / reach as f64).cos();
        let window: Vec<f32> = (-reach..reach).map(|offset| hann(offset) as f32).collect();
        let whole: f32 = window.iter().sum::<f32>() * BLOCK as f32;
        (0..self.hz.len())
            .map(|frame| {
                let middle = (frame * HOP / BLOCK) as isize;
                let mut sum = [0.0f32; 2];
                for (index, weight) in window.iter().enumerate() {
                    if let Some(block) =
                        usize::try_from(middle - reach + index as isize).ok().and_then(|b| blocks.get(b))
                    {
                        sum[0] += weight * block[0];
                        sum[1] += weight * block[1];
                    }
                }
                sum.map(|s| s / whole)
            })
            .collect()
    }

    /// How fast a stilled partial turns, in hertz and with its weight, for every pair of neighbouring frames.
    fn turning(&self, partial: &[[f32; 2]]) -> Vec<(f64, f64)> {
        let pair = |w: &[[f32; 2]]| {
            let [a, b] = [w[0], w[1]].map(|z| z.map(f64::from));
            let product = (b[0] * a[0] + b[1] * a[1], b[1] * a[0] - b[0] * a[1]);
            (product.1.atan2(product.0) / std::f64::consts::TAU * self.rate / HOP as f64, product.0.hypot(product.1))
        };
        partial.windows(2).map(pair).collect()
    }

    /// Corrects the fundamental of every frame by the first `count` partials.
    fn follow(&mut self, count: usize, nominal: f64) {
        let frames = self.hz.len();
        let mut sums = vec![(0.0f64, 0.0f64); frames];
        for n in 1..=count {
            if n as f64 * nominal > 0.4 * self.rate {
                break;
            }
            let partial = self.partial(n as f64);
            for (frame, (hz, weight)) in self.turning(&partial).into_iter().enumerate() {
                // An error in the fundamental is n times larger at partial n, so it is known n times better.
                let weight = weight * (n * n) as f64;
                sums[frame].0 += weight * hz / n as f64;
                sums[frame].1 += weight;
            }
        }
        let total: f64 = sums.iter().map(|s| s.1).sum::<f64>().max(1e-30);
        let mean = sums.iter().map(|s| s.0).sum::<f64>() / total;
        // Where there is next to no sound, the mean of the note stands in.
        let faint = 1e-3 * total / frames as f64;
        let smoothed = |frame: usize| {
            let near = &sums[frame.saturating_sub(3)..(frame + 3).min(frames)];
            let (sum, weight) = near.iter().fold((mean * faint, faint), |t, s| (t.0 + s.0, t.1 + s.1));
            sum / weight.max(1e-30)
        };
        let most = nominal * ((MOST_CENTS / 1_200.0).exp2() - 1.0);
        let corrected =
            (0..frames).map(|frame| (self.hz[frame] + smoothed(frame)).clamp(nominal - most, nominal + most)).collect();
        self.hz = corrected;
        self.restart();
    }

    /// One fundamental for the whole note and B, from the first `count` partials by a straight line through (fₙ/n)² over n².
    fn straighten(&mut self, count: usize, inharmonicity: f64, nominal: f64) -> f64 {
        let mut rows: Vec<(f64, f64, f64)> = Vec::new();
        for n in 1..=count {
            let expected = partial_ratio(n, inharmonicity) * self.hz[0];
            if expected > 0.4 * self.rate {
                break;
            }
            let partial = self.partial(partial_ratio(n, inharmonicity));
            let (sum, weight) =
                self.turning(&partial).into_iter().fold((0.0, 1e-30), |t, (hz, w)| (t.0 + hz * w, t.1 + w));
            let hz = (expected + sum / weight) / n as f64;
            rows.push(((n * n) as f64, hz * hz, weight.sqrt() * (n * n) as f64));
        }
        let total: f64 = rows.iter().map(|r| r.2).sum::<f64>().max(1e-30);
        let mean = |f: &dyn Fn(&(f64, f64, f64)) -> f64| rows.iter().map(|r| r.2 * f(r)).sum::<f64>() / total;
        let (x, y) = (mean(&|r| r.0), mean(&|r| r.1));
        let slope = mean(&|r| (r.0 - x) * (r.1 - y)) / mean(&|r| (r.0 - x) * (r.0 - x)).max(1e-9);
        let square = (y - slope * x).max(1.0);
        let most = nominal * ((MOST_CENTS / 1_200.0).exp2() - 1.0);
        let hz = square.sqrt().clamp(nominal - most, nominal + most);
        self.hz.fill(hz);
        self.restart();
        (slope / square).clamp(0.0, MOST_INHARMONICITY)
    }

    /// Subtracts the partial whose sines were made last.
    fn take_away(&self, partial: &[[f32; 2]], rest: &mut [f32]) {
        let pieces = rest.chunks_mut(HOP).zip(self.cos.chunks(HOP).zip(self.sin.chunks(HOP)));
        for (frame, (rest, (cos, sin))) in pieces.enumerate() {
            let from = partial[frame];
            let to = partial.get(frame + 1).copied().unwrap_or(from);
            add_gliding(cos, -from[0], -to[0], rest);
            add_gliding(sin, from[1], to[1], rest);
        }
    }
}

/// Amplitude of every band at every frame.
fn noise_of(rest: &[f32], frames: usize, rate: f64) -> Vec<f32> {
    let fft = Fft::new(NOISE_WINDOW);
    let hann = |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / NOISE_WINDOW as f64).cos();
    let window: Vec<f32> = (0..NOISE_WINDOW).map(|i| hann(i) as f32).collect();
    let power: f32 = window.iter().map(|w| w * w).sum();
    let bins = NOISE_WINDOW / 2;
    let gains: Vec<f32> = (0..NOISE_BANDS)
        .flat_map(|band| (0..bins).map(move |k| band_gain(band, k as f64 * rate / NOISE_WINDOW as f64).powi(2) as f32))
        .collect();
    let mut noise = vec![0.0; frames * NOISE_BANDS];
    for first in (0..frames).step_by(LANES) {
        let lanes = LANES.min(frames - first);
        let (mut re, mut im): (Vec<Lanes>, Vec<Lanes>) =
            (vec![[0.0; LANES]; NOISE_WINDOW], vec![[0.0; LANES]; NOISE_WINDOW]);
        for (i, row) in re.iter_mut().enumerate() {
            for (lane, x) in row.iter_mut().enumerate().take(lanes) {
                let at = ((first + lane) * HOP + i).wrapping_sub(NOISE_WINDOW / 2);
                *x = window[i] * rest.get(at).copied().unwrap_or(0.0);
            }
        }
        fft.forward(&mut re, &mut im);
        for lane in 0..lanes {
            for band in 0..NOISE_BANDS {
                let gains = &gains[band * bins..][..bins];
                let energy: f32 =
                    (0..bins).map(|k| gains[k] * (re[k][lane] * re[k][lane] + im[k][lane] * im[k][lane])).sum();
                // Parseval: mean square = 2 Σ |X|² / (n · Σ w²), over half the bins.
                noise[(first + lane) * NOISE_BANDS + band] = (2.0 * energy / (NOISE_WINDOW as f32 * power)).sqrt();
            }
        }
    }
    noise
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_synth::noise_bands::NoiseBands;

    fn note(pitch: f64, sound: impl Fn(f64) -> f64) -> Recording {
        let samples = (0..44_100).map(|n| sound(f64::from(n) / 44_100.0) as f32).collect();
        Recording { pitch, velocity: 100, samples, release_seconds: 1.0, sample_rate_hz: 44_100 }
    }

    #[test]
    fn partials_are_found_although_the_pitch_is_off_and_swings() {
        // 20 cents sharp, swinging by 15 cents five times a second.
        let hz = 440.0 * (20.0f64 / 1_200.0).exp2();
        let depth = 440.0 * ((15.0f64 / 1_200.0).exp2() - 1.0);
        let phase = |t: f64| hz * t - depth / (5.0 * std::f64::consts::TAU) * (5.0 * std::f64::consts::TAU * t).cos();
        let sine = |n: f64, t: f64| (std::f64::consts::TAU * n * phase(t)).sin();
        let recording = note(69.0, |t| 0.3 * sine(1.0, t) + 0.1 * sine(2.0, t) + 0.05 * sine(7.0, t));
        let analysis = Analysis::of(&recording, 10, false);
        for frame in [40, 80, 120] {
            let row = &analysis.amplitudes[frame * 10..][..10];
            for (n, expected) in [(1, 0.3f32), (2, 0.1), (3, 0.0), (7, 0.05), (10, 0.0)] {
                assert!(
                    (row[n - 1] - expected).abs() < 0.06 * expected + 0.002,
                    "frame {frame}, partial {n}: {}",
                    row[n - 1]
                );
            }
            let noise: f32 = analysis.noise[frame * NOISE_BANDS..][..NOISE_BANDS].iter().map(|g| g * g).sum();
            assert!(noise.sqrt() < 0.01, "{noise}");
        }
        let mean = analysis.hz[30..140].iter().sum::<f64>() / 110.0;
        assert!((1_200.0 * (mean / hz).log2()).abs() < 3.0, "{mean} of {hz}");
    }

    #[test]
    fn a_stiff_string_is_known_by_its_partials() {
        let stiffness = 4e-4;
        let sine = |n: usize, t: f64| (std::f64::consts::TAU * 131.0 * partial_ratio(n, stiffness) * t).sin();
        let recording = note(48.0, |t| (1..=20).map(|n| 0.1 / n as f64 * sine(n, t)).sum());
        let analysis = Analysis::of(&recording, 20, true);
        assert!((analysis.inharmonicity / stiffness - 1.0).abs() < 0.03, "{}", analysis.inharmonicity);
        assert!((analysis.hz[0] - 131.0).abs() < 0.1, "{}", analysis.hz[0]);
        let last = analysis.amplitudes[80 * 20 + 19];
        assert!((last / 0.005 - 1.0).abs() < 0.1, "{last}");
    }

    #[test]
    fn noise_is_measured_in_its_band() {
        let bands = NoiseBands::at_rate(44_100);
        let samples: Vec<f32> = (0..44_100).map(|i| 0.02 * bands.of(9)[i % bands.of(9).len()]).collect();
        let noise = noise_of(&samples, 170, 44_100.0);
        let mean =
            |band: usize| (20..150).map(|f| f64::from(noise[f * NOISE_BANDS + band]).powi(2)).sum::<f64>() / 130.0;
        // ∫ cos⁴ of ∫ cos² stays in the band: three quarters of the power.
        assert!((mean(9).sqrt() / 0.02 - 0.87).abs() < 0.08, "{}", mean(9).sqrt());
        assert!(mean(5).sqrt() < 0.002 && mean(13).sqrt() < 0.002);
    }
}
