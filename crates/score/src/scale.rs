//! Scales in words: "C major", "A harmonic minor", "D dorian", "G blues", "whole tone", or their notes, "C D E G A".
//!
//! A scale is a set of pitch classes with a name. Major and minor are those of [`Key`].
//!
//! ```
//! use aeolian_score::Scale;
//! let scale: Scale = "Eb pentatonic".parse()?;
//! assert!(scale.contains(58) && !scale.contains(57)); // Bb3 and A3
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use crate::note_text::take_note_name;
use crate::spelling::{name_pitch_class, name_tonic};
use crate::{Key, Mode, TextError};
use std::fmt;
use std::str::FromStr;

/// A scale: a kind of scale on a tonic, or any set of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// A scale with a name.
    Named {
        /// Tonic pitch class, 0 (C) – 11 (B).
        tonic: u8,
        /// Its steps.
        kind: ScaleKind,
    },
    /// Pitch classes as a 12-bit set (bit n is pitch class n), not empty.
    Notes(u16),
}

/// The scales that have a name here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum ScaleKind {
    Major,
    Minor,
    HarmonicMinor,
    MelodicMinor,
    Dorian,
    Phrygian,
    Lydian,
    Mixolydian,
    Locrian,
    Pentatonic,
    MinorPentatonic,
    Blues,
    MajorBlues,
    PhrygianDominant,
    LydianDominant,
    Altered,
    WholeTone,
    WholeHalf,
    HalfWhole,
    Chromatic,
}

/// Every kind: its canonical name, other names, and its semitones above the tonic.
const KINDS: [(ScaleKind, &str, &[&str], &[u8]); 20] = [
    (ScaleKind::Major, "major", &["", "maj", "ionian"], &[0, 2, 4, 5, 7, 9, 11]),
    (ScaleKind::Minor, "minor", &["min", "m", "natural minor", "aeolian"], &[0, 2, 3, 5, 7, 8, 10]),
    (ScaleKind::HarmonicMinor, "harmonic minor", &["minor harmonic"], &[0, 2, 3, 5, 7, 8, 11]),
    (ScaleKind::MelodicMinor, "melodic minor", &["minor melodic", "jazz minor"], &[0, 2, 3, 5, 7, 9, 11]),
    (ScaleKind::Dorian, "dorian", &[], &[0, 2, 3, 5, 7, 9, 10]),
    (ScaleKind::Phrygian, "phrygian", &[], &[0, 1, 3, 5, 7, 8, 10]),
    (ScaleKind::Lydian, "lydian", &[], &[0, 2, 4, 6, 7, 9, 11]),
    (ScaleKind::Mixolydian, "mixolydian", &[], &[0, 2, 4, 5, 7, 9, 10]),
    (ScaleKind::Locrian, "locrian", &[], &[0, 1, 3, 5, 6, 8, 10]),
    (ScaleKind::Pentatonic, "pentatonic", &["major pentatonic", "pentatonic major"], &[0, 2, 4, 7, 9]),
    (ScaleKind::MinorPentatonic, "minor pentatonic", &["pentatonic minor"], &[0, 3, 5, 7, 10]),
    (ScaleKind::Blues, "blues", &["minor blues"], &[0, 3, 5, 6, 7, 10]),
    (ScaleKind::MajorBlues, "major blues", &[], &[0, 2, 3, 4, 7, 9]),
    (ScaleKind::PhrygianDominant, "phrygian dominant", &["hijaz", "freygish"], &[0, 1, 4, 5, 7, 8, 10]),
    (ScaleKind::LydianDominant, "lydian dominant", &["acoustic", "overtone"], &[0, 2, 4, 6, 7, 9, 10]),
    (ScaleKind::Altered, "altered", &["super locrian"], &[0, 1, 3, 4, 6, 8, 10]),
    (ScaleKind::WholeTone, "whole tone", &["wholetone"], &[0, 2, 4, 6, 8, 10]),
    (ScaleKind::WholeHalf, "whole half", &["diminished", "octatonic"], &[0, 2, 3, 5, 6, 8, 9, 11]),
    (ScaleKind::HalfWhole, "half whole", &["dominant diminished"], &[0, 1, 3, 4, 6, 7, 9, 10]),
    (ScaleKind::Chromatic, "chromatic", &["all"], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
];

/// Characters the name of a scale may have.
pub const LONGEST_SCALE: usize = 80;

const WHAT: &str = "a scale";
const ALLOWED: &str = "say a tonic and a kind of scale, as in \"C major\", \"A harmonic minor\", \"D dorian\" or \
                       \"G blues\", or the notes, as in \"C D E G A\"";

impl ScaleKind {
    /// Every kind, in the order of their declaration.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.into_iter().map(|(kind, ..)| kind)
    }

    /// The canonical name: "harmonic minor".
    pub fn name(self) -> &'static str {
        KINDS[self as usize].1
    }

    /// Semitones above the tonic, ascending, within one octave.
    pub fn intervals(self) -> &'static [u8] {
        KINDS[self as usize].3
    }

    /// The mode of [`Key`] nearest to it, by the third above the tonic; the whole-tone and chromatic scales count as
    /// major.
    pub fn mode(self) -> Mode {
        if self.intervals().contains(&4) { Mode::Major } else { Mode::Minor }
    }

    fn by_name(name: &str) -> Option<Self> {
        KINDS.into_iter().find(|(_, own, others, _)| *own == name || others.contains(&name)).map(|(kind, ..)| kind)
    }
}

