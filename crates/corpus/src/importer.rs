//! Importers: one small module for each kind of music collection.
//!
//! An [`Importer`] knows one layout of folders. [`ALL`] lists them, the particular ones first; whatever no other
//! recognises falls to [`folder`], which takes any MIDI files. A further set is one more module here and one more line
//! in [`ALL`].

pub mod folder;
pub mod pop909;

use crate::{CorpusError, Split};
use aeolian_canvas::NoteLane;
use aeolian_score::Score;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Every importer; the first that recognises a folder reads it.
pub const ALL: [&dyn Importer; 2] = [&pop909::Pop909, &folder::Folder];

/// No file of one piece is larger than this many bytes; what is larger is skipped, not read.
pub const LARGEST_FILE: u64 = 16 << 20;

/// A piece an importer has found but not read yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Its name within the set.
    pub id: String,
    /// Its main file.
    pub path: PathBuf,
}

/// A piece as an importer gives it; [`build`](crate::build) adds the set, the id and the split.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Title, or empty.
    pub title: String,
    /// The quantised score.
    pub score: Score,
    /// The lane of each part.
    pub lanes: Vec<Option<NoteLane>>,
    /// False where the bar lines are doubtful.
    pub confident_bars: bool,
}

/// Reads one kind of collection.
pub trait Importer: Sync {
    /// The name of the set: what the splits file calls it.
    fn name(&self) -> &'static str;

    /// True if a folder looks like such a collection.
    fn recognises(&self, folder: &Path) -> bool;

    /// What there is to import, sorted by id.
    ///
    /// # Errors   `Io` if a folder cannot be listed.
    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError>;

    /// Reads one piece.
    ///
    /// # Errors   a sentence for people, where the piece cannot be read; it is then skipped and listed.
    fn import(&self, folder: &Path, candidate: &Candidate) -> Result<Imported, String>;

    /// True if only pieces named in the splits file (where there is one) may be used.
    fn follows_splits_file(&self) -> bool {
        true
    }

    /// The side of a piece where no splits file says it.
    fn default_split(&self, id: &str) -> Split {
        Split::by_name(id)
    }
}

/// A whole file, or a sentence about why not.
fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let file = fs::File::open(path).map_err(|e| format!("The file cannot be opened: {e}."))?;
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that grows while it is read is noticed too.
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|e| format!("The file cannot be read: {e}."))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(format!("The file is larger than {} MiB.", LARGEST_FILE >> 20));
    }
    Ok(bytes)
}

/// Paths inside a folder, sorted by name so that every system builds the same corpus.
fn sorted_entries(folder: &Path) -> Result<Vec<fs::DirEntry>, CorpusError> {
    let entries = fs::read_dir(folder).map_err(CorpusError::io(folder))?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(CorpusError::io(folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    Ok(entries)
}
