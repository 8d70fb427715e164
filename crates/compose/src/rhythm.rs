//! Where in a quarter notes may begin: as rules on single cells, and swing as a way of playing.
//!
//! What nobody says: a new piece is straight, for triplets that come by chance make notation restless. A piece that is
//! there keeps its own rhythm: straight if it is, free if it is not.

use crate::rules::Rule;
use crate::wish::RhythmGrid;
use crate::{Request, Verb};
use aeolian_canvas::NOTE_LANES;
use aeolian_canvas::canvas::{CELLS, PITCHES, STEPS, Timing};
use aeolian_canvas::cells::TIMING_LANE;
use aeolian_canvas::{NoteCell, NoteLane};
use aeolian_diffusion::{ChoiceSet, Constraint, Layout};
use aeolian_score::{GRID, Score};

/// Grid positions in a step.
const STEP: u32 = GRID / STEPS as u32;

/// The grid of a request: the one asked for, else straight, unless a piece that it starts from is not. Where every note
/// stays there is nothing to bind.
pub fn grid_of(request: &Request) -> RhythmGrid {
    if matches!(request.verb, Verb::Perform { .. } | Verb::Arrange { .. }) {
        return RhythmGrid::Free;
    }
    let usual = || {
        let all_straight = request.verb.sources().into_iter().all(crate::Source::is_straight);
        if all_straight { RhythmGrid::Straight } else { RhythmGrid::Free }
    };
    request.rhythm.unwrap_or_else(usual)
}

/// The grid as rules for every lane. A held cell that nothing began becomes a note when the canvas is read, so that
/// single cells alone cannot keep a grid with fewer places than the canvas has steps.
pub fn rules(grid: RhythmGrid) -> Vec<Rule> {
    let allowed_steps = std::array::from_fn(|step| timing_of(grid, step).is_some());
    if allowed_steps == [true; STEPS] {
        return Vec::new();
    }
    NoteLane::ALL.into_iter().map(|lane| Rule::Onsets { lane, allowed_steps }).collect()
}

/// Forbids what a grid does not have: onsets between its places, and timings that would move them. Locked groups stay.
pub fn restrict(grid: RhythmGrid, layout: &Layout, constraint: &mut Constraint) {
    if grid == RhythmGrid::Free {
        return;
    }
    let tokens = constraint.allowed().len() / layout.groups();
    let timings = layout.spans().filter(|(block, ..)| (TIMING_LANE..TIMING_LANE + NOTE_LANES).contains(&block.lane));
    let timings: Vec<usize> = timings.map(|(_, group, _)| group).collect();
    for token in 0..tokens {
        for step in 0..STEPS {
            let timing = timing_of(grid, step);
            for (lane, first) in timings.iter().enumerate() {
                let only = ChoiceSet::only(timing.unwrap_or(Timing::On) as u8);
                narrow(constraint, layout, token, first + step, only);
                if timing.is_none() {
                    let no_onset = ChoiceSet::ALL.without(NoteCell::Onset as u8);
                    (0..PITCHES).for_each(|key| {
                        narrow(constraint, layout, token, lane * CELLS + step * PITCHES + key, no_onset);
                    });
                }
            }
        }
    }
}

/// Adds a rule to a group that is not settled yet.
fn narrow(constraint: &mut Constraint, layout: &Layout, token: usize, group: usize, allowed: ChoiceSet) {
    let so_far = constraint.allowed()[token * layout.groups() + group];
    if so_far.single().is_none() && !so_far.and(allowed).is_empty() {
        constraint.restrict(token, group, allowed);
    }
}

/// The timing of a step's onsets on a grid, or `None` where nothing begins.
fn timing_of(grid: RhythmGrid, step: usize) -> Option<Timing> {
    let nominal = step as u32 * STEP;
    let written = |position: u32| grid_of_writing(grid).allows(position);
    if written(nominal) {
        Some(Timing::On)
    } else if written(nominal + 1) {
        Some(Timing::Late)
    } else if nominal > 0 && written(nominal - 1) {
        Some(Timing::Early)
    } else {
        None
    }
}

/// Swing is written in even eighths.
pub fn grid_of_writing(grid: RhythmGrid) -> RhythmGrid {
    if grid == RhythmGrid::Swing { RhythmGrid::Eighths } else { grid }
}

