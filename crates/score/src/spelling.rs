//! Enharmonic spelling: which of C#, Db (or B##) a pitch is called, from the key and the chord around it.
//!
//! Note names live on the line of fifths … Bb F C G D A E B F# …; a pitch class is every twelfth place on it. A key
//! occupies seven neighbouring places, and a foreign note takes the name nearest to them (Temperley, "The Cognition
//! of Basic Musical Structures", 2001, ch. 5). The centre of a minor key
//! lies one fifth further to the sharp side than that of its relative major, so that its raised sixth and seventh, and the leading
//! tone of its dominant, are sharp. A note of the sounding chord is named as the chord's root, third, fifth …, so
//! that thirds look like thirds.
//!
//! ```
//! use aeolian_score::{Key, Mode, spelling::spell};
//! let a_minor = Key { tonic: 9, mode: Mode::Minor };
//! let c_minor = Key { tonic: 0, mode: Mode::Minor };
//! assert_eq!(spell(68, Some(a_minor), None).to_string(), "G#4");
//! assert_eq!(spell(68, Some(c_minor), None).to_string(), "Ab4");
//! ```

use crate::{Chord, ChordQuality, Key, Mode};
use std::fmt;

/// A note name without an octave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteName {
    /// `'A'` – `'G'`.
    pub step: char,
    /// Semitones above the plain letter, −2 (double flat) – 2 (double sharp).
    pub alter: i8,
}

impl NoteName {
    /// The pitch class, 0 (C) – 11 (B).
    pub fn pitch_class(self) -> u8 {
        (semitones_of_step(self.step) + i32::from(self.alter)).rem_euclid(12) as u8
    }
}

impl fmt::Display for NoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.alter {
            -2 => "bb",
            -1 => "b",
            1 => "#",
            2 => "##",
            _ => "",
        };
        write!(f, "{}{sign}", self.step)
    }
}

/// A pitch as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spelling {
    /// `'A'` – `'G'`.
    pub step: char,
    /// Semitones above the plain letter, −2 – 2.
    pub alter: i8,
    /// Octave of the *letter*; middle C is C4, and so B#3 sounds the same. −1 – 9 for MIDI pitches.
    pub octave: i8,
}

impl Spelling {
    /// `pitch` under this name. The name must belong to the pitch's class.
    fn of(pitch: u8, name: NoteName) -> Self {
        let letter = i32::from(pitch) - i32::from(name.alter);
        Self { step: name.step, alter: name.alter, octave: (letter.div_euclid(12) - 1) as i8 }
    }

    /// The MIDI pitch that sounds.
    pub fn pitch(self) -> i32 {
        12 * (i32::from(self.octave) + 1) + semitones_of_step(self.step) + i32::from(self.alter)
    }

    /// The name without its octave.
    pub fn name(self) -> NoteName {
        NoteName { step: self.step, alter: self.alter }
    }

    /// Places above C0 on the staff, counting letters only: middle C is 28, the D above it 29.
    pub fn staff_position(self) -> i32 {
        let letter = "CDEFGAB".find(self.step).expect("a step is one of seven letters") as i32;
        7 * i32::from(self.octave) + letter
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name(), self.octave)
    }
}

/// Names `pitch` (0–127) in `key` over `chord`; without a key, as in C major.
///
/// Total: every combination has an answer. Double accidentals appear only for notes of the chord.
pub fn spell(pitch: u8, key: Option<Key>, chord: Option<Chord>) -> Spelling {
    Spelling::of(pitch, name_pitch_class(pitch % 12, key, chord))
}

/// Names a pitch class (taken modulo 12) in `key` over `chord`; without a key, as in C major.
pub fn name_pitch_class(pitch_class: u8, key: Option<Key>, chord: Option<Chord>) -> NoteName {
    let in_key = nearest_fifth(pitch_class, key);
    let in_chord = chord.and_then(|chord| {
        let above_root = (pitch_class + 12 - chord.root % 12) % 12;
        chord
            .quality
            .intervals()
            .contains(&above_root)
            .then(|| root_fifth(chord, key) + interval(chord.quality, above_root))
    });
    note_name(in_chord.filter(|fifth| NAMEABLE.contains(fifth)).unwrap_or(in_key))
}

