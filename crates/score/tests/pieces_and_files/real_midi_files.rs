//! Every MIDI file of the corpora, where they are at hand: read, quantised, written and read again.

use crate::pieces::as_written;
use aeolian_score::midi::{self, written_resolution};
use aeolian_score::quantise::quantise;
use std::path::{Path, PathBuf};

/// Folders of the corpora, whose files come from many programs and from players.
const CORPORA: [&str; 4] = ["pop909", "game_multitrack", "piano_midi_de", "groove"];

/// Every `.mid` file below `folder`.
fn midi_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("mid")) {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn every_file_is_read_and_reads_the_same_after_writing() {
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    for corpus in CORPORA {
        let files = midi_files(&data.join(corpus));
        if files.is_empty() {
            eprintln!("{corpus} is not here: skipped");
        }
        for file in files {
            let shown = file.display();
            let bytes = std::fs::read(&file).unwrap();
            let score = midi::read(&bytes).unwrap_or_else(|e| panic!("{shown}: {e}")).score;
            let written = midi::write(&score).unwrap_or_else(|e| panic!("{shown}: {e}"));
            let again = midi::read(&written).unwrap();
            assert!(again.repairs.is_empty(), "{shown}: {}", again.repairs);
            assert_eq!(again.score.ticks_per_quarter, written_resolution(score.ticks_per_quarter));
            assert!(again.score == as_written(&score), "{shown} reads differently after writing");
            let (grid, _) = quantise(&score);
            assert!(quantise(&grid).0 == grid, "{shown}: quantising twice");
        }
    }
}
