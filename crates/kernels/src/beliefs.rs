//! What a network reads of evidence: probabilities, whitened and squashed, many cells at once.
//!
//! The operations and their order are those of the scalar formulas, so the bits are as well.

use crate::elementwise::{exp, tanh};
use crate::isa::vectorised;

vectorised! {
    /// Probabilities of the two choices of every group beside "none": softmax of (0, e₁ + p₁, e₂ + p₂), stable. The three
    /// slices hold pairs.
    pub fn pair_beliefs(evidence: &[f32], prior: &[f32], belief: &mut [f32]) {
        let pairs = belief.as_chunks_mut::<2>().0.iter_mut();
        for ((b, e), p) in pairs.zip(evidence.as_chunks::<2>().0).zip(prior.as_chunks::<2>().0) {
            let (first, second) = (e[0] + p[0], e[1] + p[1]);
            let largest = 0f32.max(first).max(second);
            let (first, second) = (exp(first - largest), exp(second - largest));
            let total = exp(-largest) + first + second;
            *b = [first / total, second / total];
        }
    }
}

vectorised! {
    /// (belief − mean) / deviation, cell by cell.
    pub fn whiten(belief: &[f32], mean: &[f32], deviation: &[f32], out: &mut [f32]) {
        for (((x, b), m), d) in out.iter_mut().zip(belief).zip(mean).zip(deviation) {
            *x = (b - m) / d;
        }
    }
}

vectorised! {
    /// tanh(x · scale)
    pub fn squash(x: &[f32], scale: f32, out: &mut [f32]) {
        for (y, x) in out.iter_mut().zip(x) {
            *y = tanh(scale * x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_worked_by_hand() {
        // Odds 1 : 2 : 5, once by the prior and once by the evidence; and far out, where one choice has it all.
        let (l2, l5) = (2f32.ln(), 5f32.ln());
        let mut belief = [0.0; 6];
        pair_beliefs(&[0.0, l5, l2, 0.0, 900.0, -900.0], &[l2, 0.0, 0.0, l5, 0.0, 0.0], &mut belief);
        for (b, expected) in belief.iter().zip([0.25, 0.625, 0.25, 0.625, 1.0, 0.0]) {
            assert!((b - expected).abs() < 1e-6, "{belief:?}");
        }
    }

    #[test]
    fn whitening_and_squashing() {
        let mut out = [0.0; 2];
        whiten(&[0.5, 0.1], &[0.1, 0.1], &[0.2, 0.2], &mut out);
        assert!((out[0] - 2.0).abs() < 1e-6 && out[1] == 0.0);
        squash(&[4.0, -1000.0], 0.25, &mut out);
        assert!((out[0] - 1f32.tanh()).abs() < 1e-6 && out[1] == -1.0);
    }
}
