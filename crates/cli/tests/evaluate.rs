//! `aeolian evaluate pieces` on folders as they are found, the whole binary.

use aeolian_score::{Note, Part, Score, Tick, midi};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn aeolian(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aeolian")).current_dir(folder).args(arguments).output().expect("the binary starts")
}

/// Eight bars in quarters; every number is another tune.
fn tune(number: u32) -> Vec<u8> {
    let note = |place: u32| Note {
        onset: Tick(place * 480),
        pitch: 60 + ((place * (number + 1) + number) % 12) as u8,
        duration: Tick(480),
        velocity: 80,
    };
    let score =
        Score { parts: vec![Part { notes: (0..32).map(note).collect(), ..Part::default() }], ..Score::new(480) };
    midi::write(&score).expect("a small piece")
}

fn only(notes: u32) -> Vec<u8> {
    let note = |place: u32| Note { onset: Tick(place * 480), pitch: 60, duration: Tick(480), velocity: 80 };
    let score =
        Score { parts: vec![Part { notes: (0..notes).map(note).collect(), ..Part::default() }], ..Score::new(480) };
    midi::write(&score).expect("a small piece")
}

#[test]
fn whatever_is_left_out_is_named_with_its_reason_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let (music, human) = (folder.path().join("music"), folder.path().join("human"));
    fs::create_dir_all(music.join("deeper")).unwrap();
    fs::create_dir(&human).unwrap();
    for number in 0..5 {
        fs::write(music.join(format!("good{number}.mid")), tune(number)).unwrap();
        fs::write(human.join(format!("real{number}.midi")), tune(number + 7)).unwrap();
    }
    let cut_off = &tune(1)[..60];
    let huge = [&b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk\x7f\xff\xff\xff"[..], &[0; 16]].concat();
    let endless =
        [&b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk\0\0\0\x0a\0\x90\x3c\x40\xff\xff\xff\x7f\x80\x3c"[..]].concat();
    let files: [(&str, &[u8]); 9] = [
        ("empty.mid", b""),
        ("text.mid", b"this is no music"),
        ("huge.mid", &huge),
        ("endless.mid", &endless),
        ("silent.mid", &only(0)),
        ("one-note.mid", &only(1)),
        ("deeper/short.mid", &only(3)),
        ("tune.abc", b"X:1\nK:C\nCDEF|\n"),
        ("notes.json", b"{}"),
    ];
    for (name, bytes) in files {
        fs::write(music.join(name), bytes).unwrap();
    }
    fs::write(music.join("cut-off.mid"), cut_off).unwrap();
    let command = ["evaluate", "pieces", "music", "--reference", "human", "--html", "page.html", "--json", "all.json"];
    let output = aeolian(folder.path(), &command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("all.json")).unwrap()).unwrap();
    let left_out = json["candidate"]["left_out"].as_array().unwrap();
    let reason_of = |name: &str| {
        let entry = left_out.iter().find(|entry| entry["file"].as_str().unwrap().ends_with(name));
        entry.unwrap_or_else(|| panic!("{name} is not in {left_out:?}"))["reason"].as_str().unwrap()
    };
    assert_eq!(reason_of("empty.mid"), "The file is empty.");
    assert_eq!(reason_of("silent.mid"), "The file holds no notes.");
    assert_eq!(reason_of("one-note.mid"), "The file holds only one note.");
    assert_eq!(reason_of("short.mid"), "It is too short: it has 1 bar, and a cut of 8 needs 6.");
    assert!(reason_of("tune.abc").starts_with("It is no MIDI file") && reason_of("notes.json").contains(".midi"));
    for damaged in ["text.mid", "huge.mid", "endless.mid"] {
        assert!(reason_of(damaged).ends_with('.'), "a sentence: {}", reason_of(damaged));
    }
    // A file whose end is missing is read as far as it goes; this one does not go far enough for eight bars.
    assert!(reason_of("cut-off.mid").ends_with('.'));
    assert_eq!((left_out.len(), json["candidate"]["files"].as_u64()), (10, Some(5)));

    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    for entry in left_out {
        let (file, reason) = (entry["file"].as_str().unwrap(), entry["reason"].as_str().unwrap());
        assert!(page.contains(file) && said.contains(file), "{file}");
        assert!(said.contains(reason), "\"{reason}\" is not in: {said}");
        let escaped = reason.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        assert!(page.contains(&escaped), "\"{reason}\" is not on the page");
    }
    assert!(said.contains("Left out: 10 of 15 files of the candidate"), "{said}");
}

#[test]
fn folders_of_bad_files_only_and_no_folders_are_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("bad/empty.mid", &b""[..]), ("texts/notes.txt", b"no music"), ("good/tune.mid", &tune(3))] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let refused = |candidate: &str, words: &str| {
        let output = aeolian(folder.path(), &["evaluate", "pieces", candidate, "--reference", "good"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words) && !said.contains("panicked"), "{said}");
    };
    refused("bad", "damaged, empty or too short");
    refused("texts", "no .mid or .midi file");
    refused("nowhere", "cannot be read");
}
