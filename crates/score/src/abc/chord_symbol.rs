//! Chord symbols as people write them over tunes: "Am7", "F#dim/A", "B-7" (a flat as music21 spells it), "N.C.".

use crate::{Chord, ChordQuality};

/// Reads a chord symbol. The outer `None`: this is no chord symbol ("Fine", "tr"); the inner one: "no chord".
///
/// Qualities beyond those of [`ChordQuality`] are read as the nearest one below: 11 and 13 as 9, altered fifths and
/// ninths of a seventh chord as the seventh. After "/" comes the bass. Capitals matter: "M7" is major, "m7" minor.
///
/// ```
/// use aeolian_score::abc::chord_symbol;
/// assert_eq!(chord_symbol("Ebmaj7/G").unwrap().unwrap().to_string(), "Ebmaj7/G");
/// assert_eq!(chord_symbol("N.C."), Some(None));
/// assert_eq!(chord_symbol("D.C."), None);
/// ```
pub fn chord_symbol(text: &str) -> Option<Option<Chord>> {
    let text = text.trim();
    // music21 writes "CN".
    if matches!(text, "N.C." | "NC" | "N.C" | "n.c." | "CN") {
        return Some(None);
    }
    let (root, rest) = pitch_class(text)?;
    let (kind, bass) = match rest.split_once('/') {
        // "C6/9" is a quality, "C/E" a bass.
        Some((kind, "9")) => (format!("{kind}9"), None),
        Some((kind, bass)) => (kind.to_owned(), Some(bass)),
        None => (rest.to_owned(), None),
    };
    let bass = match bass {
        Some(bass) => {
            let (pitch, rest) = pitch_class(bass.trim())?;
            rest.is_empty().then_some(pitch)?
        }
        None => root,
    };
    Some(Some(Chord { root, quality: quality(&kind)?, bass }))
}

/// A capital letter and its accidentals as a pitch class, and what follows.
fn pitch_class(text: &str) -> Option<(u8, &str)> {
    let first = text.chars().next()?;
    let letter = "C.D.EF.G.A.B".find(first).filter(|_| first != '.')? as i32;
    let mut rest = &text[1..];
    let mut alter = 0;
    while let Some(sign) = rest.chars().next() {
        alter += match sign {
            '#' | '♯' => 1,
            // music21 writes flats as "-"; nothing else begins with one after a root.
            'b' | '♭' | '-' => -1,
            _ => break,
        };
        if !(-2..=2).contains(&alter) {
            return None;
        }
        rest = &rest[sign.len_utf8()..];
    }
    Some(((letter + alter).rem_euclid(12) as u8, rest))
}

/// The quality that follows a root; `None` if it is not one.
fn quality(text: &str) -> Option<ChordQuality> {
    use ChordQuality::*;
    let plain: String = text.chars().filter(|c| !matches!(c, '(' | ')' | ' ' | ',')).collect();
    if let Some(kind) = plain.strip_prefix(':') {
        return spelled_out(kind);
    }
    if plain.starts_with("sus4add7") {
        return Some(Dominant7Sus4);
    }
    // What is added to or altered in a chord that has a seventh anyway does not change what it is here.
    let base = strip_alterations(&plain);
    Some(match base.as_str() {
        "" | "M" | "maj" | "major" | "Maj" => match plain.as_str() {
            "+" | "#5" => Augmented,
            "add9" | "add2" => Add9,
            _ => Major,
        },
        "m" | "min" | "mi" | "minor" | "Min" => match plain.as_str() {
            "mb5" | "minb5" => Diminished,
            _ => Minor,
        },
        "dim" | "o" | "°" | "diminished" => Diminished,
        "+" | "aug" | "augmented" => Augmented,
        "sus2" => Sus2,
        "sus" | "sus4" => Sus4,
        "maj7" | "M7" | "Maj7" | "ma7" | "j7" | "Δ" | "Δ7" => Major7,
        "m7" | "min7" | "mi7" | "Min7" => match plain.contains("b5") {
            true => HalfDiminished7,
            false => Minor7,
        },
        "7" | "dom7" | "7+" | "+7" | "aug7" => Dominant7,
        "mM7" | "mmaj7" | "mMaj7" | "minmaj7" | "m#7" | "minM7" => MinorMajor7,
        "ø" | "ø7" | "half-dim" | "m7b5" => HalfDiminished7,
        "dim7" | "o7" | "°7" => Diminished7,
        "6" | "maj6" | "M6" | "69" => Major6,
        "m6" | "min6" | "m69" => Minor6,
        "7sus" | "7sus4" | "9sus4" | "9sus" | "sus47" | "13sus4" => Dominant7Sus4,
        "maj9" | "M9" | "Maj9" | "maj11" | "maj13" | "M11" | "M13" => Major9,
        "m9" | "min9" | "m11" | "min11" | "m13" | "min13" => Minor9,
        "9" | "11" | "13" | "+9" => Dominant9,
        "add9" | "add2" | "2" => Add9,
        "5" | "power" => Power,
        _ => return None,
    })
}

