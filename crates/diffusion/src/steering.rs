//! Wishes that reach across cells: leans before the posterior, rules after every draw.
//!
//! What binds one group alone is a [`Constraint`](crate::Constraint) and needs none of this. A rule between groups (at most
//! n of them on, this one only with that one) cannot be a mask: the sampler draws every group by itself. So after each
//! draw the rule moves the choices to some that obey it, as likely as it can find, and the walk goes on from there: the
//! evidence then gathers around choices that obey, and the last draw is moved as well, which makes the rule certain. It
//! costs no evaluation of the network. (Projection at each step, as in Christopher et al. 2024, arXiv:2402.03559, §4.)
//!
//! A lean tilts the context of one evaluation: adding δ f to the log-odds of cells with features f is the exact
//! projection of an independent posterior on "the expected sum of f is so and so" (Csiszár 1975), so no step size is
//! guessed. A black-box value needs neither: of several draws the best is kept (stochastic control by candidates, Huang
//! et al. 2024, arXiv:2402.14285), again without an evaluation.

use crate::{ChoiceSet, Noise};

/// What a wish may look at: one item after one evaluation. T tokens of the layout.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Index of the item in the batch.
    pub item: usize,
    /// How far the walk is, from 0 to 1 at the last look.
    pub progress: f64,
    /// Gathered evidence. (T, bits)
    pub evidence: &'a [f32],
    /// What each group may be. (T, groups)
    pub allowed: &'a [ChoiceSet],
    /// The posterior's logits are divided by this.
    pub temperature: f32,
    /// Randomness of this item at this look, for whoever must choose.
    pub noise: Noise,
}

/// Wishes of a batch that reach across cells. All methods must depend on nothing but what they are given, so that a seed
/// gives the same piece again.
pub trait Steering: Sync {
    /// Tilts the context (T, bits) of an item, after the task's own leans.
    fn lean(&self, _look: Look<'_>, _context: &mut [f32]) {}

    /// Moves drawn choices (T, groups) to some that obey the rules. `context` (T, bits) and the look's evidence say how
    /// likely each choice was. What the look allows only one choice for must stay. Obedient choices come back unchanged.
    fn settle(&self, _look: Look<'_>, _context: &[f32], _choices: &mut [u8]) {}

    /// How many draws compete at every step; with 1 [`Self::value`] is never asked.
    fn candidates(&self) -> usize {
        1
    }

    /// How good drawn choices (T, groups) are, higher better.
    fn value(&self, _look: Look<'_>, _choices: &[u8]) -> f64 {
        0.0
    }
}
