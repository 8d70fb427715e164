//! One part, bar by bar: what sounds and what changes, in ticks from the beginning of each bar.

use super::super::{MusicXmlError, Repairs};
use super::attributes::KeySign;
use super::document::{Item, Measure, PartDocument};
use super::notes::{NoteItem, Sound};
use crate::{Chord, GRID};

/// The velocity before any dynamic mark; the writer leaves it out.
pub(in super::super) const USUAL_VELOCITY: u8 = 80;

/// The finest resolution that a file's divisions may ask for.
const FINEST: u32 = 100_800;

/// The resolution where they ask for more: 2⁵·3²·5·7, what music21 counts in.
const CUSTOMARY: u32 = 10_080;

/// Ticks a quarter for a file with these divisions: their least common multiple with 12, or [`CUSTOMARY`].
pub(super) fn resolution(divisions: &[f64]) -> u32 {
    let mut resolution = u64::from(GRID);
    for &divisions in divisions {
        if divisions.fract() == 0.0 && divisions <= f64::from(FINEST) {
            resolution = least_common_multiple(resolution, divisions as u64);
        }
        if resolution > u64::from(FINEST) || divisions > f64::from(FINEST) {
            return CUSTOMARY;
        }
    }
    resolution as u32
}

fn least_common_multiple(a: u64, b: u64) -> u64 {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor * b
}

/// A part in ticks.
#[derive(Debug)]
pub(super) struct PartBars {
    pub name: String,
    /// 0 where none is known.
    pub program: u8,
    /// Whether a part without notes is for drums.
    pub is_drum: bool,
    pub bars: Vec<Bar>,
}

/// One bar of a part.
#[derive(Debug, Default)]
pub(super) struct Bar {
    /// Ticks up to the farthest place that the bar gets to.
    pub length: u32,
    /// Sorted by onset.
    pub notes: Vec<BarNote>,
    /// In the order of the document.
    pub events: Vec<(u32, Event)>,
}

/// A note of one bar.
#[derive(Clone, Debug)]
pub(super) struct BarNote {
    /// Ticks from the beginning of the bar; a grace note may come before it.
    pub onset: i64,
    pub duration: u32,
    pub pitch: u8,
    pub is_drum: bool,
    pub velocity: u8,
    pub voice: u16,
    pub is_grace: bool,
    pub tie_starts: bool,
    pub tie_stops: bool,
    pub lyric: Option<Box<str>>,
}

/// What changes for the whole piece.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    Time((u8, u8)),
    Tempo(f64),
    /// Sounding.
    Key(KeySign),
    /// Sounding.
    Chord(Option<Chord>),
    Marker(String),
}

/// Counts a part out.
pub(super) fn bars(
    part: PartDocument,
    ticks_per_quarter: u32,
    repairs: &mut Repairs,
) -> Result<PartBars, MusicXmlError> {
    let PartDocument { instruments, measures, .. } = part;
    let notes = || measures.iter().flat_map(|measure| &measure.items);
    let has =
        |is_wanted: fn(&Sound) -> bool| notes().any(|item| matches!(item, Item::Note(note) if is_wanted(&note.sound)));
    let has_drums = has(|sound| matches!(sound, Sound::Drum(_)));
    let has_pitches = has(|sound| matches!(sound, Sound::Pitch(_)));
    repairs.unknown_instruments += usize::from(has_pitches && instruments.program().is_none());
    repairs.instrument_changes += instruments.other_programs();
    let is_drum = instruments.are_drums() || (has_drums && !has_pitches);
    let mut counting = Counting {
        ticks_per_quarter,
        divisions: 1.0,
        transpose: 0,
        level: USUAL_VELOCITY,
        is_drum,
        knows_key: false,
        bar: Bar::default(),
        now: 0,
        chord_onset: 0,
        graces: Vec::new(),
        repairs,
    };
    let bars = measures.into_iter().map(|measure| counting.measure(measure)).collect::<Result<_, _>>()?;
    Ok(PartBars { name: instruments.name.clone(), program: instruments.program().unwrap_or(0), is_drum, bars })
}

/// Where the counting stands.
struct Counting<'r> {
    ticks_per_quarter: u32,
    /// Units in a quarter.
    divisions: f64,
    transpose: i32,
    level: u8,
    is_drum: bool,
    knows_key: bool,
    bar: Bar,
    /// Ticks from the beginning of the bar.
    now: i64,
    /// Where the last note that is no grace note began.
    chord_onset: i64,
    /// Grace notes that wait for their main note.
    graces: Vec<NoteItem>,
    repairs: &'r mut Repairs,
}

