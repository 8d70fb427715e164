//! Perfect denoisers, where the exact context is known: independent cells, and a corpus of a few pieces.
//!
//! They are the closed forms against which samplers and the bound are tested, and a fixture for whoever needs a
//! [`Denoiser`] without a network.

use crate::math::{exp_f64, ln};
use crate::{Denoiser, Layout, Observation};

/// Every group of every token is drawn by itself, from the same prior in every token.
#[derive(Clone, Debug)]
pub struct Independent {
    layout: Layout,
    log_odds: Vec<f32>,
}

impl Independent {
    /// Cells with these probabilities (bits); a group's "none" has what its cells lack to 1.
    ///
    /// # Panics   unless there is one probability a bit, none negative, and every group sums to less than 1.
    pub fn new(layout: Layout, probabilities: &[f64]) -> Self {
        assert_eq!(probabilities.len(), layout.bits(), "one probability a bit");
        let mut log_odds = Vec::with_capacity(layout.bits());
        for (block, _, first) in layout.spans() {
            let span = &probabilities[first..first + block.groups * block.choices];
            for group in span.chunks_exact(block.choices) {
                let none = 1.0 - group.iter().sum::<f64>();
                assert!(none > 0.0 && group.iter().all(|&p| p >= 0.0), "probabilities {group:?}");
                log_odds.extend(group.iter().map(|p| clamp(ln(p / none))));
            }
        }
        Self { layout, log_odds }
    }
}

impl Denoiser for Independent {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn context(&self, _: Observation<'_>, context: &mut [f32]) {
        for token in context.chunks_exact_mut(self.log_odds.len()) {
            token.copy_from_slice(&self.log_odds);
        }
    }
}

/// A world in which only a few pieces exist, each with its probability.
#[derive(Clone, Debug)]
pub struct Corpus {
    layout: Layout,
    tokens: usize,
    /// Log weight and choices (T, groups) of each piece.
    pieces: Vec<(f64, Vec<u8>)>,
}

impl Corpus {
    /// Pieces of `tokens` tokens with weights (> 0, any sum) and choices (T, groups).
    ///
    /// # Panics   if there is no piece, a weight is not above 0, or choices do not fit the layout.
    pub fn new(layout: Layout, tokens: usize, pieces: Vec<(f64, Vec<u8>)>) -> Self {
        assert!(!pieces.is_empty(), "no piece");
        for (weight, choices) in &pieces {
            assert!(*weight > 0.0, "weight {weight}");
            assert_eq!(choices.len(), tokens * layout.groups(), "choices");
            for (block, first, _) in layout.spans() {
                for row in choices.chunks_exact(layout.groups()) {
                    assert!(row[first..first + block.groups].iter().all(|&c| c as usize <= block.choices), "choice");
                }
            }
        }
        let pieces = pieces.into_iter().map(|(weight, choices)| (ln(weight), choices)).collect();
        Self { layout, tokens, pieces }
    }

    /// Calls `visit(group, first bit, choices)` for every group of an item.
    fn each_group(&self, mut visit: impl FnMut(usize, usize, usize)) {
        for token in 0..self.tokens {
            for (block, first_group, first_bit) in self.layout.spans() {
                for i in 0..block.groups {
                    let group = token * self.layout.groups() + first_group + i;
                    visit(group, token * self.layout.bits() + first_bit + i * block.choices, block.choices);
                }
            }
        }
    }

    /// Log weight of each piece plus all evidence for it.
    fn log_posteriors(&self, evidence: &[f32]) -> Vec<f64> {
        let mut sums: Vec<f64> = self.pieces.iter().map(|(log_weight, _)| *log_weight).collect();
        self.each_group(|group, bit, _| {
            for (sum, (_, choices)) in sums.iter_mut().zip(&self.pieces) {
                *sum += evidence_for(choices[group], &evidence[bit..]);
            }
        });
        sums
    }

