//! `aeolian corpus report`, the whole binary.

use aeolian_score::{Note, Part, Score, Tick, midi};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn aeolian(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aeolian")).current_dir(folder).args(arguments).output().expect("the binary starts")
}

/// A folder "own" of one song and one broken file.
fn own_music(folder: &Path) {
    let note = |beat: u32| Note { onset: Tick(beat * 480), pitch: 60 + beat as u8, duration: Tick(480), velocity: 80 };
    let part = Part { name: "Lead <b>".into(), notes: (0..8).map(note).collect(), ..Part::default() };
    let score = Score { parts: vec![part], ..Score::new(480) };
    fs::create_dir(folder.join("own")).unwrap();
    fs::write(folder.join("own/song.mid"), midi::write(&score).unwrap()).unwrap();
    fs::write(folder.join("own/broken.mid"), b"MThd").unwrap();
}

#[test]
fn a_report_counts_and_draws_and_leaves_nothing_else_behind() {
    let folder = tempfile::tempdir().unwrap();
    own_music(folder.path());
    let output = aeolian(folder.path(), &["corpus", "report", "own", "--out", "page.html"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("folder") && said.contains("left out 1") && said.contains("page.html"), "{said}");
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<svg") && page.trim_end().ends_with("</html>"));
    assert!(!page.contains("http://") || !page.replace("http://www.w3.org/2000/svg", "").contains("http://"));
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["own", "page.html"]);
}

#[test]
fn a_corpus_file_is_reported_on_as_well_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    own_music(folder.path());
    assert!(aeolian(folder.path(), &["corpus", "build", "own", "--out", "own.corpus"]).status.success());
    let output = aeolian(folder.path(), &["corpus", "report", "own.corpus"]);
    assert!(output.status.success() && folder.path().join("corpus.html").is_file());
    let refused = aeolian(folder.path(), &["corpus", "report", "own/song.mid"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("not a corpus file"));
    let refused = aeolian(folder.path(), &["corpus", "report", "own.corpus", "own"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("not on several files"));
}

#[test]
fn an_open_corpus_refuses_music_of_unknown_rights() {
    let folder = tempfile::tempdir().unwrap();
    own_music(folder.path());
    let refused = aeolian(folder.path(), &["corpus", "build", "own", "--only-open"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("not freely licensed"));
}
