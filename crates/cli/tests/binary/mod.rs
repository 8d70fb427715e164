//! The whole binary as tests call it, and a tune that they start from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;
use tempfile::TempDir;

/// A tune of two bars for three lanes: few steps, for these tests are about files and sentences.
pub static TUNE: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    done(&aeolian(folder.path(), &words("compose --bars 2 --key G --seed 7 --steps 2 --density counter:0.9 --out .")));
    folder
});

/// Runs it in a folder.
pub fn aeolian(folder: &Path, arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aeolian")).current_dir(folder).args(arguments).output().expect("the binary starts")
}

/// A command line as arguments; a comma stands for a space that does not part them.
pub fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(|word| word.replace(',', " ")).collect()
}

/// What it says, once it has succeeded.
pub fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every file of a folder.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|e| e.expect("a readable entry"));
    entries.map(|e| (e.file_name().into_string().expect("plain names"), fs::read(e.path()).expect("a file"))).collect()
}

/// Where the tune is, in one form.
pub fn tune(form: &str) -> String {
    TUNE.path().join(format!("aeolian-7.{form}")).to_str().expect("a plain path").to_owned()
}

/// A refusal is a sentence or two, it fails, and nothing is left behind. `TUNE` stands for the tune.
pub fn refused(folder: &Path, line: &str) -> String {
    let names = |folder: &Path| -> Vec<_> {
        fs::read_dir(folder).expect("the folder is there").map(|e| e.expect("a readable entry").file_name()).collect()
    };
    let mut arguments = words(line);
    // Between lanes a comma is a comma; it is written ; in the tables.
    if let Some(parts) = arguments.iter().position(|a| a == "--parts") {
        arguments[parts + 1] = arguments[parts + 1].replace(';', ",");
    }
    arguments.iter_mut().filter(|a| *a == "TUNE").for_each(|a| a.clone_from(&tune("mid")));
    let before = (names(folder), names(TUNE.path()));
    let output = aeolian(folder, &arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{line} should have been refused");
    assert!(output.stdout.is_empty(), "{line} says: {}", String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains("panicked") && !said.trim().is_empty() && said.lines().count() <= 9, "{line}: {said}");
    assert_eq!((names(folder), names(TUNE.path())), before, "{line} wrote something");
    said
}
