//! Every verb through the whole binary: what it writes, that it writes the same again, and how it refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use tempfile::TempDir;

/// A tune of two bars for three lanes that all tests start from: few steps, for these tests are about files and sentences.
static TUNE: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    done(&aeolian(folder.path(), &words("compose --bars 2 --key G --seed 7 --steps 2 --density counter:0.9 --out .")));
    folder
});

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

fn aeolian(folder: &Path, arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aeolian")).current_dir(folder).args(arguments).output().expect("the binary starts")
}

/// A command line as arguments; a comma stands for a space that does not part them.
fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(|word| word.replace(',', " ")).collect()
}

/// A verb of the table on the tune in one form.
fn run(folder: &Path, verb: &str, form: &str, out: &str) -> Output {
    let tune = TUNE.path().join(format!("aeolian-7.{form}"));
    let line = format!("{verb} --seed 3 --steps 2 --out {out}");
    let tune = tune.to_str().expect("a plain path");
    aeolian(folder, &words(&line).iter().map(|w| if w == "TUNE" { tune.into() } else { w.clone() }).collect::<Vec<_>>())
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|e| e.expect("a readable entry"));
    entries.map(|e| (e.file_name().into_string().expect("plain names"), fs::read(e.path()).expect("a file"))).collect()
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
    let tune = TUNE.path().join("aeolian-7.mid");
    let alone = Command::new(env!("CARGO_BIN_EXE_aeolian"))
        .current_dir(folder.path())
        .env("RAYON_NUM_THREADS", "1")
        .args(["infill", tune.to_str().unwrap()])
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
        let tune = TUNE.path().join("aeolian-7.musicxml").to_str().unwrap().to_owned();
        let more = more.iter().map(ToString::to_string);
        done(&aeolian(folder.path(), &["analyze".to_owned(), tune].into_iter().chain(more).collect::<Vec<_>>()))
    };
    assert!(analyze(&["--key", "G"]).contains(": G major (as you say)\n   1 | "));
    assert!(analyze(&["--json", "--denoiser", "lstm"]).starts_with('{'));
    assert_eq!(files_and_folders(folder.path()), ["tunes"]);
}

