//! Pitches and ranges of pitches in words: "C4", "F#3-D5", "A0–C8", "60-72".
//!
//! Scientific pitch notation: middle C is C4, MIDI pitch 60; C-1 is 0 and G9 is 127. Both ends belong to a range.
//!
//! ```
//! use aeolian_score::PitchRange;
//! let range: PitchRange = "C3 – C6".parse()?;
//! assert_eq!((range.lowest(), range.highest()), (48, 84));
//! assert_eq!(range.to_string(), "C3-C6");
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use crate::TextError;
use crate::note_text::take_note_name;
use crate::spelling::{Spelling, spell};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// From one pitch to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PitchRange {
    lowest: u8,
    highest: u8,
}

const WHAT: &str = "a range of pitches";
const ALLOWED: &str = "say the lowest and the highest, C-1 to G9 or 0 to 127, as in \"C3-C6\" or \"60-72\"";
/// Dashes people type, and words; longer ones before their own beginnings.
const TO: [&str; 8] = ["...", "..", "-", "–", "—", "−", "to", ":"];

impl PitchRange {
    /// The 88 keys of a piano, A0 to C8.
    pub const PIANO: Self = Self { lowest: 21, highest: 108 };

    /// Both ends included; `None` unless `lowest` ≤ `highest` ≤ 127.
    pub fn new(lowest: u8, highest: u8) -> Option<Self> {
        (lowest <= highest && highest <= 127).then_some(Self { lowest, highest })
    }

    /// The lowest pitch, 0 – 127.
    pub fn lowest(self) -> u8 {
        self.lowest
    }

    /// The highest pitch, 0 – 127; it belongs to the range.
    pub fn highest(self) -> u8 {
        self.highest
    }

    /// True from `lowest` to `highest`, both included.
    pub fn contains(self, pitch: u8) -> bool {
        self.pitches().contains(&pitch)
    }

    /// Every pitch, from the lowest up.
    pub fn pitches(self) -> RangeInclusive<u8> {
        self.lowest..=self.highest
    }
}

/// The name of a pitch (0 – 127) as in C major: "C4", "F#3", "Bb5".
pub fn pitch_name(pitch: u8) -> String {
    spell(pitch.min(127), None, None).to_string()
}

/// Reads "C4", "f#3", "B♭-1" or "60".
///
/// # Errors   what is no pitch from C-1 (0) to G9 (127)
pub fn read_pitch(text: &str) -> Result<u8, TextError> {
    let trimmed = text.trim();
    match take_pitch(trimmed) {
        Some((pitch, "")) if (0..=127).contains(&pitch) => Ok(pitch as u8),
        _ => {
            let allowed = "say a letter A to G with # or b and an octave, C-1 to G9 (middle C is C4), or 0 to 127";
            Err(TextError::new("a pitch", trimmed, 0, allowed))
        }
    }
}

/// Takes a pitch off the start of a text; it may lie outside 0 – 127.
fn take_pitch(text: &str) -> Option<(i32, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let Some((name, rest)) = take_note_name(text) else {
        let length = digits(text);
        return Some((text[..length].parse().ok()?, &text[length..]));
    };
    // A name always has an octave, so that a dash after it is a minus sign.
    let negative = rest.starts_with('-');
    let rest = &rest[usize::from(negative)..];
    let length = digits(rest);
    let octave: i8 = rest[..length].parse().ok()?;
    let octave = if negative { -octave } else { octave };
    Some((Spelling { step: name.step, alter: name.alter, octave }.pitch(), &rest[length..]))
}

impl fmt::Display for PitchRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lowest = pitch_name(self.lowest);
        f.pad(&if self.lowest == self.highest { lowest } else { format!("{lowest}-{}", pitch_name(self.highest)) })
    }
}

impl FromStr for PitchRange {
    type Err = TextError;