/// The tonic's name; it agrees with [`Key::signature`] ("F#" major, never "Gb").
pub fn name_tonic(key: Key) -> NoteName {
    note_name(i32::from(key.signature()) + if key.mode == Mode::Minor { 3 } else { 0 })
}

/// The name of a chord's root in `key`: its name in the key's scale if it has one, else chosen so that all notes of the
/// chord together lie closest to the key.
pub fn name_root(chord: Chord, key: Option<Key>) -> NoteName {
    note_name(root_fifth(chord, key))
}

/// The name of a chord's bass in `key`: as a note of the chord when it is one, else as a note of the key.
pub fn name_bass(chord: Chord, key: Option<Key>) -> NoteName {
    name_pitch_class(chord.bass, key, Some(chord))
}

/// Alteration of `step` by a signature of `sharps` (−7 – 7).
pub fn signature_alter(step: char, sharps: i8) -> i8 {
    let plain = "FCGDAEB".find(step).expect("a step is one of seven letters") as i32 - 1;
    let sharps = i32::from(sharps);
    // A signature of s sharps covers the places s − 1 … s + 5; the letter stands where it falls among them.
    ((sharps + 5 - plain).div_euclid(7)) as i8
}

/// Places on the line of fifths that need no more than two accidentals: Fbb … B##.
const NAMEABLE: std::ops::RangeInclusive<i32> = -15..=19;

/// Places that need at most one accidental: Fb … B#.
const SIMPLE: std::ops::RangeInclusive<i32> = -8..=12;

fn semitones_of_step(step: char) -> i32 {
    match step {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        _ => 11,
    }
}

/// The name at a place on the line of fifths; C is 0, G is 1, F is −1.
fn note_name(fifth: i32) -> NoteName {
    const STEPS: [char; 7] = ['F', 'C', 'G', 'D', 'A', 'E', 'B'];
    NoteName { step: STEPS[(fifth + 1).rem_euclid(7) as usize], alter: (fifth + 1).div_euclid(7) as i8 }
}

/// Twice the middle of a key's twelve names on the line of fifths (twice, because it lies between two places).
fn doubled_centre(key: Option<Key>) -> i32 {
    key.map_or(5, |key| 2 * i32::from(key.signature()) + if key.mode == Mode::Minor { 7 } else { 5 })
}

/// The place nearest to the key that sounds as `pitch_class` and needs no double accidental.
fn nearest_fifth(pitch_class: u8, key: Option<Key>) -> i32 {
    candidates(pitch_class)
        .filter(|fifth| SIMPLE.contains(fifth))
        .min_by_key(|fifth| (2 * fifth - doubled_centre(key)).abs())
        .expect("every pitch class has a name with at most one accidental")
}

fn candidates(pitch_class: u8) -> impl Iterator<Item = i32> {
    let first = i32::from(pitch_class) * 7 % 12;
    [first - 24, first - 12, first, first + 12].into_iter()
}

fn root_fifth(chord: Chord, key: Option<Key>) -> i32 {
    // A root of the key keeps its name there, even where the chord's other notes would lie closer under another one:
    // a diminished chord on C in G major is no B#dim.
    let sharps = key.map_or(0, |key| i32::from(key.signature()));
    let scale = sharps - 1..=sharps + 5;
    if let Some(root) = candidates(chord.root).find(|root| scale.contains(root) && SIMPLE.contains(root)) {
        return root;
    }
    let distance = |root: &i32| -> i32 {
        let notes = chord.quality.intervals().iter().map(|&i| root + interval(chord.quality, i));
        notes.map(|fifth| (2 * fifth - doubled_centre(key)).abs()).sum()
    };
    candidates(chord.root)
        .filter(|root| SIMPLE.contains(root))
        .min_by_key(distance)
        .expect("every pitch class has a name with at most one accidental")
}

