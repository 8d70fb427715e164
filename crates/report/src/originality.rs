//! How much of the candidate stands in the music that a model was trained on, beside the same of the reference.
//!
//! Human music shares tunes and bars with other human music, so no figure means anything alone: the *band* is where the
//! middle 95 % of the reference's pieces lie, and [`CopyFigure::beyond`] says how many of the candidate's pieces copy
//! more than that. The reference must not have been trained on; files of it that are in the training folder are counted
//! ([`Originality::reference_files_in_training`]) and spoil the band.

use crate::Error;
use crate::pieces::{Cut, NamedPiece, Set, choose_evenly, read_folder};
use crate::table::files_in_both;
use aeolian_metrics::SharedRun;
use aeolian_metrics::compare::Interval;
use aeolian_metrics::compare::moments::quantile;
use aeolian_metrics::originality::cardinality::windows;
use aeolian_metrics::originality::{BarIndex, LineIndex, PointIndex};
use rayon::prelude::*;
use serde::Serialize;
use std::path::Path;

/// Points of a window of the cardinality score, and points from one window to the next.
const WINDOW_POINTS: usize = 30;
const WINDOW_HOP: usize = 15;
/// Quantiles of the reference between which its band lies: the middle 95 %.
const BAND: [f64; 2] = [0.025, 0.975];

/// How a figure is spread over the pieces (or windows) of a set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Pieces (windows) where it is defined, ≥ 1.
    pub count: usize,
    /// Mean.
    pub mean: f64,
    /// The middle one.
    pub median: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(values: &[f64]) -> Option<Self> {
        let ascending = ascending(values);
        Some(Self {
            count: values.len(),
            mean: values.iter().sum::<f64>() / values.len() as f64,
            median: quantile(&ascending, 0.5)?,
            most: *ascending.last()?,
        })
    }
}

/// One figure of both sets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CopyFigure {
    /// What is measured.
    pub name: &'static str,
    /// "notes" or "share".
    pub unit: &'static str,
    /// The candidate's pieces.
    pub candidate: Spread,
    /// The reference's pieces.
    pub reference: Spread,
    /// Where the middle 95 % of the reference lie.
    pub band: Interval,
    /// Share of the candidate above the band, 0–1; one in forty would be there by chance.
    pub beyond: f64,
}

impl CopyFigure {
    /// `None` where it is undefined for all pieces of a set.
    pub fn of(name: &'static str, unit: &'static str, candidate: &[f64], reference: &[f64]) -> Option<Self> {
        let sorted = ascending(reference);
        let (low, high) = (quantile(&sorted, BAND[0])?, quantile(&sorted, BAND[1])?);
        let beyond = candidate.iter().filter(|value| **value > high).count() as f64 / candidate.len() as f64;
        let (candidate, reference) = (Spread::of(candidate)?, Spread::of(reference)?);
        Some(Self { name, unit, candidate, reference, band: Interval { low, high }, beyond })
    }
}

fn ascending(values: &[f64]) -> Vec<f64> {
    let mut ascending = values.to_vec();
    ascending.sort_by(f64::total_cmp);
    ascending
}

/// The candidate's piece that shares the longest run of notes with the training set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Closest {
    /// Its file.
    pub file: String,
    /// The bar it was cut from, counted from 1.
    pub start_bar: usize,
    /// Notes in the run.
    pub notes: usize,
    /// The training file that has them too.
    pub training_file: String,
}

/// Everything about copying.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Originality {
    /// The training folder's name.
    pub training: String,
    /// Its files.
    pub training_files: usize,
    /// Files of it that could not be read.
    pub training_files_left_out: usize,
    /// Files of the candidate with the notes of a training file.
    pub candidate_files_in_training: usize,
    /// Files of the reference with the notes of a training file: 0 in an honest evaluation.
    pub reference_files_in_training: usize,
    /// The figures, of those that are defined.
    pub figures: Vec<CopyFigure>,
    /// `None` where nothing is shared.
    pub closest: Option<Closest>,
}

