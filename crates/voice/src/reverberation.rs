//! A room that can be learned: what a recording says with an echo, a dry decoder need not imitate.
//!
//! y = x + h ∗ x. In the paper the impulse response h is a free vector of one second (Engel et al. 2020, arXiv:2001.04643, §3.6); here
//! it is noise in sixteen bands, each with a level and a decay of its own: h(t) = Σ exp(uᵦ − softplus(vᵦ)·t) nᵦ(t). Thirty-two numbers
//! cannot learn the notes by heart. What plays afterwards leaves the room out: the house has its own hall.

use crate::envelopes::softplus;
use crate::synthesis::{HOP, synthesise};
use aeolian_kernels::elementwise::{exp, sigmoid};
use aeolian_kernels::fft::{Fft, LANES, Lanes};
use aeolian_nets::parameters::{Init, Parameters, Span};
use aeolian_nets::tape::{Gradients, Op, Tape, Var};
use aeolian_synth::noise_bands::{NOISE_BANDS, NOISE_LOOP, NoiseBands};

/// Frames of the impulse response: 0.7 s at 44,100 Hz.
const FRAMES: usize = 120;

/// A room with its place among the parameters.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    levels: Span,
    decays: Span,
}

impl Room {
    /// A faint room of about half a second.
    pub fn new(parameters: &mut Parameters) -> Self {
        let levels = parameters.add("room.levels", &[NOISE_BANDS], Init::Values(vec![-9.0; NOISE_BANDS]));
        let decays = parameters.add("room.decays", &[NOISE_BANDS], Init::Values(vec![12.0; NOISE_BANDS]));
        Self { levels, decays }
    }

    /// `sound` (samples) in the room (samples); what rings on after its end is cut off.
    pub fn around(&self, tape: &mut Tape, sound: Var, sample_rate_hz: u32) -> Var {
        let envelope = decaying(tape, self.levels, self.decays, f64::from(sample_rate_hz));
        let bands = NoiseBands::at_rate(sample_rate_hz);
        let samples = (FRAMES - 1) * HOP;
        let noise = (0..NOISE_BANDS).flat_map(|b| (0..samples).map(move |i| (b, i)));
        let carriers = noise.map(|(b, i)| bands.of(b)[i % NOISE_LOOP]).collect();
        let response = synthesise(tape, envelope, carriers);
        convolved(tape, sound, response)
    }
}

/// exp(uᵦ − softplus(vᵦ)·t) for every frame: (frames, bands).
fn decaying(tape: &mut Tape, levels: Span, decays: Span, sample_rate_hz: f64) -> Var {
    let (u, v) = (tape.parameter(levels), tape.parameter(decays));
    let seconds = HOP as f64 / sample_rate_hz;
    let y: Vec<f32> = (0..FRAMES)
        .flat_map(|frame| {
            u.iter().zip(v).map(move |(u, v)| exp((u - softplus(*v) * (frame as f64 * seconds) as f32).min(0.0)))
        })
        .collect();
    let kept = y.clone();
    tape.push(y, DecayingBackward { levels, decays, seconds, y: kept })
}

struct DecayingBackward {
    levels: Span,
    decays: Span,
    seconds: f64,
    y: Vec<f32>,
}

impl Op for DecayingBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let bands = self.levels.len;
        let moved = |band: usize, frame: usize| {
            let at = frame * bands + band;
            if self.y[at] < 1.0 { self.y[at] * dy[at] } else { 0.0 }
        };
        for band in 0..bands {
            let (mut level, mut decay) = (0.0, 0.0);
            for frame in 0..FRAMES {
                level += moved(band, frame);
                decay -= moved(band, frame) * (frame as f64 * self.seconds) as f32;
            }
            tape.parameter(self.levels).1[band] += level;
            let (v, d) = tape.parameter(self.decays);
            d[band] += sigmoid(v[band]) * decay;
        }
    }
}

