//! What musicians expect without saying it, as small leans on what is new: lanes stay where their instruments sound well, and a
//! counter-melody goes its own way, below the tune rather than above it and not on the same note.
//!
//! The model has learned from songs that do otherwise now and then (of the counter-melodies of pop909 16 % of the onsets
//! that fall into the tune are on its very note, and 39 % above it). Leans bind nothing: a rule, a register or a range that is
//! asked for goes before, and [`Request::as_learned`] turns them off.

use crate::rules::Rule;
use crate::statement::Statement;
use crate::{Request, Verb};
use aeolian_canvas::NoteLane;
use aeolian_canvas::canvas::{CELLS, LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::cells::GROUPS;
use aeolian_diffusion::{LaneState, Layout, Look};
use std::ops::Range;

/// Lowest and highest sounding pitch where a lane is at ease: 98 % of the notes of pop909 lie inside (every twelfth song);
/// for the bass the compass of a bass guitar, for sustained voices that of cellos and violas.
pub const COMFORT: [(NoteLane, u8, u8); 5] = [
    (NoteLane::Melody, 57, 86),
    (NoteLane::Counter, 52, 88),
    (NoteLane::Harmony, 36, 77),
    (NoteLane::Bass, 28, 60),
    (NoteLane::Sustained, 36, 81),
];
/// Nats that a semitone outside costs, and at most.
const A_SEMITONE: f32 = 0.6;
const FURTHEST: f32 = 6.0;
/// Nats that it costs a counter-melody to be on the tune's note, and above the tune.
const DOUBLING: f32 = 3.0;
const CROSSING: f32 = 1.5;

/// Where a note lane begins in a row of the canvas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    group: usize,
    bit: usize,
}

impl Place {
    fn of(lane: NoteLane, layout: &Layout) -> Self {
        let found = layout.spans().find(|(block, ..)| block.lane == lane as usize);
        found.map_or_else(Self::default, |(_, group, bit)| Self { group, bit })
    }
}

/// The leans of one window.
#[derive(Clone, Debug, PartialEq)]
pub struct Manners {
    /// Places of lanes, with the lean of each of their keys. (PITCHES)
    registers: Vec<(Place, Vec<f32>)>,
    tune: Place,
    counter: Place,
    /// Quarters of the window in which the tune sounds or may sound, if a counter-melody may be drawn.
    with_tune: Vec<bool>,
    bits: usize,
}

impl Manners {
    /// None where nothing is to lean: variations and what keeps its notes have the manners of the piece they come from.
    pub fn of(
        request: &Request,
        statement: &Statement,
        quarters: Range<usize>,
        up: i32,
        layout: &Layout,
    ) -> Option<Self> {
        let keeps = matches!(
            request.verb,
            Verb::Vary { .. } | Verb::Morph { .. } | Verb::Perform { .. } | Verb::Arrange { .. }
        );
        if request.as_learned || keeps {
            return None;
        }
        let is_asked = |lane: NoteLane| {
            let ranged = |rule: &Rule| matches!(rule, Rule::Range { lane: of, .. } if *of == lane);
            let register = request.soft.register.as_ref().is_some_and(|values| values.of(lane).is_some());
            register || request.all_rules().iter().any(ranged)
        };
        let registers = COMFORT
            .into_iter()
            .filter(|&(lane, ..)| !is_asked(lane))
            .map(|(lane, lowest, highest)| {
                (Place::of(lane, layout), (0..PITCHES).map(|key| ease(key, up, lowest, highest)).collect())
            })
            .collect();
        let state = |quarter: usize, lane: NoteLane| statement.states[quarter][lane as usize];
        let with_tune = quarters
            .map(|quarter| {
                let counter = matches!(state(quarter, NoteLane::Counter), LaneState::Free | LaneState::Weak(_));
                counter && state(quarter, NoteLane::Melody) != LaneState::Unknown
            })
            .collect();
        let (tune, counter) = (Place::of(NoteLane::Melody, layout), Place::of(NoteLane::Counter, layout));
        Some(Self { registers, tune, counter, with_tune, bits: layout.bits() })
    }

    /// Leans the context (T, bits) of notes that may be drawn.
    pub fn lean(&self, look: Look<'_>, context: &mut [f32]) {
        for quarter in 0..self.with_tune.len() {
            for (place, leans) in &self.registers {
                let cells = &mut context[quarter * self.bits + place.bit..][..2 * CELLS];
                for (cell, pair) in cells.chunks_exact_mut(2).enumerate() {
                    // Onset and hold alike: a hold must not outlive its onset and become a note of its own.
                    pair.iter_mut().for_each(|context| *context += leans[cell % PITCHES]);
                }
            }
            if self.with_tune[quarter] {
                (0..STEPS).for_each(|step| self.go_apart(look, context, quarter, step));
            }
        }
    }

