//! The exact posterior of a group: softmax over {0 for none, e₁ + c₁, e₂ + c₂, …}.
//!
//! Every cell is observed through its own noise and evidence adds up, so a choice's log-odds against none are the
//! network's context c plus the cell's evidence e. A choice is drawn, never two cells apart. All functions work on any
//! number of tokens in a row; `allowed` is (N, groups), or empty where nothing is forbidden. What is forbidden has
//! probability exactly 0 and is never returned, whatever the network says, NaN included.

use crate::math::exp;
use crate::{ChoiceSet, Layout, Noise};
use aeolian_kernels::noise::uniform_of_word;
use aeolian_kernels::weights::{LOGIT_LIMIT, pair_weights};

/// Room for "none" and every choice of the largest group.
pub(crate) const WIDEST: usize = ChoiceSet::HIGHEST + 1;

/// Unnormalised probabilities of one group: none first.
struct Weights {
    values: [f32; WIDEST],
    sum: f64,
}

fn weigh(evidence: &[f32], context: &[f32], allowed: ChoiceSet, inverse_temperature: f32) -> Weights {
    let mut values = [0.0; WIDEST];
    let mut largest = if allowed.contains(0) { 0.0 } else { f32::NEG_INFINITY };
    for (k, (e, c)) in evidence.iter().zip(context).enumerate() {
        let logit = ((e + c) * inverse_temperature).clamp(-LOGIT_LIMIT, LOGIT_LIMIT);
        values[k + 1] = logit;
        if allowed.contains(k + 1) {
            largest = largest.max(logit);
        }
    }
    let mut sum = 0.0;
    for (k, value) in values[..=evidence.len()].iter_mut().enumerate() {
        *value = if allowed.contains(k) { exp(*value - largest) } else { 0.0 };
        sum += f64::from(*value);
    }
    Weights { values, sum }
}

/// The choice at `uniform` in (0, 1) of the cumulated weights (none first); an allowed one even where weights are NaN.
fn pick(weights: &[f32], sum: f64, allowed: ChoiceSet, uniform: f64) -> u8 {
    let mut left = uniform * sum;
    let mut last = None;
    for (k, &weight) in weights.iter().enumerate().filter(|&(k, _)| allowed.contains(k)) {
        let weight = f64::from(weight);
        if left < weight {
            return k as u8;
        }
        if weight > 0.0 || last.is_none() {
            last = Some(k as u8);
        }
        left -= weight;
    }
    last.unwrap_or(0)
}

impl Weights {
    /// The likeliest choice, the first of equals.
    fn best(&self, choices: usize, allowed: ChoiceSet) -> u8 {
        let mut best: Option<usize> = None;
        for k in (0..=choices).filter(|&k| allowed.contains(k)) {
            if best.is_none_or(|b| self.values[k] > self.values[b]) {
                best = Some(k);
            }
        }
        best.unwrap_or(0) as u8
    }
}

fn check_lengths(layout: &Layout, evidence: &[f32], context: &[f32], allowed: &[ChoiceSet]) {
    assert_eq!(evidence.len(), context.len(), "evidence and context");
    assert_eq!(evidence.len() % layout.bits(), 0, "whole tokens");
    let tokens = evidence.len() / layout.bits();
    assert!(allowed.is_empty() || allowed.len() == tokens * layout.groups(), "allowed choices");
    let most = layout.blocks().iter().map(|block| block.choices).max().unwrap_or(0);
    assert!(most <= ChoiceSet::HIGHEST, "at most {} choices in a group", ChoiceSet::HIGHEST);
}

/// Calls `visit(group index, first cell index, choices, allowed)` for every group of every token.
fn each_group(
    layout: &Layout,
    evidence: &[f32],
    context: &[f32],
    allowed: &[ChoiceSet],
    mut visit: impl FnMut(usize, usize, usize, ChoiceSet),
) {
    check_lengths(layout, evidence, context, allowed);
    for token in 0..evidence.len() / layout.bits() {
        for (block, first_group, first_bit) in layout.spans() {
            for i in 0..block.groups {
                let group = token * layout.groups() + first_group + i;
                let bit = token * layout.bits() + first_bit + i * block.choices;
                visit(group, bit, block.choices, allowed.get(group).copied().unwrap_or(ChoiceSet::ALL));
            }
        }
    }
}

/// Probability of every cell into `out`; what a group lacks to 1 is its "none". (N, bits)
///
/// Logits are divided by `temperature` (> 0).
///
/// # Panics   on arrays of the wrong length.
pub fn probabilities(
    layout: &Layout,
    evidence: &[f32],
    context: &[f32],
    allowed: &[ChoiceSet],
    temperature: f32,
    out: &mut [f32],
) {
    assert_eq!(out.len(), evidence.len(), "probabilities");
    each_group(layout, evidence, context, allowed, |_, bit, choices, set| {
        let cells = bit..bit + choices;
        let weights = weigh(&evidence[cells.clone()], &context[cells.clone()], set, 1.0 / temperature);
        for (p, w) in out[cells].iter_mut().zip(&weights.values[1..]) {
            *p = (f64::from(*w) / weights.sum) as f32;
        }
    });
}

