//! Weak evidence: a piece only different, and a piece between two.

use super::{Job, Outcome, Stage, certain, ground, lanes_present, weak_where_known};
use crate::merge::Asked;
use crate::statement::{Statement, lanes_of};
use crate::{Request, RequestError, Source};
use aeolian_canvas::Canvas;
use aeolian_canvas::canvas::{CELLS, PITCHES, STEPS};
use aeolian_canvas::cells::{CHORD_LANE, LOUDNESS_LANE, TIMING_LANE};
use aeolian_canvas::{NOTE_LANES, NoteCell, NoteLane};

/// log snr of the evidence at strength 0 and at strength 1: from nearly everything to nearly nothing.
const WEAKEST: f64 = -4.5;
const STRONGEST: f64 = 3.5;
/// log snr of the evidence that a piece between two has of both together.
const BETWEEN: f32 = 1.0;

/// The whole piece as weak evidence of itself.
pub fn vary(request: &Request, stage: Stage<'_>, source: &Source, strength: f64) -> Result<Job, RequestError> {
    in_range("the strength of a variation", strength)?;
    let there = ground(request, source)?;
    let present = lanes_present(&there.canvas);
    let quarters = there.canvas.quarters;
    let mut statement = certain(there.canvas, stage);
    let mut asked = Asked::nothing(quarters);
    if strength > 0.0 {
        let log_snr = (STRONGEST + (WEAKEST - STRONGEST) * strength) as f32;
        weaken(&mut statement, &present, log_snr);
        present.iter().for_each(|&lane| asked.ask(0..quarters, lane));
        statement.begin_with_silence();
    }
    Ok(Job { statement, up: there.up, key: there.key, outcome: Outcome::Merged { source: source.clone(), asked } })
}

/// Evidence of two pieces, bar by bar, in shares; as long as the shorter of them.
pub fn morph(request: &Request, stage: Stage<'_>, a: &Source, b: &Source, at: f64) -> Result<Job, RequestError> {
    in_range("the place between two pieces", at)?;
    let (a, b) = (ground(request, a)?, ground(request, b)?);
    let quarters = a.canvas.quarters.min(b.canvas.quarters);
    let (first, second) = (a.canvas.window(0, quarters), b.canvas.window(0, quarters));
    let nearer = if at < 0.5 { &a } else { &b };
    let (up, key) = (nearer.up, nearer.key);
    if at == 0.0 || at == 1.0 {
        let statement = certain(if at == 0.0 { first } else { second }, stage);
        return Ok(Job { statement, up, key, outcome: Outcome::New });
    }
    let present: Vec<NoteLane> = {
        let (in_first, in_second) = (lanes_present(&first), lanes_present(&second));
        NoteLane::ALL.into_iter().filter(|l| in_first.contains(l) || in_second.contains(l)).collect()
    };
    let mut statement = Statement::certain(first.clone(), stage.layout);
    statement.canvas.keys.clone_from(&if at < 0.5 { first } else { second.clone() }.keys);
    NoteLane::ALL.into_iter().filter(|lane| !present.contains(lane)).for_each(|lane| statement.leave_out(lane));
    weaken(&mut statement, &present, BETWEEN);
    // Only what both pieces know can be blended; the rest is free.
    let mut other = second;
    for quarter in 0..quarters {
        for lane in [CHORD_LANE].into_iter().chain(LOUDNESS_LANE..LOUDNESS_LANE + NOTE_LANES) {
            let known = is_known(&statement.canvas, quarter, lane) && is_known(&other, quarter, lane);
            if statement.is_open(quarter, lane) {
                weak_where_known(&mut statement, quarter, lane, known, BETWEEN);
            }
        }
    }
    other.form.clone_from(&statement.canvas.form);
    statement.blend = Some((other, at as f32));
    statement.begin_with_silence();
    Ok(Job { statement, up, key, outcome: Outcome::New })
}

/// Makes the notes, chords, loudness and timing of some lanes weak, and free where they are not known.
fn weaken(statement: &mut Statement, present: &[NoteLane], log_snr: f32) {
    for quarter in 0..statement.quarters() {
        for lane in present.iter().flat_map(|&lane| lanes_of(lane)).chain([CHORD_LANE]) {
            let known = is_known(&statement.canvas, quarter, lane);
            weak_where_known(statement, quarter, lane, known, log_snr);
        }
    }
}

/// Whether every group of a lane has a choice.
fn is_known(canvas: &Canvas, quarter: usize, lane: usize) -> bool {
    if lane == CHORD_LANE {
        return canvas.chords[quarter].is_some();
    }
    if !(LOUDNESS_LANE..TIMING_LANE).contains(&lane) {
        return true;
    }
    let lane = lane - LOUDNESS_LANE;
    (0..STEPS).all(|step| {
        let starts = canvas.notes[lane][quarter * CELLS + step * PITCHES..][..PITCHES].contains(&NoteCell::Onset);
        !starts || canvas.steps[lane][quarter * STEPS + step].loudness.is_some()
    })
}

fn in_range(what: &'static str, value: f64) -> Result<(), RequestError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(RequestError::Range { what, value, lowest: 0.0, highest: 1.0 })
}
