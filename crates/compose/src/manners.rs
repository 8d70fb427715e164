//! What musicians expect without saying it, as small leans on what is new: lanes stay where their instruments sound well, and a
//! counter-melody goes its own way, below the tune rather than above it and not on the same note.
//!
//! The model has learned from songs that do otherwise now and then (of the counter-melodies of pop909 16 % of the onsets
//! that fall into the tune are on its very note, and 39 % above it). Leans bind nothing: a rule, a register or a range that is
//! asked for goes before, and [`Request::as_learned`] turns them off. Nothing becomes thinner for them: what a lean takes from some
//! cells of a lane, the others of that quarter get.

use crate::rules::Rule;
use crate::statement::Statement;
use crate::tilt::solve;
use crate::{Request, Verb};
use aeolian_canvas::canvas::{CELLS, LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::cells::GROUPS;
use aeolian_canvas::{NOTE_LANES, NoteLane};
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
/// The most that a cell gets back, in nats: what the model finds unlikely shall not become a note to fill a place.
const MOST_BACK: f64 = 0.7;

/// Where a note lane begins in a row of the canvas, in groups and in bits.
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
    /// Lanes with a register, and the lean of each of their keys. (PITCHES)
    registers: Vec<(NoteLane, Vec<f32>)>,
    /// Of every quarter, the lanes that are drawn there.
    drawn: Vec<[bool; NOTE_LANES]>,
    /// Quarters in which the tune sounds or may sound.
    with_tune: Vec<bool>,
    places: [Place; NOTE_LANES],
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
        let leans = |lowest, highest| (0..PITCHES).map(|key| ease(key, up, lowest, highest)).collect();
        let registers = COMFORT.into_iter().filter(|&(lane, ..)| !is_asked(lane));
        let tune = NoteLane::Melody as usize;
        Some(Self {
            registers: registers.map(|(lane, lowest, highest)| (lane, leans(lowest, highest))).collect(),
            drawn: quarters.clone().map(|q| std::array::from_fn(|lane| statement.is_open(q, lane))).collect(),
            with_tune: quarters.map(|q| statement.states[q][tune] != LaneState::Unknown).collect(),
            places: NoteLane::ALL.map(|lane| Place::of(lane, layout)),
            bits: layout.bits(),
        })
    }

    /// Leans the context (T, bits) of notes that may be drawn, without making a lane thinner: what a lean takes from some
    /// cells of a lane, all cells of its quarter get back alike, as far as [`MOST_BACK`] reaches.
    pub fn lean(&self, look: Look<'_>, context: &mut [f32]) {
        for (quarter, drawn) in self.drawn.iter().enumerate() {
            for lane in NoteLane::PITCHED.into_iter().filter(|&lane| drawn[lane as usize]) {
                let register = self.registers.iter().find(|(of, _)| *of == lane);
                let apart = lane == NoteLane::Counter && self.with_tune[quarter];
                if register.is_none() && !apart {
                    continue;
                }
                let before = self.expected(look, context, quarter, lane);
                if let Some((_, leans)) = register {
                    self.keep_to_register(leans, context, quarter, lane);
                }
                if apart {
                    (0..STEPS).for_each(|step| self.leave_the_tune(look, context, quarter, step));
                }
                self.give_back(before, look, context, quarter, lane);
            }
        }
    }

    /// Onset and hold alike: a hold must not outlive its onset and become a note of its own.
    fn keep_to_register(&self, leans: &[f32], context: &mut [f32], quarter: usize, lane: NoteLane) {
        let cells = &mut context[quarter * self.bits + self.places[lane as usize].bit..][..2 * CELLS];
        for (cell, pair) in cells.chunks_exact_mut(2).enumerate() {
            pair.iter_mut().for_each(|context| *context += leans[cell % PITCHES]);
        }
    }

    /// The cells of a lane that are not settled, and the odds that each sounds.
    fn open(&self, look: Look<'_>, context: &[f32], quarter: usize, lane: NoteLane) -> Vec<(usize, f64)> {
        let group = quarter * GROUPS + self.places[lane as usize].group;
        let open = |cell: &usize| look.allowed[group + cell].within(2).single().is_none();
        (0..CELLS).filter(open).map(|cell| (cell, self.odds(look, context, quarter, lane, cell))).collect()
    }

    /// How many cells of a lane are expected to sound, of those that are not settled.
    fn expected(&self, look: Look<'_>, context: &[f32], quarter: usize, lane: NoteLane) -> f64 {
        self.open(look, context, quarter, lane).into_iter().map(|(_, odds)| chance(odds)).sum()
    }

    /// One lean for all cells of a lane, so that as many are expected to sound as before, or nearly.
    fn give_back(&self, before: f64, look: Look<'_>, context: &mut [f32], quarter: usize, lane: NoteLane) {
        let open = self.open(look, context, quarter, lane);
        let delta = solve(before, |delta| {
            let factor = delta.exp();
            let chances = open.iter().map(|(_, odds)| chance(odds * factor));
            chances.fold((0.0, 0.0), |(mean, variance), p| (mean + p, variance + p * (1.0 - p)))
        });
        let lean = delta.clamp(0.0, MOST_BACK) as f32 * look.temperature;
        let first = quarter * self.bits + self.places[lane as usize].bit;
        for (cell, _) in open {
            context[first + 2 * cell..][..2].iter_mut().for_each(|context| *context += lean);
        }
    }

    /// The lean of one step away from the tune.
    fn leave_the_tune(&self, look: Look<'_>, context: &mut [f32], quarter: usize, step: usize) {
        let mut below = 0.0f32;
        for key in 0..PITCHES {
            let cell = step * PITCHES + key;
            let allowed = look.allowed[quarter * GROUPS + self.places[NoteLane::Melody as usize].group + cell];
            let sounds = match allowed.within(2).single() {
                Some(choice) => f32::from(choice > 0),
                None => chance(self.odds(look, context, quarter, NoteLane::Melody, cell)) as f32,
            };
            let lean = DOUBLING * sounds + CROSSING * below.min(1.0);
            context[quarter * self.bits + self.places[NoteLane::Counter as usize].bit + 2 * cell] -= lean;
            below += sounds;
        }
    }

    /// Odds that a cell of a lane sounds, of what it may do.
    fn odds(&self, look: Look<'_>, context: &[f32], quarter: usize, lane: NoteLane, cell: usize) -> f64 {
        let Place { group, bit } = self.places[lane as usize];
        let allowed = look.allowed[quarter * GROUPS + group + cell];
        let of = |choice: usize| {
            let bit = quarter * self.bits + bit + 2 * cell + choice - 1;
            let log_odds = f64::from((look.evidence[bit] + context[bit]) / look.temperature).clamp(-60.0, 60.0);
            if allowed.contains(choice) { log_odds.exp() } else { 0.0 }
        };
        of(1) + of(2)
    }
}

