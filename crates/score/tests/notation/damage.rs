//! Whatever the bytes are, reading ends with music or with one sentence.

use crate::round_trip::writable_score;
use aeolian_score::file;
use aeolian_score::{Score, musicxml};
use proptest::collection::vec;
use proptest::prelude::*;
use std::path::Path;

/// The small pieces of testdata/musicxml.
fn tiny_files() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/musicxml/pieces");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Reads, and checks what every reader of a score relies on.
fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    let _ = file::read(bytes);
    match musicxml::read(bytes) {
        Ok(read) => is_sound(&read.score),
        Err(error) => {
            let told = error.to_string();
            prop_assert!(told.ends_with('.') && told.len() < 400, "{}", told);
            Ok(())
        }
    }
}

fn is_sound(score: &Score) -> Result<(), TestCaseError> {
    prop_assert!(score.ticks_per_quarter.is_multiple_of(12));
    for part in &score.parts {
        prop_assert!(part.notes.is_sorted());
        let mut free_from = [0; 128];
        for note in &part.notes {
            prop_assert!(note.duration.0 >= 1 && (1..=127).contains(&note.velocity));
            let free = &mut free_from[usize::from(note.pitch)];
            prop_assert!(note.onset.0 >= *free);
            *free = note.offset().0;
        }
    }
    prop_assert!(score.tempos.iter().all(|tempo| tempo.qpm > 0.0));
    prop_assert!(score.tempos.is_sorted_by(|a, b| a.at < b.at));
    prop_assert!(score.meters.is_sorted_by(|a, b| a.at < b.at));
    prop_assert!(score.keys.is_sorted_by(|a, b| a.at < b.at));
    prop_assert!(score.chords.iter().all(|event| event.at < event.end));
    prop_assert!(score.chords.is_sorted_by(|a, b| a.end <= b.at));
    prop_assert!(score.markers.is_sorted_by_key(|marker| marker.at));
    Ok(())
}

/// A change at a place that is drawn.
#[derive(Clone, Debug)]
enum Damage {
    Byte(prop::sample::Index, u8),
    /// Another digit for a digit.
    Digit(prop::sample::Index, u8),
    /// A stretch that comes twice or not at all.
    Repeat(prop::sample::Index, usize),
    Drop(prop::sample::Index, usize),
    Cut(prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        1 => (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        4 => (place(), b'-'..=b'9').prop_map(|(at, digit)| Damage::Digit(at, digit)),
        1 => (place(), 1..400usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
        1 => (place(), 1..400usize).prop_map(|(at, length)| Damage::Drop(at, length)),
        1 => place().prop_map(Damage::Cut),
    ]
}

fn apply(damage: Damage, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    match damage {
        Damage::Byte(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        Damage::Digit(at, digit) => {
            let digits: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i].is_ascii_digit()).collect();
            if !digits.is_empty() {
                bytes[digits[at.index(digits.len())]] = digit;
            }
        }
        Damage::Repeat(at, length) => {
            // From the beginning of a line, so that what comes twice is often whole elements.
            let at = at.index(bytes.len());
            let start = bytes[..at].iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
            let piece = bytes[start..(start + length).min(bytes.len())].to_vec();
            bytes.splice(start..start, piece);
        }
        Damage::Drop(at, length) => {
            let at = at.index(bytes.len());
            bytes.drain(at..(at + length).min(bytes.len()));
        }
        Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes_never_panic(mut bytes in vec(any::<u8>(), 0..300), beginning in 0..4usize) {
        let beginnings: [&[u8]; 4] = [b"", b"PK\x03\x04", b"<score-partwise><part><measure>", b"\xff\xfe<\0"];
        bytes.splice(0..0, beginnings[beginning].iter().copied());
        survives(&bytes)?;
    }

    #[test]
    fn damaged_files_never_panic(which in any::<prop::sample::Index>(), damages in vec(damage(), 1..5)) {
        let files = tiny_files();
        let mut bytes = which.get(&files).clone();
        damages.into_iter().for_each(|damage| apply(damage, &mut bytes));
        survives(&bytes)?;
    }

    #[test]
    fn elements_in_any_order_never_panic(inside in vec(prop::sample::select(ELEMENTS), 0..30)) {
        let text = format!("<score-partwise><part>{}</part></score-partwise>", inside.concat());
        // Wherever a bar is open or closed, the rest is balanced.
        survives(format!("<score-partwise><part><measure>{}</measure></part></score-partwise>", inside.concat()).as_bytes())?;
        survives(text.as_bytes())?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_we_write_survives_damage(score in writable_score(), damages in vec(damage(), 1..4)) {
        let mut bytes = musicxml::write(&score).unwrap().into_bytes();
        damages.into_iter().for_each(|damage| apply(damage, &mut bytes));
        survives(&bytes)?;
    }
}

/// Well-formed pieces of bars, sensible and not.
const ELEMENTS: &[&str] = &[
    "</measure><measure>",
    "<note><pitch><step>C</step><octave>4</octave></pitch><duration>3</duration><tie type='start'/></note>",
    "<note><pitch><step>C</step><octave>4</octave></pitch><duration>3</duration><tie type='stop'/></note>",
    "<note><chord/><pitch><step>C</step><octave>4</octave></pitch><duration>5</duration><tie type='start'/><voice>2</voice></note>",
    "<note><grace/><pitch><step>E</step><octave>4</octave></pitch></note>",
    "<note><grace/><chord/><pitch><step>C</step><octave>4</octave></pitch><tie type='start'/></note>",
    "<note><pitch><step>B</step><alter>0.5</alter><octave>9</octave></pitch><duration>0</duration></note>",
    "<note><unpitched/><duration>1</duration></note>",
    "<note><rest/><duration>7.25</duration></note>",
    "<note><cue/><pitch><step>A</step><octave>0</octave></pitch><duration>1</duration></note>",
    "<backup><duration>4</duration></backup>",
    "<forward><duration>2</duration></forward>",
    "<attributes><divisions>7</divisions></attributes>",
    "<attributes><divisions>0.3</divisions><time><beats>3+4</beats><beat-type>32</beat-type></time></attributes>",
    "<attributes><key><fifths>-4</fifths></key><time><beats>1</beats><beat-type>32</beat-type></time></attributes>",
    "<attributes><transpose><chromatic>-2</chromatic><octave-change>-10</octave-change></transpose></attributes>",
    "<barline><repeat direction='backward'/></barline>",
    "<barline><repeat direction='backward' times='5'/></barline>",
    "<barline><repeat direction='forward'/></barline>",
    "<barline><ending number='1' type='start'/></barline>",
    "<barline><ending number='2,3' type='start'/></barline>",
    "<barline><ending number='1' type='stop'/></barline>",
    "<sound dacapo='yes'/>",
    "<sound dalsegno='s'/>",
    "<sound segno='s' fine='yes'/>",
    "<sound tocoda='c'/>",
    "<sound coda='c' tempo='77'/>",
    "<direction><direction-type><rehearsal>A</rehearsal></direction-type><offset>-9</offset><sound tempo='1e9'/></direction>",
    "<direction><direction-type><coda/></direction-type><offset sound='yes'>5</offset><sound tempo='50'/></direction>",
    "<harmony><root><root-step>G</root-step></root><kind>dominant</kind><offset>3</offset></harmony>",
    "<harmony><kind>none</kind></harmony>",
];
