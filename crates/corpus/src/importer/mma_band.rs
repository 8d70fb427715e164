//! mma_band: arrangements for band that MMA (Musical MIDI Accompaniment, van der Poel) made of melodies of pop909 and openewld.
//!
//! `meta.json` lists all with groove and genre; `pop909/ID.mid` and `openewld/ID.mid` hold MELODY, Drum, Bass, Walk, Chord-…
//! Keys, chords and form are those the arrangements were made for, and are taken from the other two sets where they lie beside
//! this one; else they are unknown. The timing is slightly humanised, and put on the grid.

use super::{Candidate, Imported, Importer, annotated, has, midi_files, openewld, pop909, read_file, read_midi};
use crate::{CorpusError, Style};
use aeolian_score::quantise::quantise;
use aeolian_score::{Score, role};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The two collections of melodies.
const SOURCES: [&str; 2] = ["openewld", "pop909"];

/// The importer of the set "mma_band".
pub struct MmaBand;

/// What we use of an entry of `meta.json`.
#[derive(Serialize, Deserialize)]
struct Entry {
    ds: String,
    id: String,
    #[serde(default)]
    groove: String,
    #[serde(default)]
    genre: String,
    /// The line of openewld's annotations, where that set lies beside this one; not in the file.
    #[serde(default)]
    song: String,
}

impl Importer for MmaBand {
    fn name(&self) -> &'static str {
        "mma_band"
    }

    fn recognises(&self, folder: &Path) -> bool {
        has(folder, &["meta.json"]) && SOURCES.iter().any(|source| folder.join(source).is_dir())
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        let path = folder.join("meta.json");
        let unreadable = |reason: String| CorpusError::io(&path)(std::io::Error::other(reason));
        let bytes = read_file(&path).map_err(unreadable)?;
        let mut entries: Vec<Entry> = serde_json::from_slice(&bytes).map_err(|e| unreadable(e.to_string()))?;
        let songs = beside(folder, "openewld").and_then(|songs| annotated::pieces(&songs).ok()).unwrap_or_default();
        let mut songs: HashMap<String, String> = songs.into_iter().map(|song| (song.id, song.entry)).collect();
        for entry in entries.iter_mut().filter(|entry| entry.ds == "openewld") {
            entry.song = songs.remove(&entry.id).unwrap_or_default();
        }
        let by_id: HashMap<String, &Entry> = entries.iter().map(|e| (format!("{}/{}", e.ds, e.id), e)).collect();
        let mut candidates = Vec::new();
        for source in SOURCES.iter().filter(|source| folder.join(source).is_dir()) {
            for candidate in midi_files(&folder.join(source))? {
                let id = format!("{source}/{}", candidate.id);
                let entry = by_id.get(&id).and_then(|entry| serde_json::to_string(entry).ok()).unwrap_or_default();
                candidates.push(Candidate { id, entry, ..candidate });
            }
        }
        candidates.sort();
        Ok(candidates)
    }

    fn import(&self, folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let entry: Entry =
            serde_json::from_str(&candidate.entry).map_err(|_| "meta.json has no entry for it.".to_owned())?;
        let (mut score, _) = quantise(&read_midi(&candidate.path)?);
        super::keep_sounding(&mut score.parts)?;
        let roles = role::assign(&score);
        let song = annotate(folder, &entry, &mut score)?.unwrap_or_else(|| entry.id.replace('_', " "));
        let title = format!("{song} ({})", entry.groove);
        score.title.clone_from(&title);
        let style = Style { genre: entry.genre, composer: String::new() };
        let confident_bars = !score.meters.is_empty();
        Ok(Imported { title, score, roles, style, confident_bars })
    }
}

/// Another set that lies beside this one.
fn beside(folder: &Path, set: &str) -> Option<PathBuf> {
    // "..", not the parent: a relative path of one folder has none to speak of.
    let other = folder.join("..").join(set);
    other.is_dir().then_some(other)
}

/// Keys, chords and form of the song that was arranged, and its title; `None` where its set is not here.
fn annotate(folder: &Path, entry: &Entry, score: &mut Score) -> Result<Option<String>, String> {
    let Some(set) = beside(folder, &entry.ds) else { return Ok(None) };
    if entry.ds == "pop909" {
        let here = set.join("ann").join(&entry.id).with_extension("json").is_file();
        return if here { pop909::annotate(&set, &entry.id, score).map(Some) } else { Ok(None) };
    }
    if entry.song.is_empty() {
        return Ok(None);
    }
    let path = set.join("midi").join(format!("{}.mid", entry.id));
    let song = Candidate { id: entry.id.clone(), path, entry: entry.song.clone() };
    openewld::annotate(&song, score).map(Some)
}
