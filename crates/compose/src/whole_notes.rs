//! Every note of a drawn canvas whole: a hold that nothing began becomes a note or goes, as reading would have it.
//!
//! Done once, on the canvas itself, so that whoever counts its cells and whoever counts the notes of the score counts the same.

use aeolian_canvas::canvas::{PITCHES, STEPS};
use aeolian_canvas::decode::DecodeReport;
use aeolian_canvas::{Canvas, NoteCell, NoteLane};
use std::ops::Range;

/// Begins runs of two or more holds that nothing began, as loud as what began before them in their lane, and takes
/// single ones away. Counts both as [`aeolian_canvas::decode::decode`] does.
pub fn complete(canvas: &mut Canvas) -> DecodeReport {
    let mut report = DecodeReport::default();
    for lane in NoteLane::ALL {
        for key in 0..PITCHES {
            for run in orphans(canvas, lane, key) {
                if run.len() == 1 {
                    canvas.notes[lane as usize][run.start * PITCHES + key] = NoteCell::Silent;
                    report.orphan_holds_dropped += 1;
                } else {
                    canvas.notes[lane as usize][run.start * PITCHES + key] = NoteCell::Onset;
                    report.orphan_holds_started += 1;
                    let steps = &mut canvas.steps[lane as usize];
                    let before = steps[..run.start].iter().rev().find_map(|info| info.loudness);
                    let loudness = &mut steps[run.start].loudness;
                    *loudness = loudness.or(before);
                }
            }
        }
    }
    report
}

/// Runs of holds without an onset, as steps.
fn orphans(canvas: &Canvas, lane: NoteLane, key: usize) -> Vec<Range<usize>> {
    let cells = &canvas.notes[lane as usize];
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut sounds = false;
    for step in 0..canvas.quarters * STEPS {
        match cells[step * PITCHES + key] {
            NoteCell::Hold if sounds => {}
            NoteCell::Hold => match runs.last_mut().filter(|run| run.end == step) {
                Some(run) => run.end = step + 1,
                None => runs.push(step..step + 1),
            },
            cell => sounds = cell == NoteCell::Onset,
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::decode::{DecodeContext, decode};

    fn drawn(cells: &[(usize, NoteCell)]) -> Canvas {
        let mut canvas = Canvas::new(4);
        for &(step, cell) in cells {
            *canvas.cell_mut(NoteLane::Harmony, step, 60) = cell;
        }
        canvas
    }

    #[test]
    fn a_completed_canvas_is_read_as_the_drawn_one_was() {
        use NoteCell::{Hold, Onset, Silent};
        let cells =
            [(0, Hold), (1, Hold), (2, Onset), (3, Hold), (4, Silent), (5, Hold), (7, Hold), (8, Hold), (9, Onset)];
        let before = drawn(&cells);
        let mut after = before.clone();
        let report = complete(&mut after);
        assert_eq!((report.orphan_holds_started, report.orphan_holds_dropped), (2, 1));
        let read = |canvas: &Canvas| decode(canvas, &DecodeContext::default());
        assert_eq!(read(&before).0.parts, read(&after).0.parts);
        let again = read(&after).1;
        assert_eq!((again.orphan_holds_started, again.orphan_holds_dropped), (0, 0));
        let onsets = after.notes[NoteLane::Harmony as usize].iter().filter(|c| **c == Onset).count();
        assert_eq!(onsets, read(&after).0.parts[0].notes.len());
    }

    #[test]
    fn what_is_begun_late_is_as_loud_as_what_came_before() {
        let mut canvas = drawn(&[(0, NoteCell::Onset), (4, NoteCell::Hold), (5, NoteCell::Hold)]);
        canvas.steps[NoteLane::Harmony as usize][0].loudness = Some(44);
        complete(&mut canvas);
        assert_eq!(canvas.steps[NoteLane::Harmony as usize][4].loudness, Some(44));
    }

    #[test]
    fn whole_notes_stay() {
        let before = drawn(&[(0, NoteCell::Onset), (1, NoteCell::Hold)]);
        let mut after = before.clone();
        assert_eq!(complete(&mut after), DecodeReport::default());
        assert_eq!(after, before);
    }
}
