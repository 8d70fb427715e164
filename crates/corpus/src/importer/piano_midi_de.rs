//! piano_midi_de: classical piano music with hand-shaped loudness and tempo, on the grid of the score.
//!
//! Source: Bernd Krueger's piano-midi.de by way of cheriell/ClassicalPianoMIDI-dataset. Notes lie where the score has them and
//! the tempo map makes the performance; quantising keeps the map (to the grid position). `metadata.csv` names composer and
//! title. Both hands, and the voices of fugues, are one piano: harmony, all of them.

use super::{Candidate, Imported, Importer, has, midi_files_below, mode, read_midi, table};
use crate::{CorpusError, Style};
use aeolian_score::quantise::quantise;
use aeolian_score::role::Role;
use std::collections::HashMap;
use std::path::Path;

/// Columns of `metadata.csv`.
const COMPOSER: usize = 0;
const TITLE: usize = 1;
const MIDI: usize = 3;

/// The importer of the set "piano_midi_de".
pub struct PianoMidiDe;

impl Importer for PianoMidiDe {
    fn name(&self) -> &'static str {
        "piano_midi_de"
    }

    fn recognises(&self, folder: &Path) -> bool {
        has(folder, &["metadata.csv", "midis"])
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        let lines = table::lines(&folder.join("metadata.csv"))?;
        let named =
            |line: String| Some((table::fields(&line).get(MIDI)?.trim_start_matches("midis/").to_owned(), line));
        let mut rows: HashMap<String, String> = lines.into_iter().filter_map(named).collect();
        let mut candidates = midi_files_below(&folder.join("midis"), 1)?;
        for candidate in &mut candidates {
            candidate.entry = rows.remove(&candidate.id).unwrap_or_default();
        }
        Ok(candidates)
    }

    fn import(&self, _folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let row = table::fields(&candidate.entry);
        let folder = candidate.id.split_once('/').map_or("", |(folder, _)| folder);
        let file = candidate.path.file_stem().unwrap_or_default().to_string_lossy();
        // A few files have no row; their folder is their composer.
        let composer = row.get(COMPOSER).filter(|name| !name.is_empty()).map_or(folder, String::as_str).to_owned();
        let title = row.get(TITLE).map_or(file.as_ref(), String::as_str);
        let (mut score, _) = quantise(&read_midi(&candidate.path)?);
        super::keep_sounding(&mut score.parts)?;
        // The files say "major" of every key.
        score.keys = mode::with_modes(&score);
        let title = title.replace('_', " ");
        score.title.clone_from(&title);
        let roles = vec![Some(Role::Harmony); score.parts.len()];
        let style = Style { genre: "classical piano".to_owned(), composer };
        let confident_bars = !score.meters.is_empty();
        Ok(Imported { title, score, roles, style, confident_bars })
    }
}
