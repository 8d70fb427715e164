//! Accompaniments that hold their pattern: a lean of every bar's rhythm towards the rhythm of the bars around it.
//!
//! In songs an accompaniment begins its chords at the same places bar after bar (groove consistency of neighbouring bars in
//! pop909 .85), and a listener counts on it. A network of windows has this in its odds only where it sees a pattern already;
//! before, every bar is drawn for itself. So each lane's odds of a beginning at a place in the bar are drawn towards their
//! mean over the window's bars: a mean field that couples bars, and binds none.
//!
//! With p(b, s) = 1 − exp(−Σ p(onset)) for bar b and place s, and p̄(s) its mean over bars, every onset of that step gains
//! [`COUPLING`] · (logit p̄(s) − logit p(b, s)).

use crate::statement::Statement;
use crate::{Request, Verb};
use aeolian_canvas::canvas::{CELLS, PITCHES, STEPS};
use aeolian_canvas::cells::GROUPS;
use aeolian_canvas::{BarPosition, NOTE_LANES, NoteCell, NoteLane};
use aeolian_diffusion::{LaneState, Layout, Look};
use std::ops::Range;

/// How much of the way to the mean a bar is drawn at every evaluation; above 1 because what the network says at a place has
/// been leaned before and is half undone again. 32 pieces each: groove .74, .76, .80, .81, .82 and rhythms that return .04, .06,
/// .14, .15, .17 with 0, .5, 1, 1.5, 2.5 (pop909 .85 and .32); in key, chord tones and polyphony as before.
const COUPLING: f32 = 2.0;
/// Log-odds that a step gains or loses at most.
const MOST: f32 = 3.0;
/// Log-odds below which a cell adds nothing worth counting.
const NEGLIGIBLE: f32 = -12.0;
/// Lanes that accompany: their pattern holds. Tunes go where they will.
const ACCOMPANYING: [NoteLane; 4] = [NoteLane::Harmony, NoteLane::Bass, NoteLane::Drums, NoteLane::Sustained];

/// The coupling of one window.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Place in the bar of every step of the window, in steps. (T · STEPS)
    places: Vec<usize>,
    /// Lanes that are drawn somewhere, with their first bit in a row.
    lanes: Vec<(usize, usize)>,
    /// Whether a lane is drawn in a quarter. (T, note lanes)
    open: Vec<[bool; NOTE_LANES]>,
    bits: usize,
}

impl Pattern {
    /// None where nothing is to lean: what keeps its notes keeps its rhythm.
    pub fn of(request: &Request, statement: &Statement, quarters: Range<usize>, layout: &Layout) -> Option<Self> {
        let keeps = matches!(
            request.verb,
            Verb::Vary { .. } | Verb::Morph { .. } | Verb::Perform { .. } | Verb::Arrange { .. }
        );
        if request.as_learned || keeps {
            return None;
        }
        let positions = &statement.canvas.positions[quarters.clone()];
        let state = |quarter: usize, lane: usize| statement.states[quarter][lane];
        let is_open = |quarter, lane| matches!(state(quarter, lane), LaneState::Free | LaneState::Weak(_));
        let open: Vec<[bool; NOTE_LANES]> =
            quarters.clone().map(|quarter| std::array::from_fn(|lane| is_open(quarter, lane))).collect();
        let lanes = layout
            .spans()
            .take(NOTE_LANES)
            .filter(|(block, ..)| ACCOMPANYING.iter().any(|lane| *lane as usize == block.lane))
            .filter(|(block, ..)| open.iter().any(|row| row[block.lane]))
            .map(|(block, _, bit)| (block.lane, bit))
            .collect();
        Some(Self { places: places(positions), lanes, open, bits: layout.bits() })
    }

    /// Leans the context (T, bits) of onsets that may be drawn.
    pub fn lean(&self, look: Look<'_>, context: &mut [f32]) {
        for &(lane, bit) in &self.lanes {
            let odds: Vec<f32> =
                (0..self.places.len()).map(|step| self.log_odds(look, context, lane, bit, step)).collect();
            let means = self.means(&odds);
            for (step, &place) in self.places.iter().enumerate().filter(|(step, _)| self.open[step / STEPS][lane]) {
                let lean = (COUPLING * (means[place] - odds[step])).clamp(-MOST, MOST);
                let first = step / STEPS * self.bits + bit + 2 * (step % STEPS) * PITCHES;
                context[first..first + 2 * PITCHES].iter_mut().step_by(2).for_each(|onset| *onset += lean);
            }
        }
    }

    /// Log-odds that something begins in a lane at a step of the window.
    fn log_odds(&self, look: Look<'_>, context: &[f32], lane: usize, bit: usize, step: usize) -> f32 {
        let (quarter, within) = (step / STEPS, step % STEPS * PITCHES);
        let allowed = &look.allowed[quarter * GROUPS + lane * CELLS + within..][..PITCHES];
        let first = quarter * self.bits + bit + 2 * within;
        let cells = look.evidence[first..].as_chunks::<2>().0.iter().zip(context[first..].as_chunks::<2>().0);
        let mut expected = 0.0f32;
        for (&allowed, (evidence, context)) in allowed.iter().zip(cells) {
            match allowed.within(2).single() {
                Some(choice) => expected += if choice == NoteCell::Onset as u8 { 9.0 } else { 0.0 },
                None => expected += onset(evidence, context, look.temperature),
            }
        }
        log_odds_of(expected)
    }

