//! Every verb through the whole binary: what it writes, that it writes the same again, and how it refuses.

mod binary;

use binary::{aeolian, done, files, refused, tune, words};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Every verb that makes pieces, with its own flags, and the name of its (first) piece after the tune's or instead of it.
const VERBS: [(&str, &str); 13] = [
    ("compose --form A1,B1 --key Em", "aeolian-3"),
    ("continue TUNE --bars 1 -n 1", "aeolian-7-continue-3"),
    ("infill TUNE --where 2:melody -n 1", "aeolian-7-infill-3"),
    ("accompany TUNE --lanes counter -n 1", "aeolian-7-accompany-3"),
    ("harmonize TUNE -n 1", "aeolian-7-harmonize-3"),
    ("reharmonize TUNE -n 1", "aeolian-7-reharmonize-3"),
    ("melody TUNE -n 1", "aeolian-7-melody-3"),
    ("vary TUNE --strength 0.3 -n 1", "aeolian-7-vary-3"),
    ("morph TUNE TUNE --in 2", "aeolian-7-morph-3-1"),
    ("perform TUNE", "aeolian-7-perform-3"),
    ("arrange TUNE", "aeolian-7-arrange-3"),
    ("extend TUNE --bars 3 -n 1", "aeolian-7-extend-3"),
    ("shorten TUNE --bars 1 -n 1", "aeolian-7-shorten-3"),
];
const FORMS: [&str; 6] = ["json", "mid", "musicxml", "svg", "txt", "wav"];

/// A verb of the table on the tune in one form.
fn run(folder: &Path, verb: &str, form: &str, out: &str) -> Output {
    let line = format!("{verb} --seed 3 --steps 2 --out {out}");
    let or_tune = |word: String| if word == "TUNE" { tune(form) } else { word };
    aeolian(folder, &words(&line).into_iter().map(or_tune).collect::<Vec<_>>())
}

#[test]
fn every_verb_writes_six_files_from_midi_and_from_notation_and_each_is_rebuilt_from_any() {
    let folder = tempfile::tempdir().unwrap();
    let carriers = ["mid", "musicxml", "wav", "json"];
    for (index, (verb, stem)) in VERBS.into_iter().enumerate() {
        // By turns: half of the verbs read MIDI here and the other half notation.
        let out = format!("out{index}");
        let said = done(&run(folder.path(), verb, ["mid", "musicxml"][index % 2], &out));
        let made = files(&folder.path().join(&out));
        let expected: Vec<String> = FORMS.iter().map(|form| format!("{stem}.{form}")).collect();
        assert!(expected.iter().all(|name| made.contains_key(name)), "{verb}: {:?}", made.keys());
        assert_eq!(made.len() % 6, 0, "{verb} leaves nothing else: {:?}", made.keys());
        assert!(said.contains(&format!("{out}/{stem}.mid")), "{verb} names its piece: {said}");
        let carrier = format!("{out}/{stem}.{}", carriers[index % 4]);
        let again = format!("again{index}");
        let said = done(&aeolian(folder.path(), &words(&format!("reproduce {carrier} --out {again}"))));
        assert!(said.contains("the same, byte for byte"), "{verb}: {said}");
        for (name, bytes) in files(&folder.path().join(&again)) {
            assert!(made[&name] == bytes, "{name} differs when rebuilt from {carrier}");
        }
    }
}

#[test]
fn what_was_not_asked_for_is_told_to_be_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    for (index, (verb, stem)) in VERBS.into_iter().enumerate() {
        let merges = ["continue", "infill", "accompany", "harmonize", "extend"].contains(&word(verb));
        if !merges {
            continue;
        }
        // The form that the test above did not read.
        let out = format!("out{index}");
        done(&run(folder.path(), verb, ["musicxml", "mid"][index % 2], &out));
        let report = fs::read_to_string(folder.path().join(&out).join(format!("{stem}.txt"))).unwrap();
        assert!(report.starts_with(&format!("{} no. 3, G major\n", word(verb))), "{report}");
        assert!(report.contains("unchanged (proven)") && !report.contains("BROKEN"), "{report}");
    }
}

