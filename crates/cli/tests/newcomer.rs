//! The whole binary, as a newcomer meets it: real commands in a temporary folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Few steps: these tests are about files and sentences, not about beauty.
const QUICK: [&str; 4] = ["--steps", "3", "--bars", "2"];

fn aeolian(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aeolian")).current_dir(folder).args(arguments).output().expect("the binary starts")
}

fn compose(folder: &Path, arguments: &[&str]) -> Output {
    aeolian(folder, &[&["compose"], &QUICK[..], arguments].concat())
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|e| e.expect("a readable entry"));
    entries.map(|e| (e.file_name().into_string().expect("plain names"), fs::read(e.path()).expect("a file"))).collect()
}

/// Fails with one sentence, and says nothing else.
fn refused(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it should have failed");
    assert!(said.contains(words), "\"{words}\" is not in: {said}");
    assert!(!said.contains("panicked") && said.lines().count() <= 8, "not a plain sentence: {said}");
}

#[test]
fn one_command_writes_a_piece_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let output = compose(folder.path(), &["--seed", "5"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = files(&folder.path().join("out"));
    let names: Vec<&str> = made.keys().map(String::as_str).collect();
    let forms = ["json", "mid", "musicxml", "svg", "txt", "wav"];
    assert_eq!(names, forms.map(|form| format!("aeolian-5.{form}")));
    assert!(made["aeolian-5.mid"].starts_with(b"MThd") && made["aeolian-5.wav"].starts_with(b"RIFF"));
    assert!(made["aeolian-5.musicxml"].starts_with(b"<?xml") && made["aeolian-5.svg"].starts_with(b"<svg"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("quarters a minute"));
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_n_and_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (many, one) = (folder.path().join("many"), folder.path().join("one"));
    assert!(compose(folder.path(), &["--seed", "1", "-n", "3", "--out", "many"]).status.success());
    let alone = Command::new(env!("CARGO_BIN_EXE_aeolian"))
        .current_dir(folder.path())
        .env("RAYON_NUM_THREADS", "1")
        .args([&["compose"], &QUICK[..], &["--seed", "2", "--out", "one"]].concat())
        .output()
        .unwrap();
    assert!(alone.status.success());
    let (many, one) = (files(&many), files(&one));
    assert_eq!(many.len(), 18);
    for (name, bytes) in one {
        assert!(many[&name] == bytes, "{name} differs");
    }
    assert_ne!(many["aeolian-1.mid"], many["aeolian-2.mid"]);
}

#[test]
fn a_piece_is_rebuilt_from_its_recipe_and_from_its_midi() {
    let folder = tempfile::tempdir().unwrap();
    assert!(compose(folder.path(), &["--seed", "9", "--key", "F# minor", "--denoiser", "lstm"]).status.success());
    let first = files(&folder.path().join("out"));
    for carrier in ["out/aeolian-9.json", "out/aeolian-9.mid"] {
        let output = aeolian(folder.path(), &["reproduce", carrier, "--out", "again"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("byte for byte"));
        assert_eq!(files(&folder.path().join("again")), first);
    }
}

#[test]
fn impossible_wishes_are_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    refused(&compose(folder.path(), &["--tempo", "0"]), "tempo");
    refused(&aeolian(folder.path(), &["compose", "--bars", "0"]), "bars");
    refused(&compose(folder.path(), &["--key", "H major"]), "not a key");
    refused(&compose(folder.path(), &["--denoiser", "gan"]), "gan");
    refused(&compose(folder.path(), &["-n", "0"]), "-n");
    fs::write(folder.path().join("file"), "here already").unwrap();
    refused(&compose(folder.path(), &["--out", "file/inside"]), "cannot be written");
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"here already");
}

#[test]
fn damaged_files_are_told_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    let build = ["corpus", "build", "music", "--out", "my.corpus"];
    fs::write(folder.path().join("my.corpus"), "an older corpus").unwrap();
    refused(&aeolian(folder.path(), &build), "music");
    let huge = [&b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk\x7f\xff\xff\xff"[..], &[0; 16]].concat();
    fs::write(music.join("huge.mid"), huge).unwrap();
    fs::write(music.join("text.mid"), "this is no music").unwrap();
    fs::write(music.join("cut.mid"), &b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk\0\0\0\x20\0\x90\x3c"[..]).unwrap();
    let output = aeolian(folder.path(), &build);
    refused(&output, "music");
    assert_eq!(fs::read(folder.path().join("my.corpus")).unwrap(), b"an older corpus");
    for name in ["huge.mid", "text.mid", "cut.mid"] {
        refused(&aeolian(folder.path(), &["reproduce", &format!("music/{name}")]), "recipe");
    }
    refused(&aeolian(folder.path(), &["reproduce", "nowhere.mid"]), "cannot be read");
}

#[test]
fn training_on_ones_own_folder_runs_resumes_and_draws_its_curve() {
    let folder = tempfile::tempdir().unwrap();
    // Its own pieces are music of one's own, too.
    assert!(aeolian(folder.path(), &["compose", "--steps", "3", "--bars", "8", "-n", "24"]).status.success());
    assert!(aeolian(folder.path(), &["corpus", "build", "out", "--out", "own.corpus"]).status.success());
    let config = |examples: u32| {
        format!(
            "corpora = [\"own.corpus\"]\noutput = \"run\"\n[network.lstm]\nwidth = 8\nchannels = 8\nhidden = 24\n\
             [window]\nquarters = 16\nat_sections = 0.0\nframe = \"tonic\"\n\
             [noise]\nlo = -6.0\nhi = 4.0\nmean = -1.0\ndeviation = 2.0\neven = 0.5\n\
             [optimiser]\nbatch = 4\nshards = 2\nexamples = {examples}\nlearning_rate = 0.01\nwarmup_examples = 4\n\
             weight_decay = 0.0\nbetas = [0.9, 0.99]\nclip = 5.0\nema = 0.9\nevery = 8\n"
        )
    };
    fs::write(folder.path().join("config.toml"), config(16)).unwrap();
    let output = aeolian(folder.path(), &["train", "config.toml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = files(&folder.path().join("run"));
    assert!(made["curve.svg"].starts_with(b"<svg"));
    // Finished: started again, it stays as it is.
    assert!(aeolian(folder.path(), &["train", "config.toml"]).status.success());
    assert_eq!(files(&folder.path().join("run"))["weights.safetensors"], made["weights.safetensors"]);
    fs::write(folder.path().join("config.toml"), config(32)).unwrap();
    refused(&aeolian(folder.path(), &["train", "config.toml"]), "another experiment");
    fs::write(folder.path().join("config.toml"), "corpora = 3").unwrap();
    refused(&aeolian(folder.path(), &["train", "config.toml"]), "config.toml");
}

#[test]
fn pieces_are_evaluated_beside_others_and_an_empty_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    assert!(compose(folder.path(), &["--seed", "1", "-n", "4", "--out", "ours"]).status.success());
    assert!(compose(folder.path(), &["--seed", "9", "-n", "4", "--out", "others"]).status.success());
    let judged = aeolian(
        folder.path(),
        &[
            "evaluate",
            "pieces",
            "ours",
            "--reference",
            "others",
            "--bars",
            "2",
            "--html",
            "page.html",
            "--json",
            "all.json",
        ],
    );
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    assert!(String::from_utf8_lossy(&judged.stdout).contains("AUC"));
    let made = files_of(folder.path(), &["page.html", "all.json"]);
    assert!(made[0].contains("<svg") && made[1].starts_with('{'));
    fs::create_dir(folder.path().join("empty")).unwrap();
    refused(&aeolian(folder.path(), &["evaluate", "pieces", "empty", "--reference", "others"]), "no piece");
}

fn files_of(folder: &Path, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| fs::read_to_string(folder.join(name)).expect("a text file")).collect()
}
