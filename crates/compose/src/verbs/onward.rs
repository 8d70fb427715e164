//! More bars after the last.

use super::{Job, Outcome, Stage, certain, ground, lanes_present};
use crate::merge::Asked;
use crate::plan::lay_phrases;
use crate::{Request, RequestError, Source};

/// The bars that a source has are certain, further ones are asked for in the lanes that it uses.
pub fn state(request: &Request, stage: Stage<'_>, source: &Source, bars: usize) -> Result<Job, RequestError> {
    // The asked chords are those of the new bars.
    let without = Request { chords: None, first_chord: None, last_chord: None, ..request.clone() };
    let there = ground(&without, source)?;
    let lanes = lanes_present(&there.canvas);
    let first_new = there.canvas.quarters;
    let bar_eighths = usize::from(there.canvas.positions[first_new - 1].bar_eighths.max(1));
    let quarters = (bars * bar_eighths).div_ceil(2);
    let mut canvas = there.canvas.window(0, first_new + quarters);
    let home = there.canvas.keys[first_new - 1];
    canvas.keys[first_new..].fill(home);
    lay_phrases(&mut canvas, first_new);
    request.lay_chords(&mut canvas, there.up, first_new)?;
    let new = first_new..canvas.quarters;
    let mut statement = certain(canvas, stage);
    let mut asked = Asked::nothing(new.end);
    for lane in lanes {
        statement.ask(new.clone(), lane);
        asked.ask(new.clone(), lane);
    }
    statement.ask_for_chords(new);
    Ok(Job { statement, up: there.up, key: there.key, outcome: Outcome::Merged { source: source.clone(), asked } })
}
