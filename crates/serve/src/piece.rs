//! A piece as people edit it: JSON with notes in lanes, times in twelfths of a quarter; and back to a [`Source`], tick for tick.
//!
//! A stored score keeps its own resolution R (a multiple of 12 ticks a quarter). A time of t ticks is written as 12 t / R, and
//! read back as round(time · R / 12): both are exact, because a double holds every such fraction to far better than half a tick.

use crate::error::{ApiError, Code};
use aeolian_canvas::NoteLane;
use aeolian_compose::Source;
use aeolian_compose::wish::Metre;
use aeolian_score::{
    Chord, ChordEvent, ChordSymbol, GRID, Key, KeyChange, MeterChange, Note, Part, Score, Section, TempoChange, Tick,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Notes a piece may have.
pub const MOST_NOTES: usize = 50_000;
/// Parts a piece may have.
pub const MOST_PARTS: usize = 64;
/// Chords, sections and tempi a piece may have.
pub const MOST_MARKS: usize = 10_000;
/// Keys and metres a piece may have.
pub const MOST_CHANGES: usize = 500;
/// The last moment of a piece, in twelfths: 20,000 quarters, close to three hours.
pub const LATEST: f64 = 240_000.0;
/// The finest resolution that is read, in ticks a quarter.
const FINEST: u32 = 120_000;
/// Characters of a title, a name or a label.
const LONGEST_TEXT: usize = 200;
/// Loudness of a note that says none.
const USUAL_VELOCITY: u8 = 80;

/// A piece, in and out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PieceJson {
    /// Its title, or empty.
    pub title: String,
    /// Ticks a quarter of the stored score; send it back as it came, leave it out for a new piece.
    pub resolution: Option<u32>,
    /// Bars; read only.
    pub bars: usize,
    /// Quarters a minute at the beginning.
    pub tempo: Option<f64>,
    /// The whole tempo map; if missing, the tempo throughout.
    pub tempos: Option<Vec<TempoJson>>,
    /// The metre at the beginning.
    pub metre: Option<String>,
    /// Every metre; if missing, the metre throughout.
    pub metres: Option<Vec<MetreJson>>,
    /// The key at the beginning.
    pub key: Option<String>,
    /// Every key; if missing, the key throughout.
    pub keys: Option<Vec<KeyJson>>,
    /// The beginning of every bar, and the end of the last; read only.
    pub bar_starts: Vec<f64>,
    /// Who plays; if missing, one part a lane.
    pub parts: Option<Vec<PartJson>>,
    /// The notes.
    pub notes: Vec<NoteJson>,
    /// Chord symbols.
    pub chords: Vec<ChordJson>,
    /// Phrases.
    pub sections: Vec<SectionJson>,
}

/// A line or a group of lines played by one instrument.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PartJson {
    /// The lane it plays; null for none.
    pub lane: Option<String>,
    /// Its name.
    pub name: String,
    /// General MIDI program, 0–127.
    pub program: u8,
    /// Percussion.
    pub drums: bool,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NoteJson {
    /// Its lane; null if its part plays none.
    #[serde(default)]
    pub lane: Option<String>,
    /// Its part, by its place in `parts`.
    #[serde(default)]
    pub part: Option<usize>,
    /// MIDI pitch, 0–127.
    pub pitch: u8,
    /// When it begins, in twelfths of a quarter.
    pub start: f64,
    /// How long it sounds, in twelfths of a quarter.
    pub length: f64,
    /// MIDI velocity, 1–127; 80 if missing.
    #[serde(default = "usual_velocity")]
    pub velocity: u8,
}

fn usual_velocity() -> u8 {
    USUAL_VELOCITY
}

/// From a moment on, this tempo.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TempoJson {
    /// When, in twelfths.
    pub at: f64,
    /// Quarters a minute.
    pub qpm: f64,
}

/// From a moment on, this metre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MetreJson {
    /// When, in twelfths.
    pub at: f64,
    /// Such as "4/4".
    pub metre: String,
}