impl Scale {
    /// The pitch classes as a 12-bit set (bit n is pitch class n); never 0.
    pub fn pitch_classes(self) -> u16 {
        match self {
            Self::Named { tonic, kind } => kind.intervals().iter().fold(0, |set, up| set | 1 << ((tonic + up) % 12)),
            Self::Notes(set) => set,
        }
    }

    /// True if the class of a MIDI pitch belongs to the scale.
    pub fn contains(self, pitch: u8) -> bool {
        self.pitch_classes() >> (pitch % 12) & 1 == 1
    }

    /// The key with this tonic and the nearer mode; `None` for a set of notes.
    pub fn key(self) -> Option<Key> {
        match self {
            Self::Named { tonic, kind } => Some(Key { tonic, mode: kind.mode() }),
            Self::Notes(_) => None,
        }
    }

    /// The scale `semitones` higher.
    pub fn transposed(self, semitones: i32) -> Self {
        let up = semitones.rem_euclid(12) as u8;
        match self {
            Self::Named { tonic, kind } => Self::Named { tonic: (tonic % 12 + up) % 12, kind },
            Self::Notes(set) => Self::Notes((set << up | set >> (12 - up)) & 0xfff),
        }
    }
}

impl From<Key> for Scale {
    fn from(key: Key) -> Self {
        let kind = if key.mode == Mode::Major { ScaleKind::Major } else { ScaleKind::Minor };
        Self::Named { tonic: key.tonic, kind }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match *self {
            Self::Named { tonic, kind } => {
                format!("{} {}", name_tonic(Key { tonic: tonic % 12, mode: kind.mode() }), kind.name())
            }
            Self::Notes(set) => {
                let notes = (0..12).filter(|pc| set >> pc & 1 == 1);
                let mut names: Vec<_> = notes.map(|pc| name_pitch_class(pc, None, None).to_string()).collect();
                if names.len() == 1 {
                    // One name alone would be a tonic: the note is said twice.
                    names.push(names[0].clone());
                }
                names.join(" ")
            }
        };
        f.pad(&text)
    }
}

impl FromStr for Scale {
    type Err = TextError;

    /// Reads a tonic and a kind, two or more notes, or "whole tone" and "chromatic" alone (on C).
    ///
    /// Capitals do not matter, except that a lone `m` means minor and a lone `M` major; a tonic alone is major.
    fn from_str(typed: &str) -> Result<Self, TextError> {
        let text = typed.trim();
        if text.chars().count() > LONGEST_SCALE {
            let reason = format!("it is longer than {LONGEST_SCALE} characters; {ALLOWED}");
            return Err(TextError::new(WHAT, text, 0, reason));
        }
        if let Some(kind @ (ScaleKind::WholeTone | ScaleKind::Chromatic)) = ScaleKind::by_name(&plain(text)) {
            return Ok(Self::Named { tonic: 0, kind });
        }
        if let Some(set) = read_notes(text) {
            return Ok(Self::Notes(set));
        }
        let Some((name, rest)) = take_note_name(text) else {
            let reason = format!("it does not begin with a note; {ALLOWED}");
            return Err(TextError::new(WHAT, text, 0, reason));
        };
        let (semitones, rest) = take_accidental_word(rest);
        let kind = match rest.trim() {
            "M" => Some(ScaleKind::Major),
            word => ScaleKind::by_name(&plain(word)),
        };
        let Some(kind) = kind else {
            let at = text.len() - rest.trim_start().len();
            let character = crate::text_error::character(text, at);
            let reason = format!("at character {character}, \"{}\" is no kind of scale; {ALLOWED}", rest.trim());
            return Err(TextError::new(WHAT, text, at, reason));
        };
        let tonic = (i32::from(name.pitch_class()) + semitones).rem_euclid(12) as u8;
        Ok(Self::Named { tonic, kind })
    }
}

