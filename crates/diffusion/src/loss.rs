//! Cross-entropy of the choices, given evidence and context, with its gradient for the trainer.
//!
//! The evidence is exact and known, so it stands inside the softmax and the network learns only what it adds:
//! loss = −log softmax{0, e₁ + c₁, …} at the choice, d loss / d c = P − onehot.

use crate::math::{exp, ln};
use crate::posterior::WIDEST;
use crate::{Layout, UNKNOWN};

/// Sums of a cross-entropy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// Nats in each lane, unweighted, over groups that are known and have a weight above 0. (lanes)
    pub nats: Vec<f64>,
    /// How many groups those were. (lanes)
    pub groups: Vec<usize>,
    /// The weighted sum: what `gradient` is the gradient of.
    pub weighted: f64,
}

impl CrossEntropy {
    /// Nothing summed yet.
    pub fn empty(layout: &Layout) -> Self {
        Self { nats: vec![0.0; layout.lanes()], groups: vec![0; layout.lanes()], weighted: 0.0 }
    }

    /// Adds another sum to this one.
    pub fn add(&mut self, other: &Self) {
        self.nats.iter_mut().zip(&other.nats).for_each(|(a, b)| *a += b);
        self.groups.iter_mut().zip(&other.groups).for_each(|(a, b)| *a += b);
        self.weighted += other.weighted;
    }

    /// All lanes together, in nats.
    pub fn total(&self) -> f64 {
        self.nats.iter().sum()
    }
}

/// Cross-entropy of `choices` (N, groups) given `evidence` and `context` (N, bits).
///
/// `weights` (N, lanes) scale each token's lanes in the weighted sum and the gradient; 0 leaves a lane out altogether.
/// Groups that are [`UNKNOWN`] are left out. Where given, `gradient` (N, bits) is overwritten with the gradient of the
/// weighted sum with respect to `context`, 0 where left out. Finite at logits of ±100 and far beyond.
///
/// # Panics   on arrays of the wrong length, or a choice that its group does not have.
pub fn cross_entropy(
    layout: &Layout,
    evidence: &[f32],
    context: &[f32],
    choices: &[u8],
    weights: &[f32],
    mut gradient: Option<&mut [f32]>,
) -> CrossEntropy {
    let tokens = choices.len() / layout.groups();
    assert_eq!(choices.len(), tokens * layout.groups(), "choices");
    assert_eq!(evidence.len(), tokens * layout.bits(), "evidence");
    assert_eq!(context.len(), evidence.len(), "context");
    assert_eq!(weights.len(), tokens * layout.lanes(), "weights");
    if let Some(gradient) = gradient.as_deref_mut() {
        assert_eq!(gradient.len(), context.len(), "gradient");
        gradient.fill(0.0);
    }
    let mut sums = CrossEntropy::empty(layout);
    let mut slope = [0.0; WIDEST];
    for token in 0..tokens {
        for (block, first_group, first_bit) in layout.spans() {
            let weight = weights[token * layout.lanes() + block.lane];
            if weight == 0.0 {
                continue;
            }
            for i in 0..block.groups {
                let choice = choices[token * layout.groups() + first_group + i];
                if choice == UNKNOWN {
                    continue;
                }
                let bit = token * layout.bits() + first_bit + i * block.choices;
                let cells = bit..bit + block.choices;
                let nats = group_loss(&evidence[cells.clone()], &context[cells.clone()], choice as usize, &mut slope);
                sums.nats[block.lane] += nats;
                sums.groups[block.lane] += 1;
                sums.weighted += f64::from(weight) * nats;
                if let Some(gradient) = gradient.as_deref_mut() {
                    for (g, s) in gradient[cells].iter_mut().zip(&slope) {
                        *g = weight * s;
                    }
                }
            }
        }
    }
    sums
}

