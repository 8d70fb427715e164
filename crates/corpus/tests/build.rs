//! Builds tiny corpora from folders made here.

use aeolian_canvas::NoteLane;
use aeolian_corpus::{Corpus, CorpusError, Split, build};
use aeolian_score::{Note, Part, Score, Tick, midi};
use std::fs;
use std::path::{Path, PathBuf};

fn part(name: &str, pitch: u8) -> Part {
    let note = |beat: u32| Note { onset: Tick(beat * 480), pitch, duration: Tick(480), velocity: 80 };
    Part { name: name.into(), notes: (0..8).map(note).collect(), ..Part::default() }
}

fn song(parts: &[(&str, u8)]) -> Vec<u8> {
    let mut score = Score::new(480);
    score.parts = parts.iter().map(|(name, pitch)| part(name, *pitch)).collect();
    midi::write(&score).unwrap()
}

/// A folder of people's own music: three songs, one of them deeper, and one broken.
fn own_music(root: &Path) -> PathBuf {
    let folder = root.join("own");
    fs::create_dir_all(folder.join("deeper")).unwrap();
    fs::write(folder.join("one.mid"), song(&[("Lead", 72), ("Piano", 60)])).unwrap();
    fs::write(folder.join("two.MIDI"), song(&[("Piano", 60)])).unwrap();
    fs::write(folder.join("deeper/three.mid"), song(&[("Piano", 48)])).unwrap();
    fs::write(folder.join("broken.mid"), b"MThd and then nothing").unwrap();
    fs::write(folder.join("notes.txt"), "not music").unwrap();
    folder
}

/// A pop909 of one full song, one without annotation and one that the splits do not name.
fn tiny_pop909(root: &Path) -> PathBuf {
    let folder = root.join("songs");
    fs::create_dir_all(folder.join("midi")).unwrap();
    fs::create_dir_all(folder.join("ann")).unwrap();
    for id in ["002", "003", "004"] {
        let parts = [("MELODY", 72), ("BRIDGE", 67), ("PIANO", 60), ("CHORDS", 48)];
        fs::write(folder.join("midi").join(id).with_extension("mid"), song(&parts)).unwrap();
    }
    let annotation = r#"{"id": "002", "title": "Song", "time_signature": [[0, 4, 4]], "key_signatures_cl": [[8.0, 5, 1]],
        "chords": [[0.0, 5.0, "C:maj", 0, "maj", 0, [0, 4, 7]], [4.0, 8.0, "G:maj/B", 7, "maj", 11, [2, 7, 11]]],
        "structure": {"human_label1": [{"label": "i", "bars": 1, "start_bar": 1.0},
                                       {"label": "A", "bars": 1, "start_bar": 2.0}]},
        "downbeat": {"confidence": "B"}}"#;
    fs::write(folder.join("ann/002.json"), annotation).unwrap();
    fs::write(folder.join("ann/004.json"), annotation).unwrap();
    fs::write(root.join("splits.json"), r#"{"pop909": {"train": ["003"], "valid": ["002"]}}"#).unwrap();
    folder
}

#[test]
fn own_music_is_read_and_damaged_files_are_listed() {
    let root = tempfile::tempdir().unwrap();
    let (folder, out) = (own_music(root.path()), root.path().join("out.corpus"));
    let mut seen = Vec::new();
    let report = build(std::slice::from_ref(&folder), None, &out, &mut |p| seen.push((p.done, p.total))).unwrap();
    assert_eq!((report.pieces(), report.notes), (3, 32));
    assert_eq!(report.skipped.len(), 1);
    assert!(report.skipped[0].path.ends_with("broken.mid") && !report.skipped[0].reason.is_empty());
    assert_eq!(seen, [(0, 4), (4, 4)]);

    let corpus = Corpus::open(&out).unwrap();
    assert_eq!((corpus.digest(), corpus.len()), (report.digest.as_str(), 3));
    assert_eq!(fs::metadata(&out).unwrap().len(), report.bytes);
    let ids: Vec<_> = corpus.pieces().map(|p| p.unwrap().id).collect();
    assert_eq!(ids, ["deeper/three.mid", "one.mid", "two.MIDI"]);
    let one = corpus.piece(1).unwrap();
    assert_eq!(one.lanes, [Some(NoteLane::Melody), Some(NoteLane::Harmony)]);
    assert_eq!((one.title.as_str(), one.set.as_str(), one.score.ticks_per_quarter), ("one", "folder", 12));
    assert_eq!(one.score.parts[0].notes[1].onset, Tick(12));
    assert_eq!(one.split, Split::by_name("one.mid"));
}

