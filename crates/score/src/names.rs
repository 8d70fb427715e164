//! Keys and chords in words: "F# minor", "Am7/G", and keys read back from what people type.
//!
//! ```
//! use aeolian_score::{Chord, ChordQuality, Key, names::chord_name};
//! let key: Key = "eb".parse()?;
//! assert_eq!(key.to_string(), "Eb major");
//! let chord = Chord { root: 8, quality: ChordQuality::Major7, bass: 0 };
//! assert_eq!(chord_name(chord, Some(key)), "Abmaj7/C");
//! # Ok::<(), aeolian_score::names::KeyNameError>(())
//! ```

use crate::spelling::{name_bass, name_root, name_tonic};
use crate::{Chord, Key, Mode};
use std::fmt;
use std::str::FromStr;

/// What was typed is not the name of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a key; say a letter A to G, then # or b if you like, then major or minor: C, Am, F# minor, Bb major"
)]
pub struct KeyNameError(String);

/// "C major", "F# minor"; of two enharmonic names the one [`Key::signature`] writes.
pub fn key_name(key: Key) -> String {
    let mode = match key.mode {
        Mode::Major => "major",
        Mode::Minor => "minor",
    };
    format!("{} {mode}", name_tonic(key))
}

/// "Am7/G": root, quality, and the bass when it is not the root, spelled as in `key` (as in C major without one).
pub fn chord_name(chord: Chord, key: Option<Key>) -> String {
    let root_position = format!("{}{}", name_root(chord, key), chord.quality.suffix());
    if chord.bass % 12 == chord.root % 12 {
        root_position
    } else {
        format!("{root_position}/{}", name_bass(chord, key))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&key_name(*self))
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&chord_name(*self, None))
    }
}

impl FromStr for Key {
    type Err = KeyNameError;

    /// Reads "C", "Am", "F# minor", "Bb major", "eb minor", "E-flat major", "c♯ min".
    ///
    /// Capitals do not matter, except that a lone `m` means minor and a lone `M` major; without a mode, major is meant.
    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        let error = || KeyNameError(text.chars().take(40).collect());
        let mut letters = text.trim().chars();
        let plain: i32 = match letters.next().map(|letter| letter.to_ascii_uppercase()) {
            Some('C') => 0,
            Some('D') => 2,
            Some('E') => 4,
            Some('F') => 5,
            Some('G') => 7,
            Some('A') => 9,
            Some('B') => 11,
            _ => return Err(error()),
        };
        let (alter, rest) = split_accidental(letters.as_str());
        let mode = match rest.trim_matches([' ', '-']) {
            "m" => Mode::Minor,
            "" | "M" => Mode::Major,
            word => match word.to_lowercase().as_str() {
                "minor" | "min" => Mode::Minor,
                "major" | "maj" => Mode::Major,
                _ => return Err(error()),
            },
        };
        Ok(Self { tonic: (plain + alter).rem_euclid(12) as u8, mode })
    }
}

/// Takes a leading accidental off what follows the letter: semitones, and the rest.
fn split_accidental(text: &str) -> (i32, &str) {
    const SIGNS: [(&str, i32); 6] = [("#", 1), ("♯", 1), ("b", -1), ("♭", -1), ("sharp", 1), ("flat", -1)];
    let trimmed = text.trim_start_matches([' ', '-']);
    for (sign, semitones) in SIGNS {
        // Only the words may stand apart from the letter.
        let text = if sign.is_ascii() && sign.len() > 1 { trimmed } else { text };
        if let Some(head) = text.get(..sign.len())
            && head.eq_ignore_ascii_case(sign)
        {
            return (semitones, &text[sign.len()..]);
        }
    }
    (0, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChordQuality;
    use proptest::prelude::*;

    #[test]
    fn people_may_type_keys_in_many_ways() {
        for (typed, read) in [
            ("C", "C major"),
            ("Am", "A minor"),
            (" F# minor ", "F# minor"),
            ("Bb major", "Bb major"),
            ("bb", "Bb major"),
            ("b minor", "B minor"),
            ("eb minor", "D# minor"),
            ("E-flat major", "Eb major"),
            ("c sharp min", "C# minor"),
            ("A♭", "Ab major"),
            ("GM", "G major"),
            ("Gb", "F# major"),
        ] {
            assert_eq!(typed.parse::<Key>().map(key_name).as_deref(), Ok(read), "{typed}");
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused_with_its_own_words() {
        for typed in ["", "H", "C##", "Am7", "C dorian", "♯", "F ♯é"] {
            let error = typed.parse::<Key>().expect_err(typed);
            assert!(error.to_string().starts_with(&format!("\"{typed}\" is not a key")), "{error}");
        }
    }

    #[test]
    fn every_key_is_read_back_from_its_name() {
        for tonic in 0..12 {
            for mode in [Mode::Major, Mode::Minor] {
                let key = Key { tonic, mode };
                assert_eq!(key_name(key).parse(), Ok(key));
            }
        }
    }

    #[test]
    fn chords_name_their_bass_only_when_it_is_not_the_root() {
        let chord = Chord { root: 9, quality: ChordQuality::Minor7, bass: 7 };
        assert_eq!(chord.to_string(), "Am7/G");
        assert_eq!(Chord::new(6, ChordQuality::HalfDiminished7).to_string(), "F#m7b5");
        assert_eq!(chord_name(Chord::new(10, ChordQuality::Major), "F".parse().ok()), "Bb");
    }

    proptest! {
        #[test]
        fn reading_a_key_never_panics(text in "\\PC{0,12}") {
            let _ = text.parse::<Key>();
        }
    }
}
