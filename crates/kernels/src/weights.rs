//! Unnormalised probabilities of choices, many groups at once.

use crate::isa::vectorised;

/// Beyond any real logit, and differences of two are still finite.
pub const LOGIT_LIMIT: f32 = 1e30;

/// e^x for x ≤ 0, relative error below 2·10⁻⁷; 0 below −87.3, NaN for NaN.
///
/// x = n ln 2 + r with |r| ≤ ½ ln 2 (ln 2 in two parts, after Cody and Waite), then the Taylor series to r⁷.
#[inline(always)]
pub fn exp_falling(x: f32) -> f32 {
    const LN2_HIGH: f32 = 355.0 / 512.0;
    const LN2_LOW: f32 = (std::f64::consts::LN_2 - 355.0 / 512.0) as f32;
    /// Adding and subtracting 1.5·2²³ rounds to the nearest whole number.
    const ROUND: f32 = 12_582_912.0;
    let shifted = x * std::f64::consts::LOG2_E as f32 + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let series = 1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let series = 0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * series));
    // The low bits of `shifted` are n: moved to the exponent, 2ⁿ.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    let value = (1.0 + r * (1.0 + r * series)) * power;
    if x < -87.3 { 0.0 } else { value }
}

vectorised! {
    /// Weights of "none" and both choices of every group: exp(logit − the largest allowed), 0 where not allowed.
    ///
    /// Logits are (evidence + context) · `inverse_temperature`, 0 for none; bit k of `allowed` says whether choice k may be.
    /// Evidence and context hold pairs.
    pub fn pair_weights(
        evidence: &[f32],
        context: &[f32],
        allowed: &[u32],
        inverse_temperature: f32,
        weights: [&mut [f32]; 3],
    ) {
        let [none, first, second] = weights;
        let n = allowed.len();
        let (none, first, second) = (&mut none[..n], &mut first[..n], &mut second[..n]);
        let (evidence, context) = (&evidence.as_chunks::<2>().0[..n], &context.as_chunks::<2>().0[..n]);
        for i in 0..n {
            let logit = |k: usize| {
                ((evidence[i][k] + context[i][k]) * inverse_temperature).clamp(-LOGIT_LIMIT, LOGIT_LIMIT)
            };
            let may = |k: u32| allowed[i] >> k & 1 == 1;
            let (a, b) = (logit(0), logit(1));
            let largest = if may(0) { 0.0 } else { f32::NEG_INFINITY };
            let largest = if may(1) { largest.max(a) } else { largest };
            let largest = if may(2) { largest.max(b) } else { largest };
            none[i] = if may(0) { exp_falling(-largest) } else { 0.0 };
            first[i] = if may(1) { exp_falling(a - largest) } else { 0.0 };
            second[i] = if may(2) { exp_falling(b - largest) } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falling_exponentials_agree_with_the_platform() {
        for i in 0..=8730 {
            let x = -(i as f32) / 100.0;
            assert!((f64::from(exp_falling(x)) / f64::from(x).exp() - 1.0).abs() < 2e-7, "{x}");
        }
        assert_eq!((exp_falling(0.0), exp_falling(-87.4), exp_falling(f32::NEG_INFINITY)), (1.0, 0.0, 0.0));
        assert!(exp_falling(-1e30) == 0.0 && exp_falling(f32::NAN).is_nan());
    }

    #[test]
    fn three_weights_worked_by_hand() {
        // Odds 1 : 2 : 5, then the same without "none", then only the first; a temperature of a half squares the odds.
        let (l2, l5) = (2f32.ln(), 5f32.ln());
        let (evidence, context) = ([l2, 0.0].repeat(3), [0.0, l5].repeat(3));
        for (inverse, odds) in [(1.0, [1.0, 2.0, 5.0]), (2.0, [1.0, 4.0, 25.0])] {
            let (mut none, mut first, mut second) = ([9.0; 3], [9.0; 3], [9.0; 3]);
            pair_weights(&evidence, &context, &[7, 6, 2], inverse, [&mut none, &mut first, &mut second]);
            let close = |got: [f32; 3], want: [f32; 3]| got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(close(none, [odds[0] / odds[2], 0.0, 0.0]), "{none:?}");
            assert!(close(first, [odds[1] / odds[2], odds[1] / odds[2], 1.0]), "{first:?}");
            assert!(close(second, [1.0, 1.0, 0.0]), "{second:?}");
        }
    }
}
