//! Composes pieces of 8 bars freely, under each hard rule alone and under all at once, and counts how often a rule is
//! broken; then how the pieces under rules differ from free ones in the figures of the evaluation.
//!
//! cargo run --release -p aeolian-compose --example rules_hold -- [pieces, 20] [steps, 64]
//!
//! You should see many violations in free pieces, 0 under rules, and the same number of network evaluations.

use aeolian_canvas::NoteLane;
use aeolian_compose::rules::{Rule, verify};
use aeolian_compose::{ComposeError, Composer, Composition, Request};
use aeolian_metrics::Excerpt;
use aeolian_metrics::report::{PieceFigures, table};
use rayon::prelude::*;

/// Each rule with its name; the scale is the one of the key in which all pieces are.
fn rules(key: aeolian_score::Key) -> Vec<(&'static str, Rule)> {
    use NoteLane::{Counter, Harmony, Melody};
    vec![
        ("melody C4-G5", Rule::Range { lane: Melody, lowest: 60, highest: 79 }),
        ("harmony C2-C5", Rule::Range { lane: Harmony, lowest: 36, highest: 72 }),
        ("scale", Rule::Scale { pitch_classes: key.scale(), tension: 0.0, lanes: None }),
        ("scale but 5 %", Rule::Scale { pitch_classes: key.scale(), tension: 0.05, lanes: None }),
        ("chord tones", Rule::ChordTonesOnStrongBeats { lanes: vec![Melody, Harmony] }),
        ("melody alone", Rule::MostVoices { lane: Some(Melody), voices: 1 }),
        ("5 voices", Rule::MostVoices { lane: None, voices: 5 }),
        ("hands of a tenth", Rule::HandSpan { lane: Harmony, semitones: 16, hands: 2 }),
        ("no parallels", Rule::NoParallels { upper: Melody, lower: Harmony }),
        ("melody's speed", Rule::Speed { lane: Melody, most_per_second: 5.0 }),
        ("eighths", Rule::Onsets { lane: Harmony, allowed_steps: [true, false, true, false] }),
        ("no counter", Rule::Silent { lane: Counter }),
    ]
}

fn compose(
    composer: &Composer,
    (pieces, steps): (u64, usize),
    rules: &[Rule],
) -> Result<Vec<Composition>, ComposeError> {
    (1..=pieces)
        .into_par_iter()
        .map(|seed| {
            let key = "G major".parse().ok();
            let request = Request { seed, key, steps, rules: rules.to_vec(), ..Request::default() };
            composer.compose(&request, &mut |_, _| true)
        })
        .collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |n| std::env::args().nth(n);
    let pieces = argument(1).map_or(Ok(20), |n| n.parse::<u64>())?;
    let size = (pieces, argument(2).map_or(Ok(64), |n| n.parse::<usize>())?);
    let composer = Composer::builtin("transformer")?;
    let rules = rules("G major".parse()?);
    let free = compose(&composer, size, &[])?;
    let count = |set: &[Composition], rule: &Rule| -> usize {
        set.iter().map(|piece| verify(&piece.score, std::slice::from_ref(rule)).len()).sum()
    };
    let mut figures = vec![("free", figures_of(&free))];
    println!("| rule | violations in {pieces} free pieces | under the rule | evaluations a piece, free / ruled |");
    println!("|---|--:|--:|--:|");
    for (name, rule) in &rules {
        let ruled = compose(&composer, size, std::slice::from_ref(rule))?;
        let evaluations = (free[0].evaluations, ruled[0].evaluations);
        println!(
            "| {name} | {} | {} | {} / {} |",
            count(&free, rule),
            count(&ruled, rule),
            evaluations.0,
            evaluations.1
        );
        figures.push((name, figures_of(&ruled)));
    }
    let all: Vec<Rule> = rules.iter().map(|(_, rule)| rule.clone()).collect();
    let ruled = compose(&composer, size, &all)?;
    let sum = |set: &[Composition]| all.iter().map(|rule| count(set, rule)).sum::<usize>();
    println!("| all at once | {} | {} | {} / {} |", sum(&free), sum(&ruled), free[0].evaluations, ruled[0].evaluations);
    figures.push(("all at once", figures_of(&ruled)));
    println!("\n{}", table(&figures));
    Ok(())
}

fn figures_of(pieces: &[Composition]) -> Vec<PieceFigures> {
    pieces.iter().map(|piece| PieceFigures::of(&Excerpt::from_canvas(&piece.canvas))).collect()
}