/// The expected cells x̂₀ = 2P − 1, in [−1, 1]. (N, bits)
///
/// # Panics   on arrays of the wrong length.
pub fn denoised(
    layout: &Layout,
    evidence: &[f32],
    context: &[f32],
    allowed: &[ChoiceSet],
    temperature: f32,
    out: &mut [f32],
) {
    probabilities(layout, evidence, context, allowed, temperature, out);
    for value in out {
        *value = 2.0 * *value - 1.0;
    }
}

/// Draws every group's choice. (N, groups) Group number g of the slice uses the uniform at counter g.
///
/// # Panics   on arrays of the wrong length.
pub fn draw(
    layout: &Layout,
    evidence: &[f32],
    context: &[f32],
    allowed: &[ChoiceSet],
    temperature: f32,
    noise: Noise,
    out: &mut [u8],
) {
    assert_eq!(out.len() * layout.bits(), evidence.len() * layout.groups(), "choices");
    check_lengths(layout, evidence, context, allowed);
    for token in 0..evidence.len() / layout.bits() {
        for (block, first_group, first_bit) in layout.spans() {
            for start in (0..block.groups).step_by(SIDE_BY_SIDE) {
                let count = SIDE_BY_SIDE.min(block.groups - start);
                let group = token * layout.groups() + first_group + start;
                let bit = token * layout.bits() + first_bit + start * block.choices;
                let cells = bit..bit + count * block.choices;
                let sets = if allowed.is_empty() { allowed } else { &allowed[group..group + count] };
                let run = Run {
                    evidence: &evidence[cells.clone()],
                    context: &context[cells],
                    sets,
                    inverse_temperature: 1.0 / temperature,
                    noise,
                    first: group as u64,
                };
                let out = &mut out[group..group + count];
                if block.choices == 2 { run.draw_pairs(out) } else { run.draw(block.choices, out) }
            }
        }
    }
}

/// Groups that are drawn side by side.
const SIDE_BY_SIDE: usize = 64;

/// Some groups of one block. `first`: the counter of the first one's uniform.
struct Run<'a> {
    evidence: &'a [f32],
    context: &'a [f32],
    sets: &'a [ChoiceSet],
    inverse_temperature: f32,
    noise: Noise,
    first: u64,
}

impl Run<'_> {
    fn set(&self, i: usize) -> ChoiceSet {
        self.sets.get(i).copied().unwrap_or(ChoiceSet::ALL)
    }

    /// Groups of two choices, as nearly all are.
    fn draw_pairs(&self, out: &mut [u8]) {
        let n = out.len();
        let (mut words, mut allowed) = ([0; SIDE_BY_SIDE], [0; SIDE_BY_SIDE]);
        self.noise.fill_bits(&mut words[..n], self.first);
        allowed[..n].iter_mut().enumerate().for_each(|(i, bits)| *bits = self.set(i).bits());
        let [mut none, mut first, mut second] = [[0.0; SIDE_BY_SIDE]; 3];
        let weights = [&mut none[..], &mut first[..], &mut second[..]];
        pair_weights(self.evidence, self.context, &allowed[..n], self.inverse_temperature, weights);
        for (i, choice) in out.iter_mut().enumerate() {
            let weights = [none[i], first[i], second[i]];
            let sum = f64::from(none[i]) + f64::from(first[i]) + f64::from(second[i]);
            *choice = pick(&weights, sum, self.set(i), uniform_of_word(words[i]));
        }
    }

    fn draw(&self, choices: usize, out: &mut [u8]) {
        let mut words = [0; SIDE_BY_SIDE];
        self.noise.fill_bits(&mut words[..out.len()], self.first);
        for (i, choice) in out.iter_mut().enumerate() {
            let (set, cells) = (self.set(i), i * choices..(i + 1) * choices);
            *choice = set.within(choices).single().unwrap_or_else(|| {
                let w = weigh(&self.evidence[cells.clone()], &self.context[cells], set, self.inverse_temperature);
                pick(&w.values[..=choices], w.sum, set, uniform_of_word(words[i]))
            });
        }
    }
}