/// "Whole-Tone  scale" becomes "whole tone".
fn plain(words: &str) -> String {
    let words = words.to_lowercase().replace(['-', '_'], " ");
    words.split_whitespace().filter(|&word| word != "scale").collect::<Vec<_>>().join(" ")
}

/// Takes "-flat" or " sharp" off the start of a text.
fn take_accidental_word(text: &str) -> (i32, &str) {
    let trimmed = text.trim_start_matches([' ', '-']);
    for (word, semitones) in [("flat", -1), ("sharp", 1)] {
        if trimmed.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)) {
            return (semitones, &trimmed[word.len()..]);
        }
    }
    (0, text)
}

/// Two or more note names, apart by spaces or commas, as a 12-bit set.
fn read_notes(text: &str) -> Option<u16> {
    let mut notes = text.split([' ', ',']).filter(|word| !word.is_empty()).peekable();
    let mut set = 0;
    let mut count = 0;
    for word in notes.by_ref() {
        let (name, rest) = take_note_name(word)?;
        if !rest.is_empty() {
            return None;
        }
        set |= 1 << name.pitch_class();
        count += 1;
    }
    (count >= 2).then_some(set)
}

crate::serde_as_text!(Scale);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn classes(text: &str) -> Vec<u8> {
        let scale: Scale = text.parse().unwrap_or_else(|error| panic!("{error}"));
        (0..12).filter(|&pitch| scale.contains(pitch)).collect()
    }

    #[test]
    fn scales_hold_their_notes() {
        assert_eq!(classes("C major"), [0, 2, 4, 5, 7, 9, 11]);
        assert_eq!(classes("A harmonic minor"), [0, 2, 4, 5, 8, 9, 11]);
        assert_eq!(classes("D dorian"), classes("C"));
        assert_eq!(classes("Eb pentatonic"), [0, 3, 5, 7, 10]);
        assert_eq!(classes("G blues"), [0, 1, 2, 5, 7, 10]);
        assert_eq!(classes("whole tone"), [0, 2, 4, 6, 8, 10]);
        assert_eq!(classes("D whole-tone scale"), classes("Whole Tone"));
        assert_eq!(classes("chromatic").len(), 12);
        assert_eq!(classes("C D E G A"), [0, 2, 4, 7, 9]);
        assert_eq!(classes("B♭,c"), [0, 10]);
        assert_eq!(classes("E-flat minor"), classes("d# m"));
        assert_eq!(classes("AM"), classes("a maj"));
        assert_eq!(classes("Bb altered"), classes("B melodic minor"));
    }

    #[test]
    fn every_kind_stands_where_its_name_says() {
        for (index, kind) in ScaleKind::all().enumerate() {
            assert_eq!(kind as usize, index);
            assert_eq!(ScaleKind::by_name(kind.name()), Some(kind));
            assert_eq!(kind.intervals()[0], 0);
            assert!(kind.intervals().is_sorted());
        }
        for tonic in 0..12 {
            for mode in [Mode::Major, Mode::Minor] {
                let key = Key { tonic, mode };
                assert_eq!(Scale::from(key).pitch_classes(), key.scale());
                assert_eq!(Scale::from(key).key(), Some(key));
            }
        }
    }

    #[test]
    fn what_is_no_scale_is_refused_with_its_place() {
        for (text, character) in [("", 1), ("H major", 1), ("C♯ foo", 4), ("dorian", 2), ("C D X", 3), ("C major x", 3)]
        {
            let error = text.parse::<Scale>().expect_err(text);
            assert!(error.to_string().ends_with(ALLOWED), "{error}");
            assert_eq!(error.character(), character, "{error}");
        }
        assert!("C".repeat(81).parse::<Scale>().is_err());
    }

    #[test]
    fn a_single_note_is_read_back() {
        let scale = Scale::Notes(1 << 3);
        assert_eq!(scale.to_string(), "Eb Eb");
        assert_eq!("Eb Eb".parse(), Ok(scale));
    }

    proptest! {
        #[test]
        fn every_scale_is_read_back(tonic in 0u8..12, kind in 0usize..20, set in 1u16..4096, up in -30i32..30) {
            for scale in [Scale::Named { tonic, kind: KINDS[kind].0 }, Scale::Notes(set)] {
                prop_assert_eq!(scale.to_string().parse(), Ok(scale));
                prop_assert_eq!(scale.transposed(up).transposed(-up), scale);
                prop_assert_eq!(scale.transposed(up).pitch_classes().count_ones(), scale.pitch_classes().count_ones());
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,24}") {
            let _ = text.parse::<Scale>();
        }
    }
}