/// From a moment on, this key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KeyJson {
    /// When, in twelfths.
    pub at: f64,
    /// Such as "F# minor".
    pub key: String,
}

/// Refuses a score that is larger than pieces may be; files can hold anything.
///
/// # Errors   413 with what is too much
pub fn check_score(score: &Score) -> Result<(), ApiError> {
    let notes: usize = score.parts.iter().map(|part| part.notes.len()).sum();
    let counts = [
        ("notes", notes, MOST_NOTES),
        ("parts", score.parts.len(), MOST_PARTS),
        ("chords", score.chords.len(), MOST_MARKS),
        ("sections", score.sections.len(), MOST_MARKS),
        ("tempos", score.tempos.len(), MOST_MARKS),
        ("metres", score.meters.len(), MOST_CHANGES),
        ("keys", score.keys.len(), MOST_CHANGES),
    ];
    for (what, count, most) in counts {
        if count > most {
            let sentence = format!("a piece has at most {most} {what}, and this one has {count}");
            return Err(ApiError::new(Code::TooLarge, sentence).in_field(what));
        }
    }
    let chords = score.chords.iter().map(|c| c.end);
    let end = chords.chain(score.sections.iter().map(|s| s.end)).chain([score.end()]).max().unwrap_or_default();
    if Clock::of(score).twelfths(end) > LATEST {
        let sentence = format!("a piece lasts at most {} quarters, and this one is longer", LATEST / f64::from(GRID));
        return Err(ApiError::new(Code::TooLarge, sentence).in_field("notes"));
    }
    Ok(())
}

/// A chord symbol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChordJson {
    /// When, in twelfths.
    pub start: f64,
    /// How long, in twelfths.
    pub length: f64,
    /// Such as "Am7/G" or "N.C.".
    pub symbol: String,
    /// MIDI pitches to hear it by; read only.
    #[serde(default)]
    pub pitches: Vec<u8>,
}

/// A phrase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SectionJson {
    /// When, in twelfths.
    pub start: f64,
    /// How long, in twelfths.
    pub length: f64,
    /// Equal labels mean related material.
    pub label: String,
}

/// The name of a lane in JSON: "melody".
pub fn lane_word(lane: NoteLane) -> String {
    match serde_json::to_value(lane) {
        Ok(serde_json::Value::String(word)) => word,
        _ => format!("{lane:?}").to_lowercase(),
    }
}

/// A lane by its name in JSON.
pub fn lane_of(word: &str) -> Result<NoteLane, ApiError> {
    NoteLane::ALL.into_iter().find(|&lane| lane_word(lane) == word).ok_or_else(|| {
        let known: Vec<String> = NoteLane::ALL.into_iter().map(lane_word).collect();
        let word: String = word.chars().take(40).collect();
        ApiError::cannot("lanes", format!("there is no lane called \"{word}\"; there are {}", known.join(", ")))
    })
}

/// How a chord may be heard: the bass in the octave below middle C's, the tones above it.
pub fn chord_pitches(pitch_classes: u16, bass: Option<u8>) -> Vec<u8> {
    const BASS: u8 = 36;
    const TONES: u8 = 52;
    let tones = (TONES..TONES + 12).filter(|pitch| pitch_classes >> (pitch % 12) & 1 == 1);
    bass.map(|bass| BASS + bass % 12).into_iter().chain(tones).collect()
}

impl PieceJson {
    /// A stored piece as people edit it.
    pub fn from_source(source: &Source) -> Self {
        Self::from_score(source.score(), source.lanes())
    }