    /// The counter-melody leans away from where the tune is likely to be at a step.
    fn go_apart(&self, look: Look<'_>, context: &mut [f32], quarter: usize, step: usize) {
        let mut below = 0.0f32;
        for key in 0..PITCHES {
            let cell = step * PITCHES + key;
            let allowed = look.allowed[quarter * GROUPS + self.tune.group + cell];
            let odds = |choice: usize| {
                if !allowed.contains(choice) {
                    return 0.0;
                }
                let bit = quarter * self.bits + self.tune.bit + 2 * cell + choice - 1;
                ((look.evidence[bit] + context[bit]) / look.temperature).clamp(-60.0, 60.0).exp()
            };
            let sounds = match allowed.within(2).single() {
                Some(choice) => f32::from(choice > 0),
                None => {
                    let sounding = odds(1) + odds(2);
                    sounding / (1.0 + sounding)
                }
            };
            let lean = DOUBLING * sounds + CROSSING * below.min(1.0);
            context[quarter * self.bits + self.counter.bit + 2 * cell] -= lean;
            below += sounds;
        }
    }
}

/// The lean of a key: 0 at ease, and further down with every semitone outside.
fn ease(key: usize, up: i32, lowest: u8, highest: u8) -> f32 {
    let pitch = i32::from(LOWEST_PITCH) + key as i32 + up;
    let outside = (i32::from(lowest) - pitch).max(pitch - i32::from(highest)).max(0);
    -(A_SEMITONE * outside as f32).min(FURTHEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::cells::BLOCKS;
    use aeolian_canvas::{Canvas, NoteCell};
    use aeolian_diffusion::{Block, Noise};

    #[test]
    fn ease_ends_at_the_edges_of_comfort_and_goes_with_the_key() {
        let key = |pitch: u8| usize::from(pitch - LOWEST_PITCH);
        assert_eq!([60, 59, 72, 73].map(|pitch| ease(key(pitch), 0, 60, 72)), [0.0, -0.6, 0.0, -0.6]);
        assert_eq!([ease(key(60), 2, 60, 61), ease(key(60), -2, 60, 61)], [-0.6, -1.2]);
        assert_eq!(ease(0, 0, 60, 72), -FURTHEST);
    }

    #[test]
    fn a_counter_melody_leans_away_from_a_given_tune() {
        let layout =
            Layout::new(BLOCKS.iter().map(|b| Block { lane: b.lane, groups: b.groups, choices: b.choices }).collect());
        let mut canvas = Canvas::new(1);
        *canvas.cell_mut(NoteLane::Melody, 0, 67) = NoteCell::Onset;
        let mut statement = Statement::certain(canvas, &layout);
        statement.ask(0..1, NoteLane::Counter);
        let manners = Manners::of(&Request::default(), &statement, 0..1, 0, &layout).unwrap();
        let mut constraint = aeolian_diffusion::Constraint::none(&layout, 1);
        for group in 0..CELLS {
            let cell = statement.canvas.notes[0][group];
            constraint.lock(0, group, cell as u8);
        }
        let (evidence, mut context) = (vec![0.0; layout.bits()], vec![0.0; layout.bits()]);
        let look = Look {
            item: 0,
            progress: 0.5,
            evidence: &evidence,
            allowed: constraint.allowed(),
            temperature: 1.0,
            noise: Noise::new(1),
        };
        manners.lean(look, &mut context);
        let counter = |pitch: u8, step: usize| {
            context[2 * (NoteLane::Counter as usize * CELLS + step * PITCHES + usize::from(pitch - LOWEST_PITCH))]
        };
        assert_eq!([60, 67, 70].map(|pitch| counter(pitch, 0)), [0.0, -DOUBLING, -CROSSING]);
        assert_eq!([60, 67, 70].map(|pitch| counter(pitch, 1)), [0.0; 3], "the tune is silent there");
        assert_eq!(context[2 * (NoteLane::Harmony as usize * CELLS)], -FURTHEST);
    }

    #[test]
    fn what_is_asked_goes_before_and_nothing_leans_as_learned() {
        let layout =
            Layout::new(BLOCKS.iter().map(|b| Block { lane: b.lane, groups: b.groups, choices: b.choices }).collect());
        let statement = Statement::certain(Canvas::new(1), &layout);
        let lanes = |request: &Request| {
            let manners = Manners::of(request, &statement, 0..1, 0, &layout);
            manners.map(|m| m.registers.iter().map(|(place, _)| place.group / CELLS).collect::<Vec<_>>())
        };
        let asked = Request {
            rules: vec![Rule::Range { lane: NoteLane::Harmony, lowest: 21, highest: 108 }],
            soft: crate::soft::Soft { register: "melody:90".parse().ok(), ..Default::default() },
            ..Request::default()
        };
        let others = [NoteLane::Counter, NoteLane::Bass, NoteLane::Sustained].map(|lane| lane as usize);
        assert_eq!(lanes(&asked), Some(others.to_vec()));
        assert_eq!(lanes(&Request { as_learned: true, ..asked }), None);
    }
}
