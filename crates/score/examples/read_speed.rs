//! How fast MIDI files are read, on one thread, from bytes and from paths to a `Score`, its disposal included.
//!
//! `cargo run --release -p aeolian-score --example read_speed -- ../shared/data`
//!
//! You should see the best and the median of seven rounds in notes and megabytes a second. With `--on-request` it
//! times one round for each line `bytes` or `paths` on its input: so `read_speed.py` alternates with another reader.

use aeolian_score::midi;
use std::hint::black_box;
use std::io::{Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;

const ROUNDS: usize = 7;

/// Every `.mid` file below `folder`.
fn midi_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files.append(&mut midi_files(&path));
        } else if path.extension().is_some_and(|e| e == "mid") {
            files.push(path);
        }
    }
    files
}

/// Notes in a file; none if it cannot be read.
fn notes(bytes: &[u8]) -> usize {
    midi::read(bytes).map_or(0, |read| read.score.parts.iter().map(|part| part.notes.len()).sum())
}

fn seconds_of(round: impl Fn()) -> f64 {
    let start = Instant::now();
    round();
    start.elapsed().as_secs_f64()
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().map_or("../shared/data", String::as_str);
    let mut paths = midi_files(Path::new(folder));
    paths.sort();
    let files: Vec<Vec<u8>> = paths.iter().map(std::fs::read).collect::<Result<_, _>>()?;
    let bytes: usize = files.iter().map(Vec::len).sum();
    let count: usize = files.iter().map(|file| notes(file)).sum();
    println!("{} files, {bytes} bytes, {count} notes", files.len());

    let from_bytes = || files.iter().for_each(|file| drop(black_box(midi::read(file))));
    let from_paths =
        || paths.iter().for_each(|path| drop(black_box(std::fs::read(path).map(|bytes| midi::read(&bytes)))));
    if arguments.iter().any(|argument| argument == "--on-request") {
        for line in stdin().lines() {
            println!("{}", if line? == "paths" { seconds_of(from_paths) } else { seconds_of(from_bytes) });
            stdout().flush()?;
        }
        return Ok(());
    }
    for (what, round) in [("bytes", &from_bytes as &dyn Fn()), ("paths", &from_paths)] {
        let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| seconds_of(round)).collect();
        rounds.sort_by(f64::total_cmp);
        for (name, seconds) in [("best", rounds[0]), ("median", rounds[ROUNDS / 2])] {
            let (notes, megabytes) = (count as f64 / seconds, bytes as f64 / seconds / 1e6);
            println!("from {what}, {name}: {seconds:.3} s, {:.2} million notes/s, {megabytes:.0} MB/s", notes / 1e6);
        }
    }
    Ok(())
}
