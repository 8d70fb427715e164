//! Note names at the start of a text: a letter and its accidentals, in ASCII or in musical signs.

use crate::spelling::NoteName;

/// Takes "C", "f#", "B♭", "Ebb", "Fx" or "G𝄪" off the start of a text; capitals do not matter.
///
/// At most a double accidental is taken, and never a sharp after a flat: the rest belongs to what follows.
pub(crate) fn take_note_name(text: &str) -> Option<(NoteName, &str)> {
    let step = text.chars().next().map(|letter| letter.to_ascii_uppercase())?;
    if !('A'..='G').contains(&step) {
        return None;
    }
    let (alter, rest) = take_accidentals(&text[1..]);
    Some((NoteName { step, alter }, rest))
}

/// Takes "#", "bb", "♯", "x" … off the start of a text: semitones −2 – 2, and the rest.
pub(crate) fn take_accidentals(text: &str) -> (i8, &str) {
    let mut alter = 0;
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let step: i8 = match sign {
            '#' | '♯' => 1,
            'b' | '♭' => -1,
            'x' | '𝄪' => 2,
            '𝄫' => -2,
            _ => break,
        };
        if step.signum() * alter < 0 || (alter + step).abs() > 2 {
            break;
        }
        alter += step;
        rest = &rest[sign.len_utf8()..];
    }
    (alter, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, &str)> {
        take_note_name(text).map(|(name, rest)| (name.to_string(), rest))
    }

    #[test]
    fn names_end_where_their_accidentals_end() {
        for (text, name, rest) in [
            ("C", "C", ""),
            ("c#m", "C#", "m"),
            ("B♭7", "Bb", "7"),
            ("bb", "Bb", ""),
            ("bbb5", "Bbb", "5"),
            ("Fx", "F##", ""),
            ("G𝄪/B", "G##", "/B"),
            ("E𝄫", "Ebb", ""),
            ("C###", "C##", "#"),
            ("D#b9", "D#", "b9"),
        ] {
            assert_eq!(read(text), Some((name.to_owned(), rest)));
        }
        assert_eq!([read(""), read("H"), read("♯"), read("é")], [None, None, None, None]);
    }
}
