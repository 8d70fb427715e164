//! How the lanes of composed pieces go together, beside real songs: does the counter-melody double or cross the tune, does
//! any lane leave the register where its instruments sound well, how often is the tune silent?
//!
//! cargo run --release -p aeolian-compose --example lanes_meet -- ../shared/data/pop909/midi [pieces, 48] [steps, 16] [ways …]
//!
//! Ways: usual (with manners, straight), as-learned (without manners), free (triplets may come), as-learned+free; all four
//! if none is named. You should see the usual pieces double the tune less than those as learned, and be no thinner.

use aeolian_canvas::canvas::{LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::{Canvas, NoteCell, NoteLane};
use aeolian_compose::manners::COMFORT;
use aeolian_compose::statement::WINDOW;
use aeolian_compose::wish::RhythmGrid;
use aeolian_compose::{Composer, Request, Source};
use aeolian_metrics::Excerpt;
use aeolian_metrics::report::{FIGURES, PieceFigures, Summary, table_of};
use aeolian_score::midi;
use rayon::prelude::*;
use std::path::PathBuf;

/// Shares of one piece, each a numerator and a denominator.
type Shares = [(usize, usize); 7];
const NAMES: [&str; 7] = [
    "counter doubles the tune",
    "counter crosses above the tune",
    "tune outside comfort",
    "counter outside comfort",
    "harmony outside comfort",
    "bars without tune",
    "tune's notes a quarter",
];

fn shares(canvas: &Canvas) -> Shares {
    let at = |lane: NoteLane, step: usize| {
        let cells = &canvas.notes[lane as usize][step * PITCHES..][..PITCHES];
        cells.iter().enumerate().filter(|(_, cell)| **cell != NoteCell::Silent).map(|(key, cell)| (key, *cell))
    };
    let mut shares: Shares = [(0, 0); 7];
    let mut add = |index: usize, yes: bool| {
        shares[index].0 += usize::from(yes);
        shares[index].1 += 1;
    };
    for step in 0..canvas.quarters * STEPS {
        let tune: Vec<usize> = at(NoteLane::Melody, step).map(|(key, _)| key).collect();
        for (key, _) in at(NoteLane::Counter, step).filter(|(_, cell)| *cell == NoteCell::Onset) {
            if let (Some(&low), Some(_)) = (tune.iter().min(), tune.iter().max()) {
                add(0, tune.contains(&key));
                add(1, key > low && !tune.contains(&key));
            }
        }
        for lane in [NoteLane::Melody, NoteLane::Counter, NoteLane::Harmony] {
            for (key, _) in at(lane, step).filter(|(_, cell)| *cell == NoteCell::Onset) {
                add(2 + lane as usize, {
                    let pitch = key as u8 + LOWEST_PITCH;
                    let (_, lowest, highest) = COMFORT[lane as usize];
                    !(lowest..=highest).contains(&pitch)
                });
            }
        }
    }
    let tune_in = |quarters: std::ops::Range<usize>| {
        let cells =
            &canvas.notes[NoteLane::Melody as usize][quarters.start * STEPS * PITCHES..quarters.end * STEPS * PITCHES];
        cells.iter().filter(|cell| **cell == NoteCell::Onset).count()
    };
    for bar in canvas.bars() {
        add(5, tune_in(bar) == 0);
    }
    shares[6] = (tune_in(0..canvas.quarters), canvas.quarters);
    shares
}

fn row(name: &str, all: &[Shares]) {
    let cells: Vec<String> = (0..NAMES.len())
        .map(|index| {
            let (yes, of) = all.iter().fold((0, 0), |(yes, of), s| (yes + s[index].0, of + s[index].1));
            format!("{:.3}", yes as f64 / of.max(1) as f64)
        })
        .collect();
    println!("| {name} | {} |", cells.join(" | "));
}

/// The eight bars in the middle of a song.
fn excerpt(canvas: &Canvas) -> Option<Excerpt> {
    let bars = canvas.bars();
    let middle = bars.get((bars.len() / 2).saturating_sub(4))?.start;
    (bars.len() >= 8).then(|| Excerpt::from_canvas(&canvas.window(middle, WINDOW)))
}

/// A way of composing by its name: "usual", or "as-learned" and "free" with a + between.
fn way(name: &str) -> Result<Request, String> {
    let mut request = Request::default();
    for word in name.split('+') {
        match word {
            "usual" => {}
            "as-learned" => request.as_learned = true,
            "free" => request.rhythm = Some(RhythmGrid::Free),
            _ => return Err(format!("{word}: ways are usual, as-learned, free, and as-learned+free")),
        }
    }
    Ok(request)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "../shared/data/pop909/midi".to_owned());
    let pieces: u64 = arguments.next().map_or(Ok(48), |n| n.parse())?;
    let steps: usize = arguments.next().map_or(Ok(16), |n| n.parse())?;
    let mut ways: Vec<String> = arguments.collect();
    if ways.is_empty() {
        ways = ["usual", "as-learned", "free", "as-learned+free"].map(String::from).to_vec();
    }
    let mut songs: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    songs.retain(|path| path.extension().is_some_and(|e| e == "mid"));
    songs.sort();
    let real: Vec<Canvas> = songs
        .iter()
        .step_by(8)
        .filter_map(|path| {
            let mut score = midi::read(&std::fs::read(path).ok()?).ok()?.score;
            score.parts.retain(|part| part.name != "CHORDS");
            Some(Source::new(score).canvas())
        })
        .collect();
    println!(
        "{pieces} pieces of 8 bars, {steps} steps\n\n| | {} |\n|---|{}",
        NAMES.join(" | "),
        "--:|".repeat(NAMES.len())
    );
    row("real songs", &real.iter().map(shares).collect::<Vec<_>>());
    let composer = Composer::builtin("transformer")?;
    let measured = |excerpt: &Excerpt| PieceFigures::of(excerpt);
    let of_real: Vec<PieceFigures> = real.iter().filter_map(excerpt).map(|e| measured(&e)).collect();
    let mut figures = vec![("real songs, eight bars".to_owned(), of_real)];
    for name in ways {
        let wish = way(&name)?;
        let composed: Vec<(Shares, PieceFigures)> = (1..=pieces)
            .into_par_iter()
            .map(|seed| {
                let piece = composer.compose(&Request { seed, steps, ..wish.clone() }, &mut |_, _| true)?;
                // As it sounds.
                let canvas = Source::new(piece.score).canvas();
                Ok((shares(&canvas), measured(&Excerpt::from_canvas(&canvas))))
            })
            .collect::<Result<_, aeolian_compose::ComposeError>>()?;
        row(&name, &composed.iter().map(|(shares, _)| *shares).collect::<Vec<_>>());
        figures.push((name, composed.into_iter().map(|(_, figures)| figures).collect()));
    }
    let rows: Vec<(&str, Vec<PieceFigures>)> = figures.iter().map(|(name, set)| (name.as_str(), set.clone())).collect();
    println!("\nFigures of evaluation, mean ± standard error\n\n{}", table_of(&FIGURES, &rows));
    let [_, (first, base), others @ ..] = &figures[..] else { return Ok(()) };
    println!("The same seeds, {first} taken away: mean ± standard error\n");
    for (name, set) in others {
        for figure in FIGURES {
            let pairs = base.iter().zip(set).map(|(a, b)| Some((figure.of)(b)? - (figure.of)(a)?));
            if let Some(Summary { mean, standard_error: Some(error), .. }) = Summary::of(pairs) {
                println!("{name}, {}: {mean:+.3} ± {error:.3}", figure.name);
            }
        }
    }
    Ok(())
}