fn word(verb: &str) -> &str {
    verb.split(' ').next().unwrap_or_default()
}

#[test]
fn candidates_are_ranked_and_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let said = done(&run(folder.path(), "infill TUNE --where 2 -n 2", "mid", "many"));
    assert!(said.contains("\n1. ") && said.contains("\n2. ") && said.contains("nats a note"), "{said}");
    let many = files(&folder.path().join("many"));
    assert_eq!(many.len(), 12);
    let alone = Command::new(env!("CARGO_BIN_EXE_aeolian"))
        .current_dir(folder.path())
        .env("RAYON_NUM_THREADS", "1")
        .args(["infill", &tune("mid")])
        .args(words("--where 2 -n 1 --seed 4 --steps 2 --out one"))
        .output()
        .unwrap();
    done(&alone);
    for (name, bytes) in files(&folder.path().join("one")) {
        assert!(many[&name] == bytes, "{name} differs");
    }
}

#[test]
fn a_melody_needs_no_file_and_an_analysis_writes_none() {
    let folder = tempfile::tempdir().unwrap();
    let line = words("melody --chords |,I,|,V7,| --key F -n 1 --seed 3 --steps 2 --out tunes");
    done(&aeolian(folder.path(), &line));
    assert_eq!(files(&folder.path().join("tunes")).len(), 6);
    let analyze = |more: &[&str]| {
        let more = more.iter().map(ToString::to_string);
        let line = ["analyze".to_owned(), tune("musicxml")].into_iter().chain(more);
        done(&aeolian(folder.path(), &line.collect::<Vec<_>>()))
    };
    assert!(analyze(&["--key", "G"]).contains(": G major (as you say)\n   1 | "));
    assert!(analyze(&["--json", "--denoiser", "lstm"]).starts_with('{'));
    assert_eq!(files_and_folders(folder.path()), ["tunes"]);
}

fn files_and_folders(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

/// A MIDI file of one track with these events.
fn midi(events: &[u8]) -> Vec<u8> {
    let end = [0, 0xff, 0x2f, 0];
    let length = (events.len() + end.len()) as u32;
    [&b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk"[..], &length.to_be_bytes(), events, &end].concat()
}

#[test]
fn what_is_no_music_is_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    put("empty.mid", b"");
    put("letter.mid", b"Dear Sir or Madam");
    put("page.musicxml", b"<html><body>no notes</body></html>");
    put("silent.mid", &midi(&[]));
    fs::create_dir(folder.path().join("folder.mid")).unwrap();
    let told = [
        ("empty.mid", "empty"),
        ("letter.mid", "not a MIDI, MusicXML or ABC file"),
        ("page.musicxml", "not a MIDI, MusicXML or ABC file"),
        ("silent.mid", "it is silent"),
        ("folder.mid", "cannot be read"),
        ("nowhere.mid", "cannot be read"),
    ];
    for (file, sentence) in told {
        let verbs = VERBS.map(|(verb, _)| verb).into_iter().filter(|verb| verb.contains("TUNE"));
        for line in verbs.chain(["analyze TUNE"]) {
            let said = refused(folder.path(), &line.replace("TUNE", file));
            assert!(said.contains(file) && said.contains(sentence), "{line}, {file}: {said}");
        }
        let said = refused(folder.path(), &format!("reproduce {file}"));
        assert!(said.contains(file), "reproduce {file}: {said}");
    }
}

#[test]
fn drums_alone_are_gone_on_from_where_that_makes_sense() {
    let folder = tempfile::tempdir().unwrap();
    let beat = [0, 0x99, 36, 90, 0x78, 0x89, 36, 0, 0, 0x99, 38, 70, 0x78, 0x89, 38, 0].repeat(32);
    fs::write(folder.path().join("drums.mid"), midi(&beat)).unwrap();
    for verb in ["harmonize", "reharmonize", "melody", "arrange", "analyze"] {
        let said = refused(folder.path(), &format!("{verb} drums.mid"));
        assert!(said.contains("drums.mid holds only drums") && said.contains(verb), "{verb}: {said}");
    }
    for line in ["continue --bars 2", "infill --where 2", "vary --strength 0.5", "extend --bars 6", "perform"] {
        let (verb, flags) = line.split_once(' ').unwrap_or((line, ""));
        let said = done(&aeolian(folder.path(), &words(&format!("{verb} drums.mid {flags} -n 1 --steps 2 --seed 1"))));
        assert!(said.contains("drums") && !said.contains("BROKEN"), "{verb}: {said}");
    }
}

#[test]
fn another_piece_of_the_same_name_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let compose = |more: &str| {
        let line = format!("compose --bars 1 --seed 5 --steps 2 --out here {more}");
        done(&aeolian(folder.path(), &words(&line)))
    };
    compose("--key C");
    let first = files(&folder.path().join("here"));
    assert!(!compose("--key C").contains("another piece"));
    assert_eq!(files(&folder.path().join("here")), first, "the same piece again takes its place");
    let said = compose("--key D");
    assert!(
        said.contains("here/aeolian-5 is another piece already") && said.contains("here/aeolian-5-2.mid"),
        "{said}"
    );
    assert!(compose("--key E").contains("here/aeolian-5-3.mid"));
    let now = files(&folder.path().join("here"));
    assert_eq!(now.len(), 18);
    assert!(first.iter().all(|(name, bytes)| now[name] == *bytes));
}

