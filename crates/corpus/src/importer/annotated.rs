//! Collections that came from notation: `midi/ID.mid` beside `annotations.jsonl`, one JSON object a line, times in quarters
//! from the start of the MIDI file. Four sets share this form; each has its own module.

use super::{Candidate, midi_files, read_file, read_midi};
use crate::CorpusError;
use aeolian_score::bar_lines::meter_changes;
use aeolian_score::quantise::quantise;
use aeolian_score::{GRID, Key, KeyChange, Mode, Score, Tick};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// What we use of a line of `annotations.jsonl`.
#[derive(Deserialize)]
pub(super) struct Annotation {
    pub id: String,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub movement: Option<String>,
    /// "composer", "lyricist" … and their names.
    #[serde(default)]
    pub creators: BTreeMap<String, String>,
    /// Every bar line but the last.
    #[serde(default)]
    pub measure_starts_q: Vec<f64>,
    /// Chord symbols.
    #[serde(default)]
    pub harmony: Vec<(f64, String)>,
    #[serde(default)]
    pub fermatas: Vec<f64>,
    /// When, sharps, mode.
    #[serde(default)]
    pub key: Vec<(f64, i8, String)>,
    /// When, numerator, denominator.
    #[serde(default)]
    pub time: Vec<(f64, u16, u16)>,
    /// The composer as the collection's folders name him or her: "Abbott,_Jane_Bingham".
    #[serde(default)]
    pub composer: Option<String>,
}

impl Annotation {
    /// Title and movement, or whatever of them there is.
    pub fn full_title(&self) -> String {
        let (title, movement) = (self.title.as_deref().unwrap_or(""), self.movement.as_deref().unwrap_or(""));
        match (title.trim(), movement.trim()) {
            ("", only) | (only, "") => only.to_owned(),
            (title, movement) if title == movement => title.to_owned(),
            (title, movement) => format!("{title}: {movement}"),
        }
    }

    /// The composer: as the piece says, or as its folder does.
    pub fn composer_name(&self) -> String {
        let said = self.creators.get("composer").map(|name| name.trim()).filter(|name| !name.is_empty());
        let filed = self.composer.as_deref().map(|name| name.replace('_', " "));
        said.map(str::to_owned).or(filed).unwrap_or_default()
    }
}

/// True if a folder holds such a collection whose first line `is_ours`.
pub(super) fn recognises(folder: &Path, is_ours: fn(&str) -> bool) -> bool {
    let Ok(file) = File::open(folder.join("annotations.jsonl")) else { return false };
    let mut line = String::new();
    // Lines of long pieces have many bar lines, but not a megabyte of them.
    let read = BufReader::new(file.take(1 << 20)).read_line(&mut line);
    read.is_ok() && folder.join("midi").is_dir() && is_ours(&line)
}

/// True if a line says that its id begins so.
pub(super) fn id_begins(line: &str, prefix: &str) -> bool {
    let id = serde_json::from_str::<Annotation>(line).map(|annotation| annotation.id);
    id.is_ok_and(|id| id.starts_with(prefix))
}

/// The MIDI files of the collection, each with its line.
pub(super) fn pieces(folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
    let mut lines = lines(folder)?;
    let mut candidates = midi_files(&folder.join("midi"))?;
    for candidate in &mut candidates {
        candidate.entry = lines.remove(&candidate.id).unwrap_or_default();
    }
    Ok(candidates)
}

/// The lines of `annotations.jsonl` by id; a line without an id is no line.
fn lines(folder: &Path) -> Result<HashMap<String, String>, CorpusError> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let path = folder.join("annotations.jsonl");
    let bytes = read_file(&path).map_err(|reason| CorpusError::io(&path)(std::io::Error::other(reason)))?;
    let text = String::from_utf8_lossy(&bytes);
    let named = |line: &str| serde_json::from_str::<Id>(line).ok().map(|id| (id.id, line.to_owned()));
    Ok(text.lines().filter_map(named).collect())
}

