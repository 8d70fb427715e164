//! Roman numerals: chords by their place in a key, "I", "ii7", "bVII", "viio7", "IV6", "V65/V".
//!
//! - Upper case has a major third, lower case a minor one; `o` is diminished, `ø` half-diminished, `+` augmented.
//! - Figures are those of figured bass: 6 and 64 are the inversions of a triad, 7, 65, 43 and 42 (or 2) those of a
//!   seventh chord. "IV6" is therefore an inversion; the added sixth is "IVadd6".
//! - Sevenths are those of chord symbols: "V7" and "I7" are dominant sevenths, "Imaj7" has the major one, "ii7" the
//!   minor, "viio7" the diminished. Other suffixes of chord symbols work too: "Vsus4", "V7b9", "Iadd9".
//! - In minor, degrees are those of natural minor, except that lower-case vi and vii stand on the raised sixth and
//!   seventh: "viio" in A minor is G#dim. A flat counts from the major scale, a sharp from the scale of the key:
//!   bVII in C major and C minor is Bb.
//! - "V7/ii" is the dominant seventh of the second degree; the degree after the slash is taken as a key of its own,
//!   minor if written small.
//!
//! ```
//! use aeolian_score::{Key, RomanNumeral};
//! let key: Key = "G major".parse().unwrap();
//! let dominant: RomanNumeral = "V65/V".parse()?;
//! assert_eq!(dominant.in_key(key).to_string(), "A7/C#");
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use crate::chord_shape::ChordShape;
use crate::note_text::take_accidentals;
use crate::spelling::{NoteName, name_pitch_class, name_tonic};
use crate::{ChordSymbol, Key, Mode, TextError};
use std::fmt;
use std::str::FromStr;

/// A chord by its place in a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RomanNumeral {
    degree: Degree,
    shape: ChordShape,
    /// 0 – 3; the shape has the tone that it puts in the bass.
    inversion: u8,
    of: Option<Degree>,
}

/// A step of a key, written large or small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Degree {
    /// 1 – 7.
    number: u8,
    /// −2 – 2.
    alter: i8,
    minor: bool,
}

/// Characters a Roman numeral may have; the longest canonical spelling has fewer.
pub const LONGEST_ROMAN_NUMERAL: usize = 100;

const WHAT: &str = "a Roman numeral";
const ALLOWED: &str = "say I to VII or i to vii, as in \"ii7\", \"V65\", \"bVII\", \"viio7\" or \"V7/V\"";
/// Longer numerals before their own beginnings.
const NUMERALS: [(&str, u8); 7] = [("III", 3), ("VII", 7), ("II", 2), ("IV", 4), ("VI", 6), ("I", 1), ("V", 5)];
const MAJOR_DEGREES: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const MINOR_DEGREES: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];
/// How inversions are figured: triads, seventh chords.
const FIGURES: [[&str; 4]; 2] = [["", "6", "64", ""], ["7", "65", "43", "42"]];

impl Degree {
    /// Takes "bVII" or "ii" off the start of a text.
    fn take(text: &str) -> Option<(Self, &str)> {
        let (alter, rest) = take_accidentals(text);
        let (numeral, number) =
            NUMERALS.into_iter().find(|(n, _)| rest.starts_with(n) || rest.starts_with(&n.to_lowercase()))?;
        let minor = rest.starts_with(char::is_lowercase);
        Some((Self { number, alter, minor }, &rest[numeral.len()..]))
    }

    /// Where it stands in a key, 0 – 11.
    fn pitch_class(self, key: Key) -> u8 {
        let index = usize::from(self.number - 1);
        let raised = self.minor && matches!(self.number, 6 | 7) && self.alter == 0;
        let from_major = key.mode == Mode::Major || self.alter < 0 || raised;
        let scale = if from_major { MAJOR_DEGREES } else { MINOR_DEGREES };
        (i32::from(key.tonic) + scale[index] + i32::from(self.alter)).rem_euclid(12) as u8
    }

    /// The key in which this degree is at home.
    fn as_key(self, key: Key) -> Key {
        let mode = if self.minor { Mode::Minor } else { Mode::Major };
        Key { tonic: self.pitch_class(key), mode }
    }
}

impl fmt::Display for Degree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = ["bb", "b", "", "#", "##"][(self.alter + 2).clamp(0, 4) as usize];
        let numeral = ["I", "II", "III", "IV", "V", "VI", "VII"][usize::from(self.number - 1)];
        if self.minor { write!(f, "{sign}{}", numeral.to_lowercase()) } else { write!(f, "{sign}{numeral}") }
    }
}

impl RomanNumeral {
    /// The chord this is in `key`, spelled on the letters of the key's degrees.
    pub fn in_key(self, key: Key) -> ChordSymbol {
        let (key, tonic) = match self.of {
            None => (key, name_tonic(key)),
            Some(of) => (of.as_key(key), note_on_letter(name_tonic(key), of.number - 1, of.pitch_class(key), key)),
        };
        let root = note_on_letter(tonic, self.degree.number - 1, self.degree.pitch_class(key), key);
        let bass = self.shape.inversion_tone(self.inversion).map(|semitones| {
            // Thirds, fifths and sevenths lie two, four and six letters above the root.
            note_on_letter(root, 2 * self.inversion, (root.pitch_class() + semitones) % 12, key)
        });
        ChordSymbol::new(root, self.shape, bass)
    }
}

