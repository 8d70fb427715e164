//! What no flag takes is refused in a sentence, and nothing is written; and who stops listening does no harm.

mod binary;
#[path = "flags/table.rs"]
mod table;

use binary::{aeolian, done, files, refused, words};
use std::process::Command;
use table::{FREE, WRONG};

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

#[test]
fn what_is_out_of_bounds_is_refused_with_the_flag_the_value_and_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    for (line, value, allowed) in WRONG {
        let said = refused(folder.path(), line);
        let flag = line.split(' ').rfind(|word| word.starts_with("--") || *word == "-n").expect("a flag");
        assert!(!FREE.contains(&flag), "{flag} takes any text, says the table");
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
fn who_stops_listening_misses_sentences_and_no_pieces() {
    let folder = tempfile::tempdir().unwrap();
    for line in
        ["doctor", "compose --bars 1 --steps 2 --seed 1 -n 3", "--help", "evaluate verbs --help", "compose --bars 0"]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut program = Command::new(env!("CARGO_BIN_EXE_aeolian"));
        let to_both = program.current_dir(folder.path()).args(words(line)).stdout(writer.try_clone().unwrap());
        let status = to_both.stderr(writer).status().unwrap();
        // 101 is what a panic leaves.
        assert_eq!(status.code(), Some(if line.ends_with("--bars 0") { 2 } else { 0 }), "{line}");
    }
    assert_eq!(files(&folder.path().join("out")).len(), 18);
    done(&aeolian(folder.path(), &words("doctor")));
}
