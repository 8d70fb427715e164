//! Asks every piece for something of its own (ranges, a scale, lanes that stay silent), and counts notes outside.
//!
//! cargo run --release -p aeolian-compose --example asks_hold -- [pieces, 1000] [steps, 4] [bars, 2]
//!
//! You should see 0 notes outside in pieces that were asked, and many in the same pieces without asking.

use aeolian_canvas::NoteLane;
use aeolian_compose::rules::{Rule, verify};
use aeolian_compose::{ComposeError, Composer, Request};
use aeolian_diffusion::Noise;
use aeolian_score::{Key, Mode};
use rayon::prelude::*;

/// What piece number `seed` is asked for: ranges of about two octaves for two lanes, the scale of a random key, and in every
/// third piece one lane that stays silent.
fn asked(seed: u64) -> (Key, Vec<Rule>) {
    let noise = Noise::new(seed);
    let one_of = |counter: u64, n: usize| ((noise.uniform(counter) * n as f64) as usize).min(n - 1);
    let mode = if one_of(0, 2) == 0 { Mode::Major } else { Mode::Minor };
    let key = Key { tonic: one_of(1, 12) as u8, mode };
    let range = |lane, lowest: usize| {
        let lowest = lowest as u8;
        Rule::Range { lane, lowest, highest: lowest + 19 }
    };
    let mut rules = vec![
        range(NoteLane::Melody, 55 + one_of(2, 14)),
        range(NoteLane::Harmony, 36 + one_of(3, 20)),
        Rule::Scale { pitch_classes: key.scale(), tension: 0.0, lanes: None },
    ];
    if seed.is_multiple_of(3) {
        rules.push(Rule::Silent { lane: [NoteLane::Counter, NoteLane::Harmony][one_of(4, 2)] });
    }
    (key, rules)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |n| std::env::args().nth(n);
    let pieces: u64 = argument(1).map_or(Ok(1000), |n| n.parse())?;
    let steps: usize = argument(2).map_or(Ok(4), |n| n.parse())?;
    let bars: usize = argument(3).map_or(Ok(2), |n| n.parse())?;
    let composer = Composer::builtin("transformer")?;
    let compose = |is_asked: bool| -> Result<Vec<[usize; 3]>, ComposeError> {
        (1..=pieces)
            .into_par_iter()
            .map(|seed| {
                let (key, rules) = asked(seed);
                let of_request = if is_asked { rules.clone() } else { Vec::new() };
                let (key, bars) = (Some(key), Some(bars));
                let request = Request { seed, key, bars, steps, rules: of_request, ..Request::default() };
                let piece = composer.compose(&request, &mut |_, _| true)?;
                let broken = |is_kind: fn(&Rule) -> bool| {
                    let of_kind: Vec<Rule> = rules.iter().filter(|rule| is_kind(rule)).cloned().collect();
                    verify(&piece.score, &of_kind).len()
                };
                Ok([
                    broken(|rule| matches!(rule, Rule::Range { .. })),
                    broken(|rule| matches!(rule, Rule::Scale { .. })),
                    broken(|rule| matches!(rule, Rule::Silent { .. })),
                ])
            })
            .collect()
    };
    println!("{pieces} pieces of {bars} bars, {steps} steps\n");
    println!("| | notes out of range | out of the scale | in silent lanes | pieces that keep all |");
    println!("|---|--:|--:|--:|--:|");
    for (name, is_asked) in [("not asked", false), ("asked", true)] {
        let broken = compose(is_asked)?;
        let sum = |kind: usize| broken.iter().map(|of| of[kind]).sum::<usize>();
        let kept = broken.iter().filter(|of| **of == [0; 3]).count();
        println!("| {name} | {} | {} | {} | {kept} of {pieces} |", sum(0), sum(1), sum(2));
    }
    Ok(())
}