    /// Reads "C3-C6", "60..72", "A0 to C8"; a single pitch is a range of one.
    fn from_str(typed: &str) -> Result<Self, TextError> {
        let text = typed.trim();
        let error = |rest: &str, reason: &str| {
            let at = text.len() - rest.len();
            let character = crate::text_error::character(text, at);
            TextError::new(WHAT, text, at, format!("at character {character}, {reason}; {ALLOWED}"))
        };
        let pitch = |text: &'_ str| -> Result<(u8, usize), TextError> {
            match take_pitch(text) {
                Some((pitch @ 0..=127, rest)) => Ok((pitch as u8, rest.len())),
                Some((pitch, _)) => Err(error(text, &format!("there is no pitch {pitch}"))),
                None => Err(error(text, "a pitch is missing")),
            }
        };
        let (lowest, left) = pitch(text)?;
        let rest = text[text.len() - left..].trim_start();
        if rest.is_empty() {
            return Ok(Self { lowest, highest: lowest });
        }
        let Some(after) = TO.iter().find_map(|to| rest.strip_prefix(to)) else {
            return Err(error(rest, "a dash is missing"));
        };
        let after = after.trim_start();
        let (highest, left) = pitch(after)?;
        if left > 0 {
            return Err(error(&text[text.len() - left..], "something follows the highest pitch"));
        }
        Self::new(lowest, highest).ok_or_else(|| error(after, "the highest pitch lies below the lowest"))
    }
}

crate::serde_as_text!(PitchRange);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_may_be_typed_in_many_ways() {
        for (text, lowest, highest) in [
            ("C3-C6", 48, 84),
            ("A0–C8", 21, 108),
            ("60-72", 60, 72),
            ("c4", 60, 60),
            ("C-1-G9", 0, 127),
            ("C-1 - C-1", 0, 0),
            ("Bb2..F#5", 46, 78),
            ("B♭2 to f♯5", 46, 78),
            ("B#3-Cb5", 60, 71),
            ("0 : 127", 0, 127),
            ("E2", 40, 40),
        ] {
            assert_eq!(text.parse(), Ok(PitchRange { lowest, highest }), "{text}");
        }
        assert_eq!("A0-C8".parse(), Ok(PitchRange::PIANO));
    }

    #[test]
    fn both_ends_belong_to_a_range() {
        let range: PitchRange = "C4-D4".parse().expect("a range");
        assert_eq!([59, 60, 62, 63].map(|pitch| range.contains(pitch)), [false, true, true, false]);
        assert_eq!(range.pitches().collect::<Vec<_>>(), [60, 61, 62]);
        assert_eq!((PitchRange::new(5, 4), PitchRange::new(0, 128)), (None, None));
    }

    #[test]
    fn what_is_no_range_is_refused_with_its_place() {
        for (text, character) in [
            ("", 1),
            ("H3-C4", 1),
            ("C3-", 4),
            ("C3-C", 4),
            ("C4-C3", 4),
            ("128", 1),
            ("0-128", 3),
            ("C3 C4", 4),
            ("C3-C4x", 6),
            ("Cb-1", 1),
            ("G#9", 1),
            ("C99999", 1),
            ("C♯3-é", 5),
        ] {
            let error = text.parse::<PitchRange>().expect_err(text);
            assert!(error.to_string().ends_with(ALLOWED), "{error}");
            assert_eq!(error.character(), character, "{error}");
        }
    }

    #[test]
    fn every_pitch_is_read_back_from_its_name() {
        assert_eq!([0, 60, 66, 127].map(pitch_name), ["C-1", "C4", "F#4", "G9"]);
        for pitch in 0..128 {
            assert_eq!(read_pitch(&pitch_name(pitch)), Ok(pitch));
            assert_eq!(read_pitch(&pitch.to_string()), Ok(pitch));
        }
        assert!(read_pitch("128").is_err() && read_pitch("C4-").is_err() && read_pitch("C").is_err());
    }

    proptest! {
        #[test]
        fn a_range_is_read_back(a in 0u8..128, b in 0u8..128) {
            let range = PitchRange::new(a.min(b), a.max(b)).expect("ordered");
            prop_assert_eq!(range.to_string().parse(), Ok(range));
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,12}", near in "[A-H#b♭0-9 .–-]{0,10}") {
            for text in [text, near] {
                let _ = (text.parse::<PitchRange>(), read_pitch(&text));
            }
        }
    }
}