    /// The mean of every place over the bars, as log-odds. (as many as places)
    fn means(&self, odds: &[f32]) -> Vec<f32> {
        let places = self.places.iter().max().map_or(0, |last| last + 1);
        let (mut sums, mut counts) = (vec![0.0f32; places], vec![0.0f32; places]);
        for (&place, odds) in self.places.iter().zip(odds) {
            sums[place] += 1.0 / (1.0 + (-odds).exp());
            counts[place] += 1.0;
        }
        let logit = |p: f32| (p / (1.0 - p)).ln();
        sums.iter().zip(&counts).map(|(sum, count)| logit((sum / count.max(1.0)).clamp(1e-4, 1.0 - 1e-4))).collect()
    }
}

/// Probability that a note begins in a cell.
fn onset(evidence: &[f32; 2], context: &[f32; 2], temperature: f32) -> f32 {
    let logit = |choice: usize| ((evidence[choice] + context[choice]) / temperature).clamp(-60.0, 60.0);
    let (onset, hold) = (logit(0), logit(1));
    if onset < NEGLIGIBLE {
        return 0.0;
    }
    let onset = onset.exp();
    onset / (1.0 + onset + hold.exp())
}

/// Log-odds that at least one of many rare things happens, of which so many are expected: p = 1 − exp(−expected).
fn log_odds_of(expected: f32) -> f32 {
    expected.max(1e-4).exp_m1().ln().min(9.0)
}

/// Where in its bar every step lies.
fn places(positions: &[BarPosition]) -> Vec<usize> {
    let first = |position: &BarPosition| usize::from(position.eighth) * STEPS / 2;
    positions.iter().flat_map(|position| (0..STEPS).map(|step| first(position) + step).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;
    use aeolian_canvas::Canvas;
    use aeolian_canvas::cells::BLOCKS;
    use aeolian_diffusion::{Block, ChoiceSet, Noise};

    fn layout() -> Layout {
        Layout::new(BLOCKS.iter().map(|b| Block { lane: b.lane, groups: b.groups, choices: b.choices }).collect())
    }

    /// Two bars of 4/4 in which the harmony is drawn; the first has an onset at its second beat for certain.
    fn leaned(request: &Request) -> Option<Vec<f32>> {
        let layout = layout();
        let mut canvas = Canvas::new(8);
        for (quarter, position) in canvas.positions.iter_mut().enumerate() {
            *position = BarPosition { eighth: (quarter * 2 % 8) as u8, bar_eighths: 8 };
        }
        let mut statement = Statement::certain(canvas, &layout);
        statement.ask(0..8, NoteLane::Harmony);
        let pattern = Pattern::of(request, &statement, 0..8, &layout)?;
        let evidence = vec![0.0; 8 * layout.bits()];
        let mut allowed = vec![ChoiceSet::ALL; 8 * layout.groups()];
        allowed[layout.groups() + NoteLane::Harmony as usize * CELLS + 30] = ChoiceSet::only(1);
        let mut context = vec![-6.0; evidence.len()];
        let look = Look {
            item: 0,
            progress: 0.5,
            evidence: &evidence,
            allowed: &allowed,
            temperature: 1.0,
            noise: Noise::new(1),
        };
        pattern.lean(look, &mut context);
        Some(context)
    }

    #[test]
    fn a_bar_leans_towards_what_its_neighbour_plays() {
        let layout = layout();
        let context = leaned(&Request::default()).unwrap();
        let onset = |quarter: usize, step: usize| {
            let bit = 2 * (NoteLane::Harmony as usize * CELLS + step * PITCHES + 40);
            context[quarter * layout.bits() + bit] + 6.0
        };
        assert!(onset(5, 0) > 0.5, "{}", onset(5, 0));
        assert!(onset(1, 0) < 0.0, "the bar that has the onset leans towards the one that has none");
        assert!(onset(4, 0).abs() < 1e-3 && onset(5, 1).abs() < 1e-3, "nothing else moves");
        let melody = 5 * layout.bits();
        assert!(context[melody..melody + 2 * CELLS].iter().all(|&c| c == -6.0));
    }

    #[test]
    fn nothing_leans_where_the_model_is_to_be_heard_as_it_learned_or_rhythm_is_kept() {
        assert_eq!(leaned(&Request { as_learned: true, ..Request::default() }), None);
        let source = Source::new(aeolian_score::Score::new(480));
        assert_eq!(leaned(&Request { verb: Verb::Vary { source, strength: 0.5 }, ..Request::default() }), None);
    }

    #[test]
    fn odds_of_some_of_many() {
        assert!((log_odds_of(2f32.ln())).abs() < 1e-6, "one half");
        assert_eq!(log_odds_of(50.0), 9.0);
        assert!(log_odds_of(0.0) < -9.0);
    }
}
