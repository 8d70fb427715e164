//! Chord symbols: what a kind and its degrees sound like, and which of our qualities that is.
//!
//! Source: MusicXML 4.0, `kind-value` and `degree`. A kind is a set of degrees above the root; `degree` elements add to
//! it, alter it or take from it. An added degree counts from the major scale with a minor seventh, an altered one from
//! the note that the kind has there. The qualities are those of [`ChordQuality::ALL`]; where none has exactly these
//! notes the one with the fewest missing and extra notes is meant, and that is counted.

use super::super::MusicXmlError;
use super::document::number;
use super::tree::Element;
use crate::spelling::NoteName;
use crate::{Chord, ChordQuality};

/// A chord symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    Chord {
        chord: Chord,
        /// Whether the quality has just the notes of the symbol.
        is_exact: bool,
    },
    NoChord,
    /// No root, or a kind that says nothing about notes.
    Unread,
}

/// Semitones above the root for the degrees 1 to 13 of a chord.
type Degrees = [Option<u8>; 14];

/// Reads a `harmony`; of several chords in one the first.
///
/// # Errors   `Value` for a degree, step or alteration that is none.
pub(super) fn read_harmony(harmony: &Element) -> Result<Symbol, MusicXmlError> {
    let kind = harmony.text_of("kind");
    if kind == "none" {
        return Ok(Symbol::NoChord);
    }
    let (Some(root), Some(mut degrees)) = (pitch_class(harmony, "root", "root-step", "root-alter")?, degrees_of(kind))
    else {
        return Ok(Symbol::Unread);
    };
    let changes: Vec<&Element> = harmony.children_named("degree").collect();
    if kind == "other" && changes.is_empty() {
        return Ok(Symbol::Unread);
    }
    for change in changes {
        apply(change, &mut degrees)?;
    }
    let bass = match (pitch_class(harmony, "bass", "bass-step", "bass-alter")?, harmony.text_of("inversion")) {
        (Some(bass), _) => bass,
        (None, inversion) => {
            let sounding: Vec<u8> = degrees.iter().flatten().copied().collect();
            let inverted = inversion.parse().ok().and_then(|inversion: usize| sounding.get(inversion));
            (root + inverted.copied().unwrap_or(0)) % 12
        }
    };
    let (quality, is_exact) = match extended(kind) {
        Some(quality) => (quality, false),
        None => nearest_quality(&degrees),
    };
    Ok(Symbol::Chord { chord: Chord { root, quality, bass }, is_exact })
}

/// The quality whose notes agree best with the degrees, and whether they agree entirely.
fn nearest_quality(degrees: &Degrees) -> (ChordQuality, bool) {
    let set = degrees.iter().flatten().fold(0u16, |set, semitones| set | 1 << (semitones % 12));
    let nearest = Chord::from_pitch_classes(0, 0, set);
    (nearest.quality, nearest.pitch_classes() == set)
}

/// Elevenths and thirteenths, which no quality has, read as the ninth on the same seventh.
fn extended(kind: &str) -> Option<ChordQuality> {
    Some(match kind {
        "dominant-11th" | "dominant-13th" => ChordQuality::Dominant9,
        "major-11th" | "major-13th" => ChordQuality::Major9,
        "minor-11th" | "minor-13th" => ChordQuality::Minor9,
        _ => return None,
    })
}

/// The degrees of a kind, or `None` for one that has none of its own ("pedal") or that nobody knows.
fn degrees_of(kind: &str) -> Option<Degrees> {
    let degrees: &[(usize, u8)] = match kind {
        "major" | "Neapolitan" => &[(3, 4), (5, 7)],
        "minor" => &[(3, 3), (5, 7)],
        "augmented" => &[(3, 4), (5, 8)],
        "diminished" => &[(3, 3), (5, 6)],
        "dominant" | "German" => &[(3, 4), (5, 7), (7, 10)],
        "major-seventh" => &[(3, 4), (5, 7), (7, 11)],
        "minor-seventh" => &[(3, 3), (5, 7), (7, 10)],
        "diminished-seventh" => &[(3, 3), (5, 6), (7, 9)],
        "augmented-seventh" => &[(3, 4), (5, 8), (7, 10)],
        "half-diminished" | "Tristan" => &[(3, 3), (5, 6), (7, 10)],
        "major-minor" => &[(3, 3), (5, 7), (7, 11)],
        "major-sixth" => &[(3, 4), (5, 7), (6, 9)],
        "minor-sixth" => &[(3, 3), (5, 7), (6, 9)],
        "dominant-ninth" | "dominant-11th" | "dominant-13th" => &[(3, 4), (5, 7), (7, 10), (9, 2)],
        "major-ninth" | "major-11th" | "major-13th" => &[(3, 4), (5, 7), (7, 11), (9, 2)],
        "minor-ninth" | "minor-11th" | "minor-13th" => &[(3, 3), (5, 7), (7, 10), (9, 2)],
        "suspended-second" => &[(2, 2), (5, 7)],
        "suspended-fourth" => &[(4, 5), (5, 7)],
        "Italian" => &[(3, 4), (7, 10)],
        "French" => &[(3, 4), (5, 6), (7, 10)],
        "power" => &[(5, 7)],
        "other" => &[],
        _ => return None,
    };
    let mut all = [None; 14];
    all[1] = Some(0);
    for &(degree, semitones) in degrees {
        all[degree] = Some(semitones);
    }
    Some(all)
}