    /// A score whose parts play these lanes; parts beyond the list play none.
    pub fn from_score(score: &Score, lanes: &[Option<NoteLane>]) -> Self {
        let clock = Clock::of(score);
        let lane = |part: usize| lanes.get(part).copied().flatten().map(lane_word);
        let mut notes: Vec<NoteJson> = Vec::new();
        for (index, part) in score.parts.iter().enumerate() {
            let lane = lane(index);
            notes.extend(part.notes.iter().map(|note| NoteJson {
                lane: lane.clone(),
                part: Some(index),
                pitch: note.pitch,
                start: clock.twelfths(note.onset),
                length: clock.twelfths(note.duration),
                velocity: note.velocity,
            }));
        }
        let part_of = |(index, part): (usize, &Part)| PartJson {
            lane: lane(index),
            name: part.name.clone(),
            program: part.program,
            drums: part.is_drum,
        };
        let tempos: Vec<TempoJson> =
            score.tempos.iter().map(|t| TempoJson { at: clock.twelfths(t.at), qpm: t.qpm }).collect();
        let metre = |numerator: u8, denominator: u8| format!("{numerator}/{denominator}");
        let metres: Vec<MetreJson> = score
            .meters
            .iter()
            .map(|m| MetreJson { at: clock.twelfths(m.at), metre: metre(m.numerator, m.denominator) })
            .collect();
        let keys: Vec<KeyJson> =
            score.keys.iter().map(|k| KeyJson { at: clock.twelfths(k.at), key: k.key.to_string() }).collect();
        let first = score.meter_at(Tick(0));
        let bar_starts = bar_starts(score);
        Self {
            title: score.title.clone(),
            resolution: Some(score.ticks_per_quarter),
            bars: bar_starts.len().saturating_sub(1),
            tempo: Some(score.tempos.first().map_or(120.0, |t| t.qpm)),
            tempos: Some(tempos),
            metre: Some(metre(first.0, first.1)),
            metres: Some(metres),
            key: score.keys.first().map(|k| k.key.to_string()),
            keys: Some(keys),
            bar_starts: bar_starts.into_iter().map(|at| clock.twelfths(at)).collect(),
            parts: Some(score.parts.iter().enumerate().map(part_of).collect()),
            notes,
            chords: chords_json(&score.chords, score, &clock),
            sections: sections_json(&score.sections, &clock),
        }
    }

    /// The piece as verbs start from it.
    ///
    /// # Errors   400 with the first thing that makes no sense, and where
    pub fn to_source(&self) -> Result<Source, ApiError> {
        let (score, lanes) = self.to_score()?;
        Source::with_lanes(score, lanes).map_err(|error| wrong("parts", error.to_string()))
    }

    /// The score, and the lane of each part.
    pub fn to_score(&self) -> Result<(Score, Vec<Option<NoteLane>>), ApiError> {
        let clock = Clock { resolution: self.resolution_asked()? };
        self.check_sizes()?;
        let mut score = Score::new(clock.resolution);
        score.title = short(&self.title);
        let mut lanes = Vec::new();
        for part in self.parts.iter().flatten() {
            if part.program > 127 {
                return Err(wrong("parts", format!("a program is 0 to 127, not {}", part.program)));
            }
            lanes.push(part.lane.as_deref().map(lane_of).transpose().map_err(|e| wrong("parts", e.sentence))?);
            score.parts.push(Part {
                name: short(&part.name),
                program: part.program,
                is_drum: part.drums,
                ..Part::default()
            });
        }
        for (index, note) in self.notes.iter().enumerate() {
            let part =
                part_for(note, &mut score, &mut lanes).map_err(|s| wrong("notes", format!("note {index}: {s}")))?;
            let read = read_note(note, &clock).map_err(|s| wrong("notes", format!("note {index}: {s}")))?;
            score.parts[part].notes.push(read);
        }
        score.parts.iter_mut().for_each(|part| part.notes.sort());
        score.tempos = self.read_tempos(&clock)?;
        score.meters = self.read_metres(&clock)?;
        score.keys = self.read_keys(&clock)?;
        score.chords = self.read_chords(&clock)?;
        score.sections = self.read_sections(&clock)?;
        Ok((score, lanes))
    }

