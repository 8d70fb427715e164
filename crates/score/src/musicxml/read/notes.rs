//! One note: its pitch or drum, its length, and how it hangs together with others.

use super::super::drums::Drum;
use super::super::{MusicXmlError, Repairs};
use super::directions::level;
use super::document::{PartDocument, duration, number, value_error};
use super::tree::Element;
use crate::spelling::NoteName;

/// A note or a rest, as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NoteItem {
    pub sound: Sound,
    /// In divisions; 0 for a grace note.
    pub duration: f64,
    /// Struck together with the note before.
    pub is_chord: bool,
    pub is_grace: bool,
    pub tie_starts: bool,
    pub tie_stops: bool,
    pub voice: u16,
    /// Its own velocity.
    pub velocity: Option<u8>,
    /// A dynamic mark at the note, which holds from here on.
    pub level: Option<u8>,
    /// The first verse's syllable; one with a hyphen goes on.
    pub lyric: Option<Box<str>>,
}

/// What sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sound {
    Rest,
    /// A written pitch, not yet transposed, as MIDI counts (60 is middle C).
    Pitch(i32),
    /// A MIDI drum key.
    Drum(u8),
}

/// Reads a `note`.
///
/// # Errors   `Missing`, `Value`.
pub(super) fn read_note(
    element: &Element,
    part: &mut PartDocument,
    repairs: &mut Repairs,
) -> Result<NoteItem, MusicXmlError> {
    let is_grace = element.has("grace");
    let is_cue = element.has("cue");
    let mut sound = sound(element, part, repairs)?;
    if is_cue && sound != Sound::Rest {
        repairs.cue_notes += 1;
        sound = Sound::Rest;
    }
    let ties = |kind: &str| element.children_named("tie").any(|tie| tie.attribute("type") == Some(kind));
    let marks = element.children_named("notations").flat_map(|notations| notations.children_named("dynamics"));
    Ok(NoteItem {
        sound,
        duration: if is_grace { 0.0 } else { duration(element, "note")? },
        is_chord: element.has("chord"),
        is_grace,
        tie_starts: ties("start"),
        tie_stops: ties("stop"),
        voice: part.voice(element.text_of("voice")),
        velocity: element.attribute("dynamics").and_then(velocity),
        level: marks.flat_map(|marks| &marks.children).find_map(|mark| level(&mark.name)),
        lyric: lyric(element),
    })
}

fn sound(element: &Element, part: &PartDocument, repairs: &mut Repairs) -> Result<Sound, MusicXmlError> {
    if let Some(pitch) = element.child("pitch") {
        return Ok(Sound::Pitch(read_pitch(pitch, repairs)?));
    }
    if let Some(place) = element.child("unpitched") {
        let id = element.child("instrument").and_then(|instrument| instrument.attribute("id"));
        return Ok(Sound::Drum(part.instruments.drum(id).unwrap_or_else(|| {
            repairs.guessed_drums += 1;
            guess_drum(place, element.text_of("notehead"))
        })));
    }
    let missing =
        || MusicXmlError::Missing { line: element.line, element: "note", missing: "<pitch>, <unpitched> or <rest>" };
    element.child("rest").map(|_| Sound::Rest).ok_or_else(missing)
}

fn read_pitch(pitch: &Element, repairs: &mut Repairs) -> Result<i32, MusicXmlError> {
    let missing = |missing| MusicXmlError::Missing { line: pitch.line, element: "pitch", missing };
    let step = pitch.child("step").ok_or_else(|| missing("<step>"))?;
    let letter = match step.text() {
        letter @ ("A" | "B" | "C" | "D" | "E" | "F" | "G") => char::from(letter.as_bytes()[0]),
        other => return Err(value_error(step.line, "step", other, "a letter A to G")),
    };
    let octave = pitch.child("octave").ok_or_else(|| missing("<octave>"))?;
    let octave: i32 = number(octave, "octave", "a whole number of -9 to 19", |octave| (-9..=19).contains(octave))?;
    let alter = match pitch.child("alter").filter(|alter| !alter.text().is_empty()) {
        Some(alter) => number(alter, "alter", "a number of at most 12", |alter: &f64| alter.abs() <= 12.0)?,
        None => 0.0,
    };
    repairs.microtones += usize::from(alter.fract() != 0.0);
    Ok(12 * (octave + 1) + i32::from(NoteName { step: letter, alter: 0 }.pitch_class()) + (alter + 0.5).floor() as i32)
}

/// The drum that is written where this one is: with its notehead, else with any, else the snare drum.
fn guess_drum(place: &Element, notehead: &str) -> u8 {
    const SNARE: u8 = 38;
    let here = |&key: &u8| {
        let drum = Drum::of(key);
        place.text_of("display-step").starts_with(drum.step)
            && place.text_of("display-octave") == drum.octave.to_string()
    };
    let exact = |key: &u8| here(key) && Drum::of(*key).notehead.unwrap_or_default() == notehead.replace("normal", "");
    // From 36, so that the bass drum comes before its older sister.
    (36..=81).find(exact).or_else(|| (35..=81).find(here)).unwrap_or(SNARE)
}

