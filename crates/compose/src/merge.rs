//! New notes beside a person's own: what was not asked for comes back tick for tick.
//!
//! The canvas rounds to twelfths of a quarter; a person's notes need not lie there. So the canvas is only asked for the
//! notes that are new, and the others are taken from the score they came in.

use crate::instruments;
use aeolian_canvas::canvas::STEPS;
use aeolian_canvas::decode::{DecodeContext, DecodeReport, decode};
use aeolian_canvas::encode::{lanes_by_name, step_of};
use aeolian_canvas::{Canvas, NOTE_LANES, NoteLane};
use aeolian_score::quantise::grid_position;
use aeolian_score::{ChordEvent, GRID, Note, Part, Score, Tick};
use std::collections::BTreeSet;

/// Which notes of a source give way to new ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Of every quarter, whether a note lane is asked for there. (Q)
    pub quarters: Vec<[bool; NOTE_LANES]>,
    /// Notes that stay all the same: lane, first step, MIDI pitch as it sounds.
    pub locked: BTreeSet<(usize, usize, u8)>,
}

impl Asked {
    /// Nothing of so many quarters.
    pub fn nothing(quarters: usize) -> Self {
        Self { quarters: vec![[false; NOTE_LANES]; quarters], locked: BTreeSet::new() }
    }

    /// Asks for a lane in some quarters.
    pub fn ask(&mut self, quarters: std::ops::Range<usize>, lane: NoteLane) {
        self.quarters[quarters].iter_mut().for_each(|row| row[lane as usize] = true);
    }

    /// Whether a note is to be a new one. Beyond the last quarter nothing is asked.
    pub fn wants(&self, lane: usize, step: usize, pitch: u8) -> bool {
        self.quarters.get(step / STEPS).is_some_and(|row| row[lane]) && !self.locked.contains(&(lane, step, pitch))
    }
}

/// The step in which a note of a score begins on the canvas.
pub fn step_of_onset(note: &Note, ticks_per_quarter: u32) -> usize {
    step_of(grid_position(note.onset, ticks_per_quarter))
}

/// The source with the asked notes replaced by those of the canvas (in the model's frame; `up` semitones to what sounds).
///
/// The source's resolution must be a multiple of [`GRID`].
pub fn merge(
    source: &Score,
    lanes: &[Option<NoteLane>],
    asked: &Asked,
    canvas: &Canvas,
    up: i32,
    context: &DecodeContext,
) -> (Score, DecodeReport) {
    let factor = source.ticks_per_quarter / GRID;
    let (mut drawn, report) = decode(canvas, context);
    drawn = drawn.transposed(up);
    let drawn_lanes = lanes_by_name(&drawn);
    crate::source::scale_time(&mut drawn, factor);

    let mut merged = source.clone();
    for (part, lane) in merged.parts.iter_mut().zip(lanes) {
        let Some(lane) = lane else { continue };
        part.notes
            .retain(|note| !asked.wants(*lane as usize, step_of_onset(note, source.ticks_per_quarter), note.pitch));
    }
    for (part, lane) in drawn.parts.iter().zip(&drawn_lanes) {
        let Some(lane) = *lane else { continue };
        let is_new =
            |note: &&Note| asked.wants(lane as usize, step_of_onset(note, drawn.ticks_per_quarter), note.pitch);
        let new: Vec<Note> = part.notes.iter().filter(is_new).copied().collect();
        if !new.is_empty() {
            add_to_lane(&mut merged, lanes, lane, new);
        }
    }
    add_marks(&mut merged, &drawn);
    (merged, report)
}

/// Adds notes to the first part of a lane, or to a new part.
fn add_to_lane(merged: &mut Score, lanes: &[Option<NoteLane>], lane: NoteLane, new: Vec<Note>) {
    let known = lanes.iter().position(|l| *l == Some(lane));
    let added = merged.parts.iter().skip(lanes.len()).position(|p| p.name == lane.name()).map(|i| i + lanes.len());
    let index = known.or(added).unwrap_or_else(|| {
        let (program, is_drum) = (instruments::usual_program(lane), !lane.is_pitched());
        merged.parts.push(Part { name: lane.name().to_owned(), program, is_drum, ..Part::default() });
        merged.parts.len() - 1
    });
    let part = &mut merged.parts[index];
    let kept = std::mem::take(&mut part.notes);
    part.notes = new.iter().filter_map(|note| fit_between(*note, &kept)).chain(kept.iter().copied()).collect();
    part.notes.sort();
}

