//! Guides the sampler by a rule of one's own, which it knows nothing of: the tune shall answer itself. The rhythm of its odd
//! bars is heard again in the even ones.
//!
//! cargo run --release -p aeolian-compose --example own_rule -- [pieces, 8] [steps, 32]
//!
//! You should see more of the rhythm come back under the rule, at the same number of network evaluations.

use aeolian_canvas::NoteLane;
use aeolian_compose::own_rule::{Draft, OwnRule};
use aeolian_compose::{Composer, Request};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Sixteenths in a bar of 4/4.
const BAR: usize = 16;

/// Every other bar of the tune has the rhythm of the bar before.
struct Answer;

impl OwnRule for Answer {
    fn name(&self) -> String {
        "the tune's rhythm is answered".into()
    }

    /// Onsets of pairs of bars that both have, as a share of those that either has.
    fn value(&self, draft: &Draft<'_>) -> f64 {
        let onsets: BTreeSet<usize> = draft.notes(NoteLane::Melody).iter().map(|note| note.start).collect();
        let in_pair = |step: &&usize| (**step / BAR).is_multiple_of(2);
        let both = onsets.iter().filter(in_pair).filter(|step| onsets.contains(&(*step + BAR))).count();
        let either = onsets.len() - both;
        if either == 0 { 0.0 } else { both as f64 / either as f64 }
    }

    fn candidates(&self) -> usize {
        16
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |n| std::env::args().nth(n);
    let pieces = argument(1).map_or(Ok(8), |n| n.parse::<u64>())?;
    let steps = argument(2).map_or(Ok(32), |n| n.parse::<usize>())?;
    let composer = Composer::builtin("transformer")?;
    let both: Vec<[f64; 2]> = (1..=pieces)
        .into_par_iter()
        .map(|seed| {
            let request = Request { seed, steps, ..Request::default() };
            let free = composer.compose(&request, &mut |_, _| true)?;
            let guided = composer.compose_with(&request, &Answer, &mut |_, _| true)?;
            assert_eq!(free.evaluations, guided.evaluations);
            Ok([free, guided].map(|piece| {
                let draft = Draft { canvas: &piece.canvas, up: 0, qpm: piece.tempo, first_quarter: 0, progress: 1.0 };
                Answer.value(&draft)
            }))
        })
        .collect::<Result<_, aeolian_compose::ComposeError>>()?;
    println!("share of the rhythm that is answered, {pieces} pieces of 8 bars, {steps} steps");
    for (index, name) in ["free", "guided"].into_iter().enumerate() {
        let values = both.iter().map(|pair| pair[index]);
        println!("{name}: {:.3}", values.sum::<f64>() / both.len().max(1) as f64);
    }
    Ok(())
}
