//! Sines of a running phase, and envelopes that move in straight lines: what a differentiable synthesiser is made of.

use crate::isa::vectorised;

/// 1.5 · 2⁵²: adding and subtracting it rounds an `f64` to the nearest whole number.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// sin 2πx for −¼ ≤ x ≤ ¼, to seven digits.
#[inline(always)]
fn quarter_sine(x: f32) -> f32 {
    let y = x * std::f32::consts::TAU;
    let square = y * y;
    let series = -1.0 / 5_040.0 + square * (1.0 / 362_880.0 - square / 39_916_800.0);
    let series = 1.0 / 120.0 + square * series;
    let series = -1.0 / 6.0 + square * series;
    y * (1.0 + square * series)
}

vectorised! {
    /// sin and cos of 2π · ratio · turns, to seven digits; phases are exact over hours.
    pub fn sines(turns: &[f64], ratio: f64, sin: &mut [f32], cos: &mut [f32]) {
        for ((turns, sin), cos) in turns.iter().zip(sin).zip(cos) {
            let x = turns * ratio;
            let x = (x - ((x + ROUND) - ROUND)) as f32; // −½ … ½
            let away = x.abs();
            // Mirrored about ±¼: |x| beyond it counts back from ½.
            let folded = if away > 0.25 { 0.5 - away } else { away };
            *sin = quarter_sine(folded).copysign(x);
            *cos = quarter_sine(0.25 - away);
        }
    }
}

vectorised! {
    /// out += carrier times a straight line that starts at `from` and would reach `to` one place after the last.
    pub fn add_gliding(carrier: &[f32], from: f32, to: f32, out: &mut [f32]) {
        let by = (to - from) / carrier.len().max(1) as f32;
        for (i, (out, carrier)) in out.iter_mut().zip(carrier).enumerate() {
            *out += (from + i as u32 as f32 * by) * carrier;
        }
    }
}

vectorised! {
    /// Derivatives of Σ d · out of [`add_gliding`] with respect to `from` and `to`.
    pub fn gliding_dots(carrier: &[f32], d: &[f32]) -> [f32; 2] {
        const LANES: usize = 16;
        let step = 1.0 / carrier.len().max(1) as f32;
        let (mut all, mut rising) = ([0.0f32; LANES], [0.0f32; LANES]);
        for (chunk, (carrier, d)) in carrier.chunks(LANES).zip(d.chunks(LANES)).enumerate() {
            for (lane, (c, d)) in carrier.iter().zip(d).enumerate() {
                let product = c * d;
                all[lane] += product;
                rising[lane] += product * ((chunk * LANES + lane) as u32 as f32 * step);
            }
        }
        let (all, rising) = (all.iter().sum::<f32>(), rising.iter().sum::<f32>());
        [all - rising, rising]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_agree_with_the_platform() {
        let turns: Vec<f64> = (0..4_000).map(|i| f64::from(i) * 0.0137 - 20.0).collect();
        let (mut sin, mut cos) = (vec![0.0; 4_000], vec![0.0; 4_000]);
        for ratio in [1.0, 3.0, 57.25] {
            sines(&turns, ratio, &mut sin, &mut cos);
            for (i, t) in turns.iter().enumerate() {
                let (s, c) = (std::f64::consts::TAU * t * ratio).sin_cos();
                assert!((f64::from(sin[i]) - s).abs() < 1e-6 && (f64::from(cos[i]) - c).abs() < 1e-6, "{t}");
            }
        }
    }

    #[test]
    fn a_glide_and_its_derivatives_are_those_of_the_definition() {
        let carrier: Vec<f32> = (0..100).map(|i| (i * 7 % 13) as f32 - 6.0).collect();
        let d: Vec<f32> = (0..100).map(|i| (i * 5 % 11) as f32 - 5.0).collect();
        let value = |from: f32, to: f32| {
            let mut out = vec![0.0; 100];
            add_gliding(&carrier, from, to, &mut out);
            out.iter().zip(&d).map(|(o, d)| f64::from(o * d)).sum::<f64>()
        };
        assert!((value(1.0, 1.0) - carrier.iter().zip(&d).map(|(c, d)| f64::from(c * d)).sum::<f64>()).abs() < 1e-3);
        // The value is linear in both, so a difference is the derivative.
        let [from, to] = gliding_dots(&carrier, &d);
        assert!((value(1.0, 0.0) - f64::from(from)).abs() < 1e-2, "{from}");
        assert!((value(0.0, 1.0) - f64::from(to)).abs() < 1e-2, "{to}");
        assert_eq!(gliding_dots(&[], &[]), [0.0, 0.0]);
    }
}
