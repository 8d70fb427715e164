//! How fast pieces are measured: all features of every MIDI file of a folder and the folders in it.
//!
//!     cargo run --release -p aeolian-metrics --example measure_folder -- ../shared/data/pop909/midi [N]
//!
//! With N only the first N files, by name. Prints files, seconds and files a second of one core, reading included: for
//! all features, and for those seven that muspy has too. `measure_folder.py` beside this file times muspy on the same
//! files. Seconds are those of the processor where the system tells them (Linux), so that other work on the machine does
//! not count.

use aeolian_metrics::groove::groove_consistency;
use aeolian_metrics::onsets::onsets_by_bar;
use aeolian_metrics::{Excerpt, FEATURES, Piece, harmony, measure, rhythm, texture};
use aeolian_score::midi;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Instant;

fn midi_files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            midi_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("mid")) {
            found.push(path);
        }
    }
    Ok(())
}

/// Seconds that this process has run; by the clock on the wall where the system does not tell.
fn seconds() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/self/schedstat").ok();
    let nanoseconds = told.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| START.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = seconds();
    let result = work();
    (result, seconds() - start)
}

fn read(path: &Path) -> Option<Piece> {
    let complain = |error: &dyn std::fmt::Display| eprintln!("{}: {error}", path.display());
    let bytes = std::fs::read(path).inspect_err(|error| complain(error)).ok()?;
    let score = midi::read(&bytes).inspect_err(|error| complain(error)).ok()?.score;
    Piece::from_score(score).inspect_err(|error| complain(error)).ok()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: measure_folder FOLDER [N]")?;
    let at_most = arguments.next().map_or(Ok(usize::MAX), |n| n.parse())?;
    let mut files = Vec::new();
    midi_files(Path::new(&folder), &mut files)?;
    files.sort();
    files.truncate(at_most);

    let (pieces, reading) = timed(|| files.iter().filter_map(|path| read(path)).collect::<Vec<Piece>>());
    let (defined, all_features) =
        timed(|| pieces.iter().map(|piece| measure(piece).iter().flatten().count()).sum::<usize>());
    let muspys = || pieces.iter().map(|piece| as_muspy_measures(&piece.excerpt)).collect::<Vec<_>>();
    let (_, muspys_features) = timed(|| std::hint::black_box(muspys()));
    let measured = pieces.len();
    let each = defined as f64 / measured.max(1) as f64;
    println!("{measured} files, read in {reading:.3} s");
    let report = |what: &str, seconds: f64| {
        println!("{what}: {seconds:.3} s with reading, {:.1} files/s", measured as f64 / seconds);
    };
    report(&format!("all {} features ({each:.0} defined)", FEATURES.len()), reading + all_features);
    report("the seven that muspy has too", reading + muspys_features);
    Ok(())
}

fn as_muspy_measures(excerpt: &Excerpt) -> [Option<f64>; 7] {
    let sounding = excerpt.sounding();
    [
        texture::pitch_range(excerpt),
        texture::polyphony(&sounding),
        texture::polyphony_rate(&sounding),
        harmony::pitch_class_entropy(excerpt),
        harmony::scale_consistency(excerpt),
        rhythm::empty_beat_share(excerpt, &sounding),
        groove_consistency(&onsets_by_bar(excerpt)),
    ]
}