#[test]
fn a_tune_in_abc_is_read_by_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    let book = "X:1\nT:A tune\nM:4/4\nL:1/4\nK:G\nGABc|d2B2|cBAG|G4|\n\nX:2\nT:Another\nK:C\nC4|\n";
    fs::write(folder.path().join("book.abc"), book).unwrap();
    let run = |line: &str| aeolian(folder.path(), &words(line));
    let output = run("accompany book.abc -n 1 --seed 2 --steps 2 --out out");
    done(&output);
    assert!(String::from_utf8_lossy(&output.stderr).contains("book.abc holds 2 tunes; the first is read"));
    let report = fs::read_to_string(folder.path().join("out/book-accompany-2.txt")).unwrap();
    assert!(report.starts_with("accompany no. 2, G major\n") && report.contains("all 11 unchanged"), "{report}");
    assert!(done(&run("analyze book.abc")).contains("book.abc: G major (as written in the file)"));
    done(&run("render book.abc --out sound/book.wav"));
    assert!(folder.path().join("sound/book.wav").exists());
}

#[test]
fn new_notes_keep_to_sixteenths_unless_asked_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let onsets_off = |more: &str| {
        done(&aeolian(folder.path(), &words(&format!("compose --bars 4 --seed 9 --steps 2 {more}"))));
        let bytes = fs::read(folder.path().join("out/aeolian-9.mid")).unwrap();
        let score = aeolian_score::midi::read(&bytes).unwrap().score;
        fs::remove_dir_all(folder.path().join("out")).unwrap();
        let quarter = score.ticks_per_quarter;
        let off = |note: &&aeolian_score::Note| !(note.onset.0 * 4).is_multiple_of(quarter);
        score.parts.iter().flat_map(|p| &p.notes).filter(off).count()
    };
    assert_eq!(onsets_off(""), 0);
    assert_eq!(onsets_off("--rhythm straight"), 0);
    assert!(onsets_off("--rhythm free") > 0);
}

#[test]
fn nothing_is_said_of_no_unchanged_notes() {
    let folder = tempfile::tempdir().unwrap();
    let said = done(&run(folder.path(), "vary TUNE --strength 0.3 -n 1", "mid", "out"));
    assert!(!said.contains("all 0 unchanged"), "{said}");
}

#[test]
fn a_piece_of_somebody_else_has_no_recipe() {
    let folder = tempfile::tempdir().unwrap();
    let theirs: PathBuf = folder.path().join("theirs.mid");
    fs::write(&theirs, midi(&[0, 0x90, 60, 90, 0x60, 0x80, 60, 0])).unwrap();
    let said = refused(folder.path(), "reproduce theirs.mid");
    assert!(said.contains("theirs.mid") && said.contains("no Aeolian recipe"), "{said}");
}