    fn resolution_asked(&self) -> Result<u32, ApiError> {
        let resolution = self.resolution.unwrap_or_else(|| if self.is_on_the_grid() { GRID } else { 40 * GRID });
        if resolution == 0 || !resolution.is_multiple_of(GRID) || resolution > FINEST {
            let sentence = format!("a resolution is a multiple of {GRID} up to {FINEST}, not {resolution}");
            return Err(wrong("resolution", sentence));
        }
        Ok(resolution)
    }

    fn is_on_the_grid(&self) -> bool {
        let notes = self.notes.iter().flat_map(|n| [n.start, n.length]);
        let chords = self.chords.iter().flat_map(|c| [c.start, c.length]);
        notes.chain(chords).all(|time| time.fract() == 0.0)
    }

    fn check_sizes(&self) -> Result<(), ApiError> {
        let many = |field: &str, count: usize, most: usize| {
            let sentence = || format!("a piece has at most {most} {field}, and this one has {count}");
            if count > most { Err(ApiError::new(Code::TooLarge, sentence()).in_field(field)) } else { Ok(()) }
        };
        many("notes", self.notes.len(), MOST_NOTES)?;
        many("parts", self.parts.as_ref().map_or(0, Vec::len), MOST_PARTS)?;
        many("chords", self.chords.len(), MOST_MARKS)?;
        many("sections", self.sections.len(), MOST_MARKS)?;
        many("tempos", self.tempos.as_ref().map_or(0, Vec::len), MOST_MARKS)?;
        many("metres", self.metres.as_ref().map_or(0, Vec::len), MOST_CHANGES)?;
        many("keys", self.keys.as_ref().map_or(0, Vec::len), MOST_CHANGES)
    }

    fn read_tempos(&self, clock: &Clock) -> Result<Vec<TempoChange>, ApiError> {
        let one = self.tempo.map(|qpm| vec![TempoJson { at: 0.0, qpm }]);
        let mut tempos = Vec::new();
        for tempo in self.tempos.as_ref().or(one.as_ref()).into_iter().flatten() {
            // What a file holds is kept; composing itself asks for 20 to 400.
            if !(1.0..=2000.0).contains(&tempo.qpm) {
                return Err(wrong("tempo", format!("a tempo is 1 to 2000 quarters a minute, not {}", tempo.qpm)));
            }
            tempos.push(TempoChange { at: clock.ticks(tempo.at).map_err(|s| wrong("tempos", s))?, qpm: tempo.qpm });
        }
        tempos.sort_by_key(|t| t.at);
        Ok(tempos)
    }

    fn read_metres(&self, clock: &Clock) -> Result<Vec<MeterChange>, ApiError> {
        let one = self.metre.clone().map(|metre| vec![MetreJson { at: 0.0, metre }]);
        let mut metres = Vec::new();
        for change in self.metres.as_ref().or(one.as_ref()).into_iter().flatten() {
            let (numerator, denominator) = read_metre(&change.metre).map_err(|s| wrong("metre", s))?;
            let at = clock.ticks(change.at).map_err(|s| wrong("metres", s))?;
            metres.push(MeterChange { at, numerator, denominator });
        }
        metres.sort_by_key(|m| m.at);
        Ok(metres)
    }

    fn read_keys(&self, clock: &Clock) -> Result<Vec<KeyChange>, ApiError> {
        let one = self.key.clone().map(|key| vec![KeyJson { at: 0.0, key }]);
        let mut keys = Vec::new();
        for change in self.keys.as_ref().or(one.as_ref()).into_iter().flatten() {
            let key: Key = change.key.parse().map_err(|e| wrong("key", format!("{e}")))?;
            keys.push(KeyChange { at: clock.ticks(change.at).map_err(|s| wrong("keys", s))?, key });
        }
        keys.sort_by_key(|k| k.at);
        Ok(keys)
    }

