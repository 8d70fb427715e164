//! Chord symbols as musicians write them: "Am7", "F♯ø", "Bb13(b9)", "C/E", "N.C.".
//!
//! Every spelling is read as the notes it means ([`crate::chord_shape`] lists the conventions) and written in one
//! canonical way. A lower-case root is the same chord, "am7" is "Am7" and "c" is "C"; lower case means minor only in
//! [Roman numerals](crate::roman).
//!
//! ```
//! use aeolian_score::ChordSymbol;
//! let chord: ChordSymbol = "c-7b5/g♭".parse()?;
//! assert_eq!(chord.to_string(), "Cm7b5/Gb");
//! assert_eq!((chord.root(), chord.bass()), (Some(0), Some(6)));
//! assert_eq!(chord.pitch_classes(), 1 << 0 | 1 << 3 | 1 << 6 | 1 << 10);
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use crate::chord_shape::ChordShape;
use crate::note_text::take_note_name;
use crate::spelling::{NoteName, name_bass, name_pitch_class, name_root};
use crate::{Chord, Key, TextError};
use std::fmt;
use std::str::FromStr;

/// A chord symbol: a root, the tones above it, and the bass where it is another note; or "N.C.", no chord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChordSymbol(Option<Named>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Named {
    root: NoteName,
    shape: ChordShape,
    /// Never of the root's pitch class.
    bass: Option<NoteName>,
}

/// Characters a chord symbol may have; the longest canonical spelling has fewer.
pub const LONGEST_CHORD_SYMBOL: usize = 100;

const WHAT: &str = "a chord";
const ALLOWED: &str = "a root is A to G with # or b, as in \"Am7\", \"F#m7b5\", \"C/E\" or \"N.C.\"";
const NO_CHORD_SPELLINGS: [&str; 7] = ["N.C.", "NC", "N.C", "-", "–", "no chord", "nochord"];

impl ChordSymbol {
    /// "N.C.": nothing sounds that would be a chord.
    pub const NO_CHORD: Self = Self(None);

    /// A symbol from its parts; a bass of the root's pitch class is no other bass.
    pub fn new(root: NoteName, shape: ChordShape, bass: Option<NoteName>) -> Self {
        let bass = bass.filter(|bass| bass.pitch_class() != root.pitch_class());
        Self(Some(Named { root, shape, bass }))
    }

    /// The symbol of a chord, spelled as in `key` (as in C major without one).
    pub fn from_chord(chord: Chord, key: Option<Key>) -> Self {
        let shape = ChordShape::read(chord.quality.suffix()).expect("every quality has a readable suffix");
        Self::new(name_root(chord, key), shape, Some(name_bass(chord, key)))
    }

    /// True for "N.C.".
    pub fn is_no_chord(self) -> bool {
        self.0.is_none()
    }

    /// Root pitch class, 0 (C) – 11 (B); `None` for "N.C.".
    pub fn root(self) -> Option<u8> {
        self.root_name().map(NoteName::pitch_class)
    }

    /// Bass pitch class, 0 – 11, the root's where no other bass is named; `None` for "N.C.".
    pub fn bass(self) -> Option<u8> {
        self.bass_name().map(NoteName::pitch_class)
    }

    /// The root as it is written.
    pub fn root_name(self) -> Option<NoteName> {
        self.0.map(|chord| chord.root)
    }

    /// The bass as it is written, the root where no other bass is named.
    pub fn bass_name(self) -> Option<NoteName> {
        self.0.map(|chord| chord.bass.unwrap_or(chord.root))
    }

    /// The tones above the root; `None` for "N.C.".
    pub fn shape(self) -> Option<ChordShape> {
        self.0.map(|chord| chord.shape)
    }

    /// Everything that sounds, the bass included, as a 12-bit set (bit n is pitch class n); 0 for "N.C.".
    pub fn pitch_classes(self) -> u16 {
        self.0.map_or(0, |chord| {
            let root = chord.root.pitch_class();
            let bass = chord.bass.unwrap_or(chord.root).pitch_class();
            turned(chord.shape.intervals(), root) | 1 << bass
        })
    }

    /// The nearest of the chords with a [`crate::ChordQuality`]: exact for all twenty of them; `None` for "N.C.".
    pub fn to_chord(self) -> Option<Chord> {
        let (root, bass) = (self.root()?, self.bass()?);
        let quality_notes = turned(self.shape()?.intervals(), root);
        // The bass is left to itself: a foreign one is no evidence of a quality.
        let nearest = Chord::from_pitch_classes(root, root, quality_notes);
        Some(Chord { bass, ..nearest })
    }

