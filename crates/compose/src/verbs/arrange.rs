//! The notes of a piece, each in one lane: which one is asked for.
//!
//! All lanes may hold a note where the piece has one and nothing elsewhere; that exactly one lane holds it is a rule
//! across cells: at every step the lane is drawn as the posterior has it, given that it is one.

use super::{Job, Outcome, Stage, ground};
use crate::instruments::usual_lanes;
use crate::statement::Statement;
use crate::wish::LaneSet;
use crate::{Request, RequestError, Source};
use aeolian_canvas::canvas::{CELLS, PITCHES, STEPS};
use aeolian_canvas::cells::GROUPS;
use aeolian_canvas::{Canvas, Idiom, NOTE_LANES, NoteCell, NoteLane};
use aeolian_diffusion::{ChoiceSet, LaneState, Look};

/// How much is made of the guess that the highest line is the tune: the evidence of a look at this log snr.
const HINT_LOG_SNR: f32 = -0.5;
/// The lanes that have pitch, as numbers.
const PITCHED: [usize; NOTE_LANES - 1] = [0, 1, 2, 3, 5];

/// The lanes the notes are divided among: those asked for, else melody, counter-melody and harmony.
fn target_lanes(request: &Request) -> Vec<NoteLane> {
    let lanes = request.lanes.unwrap_or_else(|| LaneSet::from(usual_lanes(Idiom::PopPiano)));
    lanes.lanes().filter(|lane| lane.is_pitched()).collect()
}

/// States it.
pub fn state(request: &Request, stage: Stage<'_>, source: &Source) -> Result<Job, RequestError> {
    let there = ground(request, source)?;
    let union = union(&there.canvas);
    let mut canvas = there.canvas;
    let tune = skyline(&union, canvas.quarters * STEPS);
    let lanes = target_lanes(request);
    for lane in NoteLane::PITCHED {
        canvas.notes[lane as usize].fill(NoteCell::Silent);
    }
    canvas.notes[NoteLane::Harmony as usize] = without(&union, &tune);
    canvas.notes[NoteLane::Melody as usize] = tune;
    let mut statement = Statement::certain(canvas, stage.layout);
    let quarters = statement.quarters();
    for ensemble in statement.canvas.ensembles.iter_mut().flatten() {
        NoteLane::PITCHED.iter().for_each(|&lane| ensemble[lane as usize] = false);
    }
    for lane in NoteLane::PITCHED {
        if !lanes.contains(&lane) {
            statement.leave_out(lane);
            continue;
        }
        statement.ask(0..quarters, lane);
        statement.set(0..quarters, lane as usize, LaneState::Weak(HINT_LOG_SNR));
    }
    statement.ask_for_chords(0..quarters);
    for (cell, &state) in union.iter().enumerate() {
        let (quarter, within) = (cell / CELLS, cell % CELLS);
        let allowed = ChoiceSet::only(0).or(ChoiceSet::only(state as u8));
        for lane in NoteLane::PITCHED {
            let allowed = if lanes.contains(&lane) { allowed } else { ChoiceSet::only(0) };
            statement.constraint.restrict(quarter, lane as usize * CELLS + within, allowed);
        }
    }
    Ok(Job { statement, up: there.up, key: there.key, outcome: Outcome::Arranged { source: source.clone() } })
}

/// The notes that begin above everything else that sounds, with their holds.
fn skyline(union: &[NoteCell], steps: usize) -> Vec<NoteCell> {
    let mut tune = vec![NoteCell::Silent; union.len()];
    for step in 0..steps {
        let highest = (0..PITCHES).rev().find(|&key| union[step * PITCHES + key] != NoteCell::Silent);
        let Some(key) = highest.filter(|&key| union[step * PITCHES + key] == NoteCell::Onset) else { continue };
        tune[step * PITCHES + key] = NoteCell::Onset;
        let holds = (step + 1..steps).take_while(|&s| union[s * PITCHES + key] == NoteCell::Hold);
        holds.for_each(|s| tune[s * PITCHES + key] = NoteCell::Hold);
    }
    tune
}

/// The cells of one that are not in the other.
fn without(all: &[NoteCell], some: &[NoteCell]) -> Vec<NoteCell> {
    all.iter()
        .zip(some)
        .map(|(&cell, &taken)| if taken == NoteCell::Silent { cell } else { NoteCell::Silent })
        .collect()
}

/// All lanes as one; where a key is struck in one lane and held in another, it is struck.
fn union(canvas: &Canvas) -> Vec<NoteCell> {
    let mut union = vec![NoteCell::Silent; canvas.notes[0].len()];
    for lane in PITCHED {
        for (here, &there) in union.iter_mut().zip(&canvas.notes[lane]) {
            *here = match (*here, there) {
                (NoteCell::Onset, _) | (_, NoteCell::Onset) => NoteCell::Onset,
                (NoteCell::Silent, other) => other,
                (other, _) => other,
            };
        }
    }
    union
}

/// The rule that every note of a piece is in exactly one lane of a window.
#[derive(Clone, Copy, Debug)]
pub struct OneLaneEach;

impl OneLaneEach {
    /// Draws one lane for every note. Cells whose lane is settled already stay.
    pub fn settle(look: Look<'_>, context: &[f32], bits: usize, choices: &mut [u8]) {
        let steps = choices.len() / GROUPS * STEPS;
        for key in 0..PITCHES {
            let mut step = 0;
            while step < steps {
                let length = note_length(look, key, step, steps);
                if length > 0 {
                    settle_note(look, context, bits, choices, key, step..step + length);
                }
                step += length.max(1);
            }
        }
    }
}

