//! Which of several candidates comes first: how likely the model finds its new notes, and how near it is to the wish.

use crate::composer::{ComposeError, Composer, Composition};
use crate::control::Kept;
use crate::statement::{Statement, WINDOW, Window};
use crate::verbs::Job;
use aeolian_canvas::canvas::CELLS;
use aeolian_canvas::cells::{LANES, LOUDNESS_LANE};
use aeolian_canvas::{Canvas, NOTE_LANES, NoteCell};
use aeolian_diffusion::bound::{BoundSettings, likelihood_bound};
use aeolian_diffusion::{Denoiser, LaneState};
use serde::Serialize;

/// Looks at every window; more would tell close candidates apart more surely and take longer.
const DRAWS: usize = 6;

/// A candidate's marks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Marks {
    /// Upper bound of −log p of its new notes given all else, in nats a new note: lower is what the model finds more
    /// natural. `None` where nothing is new.
    pub nats_a_note: Option<f64>,
    /// Rules that are broken (0 unless given notes break them).
    pub broken: usize,
    /// New notes.
    pub new_notes: usize,
}

impl Marks {
    /// What people are told.
    pub fn sentence(&self) -> String {
        match self.nats_a_note {
            Some(nats) => format!("{} new notes, {nats:.2} nats a note (lower is more natural)", self.new_notes),
            None => "nothing new".to_owned(),
        }
    }
}

/// Sorts candidates, the best first: unbroken rules, then the fewest nats a note. All are looked at through the same
/// noise, so that luck does not decide.
pub fn order(marks: &[Marks]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..marks.len()).collect();
    let key = |m: &Marks| m.nats_a_note.unwrap_or(f64::INFINITY);
    order.sort_by(|&a, &b| {
        let (a, b) = (&marks[a], &marks[b]);
        a.broken.cmp(&b.broken).then(key(a).total_cmp(&key(b)))
    });
    order
}

impl Composer {
    /// The marks of a finished piece.
    pub fn marks(&self, piece: &Composition) -> Result<Marks, ComposeError> {
        let job = self.state(&piece.recipe.request)?;
        let new_notes = new_notes(&job.statement, &piece.canvas);
        let broken = piece.controls.iter().filter(|c| c.kept == Kept::Broken).count();
        let nats = self.nats(&job, &piece.canvas)?;
        let nats_a_note = (new_notes > 0).then(|| nats / new_notes as f64);
        Ok(Marks { nats_a_note, broken, new_notes })
    }

    /// Bound of −log p of the asked notes, window by window, each given what was drawn before it.
    fn nats(&self, job: &Job, canvas: &Canvas) -> Result<f64, ComposeError> {
        let layout = self.model().layout();
        let mut total = 0.0;
        for window in windows(&job.statement) {
            let statement = asked_in(&job.statement, canvas, &window);
            let task = statement.task(layout, &window, window.quarters.start as u64);
            let settings = BoundSettings { draws: DRAWS, batch: 1, ..BoundSettings::default() };
            total += likelihood_bound(self.model(), &[task], settings)?.nats;
        }
        Ok(total)
    }
}

/// Windows that follow one another, without overlap, over what is asked.
fn windows(statement: &Statement) -> Vec<Window> {
    let open = |q: usize| (0..NOTE_LANES).any(|lane| statement.is_open(q, lane));
    let mut windows = Vec::new();
    let mut next = (0..statement.quarters()).find(|&q| open(q));
    while let Some(first) = next {
        let start = first.min(statement.quarters().saturating_sub(WINDOW));
        let end = (start + WINDOW).min(statement.quarters());
        windows.push(Window { quarters: start..end });
        next = (end..statement.quarters()).find(|&q| open(q));
    }
    windows
}

/// The finished canvas, asking again for the notes of one window that were asked for.
fn asked_in(statement: &Statement, canvas: &Canvas, window: &Window) -> Statement {
    let mut again = statement.clone();
    again.canvas.clone_from(canvas);
    again.lean.clear();
    again.blend = None;
    for (quarter, row) in again.states.iter_mut().enumerate() {
        for (lane, state) in row.iter_mut().enumerate().take(LANES) {
            if matches!(state, LaneState::Free | LaneState::Weak(_)) {
                let asked = lane < NOTE_LANES && window.quarters.contains(&quarter);
                // Loudness and chords were drawn with the notes: here they are not part of the question.
                *state = match asked {
                    true => LaneState::Free,
                    false if lane >= LOUDNESS_LANE || lane >= NOTE_LANES => LaneState::Unknown,
                    false => LaneState::Given,
                };
            }
        }
    }
    again
}

fn new_notes(statement: &Statement, canvas: &Canvas) -> usize {
    (0..canvas.quarters)
        .flat_map(|quarter| (0..NOTE_LANES).map(move |lane| (quarter, lane)))
        .filter(|&(quarter, lane)| statement.is_open(quarter, lane))
        .map(|(quarter, lane)| {
            let cells = &canvas.notes[lane][quarter * CELLS..][..CELLS];
            cells.iter().filter(|&&c| c == NoteCell::Onset).count()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_rules_come_last_and_natural_notes_first() {
        let marks = |nats, broken| Marks { nats_a_note: nats, broken, new_notes: 3 };
        let all = [marks(Some(3.0), 0), marks(Some(1.0), 1), marks(None, 0), marks(Some(2.0), 0)];
        assert_eq!(order(&all), [3, 0, 2, 1]);
    }
}