/// Adds, alters or takes away one degree.
fn apply(change: &Element, degrees: &mut Degrees) -> Result<(), MusicXmlError> {
    /// The major scale with a minor seventh, an octave and a sixth of it.
    const ADDED: [i32; 14] = [0, 0, 2, 4, 5, 7, 9, 10, 0, 2, 4, 5, 7, 9];
    let missing = || MusicXmlError::Missing { line: change.line, element: "degree", missing: "<degree-value>" };
    let value = change.child("degree-value").ok_or_else(missing)?;
    let degree: usize = number(value, "degree-value", "a whole number of 1 to 13", |degree| (1..=13).contains(degree))?;
    let alter = alteration(change, "degree-alter")?;
    let semitones = |from: i32| Some((from + alter).rem_euclid(12) as u8);
    degrees[degree] = match (change.text_of("degree-type"), degrees[degree]) {
        ("subtract", _) => None,
        ("alter", Some(there)) => semitones(i32::from(there)),
        _ => semitones(ADDED[degree]),
    };
    Ok(())
}

fn alteration(element: &Element, name: &'static str) -> Result<i32, MusicXmlError> {
    match element.child(name).filter(|alter| !alter.text().is_empty()) {
        Some(alter) => number(alter, name, "a number of at most 12", |alter: &f64| alter.abs() <= 12.0)
            .map(|alter| alter.round() as i32),
        None => Ok(0),
    }
}

/// The pitch class that `element` names with a step and an alteration, if it is there.
fn pitch_class(harmony: &Element, element: &str, step: &str, alter: &'static str) -> Result<Option<u8>, MusicXmlError> {
    let Some(element) = harmony.child(element) else { return Ok(None) };
    let letter = match element.text_of(step) {
        letter @ ("A" | "B" | "C" | "D" | "E" | "F" | "G") => char::from(letter.as_bytes()[0]),
        _ => return Ok(None),
    };
    let plain = i32::from(NoteName { step: letter, alter: 0 }.pitch_class());
    Ok(Some((plain + alteration(element, alter)?).rem_euclid(12) as u8))
}

#[cfg(test)]
mod tests {
    use super::super::tree::Xml;
    use super::*;

    fn symbol(inside: &str) -> Symbol {
        let text = format!("<harmony>{inside}</harmony>");
        let mut xml = Xml::new(&text);
        let root = xml.root().unwrap();
        read_harmony(&xml.rest_of(root).unwrap()).unwrap()
    }

    /// The chord on E flat of a kind with changed degrees.
    fn chord(kind: &str, degrees: &[(u8, i8, &str)]) -> (String, bool) {
        let mut inside = format!("<root><root-step>E</root-step><root-alter>-1</root-alter></root><kind>{kind}</kind>");
        for (value, alter, change) in degrees {
            inside += &format!(
                "<degree><degree-value>{value}</degree-value><degree-alter>{alter}</degree-alter>\
                <degree-type>{change}</degree-type></degree>"
            );
        }
        match symbol(&inside) {
            Symbol::Chord { chord, is_exact } => (chord.quality.suffix().to_owned(), is_exact),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn kinds_and_degrees_become_qualities() {
        let exact = |suffix: &str| (suffix.to_owned(), true);
        let nearest = |suffix: &str| (suffix.to_owned(), false);
        assert_eq!(chord("minor-seventh", &[]), exact("m7"));
        assert_eq!(chord("dominant", &[(9, 0, "add")]), exact("9"));
        assert_eq!(chord("dominant", &[(3, 0, "subtract"), (4, 0, "add")]), exact("7sus4"));
        assert_eq!(chord("minor-seventh", &[(5, -1, "alter")]), exact("m7b5"));
        assert_eq!(chord("suspended-fourth", &[(7, 0, "add")]), exact("7sus4"));
        assert_eq!(chord("other", &[(3, 0, "add"), (5, 1, "add")]), exact("aug"));
        assert_eq!(chord("dominant", &[(9, -1, "add")]), nearest("7"));
        assert_eq!(chord("dominant-13th", &[]), nearest("9"));
        assert_eq!(chord("augmented-seventh", &[]), nearest("aug"));
        assert_eq!(chord("German", &[]), exact("7"));
    }

    #[test]
    fn the_bass_is_named_or_an_inversion() {
        let c = "<root><root-step>C</root-step></root><kind>dominant</kind>";
        let bass = |more: &str| match symbol(&format!("{c}{more}")) {
            Symbol::Chord { chord, .. } => chord.bass,
            other => panic!("{other:?}"),
        };
        assert_eq!(bass("<bass><bass-step>B</bass-step><bass-alter>-1</bass-alter></bass>"), 10);
        assert_eq!(
            ["", "<inversion>1</inversion>", "<inversion>3</inversion>", "<inversion>4</inversion>"].map(bass),
            [0, 4, 10, 0]
        );
    }

    #[test]
    fn no_chord_and_what_names_no_root_are_told_apart() {
        assert_eq!(symbol("<root><root-step text=''>C</root-step></root><kind>none</kind>"), Symbol::NoChord);
        assert_eq!(symbol("<function>V</function><kind>major</kind>"), Symbol::Unread);
        assert_eq!(symbol("<root><root-step>C</root-step></root><kind>other</kind>"), Symbol::Unread);
        assert_eq!(symbol("<root><root-step>C</root-step></root><kind>funky</kind>"), Symbol::Unread);
        assert_eq!(symbol(""), Symbol::Unread);
    }
}