/// A new note without what would sound on a key that a kept note holds; `None` if nothing is left of it.
fn fit_between(mut note: Note, kept: &[Note]) -> Option<Note> {
    for other in kept.iter().filter(|k| k.pitch == note.pitch) {
        let (start, end) = (note.onset.0, note.offset().0);
        if other.onset.0 <= start && start < other.offset().0 {
            note.onset = other.offset();
            note.duration = Tick(end.saturating_sub(note.onset.0));
        } else if start < other.onset.0 && other.onset.0 < end {
            note.duration = Tick(other.onset.0 - start);
        }
    }
    (note.duration.0 > 0).then_some(note)
}

/// What the source does not say of chords, keys, metre and tempo comes from the canvas.
fn add_marks(merged: &mut Score, drawn: &Score) {
    let said_until = merged.chords.iter().map(|c| c.end).max().unwrap_or_default();
    let further = drawn.chords.iter().filter(|c| c.end > said_until);
    let further: Vec<ChordEvent> = further.map(|c| ChordEvent { at: c.at.max(said_until), ..*c }).collect();
    merged.chords.extend(further);
    if merged.keys.is_empty() {
        merged.keys.clone_from(&drawn.keys);
    }
    if merged.meters.is_empty() {
        merged.meters.clone_from(&drawn.meters);
    }
    if merged.tempos.is_empty() {
        merged.tempos.clone_from(&drawn.tempos);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::NoteCell;

    fn source() -> (Score, Vec<Option<NoteLane>>) {
        let mut score = Score::new(480);
        let note = |onset, pitch| Note { onset: Tick(onset), pitch, duration: Tick(333), velocity: 77 };
        score.parts = vec![
            Part { name: "Lead".into(), notes: vec![note(3, 72), note(481, 74), note(970, 76)], ..Part::default() },
            Part { name: "Kit".into(), is_drum: true, notes: vec![note(481, 38)], ..Part::default() },
        ];
        (score, vec![Some(NoteLane::Melody), None])
    }

    fn second_quarter_new() -> (Canvas, Asked) {
        let mut canvas = Canvas::new(4);
        for (step, pitch) in [(0, 40), (4, 57), (6, 74)] {
            *canvas.cell_mut(NoteLane::Melody, step, pitch) = NoteCell::Onset;
        }
        let mut asked = Asked::nothing(4);
        asked.ask(1..2, NoteLane::Melody);
        (canvas, asked)
    }

    #[test]
    fn what_was_not_asked_for_comes_back_tick_for_tick() {
        let (score, lanes) = source();
        let (canvas, asked) = second_quarter_new();
        let (merged, _) = merge(&score, &lanes, &asked, &canvas, 2, &DecodeContext::default());
        assert_eq!(merged.parts[1], score.parts[1]);
        let melody: Vec<(u32, u8)> = merged.parts[0].notes.iter().map(|n| (n.onset.0, n.pitch)).collect();
        assert_eq!(melody, [(3, 72), (480, 59), (720, 76), (970, 76)]);
        let nothing = merge(&score, &lanes, &Asked::nothing(4), &canvas, 2, &DecodeContext::default()).0;
        assert_eq!(nothing.parts, score.parts);
    }

    #[test]
    fn locked_notes_stay_and_new_ones_make_room() {
        let (score, lanes) = source();
        let (canvas, mut asked) = second_quarter_new();
        asked.locked.insert((0, 4, 74));
        let (merged, _) = merge(&score, &lanes, &asked, &canvas, 0, &DecodeContext::default());
        let melody: Vec<(u32, u32, u8)> =
            merged.parts[0].notes.iter().map(|n| (n.onset.0, n.duration.0, n.pitch)).collect();
        // The kept 74 sounds from 481 to 814; the new one at 720 begins after it.
        assert_eq!(melody, [(3, 333, 72), (480, 120, 57), (481, 333, 74), (814, 26, 74), (970, 333, 76)]);
    }

    #[test]
    fn a_lane_without_a_part_gets_one() {
        let (score, lanes) = source();
        let mut canvas = Canvas::new(4);
        *canvas.cell_mut(NoteLane::Harmony, 0, 48) = NoteCell::Onset;
        let mut asked = Asked::nothing(4);
        asked.ask(0..4, NoteLane::Harmony);
        let (merged, _) = merge(&score, &lanes, &asked, &canvas, 0, &DecodeContext::default());
        assert_eq!((merged.parts.len(), merged.parts[2].name.as_str()), (3, "Harmony"));
        assert_eq!(merged.parts[2].notes[0].pitch, 48);
    }
}