/// The group of a cell within the rows of a window.
fn group(lane: usize, step: usize, key: usize) -> usize {
    step / STEPS * GROUPS + lane * CELLS + step % STEPS * PITCHES + key
}

/// Steps of the note that may be here: 0 where none is.
fn note_length(look: Look<'_>, key: usize, start: usize, steps: usize) -> usize {
    let may = |step: usize, cell: NoteCell| {
        PITCHED.iter().any(|&l| look.allowed[group(l, step, key)].contains(cell as usize))
    };
    if !may(start, NoteCell::Onset) && !may(start, NoteCell::Hold) {
        return 0;
    }
    1 + (start + 1..steps).take_while(|&step| may(step, NoteCell::Hold)).count()
}

fn settle_note(
    look: Look<'_>,
    context: &[f32],
    bits: usize,
    choices: &mut [u8],
    key: usize,
    steps: std::ops::Range<usize>,
) {
    let cell = |step: usize| {
        let struck = PITCHED.iter().any(|&l| look.allowed[group(l, step, key)].contains(NoteCell::Onset as usize));
        if struck { NoteCell::Onset } else { NoteCell::Hold }
    };
    let odds = |lane: usize| -> f32 {
        let of_step = |step: usize| {
            let within = lane * CELLS + step % STEPS * PITCHES + key;
            let bit = step / STEPS * bits + 2 * within + usize::from(cell(step) == NoteCell::Hold);
            let allowed = look.allowed[group(lane, step, key)];
            match (allowed.contains(cell(step) as usize), allowed.single()) {
                (false, _) => f32::NEG_INFINITY,
                (true, Some(_)) => f32::INFINITY,
                (true, None) => look.evidence[bit] + context[bit],
            }
        };
        // Once struck, a note nearly always sounds on in the same lane: its holds speak together as one more cell.
        let holds: Vec<f32> = (steps.start + 1..steps.end).map(of_step).collect();
        let mean = if holds.is_empty() { 0.0 } else { holds.iter().sum::<f32>() / holds.len() as f32 };
        if mean.is_nan() { f32::NEG_INFINITY } else { of_step(steps.start) + mean }
    };
    let gumbel = |lane: usize| {
        let counter = ((steps.start * PITCHES + key) * NOTE_LANES + lane) as u64;
        -(-look.noise.uniform(counter).ln()).ln() as f32 * look.temperature
    };
    let lots = PITCHED.map(|lane| (odds(lane) + gumbel(lane), lane));
    let best = lots.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, lane)| lane);
    for step in steps.clone() {
        for lane in PITCHED {
            choices[group(lane, step, key)] = if lane == best { cell(step) as u8 } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::cells::BLOCKS;
    use aeolian_diffusion::{Block, Constraint, Layout, Noise};

    fn layout() -> Layout {
        Layout::new(BLOCKS.iter().map(|b| Block { lane: b.lane, groups: b.groups, choices: b.choices }).collect())
    }

    /// A note of three steps on key 40 from step 1 on, in whichever lane; the odds favour one lane.
    fn settled(favoured: usize, seed: u64) -> Vec<u8> {
        let layout = layout();
        let mut constraint = Constraint::none(&layout, 1);
        for group in 0..NOTE_LANES * CELLS {
            let (step, key) = (group % CELLS / PITCHES, group % PITCHES);
            let state = match (step, key) {
                (1, 40) => NoteCell::Onset,
                (2 | 3, 40) => NoteCell::Hold,
                _ => NoteCell::Silent,
            };
            constraint.restrict(0, group, ChoiceSet::only(0).or(ChoiceSet::only(state as u8)));
        }
        let (evidence, mut context) = (vec![0.0; layout.bits()], vec![-2.0; layout.bits()]);
        context[2 * (favoured * CELLS + PITCHES + 40)] = 20.0;
        let look = Look {
            item: 0,
            progress: 0.5,
            evidence: &evidence,
            allowed: constraint.allowed(),
            temperature: 1.0,
            noise: Noise::new(seed),
        };
        let mut choices = vec![0; GROUPS];
        OneLaneEach::settle(look, &context, layout.bits(), &mut choices);
        choices
    }

    #[test]
    fn every_note_is_whole_in_exactly_one_lane_the_likeliest_most_often() {
        for seed in 0..20 {
            let choices = settled(1, seed);
            let of_lane =
                |lane: usize| (0..STEPS).map(|s| choices[lane * CELLS + s * PITCHES + 40]).collect::<Vec<_>>();
            assert_eq!([of_lane(0), of_lane(1), of_lane(2)], [vec![0; 4], vec![0, 1, 2, 2], vec![0; 4]]);
        }
    }

    #[test]
    fn the_skyline_is_what_begins_on_top() {
        let mut union = vec![NoteCell::Silent; 3 * PITCHES];
        union[50] = NoteCell::Onset;
        union[40] = NoteCell::Onset;
        union[PITCHES + 50] = NoteCell::Hold;
        union[PITCHES + 45] = NoteCell::Onset;
        let tune = skyline(&union, 3);
        let sounding: Vec<usize> = (0..tune.len()).filter(|&i| tune[i] != NoteCell::Silent).collect();
        assert_eq!(sounding, [50, PITCHES + 50]);
        assert_eq!(without(&union, &tune)[PITCHES + 45], NoteCell::Onset);
    }
}
