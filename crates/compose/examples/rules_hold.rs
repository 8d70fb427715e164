//! Composes pieces freely, under each hard rule alone and under all at once, and counts how often a rule is broken; then
//! how the pieces under rules differ from free ones of the same seeds in the figures of the evaluation.
//!
//! cargo run --release -p aeolian-compose --example rules_hold -- [pieces, 20] [steps, 64] [bars, 8]
//!
//! You should see many violations in free pieces, 0 under rules, and the same number of network evaluations. Rules are
//! kept whatever the number of steps; the figures are worth reading at the program's own 64.

use aeolian_canvas::NoteLane;
use aeolian_compose::rules::{Rule, verify};
use aeolian_compose::{ComposeError, Composer, Composition, Request};
use aeolian_metrics::Excerpt;
use aeolian_metrics::report::{FIGURES, PieceFigures, Summary};
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

/// How many, how finely, how long.
#[derive(Clone, Copy)]
struct Size {
    pieces: u64,
    steps: usize,
    bars: usize,
}

fn compose(composer: &Composer, size: Size, rules: &[Rule]) -> Result<Vec<Composition>, ComposeError> {
    (1..=size.pieces)
        .into_par_iter()
        .map(|seed| {
            let (key, bars, steps) = ("G major".parse().ok(), Some(size.bars), size.steps);
            let request = Request { seed, key, bars, steps, rules: rules.to_vec(), ..Request::default() };
            composer.compose(&request, &mut |_, _| true)
        })
        .collect()
}

/// Violations in all pieces, and pieces that have one.
fn count(set: &[Composition], rules: &[Rule]) -> (usize, usize) {
    let of_pieces: Vec<usize> = set.iter().map(|piece| verify(&piece.score, rules).len()).collect();
    (of_pieces.iter().sum(), of_pieces.iter().filter(|violations| **violations > 0).count())
}

fn figures_of(pieces: &[Composition]) -> Vec<PieceFigures> {
    pieces.iter().map(|piece| PieceFigures::of(&Excerpt::from_canvas(&piece.canvas))).collect()
}

/// Every figure's difference from that of the free piece of the same seed: mean ± standard error.
fn differences(name: &str, free: &[PieceFigures], ruled: &[PieceFigures]) {
    let difference = |figure: &aeolian_metrics::report::Figure| {
        let pairs = free.iter().zip(ruled).map(|(free, ruled)| Some((figure.of)(ruled)? - (figure.of)(free)?));
        let digits = figure.digits;
        match Summary::of(pairs) {
            Some(Summary { mean, standard_error: Some(error), .. }) => format!("{mean:+.digits$} ± {error:.digits$}"),
            Some(Summary { mean, .. }) => format!("{mean:+.digits$}"),
            None => "–".to_owned(),
        }
    };
    println!("| {name} | {} |", FIGURES.iter().map(difference).collect::<Vec<_>>().join(" | "));
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |n| std::env::args().nth(n);
    let size = Size {
        pieces: argument(1).map_or(Ok(20), |n| n.parse())?,
        steps: argument(2).map_or(Ok(64), |n| n.parse())?,
        bars: argument(3).map_or(Ok(8), |n| n.parse())?,
    };
    let composer = Composer::builtin("transformer")?;
    let mut sets: Vec<(&str, Vec<Rule>)> =
        rules("G major".parse()?).into_iter().map(|(name, rule)| (name, vec![rule])).collect();
    sets.push(("all at once", sets.iter().flat_map(|(_, rules)| rules.clone()).collect()));
    let free = compose(&composer, size, &[])?;
    let Size { pieces, steps, bars } = size;
    println!("{pieces} pieces of {bars} bars, {steps} steps\n");
    println!(
        "| rule | violations in free pieces | under the rule | pieces that keep it | evaluations a piece, free / ruled |"
    );
    println!("|---|--:|--:|--:|--:|");
    let mut figures = Vec::new();
    for (name, rules) in &sets {
        let ruled = compose(&composer, size, rules)?;
        let (broken, pieces_broken) = count(&ruled, rules);
        let evaluations = [&free, &ruled].map(|set| set.iter().map(|p| p.evaluations).max().unwrap_or(0));
        println!(
            "| {name} | {} | {broken} | {} of {} | {} / {} |",
            count(&free, rules).0,
            ruled.len() - pieces_broken,
            ruled.len(),
            evaluations[0],
            evaluations[1]
        );
        figures.push((*name, figures_of(&ruled)));
    }
    println!("\nDifferences from the free pieces of the same seeds (the first row: the free pieces themselves)\n");
    let of_free = figures_of(&free);
    println!("| rule | {} |", FIGURES.map(|figure| figure.name).join(" | "));
    println!("|---|{}", "--:|".repeat(FIGURES.len()));
    let mean = |figure: &aeolian_metrics::report::Figure| {
        let mean = Summary::of(of_free.iter().map(figure.of)).map_or(f64::NAN, |summary| summary.mean);
        format!("{mean:.*}", figure.digits)
    };
    println!("| free | {} |", FIGURES.iter().map(mean).collect::<Vec<_>>().join(" | "));
    for (name, ruled) in &figures {
        differences(name, &of_free, ruled);
    }
    Ok(())
}
