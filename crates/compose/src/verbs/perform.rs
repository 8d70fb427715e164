//! Loudness for flat notes: the notes are certain, how loud they are is asked for.

use super::{Job, Outcome, Stage, certain, ground, lanes_present};
use crate::{Request, RequestError, Source};
use aeolian_canvas::cells::LOUDNESS_LANE;
use aeolian_diffusion::LaneState;

/// States it.
pub fn state(request: &Request, stage: Stage<'_>, source: &Source) -> Result<Job, RequestError> {
    let there = ground(request, source)?;
    let present = lanes_present(&there.canvas);
    let quarters = there.canvas.quarters;
    let mut statement = certain(there.canvas, stage);
    for lane in present {
        statement.set(0..quarters, LOUDNESS_LANE + lane as usize, LaneState::Free);
    }
    statement.ask_for_chords(0..quarters);
    Ok(Job { statement, up: there.up, key: there.key, outcome: Outcome::Performed { source: source.clone() } })
}