/// −log P(choice) of one group; P − onehot of its cells into `slope`.
#[inline]
fn group_loss(evidence: &[f32], context: &[f32], choice: usize, slope: &mut [f32; WIDEST]) -> f64 {
    assert!(choice <= evidence.len(), "choice {choice} of {}", evidence.len());
    let mut largest = 0f32;
    for (k, (e, c)) in evidence.iter().zip(context).enumerate() {
        slope[k] = e + c;
        largest = largest.max(slope[k]);
    }
    let chosen = if choice == 0 { 0.0 } else { slope[choice - 1] };
    // Summed in double precision: beside the largest term, which is exactly 1, a sure group's rest would vanish in single.
    let mut sum = f64::from(exp(-largest));
    for value in &mut slope[..evidence.len()] {
        *value = exp(*value - largest);
        sum += f64::from(*value);
    }
    let scale = (1.0 / sum) as f32;
    for value in &mut slope[..evidence.len()] {
        *value *= scale;
    }
    if choice > 0 {
        slope[choice - 1] -= 1.0;
    }
    ln(sum) + f64::from(largest) - f64::from(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Noise};

    fn layout() -> Layout {
        Layout::new(vec![
            Block { lane: 0, groups: 2, choices: 2 },
            Block { lane: 1, groups: 1, choices: 5 },
            Block { lane: 1, groups: 2, choices: 1 },
        ])
    }

    #[test]
    fn worked_by_hand() {
        // Odds 1 : 2 : 5.
        let layout = Layout::new(vec![Block { lane: 0, groups: 1, choices: 2 }]);
        let mut gradient = [0.0; 2];
        let sums =
            cross_entropy(&layout, &[1.0, 0.0], &[2f32.ln() - 1.0, 5f32.ln()], &[2], &[3.0], Some(&mut gradient));
        assert!((sums.nats[0] - (8f64 / 5.0).ln()).abs() < 1e-6);
        assert!((sums.weighted - 3.0 * sums.nats[0]).abs() < 1e-9);
        assert!((gradient[0] - 0.75).abs() < 1e-6 && (gradient[1] - 3.0 * (0.625 - 1.0)).abs() < 1e-6);
        assert_eq!(sums.groups, [1]);
    }

    #[test]
    fn gradient_equals_the_difference_quotient() {
        let layout = layout();
        let mut evidence = vec![0.0; 2 * layout.bits()];
        let mut context = evidence.clone();
        Noise::new(1).fill_normal(&mut evidence, 0);
        Noise::new(2).fill_normal(&mut context, 0);
        let choices = [0, 2, 3, 1, UNKNOWN, 1, UNKNOWN, 0, 0, 1];
        let weights = [1.0, 0.5, 2.0, 1.5];
        let mut gradient = vec![0.0; context.len()];
        cross_entropy(&layout, &evidence, &context, &choices, &weights, Some(&mut gradient));
        for i in 0..context.len() {
            let at = |change: f32| {
                let mut moved = context.clone();
                moved[i] += change;
                cross_entropy(&layout, &evidence, &moved, &choices, &weights, None).weighted
            };
            let quotient = (at(0.05) - at(-0.05)) / 0.1;
            assert!((quotient - f64::from(gradient[i])).abs() < 2e-3, "{i}: {quotient} {}", gradient[i]);
        }
        assert_eq!(gradient[10], 0.0, "an unknown group");
    }

    #[test]
    fn far_logits_stay_finite_and_exact() {
        let layout = Layout::new(vec![Block { lane: 0, groups: 1, choices: 2 }]);
        for (logits, choice, nats) in [
            ([100.0, -100.0], 1, 0.0),
            ([100.0, -100.0], 2, 200.0),
            ([-100.0, -100.0], 0, 0.0),
            ([-100.0, 100.0], 0, 100.0),
            ([100.0, 100.0], 1, 2f64.ln()),
            ([1e6, -1e6], 2, 2e6),
        ] {
            let mut gradient = [0.0; 2];
            let sums = cross_entropy(&layout, &logits, &[0.0; 2], &[choice], &[1.0], Some(&mut gradient));
            assert!((sums.nats[0] - nats).abs() < 1e-5, "{logits:?} {choice}: {}", sums.nats[0]);
            assert!(gradient.iter().all(|g| (-1.0..=1.0).contains(g)));
        }
        // A nearly sure cell still has a measurable loss: ln(1 + e⁻²⁰).
        let sums = cross_entropy(&layout, &[-20.0, -100.0], &[0.0; 2], &[0], &[1.0], None);
        assert!((sums.nats[0] / (-20f64).exp().ln_1p() - 1.0).abs() < 1e-6, "{}", sums.nats[0]);
    }

    #[test]
    fn unknown_and_weightless_groups_are_left_out() {
        let layout = layout();
        let bits = vec![3.0; layout.bits()];
        let choices = [0, UNKNOWN, 3, 0, 1];
        let sums = cross_entropy(&layout, &bits, &bits, &choices, &[1.0, 0.0], None);
        assert_eq!((sums.groups.as_slice(), sums.nats[1]), ([1, 0].as_slice(), 0.0));
        let mut twice = sums.clone();
        twice.add(&sums);
        assert_eq!(twice.total(), 2.0 * sums.total());
    }
}
