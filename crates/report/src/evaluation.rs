//! [`evaluate()`]: from folders to an [`Evaluation`] that holds everything there is to say.

use crate::Error;
use crate::features::{FeatureRow, feature_rows};
use crate::originality::{Originality, originality};
use crate::pictures::{ShownPiece, shown_pieces};
use crate::pieces::{Cut, Set, read_folder};
use crate::scale::{Scale, frames_of};
use crate::table::{files_in_both, song_numbers, table_of};
use aeolian_metrics::Piece;
use aeolian_metrics::compare::{self, Comparison, compare, self_similarity};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What to evaluate, and how.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Folder of the pieces to be judged.
    pub candidate: PathBuf,
    /// Folder of the music they should be like: human, and not trained on.
    pub reference: PathBuf,
    /// Folder of the music a model was trained on; without it nothing is said about copying.
    pub training: Option<PathBuf>,
    /// How files become pieces.
    pub cut: Cut,
    /// Pieces of each set at most, files taking turns; `None`: all.
    pub most: Option<usize>,
    /// Windows of each set at most whose cardinality score is taken.
    pub cardinality_windows: usize,
    /// How thoroughly to compare; its seed also chooses pieces and splits the reference.
    pub comparison: compare::Settings,
}

impl Settings {
    /// Whole pieces, at most 200 of each set, no training folder.
    pub fn new(candidate: impl Into<PathBuf>, reference: impl Into<PathBuf>) -> Self {
        Self {
            candidate: candidate.into(),
            reference: reference.into(),
            training: None,
            cut: Cut::Whole,
            most: Some(200),
            cardinality_windows: 100,
            comparison: compare::Settings::default(),
        }
    }
}

/// A file without a piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOutFile {
    /// The file.
    pub file: PathBuf,
    /// Why, as a sentence.
    pub reason: String,
}

/// What became of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetSummary {
    /// Its name.
    pub name: String,
    /// Files that could be read.
    pub files: usize,
    /// Pieces that they gave.
    pub available: usize,
    /// Pieces that were compared.
    pub pieces: usize,
    /// Files that those were cut from.
    pub songs: usize,
    /// Everything in the folder that gave no piece, files that are no MIDI files among it.
    pub left_out: Vec<LeftOutFile>,
}

impl SetSummary {
    /// The reasons why files were left out, the commonest first, each with its files.
    pub fn reasons(&self) -> Vec<(&str, Vec<&Path>)> {
        let mut reasons: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
        for left_out in &self.left_out {
            reasons.entry(&left_out.reason).or_default().push(&left_out.file);
        }
        let mut reasons: Vec<(&str, Vec<&Path>)> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, files)| std::cmp::Reverse(files.len()));
        reasons
    }

    fn of(set: &Set) -> Self {
        let left_out =
            set.left_out.iter().map(|(file, reason)| LeftOutFile { file: file.clone(), reason: reason.clone() });
        Self {
            name: set.name.clone(),
            files: set.files.len(),
            available: set.available,
            pieces: set.pieces.len(),
            songs: set.songs(),
            left_out: left_out.collect(),
        }
    }
}

/// Everything found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// How it was made: the same settings and folders give the same evaluation on any number of threads.
    pub settings: Settings,
    /// The pieces judged.
    pub candidate: SetSummary,
    /// The music they were judged by.
    pub reference: SetSummary,
    /// Files of the candidate that hold the notes of a file of the reference. They are kept as one song with it.
    pub candidate_files_in_reference: usize,
    /// The comparison.
    pub comparison: Comparison,
    /// Its scale; `None` where the reference has fewer than two songs.
    pub scale: Option<Scale>,
    /// Feature by feature, those that tell most first.
    pub features: Vec<FeatureRow>,
    /// Copying; `None` without a training folder.
    pub originality: Option<Originality>,
    /// Pieces of the candidate worth looking at.
    pub shown: Vec<ShownPiece>,
}

/// Evaluates. `progress` hears, in a few words each, what is about to be done.
///
/// The reference is read with up to twice as many pieces as are compared, so that its halves can be as large as the
/// sets of the real comparison.
///
/// # Errors   [`Error::Folder`] for a folder that cannot be listed; [`Error::Nothing`] for one without a piece
pub fn evaluate(settings: &Settings, progress: impl Fn(&str)) -> Result<Evaluation, Error> {
    let seed = settings.comparison.seed;
    progress("Reading the reference");
    let all = read(&settings.reference, settings.cut, settings.most.map(|most| most.saturating_mul(2)), seed)?;
    let reference = all.choose(settings.most.unwrap_or(usize::MAX), seed);
    progress("Reading the candidate");
    let candidate = read(&settings.candidate, settings.cut, settings.most, seed)?;
    progress("Measuring every piece");
    let numbers = song_numbers(&[&all, &candidate]);
    let (all_table, candidate_table) = (table_of(&all, &numbers[0]), table_of(&candidate, &numbers[1]));
    let reference_table = match reference.pieces.len() == all.pieces.len() {
        true => all_table.clone(),
        false => table_of(&reference, &numbers[0]),
    };
    progress("Comparing the candidate with the reference");
    let comparison = Comparison {
        self_similarity: Some(self_similarity(
            &frames_of(&all_pieces(&reference), &reference_table.songs()),
            &frames_of(&all_pieces(&candidate), &candidate_table.songs()),
            &settings.comparison.bootstrap(),
        )),
        ..compare(&reference_table, &candidate_table, &settings.comparison)
    };
    let sizes = [reference.pieces.len(), candidate.pieces.len()];
    let scale = Scale::of(&all, &all_table, sizes, &settings.comparison, &progress);
    let originality = match &settings.training {
        None => None,
        Some(training) => {
            progress("Looking for the pieces in the training folder");
            Some(originality(training, &candidate, &reference, settings.cardinality_windows, seed)?)
        }
    };
    Ok(Evaluation {
        settings: settings.clone(),
        features: feature_rows(&comparison, scale.as_ref(), &reference_table, &candidate_table),
        shown: shown_pieces(&candidate, &reference_table, &candidate_table),
        candidate_files_in_reference: files_in_both(&candidate, &reference),
        candidate: SetSummary::of(&candidate),
        reference: SetSummary::of(&reference),
        comparison,
        scale,
        originality,
    })
}

fn all_pieces(set: &Set) -> Vec<&Piece> {
    set.pieces.iter().map(|named| &named.piece).collect()
}

fn read(path: &Path, cut: Cut, most: Option<usize>, seed: u64) -> Result<Set, Error> {
    let set = read_folder(path, cut, most, seed)?;
    match set.pieces.is_empty() {
        true => Err(Error::Nothing { path: path.to_owned(), files: set.midi_left_out() }),
        false => Ok(set),
    }
}
