//! From requests to files: several pieces side by side, ranked where they compete, each written whole or not at all.

use aeolian_compose::control::Kept;
use aeolian_compose::rank::{Marks, order};
use aeolian_compose::{Artefact, Composer, Composition, Request, RequestError, write_all};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to make.
pub struct Order {
    /// One a piece.
    pub requests: Vec<Request>,
    /// Name of every piece's files, without extension.
    pub stems: Vec<String>,
    /// Whether they are candidates for one wish, to be ranked.
    pub ranked: bool,
    /// Where to.
    pub out: PathBuf,
}

impl Order {
    /// `n` pieces of one request, numbered on from its seed.
    pub fn several(first: Request, n: u64, stem: &str, ranked: bool, out: PathBuf) -> Self {
        let seeds = (0..n).map(|i| first.seed.wrapping_add(i));
        let requests: Vec<Request> = seeds.map(|seed| Request { seed, ..first.clone() }).collect();
        let stems = requests.iter().map(|request| format!("{stem}-{}", request.seed)).collect();
        Self { requests, stems, ranked, out }
    }
}

/// Makes everything, tells what came out, and writes it.
pub fn produce(order: Order) -> anyhow::Result<()> {
    let first = order.requests.first().context("there is nothing to make")?;
    let composer = Composer::builtin(&first.denoiser)?;
    for request in &order.requests {
        composer.state(request).map_err(in_its_flag)?;
    }
    // A folder that cannot be written is said before the work, not after it.
    std::fs::create_dir_all(&order.out).with_context(|| format!("{} cannot be written", order.out.display()))?;
    let start = Instant::now();
    if order.ranked && order.requests.len() > 1 {
        compete(&composer, &order)?
    } else {
        stream(&composer, &order)?
    }
    let n = order.requests.len();
    println!(
        "{} in {}, {:.1} seconds. Each has .mid, .musicxml, .wav, .svg, .json and a report in .txt.",
        if n == 1 { "1 piece".to_owned() } else { format!("{n} pieces") },
        order.out.display(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Regions and curves were checked as flags; a text that does not fit the piece now is its chords.
fn in_its_flag(error: RequestError) -> anyhow::Error {
    match error {
        RequestError::Text(_) => anyhow::Error::from(error).context("in --chords"),
        error => error.into(),
    }
}

/// Each piece is written as soon as it is there.
fn stream(composer: &Composer, order: &Order) -> anyhow::Result<()> {
    let alone = order.requests.len() == 1;
    let bar = progress_bar(order.requests.len() as u64);
    let make = |(request, stem): (&Request, &String)| -> anyhow::Result<()> {
        let piece = composer.compose(request, &mut |done, of| {
            if alone {
                bar.set_length(of as u64);
                bar.set_position(done as u64);
            }
            true
        })?;
        let artefacts = piece.artefacts()?;
        let free = free_stem(&order.out, stem, &artefacts);
        let paths = write_all(&order.out, &free, &artefacts)?;
        if !alone {
            bar.inc(1);
        }
        bar.suspend(|| {
            tell_of_other_piece(&order.out, stem, &free);
            describe(&piece, &paths[0]);
            if alone {
                tell(&piece);
            }
        });
        Ok(())
    };
    if alone {
        // From here, and not from a thread of the pool, a single piece has all cores for its network.
        order.requests.iter().zip(&order.stems).try_for_each(make)?;
    } else {
        order.requests.par_iter().zip(&order.stems).try_for_each(make)?;
    }
    bar.finish_and_clear();
    Ok(())
}

/// All candidates first, then the best of them first.
fn compete(composer: &Composer, wanted: &Order) -> anyhow::Result<()> {
    let bar = progress_bar(wanted.requests.len() as u64);
    let pieces: Vec<(Composition, Marks, Vec<Artefact>)> = wanted
        .requests
        .par_iter()
        .map(|request| -> anyhow::Result<_> {
            let piece = composer.compose(request, &mut |_, _| true)?;
            let marks = composer.marks(&piece)?;
            let artefacts = piece.artefacts()?;
            bar.inc(1);
            Ok((piece, marks, artefacts))
        })
        .collect::<anyhow::Result<_>>()?;
    bar.finish_and_clear();
    println!("The candidates, the most natural first (by the model's own likelihood of the new notes):");
    let marks: Vec<Marks> = pieces.iter().map(|(_, marks, _)| *marks).collect();
    for (place, index) in order(&marks).into_iter().enumerate() {
        let (piece, marks, artefacts) = &pieces[index];
        let stem = &wanted.stems[index];
        let free = free_stem(&wanted.out, stem, artefacts);
        let paths = write_all(&wanted.out, &free, artefacts)?;
        tell_of_other_piece(&wanted.out, stem, &free);
        print!("{}. {}. ", place + 1, marks.sentence());
        describe(piece, &paths[0]);
        if place == 0 {
            tell(piece);
        }
    }
    Ok(())
}

/// The stem if nothing has it yet, or the same piece has; else the first of stem-2, stem-3 … of which that is true. What
/// somebody made is not written over by something else.
pub fn free_stem(folder: &Path, stem: &str, artefacts: &[Artefact]) -> String {
    let is_free = |stem: &str| {
        let there = |artefact: &Artefact| folder.join(format!("{stem}.{}", artefact.extension)).exists();
        let recipe = artefacts.iter().find(|artefact| artefact.extension == "json");
        let same = |recipe: &Artefact| {
            std::fs::read(folder.join(format!("{stem}.json"))).is_ok_and(|bytes| bytes == recipe.bytes)
        };
        !artefacts.iter().any(there) || recipe.is_some_and(same)
    };
    let numbered = std::iter::once(stem.to_owned()).chain((2u64..).map(|number| format!("{stem}-{number}")));
    numbered.into_iter().find(|stem| is_free(stem)).unwrap_or_else(|| stem.to_owned())
}

/// Says where a piece is that did not get its own name.
pub fn tell_of_other_piece(folder: &Path, stem: &str, free: &str) {
    if stem != free {
        println!("{} is another piece already, so this one is called {free}.", folder.join(stem).display());
    }
}

/// The control report of one piece.
fn tell(piece: &Composition) {
    for control in &piece.controls {
        let mark = match control.kept {
            Kept::Proven => "proven",
            Kept::Broken => "BROKEN",
            Kept::Measured => "measured",
        };
        println!("   {}: {} ({mark})", control.asked, control.got);
    }
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
        (Some(low), Some(high)) => {
            format!(
                "{} to {}",
                aeolian_score::pitch_range::pitch_name(low),
                aeolian_score::pitch_range::pitch_name(high)
            )
        }
        _ => "silent".to_owned(),
    };
    let name = |index: usize| match (piece.score.parts[index].name.trim(), piece.lanes[index]) {
        ("", Some(lane)) => lane.name().to_lowercase(),
        ("", None) => format!("in part {}", index + 1),
        (name, _) => name.to_lowercase(),
    };
    let sounding = piece.score.parts.iter().enumerate().filter(|(_, part)| !part.notes.is_empty());
    let parts: Vec<String> = sounding.map(|(index, part)| format!("{} {}", part.notes.len(), name(index))).collect();
    println!(
        "{}: {}, {:.0} quarters a minute, {} notes ({}), {}",
        path.display(),
        piece.key,
        piece.tempo,
        notes().count(),
        parts.join(", "),
        range
    );
}
