//! The [`Score`]: parts of notes over shared maps of tempo, metre, key, chords and sections.
//!
//! Times are exact integers ([`Tick`]); only [`Score::seconds_at`] turns them into seconds.

use crate::{Chord, Key};
use serde::{Deserialize, Serialize};

/// A moment or a length in ticks; how many make a quarter is [`Score::ticks_per_quarter`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tick(pub u32);

/// One sounding note. Two notes of equal pitch in one part may touch but should not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Note {
    /// When it starts.
    pub onset: Tick,
    /// MIDI pitch, 0–127 (60 is middle C).
    pub pitch: u8,
    /// How long it sounds; 0 is allowed only in what was just read, never after quantising.
    pub duration: Tick,
    /// MIDI velocity, 1–127.
    pub velocity: u8,
}

impl Note {
    /// The first tick at which the note no longer sounds.
    pub fn offset(&self) -> Tick {
        Tick(self.onset.0.saturating_add(self.duration.0))
    }
}

/// A line or a group of lines played by one instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// As in the file: "MELODY", "Violin I", or empty.
    pub name: String,
    /// General MIDI program, 0-based (0 is the grand piano).
    pub program: u8,
    /// True for the percussion channel; `pitch` then names a drum.
    pub is_drum: bool,
    /// Sorted by onset, then pitch.
    pub notes: Vec<Note>,
    /// Sung syllables, sorted by time.
    pub lyrics: Vec<TextEvent>,
}

/// From `at` on, this many quarters a minute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TempoChange {
    /// When it begins.
    pub at: Tick,
    /// Quarters a minute, > 0.
    pub qpm: f64,
}

/// From `at` on, this metre. A change is expected at a bar line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterChange {
    /// When it begins.
    pub at: Tick,
    /// Beats in a bar, ≥ 1.
    pub numerator: u8,
    /// Note value of a beat: 1, 2, 4, 8, 16 or 32.
    pub denominator: u8,
}

/// From `at` on, this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChange {
    /// When it begins.
    pub at: Tick,
    /// The key.
    pub key: Key,
}

/// A chord symbol that holds from `at` until `end`; `None` is N.C. ("no chord").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChordEvent {
    /// When it begins.
    pub at: Tick,
    /// When it ends (exclusive).
    pub end: Tick,
    /// The harmony, or `None` for no chord.
    pub chord: Option<Chord>,
}

/// A stretch of form: a phrase, verse or chorus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// When it begins.
    pub at: Tick,
    /// When it ends (exclusive).
    pub end: Tick,
    /// Equal labels mean related material: "A", "B", "i" (intro), "o" (outro) …
    pub label: String,
}

/// A word at a moment: a syllable, a rehearsal mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextEvent {
    /// When.
    pub at: Tick,
    /// What.
    pub text: String,
}

/// A marker or cue point of the whole piece.
pub type Marker = TextEvent;

/// A piece of music.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Ticks in one quarter note, ≥ 1.
    pub ticks_per_quarter: u32,
    /// Title, or empty.
    pub title: String,
    /// The parts, in file order.
    pub parts: Vec<Part>,
    /// Sorted; empty means 120 quarters a minute.
    pub tempos: Vec<TempoChange>,
    /// Sorted; empty means 4/4.
    pub meters: Vec<MeterChange>,
    /// Sorted; empty means unknown.
    pub keys: Vec<KeyChange>,
    /// Sorted, not overlapping; gaps are unknown, not N.C.
    pub chords: Vec<ChordEvent>,
    /// Sorted, not overlapping.
    pub sections: Vec<Section>,
    /// Sorted.
    pub markers: Vec<Marker>,
}

impl Score {
    /// An empty piece with this resolution.
    pub fn new(ticks_per_quarter: u32) -> Self {
        Self {
            ticks_per_quarter,
            title: String::new(),
            parts: Vec::new(),
            tempos: Vec::new(),
            meters: Vec::new(),
            keys: Vec::new(),
            chords: Vec::new(),
            sections: Vec::new(),
            markers: Vec::new(),
        }
    }

    /// The first tick after the last sounding note; 0 for an empty piece.
    pub fn end(&self) -> Tick {
        self.parts.iter().flat_map(|p| &p.notes).map(Note::offset).max().unwrap_or_default()
    }

