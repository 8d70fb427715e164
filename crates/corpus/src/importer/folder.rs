//! Any folder of MIDI files: people's own music.
//!
//! Nobody has said which part is what, so the parts' names and sound decide ([`role::assign`]).

use super::{Candidate, Imported, Importer, midi_files_below, read_midi};
use crate::{CorpusError, Style};
use aeolian_score::quantise::quantise;
use aeolian_score::role;
use std::path::Path;

/// Folders inside folders are followed this deep.
const DEEPEST: usize = 16;

/// The importer of last resort; the set is called "folder".
pub struct Folder;

impl Importer for Folder {
    fn name(&self) -> &'static str {
        "folder"
    }

    fn recognises(&self, folder: &Path) -> bool {
        folder.is_dir()
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        midi_files_below(folder, DEEPEST)
    }

    fn import(&self, _folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let (score, _) = quantise(&read_midi(&candidate.path)?);
        let roles = role::assign(&score);
        let usable = score.parts.iter().zip(&roles).any(|(part, role)| role.is_some() && !part.notes.is_empty());
        if !usable {
            return Err("It holds no notes.".to_owned());
        }
        let file_name = candidate.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let title = if score.title.is_empty() { file_name } else { score.title.clone() };
        // Without a time signature, bars of 4/4 are only an assumption.
        let confident_bars = !score.meters.is_empty();
        Ok(Imported { title, score, roles, style: Style::default(), confident_bars })
    }

    fn follows_splits_file(&self) -> bool {
        false
    }
}