    fn read_chords(&self, clock: &Clock) -> Result<Vec<ChordEvent>, ApiError> {
        let mut chords = Vec::new();
        for chord in &self.chords {
            let symbol: ChordSymbol = chord.symbol.parse().map_err(|e| wrong("chords", format!("{e}")))?;
            let (at, end) = clock.span(chord.start, chord.length).map_err(|s| wrong("chords", s))?;
            chords.push(ChordEvent { at, end, chord: symbol.to_chord() });
        }
        chords.sort_by_key(|c| c.at);
        for index in 1..chords.len() {
            chords[index - 1].end = chords[index - 1].end.min(chords[index].at);
        }
        chords.retain(|chord| chord.end > chord.at);
        Ok(chords)
    }

    fn read_sections(&self, clock: &Clock) -> Result<Vec<Section>, ApiError> {
        let mut sections = Vec::new();
        for section in &self.sections {
            let (at, end) = clock.span(section.start, section.length).map_err(|s| wrong("sections", s))?;
            sections.push(Section { at, end, label: short(&section.label) });
        }
        sections.sort_by_key(|s| s.at);
        for index in 1..sections.len() {
            sections[index - 1].end = sections[index - 1].end.min(sections[index].at);
        }
        sections.retain(|section| section.end > section.at);
        Ok(sections)
    }
}

/// Chord symbols with their sound, spelled as in the key of their moment.
pub fn chords_json(chords: &[ChordEvent], score: &Score, clock: &Clock) -> Vec<ChordJson> {
    let symbol = |event: &ChordEvent| match event.chord {
        Some(chord) => ChordSymbol::from_chord(chord, score.key_at(event.at)),
        None => ChordSymbol::NO_CHORD,
    };
    let pitches = |chord: Option<Chord>| chord.map_or(vec![], |c| chord_pitches(c.pitch_classes(), Some(c.bass)));
    chords
        .iter()
        .map(|event| ChordJson {
            start: clock.twelfths(event.at),
            length: clock.twelfths(Tick(event.end.0.saturating_sub(event.at.0))),
            symbol: symbol(event).to_string(),
            pitches: pitches(event.chord),
        })
        .collect()
}

/// Phrases.
pub fn sections_json(sections: &[Section], clock: &Clock) -> Vec<SectionJson> {
    sections
        .iter()
        .map(|section| SectionJson {
            start: clock.twelfths(section.at),
            length: clock.twelfths(Tick(section.end.0.saturating_sub(section.at.0))),
            label: section.label.clone(),
        })
        .collect()
}

/// The beginning of every bar and the end of the last one; a piece ends with its last note, chord or section.
pub fn bar_starts(score: &Score) -> Vec<Tick> {
    let chords = score.chords.iter().map(|c| c.end);
    let sections = score.sections.iter().map(|s| s.end);
    let end = chords.chain(sections).chain([score.end()]).max().unwrap_or_default();
    let mut starts = score.bar_starts(end);
    if let Some(&last) = starts.last() {
        let (numerator, denominator) = score.meter_at(last);
        let whole = u64::from(score.ticks_per_quarter) * 4;
        let length = whole * u64::from(numerator.max(1)) / u64::from(denominator.max(1));
        let end_of_last = u64::from(last.0).saturating_add(length.max(1));
        starts.push(Tick(u32::try_from(end_of_last).unwrap_or(u32::MAX).max(end.0)));
    }
    starts
}

/// Ticks to twelfths and back.
pub struct Clock {
    resolution: u32,
}

impl Clock {
    /// The time of a score.
    pub fn of(score: &Score) -> Self {
        Self { resolution: score.ticks_per_quarter.max(1) }
    }

    /// 12 t / R.
    pub fn twelfths(&self, at: Tick) -> f64 {
        f64::from(at.0) * f64::from(GRID) / f64::from(self.resolution)
    }