    /// The chord `semitones` higher, spelled as in `key` (as in C major without one).
    pub fn transposed(self, semitones: i32, key: Option<Key>) -> Self {
        let up = |name: NoteName| {
            let pitch_class = (i32::from(name.pitch_class()) + semitones.rem_euclid(12)) % 12;
            name_pitch_class(pitch_class as u8, key, None)
        };
        Self(self.0.map(|chord| Named { root: up(chord.root), bass: chord.bass.map(up), ..chord }))
    }
}

/// A set of intervals as pitch classes above `root` (0 – 11).
fn turned(intervals: u16, root: u8) -> u16 {
    let wide = u32::from(intervals) << root;
    (wide | wide >> 12) as u16 & 0xfff
}

impl fmt::Display for ChordSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            None => "N.C.".to_owned(),
            Some(Named { root, shape, bass: None }) => format!("{root}{}", shape.suffix()),
            Some(Named { root, shape, bass: Some(bass) }) => format!("{root}{}/{bass}", shape.suffix()),
        };
        f.pad(&text)
    }
}

impl FromStr for ChordSymbol {
    type Err = TextError;

    fn from_str(typed: &str) -> Result<Self, TextError> {
        let text = typed.trim();
        if text.chars().count() > LONGEST_CHORD_SYMBOL {
            let reason = format!("it is longer than {LONGEST_CHORD_SYMBOL} characters; {ALLOWED}");
            return Err(TextError::new(WHAT, text, 0, reason));
        }
        if NO_CHORD_SPELLINGS.iter().any(|spelling| text.eq_ignore_ascii_case(spelling)) {
            return Ok(Self::NO_CHORD);
        }
        let Some((root, rest)) = take_note_name(text) else {
            return Err(TextError::new(WHAT, text, 0, format!("{}{ALLOWED}", german_hint(text))));
        };
        let (body, bass) = split_bass(rest);
        let at_byte = |part: &str, offset: usize| part.as_ptr() as usize - text.as_ptr() as usize + offset;
        let bass = match bass.map(|bass| (bass, take_note_name(bass))) {
            None => None,
            Some((_, Some((name, "")))) => Some(name),
            Some((bass, _)) => {
                let hint = german_hint(bass);
                let reason = format!("a single note should follow the slash, not \"{bass}\"; {hint}{ALLOWED}");
                return Err(TextError::new(WHAT, text, at_byte(bass, 0), reason));
            }
        };
        let shape = ChordShape::read(body.trim_end()).map_err(|trouble| {
            let at = at_byte(body, trouble.at);
            let character = crate::text_error::character(text, at);
            let reason = format!("at character {character}, {}; {ALLOWED}", trouble.reason);
            TextError::new(WHAT, text, at, reason)
        })?;
        Ok(Self::new(root, shape, bass))
    }
}

fn german_hint(text: &str) -> &'static str {
    if text.starts_with(['H', 'h']) { "the German H is B here, and the German B is Bb; " } else { "" }
}

/// What lies before and after the slash of a bass note. The slash of "6/9" or "7/b9" belongs to the chord.
fn split_bass(text: &str) -> (&str, Option<&str>) {
    let Some((before, after)) = text.rsplit_once('/') else { return (text, None) };
    let after = after.trim();
    let degree = after.trim_start_matches(['b', '#', '♭', '♯', '+', '-']);
    if degree.starts_with(|c: char| c.is_ascii_digit()) { (text, None) } else { (before, Some(after)) }
}

