//! Figures of composed pieces beside real excerpts and the 3-gram model's, all through the same functions.

use crate::originality::shared_runs;
use crate::{Candidate, EvaluateError, Material, Settings, WINDOW};
use aeolian_canvas::{BarPosition, Canvas};
use aeolian_compose::Request;
use aeolian_metrics::Excerpt;
use aeolian_metrics::report::{FIGURES, MAIN_FIGURES, PieceFigures, table, table_of};
use rayon::prelude::*;
use std::fmt::Write;

/// Seed of the real excerpts.
const SEED: u64 = 21;
/// Seed of the first composed piece: `aeolian compose -n 200 --bars 8 --seed 1` makes the same ones.
const FIRST_PIECE: u64 = 1;

/// The sets, the main table, the other figures, and the shared runs.
pub fn tables(
    settings: &Settings,
    material: &Material,
    candidates: &[Candidate],
    say: &mut dyn FnMut(&str),
) -> Result<String, EvaluateError> {
    let mut sets = vec![("real (valid)".to_owned(), material.valid.spread(settings.pieces, SEED))];
    for candidate in candidates {
        say(&format!("composing {} pieces with {}", settings.pieces, candidate.name));
        sets.push((candidate.name.clone(), composed(settings, candidate)?));
    }
    say("drawing pieces from the 3-gram model");
    sets.push(("3-gram".to_owned(), drawn(settings, material)));
    say("measuring");
    let excerpts: Vec<(&str, Vec<Excerpt>)> = sets
        .iter()
        .map(|(name, canvases)| (name.as_str(), canvases.iter().map(Excerpt::from_canvas).collect()))
        .collect();
    let rows: Vec<(&str, Vec<PieceFigures>)> =
        excerpts.iter().map(|(name, set)| (*name, set.par_iter().map(PieceFigures::of).collect())).collect();
    let mut text = format!(
        "Means of {} pieces of 8 bars each, ± standard error; {} steps, temperature {}.\n\n",
        settings.pieces, settings.steps, settings.temperature
    );
    text += &table(&rows);
    text += "\nFurther figures:\n\n";
    text += &table_of(&FIGURES[MAIN_FIGURES..], &rows);
    text += "\n### Originality\n\nLongest run of notes (intervals and rhythm, any transposition) shared with one \
             training piece.\n\n| set | mean | longest |\n|---|--:|--:|\n";
    say("searching the training pieces for shared runs");
    for (name, runs) in shared_runs(material, &excerpts) {
        let mean = runs.iter().sum::<usize>() as f64 / runs.len().max(1) as f64;
        let longest = runs.iter().max().copied().unwrap_or(0);
        writeln!(text, "| {name} | {mean:.1} | {longest} |").expect("a string takes everything");
    }
    Ok(text)
}

/// The pieces as people would get them, in the model's own frame.
fn composed(settings: &Settings, candidate: &Candidate) -> Result<Vec<Canvas>, EvaluateError> {
    (0..settings.pieces as u64)
        .into_par_iter()
        .map(|i| {
            let request = Request {
                seed: FIRST_PIECE + i,
                steps: settings.steps,
                temperature: settings.temperature,
                ..Request::default()
            };
            Ok(candidate.composer.compose(&request, &mut |_, _| true)?.canvas)
        })
        .collect()
}

fn drawn(settings: &Settings, material: &Material) -> Vec<Canvas> {
    let positions: Vec<BarPosition> = Canvas::new(WINDOW.quarters).positions;
    (0..settings.pieces as u64)
        .into_par_iter()
        .map(|i| material.ngram.sample(WINDOW.quarters, &positions, FIRST_PIECE + i))
        .collect()
}
