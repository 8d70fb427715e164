//! Some lanes to others: accompany, harmonize, reharmonize, a tune over harmony.

use super::infill::{ask, clear};
use super::{Job, Outcome, Stage, certain, ground, lanes_present};
use crate::merge::Asked;
use crate::{Request, RequestError, Source};
use aeolian_canvas::cells::CHORD_LANE;
use aeolian_canvas::{ChordCell, NoteLane};
use aeolian_diffusion::LaneState;
use aeolian_metrics::Excerpt;
use aeolian_metrics::chords::recognise_chords;

/// How much less likely, in nats, the root that was there becomes.
const OTHER_ROOT: f32 = -2.5;

/// The lanes are drawn to those that are there.
pub fn accompany(
    request: &Request,
    stage: Stage<'_>,
    source: &Source,
    lanes: &[NoteLane],
) -> Result<Job, RequestError> {
    draw_lanes(request, stage, source, lanes, &[])
}

/// Chords and harmony under what is there; the old harmony goes, and a counter-melody is not asked for.
pub fn harmonize(request: &Request, stage: Stage<'_>, source: &Source) -> Result<Job, RequestError> {
    draw_lanes(request, stage, source, &[NoteLane::Harmony], &[])
}

/// As [`harmonize`], leaning away from the roots that were there.
pub fn reharmonize(request: &Request, stage: Stage<'_>, source: &Source) -> Result<Job, RequestError> {
    let roots = old_roots(request, source)?;
    let mut job = draw_lanes(request, stage, source, &[NoteLane::Harmony], &roots)?;
    if request.chords.is_none() {
        lean_from(&mut job, stage, &roots);
    }
    Ok(job)
}

fn draw_lanes(
    request: &Request,
    stage: Stage<'_>,
    source: &Source,
    lanes: &[NoteLane],
    old_roots: &[Option<u8>],
) -> Result<Job, RequestError> {
    let there = ground(request, source)?;
    let given: Vec<NoteLane> = lanes_present(&there.canvas).into_iter().filter(|l| !lanes.contains(l)).collect();
    if given.is_empty() {
        let asked = lanes.iter().map(|l| l.name().to_lowercase()).collect::<Vec<_>>().join(", ");
        return Err(RequestError::NothingGiven { asked });
    }
    let mut canvas = there.canvas;
    let all = 0..canvas.quarters;
    if !old_roots.is_empty() && request.chords.is_none() {
        canvas.chords.fill(None);
    }
    let mut asked = Asked::nothing(all.end);
    for &lane in lanes {
        asked.ask(all.clone(), lane);
        clear(&mut canvas, lane, &asked);
    }
    let mut statement = certain(canvas, stage);
    statement.begin_with_silence();
    ask(&mut statement, &asked);
    Ok(Job { statement, up: there.up, key: there.key, outcome: Outcome::Merged { source: source.clone(), asked } })
}

/// The root of every quarter in the model's frame: as labelled, else as heard.
fn old_roots(request: &Request, source: &Source) -> Result<Vec<Option<u8>>, RequestError> {
    let there = ground(request, source)?;
    let mut roots: Vec<Option<u8>> = there.canvas.chords.iter().map(|c| c.and_then(|c: ChordCell| c.root)).collect();
    if roots.iter().all(Option::is_none) {
        for segment in recognise_chords(&Excerpt::from_canvas(&there.canvas)) {
            let steps = aeolian_canvas::canvas::STEPS;
            let quarters = segment.start / steps..(segment.end / steps).min(roots.len());
            roots[quarters].fill(segment.chord.map(|c| c.root));
        }
    }
    Ok(roots)
}

fn lean_from(job: &mut Job, stage: Stage<'_>, roots: &[Option<u8>]) {
    let bits = stage.layout.bits();
    let lean = &mut job.statement.lean;
    lean.resize(roots.len() * bits, 0.0);
    let root_bit = root_block_bit(stage);
    for (quarter, root) in roots.iter().enumerate() {
        let free = job.statement.states[quarter][CHORD_LANE] == LaneState::Free;
        if let (Some(root), true) = (root, free) {
            lean[quarter * bits + root_bit + usize::from(*root)] += OTHER_ROOT;
        }
    }
}

/// The first bit of the chord root.
fn root_block_bit(stage: Stage<'_>) -> usize {
    let (_, _, bit) = stage.layout.spans().find(|(block, ..)| block.lane == CHORD_LANE).expect("a layout of canvases");
    bit
}
