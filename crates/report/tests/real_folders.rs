//! Every folder of the training music is evaluated, a few files of each.
//!
//! The music is not in the repository: it is looked for in the folder that AEOLIAN_DATA names, else in `shared/data`
//! beside the workspace; without it the test says so and passes. `docs/evaluation.sh` does the same with all files.

use aeolian_metrics::compare::{self, ClassifierSettings};
use aeolian_report::{Cut, Settings, evaluate, html, text};
use std::path::{Path, PathBuf};

/// Files of a folder that are tried: the first, the last, and some between.
const TRIED: usize = 6;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() { files(&entry, found) } else { found.push(entry) }
    }
}

/// Copies of a few of a folder's files, of each kind.
fn sample(folder: &Path) -> tempfile::TempDir {
    let mut all = Vec::new();
    files(folder, &mut all);
    all.sort();
    let (midi, others): (Vec<PathBuf>, Vec<PathBuf>) =
        all.into_iter().partition(|path| path.extension().is_some_and(|extension| extension == "mid"));
    let copies = tempfile::tempdir().unwrap();
    for kind in [midi, others] {
        for place in 0..TRIED.min(kind.len()) {
            let path = &kind[place * (kind.len() - 1) / (TRIED.min(kind.len()) - 1).max(1)];
            let ending = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
            let name = format!("{place}-{}.{ending}", path.file_stem().unwrap().to_string_lossy());
            std::fs::copy(path, copies.path().join(name)).unwrap();
        }
    }
    copies
}

#[test]
fn every_folder_of_real_music_is_evaluated_and_what_is_no_midi_is_named() {
    let data = std::env::var_os("AEOLIAN_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    if !data.is_dir() {
        return eprintln!("skipped: {} is not there", data.display());
    }
    let reference = sample(&data.join("pop909/midi"));
    let classifier = ClassifierSettings { folds: 3, repeats: 1, deals: 2 };
    let comparison = compare::Settings { resamples: 10, mmd_deals: 10, classifier, ..compare::Settings::default() };
    let mut tried = 0;
    for set in std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let candidate = sample(&set);
        for cut in [Cut::Whole, Cut::Bars(4)] {
            let settings = Settings { cut, comparison, ..Settings::new(candidate.path(), reference.path()) };
            let present = std::fs::read_dir(candidate.path()).unwrap().count();
            match evaluate(&settings, |_| {}) {
                Ok(found) => {
                    assert_eq!(found.candidate.files + found.candidate.left_out.len(), present, "{}", set.display());
                    assert!(found.candidate.left_out.iter().all(|left_out| left_out.reason.ends_with('.')));
                    assert!(!html::page(&found).is_empty() && !text::terminal(&found).is_empty());
                    tried += 1;
                }
                // jsb is JSON alone.
                Err(error) => assert!(set.ends_with("jsb"), "{}: {error}", set.display()),
            }
        }
    }
    assert!(tried >= 10, "{tried}");
}
