//! pop909: piano arrangements of pop songs with chords, keys and phrase structure.
//!
//! `midi/NNN.mid` has tracks MELODY, BRIDGE (a second voice), PIANO and CHORDS; `ann/NNN.json` says the rest, in
//! quarters from the start of the MIDI file. Sources: POP909 (Wang et al. 2020, arXiv:2008.07142), the corrected chords
//! and keys of POP909-CL (arXiv:2510.06528), and the phrase labels of Dai, Zhang and Dannenberg 2020
//! (arXiv:2010.07518).
//!
//! The phrase labels come from another release, so they are used only where they agree with this one: their bars must
//! be near whole bars of the music and they must end where the music ends. Where they do not, the form is unknown.

use super::{Candidate, Imported, Importer, midi_files, read_file, read_midi};
use crate::{CorpusError, Style};
use aeolian_score::quantise::quantise;
use aeolian_score::role::Role;
use aeolian_score::{Chord, ChordEvent, GRID, Key, KeyChange, MeterChange, Mode, Score, Section, Tick};
use serde::Deserialize;
use std::path::Path;

/// Furthest that a phrase may start from a bar line, in bars. The labels have drifts of up to an eighth of a bar;
/// half a bar is a different idea of where bars begin.
const FARTHEST_FROM_BAR: f64 = 0.13;

/// Furthest that the phrases may end from the end of the music, as a part of it; 8 bars are always allowed.
const FARTHEST_FROM_END: f64 = 0.1;

/// The importer of the set "pop909".
pub struct Pop909;

impl Importer for Pop909 {
    fn name(&self) -> &'static str {
        "pop909"
    }

    fn recognises(&self, folder: &Path) -> bool {
        folder.join("midi").is_dir() && folder.join("ann").is_dir()
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        midi_files(&folder.join("midi"))
    }

    fn import(&self, folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let read = read_midi(&candidate.path)?;
        let annotation = annotation(folder, &candidate.id)?;
        let (mut score, _) = quantise(&read);
        // The chords are annotated; as notes they would only double them.
        score.parts.retain(|part| part.name != "CHORDS");
        if score.parts.iter().all(|part| part.notes.is_empty()) {
            return Err("It holds no notes.".to_owned());
        }
        let roles = score.parts.iter().map(|part| role(&part.name)).collect();
        score.title.clone_from(&annotation.title);
        score.meters = annotation.meters()?;
        score.keys = annotation.keys()?;
        score.chords = annotation.chords()?;
        score.sections = annotation.sections(&score);
        Ok(Imported {
            title: annotation.title,
            score,
            roles,
            style: Style::of_set("pop909"),
            confident_bars: matches!(annotation.downbeat.confidence.as_str(), "A" | "B"),
        })
    }
}

fn annotation(folder: &Path, id: &str) -> Result<Annotation, String> {
    let annotation = folder.join("ann").join(id).with_extension("json");
    let annotation = read_file(&annotation).map_err(|e| format!("Its annotation is missing. {e}"))?;
    serde_json::from_slice(&annotation).map_err(|e| format!("Its annotation cannot be understood: {e}."))
}

/// Gives the keys, chords and sections of a song of pop909 to another score of the same music; its title.
///
/// # Errors   a sentence for people, where the annotation is missing or makes no sense.
pub(super) fn annotate(folder: &Path, id: &str, score: &mut Score) -> Result<String, String> {
    let annotation = annotation(folder, id)?;
    score.keys = annotation.keys()?;
    score.chords = annotation.chords()?;
    score.sections = annotation.sections(score);
    Ok(annotation.title)
}

fn role(track: &str) -> Option<Role> {
    match track {
        "MELODY" => Some(Role::Melody),
        "BRIDGE" => Some(Role::Counter),
        "PIANO" => Some(Role::Harmony),
        _ => None,
    }
}