/// Places between a chord's root and its note `semitones` above.
fn interval(quality: ChordQuality, semitones: u8) -> i32 {
    match semitones {
        9 if quality == ChordQuality::Diminished7 => -9,
        6 => -6,
        8 => 8,
        // Every other interval the qualities use is the plain major, minor or perfect one: −5 … 5 fifths.
        _ => (i32::from(semitones) * 7 + 5).rem_euclid(12) - 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(key: &str, chord: Option<Chord>) -> String {
        let key = key.parse().expect("the test names a key");
        (0..12).map(|pc| name_pitch_class(pc, Some(key), chord).to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn chromatic_notes_lie_next_to_their_key() {
        assert_eq!(names("C", None), "C C# D Eb E F F# G G# A Bb B");
        assert_eq!(names("Eb", None), "C Db D Eb E F Gb G Ab A Bb B");
        assert_eq!(names("E", None), "B# C# D D# E E# F# G G# A A# B");
    }

    #[test]
    fn minor_raises_its_sixth_and_seventh() {
        assert_eq!(names("Am", None), "C C# D D# E F F# G G# A Bb B");
        assert_eq!(names("F# minor", None), "B# C# D D# E E# F# G G# A A# B");
        assert_eq!(spell(66, Some("G minor".parse().unwrap()), None).to_string(), "F#4");
    }

    #[test]
    fn chord_notes_are_stacked_thirds() {
        let d_flat = Chord::new(1, ChordQuality::Major);
        assert_eq!(name_root(d_flat, Some("C".parse().unwrap())).to_string(), "Db");
        assert_eq!(spell(61, Some("C".parse().unwrap()), Some(d_flat)).to_string(), "Db4");
        let f_minor = Chord::new(5, ChordQuality::Minor);
        assert_eq!(spell(68, Some("C".parse().unwrap()), Some(f_minor)).to_string(), "Ab4");
        let on_c = Chord::new(0, ChordQuality::Diminished);
        assert_eq!(name_root(on_c, Some("G".parse().unwrap())).to_string(), "C");
        let diminished = Chord::new(11, ChordQuality::Diminished7);
        assert_eq!(spell(68, Some("C".parse().unwrap()), Some(diminished)).to_string(), "Ab4");
        let d_sharp_seventh = Chord::new(3, ChordQuality::Dominant7);
        assert_eq!(spell(67, Some("F#".parse().unwrap()), Some(d_sharp_seventh)).to_string(), "F##4");
    }

    #[test]
    fn the_octave_follows_the_letter() {
        let b_sharp = spell(60, Some("C# minor".parse().unwrap()), Some(Chord::new(8, ChordQuality::Major)));
        assert_eq!((b_sharp.to_string(), b_sharp.pitch()), ("B#3".into(), 60));
    }

    #[test]
    fn signatures_alter_their_letters() {
        assert_eq!("FCGDAEB".chars().map(|s| signature_alter(s, 3)).collect::<Vec<_>>(), [1, 1, 1, 0, 0, 0, 0]);
        assert_eq!("FCGDAEB".chars().map(|s| signature_alter(s, -3)).collect::<Vec<_>>(), [0, 0, 0, 0, -1, -1, -1]);
    }

    proptest! {
        #[test]
        fn a_spelling_sounds_as_its_pitch(
            pitch in 0u8..128, tonic in 0u8..12, minor: bool, root in 0u8..12, quality in 0usize..20, with_chord: bool,
        ) {
            let key = Key { tonic, mode: if minor { Mode::Minor } else { Mode::Major } };
            let chord = with_chord.then(|| Chord::new(root, ChordQuality::ALL[quality]));
            let spelling = spell(pitch, Some(key), chord);
            prop_assert_eq!(spelling.pitch(), i32::from(pitch));
            prop_assert!((-2..=2).contains(&spelling.alter));
        }

        #[test]
        fn notes_of_the_key_are_written_as_in_its_signature(pitch in 0u8..128, tonic in 0u8..12, minor: bool) {
            let key = Key { tonic, mode: if minor { Mode::Minor } else { Mode::Major } };
            prop_assume!(key.scale() >> (pitch % 12) & 1 == 1);
            let spelling = spell(pitch, Some(key), None);
            prop_assert_eq!(spelling.alter, signature_alter(spelling.step, key.signature()));
        }
    }
}
