//! What music21 (BSD) hears in a file is what we read from it.
//!
//! `testdata/musicxml/heard.json` was made by `make.py` there. The same is asked about pieces of music21's corpus and of
//! `shared/data`, which are not in the repository, where `AEOLIAN_HEARD` names a folder that `make.py live` filled.

use aeolian_score::file;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What music21 counts in a quarter.
const UNIT: u64 = 10_080;

/// Onset, duration and pitch.
type Heard = (u64, u64, u8);

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/musicxml")
}

/// The pieces of a JSON file in the form that make.py writes: a line each, `"name": [[onset,duration,pitch],...]`.
fn pieces(json: &str) -> BTreeMap<String, Vec<Heard>> {
    let piece = |line: &str| {
        let (name, notes) = line.trim().trim_end_matches(',').split_once(": ")?;
        let numbers: Vec<u64> =
            notes.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).map(|n| n.parse().unwrap()).collect();
        let notes = numbers.chunks(3).map(|note| (note[0], note[1], note[2] as u8)).collect();
        Some((name.trim_matches('"').to_owned(), notes))
    };
    json.lines().filter_map(piece).collect()
}

/// What we hear, but for the drums, whose keys music21 does not tell.
fn read(bytes: &[u8]) -> Vec<Heard> {
    let score = file::read(bytes).unwrap().score;
    let scale = |ticks: u32| u64::from(ticks) * UNIT / u64::from(score.ticks_per_quarter);
    let notes = score.parts.iter().filter(|part| !part.is_drum).flat_map(|part| &part.notes);
    let mut heard: Vec<Heard> =
        notes.map(|note| (scale(note.onset.0), scale(note.offset().0) - scale(note.onset.0), note.pitch)).collect();
    heard.sort_unstable();
    heard
}

#[test]
fn music21_heard_what_we_read() {
    let heard = pieces(&std::fs::read_to_string(testdata().join("heard.json")).unwrap());
    assert!(heard.len() >= 18, "{} pieces", heard.len());
    for (name, notes) in heard {
        let bytes = std::fs::read(testdata().join("pieces").join(&name)).unwrap();
        assert_eq!(read(&bytes), notes, "{name}");
    }
}

#[test]
fn music21_heard_what_we_read_in_real_pieces() {
    let Some(folder) = std::env::var_os("AEOLIAN_HEARD") else {
        eprintln!("skipped: AEOLIAN_HEARD names no folder made by testdata/musicxml/make.py live");
        return;
    };
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        for (name, notes) in pieces(&std::fs::read_to_string(&path).unwrap()) {
            let bytes = std::fs::read(path.with_file_name(&name)).unwrap();
            assert_eq!(read(&bytes), notes, "{name}");
            files += 1;
        }
    }
    assert!(files > 0, "{} is empty", folder.display());
}