    /// round(time · R / 12).
    fn ticks(&self, twelfths: f64) -> Result<Tick, String> {
        if !(0.0..=LATEST).contains(&twelfths) {
            return Err(format!("a time is 0 to {LATEST} twelfths of a quarter, not {twelfths}"));
        }
        let ticks = (twelfths * f64::from(self.resolution) / f64::from(GRID)).round();
        // At the finest resolution the latest moment would pass the end of time.
        if ticks > f64::from(u32::MAX / 2) {
            return Err(format!("{twelfths} twelfths of a quarter are too late at this resolution"));
        }
        Ok(Tick(ticks as u32))
    }

    fn span(&self, start: f64, length: f64) -> Result<(Tick, Tick), String> {
        let (at, length) = (self.ticks(start)?, self.ticks(length)?);
        Ok((at, Tick(at.0.saturating_add(length.0))))
    }
}

fn wrong(field: &str, sentence: impl Into<String>) -> ApiError {
    ApiError::new(Code::BadRequest, sentence).in_field(field)
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect()
}

/// "4/4"; files may hold metres that nothing is composed in.
fn read_metre(text: &str) -> Result<(u8, u8), String> {
    if let Ok(metre) = text.parse::<Metre>() {
        return Ok((metre.numerator(), metre.denominator()));
    }
    let parts =
        text.split_once('/').and_then(|(n, d)| Some((n.trim().parse::<u8>().ok()?, d.trim().parse::<u8>().ok()?)));
    let shown: String = text.chars().take(20).collect();
    parts
        .filter(|(n, d)| *n >= 1 && d.is_power_of_two() && *d <= 32)
        .ok_or_else(|| format!("\"{shown}\" is not a metre; write 4/4, 3/4, 6/8 or the like"))
}

/// The part a note goes to: the one it names, else the first of its lane, else a new one.
fn part_for(note: &NoteJson, score: &mut Score, lanes: &mut Vec<Option<NoteLane>>) -> Result<usize, String> {
    if let Some(part) = note.part {
        return if part < score.parts.len() { Ok(part) } else { Err(format!("there is no part {part}")) };
    }
    let Some(word) = &note.lane else { return Err("a note needs a lane or a part".into()) };
    let lane = lane_of(word).map_err(|e| e.sentence)?;
    if let Some(part) = lanes.iter().position(|l| *l == Some(lane)) {
        return Ok(part);
    }
    if score.parts.len() >= MOST_PARTS {
        return Err(format!("a piece has at most {MOST_PARTS} parts"));
    }
    let is_drum = lane_word(lane) == "drums";
    score.parts.push(Part { name: lane.name().to_owned(), is_drum, ..Part::default() });
    lanes.push(Some(lane));
    Ok(score.parts.len() - 1)
}