impl Counting<'_> {
    fn measure(&mut self, measure: Measure) -> Result<Bar, MusicXmlError> {
        (self.now, self.chord_onset) = (0, 0);
        for item in measure.items {
            self.item(item)?;
        }
        self.place_graces(self.now);
        let mut bar = std::mem::take(&mut self.bar);
        bar.notes.sort_by_key(|note| note.onset);
        Ok(bar)
    }

    fn item(&mut self, item: Item) -> Result<(), MusicXmlError> {
        match item {
            Item::Divisions(divisions) => self.divisions = divisions,
            Item::Transpose(semitones) => self.transpose = semitones,
            Item::Time(time) => self.event(0.0, Event::Time(time)),
            Item::Key(sign) => self.key(sign),
            Item::Note(note) if note.is_grace => self.graces.push(note),
            Item::Note(note) => self.note(note)?,
            Item::Backup(duration) => {
                self.place_graces(self.now);
                self.now -= self.ticks(duration);
                if self.now < 0 {
                    self.repairs.far_backups += 1;
                    self.now = 0;
                }
            }
            Item::Forward(duration) => {
                let ticks = self.ticks(duration);
                self.advance(self.now + ticks)?;
            }
            Item::Level(velocity) => self.level = velocity,
            Item::Tempo { offset, qpm } => self.event(offset, Event::Tempo(qpm)),
            Item::Marker { offset, text } => self.event(offset, Event::Marker(text)),
            Item::Chord { offset, chord } => {
                let chord = chord.map(|chord| chord.transposed(self.transpose));
                self.event(offset, Event::Chord(chord));
            }
        }
        Ok(())
    }

    /// Divisions in ticks; what falls between is rounded.
    fn ticks(&mut self, divisions: f64) -> i64 {
        let exact = divisions * f64::from(self.ticks_per_quarter) / self.divisions;
        let ticks = exact.round();
        self.repairs.rounded_times += usize::from((exact - ticks).abs() > 1e-6 * exact.abs().max(1.0));
        ticks as i64
    }

    fn advance(&mut self, to: i64) -> Result<(), MusicXmlError> {
        let too_long = MusicXmlError::TooManyTicks { ticks_per_quarter: self.ticks_per_quarter };
        self.bar.length = self.bar.length.max(u32::try_from(to).map_err(|_| too_long)?);
        self.now = to;
        Ok(())
    }

    fn event(&mut self, offset: f64, event: Event) {
        let at = (self.now + self.ticks(offset)).clamp(0, i64::from(u32::MAX));
        self.bar.events.push((at as u32, event));
    }

    /// A key sounds as it is transposed; drums have none. Where no accidentals and no mode follow a key, C major is meant.
    fn key(&mut self, sign: KeySign) {
        if self.is_drum {
            return;
        }
        let key = sign.key.or_else(|| self.knows_key.then_some(crate::Key { tonic: 0, mode: crate::Mode::Major }));
        if let Some(key) = key {
            self.knows_key = true;
            let key = Some(key.transposed(self.transpose));
            self.event(0.0, Event::Key(KeySign { key, ..sign }));
        }
    }

    fn note(&mut self, note: NoteItem) -> Result<(), MusicXmlError> {
        let onset = if note.is_chord { self.chord_onset } else { self.now };
        if !note.is_chord {
            self.place_graces(onset);
        }
        let ticks = self.ticks(note.duration);
        let end = onset + ticks;
        self.chord_onset = onset;
        self.advance(if note.is_chord { self.now.max(end) } else { end })?;
        if note.sound != Sound::Rest {
            self.repairs.zero_length_notes += usize::from(ticks == 0);
            self.push(note, onset, ticks.max(1));
        }
        Ok(())
    }

    /// Puts the grace notes that wait just before `onset`, one after the other.
    fn place_graces(&mut self, onset: i64) {
        if self.graces.is_empty() {
            return;
        }
        let graces = std::mem::take(&mut self.graces);
        let length = i64::from(self.ticks_per_quarter / GRID);
        let mut to_come = graces.iter().skip(1).filter(|note| !note.is_chord).count() as i64 + 1;
        for (i, note) in graces.into_iter().enumerate() {
            to_come -= i64::from(i > 0 && !note.is_chord);
            if note.sound != Sound::Rest {
                self.repairs.grace_notes += 1;
                self.push(note, onset - to_come * length, length);
            }
        }
    }

    fn push(&mut self, note: NoteItem, onset: i64, ticks: i64) {
        if let Some(level) = note.level {
            self.level = level;
        }
        let (pitch, is_drum) = match note.sound {
            Sound::Drum(key) => (i32::from(key), true),
            Sound::Pitch(pitch) if self.is_drum => (pitch, true),
            Sound::Pitch(pitch) => (pitch + self.transpose, false),
            Sound::Rest => return,
        };
        let Some(pitch) = u8::try_from(pitch).ok().filter(|&pitch| pitch <= 127) else {
            self.repairs.out_of_range += 1;
            return;
        };
        self.bar.notes.push(BarNote {
            onset,
            duration: u32::try_from(ticks).unwrap_or(u32::MAX),
            pitch,
            is_drum,
            velocity: note.velocity.unwrap_or(self.level),
            voice: note.voice,
            is_grace: note.is_grace,
            tie_starts: note.tie_starts,
            tie_stops: note.tie_stops,
            lyric: note.lyric,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resolution_is_a_multiple_of_twelve_and_of_all_divisions() {
        assert_eq!(resolution(&[]), 12);
        assert_eq!(resolution(&[1.0, 8.0]), 24);
        assert_eq!(resolution(&[480.0, 256.0]), 3_840);
        assert_eq!(resolution(&[10_080.0]), 10_080);
        assert_eq!(resolution(&[100_800.0]), 100_800);
        assert_eq!(resolution(&[100_801.0]), 10_080);
        assert_eq!(resolution(&[1e9, 7.0]), 10_080);
        assert_eq!(resolution(&[997.0, 991.0]), 10_080, "their multiple is too fine");
        assert_eq!(resolution(&[0.5]), 12, "two quarters are a unit");
    }
}
