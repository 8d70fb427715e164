//! What fewer evaluations of the network cost in the music, for every sampler.
//!
//! A few figures over a set of pieces each, beside held-out music and beside the most thorough setting, and the Fréchet
//! distance to either over all figures. What differs from the most thorough row by less than its standard errors is not told
//! apart by this table; a distance means something against the one between two halves of the same pieces, which is given.

use crate::{Candidate, EvaluateError, Material};
use aeolian_compose::{ComposeError, Request};
use aeolian_diffusion::Method;
use aeolian_metrics::Excerpt;
use aeolian_metrics::compare::frechet::frechet_distance;
use aeolian_metrics::compare::linear_algebra::Matrix;
use aeolian_metrics::report::{FIGURES, Figure, PieceFigures, table_of};
use rayon::prelude::*;
use std::fmt::Write;

/// Figures of the table.
const SHOWN: [&str; 7] = [
    "notes a bar",
    "polyphony",
    "off-beat sixteenths",
    "dissonant pairs",
    "in key",
    "bar similarity, lag 4",
    "note length (steps)",
];
/// Seed of the real excerpts.
const SEED: u64 = 21;

/// What to try.
#[derive(Clone, Debug, PartialEq)]
pub struct StepsSettings {
    /// Pieces of each set.
    pub pieces: usize,
    /// Samplers by their names in the table.
    pub methods: Vec<(&'static str, Method)>,
    /// Steps of each; the largest of the first sampler is what the others are set beside.
    pub steps: Vec<usize>,
}

impl StepsSettings {
    /// Every sampler.
    pub fn all_methods() -> Vec<(&'static str, Method)> {
        vec![
            ("ancestral", Method::Ancestral),
            ("ddpm", Method::Ddpm(Default::default())),
            ("ddim, no noise", Method::Ddim { eta: 0.0 }),
            ("ddim, half the noise", Method::Ddim { eta: 0.5 }),
            ("second order", Method::SecondOrder),
        ]
    }
}

/// The table, as Markdown.
pub fn table(
    settings: &StepsSettings,
    material: &Material,
    candidate: Candidate,
    say: &mut dyn FnMut(&str),
) -> Result<String, EvaluateError> {
    let real = material.valid.spread(settings.pieces, SEED);
    let measured = |canvases: &[aeolian_canvas::Canvas]| -> Vec<PieceFigures> {
        canvases.par_iter().map(|canvas| PieceFigures::of(&Excerpt::from_canvas(canvas))).collect()
    };
    let mut sets = vec![("real (valid)".to_owned(), measured(&real))];
    let most = settings.steps.iter().copied().max().unwrap_or(0);
    let mut composer = candidate.composer;
    for &(name, method) in &settings.methods {
        composer = composer.with_method(method);
        for &steps in &settings.steps {
            say(&format!("{name}, {steps} steps"));
            let pieces = (1..=settings.pieces as u64).into_par_iter().map(|seed| {
                let request = Request { seed, steps, ..Request::default() };
                Ok(composer.compose(&request, &mut |_, _| true)?.canvas)
            });
            let pieces: Result<Vec<_>, ComposeError> = pieces.collect();
            sets.push((format!("{name}, {} evaluations", method.evaluations(steps)), measured(&pieces?)));
        }
    }
    let first_row_of_most = 1 + settings.steps.iter().position(|&steps| steps == most).unwrap_or(0);
    Ok(written(&sets, first_row_of_most))
}

/// The figures of all sets, then their distances to the first set and to the set of index `thorough`.
fn written(sets: &[(String, Vec<PieceFigures>)], thorough: usize) -> String {
    let shown: Vec<Figure> = SHOWN.iter().filter_map(|name| FIGURES.into_iter().find(|f| f.name == *name)).collect();
    let rows: Vec<(&str, Vec<PieceFigures>)> = sets.iter().map(|(name, set)| (name.as_str(), set.clone())).collect();
    let mut text = table_of(&shown, &rows);
    let (real, thorough) = (&sets[0].1, &sets[thorough.min(sets.len() - 1)]);
    text += &format!("\nFréchet distance over {} figures, to real music and to \"{}\":\n\n", FIGURES.len(), thorough.0);
    text += "| set | to real | to that |\n|---|--:|--:|\n";
    let shown = |distance: Option<f64>| distance.map_or("–".to_owned(), |d| format!("{d:.2}"));
    for (name, set) in sets {
        let (to_real, to_thorough) = (distance(real, set, real), distance(&thorough.1, set, real));
        writeln!(text, "| {name} | {} | {} |", shown(to_real), shown(to_thorough)).expect("a string takes everything");
    }
    let (left, right) = thorough.1.split_at(thorough.1.len() / 2);
    let halves = shown(distance(left, right, real));
    writeln!(text, "| two halves of \"{}\" | | {halves} |", thorough.0).expect("a string takes everything");
    text
}

/// Fréchet distance of two sets in units of the yardstick's standard deviations; what is undefined counts as its mean.
fn distance(a: &[PieceFigures], b: &[PieceFigures], yardstick: &[PieceFigures]) -> Option<f64> {
    let scales: Vec<(f64, f64)> = FIGURES.iter().map(|figure| mean_and_deviation(yardstick, figure)).collect();
    let rows = |set: &[PieceFigures]| {
        let row = |piece: &PieceFigures| {
            let scaled = |(figure, (mean, deviation)): (&Figure, &(f64, f64))| {
                (figure.of)(piece).map_or(0.0, |value| (value - mean) / deviation)
            };
            FIGURES.iter().zip(&scales).map(scaled).collect()
        };
        Matrix::from_rows(&set.iter().map(row).collect::<Vec<Vec<f64>>>())
    };
    frechet_distance(&rows(a), &rows(b))
}

/// Mean and standard deviation where defined; (0, 1) where there is none.
fn mean_and_deviation(set: &[PieceFigures], figure: &Figure) -> (f64, f64) {
    let values: Vec<f64> = set.iter().filter_map(figure.of).collect();
    if values.is_empty() {
        return (0.0, 1.0);
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / values.len() as f64;
    (mean, if variance > 1e-12 { variance.sqrt() } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(notes: impl Iterator<Item = f64>) -> Vec<PieceFigures> {
        notes.map(|n| PieceFigures { notes_per_bar: Some(n), ..PieceFigures::default() }).collect()
    }

    #[test]
    fn every_figure_of_the_table_exists() {
        assert!(SHOWN.iter().all(|name| FIGURES.iter().any(|figure| figure.name == *name)));
    }

    #[test]
    fn equal_sets_have_no_distance_and_a_shift_by_a_deviation_counts_one() {
        let real = set((0..40).map(|i| f64::from(i % 2)));
        let moved = set((0..40).map(|i| f64::from(i % 2) + 0.5));
        assert!(distance(&real, &real, &real).unwrap() < 1e-9);
        assert!((distance(&real, &moved, &real).unwrap() - 1.0).abs() < 1e-9, "the deviation of 0 and 1 is ½");
    }

    #[test]
    fn there_is_a_row_a_set_and_one_for_two_halves() {
        let sets = [("real".to_owned(), set((0..8).map(f64::from))), ("64".to_owned(), set((0..8).map(f64::from)))];
        let text = written(&sets, 1);
        assert_eq!(text.lines().filter(|line| line.starts_with("| real") || line.starts_with("| 64")).count(), 4);
        assert!(text.contains("two halves of \"64\""));
    }
}
