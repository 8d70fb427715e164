//! A rule of one's own: any function of a draft, higher better, without a gradient and without a network evaluation.
//!
//! At every step of the way from noise to music the sampler draws several drafts of the window and goes on from the one
//! that the rule likes best (control by candidates, Huang et al. 2024, arXiv:2402.14285). It leans, it does not bind: what
//! must hold belongs into a [`Rule`](crate::rules::Rule).
//!
//! ```
//! use aeolian_compose::own_rule::{Draft, OwnRule};
//! use aeolian_compose::{Composer, Request};
//! use aeolian_canvas::NoteLane;
//!
//! /// The tune shall not leap further than a fifth.
//! struct Singable;
//!
//! impl OwnRule for Singable {
//!     fn name(&self) -> String {
//!         "leaps of at most a fifth".into()
//!     }
//!
//!     fn value(&self, draft: &Draft<'_>) -> f64 {
//!         let tune = draft.notes(NoteLane::Melody);
//!         let too_far = |pair: &[aeolian_compose::own_rule::DraftNote]| pair[0].pitch.abs_diff(pair[1].pitch) > 7;
//!         -(tune.windows(2).filter(|pair| too_far(pair)).count() as f64)
//!     }
//! }
//!
//! let composer = Composer::builtin("transformer")?;
//! let request = Request { bars: Some(1), steps: 2, ..Request::default() };
//! let piece = composer.compose_with(&request, &Singable, &mut |_, _| true)?;
//! assert!(piece.report().contains("leaps of at most a fifth"));
//! # Ok::<(), aeolian_compose::ComposeError>(())
//! ```

use aeolian_canvas::NOTE_LANES;
use aeolian_canvas::canvas::{CELLS, LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::cells::{GROUPS, read_quarter};
use aeolian_canvas::{BarPosition, Canvas, NoteCell, NoteLane};

/// Drafts that compete where a rule does not say otherwise.
pub const CANDIDATES: usize = 8;

/// A person's own rule. Its answers must depend on nothing but the draft, so that a seed gives the same piece again.
pub trait OwnRule: Sync {
    /// What the report calls it: "leaps of at most a fifth".
    fn name(&self) -> String;

    /// How well a draft keeps it, higher better; NaN counts as worst.
    fn value(&self, draft: &Draft<'_>) -> f64;

    /// Drafts that compete at every step, ≥ 1: more obey better and take longer, a draft about a hundredth of a network
    /// evaluation.
    fn candidates(&self) -> usize {
        CANDIDATES
    }
}

/// A note of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DraftNote {
    /// First sixteenth, counted from the beginning of the draft.
    pub start: usize,
    /// Sounding MIDI pitch.
    pub pitch: u8,
    /// First sixteenth after its end.
    pub end: usize,
}

/// What a window (or, in the end, the piece) would be if the sampler stopped here.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Its cells, chords and places in the bar, in the model's frame (C major or A minor).
    pub canvas: &'a Canvas,
    /// Semitones from the frame to what sounds.
    pub up: i32,
    /// Quarters a minute.
    pub qpm: f64,
    /// First quarter of the draft in the piece.
    pub first_quarter: usize,
    /// How far the way is, 0 at its beginning and 1 at its end. Early drafts are guesses.
    pub progress: f64,
}

impl Draft<'_> {
    /// Notes of a lane by when they start, then by pitch. A hold that nothing began is no note yet.
    pub fn notes(&self, lane: NoteLane) -> Vec<DraftNote> {
        let cells = &self.canvas.notes[lane as usize];
        let steps = self.canvas.quarters * STEPS;
        let mut notes = Vec::new();
        for (index, _) in cells.iter().enumerate().filter(|(_, cell)| **cell == NoteCell::Onset) {
            let (start, key) = (index / PITCHES, index % PITCHES);
            let holds = (start + 1..steps).take_while(|step| cells[step * PITCHES + key] == NoteCell::Hold);
            let sounding = i32::from(LOWEST_PITCH) + key as i32 + self.up;
            notes.push(DraftNote { start, pitch: sounding.clamp(0, 127) as u8, end: start + 1 + holds.count() });
        }
        notes
    }
}

/// Reads the drafts of one window for a rule.
pub(crate) struct Reader<'a> {
    pub(crate) rule: &'a dyn OwnRule,
    pub(crate) up: i32,
    pub(crate) qpm: f64,
    pub(crate) first_quarter: usize,
    pub(crate) positions: Vec<BarPosition>,
    /// Of every quarter, the note lanes that are left out.
    pub(crate) left_out: Vec<[bool; NOTE_LANES]>,
}

impl Reader<'_> {
    /// The value of drawn choices (T, groups).
    pub(crate) fn value(&self, progress: f64, choices: &[u8]) -> f64 {
        let mut canvas = Canvas::new(self.positions.len());
        canvas.positions.clone_from(&self.positions);
        for (quarter, row) in choices.chunks_exact(GROUPS).enumerate() {
            read_quarter(&mut canvas, quarter, row);
            for lane in (0..NOTE_LANES).filter(|&lane| self.left_out[quarter][lane]) {
                canvas.notes[lane][quarter * CELLS..][..CELLS].fill(NoteCell::Silent);
            }
        }
        let Self { up, qpm, first_quarter, .. } = *self;
        let value = self.rule.value(&Draft { canvas: &canvas, up, qpm, first_quarter, progress });
        if value.is_nan() { f64::NEG_INFINITY } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_tells_its_notes_as_they_sound() {
        let mut canvas = Canvas::new(2);
        for (step, pitch, cell) in
            [(0, 60, NoteCell::Onset), (1, 60, NoteCell::Hold), (0, 64, NoteCell::Onset), (6, 62, NoteCell::Hold)]
        {
            *canvas.cell_mut(NoteLane::Melody, step, pitch) = cell;
        }
        let draft = Draft { canvas: &canvas, up: -3, qpm: 90.0, first_quarter: 0, progress: 1.0 };
        let note = |start, pitch, end| DraftNote { start, pitch, end };
        assert_eq!(draft.notes(NoteLane::Melody), [note(0, 57, 2), note(0, 61, 1)]);
        assert_eq!(draft.notes(NoteLane::Harmony), []);
    }
}