/// The quantised music of a candidate with the keys and bars of its annotation.
pub(super) fn read(candidate: &Candidate) -> Result<(Score, Annotation), String> {
    if candidate.entry.is_empty() {
        return Err("annotations.jsonl has no line for it.".to_owned());
    }
    let annotation: Annotation =
        serde_json::from_str(&candidate.entry).map_err(|e| format!("Its annotation cannot be understood: {e}."))?;
    let (mut score, _) = quantise(&read_midi(&candidate.path)?);
    super::keep_sounding(&mut score.parts)?;
    score.title = annotation.full_title();
    score.keys = keys(&annotation.key)?;
    if !annotation.measure_starts_q.is_empty() {
        let metres: Vec<(u32, Option<(u8, u8)>)> = annotation.time.iter().map(metre).collect::<Result<_, _>>()?;
        let mut lines =
            annotation.measure_starts_q.iter().map(|q| tick(*q).map(|t| t.0)).collect::<Result<Vec<_>, _>>()?;
        lines.push(score.end().0);
        lines.sort_unstable();
        lines.dedup();
        score.meters = meter_changes(&lines, &metres, GRID).0;
    }
    Ok((score, annotation))
}

/// A time in quarters as a grid position; nonsense is refused.
pub(super) fn tick(quarters: f64) -> Result<Tick, String> {
    let position = (quarters * f64::from(GRID)).round();
    let possible = (0.0..=f64::from(u32::MAX)).contains(&position);
    possible
        .then_some(Tick(position as u32))
        .ok_or_else(|| format!("Its annotation has an impossible time: {quarters}."))
}

fn metre((at, numerator, denominator): &(f64, u16, u16)) -> Result<(u32, Option<(u8, u8)>), String> {
    let nonsense = || format!("Its annotation has an impossible metre: {numerator}/{denominator}.");
    let numerator_ = u8::try_from(*numerator).ok().filter(|n| *n > 0).ok_or_else(nonsense)?;
    let possible = denominator.is_power_of_two() && *denominator <= 32;
    let denominator_ = u8::try_from(*denominator).ok().filter(|_| possible).ok_or_else(nonsense)?;
    Ok((tick(*at)?.0, Some((numerator_, denominator_))))
}

fn keys(written: &[(f64, i8, String)]) -> Result<Vec<KeyChange>, String> {
    let mut keys: Vec<KeyChange> = Vec::new();
    for (at, sharps, mode) in written {
        let mode = if mode == "minor" { Mode::Minor } else { Mode::Major };
        let change = KeyChange { at: tick(*at)?, key: Key::from_signature(*sharps, mode) };
        if keys.last().is_some_and(|last| last.at == change.at) {
            keys.pop();
        }
        keys.push(change);
    }
    keys.sort_by_key(|key| key.at);
    keys.dedup_by_key(|key| key.key);
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_composers_are_put_together() {
        let read = |json: &str| serde_json::from_str::<Annotation>(json).unwrap();
        let both = read(r#"{"id": "x", "title": "Op. 1", "movement": "Allegro", "composer": "Abbott,_Jane"}"#);
        assert_eq!((both.full_title().as_str(), both.composer_name().as_str()), ("Op. 1: Allegro", "Abbott, Jane"));
        let same = read(r#"{"id": "x", "title": "Air", "movement": "Air", "creators": {"composer": "J. Arne"}}"#);
        assert_eq!((same.full_title().as_str(), same.composer_name().as_str()), ("Air", "J. Arne"));
    }

    #[test]
    fn impossible_times_and_metres_are_refused() {
        assert!(tick(-1.0).is_err() && tick(f64::NAN).is_err() && tick(1e12).is_err());
        assert_eq!(tick(0.5), Ok(Tick(6)));
        assert!(metre(&(0.0, 0, 4)).is_err() && metre(&(0.0, 4, 3)).is_err() && metre(&(0.0, 4, 64)).is_err());
        assert_eq!(metre(&(1.0, 6, 8)), Ok((12, Some((6, 8)))));
    }
}
