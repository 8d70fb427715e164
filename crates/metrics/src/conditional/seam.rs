//! Seams: what happens at the edge between given and generated music, beside what happens at any bar line of real music.
//!
//! A model that does not hear across the edge betrays itself there: the density jumps, the tune leaps, every note ends.
//! At one edge we take the density on both sides, the interval of the tune, and how many pitches sound through it. A
//! set of edges is then compared with the interior bar lines of real music, by the difference of means and its standard
//! error √(s₁²/n₁ + s₂²/n₂) (Welch 1947, doi:10.1093/biomet/34.1-2.28). Bar lines of one piece resemble each other, so
//! that the error is a little too small where a piece gives many.

use crate::compare::moments::mean_and_deviation;
use crate::excerpt::{Excerpt, ExcerptNote};
use crate::melody::{MelodySource, melody_line};
use aeolian_canvas::canvas::STEPS;
use serde::Serialize;

/// What is looked at on both sides of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeamWindow {
    /// Quarters before and after the edge.
    pub quarters: usize,
    /// Where the tune is.
    pub melody: MelodySource,
}

impl Default for SeamWindow {
    /// A bar of 4/4, and the highest notes.
    fn default() -> Self {
        Self { quarters: 4, melody: MelodySource::Skyline }
    }
}

/// Figures of one edge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Seam {
    /// Notes that start a quarter in the window before the edge.
    pub density_before: f64,
    /// Notes that start a quarter in the window from the edge on.
    pub density_after: f64,
    /// log₂ of density after over density before, half a note added to each count: 1 is twice as dense, and silence on
    /// one side stays finite.
    pub log_density_ratio: f64,
    /// Semitones from the last note of the tune in the window before to its first in the window after, up is positive.
    /// `None` where the tune is silent in either.
    pub melodic_interval: Option<f64>,
    /// Pitches that sound on both sides in one note.
    pub held: usize,
}

/// The figures of the edge before `step`. `None` at the very start and end, where there is only one side, and for a
/// window of 0 quarters. A window that the piece cuts short counts by what there is of it.
pub fn seam_at(excerpt: &Excerpt, step: usize, window: SeamWindow) -> Option<Seam> {
    seam(excerpt, &melody_line(excerpt, window.melody), step, window.quarters)
}

/// The figures of all bar lines inside the excerpt.
pub fn interior_seams(excerpt: &Excerpt, window: SeamWindow) -> Vec<Seam> {
    let tune = melody_line(excerpt, window.melody);
    let lines = excerpt.bars.iter().skip(1).map(|bar| bar.start);
    lines.filter_map(|step| seam(excerpt, &tune, step, window.quarters)).collect()
}

fn seam(excerpt: &Excerpt, tune: &[ExcerptNote], step: usize, window_quarters: usize) -> Option<Seam> {
    let width = window_quarters.saturating_mul(STEPS);
    if step == 0 || step >= excerpt.steps || width == 0 {
        return None;
    }
    let (start, end) = (step.saturating_sub(width), step.saturating_add(width).min(excerpt.steps));
    let quarters = |from: usize, to: usize| (to - from) as f64 / STEPS as f64;
    let notes = |from, to| excerpt.notes.iter().filter(|note| (from..to).contains(&note.onset)).count() as f64;
    let (before, after) = (notes(start, step), notes(step, end));
    let (quarters_before, quarters_after) = (quarters(start, step), quarters(step, end));
    let last = tune.iter().rev().find(|note| (start..step).contains(&note.onset));
    let first = tune.iter().find(|note| (step..end).contains(&note.onset));
    let interval = last.zip(first).map(|(last, first)| f64::from(first.pitch) - f64::from(last.pitch));
    let through = excerpt.notes.iter().filter(|note| note.onset < step && step < note.end);
    let held = through.fold(0u128, |set, note| set | 1 << (note.pitch & 127)).count_ones() as usize;
    Some(Seam {
        density_before: before / quarters_before,
        density_after: after / quarters_after,
        log_density_ratio: ((after + 0.5) / quarters_after / ((before + 0.5) / quarters_before)).log2(),
        melodic_interval: interval,
        held,
    })
}

/// Two sets of numbers: their means and how they differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Mean over the edges.
    pub edges: f64,
    /// Mean over the interior bar lines.
    pub interior: f64,
    /// `edges` − `interior`.
    pub difference: f64,
    /// Standard error of the difference, ≥ 0.
    pub standard_error: f64,
}

/// Edges against interior bar lines. Each is `None` where either side has fewer than two values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SeamComparison {
    /// log₂ density ratio: below 0 where music thins out behind the edge.
    pub log_density_ratio: Option<Difference>,
    /// Its absolute value: how much density jumps either way.
    pub density_jump: Option<Difference>,
    /// Absolute melodic interval, semitones.
    pub melodic_leap: Option<Difference>,
    /// Pitches held through.
    pub held: Option<Difference>,
}