#[test]
fn pop909_brings_chords_keys_form_and_splits() {
    let root = tempfile::tempdir().unwrap();
    let (folder, out) = (tiny_pop909(root.path()), root.path().join("out.corpus"));
    let report = build(&[folder], None, &out, &mut |_| {}).unwrap();
    assert_eq!((report.sets[0].train, report.sets[0].valid, report.sets[0].not_in_splits), (0, 1, 1));
    assert!(report.skipped[0].reason.contains("annotation"), "{:?}", report.skipped);

    let piece = Corpus::open(&out).unwrap().piece(0).unwrap();
    assert_eq!((piece.id.as_str(), piece.set.as_str(), piece.title.as_str()), ("002", "pop909", "Song"));
    assert_eq!((piece.split, piece.confident_bars), (Split::Valid, true));
    assert_eq!(piece.lanes, [NoteLane::Melody, NoteLane::Counter, NoteLane::Harmony].map(Some));
    let key = piece.score.keys[0];
    assert_eq!((key.at, key.key.tonic), (Tick(0), 8), "five sharps minor is G sharp minor, from the start");
    let chords: Vec<_> = piece.score.chords.iter().map(|c| (c.at.0, c.end.0, c.chord.unwrap().bass)).collect();
    assert_eq!(chords, [(0, 48, 0), (48, 96, 11)], "a chord that runs into the next ends there");
    let sections: Vec<_> = piece.score.sections.iter().map(|s| (s.at.0, s.end.0, s.label.as_str())).collect();
    assert_eq!(sections, [(0, 48, "i"), (48, 96, "A")]);
}

#[test]
fn a_splits_file_can_be_given() {
    let root = tempfile::tempdir().unwrap();
    let (folder, out) = (tiny_pop909(root.path()), root.path().join("out.corpus"));
    let splits = root.path().join("mine.json");
    fs::write(&splits, r#"{"pop909": {"train": ["002", "004"], "valid": []}}"#).unwrap();
    let report = build(std::slice::from_ref(&folder), Some(&splits), &out, &mut |_| {}).unwrap();
    assert_eq!((report.sets[0].train, report.sets[0].valid), (2, 0));
    for bad in ["{", r#"{"pop909": {"train": []}}"#, r#"{"pop909": {"train": ["002"], "valid": ["002"]}}"#] {
        fs::write(&splits, bad).unwrap();
        let error = build(std::slice::from_ref(&folder), Some(&splits), &out, &mut |_| {});
        assert!(matches!(error, Err(CorpusError::Splits { .. })), "{bad}");
    }
}

#[test]
fn the_same_music_gives_the_same_bytes() {
    let bytes = || {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out.corpus");
        build(&[own_music(root.path()), tiny_pop909(root.path())], None, &out, &mut |_| {}).unwrap();
        fs::read(out).unwrap()
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn nothing_to_import_leaves_an_older_corpus_alone() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("out.corpus");
    fs::write(&out, "an older corpus").unwrap();
    let empty = root.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(matches!(build(std::slice::from_ref(&empty), None, &out, &mut |_| {}), Err(CorpusError::NoMusic(_))));
    fs::write(empty.join("broken.mid"), "no music").unwrap();
    let error = build(&[empty], None, &out, &mut |_| {}).unwrap_err();
    assert!(matches!(error, CorpusError::NothingImported { candidates: 1, .. }));
    assert!(error.to_string().contains("broken.mid"), "{error}");
    let missing = build(&[root.path().join("missing")], None, &out, &mut |_| {});
    assert!(matches!(missing, Err(CorpusError::Io { .. })));
    assert_eq!(fs::read(&out).unwrap(), b"an older corpus");
}