/// x + h ∗ x, as long as x.
fn convolved(tape: &mut Tape, x: Var, h: Var) -> Var {
    let (samples, taps) = (tape.value(x).len(), tape.value(h).len());
    let fft = Fft::new((samples + taps).next_power_of_two());
    let product = filtered(&fft, tape.value(x), tape.value(h), false);
    let mut y = tape.take(samples);
    y.iter_mut().zip(tape.value(x)).zip(&product).for_each(|((y, x), p)| *y = x + p);
    tape.push(y, ConvolvedBackward { x, h, fft })
}

struct ConvolvedBackward {
    x: Var,
    h: Var,
    fft: Fft,
}

impl Op for ConvolvedBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let through_x = filtered(&self.fft, dy, tape.value(self.h), true);
        let through_h = filtered(&self.fft, dy, tape.value(self.x), true);
        let dx = tape.gradient(self.x);
        dx.iter_mut().zip(dy).zip(&through_x).for_each(|((dx, dy), p)| *dx += dy + p);
        let dh = tape.gradient(self.h);
        dh.iter_mut().zip(&through_h).for_each(|(dh, p)| *dh += p);
    }
}

/// Σ a(n − j) b(j), or if `correlated` Σ a(n + j) b(j), for n from 0 on.
fn filtered(fft: &Fft, a: &[f32], b: &[f32], correlated: bool) -> Vec<f32> {
    let n = fft.samples();
    let (mut re, mut im): (Vec<Lanes>, Vec<Lanes>) = (vec![[0.0; LANES]; n], vec![[0.0; LANES]; n]);
    re.iter_mut().zip(a).for_each(|(z, a)| z[0] = *a);
    re.iter_mut().zip(b).for_each(|(z, b)| z[1] = *b);
    fft.forward(&mut re, &mut im);
    let scale = 1.0 / n as f32;
    for (re, im) in re.iter_mut().zip(&mut im) {
        let (a, b) = ((re[0], im[0]), (re[1], if correlated { -im[1] } else { im[1] }));
        re[0] = scale * (a.0 * b.0 - a.1 * b.1);
        im[0] = scale * (a.0 * b.1 + a.1 * b.0);
    }
    fft.backward(&mut re, &mut im);
    re.iter().map(|z| z[0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{check_gradients, numbers};
    use aeolian_nets::ops::linear::Linear;
    use aeolian_nets::tape::Pool;

    #[test]
    fn gradients_of_a_convolution_are_difference_quotients() {
        let mut parameters = Parameters::default();
        let x_layer = Linear::new(&mut parameters, "x", 2, 10, 1.0);
        let h_layer = Linear::new(&mut parameters, "h", 2, 7, 1.0);
        let input = numbers(4, 1);
        check_gradients(&parameters, |tape| {
            let input = tape.input(input.clone());
            let (x, h) = (x_layer.forward(tape, input), h_layer.forward(tape, input));
            convolved(tape, x, h)
        });
    }

    #[test]
    fn gradients_of_a_room_are_difference_quotients() {
        let mut parameters = Parameters::default();
        // Loud enough to be felt, and far from the loudest level.
        let levels = parameters.add("room.levels", &[NOISE_BANDS], Init::Values(vec![-3.0; NOISE_BANDS]));
        let decays = parameters.add("room.decays", &[NOISE_BANDS], Init::Values(vec![12.0; NOISE_BANDS]));
        let room = Room { levels, decays };
        let sound: Vec<f32> = numbers(700, 2).iter().map(|x| 0.2 * x).collect();
        check_gradients(&parameters, |tape| {
            let sound = tape.input(sound.clone());
            room.around(tape, sound, 44_100)
        });
    }

    #[test]
    fn a_click_is_answered_by_the_response() {
        let mut pool = Pool::default();
        let mut tape = Tape::forward_only(&[], &mut pool);
        let (x, h) = (tape.input(vec![0.0, 1.0, 0.0, 0.0, 0.0]), tape.input(vec![0.5, 0.25]));
        let y = convolved(&mut tape, x, h);
        let y = tape.finish(y);
        for (y, expected) in y.iter().zip([0.0, 1.5, 0.25, 0.0, 0.0]) {
            assert!((y - expected).abs() < 1e-6, "{y} {expected}");
        }
    }
}