/// What we use of `ann/NNN.json`.
#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    title: String,
    /// Quarter, numerator, denominator.
    time_signature: Vec<(f64, u8, u8)>,
    /// Quarter, sharps, 0 major or 1 minor.
    key_signatures_cl: Vec<(f64, i8, u8)>,
    /// The phrase labellers' one key for the whole song, "Db:maj"; it stands in where there is no signature.
    key_dsqvival: Option<String>,
    chords: Vec<AnnotatedChord>,
    structure: Option<Structure>,
    downbeat: Downbeat,
}

/// Written as an array in this order.
#[derive(Deserialize)]
struct AnnotatedChord {
    /// In quarters.
    start: f64,
    /// In quarters.
    end: f64,
    label: String,
    root: u8,
    #[serde(rename = "quality")]
    _quality: String,
    bass: u8,
    pitch_classes: Vec<u8>,
}

#[derive(Deserialize)]
struct Structure {
    #[serde(default)]
    human_label1: Option<Vec<Phrase>>,
}

#[derive(Deserialize)]
struct Phrase {
    label: String,
    bars: f64,
    /// Counted from 1; absent where the labels could not be laid over the music. 0 where the first bar of the labels
    /// is not in it.
    start_bar: Option<f64>,
}

#[derive(Deserialize)]
struct Downbeat {
    /// A or B are good, C is doubtful.
    confidence: String,
}

/// A time in quarters as a grid position; nonsense is refused.
fn tick(quarters: f64) -> Result<Tick, String> {
    let position = (quarters * f64::from(GRID)).round();
    let possible = (0.0..=f64::from(u32::MAX)).contains(&position);
    possible
        .then_some(Tick(position as u32))
        .ok_or_else(|| format!("Its annotation has an impossible time: {quarters}."))
}

impl Annotation {
    fn meters(&self) -> Result<Vec<MeterChange>, String> {
        let mut meters = Vec::new();
        for &(at, numerator, denominator) in &self.time_signature {
            if numerator == 0 || !denominator.is_power_of_two() || denominator > 32 {
                return Err(format!("Its annotation has an impossible metre: {numerator}/{denominator}."));
            }
            meters.push(MeterChange { at: tick(at)?, numerator, denominator });
        }
        meters.sort_by_key(|m| m.at);
        Ok(meters)
    }

    fn keys(&self) -> Result<Vec<KeyChange>, String> {
        let mut keys = Vec::new();
        for &(at, sharps, mode) in &self.key_signatures_cl {
            let mode = if mode == 1 { Mode::Minor } else { Mode::Major };
            keys.push(KeyChange { at: tick(at)?, key: Key::from_signature(sharps, mode) });
        }
        keys.sort_by_key(|k| k.at);
        match keys.first_mut() {
            // Where the annotators moved the music, its first key is marked some bars late; nothing else holds before.
            Some(first) => first.at = Tick(0),
            None => {
                keys.extend(self.key_dsqvival.as_deref().and_then(key_named).map(|key| KeyChange { at: Tick(0), key }))
            }
        }
        Ok(keys)
    }

    /// The chords in order; one that runs into the next ends there.
    fn chords(&self) -> Result<Vec<ChordEvent>, String> {
        let mut chords = Vec::new();
        for annotated in &self.chords {
            let AnnotatedChord { root, bass, pitch_classes, .. } = annotated;
            if [root, bass].into_iter().chain(pitch_classes).any(|pc| *pc > 11) {
                return Err(format!("Its annotation has an impossible chord: {}.", annotated.label));
            }
            let set = pitch_classes.iter().fold(1 << bass, |set, pc| set | 1u16 << pc);
            let chord = Some(Chord::from_pitch_classes(*root, *bass, set));
            chords.push(ChordEvent { at: tick(annotated.start)?, end: tick(annotated.end)?, chord });
        }
        chords.sort_by_key(|c| c.at);
        for index in 1..chords.len() {
            let next = chords[index].at;
            chords[index - 1].end = chords[index - 1].end.min(next);
        }
        chords.retain(|c| c.at < c.end);
        Ok(chords)
    }

