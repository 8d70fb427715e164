//! The written MusicXML, judged by a reader that is not ours: music21 must hear the notes, keys, metres and chord
//! symbols that the score has.
//!
//! Needs a Python with `music21`; `AEOLIAN_PYTHON` names the interpreter (else `python3`). Skips without one.

use aeolian_score::spelling::{name_bass, name_root, spell};
use aeolian_score::{
    Chord, ChordEvent, ChordQuality, GRID, Key, KeyChange, MeterChange, Mode, Note, Part, Score, Tick, musicxml,
};
use std::path::Path;
use std::process::Command;

fn python() -> Option<String> {
    let python = std::env::var("AEOLIAN_PYTHON").unwrap_or_else(|_| "python3".into());
    let probe = Command::new(&python).args(["-c", "import music21"]).output();
    probe.is_ok_and(|output| output.status.success()).then_some(python)
}

fn note(onset: u32, pitch: u8, duration: u32) -> Note {
    Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity: 80 }
}

/// A piece of one part, with a metre and a key from its start.
fn piece(meter: (u8, u8), key: &str, program: u8, mut notes: Vec<Note>) -> Score {
    notes.sort();
    let mut score = Score::new(GRID);
    score.parts.push(Part { name: "Part".into(), program, notes, ..Part::default() });
    score.meters = vec![MeterChange { at: Tick(0), numerator: meter.0, denominator: meter.1 }];
    score.keys = vec![KeyChange { at: Tick(0), key: key.parse().expect("the test names a key") }];
    score
}

/// A line of notes one after the other from 0, as (pitch, duration); pitch 0 is a rest.
fn line(notes: &[(u8, u32)]) -> Vec<Note> {
    let mut at = 0;
    let mut line = Vec::new();
    for &(pitch, duration) in notes {
        if pitch > 0 {
            line.push(note(at, pitch, duration));
        }
        at += duration;
    }
    line
}

fn chords(score: &mut Score, length: u32, chords: &[Option<Chord>]) {
    let event = |(i, &chord)| {
        let at = i as u32 * length;
        ChordEvent { at: Tick(at), end: Tick(at + length), chord }
    };
    score.chords = chords.iter().enumerate().map(event).collect();
}

fn pieces() -> Vec<(&'static str, Score)> {
    let ties = piece((3, 4), "Eb", 40, line(&[(63, 24), (67, 30), (70, 9), (68, 45), (0, 6), (66, 15), (63, 51)]));
    let compound =
        piece((6, 8), "F# minor", 73, line(&[(78, 12), (80, 6), (81, 24), (85, 12), (77, 9), (78, 9), (73, 36)]));
    let triplets = piece(
        (4, 4),
        "Am",
        40,
        line(&[
            (69, 4),
            (71, 4),
            (72, 4),
            (74, 8),
            (76, 4),
            (77, 8),
            (76, 8),
            (74, 8),
            (71, 2),
            (72, 2),
            (68, 2),
            (69, 6),
            (69, 37),
        ]),
    );
    let mut polyphony = line(&[(72, 12), (74, 12), (76, 24), (77, 6), (76, 6), (74, 12), (72, 24)]);
    polyphony.extend(line(&[(48, 48), (43, 18), (47, 30)]));
    polyphony.extend([note(0, 64, 36), note(0, 67, 36), note(12, 60, 7), note(49, 52, 10), note(50, 55, 20)]);
    let mut two_staves = piece((4, 4), "C", 0, polyphony);
    let all: Vec<Option<Chord>> =
        ChordQuality::ALL.iter().enumerate().map(|(i, &quality)| Some(Chord::new(i as u8 * 5 % 12, quality))).collect();
    chords(&mut two_staves, 4, &all);
    let mut slash = piece((5, 4), "Bb", 0, line(&[(70, 60), (72, 60), (74, 60)]));
    let over = |root, quality, bass| Some(Chord { root, quality, bass });
    chords(
        &mut slash,
        30,
        &[
            over(9, ChordQuality::Minor7, 7),
            None,
            over(10, ChordQuality::Major, 2),
            over(6, ChordQuality::Diminished7, 6),
        ],
    );
    let mut changes = piece((2, 4), "E", 40, line(&[(64, 24), (68, 17), (63, 15), (73, 12), (71, 64), (60, 7)]));
    changes.meters.push(MeterChange { at: Tick(48), numerator: 7, denominator: 8 });
    changes.keys.push(KeyChange { at: Tick(48), key: Key { tonic: 1, mode: Mode::Major } });
    let mut duet = piece((4, 4), "G", 40, line(&[(67, 48), (66, 48)]));
    duet.parts.push(Part { program: 42, notes: line(&[(43, 24), (50, 50)]), ..Part::default() });
    vec![
        ("ties", ties),
        ("compound", compound),
        ("triplets", triplets),
        ("two_staves", two_staves),
        ("slash", slash),
        ("changes", changes),
        ("duet", duet),
    ]
}

/// What a reader should say about a score: see testdata/read_musicxml.py.
fn expected(score: &Score) -> Vec<String> {
    let mut lines = Vec::new();
    for note in score.parts.iter().flat_map(|part| &part.notes) {
        let chord = score.chords.iter().find(|event| event.at <= note.onset && note.onset < event.end);
        let name = spell(note.pitch, score.key_at(note.onset), chord.and_then(|event| event.chord)).name();
        lines.push(format!("note {} {} {} {name}", note.onset.0, note.pitch, note.duration.0));
    }
    for change in &score.keys {
        let mode = if change.key.mode == Mode::Minor { "minor" } else { "major" };
        lines.push(format!("key {} {} {mode}", change.at.0, change.key.signature()));
    }
    for meter in &score.meters {
        lines.push(format!("time {} {}/{}", meter.at.0, meter.numerator, meter.denominator));
    }
    for event in &score.chords {
        let at = event.at.0;
        let Some(chord) = event.chord else {
            lines.push(format!("chord {at} N.C."));
            continue;
        };
        let key = score.key_at(event.at);
        let set = chord.pitch_classes();
        let classes: Vec<String> = (0..12).filter(|pc| set >> pc & 1 == 1).map(|pc| pc.to_string()).collect();
        lines.push(format!("chord {at} {} {} {}", name_root(chord, key), name_bass(chord, key), classes.join(",")));
    }
    lines.sort();
    lines
}

#[test]
fn music21_reads_what_the_score_says() {
    let Some(python) = python() else {
        eprintln!("skipped: no Python with music21 (set AEOLIAN_PYTHON to one)");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/read_musicxml.py");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, score) in pieces() {
        let path = folder.path().join(format!("{name}.musicxml"));
        std::fs::write(&path, musicxml::write(&score).expect(name)).expect("the temporary folder is writable");
        let output = Command::new(&python).arg(&script).arg(&path).output().expect("Python was found before");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let mut read: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        read.sort();
        assert_eq!(read, expected(&score), "{name}");
    }
}