crate::serde_as_text!(ChordSymbol);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChordQuality;
    use proptest::prelude::*;

    fn read(text: &str) -> ChordSymbol {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The notes of a 12-bit set.
    fn set(pitch_classes: &[u8]) -> u16 {
        pitch_classes.iter().fold(0, |set, pc| set | 1 << pc)
    }

    #[test]
    fn symbols_mean_their_notes() {
        for (text, root, bass, notes) in [
            ("C", 0, 0, &[0, 4, 7][..]),
            ("Am7/D", 9, 2, &[9, 0, 4, 7, 2]),
            ("C/Bb", 0, 10, &[0, 4, 7, 10]),
            ("C/G", 0, 7, &[0, 4, 7]),
            ("F♯m7♭5", 6, 6, &[6, 9, 0, 4]),
            ("Bb13", 10, 10, &[10, 2, 5, 8, 0, 7]),
            ("C69/G", 0, 7, &[0, 4, 7, 9, 2]),
            ("C6/9", 0, 0, &[0, 4, 7, 9, 2]),
            ("C6/9/E", 0, 4, &[0, 4, 7, 9, 2]),
            ("G7/b9", 7, 7, &[7, 11, 2, 5, 8]),
            ("B#", 0, 0, &[0, 4, 7]),
            ("Ebb", 2, 2, &[2, 6, 9]),
            ("F𝄪dim", 7, 7, &[7, 10, 1]),
            ("Cb5", 11, 11, &[11, 6]),
            ("C(b5)", 0, 0, &[0, 4, 6]),
            ("ebmaj7", 3, 3, &[3, 7, 10, 2]),
            ("bb/d", 10, 2, &[10, 2, 5]),
            ("E7#9", 4, 4, &[4, 8, 11, 2, 7]),
        ] {
            let chord = read(text);
            assert_eq!((chord.root(), chord.bass()), (Some(root), Some(bass)), "{text}");
            assert_eq!(chord.pitch_classes(), set(notes), "{text}");
        }
    }

    #[test]
    fn every_symbol_has_one_spelling() {
        for (typed, written) in [
            ("CΔ7", "Cmaj7"),
            ("c-7", "Cm7"),
            ("C°7/E♭", "Cdim7/Eb"),
            ("f#ø", "F#m7b5"),
            ("C/C", "C"),
            ("C/B#", "C"),
            ("nc", "N.C."),
            ("N.C.", "N.C."),
            ("-", "N.C."),
            ("No Chord", "N.C."),
            (" G7 (b9, 13) / B ", "G13b9/B"),
            ("Db7#5b9", "Db7#5b9"),
            ("C+", "Caug"),
        ] {
            assert_eq!(read(typed).to_string(), written);
        }
    }

    #[test]
    fn no_chord_has_no_notes() {
        let none = read("N.C.");
        assert!(none.is_no_chord());
        assert_eq!((none.root(), none.bass(), none.pitch_classes(), none.to_chord()), (None, None, 0, None));
    }

    #[test]
    fn errors_say_what_was_seen_and_what_is_allowed() {
        let error = |text: &str| text.parse::<ChordSymbol>().expect_err(text);
        assert_eq!(
            error("H7").to_string(),
            "\"H7\" is not a chord: the German H is B here, and the German B is Bb; a root is A to G with # or b, as \
             in \"Am7\", \"F#m7b5\", \"C/E\" or \"N.C.\""
        );
        assert!(error("C♯foo").to_string().contains("at character 3, \"foo\" says nothing known"));
        assert_eq!(error("C♯foo").character(), 3);
        assert_eq!([error("C/X").character(), error("C/").character(), error("D/C7").character()], [3, 3, 3]);
        assert_eq!(error("").character(), 1);
        let longest = format!("C{}7", " ".repeat(LONGEST_CHORD_SYMBOL - 2));
        assert_eq!(read(&longest), read("C7"));
        assert!(error(&longest.replacen(' ', "  ", 1)).to_string().contains("longer than 100"));
    }

    #[test]
    fn qualities_survive_the_way_through_symbols() {
        for quality in ChordQuality::ALL {
            for (root, bass) in [(0, 0), (1, 1), (10, 2), (6, 0)] {
                let chord = Chord { root, quality, bass };
                let symbol = ChordSymbol::from_chord(chord, None);
                assert_eq!(symbol.to_chord(), Some(chord));
                assert_eq!(symbol.pitch_classes(), chord.pitch_classes());
                assert_eq!(symbol.to_string(), chord.to_string());
            }
        }
        assert_eq!(read("C13").to_chord(), Some(Chord::new(0, ChordQuality::Dominant9)));
    }

    #[test]
    fn the_lead_sheets_of_openewld_can_be_read() {
        for text in ["C7(addb9)", "Caug7", "A7(altb5)", "Dsus4(add7)", "D7(add#9)", "Csus4(add7)(add9)", "Dm6(add9)"] {
            read(text);
        }
    }

    proptest! {
        #[test]
        fn transpose_there_and_back_keeps_the_sound(root in 0usize..7, bass in 0usize..7, up in -40i32..40) {
            let letters = ["A", "B", "C", "D", "E", "F", "G"];
            let chord = read(&format!("{}m7/{}", letters[root], letters[bass]));
            let back = chord.transposed(up, None).transposed(-up, None);
            prop_assert_eq!(back.pitch_classes(), chord.pitch_classes());
            prop_assert_eq!((back.root(), back.bass()), (chord.root(), chord.bass()));
        }

        #[test]
        fn whatever_is_read_is_read_back(text in "[A-Ga-g][#b♯♭]{0,2}[mMajdinsuo°+\\-7961#b5(),]{0,6}(/[A-G][#b]?)?") {
            if let Ok(chord) = text.parse::<ChordSymbol>() {
                prop_assert_eq!(chord.to_string().parse(), Ok(chord));
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,24}") {
            let _ = text.parse::<ChordSymbol>();
        }
    }
}