    /// The phrases as sections, or none where they do not fit the music.
    fn sections(&self, score: &Score) -> Vec<Section> {
        let phrases = self.structure.as_ref().and_then(|s| s.human_label1.as_deref()).unwrap_or_default();
        let bars: Option<Vec<(f64, f64)>> = phrases.iter().map(whole_bars).collect();
        let Some(bars) = bars else { return Vec::new() };
        let (numerator, denominator) = score.meter_at(Tick(0));
        let bar = f64::from(GRID) * 4.0 * f64::from(numerator) / f64::from(denominator);
        let music_end = f64::from(score.end().0);
        let phrases_end = bars.last().map_or(0.0, |(_, end)| end * bar);
        if (phrases_end - music_end).abs() > (music_end * FARTHEST_FROM_END).max(8.0 * bar) {
            return Vec::new();
        }
        let at = |bars: f64| Tick((bars * bar).round() as u32);
        let section = |(phrase, (start, end)): (&Phrase, (f64, f64))| Section {
            at: at(start),
            end: at(end),
            label: phrase.label.clone(),
        };
        let mut sections: Vec<Section> = phrases.iter().zip(bars).map(section).collect();
        sections.sort_by_key(|s| s.at);
        sections.retain(|s| s.at < s.end);
        sections
    }
}

/// A key from its name, "Db:maj" or "F#:min".
fn key_named(name: &str) -> Option<Key> {
    let (tonic, mode) = name.split_once(':')?;
    let mode = match mode {
        "maj" => Mode::Major,
        "min" => Mode::Minor,
        _ => return None,
    };
    let letter = ["C", "", "D", "", "E", "F", "", "G", "", "A", "", "B"];
    let natural = letter.iter().position(|l| !l.is_empty() && tonic.get(..1) == Some(l))? as i32;
    let sharps = match tonic.get(1..)? {
        "" => 0,
        "#" => 1,
        "b" => -1,
        _ => return None,
    };
    Some(Key { tonic: 0, mode }.transposed(natural + sharps))
}

/// First bar and end of a phrase, counted from 0 and not before the music; `None` where unknown or between bars.
fn whole_bars(phrase: &Phrase) -> Option<(f64, f64)> {
    let start = phrase.start_bar? - 1.0;
    let near = start.round();
    let sensible = (start - near).abs() <= FARTHEST_FROM_BAR && near.abs() < 1e4 && (0.0..1e4).contains(&phrase.bars);
    sensible.then(|| (near.max(0.0), (near + phrase.bars).max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrase(start_bar: Option<f64>) -> Phrase {
        Phrase { label: "A".into(), bars: 4.0, start_bar }
    }

    #[test]
    fn phrases_lie_on_bars_or_nowhere() {
        assert_eq!(whole_bars(&phrase(Some(5.0))), Some((4.0, 8.0)));
        assert_eq!(whole_bars(&phrase(Some(4.938))), Some((4.0, 8.0)));
        assert_eq!(whole_bars(&phrase(Some(0.0))), Some((0.0, 3.0)), "what lies before the music is cut");
        assert_eq!(whole_bars(&phrase(Some(4.5))), None);
        assert_eq!(whole_bars(&phrase(None)), None);
    }

    #[test]
    fn keys_have_names() {
        assert_eq!(key_named("Db:maj"), Some(Key { tonic: 1, mode: Mode::Major }));
        assert_eq!(key_named("Cb:min"), Some(Key { tonic: 11, mode: Mode::Minor }));
        for name in ["", "C", ":maj", "H:maj", "C##:maj", "é:maj", "C:dorian"] {
            assert_eq!(key_named(name), None, "{name}");
        }
    }

    #[test]
    fn times_before_the_music_are_refused() {
        assert_eq!(tick(1.5), Ok(Tick(18)));
        assert!(tick(-1.0).is_err() && tick(f64::NAN).is_err() && tick(1e12).is_err());
    }
}