fn chance(odds: f64) -> f64 {
    odds / (1.0 + odds)
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
        // The counter-melody may be anywhere from 55 to 80, with odds of 1/10 a cell.
        let (mut evidence, mut context) = (vec![-12.0; layout.bits()], vec![0.0; layout.bits()]);
        for cell in (0..CELLS).filter(|cell| (55..=80).contains(&(usize::from(LOWEST_PITCH) + cell % PITCHES))) {
            evidence[2 * (NoteLane::Counter as usize * CELLS + cell)..][..2].fill(-3.0);
        }
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
        // What is lost at the tune's note, above it and out of register, all cells get back alike.
        let back = counter(60, 0);
        // One cell loses .041 and thirteen .033 each: .47 of 104 whose expectation grows by .082 a nat.
        assert!((back - 0.057).abs() < 0.005, "{back}");
        for (pitch, step, lean) in
            [(67, 0, -DOUBLING), (70, 0, -CROSSING), (67, 1, 0.0), (70, 1, 0.0), (51, 1, -A_SEMITONE)]
        {
            assert!((counter(pitch, step) - lean - back).abs() < 1e-4, "{pitch} in step {step}");
        }
        let expected = |context: &[f32]| manners.expected(look, context, 0, NoteLane::Counter);
        assert!((expected(&context) - expected(&vec![0.0; layout.bits()])).abs() < 0.01, "as much of it as before");
        assert_eq!(context[2 * (NoteLane::Harmony as usize * CELLS)], 0.0, "nothing is asked there");
    }

    #[test]
    fn what_is_asked_goes_before_and_nothing_leans_as_learned() {
        let layout =
            Layout::new(BLOCKS.iter().map(|b| Block { lane: b.lane, groups: b.groups, choices: b.choices }).collect());
        let statement = Statement::certain(Canvas::new(1), &layout);
        let lanes = |request: &Request| {
            let manners = Manners::of(request, &statement, 0..1, 0, &layout);
            manners.map(|m| m.registers.iter().map(|(lane, _)| *lane).collect::<Vec<_>>())
        };
        let asked = Request {
            rules: vec![Rule::Range { lane: NoteLane::Harmony, lowest: 21, highest: 108 }],
            soft: crate::soft::Soft { register: "melody:90".parse().ok(), ..Default::default() },
            ..Request::default()
        };
        assert_eq!(lanes(&asked), Some(vec![NoteLane::Counter, NoteLane::Bass, NoteLane::Sustained]));
        assert_eq!(lanes(&Request { as_learned: true, ..asked }), None);
    }
}