    /// Seconds from the start of the piece to `at`, through the tempo map.
    pub fn seconds_at(&self, at: Tick) -> f64 {
        let seconds = |ticks: u32, qpm: f64| f64::from(ticks) / f64::from(self.ticks_per_quarter) * 60.0 / qpm;
        let (mut total, mut here, mut qpm) = (0.0, 0, 120.0);
        for change in self.tempos.iter().take_while(|c| c.at < at) {
            total += seconds(change.at.0 - here, qpm);
            (here, qpm) = (change.at.0, change.qpm);
        }
        total + seconds(at.0 - here, qpm)
    }

    /// The metre in force at `at` as (numerator, denominator).
    pub fn meter_at(&self, at: Tick) -> (u8, u8) {
        self.meters.iter().take_while(|m| m.at <= at).last().map_or((4, 4), |m| (m.numerator, m.denominator))
    }

    /// The key in force at `at`, if any is known.
    pub fn key_at(&self, at: Tick) -> Option<Key> {
        self.keys.iter().take_while(|k| k.at <= at).last().map(|k| k.key)
    }

    /// The start of every bar from 0 up to the bar that holds `end` (exclusive of `end` itself), in ticks.
    ///
    /// A metre change inside a bar cuts that bar short, as notation programs do. What no metre can say, 0 beats or a
    /// note value of 0, is read as 1, and a bar lasts at least one tick.
    pub fn bar_starts(&self, end: Tick) -> Vec<Tick> {
        let mut starts = Vec::new();
        let mut at = 0u32;
        while at < end.0 {
            starts.push(Tick(at));
            let (numerator, denominator) = self.meter_at(Tick(at));
            let whole_note = u64::from(self.ticks_per_quarter) * 4;
            let length = whole_note * u64::from(numerator.max(1)) / u64::from(denominator.max(1));
            let length = u32::try_from(length).unwrap_or(u32::MAX).max(1);
            let next_change = self.meters.iter().map(|m| m.at.0).find(|&t| t > at).unwrap_or(u32::MAX);
            at = at.saturating_add(length).min(next_change);
        }
        starts
    }

    /// Moves every pitched note, key and chord by `semitones`; drums stay. Notes that would leave 0–127 move an
    /// octave back into it.
    pub fn transposed(&self, semitones: i32) -> Self {
        let mut moved = self.clone();
        for part in moved.parts.iter_mut().filter(|p| !p.is_drum) {
            for note in &mut part.notes {
                let mut pitch = i32::from(note.pitch) + semitones;
                while pitch > 127 {
                    pitch -= 12;
                }
                while pitch < 0 {
                    pitch += 12;
                }
                note.pitch = pitch as u8;
            }
            part.notes.sort();
        }
        for change in &mut moved.keys {
            change.key = change.key.transposed(semitones);
        }
        for event in &mut moved.chords {
            event.chord = event.chord.map(|c| c.transposed(semitones));
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_follow_the_tempo_map() {
        let mut score = Score::new(480);
        score.tempos = vec![TempoChange { at: Tick(0), qpm: 60.0 }, TempoChange { at: Tick(960), qpm: 120.0 }];
        assert_eq!(score.seconds_at(Tick(960)), 2.0);
        assert_eq!(score.seconds_at(Tick(1920)), 3.0);
    }

    #[test]
    fn bars_follow_the_metre_and_a_change_cuts_a_bar_short() {
        let mut score = Score::new(4);
        score.meters = vec![
            MeterChange { at: Tick(0), numerator: 3, denominator: 4 },
            MeterChange { at: Tick(20), numerator: 2, denominator: 4 },
        ];
        assert_eq!(score.bar_starts(Tick(29)), [0, 12, 20, 28].map(Tick));
    }

    #[test]
    fn impossible_metres_still_have_bars() {
        let mut score = Score::new(4);
        let metre = |numerator, denominator| vec![MeterChange { at: Tick(0), numerator, denominator }];
        for (numerator, denominator) in [(1, 0), (0, 1), (0, 0)] {
            score.meters = metre(numerator, denominator);
            assert_eq!(score.bar_starts(Tick(17)), [0, 16].map(Tick), "{numerator}/{denominator} is read as 1/1");
        }
        score.meters = metre(1, 255);
        assert_eq!(score.bar_starts(Tick(3)), [0, 1, 2].map(Tick), "a bar lasts at least a tick");
        score.ticks_per_quarter = u32::MAX;
        score.meters = metre(255, 1);
        assert_eq!(score.bar_starts(Tick(u32::MAX)), [Tick(0)], "one longer than time itself is one bar");
    }
}
