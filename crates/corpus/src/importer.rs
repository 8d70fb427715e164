//! Importers: one small module for each kind of music collection.
//!
//! An [`Importer`] knows one layout of folders. [`ALL`] lists them, the particular ones first; whatever no other
//! recognises falls to [`folder`], which takes any MIDI files. A further set is one more module here and one more line
//! in [`ALL`].

mod annotated;
pub mod bach_chorales_music21;
pub mod folder;
pub mod folk_pd;
pub mod game_multitrack;
pub mod groove;
pub mod mma_band;
pub mod mode;
pub mod openewld;
pub mod openscore_lieder;
pub mod openscore_quartets;
pub mod piano_midi_de;
pub mod pop909;
mod table;

use crate::{CorpusError, Licence, Split, Style};
use aeolian_score::role::Role;
use aeolian_score::{Part, Score, midi};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Every importer; the first that recognises a folder reads it.
pub const ALL: [&dyn Importer; 11] = [
    &pop909::Pop909,
    &mma_band::MmaBand,
    &openewld::OpenEwld,
    &openscore_lieder::OpenScoreLieder,
    &openscore_quartets::OpenScoreQuartets,
    &bach_chorales_music21::BachChorales,
    &folk_pd::FolkPd,
    &groove::Groove,
    &game_multitrack::GameMultitrack,
    &piano_midi_de::PianoMidiDe,
    &folder::Folder,
];

/// The importer of a folder.
///
/// # Errors   `Io` if it cannot be listed; `NoMusic` if no importer recognises it.
pub fn of(folder: &Path) -> Result<&'static dyn Importer, CorpusError> {
    fs::read_dir(folder).map_err(CorpusError::io(folder))?;
    let recognised = ALL.into_iter().find(|importer| importer.recognises(folder));
    recognised.ok_or_else(|| CorpusError::NoMusic(folder.to_owned()))
}

/// No file of one piece is larger than this many bytes; what is larger is skipped, not read.
pub const LARGEST_FILE: u64 = 16 << 20;

/// A piece an importer has found but not read yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Its name within the set.
    pub id: String,
    /// Its main file.
    pub path: PathBuf,
    /// What the set's own table says of it (a line, a row, a tune); empty where there is none.
    pub entry: String,
}

/// A piece as an importer gives it; [`build`](crate::build) adds the set, the id and the split.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Title, or empty.
    pub title: String,
    /// The quantised score.
    pub score: Score,
    /// The role of each part; `None` where none fits.
    pub roles: Vec<Option<Role>>,
    /// What kind of music it is.
    pub style: Style,
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

    /// Who may use what has learned from this set.
    fn licence(&self) -> Licence {
        Licence::of_set(self.name())
    }

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

/// The music of a MIDI file, or a sentence about why not.
fn read_midi(path: &Path) -> Result<Score, String> {
    Ok(midi::read(&read_file(path)?).map_err(|e| e.to_string())?.score)
}

/// Drops parts without notes; a piece without any note is refused.
fn keep_sounding(parts: &mut Vec<Part>) -> Result<(), String> {
    parts.retain(|part| !part.notes.is_empty());
    if parts.is_empty() { Err("It holds no notes.".to_owned()) } else { Ok(()) }
}

/// MIDI files directly in a folder, with the names of the files (without extension) for ids.
fn midi_files(folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
    let files = sorted_entries(folder)?.into_iter().map(|entry| entry.path()).filter(|path| is_midi(path));
    let candidate = |path: PathBuf| {
        let id = path.file_stem()?.to_str()?.to_owned();
        Some(Candidate { id, path, entry: String::new() })
    };
    Ok(files.filter_map(candidate).collect())
}

/// MIDI files below a folder, with their paths inside it (with "/", whatever the system) for ids; folders inside folders
/// are followed `depth` deep, links to folders not, so there are no circles.
fn midi_files_below(folder: &Path, depth: usize) -> Result<Vec<Candidate>, CorpusError> {
    let mut candidates = Vec::new();
    gather(folder, "", depth, &mut candidates)?;
    candidates.sort();
    Ok(candidates)
}

fn gather(folder: &Path, prefix: &str, depth: usize, candidates: &mut Vec<Candidate>) -> Result<(), CorpusError> {
    for entry in sorted_entries(folder)? {
        let path = entry.path();
        let id = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let is_folder = entry.file_type().map_err(CorpusError::io(&path))?.is_dir();
        if is_folder && depth > 0 {
            gather(&path, &format!("{id}/"), depth - 1, candidates)?;
        } else if !is_folder && is_midi(&path) {
            candidates.push(Candidate { id, path, entry: String::new() });
        }
    }
    Ok(())
}

fn is_midi(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("mid") || extension.eq_ignore_ascii_case("midi")
}

/// True if a folder has all of these files and folders in it.
fn has(folder: &Path, names: &[&str]) -> bool {
    names.iter().all(|name| folder.join(name).exists())
}

/// Paths inside a folder, sorted by name so that every system builds the same corpus.
fn sorted_entries(folder: &Path) -> Result<Vec<fs::DirEntry>, CorpusError> {
    let entries = fs::read_dir(folder).map_err(CorpusError::io(folder))?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(CorpusError::io(folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    Ok(entries)
}
