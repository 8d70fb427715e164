//! From a decoder's numbers to amplitudes: how loud the whole is, how partials share it, how loud each band of noise is.
//!
//! aₖ = exp(y₀ − loss) · softmax(y)ₖ over the partials that may sound (Engel et al. 2020, arXiv:2001.04643, §3.2: a global amplitude times a
//! distribution that sums to 1, partials above the Nyquist frequency left out before normalising), gᵦ = exp(zᵦ − loss′). Losses are
//! what the release takes away: slopes ≥ 0 (softplus of a linear map of pitch) times the seconds of each stretch after the release.
//! Deviation from the paper: exponentials instead of its squashed sigmoid, so that decaying strings are straight lines in y₀.

use crate::features::SLOPES;
use aeolian_kernels::elementwise::{exp, sigmoid};
use aeolian_nets::tape::{Gradients, Op, Tape, Var};
use aeolian_synth::elementary::log2;

/// Exponents are held below: a factor of 20.
const LARGEST: f32 = 3.0;
/// And above: −260 dB.
const SMALLEST: f32 = -30.0;

/// Slopes are softplus times this, in nepers a second: releases are steep, and a learned number should not have to be large.
pub const STEEPNESS: f32 = 10.0;

/// What the operation has to know of each row.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Partials in the output, H.
    pub partials: usize,
    /// Bands in the output, B.
    pub bands: usize,
    /// How many of the partials may sound, a number a row.
    pub audible: Vec<usize>,
    /// Seconds of every stretch after the release, [`SLOPES`] a row.
    pub fading: Vec<f32>,
}

/// `raw` (rows, 1 + H + B), `slopes` (rows, 2·[`SLOPES`]: partials, noise; before softplus) → amplitudes (rows, H + B).
pub fn envelopes(tape: &mut Tape, raw: Var, slopes: Var, rows: Rows) -> Var {
    let (h, b) = (rows.partials, rows.bands);
    let mut y = tape.take_zeroed(rows.audible.len() * (h + b));
    for (row, out) in y.chunks_exact_mut(h + b).enumerate() {
        let raw = &tape.value(raw)[row * (1 + h + b)..][..1 + h + b];
        let slopes = &tape.value(slopes)[row * 2 * SLOPES..][..2 * SLOPES];
        let fading = &rows.fading[row * SLOPES..][..SLOPES];
        let [tone, noise] = losses(slopes, fading);
        let audible = rows.audible[row].min(h);
        let (partials, bands) = out.split_at_mut(h);
        let logits = &raw[1..1 + audible];
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        partials.iter_mut().zip(logits).for_each(|(a, y)| *a = exp(y - largest));
        let scale = exp((raw[0] - tone).clamp(SMALLEST, LARGEST)) / partials.iter().sum::<f32>().max(1e-30);
        partials.iter_mut().for_each(|a| *a *= scale);
        bands.iter_mut().zip(&raw[1 + h..]).for_each(|(g, z)| *g = exp((z - noise).clamp(SMALLEST, LARGEST)));
    }
    let mut kept = tape.take(y.len());
    kept.copy_from_slice(&y);
    tape.push(y, EnvelopesBackward { raw, slopes, rows, y: kept })
}

fn losses(slopes: &[f32], fading: &[f32]) -> [f32; 2] {
    [&slopes[..SLOPES], &slopes[SLOPES..]]
        .map(|s| s.iter().zip(fading).map(|(s, t)| STEEPNESS * softplus(*s) * t).sum())
}

/// ln(1 + eˣ)
pub fn softplus(x: f32) -> f32 {
    if x > 20.0 { x } else { (log2(1.0 + f64::from(exp(x))) * std::f64::consts::LN_2) as f32 }
}

struct EnvelopesBackward {
    raw: Var,
    slopes: Var,
    rows: Rows,
    y: Vec<f32>,
}