fn read_note(note: &NoteJson, clock: &Clock) -> Result<Note, String> {
    if note.pitch > 127 {
        return Err(format!("a pitch is 0 to 127, not {}", note.pitch));
    }
    if !(1..=127).contains(&note.velocity) {
        return Err(format!("a velocity is 1 to 127, not {}", note.velocity));
    }
    let (onset, duration) = (clock.ticks(note.start)?, clock.ticks(note.length)?);
    if duration.0 == 0 {
        return Err(format!("a length of {} twelfths is no length", note.length));
    }
    Ok(Note { onset, pitch: note.pitch, duration, velocity: note.velocity })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(notes: &str) -> Result<PieceJson, serde_json::Error> {
        serde_json::from_str(&format!(r#"{{"notes": {notes}}}"#))
    }

    #[test]
    fn off_grid_ticks_come_back_to_the_tick() {
        let mut score = Score::new(480);
        let notes = [(0, 479), (37, 1), (481, 123), (959, 77)];
        let note = |(at, length)| Note { onset: Tick(at), pitch: 60, duration: Tick(length), velocity: 70 };
        score.parts.push(Part { name: "Melody".into(), notes: notes.map(note).to_vec(), ..Part::default() });
        score.parts.push(Part {
            name: "Tambourine".into(),
            is_drum: true,
            notes: vec![note((3, 5))],
            ..Part::default()
        });
        score.meters = vec![MeterChange { at: Tick(0), numerator: 3, denominator: 4 }];
        score.keys = vec![KeyChange { at: Tick(0), key: "F# minor".parse().unwrap() }];
        score.tempos = vec![TempoChange { at: Tick(0), qpm: 91.5 }, TempoChange { at: Tick(481), qpm: 80.25 }];
        let chord = "F#m7/E".parse::<ChordSymbol>().unwrap().to_chord();
        score.chords = vec![ChordEvent { at: Tick(0), end: Tick(961), chord }];
        score.sections = vec![Section { at: Tick(0), end: Tick(1440), label: "A".into() }];
        let source = Source::with_lanes(score, vec![Some(NoteLane::Melody), None]).unwrap();
        let text = serde_json::to_string(&PieceJson::from_source(&source)).unwrap();
        let back: PieceJson = serde_json::from_str(&text).unwrap();
        assert_eq!(back.to_source().unwrap(), source);
        assert_eq!((back.bars, back.bar_starts.as_slice()), (1, &[0.0, 36.0][..]));
        assert_eq!(back.chords[0].symbol, "F#m7/E");
    }

    #[test]
    fn a_note_needs_no_more_than_a_lane_a_pitch_and_a_time() {
        let read = piece(r#"[{"lane": "melody", "pitch": 60, "start": 12, "length": 6}]"#).unwrap();
        let (score, lanes) = read.to_score().unwrap();
        assert_eq!(lanes, [Some(NoteLane::Melody)]);
        assert_eq!((score.ticks_per_quarter, score.parts[0].notes[0].velocity), (12, 80));
        let (finer, _) =
            piece(r#"[{"lane": "melody", "pitch": 60, "start": 0.5, "length": 6}]"#).unwrap().to_score().unwrap();
        assert_eq!((finer.ticks_per_quarter, finer.parts[0].notes[0].onset), (480, Tick(20)));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        for (notes, part_of_sentence) in [
            (r#"[{"pitch": 60, "start": 0, "length": 6}]"#, "lane or a part"),
            (r#"[{"part": 0, "pitch": 60, "start": 0, "length": 6}]"#, "no part 0"),
            (r#"[{"lane": "tuba", "pitch": 60, "start": 0, "length": 6}]"#, "no lane called"),
            (r#"[{"lane": "melody", "pitch": 128, "start": 0, "length": 6}]"#, "0 to 127"),
            (r#"[{"lane": "melody", "pitch": 60, "start": -1, "length": 6}]"#, "not -1"),
            (r#"[{"lane": "melody", "pitch": 60, "start": 1e300, "length": 6}]"#, "a time is 0"),
            (r#"[{"lane": "melody", "pitch": 60, "start": 0, "length": 0}]"#, "no length"),
            (r#"[{"lane": "melody", "pitch": 60, "start": 0, "length": 1, "velocity": 0}]"#, "1 to 127"),
        ] {
            let error = piece(notes).unwrap().to_score().unwrap_err();
            assert!(error.sentence.contains(part_of_sentence), "{notes}: {}", error.sentence);
            assert_eq!((error.code, error.field.as_deref()), (Code::BadRequest, Some("notes")));
        }
    }

    #[test]
    fn the_last_bar_ends_where_its_metre_says_and_silence_has_no_bars() {
        let read = piece(r#"[{"lane": "melody", "pitch": 60, "start": 47, "length": 2}]"#).unwrap();
        let (score, lanes) = read.to_score().unwrap();
        let again = PieceJson::from_score(&score, &lanes);
        assert_eq!((again.bars, again.bar_starts.as_slice()), (2, &[0.0, 48.0, 96.0][..]));
        let (silent, _) = PieceJson::default().to_score().unwrap();
        assert_eq!(PieceJson::from_score(&silent, &[]).bars, 0);
    }
}