/// Compares edges with interior bar lines of real music.
pub fn compare_seams(edges: &[Seam], interior: &[Seam]) -> SeamComparison {
    let by = |value: fn(&Seam) -> Option<f64>| {
        let values = |seams: &[Seam]| seams.iter().filter_map(value).collect::<Vec<f64>>();
        difference(&values(edges), &values(interior))
    };
    SeamComparison {
        log_density_ratio: by(|seam| Some(seam.log_density_ratio)),
        density_jump: by(|seam| Some(seam.log_density_ratio.abs())),
        melodic_leap: by(|seam| seam.melodic_interval.map(f64::abs)),
        held: by(|seam| Some(seam.held as f64)),
    }
}

/// Difference of two means with its standard error. `None` where either list has fewer than two numbers.
pub fn difference(edges: &[f64], interior: &[f64]) -> Option<Difference> {
    let ((mean, deviation), (other_mean, other_deviation)) =
        (mean_and_deviation(edges)?, mean_and_deviation(interior)?);
    let variance_of_mean = |deviation: f64, count: usize| deviation * deviation / count as f64;
    let variance = variance_of_mean(deviation, edges.len()) + variance_of_mean(other_deviation, interior.len());
    Some(Difference {
        edges: mean,
        interior: other_mean,
        difference: mean - other_mean,
        standard_error: variance.sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    /// Edge at step 16: four notes before, of which a C2 sounds on; two after.
    fn piece() -> Excerpt {
        excerpt(8, &[(0, 20, 36), (0, 4, 60), (4, 4, 62), (8, 8, 64), (16, 4, 71), (24, 4, 67)])
    }

    #[test]
    fn an_edge_by_hand() {
        let found = seam_at(&piece(), 16, SeamWindow::default()).unwrap();
        assert_eq!((found.density_before, found.density_after), (1.0, 0.5));
        assert!((found.log_density_ratio - (2.5f64 / 4.5).log2()).abs() < 1e-12);
        assert_eq!(found.melodic_interval, Some(7.0));
        assert_eq!(found.held, 1, "the E ends at the edge, the C sounds on");
    }

    #[test]
    fn a_window_that_is_cut_short_counts_by_its_length() {
        let found = seam_at(&piece(), 8, SeamWindow { quarters: 4, ..SeamWindow::default() }).unwrap();
        // Two quarters with three notes; four with two.
        assert_eq!((found.density_before, found.density_after), (1.5, 0.5));
        assert_eq!(found.held, 1);
    }

    #[test]
    fn there_is_no_edge_at_either_end() {
        for step in [0, 32, 33, usize::MAX] {
            assert_eq!(seam_at(&piece(), step, SeamWindow::default()), None);
        }
        assert!(seam_at(&piece(), 31, SeamWindow::default()).is_some());
        assert_eq!(seam_at(&piece(), 16, SeamWindow { quarters: 0, ..SeamWindow::default() }), None);
        assert_eq!(seam_at(&Excerpt::default(), 0, SeamWindow::default()), None);
    }

    #[test]
    fn a_silent_side_is_finite_and_has_no_interval() {
        let half = excerpt(8, &[(0, 4, 60)]);
        let found = seam_at(&half, 16, SeamWindow::default()).unwrap();
        assert!((found.log_density_ratio - (0.5f64 / 1.5).log2()).abs() < 1e-12);
        assert_eq!((found.melodic_interval, found.held), (None, 0));
    }

    #[test]
    fn interior_bar_lines_are_edges() {
        let interior = interior_seams(&piece(), SeamWindow::default());
        assert_eq!(interior, [seam_at(&piece(), 16, SeamWindow::default()).unwrap()]);
        assert!(interior_seams(&excerpt(4, &[(0, 4, 60)]), SeamWindow::default()).is_empty());
    }

    #[test]
    fn difference_of_means_by_hand() {
        // Means 2 and 5, variances 2 and 2: standard error √(2/2 + 2/2).
        let found = difference(&[1.0, 3.0], &[4.0, 6.0]).unwrap();
        assert_eq!((found.difference, found.edges, found.interior), (-3.0, 2.0, 5.0));
        assert!((found.standard_error - 2f64.sqrt()).abs() < 1e-12);
        assert_eq!(difference(&[1.0], &[4.0, 6.0]), None);
    }

    #[test]
    fn seams_of_one_music_do_not_differ_and_leaping_ones_do() {
        let seam = |interval: f64| Seam {
            density_before: 1.0,
            density_after: 1.0,
            log_density_ratio: 0.0,
            melodic_interval: Some(interval),
            held: 1,
        };
        let (quiet, leaping) = ([seam(1.0), seam(-2.0)], [seam(-12.0), seam(11.0)]);
        let same = compare_seams(&quiet, &quiet);
        assert_eq!(same.melodic_leap.unwrap().difference, 0.0);
        let apart = compare_seams(&leaping, &quiet);
        assert_eq!(apart.melodic_leap.unwrap().difference, 10.0);
        assert_eq!(apart.held.unwrap().standard_error, 0.0);
        assert_eq!(compare_seams(&[], &quiet).density_jump, None);
    }
}