/// A quality in the words of MusicXML behind a colon, "C:minor-major"; a colon alone is a major chord.
fn spelled_out(kind: &str) -> Option<ChordQuality> {
    Some(match kind {
        "" | "major" => ChordQuality::Major,
        "minor-major" | "major-minor" => ChordQuality::MinorMajor7,
        "augmented-ninth" | "dominant-13th" | "dominant-11th" => ChordQuality::Dominant9,
        "minor-11th" | "minor-13th" => ChordQuality::Minor9,
        "major-11th" | "major-13th" => ChordQuality::Major9,
        _ => return None,
    })
}

/// Takes "add…", "alter…" and altered notes (b5, #9 …) off the end.
fn strip_alterations(text: &str) -> String {
    let mut rest = text.to_owned();
    loop {
        let digits = rest.chars().rev().take_while(char::is_ascii_digit).count();
        let head = &rest[..rest.len() - digits];
        let sign = ["add#", "addb", "add", "omit", "no", "alter#", "alterb", "alt#", "altb", "#", "b", "♭", "♯"];
        let Some(sign) = sign.iter().find(|s| digits > 0 && head.ends_with(**s)) else { return rest };
        // "m#7" is the minor triad with a major seventh.
        if matches!(rest.as_str(), "m#7") {
            return rest;
        }
        rest.truncate(head.len() - sign.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ChordQuality::*;

    #[test]
    fn symbols_are_read_as_written() {
        for (text, root, quality, bass) in [
            ("C", 0, Major, 0),
            ("Am", 9, Minor, 9),
            ("F#m7", 6, Minor7, 6),
            ("Bb7", 10, Dominant7, 10),
            ("B-7", 10, Dominant7, 10),
            ("E-m7/B-", 3, Minor7, 10),
            ("Cmaj7", 0, Major7, 0),
            ("CM7", 0, Major7, 0),
            ("Cm7b5", 0, HalfDiminished7, 0),
            ("Cø7", 0, HalfDiminished7, 0),
            ("Co7", 0, Diminished7, 0),
            ("Cdim", 0, Diminished, 0),
            ("C+", 0, Augmented, 0),
            ("C7b9", 0, Dominant7, 0),
            ("C13", 0, Dominant9, 0),
            ("C6/9", 0, Major6, 0),
            ("Cadd9", 0, Add9, 0),
            ("Csus4", 0, Sus4, 0),
            ("C7sus4", 0, Dominant7Sus4, 0),
            ("G5", 7, Power, 7),
            ("Cm(maj7)", 0, MinorMajor7, 0),
            ("G7 add 13", 7, Dominant7, 7),
            ("Dsus4(add7)", 2, Dominant7Sus4, 2),
            ("A7(altb5)", 9, Dominant7, 9),
            ("E7(alt#5)(addb9)", 4, Dominant7, 4),
            ("D:minor-13th", 2, Minor9, 2),
            ("Ab:", 8, Major, 8),
        ] {
            assert_eq!(chord_symbol(text), Some(Some(Chord { root, quality, bass })), "{text}");
        }
    }

    #[test]
    fn words_over_the_staff_are_no_chords() {
        for text in ["", "tr", "D.C.", "Fine", "DANCE", "Chos.", "4", "C/x", "Cbbb", "End", "A!", "é"] {
            assert_eq!(chord_symbol(text), None, "{text}");
        }
    }

    #[test]
    fn every_suffix_of_our_own_is_read_back() {
        for quality in ChordQuality::ALL {
            let written = format!("D{}", quality.suffix());
            assert_eq!(chord_symbol(&written), Some(Some(Chord::new(2, quality))), "{written}");
        }
    }
}
