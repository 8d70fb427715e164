//! How the lanes of composed pieces go together, beside real songs: does the counter-melody double or cross the tune, does
//! any lane leave the register where its instruments sound well, how often is the tune silent?
//!
//! cargo run --release -p aeolian-compose --example lanes_meet -- ../shared/data/pop909/midi [pieces, 48] [steps, 16]
//!
//! You should see the composed pieces under manners nearer to the real songs than the ones as learned, or better behaved.

use aeolian_canvas::canvas::{LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::{Canvas, NoteCell, NoteLane};
use aeolian_compose::manners::COMFORT;
use aeolian_compose::{Composer, Request, Source};
use aeolian_metrics::Excerpt;
use aeolian_metrics::report::{FIGURES, PieceFigures, Summary};
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "../shared/data/pop909/midi".to_owned());
    let pieces: u64 = arguments.next().map_or(Ok(48), |n| n.parse())?;
    let steps: usize = arguments.next().map_or(Ok(16), |n| n.parse())?;
    let mut songs: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    songs.retain(|path| path.extension().is_some_and(|e| e == "mid"));
    songs.sort();
    let real: Vec<Shares> = songs
        .iter()
        .step_by(8)
        .filter_map(|path| {
            let mut score = midi::read(&std::fs::read(path).ok()?).ok()?.score;
            score.parts.retain(|part| part.name != "CHORDS");
            Some(shares(&Source::new(score).canvas()))
        })
        .collect();
    println!("| | {} |\n|---|{}", NAMES.join(" | "), "--:|".repeat(NAMES.len()));
    row("real songs", &real);
    let composer = Composer::builtin("transformer")?;
    let mut figures: Vec<Vec<PieceFigures>> = Vec::new();
    for (name, as_learned) in [("as learned", true), ("with manners", false)] {
        let composed: Vec<(Shares, PieceFigures)> = (1..=pieces)
            .into_par_iter()
            .map(|seed| {
                let request = Request { seed, steps, as_learned, ..Request::default() };
                let piece = composer.compose(&request, &mut |_, _| true)?;
                // As it sounds.
                let canvas = Source::new(piece.score).canvas();
                Ok((shares(&canvas), PieceFigures::of(&Excerpt::from_canvas(&canvas))))
            })
            .collect::<Result<_, aeolian_compose::ComposeError>>()?;
        row(name, &composed.iter().map(|(shares, _)| *shares).collect::<Vec<_>>());
        figures.push(composed.into_iter().map(|(_, figures)| figures).collect());
    }
    println!("\nWhat manners change in the figures of the same seeds, mean ± standard error\n");
    for figure in FIGURES {
        let pairs = figures[0].iter().zip(&figures[1]).map(|(a, b)| Some((figure.of)(b)? - (figure.of)(a)?));
        if let (Some(before), Some(change)) = (Summary::of(figures[0].iter().map(figure.of)), Summary::of(pairs)) {
            let error = change.standard_error.unwrap_or(f64::NAN);
            println!("{}: {:.3} {:+.3} ± {error:.3}", figure.name, before.mean, change.mean);
        }
    }
    Ok(())
}