impl Op for EnvelopesBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let (h, b) = (self.rows.partials, self.rows.bands);
        let width = 1 + h + b;
        // What a change of the exponent of tone and noise does, a pair a row; needed for both inputs.
        let mut moved = Vec::with_capacity(self.rows.audible.len());
        let (values, d_raw) = tape.value_and_gradient(self.raw, self.raw);
        for (row, (y, dy)) in self.y.chunks_exact(h + b).zip(dy.chunks_exact(h + b)).enumerate() {
            let raw = &values[row * width..][..width];
            let d_raw = &mut d_raw[row * width..][..width];
            let audible = self.rows.audible[row].min(h);
            let total: f32 = y[..audible].iter().sum();
            let pull: f32 = y[..audible].iter().zip(dy).map(|(a, d)| a * d).sum();
            for k in 0..audible {
                d_raw[1 + k] += y[k] * dy[k] - y[k] / total.max(1e-30) * pull;
            }
            // Beyond the largest exponent nothing moves any more.
            let pull = if total < exp(LARGEST) * 0.999 { pull } else { 0.0 };
            d_raw[0] += pull;
            let mut hiss = 0.0;
            for k in h..h + b {
                if raw[1 + k] < LARGEST {
                    d_raw[1 + k] += y[k] * dy[k];
                    hiss += y[k] * dy[k];
                }
            }
            moved.push([pull, hiss]);
        }
        let (slopes, d_slopes) = tape.value_and_gradient(self.slopes, self.slopes);
        for (row, moved) in moved.iter().enumerate() {
            for (part, moved) in moved.iter().enumerate() {
                for stretch in 0..SLOPES {
                    let at = row * 2 * SLOPES + part * SLOPES + stretch;
                    d_slopes[at] -= STEEPNESS * sigmoid(slopes[at]) * self.rows.fading[row * SLOPES + stretch] * moved;
                }
            }
        }
        tape.pool.give(std::mem::take(&mut self.y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{check_gradients, numbers};
    use crate::features::fading_seconds;
    use aeolian_nets::Parameters;
    use aeolian_nets::ops::linear::Linear;
    use aeolian_nets::tape::Pool;

    fn rows() -> Rows {
        let fading = [0.0, 0.03, 0.5].into_iter().flat_map(fading_seconds).collect();
        Rows { partials: 5, bands: 2, audible: vec![5, 3, 0], fading }
    }

    #[test]
    fn gradients_are_difference_quotients() {
        let mut parameters = Parameters::default();
        let raw = Linear::new(&mut parameters, "raw", 3, 8, 1.0);
        let slopes = Linear::new(&mut parameters, "slopes", 3, 2 * SLOPES, 1.0);
        let input = numbers(9, 1);
        check_gradients(&parameters, |tape| {
            let x = tape.input(input.clone());
            let (raw, slopes) = (raw.forward(tape, x), slopes.forward(tape, x));
            envelopes(tape, raw, slopes, rows())
        });
    }

    #[test]
    fn partials_share_the_whole_and_the_release_takes_from_it() {
        let mut pool = Pool::default();
        let mut tape = Tape::forward_only(&[], &mut pool);
        let raw = tape.input([[0.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -2.0]; 3].concat());
        let slopes = tape.input(vec![0.0; 6 * SLOPES]);
        let y = envelopes(&mut tape, raw, slopes, rows());
        let y = tape.finish(y);
        assert!((y[0] - 0.2).abs() < 1e-6 && (y[4] - 0.2).abs() < 1e-6 && (y[5] - (-1.0f32).exp()).abs() < 1e-6);
        // Row 2: three partials, after 0.03 s at 10 · ln 2 nepers a second.
        let left = (-0.3 * std::f32::consts::LN_2).exp();
        assert!((y[7] - left / 3.0).abs() < 1e-6 && y[10] == 0.0);
        assert!(y[14..19].iter().all(|&a| a == 0.0), "no partial may sound, none does");
    }
}
