//! A piece in exactly so many bars: its first bar and its ending stay, bars in between come or go.

use super::infill::{ask, clear};
use super::{Job, Outcome, Stage, certain, ground, lanes_present};
use crate::edit::{insert_bars, remove_bars};
use crate::merge::Asked;
use crate::{Request, RequestError, Source};
use aeolian_canvas::NoteLane;

/// Bars of an ending that stays.
const ENDING: usize = 4;

/// New bars are asked for before the ending; after a cut, the bar before the seam is.
pub fn state(request: &Request, stage: Stage<'_>, source: &Source, bars: usize) -> Result<Job, RequestError> {
    let before = ground(request, source)?.canvas.bars().len();
    let ending = ENDING.min(bars / 2).min(before / 2);
    let head = before.min(bars) - ending;
    let (score, new) = match bars.cmp(&before) {
        std::cmp::Ordering::Equal => (source.score().clone(), 0..0),
        std::cmp::Ordering::Greater => (insert_bars(source.score(), head, bars - before), head..head + bars - before),
        std::cmp::Ordering::Less => {
            let joint = if head > 1 { head - 1..head } else { 0..0 };
            (remove_bars(source.score(), head..head + before - bars), joint)
        }
    };
    let edited = Source::with_lanes(score, source.lanes().to_vec())?;
    let there = ground(request, &edited)?;
    let present = lanes_present(&there.canvas);
    let spans = there.canvas.bars();
    let quarters = match new.is_empty() {
        true => 0..0,
        false => spans[new.start].start..spans[(new.end - 1).min(spans.len() - 1)].end,
    };
    let mut canvas = there.canvas;
    let mut asked = Asked::nothing(canvas.quarters);
    present.iter().for_each(|&lane| asked.ask(quarters.clone(), lane));
    NoteLane::ALL.into_iter().for_each(|lane| clear(&mut canvas, lane, &asked));
    let mut statement = certain(canvas, stage);
    ask(&mut statement, &asked);
    Ok(Job { statement, up: there.up, key: there.key, outcome: Outcome::Merged { source: edited, asked } })
}