/// Plays even eighths long and short: what falls in the second half of a quarter moves towards its last third.
pub fn swing(score: &mut Score) {
    let unit = score.ticks_per_quarter / GRID;
    if unit == 0 {
        return;
    }
    let swung = |tick: u32| {
        let (quarter, within) = (tick / (GRID * unit), tick % (GRID * unit));
        let half = GRID * unit / 2;
        let long = 2 * GRID * unit / 3;
        let moved =
            if within <= half { within * long / half } else { long + (within - half) * (GRID * unit - long) / half };
        quarter * GRID * unit + moved
    };
    for note in score.parts.iter_mut().flat_map(|part| &mut part.notes) {
        let (onset, offset) = (swung(note.onset.0), swung(note.offset().0));
        note.onset.0 = onset;
        note.duration.0 = (offset - onset).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::cells::{BLOCKS, GROUPS};
    use aeolian_diffusion::Block;
    use aeolian_score::{Note, Part, Tick};

    #[test]
    fn triplets_begin_on_thirds_and_nowhere_else() {
        let of = |grid| (0..STEPS).map(|step| timing_of(grid, step)).collect::<Vec<_>>();
        use Timing::{Early, Late, On};
        assert_eq!(of(RhythmGrid::Triplet), [Some(On), Some(Late), None, Some(Early)]);
        assert_eq!(of(RhythmGrid::Straight), [Some(On); 4]);
        assert_eq!(of(RhythmGrid::Swing), [Some(On), None, Some(On), None]);
        assert_eq!(of(RhythmGrid::Quarters), [Some(On), None, None, None]);
    }

    #[test]
    fn only_grids_with_gaps_need_rules() {
        let steps = |grid| match rules(grid).first() {
            Some(Rule::Onsets { allowed_steps, .. }) => Some(*allowed_steps),
            _ => None,
        };
        assert_eq!(steps(RhythmGrid::Straight), None);
        assert_eq!(steps(RhythmGrid::Free), None);
        assert_eq!(steps(RhythmGrid::Triplet), Some([true, true, false, true]));
        assert_eq!(steps(RhythmGrid::Swing), Some([true, false, true, false]));
        assert_eq!(rules(RhythmGrid::Quarters).len(), NoteLane::ALL.len());
    }

    #[test]
    fn what_nobody_says_is_straight_and_a_free_piece_stays_free() {
        let piece = |off: u32| {
            let mut score = Score::new(12);
            let note = |i: u32| Note { onset: Tick(6 * i + off * (i % 2)), pitch: 60, duration: Tick(3), velocity: 80 };
            score.parts = vec![Part { notes: (0..16).map(note).collect(), ..Part::default() }];
            crate::Source::new(score)
        };
        let grid = |verb| grid_of(&Request { verb, ..Request::default() });
        assert_eq!(grid(Verb::Compose), RhythmGrid::Straight);
        for (off, expected) in [(0, RhythmGrid::Straight), (3, RhythmGrid::Straight), (2, RhythmGrid::Free)] {
            assert_eq!(grid(Verb::Continue { source: piece(off), bars: 1 }), expected, "{off}");
        }
        assert_eq!(grid(Verb::Arrange { source: piece(0) }), RhythmGrid::Free, "every note stays");
        let asked = Request { rhythm: Some(RhythmGrid::Free), ..Request::default() };
        assert_eq!(grid_of(&asked), RhythmGrid::Free);
    }

    #[test]
    fn locked_groups_stay() {
        let layout =
            Layout::new(BLOCKS.iter().map(|b| Block { lane: b.lane, groups: b.groups, choices: b.choices }).collect());
        let mut constraint = Constraint::none(&layout, 1);
        constraint.lock(0, PITCHES + 5, NoteCell::Onset as u8);
        restrict(RhythmGrid::Eighths, &layout, &mut constraint);
        assert_eq!(constraint.allowed()[PITCHES + 5].single(), Some(1));
        assert!(!constraint.allowed()[PITCHES + 6].contains(1));
        assert!(constraint.allowed()[2 * PITCHES + 6].contains(1));
        assert_eq!(constraint.allowed().len(), GROUPS);
    }

    #[test]
    fn swung_eighths_are_two_to_one() {
        let mut score = Score::new(12);
        let note = |onset, duration| Note { onset: Tick(onset), pitch: 60, duration: Tick(duration), velocity: 80 };
        score.parts = vec![Part { notes: vec![note(0, 6), note(6, 6), note(12, 12)], ..Part::default() }];
        swing(&mut score);
        let times: Vec<_> = score.parts[0].notes.iter().map(|n| (n.onset.0, n.duration.0)).collect();
        assert_eq!(times, [(0, 8), (8, 4), (12, 12)]);
    }
}