/// Looks for both sets in a training folder. `most_windows` bounds the windows of each set whose cardinality score is
/// taken, pieces taking turns: a window costs some 25 ms against 400 songs.
///
/// # Errors   as [`read_folder`]; [`Error::Nothing`] where no training file can be read
pub fn originality(
    training: &Path,
    candidate: &Set,
    reference: &Set,
    most_windows: usize,
    seed: u64,
) -> Result<Originality, Error> {
    let training_set = read_folder(training, Cut::Whole, None, seed)?;
    if training_set.pieces.is_empty() {
        return Err(Error::Nothing { path: training.to_owned(), files: training_set.midi_left_out() });
    }
    let excerpts = || training_set.pieces.iter().map(|named| &named.piece.excerpt);
    let (lines, bars, points) = (LineIndex::new(excerpts()), BarIndex::new(excerpts()), PointIndex::new(excerpts()));
    let runs = |set: &Set| -> Vec<SharedRun> {
        set.pieces.par_iter().map(|named| lines.longest_shared_run(&named.piece.excerpt)).collect()
    };
    let bars = |set: &Set| -> [Vec<f64>; 2] {
        let copied: Vec<_> = set.pieces.par_iter().map(|named| bars.copied_bars(&named.piece.excerpt)).collect();
        let from_one = copied.iter().filter_map(|copied| copied.share_from_one()).collect();
        [from_one, copied.iter().filter_map(|copied| copied.share_from_any()).collect()]
    };
    let fits = |set: &Set| cardinality_scores(set, &points, most_windows, seed);
    let (candidate_runs, reference_runs) = (runs(candidate), runs(reference));
    let notes = |runs: &[SharedRun]| runs.iter().map(|run| run.notes as f64).collect::<Vec<_>>();
    let ([one, any], [reference_one, reference_any]) = (bars(candidate), bars(reference));
    let figures = [
        CopyFigure::of("longest shared run", "notes", &notes(&candidate_runs), &notes(&reference_runs)),
        CopyFigure::of("bars copied from one training piece", "share", &one, &reference_one),
        CopyFigure::of("bars that stand in any training piece", "share", &any, &reference_any),
        CopyFigure::of("cardinality score of 30 notes", "share", &fits(candidate), &fits(reference)),
    ];
    Ok(Originality {
        training: training_set.name.clone(),
        training_files: training_set.files.len(),
        training_files_left_out: training_set.midi_left_out(),
        candidate_files_in_training: files_in_both(candidate, &training_set),
        reference_files_in_training: files_in_both(reference, &training_set),
        figures: figures.into_iter().flatten().collect(),
        closest: closest(&candidate.pieces, &candidate_runs, &training_set),
    })
}

fn cardinality_scores(set: &Set, index: &PointIndex, most: usize, seed: u64) -> Vec<f64> {
    let of_piece = |(piece, named): (usize, &NamedPiece)| {
        windows(&named.piece.excerpt, WINDOW_POINTS, WINDOW_HOP).into_iter().map(move |window| (piece, window))
    };
    // A window of a few notes fits everywhere.
    let is_full = |(_, window): &(usize, Vec<_>)| window.len() == WINDOW_POINTS;
    let windows: Vec<_> = set.pieces.iter().enumerate().flat_map(of_piece).filter(is_full).collect();
    let pieces: Vec<usize> = windows.iter().map(|(piece, _)| *piece).collect();
    let chosen = choose_evenly(&pieces, most, seed);
    chosen.par_iter().filter_map(|&window| Some(index.best_fit(&windows[window].1)?.score())).collect()
}

fn closest(pieces: &[NamedPiece], runs: &[SharedRun], training: &Set) -> Option<Closest> {
    let (named, run) = pieces.iter().zip(runs).rev().max_by_key(|(_, run)| run.notes)?;
    let training_file = training.pieces.get(run.piece).filter(|_| run.notes > 0)?.file.clone();
    Some(Closest { file: named.file.clone(), start_bar: named.start_bar, notes: run.notes, training_file })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pieces::tests::{quarters, save};

    const TUNE: [u8; 8] = [60, 62, 67, 64, 71, 59, 66, 60];

    #[test]
    fn a_transposed_copy_is_found_and_named() {
        let folders: [_; 3] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
        save(folders[0].path(), "song.mid", &quarters(&TUNE));
        save(folders[1].path(), "thief.mid", &quarters(&TUNE.map(|pitch| pitch + 3)));
        save(folders[2].path(), "honest.mid", &quarters(&[60, 50, 61, 51, 62, 52, 63, 53]));
        let read = |folder: &tempfile::TempDir| read_folder(folder.path(), Cut::Whole, None, 1).unwrap();
        let (candidate, reference) = (read(&folders[1]), read(&folders[2]));
        let found = originality(folders[0].path(), &candidate, &reference, 10, 1).unwrap();
        let closest = found.closest.unwrap();
        assert_eq!(
            (closest.file.as_str(), closest.notes, closest.training_file.as_str()),
            ("thief.mid", 8, "song.mid")
        );
        assert_eq!((found.figures[0].candidate.most, found.figures[0].beyond), (8.0, 1.0));
        assert_eq!(found.figures[1].candidate.mean, 1.0); // both bars from one piece
        assert_eq!(found.figures[1].reference.mean, 0.0);
        assert_eq!((found.candidate_files_in_training, found.reference_files_in_training), (0, 0));
    }

    #[test]
    fn beyond_counts_only_what_is_above_the_band() {
        let reference: Vec<f64> = (0..=40).map(f64::from).collect(); // band 1 … 39
        let figure = CopyFigure::of("", "", &[39.0, 39.1, 0.0, 100.0], &reference).unwrap();
        assert_eq!((figure.band.low, figure.band.high, figure.beyond), (1.0, 39.0, 0.5));
        assert_eq!(CopyFigure::of("", "", &[], &reference), None);
        assert_eq!(CopyFigure::of("", "", &[1.0], &[]), None);
    }
}
