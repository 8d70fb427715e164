//! What can go wrong with a corpus as a whole. A damaged piece of music is no error: it is skipped and listed.

use std::io;
use std::path::PathBuf;

/// Why a corpus could not be built or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No importer knows what is in a folder.
    #[error("{0} holds no music that I can read: I looked for MIDI files (.mid, .midi) in it and its folders.")]
    NoMusic(PathBuf),
    /// A source that a freely licensed model must not learn from.
    #[error("{path} ({set}) is not freely licensed, so it cannot be part of an open corpus.")]
    NotOpen {
        /// The folder.
        path: PathBuf,
        /// The set it holds.
        set: &'static str,
    },
    /// There were files, but none of them became a piece.
    #[error(
        "None of the {candidates} files found could become part of a corpus, so nothing was written.{}",
        first_reason.as_ref().map(|r| format!(" The first of them: {r}")).unwrap_or_default()
    )]
    NothingImported {
        /// Files that were tried or passed over.
        candidates: usize,
        /// Why the first of them was skipped; `None` if all are simply not in the splits file.
        first_reason: Option<String>,
    },
    /// The splits file is not what it should be.
    #[error("{path} is not a splits file: {reason}")]
    Splits {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file is no corpus.
    #[error("{0} is not a corpus file.")]
    NotACorpus(PathBuf),
    /// The file is a corpus of another version of Aeolian.
    #[error("{path} is a corpus of format {found}; this version reads format {known}. Please build it again.")]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format this version reads and writes.
        known: u32,
    },
    /// The content does not match its digest, or a record makes no sense.
    #[error("{path} is damaged ({reason}). Please build it again.")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        reason: &'static str,
    },
    /// There is no piece with this number.
    #[error("There is no piece {index}: the corpus has {len}, counted from 0.")]
    NoSuchPiece {
        /// The number asked for.
        index: usize,
        /// Pieces there are.
        len: usize,
    },
}

impl CorpusError {
    /// For `map_err`: an I/O error of this path.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
