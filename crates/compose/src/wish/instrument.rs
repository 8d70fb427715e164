//! Instruments by the names musicians use, with the notes that they have.
//!
//! ```
//! use aeolian_compose::wish::Instrument;
//! let flute: Instrument = "Flute".parse()?;
//! assert_eq!((flute.program(), flute.lowest(), flute.plays_one_note()), (73, 60, true));
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use aeolian_score::{TextError, serde_as_text};
use std::fmt;
use std::str::FromStr;

/// An instrument of General MIDI with its compass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Where it stands in [`TABLE`].
    index: usize,
}

struct Row {
    /// Canonical name first.
    names: &'static [&'static str],
    program: u8,
    /// Lowest and highest sounding pitch, as good players have them (Adler, "The study of orchestration", appendix).
    compass: (u8, u8),
    /// Whether it plays one note at a time.
    line: bool,
}

const fn row(names: &'static [&'static str], program: u8, compass: (u8, u8), line: bool) -> Row {
    Row { names, program, compass, line }
}

const TABLE: [Row; 38] = [
    row(&["piano", "grand piano", "pianoforte"], 0, (21, 108), false),
    row(&["electric piano", "rhodes", "e-piano"], 4, (28, 103), false),
    row(&["harpsichord", "cembalo"], 6, (29, 89), false),
    row(&["celesta"], 8, (60, 108), false),
    row(&["glockenspiel", "bells"], 9, (79, 108), false),
    row(&["music box"], 10, (60, 96), false),
    row(&["vibraphone", "vibes"], 11, (53, 89), false),
    row(&["marimba"], 12, (45, 96), false),
    row(&["organ", "church organ"], 19, (36, 96), false),
    row(&["accordion"], 21, (41, 93), false),
    row(&["harmonica"], 22, (60, 96), true),
    row(&["guitar", "acoustic guitar", "nylon guitar"], 24, (40, 83), false),
    row(&["steel guitar"], 25, (40, 84), false),
    row(&["electric guitar", "jazz guitar"], 26, (40, 86), false),
    row(&["bass", "electric bass", "bass guitar"], 33, (28, 67), true),
    row(&["violin"], 40, (55, 100), true),
    row(&["viola"], 41, (48, 88), true),
    row(&["cello", "violoncello"], 42, (36, 76), true),
    row(&["contrabass", "double bass"], 43, (28, 60), true),
    row(&["harp"], 46, (24, 103), false),
    row(&["strings", "string ensemble"], 48, (28, 96), false),
    row(&["choir"], 52, (40, 81), false),
    row(&["voice", "singer"], 53, (48, 81), true),
    row(&["trumpet"], 56, (52, 84), true),
    row(&["trombone"], 57, (40, 72), true),
    row(&["tuba"], 58, (28, 58), true),
    row(&["horn", "french horn"], 60, (41, 77), true),
    row(&["brass", "brass section"], 61, (34, 84), false),
    row(&["soprano sax", "soprano saxophone"], 64, (56, 87), true),
    row(&["alto sax", "alto saxophone", "saxophone", "sax"], 65, (49, 80), true),
    row(&["tenor sax", "tenor saxophone"], 66, (44, 75), true),
    row(&["oboe"], 68, (58, 91), true),
    row(&["english horn", "cor anglais"], 69, (52, 81), true),
    row(&["bassoon"], 70, (34, 74), true),
    row(&["clarinet"], 71, (50, 91), true),
    row(&["flute"], 73, (60, 96), true),
    row(&["recorder"], 74, (60, 93), true),
    row(&["pan flute"], 75, (60, 91), true),
];

const WHAT: &str = "an instrument";

impl Instrument {
    /// Every instrument.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..TABLE.len()).map(|index| Self { index })
    }

    /// Its canonical name: "flute".
    pub fn name(self) -> &'static str {
        TABLE[self.index].names[0]
    }

    /// Its program in General MIDI, 0–127.
    pub fn program(self) -> u8 {
        TABLE[self.index].program
    }

    /// Its lowest sounding MIDI pitch.
    pub fn lowest(self) -> u8 {
        TABLE[self.index].compass.0
    }

    /// Its highest sounding MIDI pitch.
    pub fn highest(self) -> u8 {
        TABLE[self.index].compass.1
    }

    /// True for winds, voices and solo strings: one note at a time.
    pub fn plays_one_note(self) -> bool {
        TABLE[self.index].line
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Instrument {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let word: String = text.trim().chars().take(30).collect::<String>().to_lowercase();
        Self::all().find(|instrument| TABLE[instrument.index].names.contains(&word.as_str())).ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            TextError::new(WHAT, text.trim(), 0, format!("say {}", names.join(", ")))
        })
    }
}

serde_as_text!(Instrument);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_is_read_and_means_one_instrument() {
        let mut seen = BTreeSet::new();
        for instrument in Instrument::all() {
            for name in TABLE[instrument.index].names {
                assert_eq!(name.to_uppercase().parse(), Ok(instrument));
                assert!(seen.insert(name), "{name} is there twice");
            }
            assert!(instrument.lowest() < instrument.highest() && instrument.program() < 128);
        }
    }

    #[test]
    fn other_words_are_refused_with_those_there_are() {
        let error = "kazoo".parse::<Instrument>().unwrap_err().to_string();
        assert!(error.contains("kazoo") && error.contains("piano") && error.contains("flute"), "{error}");
        assert!("".parse::<Instrument>().is_err());
    }
}