/// A velocity from a percentage of MIDI's usual forte, 90.
pub(super) fn velocity(percent: &str) -> Option<u8> {
    let percent: f64 = percent.trim().parse().ok().filter(|percent: &f64| percent.is_finite())?;
    Some((percent * 0.9).round().clamp(1.0, 127.0) as u8)
}

fn lyric(note: &Element) -> Option<Box<str>> {
    let verse = note.child("lyric")?;
    let mut text: String = verse.children_named("text").map(Element::text).collect::<Vec<_>>().join(" ");
    if matches!(verse.text_of("syllabic"), "begin" | "middle") {
        text.push('-');
    }
    (!text.is_empty()).then(|| text.into_boxed_str())
}

/// Articulations, ornaments and ways of playing at a note.
pub(super) fn expression_marks(note: &Element) -> usize {
    let notations = note.children_named("notations").flat_map(|notations| &notations.children);
    notations
        .map(|mark| match mark.name.as_str() {
            "articulations" | "ornaments" | "technical" => mark.children.len(),
            "arpeggiate" | "non-arpeggiate" | "fermata" | "glissando" | "slide" => 1,
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::super::tree::Xml;
    use super::*;

    fn note(inside: &str) -> Result<(NoteItem, Repairs), MusicXmlError> {
        let text = format!("<note>{inside}</note>");
        let mut xml = Xml::new(&text);
        let root = xml.root()?;
        let mut repairs = Repairs::default();
        let item = read_note(&xml.rest_of(root)?, &mut PartDocument::default(), &mut repairs)?;
        Ok((item, repairs))
    }

    fn pitch(alter: &str) -> (Sound, usize) {
        let text =
            format!("<pitch><step>C</step><alter>{alter}</alter><octave>4</octave></pitch><duration>1</duration>");
        let (item, repairs) = note(&text).unwrap();
        (item.sound, repairs.microtones)
    }

    #[test]
    fn microtones_are_rounded_halves_up_and_counted() {
        for (alter, sound, microtones) in
            [("-1", 59, 0), ("", 60, 0), ("0.4", 60, 1), ("0.5", 61, 1), ("-0.5", 60, 1), ("2", 62, 0)]
        {
            assert_eq!(pitch(alter), (Sound::Pitch(sound), microtones), "{alter}");
        }
    }

    #[test]
    fn what_makes_no_note_is_told_with_its_value() {
        let told = |inside: &str| note(inside).unwrap_err().to_string();
        assert_eq!(told("<duration>1</duration>"), "Line 1: a <note> has no <pitch>, <unpitched> or <rest>.");
        assert_eq!(told("<rest/>"), "Line 1: a <note> has no <duration>.");
        assert_eq!(
            told("<rest/><duration>-1</duration>"),
            "Line 1: <duration> is \"-1\"; it must be a number of 0 or more."
        );
        assert_eq!(
            told("<rest/><duration>NaN</duration>"),
            "Line 1: <duration> is \"NaN\"; it must be a number of 0 or more."
        );
        let bad_step = "<pitch><step>H</step><octave>4</octave></pitch><duration>1</duration>";
        assert_eq!(told(bad_step), "Line 1: <step> is \"H\"; it must be a letter A to G.");
        assert_eq!(told("<pitch><step>A</step></pitch><duration>1</duration>"), "Line 1: a <pitch> has no <octave>.");
    }

    #[test]
    fn a_drum_without_a_midi_key_is_guessed_from_its_place() {
        let drum = |place: &str, head: &str| {
            let display =
                format!("<display-step>{}</display-step><display-octave>{}</display-octave>", &place[..1], &place[1..]);
            let (item, repairs) =
                note(&format!("<unpitched>{display}</unpitched><duration>1</duration>{head}")).unwrap();
            assert_eq!(repairs.guessed_drums, 1);
            item.sound
        };
        assert_eq!(drum("F4", ""), Sound::Drum(36));
        assert_eq!(drum("G5", "<notehead>x</notehead>"), Sound::Drum(42));
        assert_eq!(drum("G5", "<notehead>normal</notehead>"), Sound::Drum(42), "any notehead there");
        assert_eq!(drum("C3", ""), Sound::Drum(38));
    }

    #[test]
    fn velocity_is_a_percentage_of_forte() {
        assert_eq!(
            ["100", "88.89", "0", "1000", "-3", "x"].map(velocity),
            [Some(90), Some(80), Some(1), Some(127), Some(1), None]
        );
    }
}