/// `pitch_class` written on the letter so many above `from`; under another name if that took more than a double
/// accidental.
fn note_on_letter(from: NoteName, letters_above: u8, pitch_class: u8, key: Key) -> NoteName {
    let letters = ['C', 'D', 'E', 'F', 'G', 'A', 'B'];
    let index = letters.iter().position(|&letter| letter == from.step).unwrap_or(0) + usize::from(letters_above);
    let index = index % letters.len();
    let alter = (i32::from(pitch_class) - MAJOR_DEGREES[index] + 6).rem_euclid(12) - 6;
    if (-2..=2).contains(&alter) {
        NoteName { step: letters[index], alter: alter as i8 }
    } else {
        name_pitch_class(pitch_class, Some(key), None)
    }
}

impl fmt::Display for RomanNumeral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = self.shape.suffix();
        // The small letters say "m" already.
        let suffix = match (suffix.strip_prefix("dim"), suffix.strip_prefix('m')) {
            (Some(rest), _) => format!("o{rest}"),
            (None, Some(rest)) if self.degree.minor && self.shape.is_minor() == Some(true) => rest.to_owned(),
            _ => suffix,
        };
        let mut text = format!("{}{}", self.degree, figured(&suffix, self.inversion));
        if let Some(of) = self.of {
            text.push_str(&format!("/{of}"));
        }
        f.pad(&text)
    }
}

/// A suffix with its inversion: "7" becomes "65", "o" becomes "o6"; where neither can be, the figure goes in brackets.
fn figured(suffix: &str, inversion: u8) -> String {
    let [triad, seventh] = FIGURES.map(|figures| figures[usize::from(inversion)]);
    match suffix.strip_suffix('7') {
        _ if inversion == 0 && !suffix.ends_with('6') => suffix.to_owned(),
        // A plain "6" would be read as the first inversion.
        _ if inversion == 0 => format!("{}add6", suffix.trim_end_matches('6')),
        Some(family) if is_family(family) => format!("{family}{seventh}"),
        None if inversion < 3 && is_family(suffix) => format!("{suffix}{triad}"),
        _ => format!("{suffix}[{inversion}]"),
    }
}

/// The suffixes after which a figure is an inversion.
fn is_family(suffix: &str) -> bool {
    matches!(suffix, "" | "o" | "°" | "ø" | "dim" | "+" | "aug" | "m" | "min" | "maj" | "M")
}

/// Takes the inversion off a suffix: "65" leaves "7", "o6" leaves "o", "7b5[1]" leaves "7b5".
fn split_inversion(suffix: &str) -> (String, u8) {
    for inversion in (1..=3u8).rev() {
        if let Some(rest) = suffix.strip_suffix(&format!("[{inversion}]")) {
            return (rest.to_owned(), inversion);
        }
    }
    let figures = [("6/5", "7", 1), ("65", "7", 1), ("4/3", "7", 2), ("43", "7", 2), ("4/2", "7", 3), ("42", "7", 3)];
    let triads = [("6/4", "", 2), ("64", "", 2), ("6", "", 1), ("2", "7", 3)];
    for (figure, number, inversion) in figures.into_iter().chain(triads) {
        if let Some(family) = suffix.strip_suffix(figure).filter(|family| is_family(family)) {
            return (format!("{family}{number}"), inversion);
        }
    }
    (suffix.to_owned(), 0)
}

impl FromStr for RomanNumeral {
    type Err = TextError;

    fn from_str(typed: &str) -> Result<Self, TextError> {
        let text = typed.trim();
        let error = |at: usize, reason: &str| {
            let character = crate::text_error::character(text, at);
            TextError::new(WHAT, text, at, format!("at character {character}, {reason}; {ALLOWED}"))
        };
        if text.chars().count() > LONGEST_ROMAN_NUMERAL {
            let reason = format!("it is longer than {LONGEST_ROMAN_NUMERAL} characters; {ALLOWED}");
            return Err(TextError::new(WHAT, text, 0, reason));
        }
        let Some((mut degree, rest)) = Degree::take(text) else {
            return Err(error(0, "there is no numeral"));
        };
        let (suffix, of) = match split_secondary(rest) {
            (suffix, None) => (suffix, None),
            (suffix, Some(after)) => match Degree::take(after) {
                Some((of, "")) => (suffix, Some(of)),
                _ => return Err(error(text.len() - after.len(), "one degree should follow the slash")),
            },
        };
        let at = text.len() - rest.len();
        let (suffix, inversion) = split_inversion(suffix);
        let shape = read_shape(&suffix, degree.minor).map_err(|reason| error(at, &reason))?;
        // "IIm7" is another way to write "ii7".
        degree.minor |= shape.is_minor() == Some(true);
        if shape.inversion_tone(inversion).is_none() {
            return Err(error(at, "the chord has no such inversion"));
        }
        Ok(Self { degree, shape, inversion, of })
    }
}

