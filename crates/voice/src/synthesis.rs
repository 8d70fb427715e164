//! The differentiable synthesiser: carriers whose amplitudes move in straight lines from frame to frame.
//!
//! sound(t) = Σ aₖ(t) sin 2πφₖ(t) + Σ gᵦ(t) nᵦ(t), where φₖ is the running phase of partial k and nᵦ noise of unit power in band b
//! (Engel et al. 2020, arXiv:2001.04643, eq. 1–4; noise there passes filters that change from frame to frame, here sixteen fixed
//! bands change their amplitudes). Phases are given, so the sound is linear in the amplitudes, and so is its derivative.

use aeolian_kernels::glide::{add_gliding, gliding_dots, sines};
use aeolian_nets::tape::{Gradients, Op, Tape, Var};
use aeolian_synth::noise_bands::{NOISE_BANDS, NOISE_LOOP, NoiseBands};

/// Frames of sound from one set of amplitudes to the next: 5.8 ms, 172 a second at 44,100 Hz.
pub const HOP: usize = 256;

/// Partial n of a string with stiffness B lies at n·√(1 + Bn²) times the fundamental of an ideal one.
pub fn partial_ratio(n: usize, inharmonicity: f64) -> f64 {
    n as f64 * (1.0 + inharmonicity * (n * n) as f64).sqrt()
}

/// Running phase in turns at every sample, from a frequency in hertz for every frame (joined by straight lines).
pub fn running_phase(hz: &[f64], samples: usize, sample_rate_hz: f64) -> Vec<f64> {
    let at = |frame: usize| hz.get(frame).or(hz.last()).copied().unwrap_or(0.0);
    let mut turns = 0.0;
    (0..samples)
        .map(|n| {
            let (frame, x) = (n / HOP, (n % HOP) as f64 / HOP as f64);
            let now = turns;
            turns += (at(frame) + x * (at(frame + 1) - at(frame))) / sample_rate_hz;
            now
        })
        .collect()
}

/// Sines of partials 1 … `partials`, then the bands of noise from place `noise_at` of their loops: (carriers, samples).
pub fn carriers(turns: &[f64], partials: usize, inharmonicity: f64, sample_rate_hz: u32, noise_at: usize) -> Vec<f32> {
    let samples = turns.len();
    let mut all = vec![0.0; (partials + NOISE_BANDS) * samples];
    let mut cos = vec![0.0; samples];
    for (index, sin) in all[..partials * samples].chunks_exact_mut(samples.max(1)).enumerate() {
        sines(turns, partial_ratio(index + 1, inharmonicity), sin, &mut cos);
    }
    let bands = NoiseBands::at_rate(sample_rate_hz);
    for (band, noise) in all[partials * samples..].chunks_exact_mut(samples.max(1)).enumerate() {
        // Bands start apart, so that their sum does not repeat the same noise in every note.
        let start = noise_at + 4_099 * band;
        let source = bands.of(band);
        noise.iter_mut().enumerate().for_each(|(i, x)| *x = source[(start + i) % NOISE_LOOP]);
    }
    all
}

/// `amplitudes` (frames, C) and carriers (C, samples) → sound (samples), samples = (frames − 1)·[`HOP`].
pub fn synthesise(tape: &mut Tape, amplitudes: Var, carriers: Vec<f32>) -> Var {
    let count = count(tape.value(amplitudes).len(), carriers.len());
    let samples = carriers.len() / count;
    let mut sound = tape.take_zeroed(samples);
    let values = tape.value(amplitudes);
    for (c, carrier) in carriers.chunks_exact(samples).enumerate() {
        for (frame, (out, carrier)) in sound.chunks_mut(HOP).zip(carrier.chunks(HOP)).enumerate() {
            let (from, to) = (values[frame * count + c], values[(frame + 1) * count + c]);
            if from != 0.0 || to != 0.0 {
                add_gliding(carrier, from, to, out);
            }
        }
    }
    tape.push(sound, SynthesiseBackward { amplitudes, carriers, count })
}

/// The number C for which amplitudes (frames, C) and carriers (C, (frames − 1)·HOP) fit.
fn count(amplitudes: usize, carriers: usize) -> usize {
    // amplitudes = frames·C, carriers = (frames − 1)·HOP·C.
    let count = amplitudes - carriers / HOP;
    assert!(count > 0 && amplitudes.is_multiple_of(count) && carriers == (amplitudes / count - 1) * HOP * count);
    count
}

struct SynthesiseBackward {
    amplitudes: Var,
    carriers: Vec<f32>,
    count: usize,
}

impl Op for SynthesiseBackward {
    fn backward(&mut self, d: &[f32], tape: &mut Gradients) {
        let count = self.count;
        let gradient = tape.gradient(self.amplitudes);
        for (c, carrier) in self.carriers.chunks_exact(d.len()).enumerate() {
            for (frame, (d, carrier)) in d.chunks(HOP).zip(carrier.chunks(HOP)).enumerate() {
                let [from, to] = gliding_dots(carrier, d);
                gradient[frame * count + c] += from;
                gradient[(frame + 1) * count + c] += to;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{check_gradients, numbers};
    use aeolian_nets::Parameters;
    use aeolian_nets::ops::linear::Linear;
    use aeolian_nets::tape::Pool;

    #[test]
    fn gradients_are_difference_quotients() {
        let mut parameters = Parameters::default();
        let layer = Linear::new(&mut parameters, "a", 2, 3, 1.0);
        let (x, carriers) = (numbers(3 * 2, 1), numbers(3 * 2 * HOP, 2));
        check_gradients(&parameters, |tape| {
            let x = tape.input(x.clone());
            let amplitudes = layer.forward(tape, x);
            synthesise(tape, amplitudes, carriers.clone())
        });
    }

    #[test]
    fn a_steady_amplitude_gives_the_sine() {
        let turns = running_phase(&[440.0; 3], 2 * HOP, 44_100.0);
        let carriers = carriers(&turns, 2, 0.0, 44_100, 0);
        let mut pool = Pool::default();
        let mut tape = Tape::forward_only(&[], &mut pool);
        let mut amplitudes = vec![0.0; 3 * (2 + NOISE_BANDS)];
        (0..3).for_each(|frame| amplitudes[frame * (2 + NOISE_BANDS) + 1] = 0.5);
        let amplitudes = tape.input(amplitudes);
        let sound = synthesise(&mut tape, amplitudes, carriers);
        let sound = tape.finish(sound);
        for (n, x) in sound.iter().enumerate() {
            let expected = 0.5 * (std::f64::consts::TAU * 880.0 * n as f64 / 44_100.0).sin();
            assert!((f64::from(*x) - expected).abs() < 1e-5, "{n}");
        }
    }

    #[test]
    fn the_phase_of_a_glide_is_the_sum_of_its_frequencies() {
        let turns = running_phase(&[100.0, 200.0], HOP + 1, 1_000.0);
        // 256 steps from 0.1 to just below 0.2: 25.6 + 0.1·(0 + … + 255)/256.
        assert!((turns[HOP] - (25.6 + 0.1 * 127.5)).abs() < 1e-9, "{}", turns[HOP]);
        assert!((partial_ratio(3, 0.1) - 3.0 * 1.9f64.sqrt()).abs() < 1e-12);
    }
}
