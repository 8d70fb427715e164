//! Fills random gaps in random songs of a folder and checks that every other note is as it was, tick for tick.
//!
//! cargo run --release -p aeolian-compose --example locks_hold -- ../shared/data/pop909/midi [masks, 1000]
//!
//! You should see 0 notes lost and 0 added outside the gaps.

use aeolian_canvas::NoteLane;
use aeolian_canvas::canvas::STEPS as STEPS_A_QUARTER;
use aeolian_canvas::encode::step_of;
use aeolian_compose::{Composer, Request, Source, Verb};
use aeolian_diffusion::Noise;
use aeolian_score::quantise::grid_position;
use aeolian_score::{Note, midi};
use rayon::prelude::*;
use std::path::PathBuf;

/// Few: what is drawn does not matter here.
const STEPS: usize = 2;
const LANES: [&str; 6] = ["melody", "counter", "harmony", "melody,harmony", "counter,harmony", "all"];

/// What one mask did: notes that stayed, were lost, and came up where nothing was asked.
#[derive(Default)]
struct Outcome {
    kept: usize,
    lost: usize,
    added: usize,
}

fn try_mask(composer: &Composer, songs: &[PathBuf], mask: u64) -> Result<Outcome, Box<dyn std::error::Error>> {
    let noise = Noise::new(mask);
    let one_of = |counter: u64, n: usize| ((noise.uniform(counter) * n as f64) as usize).min(n - 1);
    let score = midi::read(&std::fs::read(&songs[one_of(0, songs.len())])?)?.score;
    let source = Source::new(score);
    let spans = source.canvas().bars();
    let first = one_of(1, spans.len());
    let last = (first + one_of(2, 8)).min(spans.len() - 1);
    let lanes = LANES[one_of(3, LANES.len())];
    let regions = format!("{}-{}:{lanes}", first + 1, last + 1).parse()?;
    let verb = Verb::Infill { source: source.clone(), regions };
    let made = composer.compose(&Request { verb, seed: mask, steps: STEPS, ..Request::default() }, &mut |_, _| true)?;

    // A note belongs to the sixteenth it is rounded to: what begins a 32nd before a bar line belongs to the bar after it.
    let resolution = source.score().ticks_per_quarter;
    let gap = spans[first].start..spans[last].end;
    let in_gap = |note: &Note| gap.contains(&(step_of(grid_position(note.onset, resolution)) / STEPS_A_QUARTER));
    let masked = |lane: NoteLane| lanes == "all" || lanes.contains(["melody", "counter", "harmony"][lane as usize]);
    let mut outcome = Outcome::default();
    for (index, part) in source.score().parts.iter().enumerate() {
        let asked = source.lanes()[index].is_some_and(masked);
        let outside = |note: &&Note| !(asked && in_gap(note));
        let before: Vec<&Note> = part.notes.iter().filter(outside).collect();
        let after: Vec<&Note> = made.score.parts[index].notes.iter().filter(outside).collect();
        let kept = before.iter().filter(|note| after.binary_search(note).is_ok()).count();
        outcome.kept += kept;
        outcome.lost += before.len() - kept;
        outcome.added += after.len() - kept;
    }
    Ok(outcome)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "../shared/data/pop909/midi".to_owned());
    let masks: u64 = arguments.next().map_or(Ok(1000), |n| n.parse())?;
    let mut songs: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    songs.retain(|path| path.extension().is_some_and(|e| e == "mid"));
    songs.sort();
    let composer = Composer::builtin("transformer")?;
    let outcomes: Vec<Outcome> = (0..masks)
        .into_par_iter()
        .map(|mask| try_mask(&composer, &songs, mask).map_err(|e| format!("mask {mask}: {e}")))
        .collect::<Result<_, String>>()?;
    let sum = |f: fn(&Outcome) -> usize| outcomes.iter().map(f).sum::<usize>();
    println!("{masks} random masks in {} songs", songs.len());
    println!("{} notes kept, {} lost, {} added outside the gaps", sum(|o| o.kept), sum(|o| o.lost), sum(|o| o.added));
    Ok(())
}
