//! How fast pieces are measured: all features of every MIDI file of a folder and the folders in it.
//!
//!     cargo run --release -p aeolian-metrics --example measure_folder -- ../shared/data/pop909/midi [N]
//!
//! With N only the first N files, by name. Prints files, seconds and files a second on one core, reading included: for
//! all features, and for those seven that muspy has too. `testdata/golden/muspy_speed.py` times muspy on the same files.

use aeolian_metrics::groove::groove_consistency;
use aeolian_metrics::onsets::onsets_by_bar;
use aeolian_metrics::{Excerpt, FEATURES, Piece, harmony, measure, rhythm, texture};
use aeolian_score::midi;
use std::path::{Path, PathBuf};
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: measure_folder FOLDER [N]")?;
    let at_most = arguments.next().map_or(Ok(usize::MAX), |n| n.parse())?;
    let mut files = Vec::new();
    midi_files(Path::new(&folder), &mut files)?;
    files.sort();
    files.truncate(at_most);

    let (mut measured, mut defined) = (0, 0);
    let (mut reading, mut all_features, mut muspys_features) = (0.0, 0.0, 0.0);
    for path in &files {
        let start = Instant::now();
        let piece = match midi::read(&std::fs::read(path)?).map(|read| Piece::from_score(read.score)) {
            Ok(Ok(piece)) => piece,
            Ok(Err(error)) => {
                eprintln!("{}: {error}", path.display());
                continue;
            }
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                continue;
            }
        };
        reading += start.elapsed().as_secs_f64();
        let start = Instant::now();
        defined += measure(&piece).iter().flatten().count();
        all_features += start.elapsed().as_secs_f64();
        let start = Instant::now();
        std::hint::black_box(as_muspy_measures(&piece.excerpt));
        muspys_features += start.elapsed().as_secs_f64();
        measured += 1;
    }
    let each = defined as f64 / f64::from(measured.max(1));
    println!("{measured} files, read in {reading:.3} s");
    let report = |what: &str, seconds: f64| {
        println!("{what}: {seconds:.3} s with reading, {:.1} files/s", f64::from(measured) / seconds);
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