/// Every group's likeliest allowed choice. (N, groups)
///
/// # Panics   on arrays of the wrong length.
pub fn best(layout: &Layout, evidence: &[f32], context: &[f32], allowed: &[ChoiceSet], out: &mut [u8]) {
    assert_eq!(out.len() * layout.bits(), evidence.len() * layout.groups(), "choices");
    each_group(layout, evidence, context, allowed, |group, bit, choices, set| {
        let cells = bit..bit + choices;
        out[group] = weigh(&evidence[cells.clone()], &context[cells], set, 1.0).best(choices, set);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;
    use proptest::prelude::*;

    fn one_group(choices: usize) -> Layout {
        Layout::new(vec![Block { lane: 0, groups: 1, choices }])
    }

    #[test]
    fn three_states_worked_by_hand() {
        // Log-odds ln 2 and ln 5 against none: 1 : 2 : 5.
        let mut p = [0.0; 2];
        probabilities(&one_group(2), &[1.0, 0.0], &[2f32.ln() - 1.0, 5f32.ln()], &[], 1.0, &mut p);
        assert!((p[0] - 0.25).abs() < 1e-6 && (p[1] - 0.625).abs() < 1e-6, "{p:?}");
        denoised(&one_group(2), &[1.0, 0.0], &[2f32.ln() - 1.0, 5f32.ln()], &[], 1.0, &mut p);
        assert!((p[0] + 0.5).abs() < 1e-6 && (p[1] - 0.25).abs() < 1e-6, "{p:?}");
        // Temperature ½ squares the odds: 1 : 4 : 25.
        probabilities(&one_group(2), &[1.0, 0.0], &[2f32.ln() - 1.0, 5f32.ln()], &[], 0.5, &mut p);
        assert!((p[0] - 4.0 / 30.0).abs() < 1e-6, "{p:?}");
    }

    #[test]
    fn draws_follow_the_probabilities() {
        // 30,000 groups at 1 : 2 : 5; five standard errors of a count are 5 √(N p (1−p)).
        const N: usize = 30_000;
        let evidence = vec![0.0; 2 * N];
        let context = [2f32.ln(), 5f32.ln()].repeat(N);
        let mut choices = vec![0; N];
        draw(&one_group(2), &evidence, &context, &[], 1.0, Noise::new(3), &mut choices);
        for (choice, p) in [(0, 0.125), (1, 0.25), (2, 0.625)] {
            let count = choices.iter().filter(|&&c| c == choice).count() as f64;
            assert!((count - N as f64 * p).abs() < 5.0 * (N as f64 * p * (1.0 - p)).sqrt(), "{choice}: {count}");
        }
    }

    #[test]
    fn what_is_left_after_rules_keeps_its_ratio() {
        // None is forbidden and both others stand at −100, where their own exponentials would vanish: still 1 : 3.
        let not_none = [ChoiceSet::ALL.without(0)];
        let mut p = [0.0; 2];
        probabilities(&one_group(2), &[-100.0, -100.0], &[0.0, 3f32.ln()], &not_none, 1.0, &mut p);
        assert!((p[0] - 0.25).abs() < 1e-4 && (p[1] - 0.75).abs() < 1e-4, "{p:?}");
    }

    #[test]
    fn ties_go_to_the_first() {
        let mut choice = [9];
        best(&one_group(2), &[0.0, 0.0], &[0.0, 0.0], &[], &mut choice);
        assert_eq!(choice, [0]);
    }

    #[test]
    fn rules_hold_against_any_number() {
        let wild = [0.0, 100.0, -100.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN];
        for a in wild {
            for b in wild {
                for choice in 0..3 {
                    let only = [ChoiceSet::only(choice)];
                    let mut out = [9];
                    draw(&one_group(2), &[a, b], &[b, a], &only, 1.0, Noise::new(1), &mut out);
                    assert_eq!(out, [choice]);
                    best(&one_group(2), &[a, b], &[b, a], &only, &mut out);
                    assert_eq!(out, [choice]);
                    let not = [ChoiceSet::ALL.without(choice)];
                    for seed in 0..20 {
                        draw(&one_group(2), &[a, 0.0], &[0.0, b], &not, 1.0, Noise::new(seed), &mut out);
                        assert!(out[0] != choice && out[0] <= 2, "{a} {b}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn probabilities_are_probabilities(
            logits in proptest::collection::vec((-100f32..100.0, -100f32..100.0), 24),
            scale in prop_oneof![Just(1.0f32), Just(0.01), Just(1e6)],
        ) {
            let (evidence, context): (Vec<_>, Vec<_>) = logits.into_iter().map(|(e, c)| (e * scale, c * scale)).unzip();
            let mut p = vec![0.0; 24];
            probabilities(&one_group(24), &evidence, &context, &[], 1.0, &mut p);
            prop_assert!(p.iter().all(|p| (0.0..=1.0).contains(p)));
            prop_assert!(p.iter().sum::<f32>() <= 1.0 + 1e-5);
        }
    }
}