fn read_shape(suffix: &str, minor: bool) -> Result<ChordShape, String> {
    let plain = ChordShape::read(suffix).map_err(|trouble| trouble.reason);
    if !minor {
        return plain;
    }
    match ChordShape::read(&format!("m{suffix}")).or(plain)? {
        shape if shape.is_minor() == Some(false) => Err("a numeral in small letters has a minor third".to_owned()),
        shape => Ok(shape),
    }
}

/// What lies before and after the slash of "V7/V". The slashes of "6/4" and "6/9" belong to the chord.
fn split_secondary(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('/') {
        Some((before, after)) if !after.starts_with(|c: char| c.is_ascii_digit()) => (before, Some(after)),
        _ => (text, None),
    }
}

crate::serde_as_text!(RomanNumeral);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chord(numeral: &str, key: &str) -> String {
        let numeral: RomanNumeral = numeral.parse().unwrap_or_else(|error| panic!("{error}"));
        numeral.in_key(key.parse().expect("the test names a key")).to_string()
    }

    #[test]
    fn numerals_are_chords_of_their_key() {
        for (numeral, key, symbol) in [
            ("I", "C", "C"),
            ("ii7", "C", "Dm7"),
            ("V7/V", "C", "D7"),
            ("bVII", "C", "Bb"),
            ("viio7", "C", "Bdim7"),
            ("IV6", "C", "F/A"),
            ("V65", "C", "G7/B"),
            ("V43", "C", "G7/D"),
            ("V42", "C", "G7/F"),
            ("V2", "C", "G7/F"),
            ("I64", "C", "C/G"),
            ("I6/4", "Eb", "Eb/Bb"),
            ("viiø7", "D", "C#m7b5"),
            ("iv", "C", "Fm"),
            ("bVI", "E", "C"),
            ("#ivo7", "C", "F#dim7"),
            ("I+", "C", "Caug"),
            ("Imaj7", "Ab", "Abmaj7"),
            ("Imaj65", "C", "Cmaj7/E"),
            ("IVadd6", "G", "C6"),
            ("V7sus4", "F", "C7sus4"),
            ("V/vi", "C", "E"),
            ("viio7/ii", "C", "C#dim7"),
            ("bII6", "C", "Db/F"),
            ("iiø65", "C minor", "Dm7b5/F"),
            ("i", "A minor", "Am"),
            ("VI", "A minor", "F"),
            ("VII", "A minor", "G"),
            ("bVII", "A minor", "G"),
            ("viio", "A minor", "G#dim"),
            ("III", "C minor", "Eb"),
            ("V", "F# minor", "C#"),
            ("#VI", "A minor", "F#"),
            ("viio7", "C# minor", "B#dim7"),
            ("IIm7", "C", "Dm7"),
        ] {
            assert_eq!(chord(numeral, key), symbol, "{numeral} in {key}");
        }
    }

    #[test]
    fn numerals_have_one_spelling() {
        for (typed, written) in [
            ("iim7", "ii7"),
            ("IIm", "ii"),
            ("vii°7", "viio7"),
            ("viiø7", "vii7b5"),
            ("V6/5", "V65"),
            ("IV6/9", "IV69"),
            ("IVadd6", "IVadd6"),
            ("V7[1]", "V65"),
            ("V9[1]", "V9[1]"),
            ("i(maj7)", "i(maj7)"),
            ("♭VII", "bVII"),
            ("iisus4", "iisus4"),
        ] {
            let numeral: RomanNumeral = typed.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(numeral.to_string(), written);
            assert_eq!(written.parse(), Ok(numeral));
        }
    }

    #[test]
    fn what_is_no_numeral_is_refused_with_its_place() {
        for (text, character) in
            [("", 1), ("X", 1), ("Ifoo", 2), ("V7/X", 4), ("V7/V/V", 2), ("ii+aug7b", 3), ("V64[3]", 2)]
        {
            let error = text.parse::<RomanNumeral>().expect_err(text);
            assert!(error.to_string().contains(ALLOWED), "{error}");
            assert_eq!(error.character(), character, "{error}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_back(
            text in "[b#]?(I|II|III|IV|V|VI|VII|i|ii|iii|iv|v|vi|vii)[mMajdinsuo°ø+7964352#b(),]{0,5}(\\[[123]\\])?(/(V|ii|bVI))?",
        ) {
            if let Ok(numeral) = text.parse::<RomanNumeral>() {
                prop_assert_eq!(numeral.to_string().parse(), Ok(numeral), "{}", numeral);
            }
        }

        #[test]
        fn every_key_can_be_asked(numeral in "[b#]{0,2}(I|iv|VII|vii)(7|65)?(/(V|bbvi|##VII))?", tonic in 0u8..12, minor: bool) {
            let key = Key { tonic, mode: if minor { Mode::Minor } else { Mode::Major } };
            if let Ok(numeral) = numeral.parse::<RomanNumeral>() {
                let chord = numeral.in_key(key);
                prop_assert_eq!(chord.to_string().parse(), Ok(chord));
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,16}") {
            let _ = text.parse::<RomanNumeral>();
        }
    }
}
