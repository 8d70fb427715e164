//! Some bars of some lanes anew; everything else is certain.

use super::{Job, Outcome, Stage, certain, ground, lanes_present};
use crate::merge::Asked;
use crate::request::lanes_in;
use crate::statement::Statement;
use crate::wish::Regions;
use crate::{Request, RequestError, Source};
use aeolian_canvas::canvas::{PITCHES, STEPS};
use aeolian_canvas::{Canvas, NoteCell, NoteLane};
use std::ops::Range;

/// The regions are asked for; a note that rings into one stays until its end.
pub fn state(request: &Request, stage: Stage<'_>, source: &Source, regions: &Regions) -> Result<Job, RequestError> {
    let there = ground(request, source)?;
    let bars = there.canvas.bars();
    let present = lanes_present(&there.canvas);
    let mut canvas = there.canvas.clone();
    let mut asked = Asked::nothing(canvas.quarters);
    regions.check(bars.len())?;
    for region in regions.iter() {
        let quarters: Vec<Range<usize>> = bars[region.bars(bars.len())].to_vec();
        for lane in lanes_in(region.lanes(), &present) {
            quarters.iter().for_each(|bar| asked.ask(bar.clone(), lane));
        }
    }
    for lane in NoteLane::ALL {
        clear(&mut canvas, lane, &asked);
    }
    let mut statement = certain(canvas, stage);
    ask(&mut statement, &asked);
    Ok(Job { statement, up: there.up, key: there.key, outcome: Outcome::Merged { source: source.clone(), asked } })
}

/// Asks for everything marked, with the chords there; what rings in from before is locked.
pub fn ask(statement: &mut Statement, asked: &Asked) {
    for (quarter, row) in asked.quarters.iter().enumerate() {
        for lane in NoteLane::ALL.into_iter().filter(|&lane| row[lane as usize]) {
            statement.ask(quarter..quarter + 1, lane);
            statement.ask_for_chords(quarter..quarter + 1);
            lock_holds(statement, lane, quarter * STEPS..(quarter + 1) * STEPS);
        }
    }
}

/// Takes away the notes that begin where a lane is asked for, to their very ends.
pub fn clear(canvas: &mut Canvas, lane: NoteLane, asked: &Asked) {
    let steps = canvas.quarters * STEPS;
    let cells = &mut canvas.notes[lane as usize];
    for key in 0..PITCHES {
        let mut going = false;
        for step in 0..steps {
            let cell = &mut cells[step * PITCHES + key];
            going = match *cell {
                NoteCell::Onset => asked.quarters[step / STEPS][lane as usize],
                NoteCell::Hold => going,
                NoteCell::Silent => false,
            };
            if going {
                *cell = NoteCell::Silent;
            }
        }
    }
}

/// Locks the cells of notes that began earlier.
fn lock_holds(statement: &mut Statement, lane: NoteLane, steps: Range<usize>) {
    for step in steps {
        for key in 0..PITCHES {
            if statement.canvas.notes[lane as usize][step * PITCHES + key] == NoteCell::Hold {
                statement.lock(lane, step, key);
            }
        }
    }
}
