//! `aeolian compose`: from a few words, or none, to new pieces in a folder.

use aeolian_compose::{Composer, Composition, Request, write_all};
use aeolian_score::Key;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Arguments of `aeolian compose`.
#[derive(clap::Args)]
pub struct Arguments {
    /// How many bars.
    #[arg(long, default_value_t = 8)]
    bars: usize,
    /// Number of the first piece; the same number gives the same piece. Chosen by the clock if absent.
    #[arg(long)]
    seed: Option<u64>,
    /// Key, such as C, Am, "F# minor" or "Bb major"; chosen by the seed if absent.
    #[arg(long)]
    key: Option<Key>,
    /// Quarters a minute; chosen by the seed if absent.
    #[arg(long)]
    tempo: Option<f64>,
    /// Steps from noise to music: more is finer and slower.
    #[arg(long, default_value_t = 64)]
    steps: usize,
    /// Below 1 surer, above 1 more adventurous.
    #[arg(long, default_value_t = 1.0)]
    temperature: f32,
    /// Which model composes: transformer or lstm.
    #[arg(long, default_value = "transformer")]
    denoiser: String,
    /// How many pieces; piece i has number seed + i.
    #[arg(short, default_value_t = 1)]
    n: u64,
    /// Folder to write to.
    #[arg(long, default_value = "out")]
    out: PathBuf,
}

/// Composes.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let first = Request {
        denoiser: arguments.denoiser.clone(),
        bars: arguments.bars,
        seed: arguments.seed.unwrap_or_else(seed_of_the_moment),
        key: arguments.key,
        tempo: arguments.tempo,
        steps: arguments.steps,
        temperature: arguments.temperature,
        ..Request::default()
    };
    first.check()?;
    anyhow::ensure!(arguments.n > 0, "the number of pieces (-n) can be 1 or more, not 0");
    // A folder that cannot be written is said before the work, not after it.
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("{} cannot be written", arguments.out.display()))?;
    let composer = Composer::builtin(&arguments.denoiser)?;
    let start = Instant::now();
    let bar = progress_bar(arguments.n);
    let finished = AtomicUsize::new(0);
    (0..arguments.n).into_par_iter().try_for_each(|i| -> anyhow::Result<()> {
        let request = Request { seed: first.seed.wrapping_add(i), ..first.clone() };
        let piece = composer.compose(&request, &mut |done, of| {
            if arguments.n == 1 {
                bar.set_length(of as u64);
                bar.set_position(done as u64);
            }
            true
        })?;
        let paths = write_all(&arguments.out, &stem(&request), &piece.artefacts()?)?;
        finished.fetch_add(1, Ordering::Relaxed);
        if arguments.n > 1 {
            bar.inc(1);
        }
        bar.suspend(|| describe(&piece, &paths[0]));
        Ok(())
    })?;
    bar.finish_and_clear();
    println!(
        "{} in {}, {:.1} seconds. Each has .mid, .musicxml, .wav, .svg and .json.",
        if arguments.n == 1 { "1 piece".to_owned() } else { format!("{} pieces", finished.into_inner()) },
        arguments.out.display(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// File name without extension: every piece has its own by its number.
pub fn stem(request: &Request) -> String {
    format!("aeolian-{}", request.seed)
}

fn seed_of_the_moment() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    // Six digits are easy to say and to type again.
    now.map_or(1, |t| t.as_millis() as u64 % 1_000_000)
}

fn progress_bar(n: u64) -> ProgressBar {
    let template = if n == 1 { "composing [{wide_bar}]" } else { "{pos} of {len} pieces [{wide_bar}] {eta} left" };
    ProgressBar::new(n).with_style(ProgressStyle::with_template(template).expect("a valid template"))
}

/// One line about a piece.
pub fn describe(piece: &Composition, path: &Path) {
    let notes = || piece.score.parts.iter().flat_map(|p| &p.notes);
    let lowest = notes().map(|n| n.pitch).min();
    let highest = notes().map(|n| n.pitch).max();
    let range = match (lowest, highest) {
        (Some(low), Some(high)) => format!("{} to {}", pitch_name(low), pitch_name(high)),
        _ => "silent".to_owned(),
    };
    let parts: Vec<String> =
        piece.score.parts.iter().map(|p| format!("{} {}", p.notes.len(), p.name.to_lowercase())).collect();
    println!(
        "{}: {}, {} quarters a minute, {} notes ({}), {}",
        path.display(),
        piece.key,
        piece.tempo,
        notes().count(),
        parts.join(", "),
        range
    );
}

/// "C4" for 60.
fn pitch_name(pitch: u8) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
    format!("{}{}", NAMES[usize::from(pitch % 12)], i32::from(pitch / 12) - 1)
}