fn files_and_folders(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

/// Flags out of bounds: the command line, the value seen, and words of what is allowed.
const WRONG: &[(&str, &str, &str)] = &[
    ("compose --bars 0", "0", "1 to 256"),
    ("compose --bars 257", "257", "1 to 256"),
    ("compose --bars -4", "-4", "1 to 256"),
    ("compose --bars two", "two", "1 to 256"),
    ("compose -n 0", "0", "1 to 10000"),
    ("compose --form A0", "A0", "write letters and bars"),
    ("compose --form A200B200", "A200B200", "1 to 256"),
    ("compose --key H", "H", "a letter A to G"),
    ("compose --tempo 0", "0", "20 to 400"),
    ("compose --tempo -90", "-90", "20 to 400"),
    ("compose --tempo NaN", "NaN", "20 to 400"),
    ("compose --tempo fast", "fast", "20 to 400"),
    ("compose --metre 5/16", "5/16", "write 4/4, 3/4"),
    ("compose --metre waltz", "waltz", "write 4/4, 3/4"),
    ("compose --style polka", "polka", "there are pop-piano, band"),
    ("compose --lanes foo", "foo", "melody, counter, harmony"),
    ("compose --chords |,Foo,|", "Foo", "a root is A to G"),
    ("compose --chords |,C,|,x300", "x300", "256"),
    ("compose --chords |,C:5,|", "C:5", "the bar has 4"),
    ("compose --first-chord zz", "zz", "a root is A to G"),
    ("compose --last-chord zz", "zz", "a root is A to G"),
    ("compose --mood grumpy", "grumpy", "say happy, sad"),
    ("compose --mood valence:2", "valence:2", "from -1 to 1"),
    ("compose --density 7", "7", "0 to 1"),
    ("compose --density -1", "-1", "0 to 1"),
    ("compose --density kazoo:0.3", "kazoo", "melody, counter, harmony"),
    ("compose --density melody:thin", "thin", "write a number"),
    ("compose --polyphony harmony:0", "0", "0.1 to 12"),
    ("compose --register 5", "5", "21 to 108"),
    ("compose --loudness 0:50;melody:0:200", "200", "1 to 127"),
    ("compose --rhythm waltz", "waltz", "straight, eighths, quarters, triplet, swing or free"),
    ("compose --instrument melody:kazoo", "kazoo", "piano"),
    ("compose --instrument triangle:flute", "triangle", "melody, counter, harmony"),
    ("compose --range melody:C6-C4", "C6-C4", "the lowest and the highest"),
    ("compose --scale H,major", "H major", "a tonic and a kind of scale"),
    ("compose --scale C,major --tension 2", "2", "0 to 1"),
    ("compose --scale C,major --tension -0.1", "-0.1", "0 to 1"),
    ("compose --chord-tones foo", "foo", "melody, counter, harmony"),
    ("compose --voices harmony:0", "harmony:0", "1 to 100"),
    ("compose --voices many", "many", "1 to 100"),
    ("compose --hand-span harmony:0", "harmony:0", "1 to 60"),
    ("compose --hand-span harmony:300", "harmony:300", "1 to 60"),
    ("compose --no-parallels melody", "melody", "two lanes"),
    ("compose --no-parallels all", "all", "two lanes"),
    ("compose --speed melody:0", "melody:0", "0.1 to 100"),
    ("compose --speed melody:-3", "melody:-3", "0.1 to 100"),
    ("compose --without foo", "foo", "melody, counter, harmony"),
    ("compose --without all", "all", "leave one out"),
    ("compose --seed -1", "-1", "0 to 18446744073709551615"),
    ("compose --seed x", "x", "0 to 18446744073709551615"),
    ("compose --steps 1", "1", "2 to 1000"),
    ("compose --steps 1001", "1001", "2 to 1000"),
    ("compose --chord-guidance -1", "-1", "0 to 4"),
    ("compose --chord-guidance 4.5", "4.5", "0 to 4"),
    ("compose --temperature 0", "0", "0.1 to 3"),
    ("compose --temperature 3.1", "3.1", "0.1 to 3"),
    ("compose --denoiser gan", "gan", "transformer, lstm"),
    ("continue TUNE --bars 0", "0", "1 to 256"),
    ("continue TUNE --bars 1 -n 101", "101", "1 to 100"),
    ("infill TUNE --where 99", "99", "2 bars"),
    ("infill TUNE --where 3-2", "3-2", "write bars counted from 1"),
    ("infill TUNE --where 1:kazoo", "kazoo", "write bars counted from 1"),
    ("accompany TUNE --lanes foo", "foo", "melody, counter, harmony"),
    ("accompany TUNE --lanes all", "all", "melody, counter, harmony"),
    ("accompany TUNE --parts melody;foo", "foo", "melody, counter, harmony"),
    ("accompany TUNE --parts melody", "1 lane", "one for each part"),
    ("accompany TUNE --parts none;none;none", "none,none,none", "melody, counter, harmony"),
    ("vary TUNE --strength 3", "3", "0 to 1"),
    ("vary TUNE --strength -1", "-1", "0 to 1"),
    ("morph TUNE TUNE --in 1", "1", "2 to 64"),
    ("extend TUNE --bars 1", "1", "say shorten"),
    ("shorten TUNE --bars 3", "3", "say extend"),
    ("shorten TUNE --bars 0", "0", "1 to 256"),
    ("melody TUNE --bars 3", "--bars", "without a file"),
    ("melody --chords C --bars 0", "0", "1 to 256"),
    ("vary TUNE --metre 3/4", "3/4", "new pieces"),
    ("continue TUNE --bars 1 --tempo 120", "--tempo", "keeps its own"),
];

/// Combinations that cannot be, and words of the sentence that says so.
const QUARRELS: &[(&str, &str)] = &[
    ("compose --bars 3 --form A4", "the form has 4 bars, but --bars says 3"),
    ("compose --bars 1 --chords |,C,|,G,|", "the chord progression has 2 bars, but --bars says 1"),
    ("compose --tension 0.5", "--scale"),
    ("compose --bars 1 --range melody:C4-C4 --scale D,major", "no pitch is left"),
    ("compose --bars 1 --instrument melody:tuba --range melody:C5-C6", "melody"),
    ("melody", "--chords"),
    ("melody --parts melody --chords C", "--parts"),
    ("continue TUNE", "--bars"),
    ("infill TUNE", "--where"),
];

/// A refusal is one sentence, it fails, and nothing is left behind.
fn refused(folder: &Path, line: &str) -> String {
    let tune = TUNE.path().join("aeolian-7.mid").to_str().expect("a plain path").to_owned();
    let mut arguments = words(&format!("{line} --out nothing"));
    // Between lanes a comma is a comma; it is written ; in the tables.
    if let Some(parts) = arguments.iter().position(|a| a == "--parts") {
        arguments[parts + 1] = arguments[parts + 1].replace(';', ",");
    }
    arguments.iter_mut().filter(|a| *a == "TUNE").for_each(|a| a.clone_from(&tune));
    let output = aeolian(folder, &arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{line} should have been refused");
    assert!(output.stdout.is_empty(), "{line} says: {}", String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains("panicked") && !said.trim().is_empty() && said.lines().count() <= 9, "{line}: {said}");
    assert!(!folder.join("nothing").exists(), "{line} wrote something");
    said
}

#[test]
fn what_is_out_of_bounds_is_refused_with_the_flag_the_value_and_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    for (line, value, allowed) in WRONG {
        let said = refused(folder.path(), line);
        let flag = line.split(' ').rfind(|word| word.starts_with("--") || *word == "-n").expect("a flag");
        assert!(said.contains(flag), "{line} does not name {flag}: {said}");
        assert!(said.contains(value), "{line} does not repeat {value}: {said}");
        assert!(said.contains(allowed), "{line} does not say {allowed}: {said}");
    }
}

#[test]
fn wishes_that_quarrel_are_refused_and_say_with_what() {
    let folder = tempfile::tempdir().unwrap();
    for (line, sentence) in QUARRELS {
        let said = refused(folder.path(), line);
        assert!(said.contains(sentence), "{line} does not say {sentence}: {said}");
    }
}

#[test]
fn every_flag_of_every_verb_has_been_given_something_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let tried: BTreeSet<&str> = WRONG.iter().flat_map(|(line, ..)| line.split(' ')).collect();
    for (verb, _) in VERBS {
        let help = done(&aeolian(folder.path(), &words(&format!("{} --help", word(verb)))));
        for flag in help.lines().filter_map(flag_of_help) {
            // A folder cannot be wrong before it is written to (see newcomer.rs).
            let free = ["--out", "--help"].contains(&flag.as_str());
            assert!(free || tried.contains(flag.as_str()), "{} of {verb} is not in the table", flag);
        }
    }
}