    fn item_context(&self, evidence: &[f32], context: &mut [f32]) {
        let totals = self.log_posteriors(evidence);
        let mut by_choice = Vec::new();
        self.each_group(|group, bit, choices| {
            by_choice.clear();
            by_choice.resize(choices + 1, f64::NEG_INFINITY);
            for (total, (_, piece)) in totals.iter().zip(&self.pieces) {
                let choice = piece[group];
                // Everything but the group's own evidence.
                let others = total - evidence_for(choice, &evidence[bit..]);
                let sum = &mut by_choice[choice as usize];
                *sum = log_add(*sum, others);
            }
            // Where no piece has "none", the likeliest choice stands at +CERTAIN and the rest keep their ratio to it.
            let likeliest = by_choice[1..].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let none = by_choice[0].max(likeliest - f64::from(Observation::CERTAIN));
            for (c, sum) in context[bit..bit + choices].iter_mut().zip(&by_choice[1..]) {
                *c = clamp(sum - none);
            }
        });
    }
}

impl Denoiser for Corpus {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn context(&self, seen: Observation<'_>, context: &mut [f32]) {
        assert_eq!(seen.tokens, self.tokens, "tokens");
        let bits = self.tokens * self.layout.bits();
        for (evidence, context) in seen.evidence.chunks_exact(bits).zip(context.chunks_exact_mut(bits)) {
            self.item_context(evidence, context);
        }
    }
}

/// A group's evidence for one of its choices, against none.
fn evidence_for(choice: u8, evidence: &[f32]) -> f64 {
    if choice == 0 { 0.0 } else { f64::from(evidence[choice as usize - 1]) }
}

/// log(eᵃ + eᵇ).
fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = (a.min(b), a.max(b));
    if low == f64::NEG_INFINITY { high } else { high + ln(1.0 + exp_f64(low - high)) }
}

fn clamp(log_odds: f64) -> f32 {
    (log_odds as f32).clamp(-Observation::CERTAIN, Observation::CERTAIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    fn look(corpus: &Corpus, evidence: &[f32]) -> Vec<f32> {
        let mut context = vec![0.0; evidence.len()];
        let log_snr = vec![0.0; corpus.tokens * corpus.layout.lanes()];
        let positions = vec![[0, 4]; corpus.tokens];
        let seen = Observation { items: 1, tokens: corpus.tokens, evidence, log_snr: &log_snr, positions: &positions };
        corpus.context(seen, &mut context);
        context
    }

    #[test]
    fn context_leaves_out_a_groups_own_evidence() {
        // Two cells that always agree: each one's context is the other's evidence.
        let layout = Layout::new(vec![Block { lane: 0, groups: 1, choices: 1 }]);
        let corpus = Corpus::new(layout, 2, vec![(1.0, vec![0, 0]), (1.0, vec![1, 1])]);
        let context = look(&corpus, &[1.5, -0.25]);
        assert!((context[0] + 0.25).abs() < 1e-6 && (context[1] - 1.5).abs() < 1e-6, "{context:?}");
    }

    #[test]
    fn choices_that_never_occur_are_clamped_and_ratios_kept() {
        // Group 1 is never none: choices 1 and 2 at 3 : 1; group 2 is always choice 1.
        let layout = Layout::new(vec![Block { lane: 0, groups: 2, choices: 2 }]);
        let corpus = Corpus::new(layout, 1, vec![(3.0, vec![1, 1]), (1.0, vec![2, 1])]);
        let context = look(&corpus, &[0.0; 4]);
        assert_eq!((context[0], context[2], context[3]), (30.0, 30.0, -30.0));
        assert!((context[0] - context[1] - 3f32.ln()).abs() < 1e-5, "{context:?}");
    }

    #[test]
    fn independent_cells_state_their_log_odds() {
        let layout = Layout::new(vec![Block { lane: 0, groups: 1, choices: 2 }]);
        let cells = Independent::new(layout, &[0.6, 0.0]);
        let mut context = [0.0; 2];
        let seen = Observation { items: 1, tokens: 1, evidence: &[0.0; 2], log_snr: &[0.0], positions: &[[0, 4]] };
        cells.context(seen, &mut context);
        assert!((context[0] - 1.5f32.ln()).abs() < 1e-6);
        assert_eq!(context[1], -Observation::CERTAIN);
    }
}
