//! groove: drums, played on an electronic kit to a metronome.
//!
//! Source: Groove MIDI Dataset (Gillick et al. 2019, arXiv:1905.06118; CC BY 4.0). `info.csv` names style, tempo, beat or
//! fill and metre. The strokes are expressive; here they are on the grid by the rule of [`quantise`], which was measured on
//! them, and keep their loudness. How far each was off the grid is not kept. The kit (Roland TD-11) has its own notes for rims and
//! edges; those that mean another instrument in General MIDI are moved to the drum they belong to.

use super::{Candidate, Imported, Importer, midi_files_below, read_midi, table};
use crate::{CorpusError, Style};
use aeolian_score::quantise::quantise;
use aeolian_score::role::Role;
use aeolian_score::{MeterChange, TempoChange, Tick};
use std::collections::HashMap;
use std::path::Path;

/// Columns of `info.csv`.
const STYLE: usize = 3;
const BPM: usize = 4;
const BEAT_TYPE: usize = 5;
const TIME_SIGNATURE: usize = 6;
const MIDI_FILENAME: usize = 7;

/// The importer of the set "groove".
pub struct Groove;

impl Importer for Groove {
    fn name(&self) -> &'static str {
        "groove"
    }

    fn recognises(&self, folder: &Path) -> bool {
        let header = table::lines(&folder.join("info.csv")).ok().and_then(|lines| lines.into_iter().next());
        header.is_some_and(|header| header.starts_with("drummer,session,id,style,bpm"))
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        let lines = table::lines(&folder.join("info.csv"))?;
        let named = |line: String| Some((table::fields(&line).get(MIDI_FILENAME)?.clone(), line));
        let mut rows: HashMap<String, String> = lines.into_iter().filter_map(named).collect();
        let mut candidates = midi_files_below(folder, 3)?;
        for candidate in &mut candidates {
            candidate.entry = rows.remove(&candidate.id).unwrap_or_default();
        }
        Ok(candidates)
    }

    fn import(&self, _folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let row = table::fields(&candidate.entry);
        let [style, bpm, beat_type, time] = [STYLE, BPM, BEAT_TYPE, TIME_SIGNATURE].map(|column| row.get(column));
        let (Some(style), Some(bpm), Some(beat_type), Some(time)) = (style, bpm, beat_type, time) else {
            return Err("info.csv has no row for it.".to_owned());
        };
        let mut played = read_midi(&candidate.path)?;
        for note in played.parts.iter_mut().flat_map(|part| &mut part.notes) {
            note.pitch = general_midi(note.pitch);
        }
        let (mut score, _) = quantise(&played);
        score.parts.retain(|part| part.is_drum);
        super::keep_sounding(&mut score.parts)?;
        let qpm: f64 = bpm.parse().map_err(|_| format!("info.csv gives it an impossible tempo: {bpm}."))?;
        if !(1.0..=1000.0).contains(&qpm) {
            return Err(format!("info.csv gives it an impossible tempo: {bpm}."));
        }
        score.tempos = vec![TempoChange { at: Tick(0), qpm }];
        score.meters = vec![metre(time)?];
        // The signature in every file is that of C major: the recorder's default, and drums have no key.
        score.keys.clear();
        let title = format!("{} {beat_type} at {bpm}", style.replace('/', ", "));
        score.title.clone_from(&title);
        let roles = vec![Some(Role::Drums); score.parts.len()];
        let genre = style.split('/').next().unwrap_or_default().to_owned();
        let style = Style { genre, composer: String::new() };
        // Fills are cut out of longer takes; only beats are known to begin on a bar line.
        Ok(Imported { title, score, roles, style, confident_bars: beat_type == "beat" })
    }
}

/// The drum of General MIDI that a note of the kit means (table in the README of the data set): edges of the hi-hat and the
/// crashes, and the rim of the third tom.
fn general_midi(pitch: u8) -> u8 {
    match pitch {
        22 => 42,
        26 => 46,
        52 => 57,
        55 => 49,
        58 => 43,
        pitch => pitch,
    }
}

/// "6-8" as a metre from the start.
fn metre(text: &str) -> Result<MeterChange, String> {
    let (numerator, denominator) = text.split_once('-').unwrap_or_default();
    match (numerator.parse(), denominator.parse::<u8>()) {
        (Ok(numerator @ 1..), Ok(denominator)) if denominator.is_power_of_two() && denominator <= 32 => {
            Ok(MeterChange { at: Tick(0), numerator, denominator })
        }
        _ => Err(format!("info.csv gives it an impossible metre: {text}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_and_rims_become_their_drums_and_the_rest_stays() {
        assert_eq!([22, 26, 55, 52, 58, 36, 38].map(general_midi), [42, 46, 49, 57, 43, 36, 38]);
    }

    #[test]
    fn metres_are_written_with_a_hyphen() {
        let seen = metre("6-8").map(|m| (m.numerator, m.denominator));
        assert_eq!(seen, Ok((6, 8)));
        for nonsense in ["", "4", "4/4", "0-4", "4-3", "4-64"] {
            assert!(metre(nonsense).is_err(), "{nonsense}");
        }
    }
}