/// The flag that a line of help begins with, if it has a value: a flag without one cannot be given a wrong one.
fn flag_of_help(line: &str) -> Option<String> {
    let line = line.trim_start().trim_start_matches("-h, ");
    let flag = line.split([' ', '=']).next()?;
    let has_value = line.contains('<');
    (has_value && line.starts_with("--") || line.starts_with("-n ")).then(|| flag.to_owned())
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
    put("drums.mid", &midi(&[0, 0x99, 36, 90, 0x60, 0x89, 36, 0, 0, 0x99, 38, 90, 0x60, 0x89, 38, 0]));
    fs::create_dir(folder.path().join("folder.mid")).unwrap();
    let told = [
        ("empty.mid", "empty"),
        ("letter.mid", "not a MIDI, MusicXML or ABC file"),
        ("page.musicxml", "not a MIDI, MusicXML or ABC file"),
        ("silent.mid", "silent, or holds only drums"),
        ("drums.mid", "silent, or holds only drums"),
        ("folder.mid", "cannot be read"),
        ("nowhere.mid", "cannot be read"),
    ];
    for (file, sentence) in told {
        for (verb, _) in VERBS.into_iter().filter(|(verb, _)| verb.contains("TUNE")) {
            let said = refused(folder.path(), &verb.replace("TUNE", file));
            assert!(said.contains(file) && said.contains(sentence), "{verb}, {file}: {said}");
        }
        let said = refused_as_typed(folder.path(), &format!("analyze {file}"));
        assert!(said.contains(file) && said.contains(sentence), "analyze {file}: {said}");
        let said = refused(folder.path(), &format!("reproduce {file}"));
        assert!(said.contains(file), "reproduce {file}: {said}");
    }
}

fn refused_as_typed(folder: &Path, line: &str) -> String {
    let output = aeolian(folder, &words(line));
    assert!(!output.status.success() && output.stdout.is_empty(), "{line} should have been refused");
    String::from_utf8_lossy(&output.stderr).into_owned()
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
