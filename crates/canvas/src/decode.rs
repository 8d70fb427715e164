//! From a [`Canvas`] back to a [`Score`]: the inverse of `encode`, and lenient towards canvases a model drew.
//!
//! A canvas from a model may hold what no score would write: a hold that nothing started. Two steps or more of it are
//! meant as a note and become one; a single one is an accident and is dropped. Both are counted.

use crate::bars::{EIGHTH, bar_end, bars};
use crate::canvas::{
    BarPosition, Canvas, ChordCell, LOWEST_PITCH, NOTE_LANES, NoteCell, NoteLane, PITCHES, STEPS, Timing,
};
use crate::encode::position;
use aeolian_score::{Chord, ChordEvent, GRID, KeyChange, MeterChange, Note, Part, Score, Section, TempoChange, Tick};

/// What a canvas does not say about a piece.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodeContext {
    /// Tempo in quarters a minute, > 0.
    pub qpm: f64,
    /// Title of the score, or empty.
    pub title: String,
    /// MIDI velocity (1–127) of notes whose loudness is unknown, by lane.
    pub default_velocities: [u8; NOTE_LANES],
    /// Read bars of six eighths as 6/8 instead of 3/4, which the canvas cannot tell apart.
    pub six_eighths: bool,
}

impl Default for DecodeContext {
    /// 90 quarters a minute (the middle of pop909), the tune a little above its accompaniment, 3/4.
    fn default() -> Self {
        Self { qpm: 90.0, title: String::new(), default_velocities: [96, 80, 72, 84, 80, 64], six_eighths: false }
    }
}

/// What had to be understood rather than read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecodeReport {
    /// Runs of two or more holds without an onset, taken for notes.
    pub orphan_holds_started: usize,
    /// Single holds without an onset, dropped.
    pub orphan_holds_dropped: usize,
    /// Notes whose loudness was unknown and came from the context.
    pub loudness_assumed: usize,
}

/// Reads a canvas as a score with [`GRID`] ticks a quarter. Lanes without a note give no part.
pub fn decode(canvas: &Canvas, context: &DecodeContext) -> (Score, DecodeReport) {
    let mut report = DecodeReport::default();
    let mut score = Score::new(GRID);
    score.title.clone_from(&context.title);
    score.tempos = vec![TempoChange { at: Tick(0), qpm: context.qpm }];
    for lane in NoteLane::ALL {
        let notes = read_lane(canvas, lane, context, &mut report);
        if !notes.is_empty() {
            let is_drum = !lane.is_pitched();
            score.parts.push(Part { name: lane.name().to_owned(), notes, is_drum, ..Part::default() });
        }
    }
    score.meters = read_meters(&canvas.positions, context.six_eighths);
    score.chords = read_chords(canvas);
    score.keys = read_keys(canvas);
    score.sections = read_sections(canvas);
    (score, report)
}

fn read_lane(canvas: &Canvas, lane: NoteLane, context: &DecodeContext, report: &mut DecodeReport) -> Vec<Note> {
    let mut notes = Vec::new();
    for key in 0..PITCHES as u8 {
        let pitch = LOWEST_PITCH + key;
        for (start, end) in read_pitch(canvas, lane, pitch, report) {
            let loudness = canvas.steps[lane as usize][start].loudness;
            report.loudness_assumed += usize::from(loudness.is_none());
            let onset = position(start, timing(canvas, lane, start));
            let offset = position(end, timing(canvas, lane, end));
            notes.push(Note {
                onset: Tick(onset),
                pitch,
                duration: Tick(offset - onset),
                velocity: loudness.unwrap_or(context.default_velocities[lane as usize]).clamp(1, 127),
            });
        }
    }
    notes.sort();
    notes
}

/// The timing class of a step; the step after the last is on time.
fn timing(canvas: &Canvas, lane: NoteLane, step: usize) -> Timing {
    canvas.steps[lane as usize].get(step).map_or(Timing::On, |info| info.timing)
}

/// The notes of one pitch as (first step, first step after).
fn read_pitch(canvas: &Canvas, lane: NoteLane, pitch: u8, report: &mut DecodeReport) -> Vec<(usize, usize)> {
    let steps = canvas.quarters * STEPS;
    let holds_at = |step: usize| step < steps && canvas.cell(lane, step, pitch) == NoteCell::Hold;
    let mut notes = Vec::new();
    let mut step = 0;
    while step < steps {
        let start = step;
        let cell = canvas.cell(lane, start, pitch);
        step += 1;
        if cell == NoteCell::Silent {
            continue;
        }
        while holds_at(step) {
            step += 1;
        }
        match (cell, step - start) {
            (NoteCell::Hold, 1) => report.orphan_holds_dropped += 1,
            (NoteCell::Hold, _) => {
                report.orphan_holds_started += 1;
                notes.push((start, step));
            }
            _ => notes.push((start, step)),
        }
    }
    notes
}

/// Metre changes that put every quarter where the canvas says it stands. A canvas that begins inside a bar begins
/// with a short bar (an upbeat).
fn read_meters(positions: &[BarPosition], six_eighths: bool) -> Vec<MeterChange> {
    let mut meters: Vec<MeterChange> = Vec::new();
    let mut push = |at: i64, eighths: i64| {
        let (numerator, denominator) = meter_of(eighths as u8, six_eighths);
        meters.push(MeterChange { at: Tick(at as u32), numerator, denominator });
    };
    let eighth = i64::from(EIGHTH);
    // Where some bar of the metre in force begins (perhaps before the piece), its length, and the last change.
    let (mut bar_start, mut length, mut last_change) = (0i64, 0i64, None);
    for (quarter, position) in positions.iter().enumerate() {
        let here = quarter as i64 * i64::from(GRID);
        let (place, eighths) = (i64::from(position.eighth), i64::from(position.bar_eighths.max(1)));
        if length == eighths && (here - bar_start).rem_euclid(eighths * eighth) == place * eighth {
            continue;
        }
        length = eighths;
        bar_start = here - place * eighth;
        let earliest = last_change.map_or(0, |at: i64| at + eighth);
        if bar_start >= earliest {
            push(bar_start, eighths);
            last_change = Some(bar_start);
        } else {
            // The bar began before anything we may write: what is left of it is a bar of its own.
            let at = here.max(earliest);
            let left = (eighths - place).max(1);
            push(at, left);
            push(at + left * eighth, eighths);
            last_change = Some(at + left * eighth);
        }
    }
    meters
}

/// A metre of so many eighths: quarters where they fit, else eighths.
fn meter_of(eighths: u8, six_eighths: bool) -> (u8, u8) {
    match eighths {
        6 if six_eighths => (6, 8),
        12 => (12, 8),
        even if even % 2 == 0 => (even / 2, 4),
        odd => (odd, 8),
    }
}

fn read_chords(canvas: &Canvas) -> Vec<ChordEvent> {
    let mut chords: Vec<ChordEvent> = Vec::new();
    for (quarter, cell) in canvas.chords.iter().enumerate() {
        let Some(cell) = cell else { continue };
        let (at, end) = (Tick(quarter as u32 * GRID), Tick((quarter as u32 + 1) * GRID));
        let chord = chord_of(*cell);
        match chords.last_mut().filter(|last| last.end == at && last.chord == chord) {
            Some(last) => last.end = end,
            None => chords.push(ChordEvent { at, end, chord }),
        }
    }
    chords
}

fn chord_of(cell: ChordCell) -> Option<Chord> {
    let root = cell.root?;
    Some(Chord::from_pitch_classes(root, cell.bass.unwrap_or(root), cell.pitch_classes))
}

fn read_keys(canvas: &Canvas) -> Vec<KeyChange> {
    let mut keys: Vec<KeyChange> = Vec::new();
    for (quarter, key) in canvas.keys.iter().enumerate() {
        if let Some(key) = *key
            && keys.last().is_none_or(|last| last.key != key)
        {
            keys.push(KeyChange { at: Tick(quarter as u32 * GRID), key });
        }
    }
    keys
}

/// Sections from one `section_start` to its `section_end`, or to the next start. The canvas does not know their names:
/// they are numbered, and instrumental ones are "i".
fn read_sections(canvas: &Canvas) -> Vec<Section> {
    let bars = bars(&canvas.positions);
    let mut sections: Vec<Section> = Vec::new();
    let mut open = false;
    let mut sung = 0;
    for (index, bar) in bars.iter().enumerate() {
        let Some(form) = canvas.form[bar.first_quarter] else {
            open = false;
            continue;
        };
        let end = Tick(bar_end(&bars, index, canvas.quarters));
        if form.section_start {
            let label = if form.instrumental {
                "i".to_owned()
            } else {
                sung += 1;
                sung.to_string()
            };
            sections.push(Section { at: Tick(bar.start), end, label });
            open = true;
        } else if open {
            sections.last_mut().expect("an open section was pushed").end = end;
        }
        open &= !form.section_end;
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Form, StepInfo};

    fn notes(canvas: &Canvas) -> (Vec<(u32, u32, u8)>, DecodeReport) {
        let (score, report) = decode(canvas, &DecodeContext::default());
        let notes = score.parts.iter().flat_map(|p| &p.notes).map(|n| (n.onset.0, n.duration.0, n.velocity));
        (notes.collect(), report)
    }

    fn canvas_with(cells: &[(usize, NoteCell)]) -> Canvas {
        let mut canvas = Canvas::new(4);
        for (step, cell) in cells {
            *canvas.cell_mut(NoteLane::Melody, *step, 60) = *cell;
        }
        canvas
    }

    #[test]
    fn a_run_of_holds_without_an_onset_is_a_note_and_a_single_one_is_not() {
        use NoteCell::{Hold, Onset, Silent};
        let lone = canvas_with(&[(3, Hold), (4, Silent), (7, Hold), (8, Onset), (15, Hold)]);
        let (found, report) = notes(&lone);
        assert_eq!(found, [(24, 3, 96)]);
        assert_eq!((report.orphan_holds_dropped, report.orphan_holds_started, report.loudness_assumed), (3, 0, 1));
        let (found, report) = notes(&canvas_with(&[(0, Hold), (1, Hold), (2, Onset), (14, Hold), (15, Hold)]));
        assert_eq!(found, [(0, 6, 96), (6, 3, 96), (42, 6, 96)]);
        assert_eq!((report.orphan_holds_dropped, report.orphan_holds_started), (0, 2));
    }

    #[test]
    fn timing_and_loudness_are_read_from_the_step() {
        let mut canvas = canvas_with(&[(1, NoteCell::Onset), (2, NoteCell::Hold)]);
        canvas.steps[0][1] = StepInfo { timing: Timing::Late, loudness: Some(50), micro: None };
        canvas.steps[0][3].timing = Timing::Early;
        assert_eq!(notes(&canvas).0, [(4, 4, 50)]);
        // The first step cannot be early: there is nothing before it.
        let mut canvas = canvas_with(&[(0, NoteCell::Onset)]);
        canvas.steps[0][0].timing = Timing::Early;
        assert_eq!(notes(&canvas).0, [(0, 3, 96)]);
    }

    fn meters(positions: &[(u8, u8)], six_eighths: bool) -> Vec<(u32, u8, u8)> {
        let positions: Vec<_> =
            positions.iter().map(|&(eighth, bar_eighths)| BarPosition { eighth, bar_eighths }).collect();
        read_meters(&positions, six_eighths).iter().map(|m| (m.at.0, m.numerator, m.denominator)).collect()
    }

    #[test]
    fn metres_come_from_the_places_of_quarters() {
        assert_eq!(meters(&[(0, 8), (2, 8), (4, 8), (6, 8), (0, 8)], false), [(0, 4, 4)]);
        assert_eq!(meters(&[(0, 6), (2, 6), (4, 6), (0, 6)], true), [(0, 6, 8)]);
        assert_eq!(meters(&[(0, 6), (2, 6), (4, 6), (0, 6)], false), [(0, 3, 4)]);
        assert_eq!(meters(&[(0, 7), (2, 7), (4, 7), (6, 7), (1, 7), (3, 7)], false), [(0, 7, 8)]);
        assert_eq!(meters(&[(0, 8), (2, 8), (0, 6), (2, 6), (4, 6), (0, 6)], false), [(0, 4, 4), (24, 3, 4)]);
        assert_eq!(meters(&[(0, 8), (2, 8), (0, 8), (2, 8)], false), [(0, 4, 4), (24, 4, 4)], "a bar cut short");
    }

    #[test]
    fn a_canvas_that_begins_inside_a_bar_begins_with_an_upbeat() {
        assert_eq!(meters(&[(4, 8), (6, 8), (0, 8), (2, 8)], false), [(0, 2, 4), (24, 4, 4)]);
        let nonsense = meters(&[(255, 8), (9, 1), (3, 0), (0, 255)], false);
        assert!(nonsense.is_sorted_by(|a, b| a.0 < b.0), "{nonsense:?}");
    }

    #[test]
    fn sections_are_numbered_and_instrumental_ones_are_i() {
        let mut canvas = Canvas::new(20);
        let form = |section_start, section_end, instrumental| {
            Some(Form { section_start, section_end, instrumental, piece_end: false })
        };
        canvas.form[0..4].fill(form(true, true, true));
        canvas.form[4..8].fill(form(true, false, false));
        canvas.form[8..12].fill(form(false, true, false));
        canvas.form[12..16].fill(form(false, false, false));
        canvas.form[16..20].fill(form(true, false, false));
        let sections: Vec<_> = read_sections(&canvas).into_iter().map(|s| (s.at.0, s.end.0, s.label)).collect();
        assert_eq!(sections, [(0, 48, "i".into()), (48, 144, "1".into()), (192, 240, "2".into())]);
    }

    #[test]
    fn equal_chords_and_keys_become_one() {
        let mut canvas = Canvas::new(4);
        let g_over_b = ChordCell { root: Some(7), bass: Some(11), pitch_classes: 1 << 7 | 1 << 11 | 1 << 2 };
        canvas.chords[1..3].fill(Some(g_over_b));
        canvas.chords[3] = Some(ChordCell { root: None, bass: None, pitch_classes: 0 });
        let chords: Vec<_> = read_chords(&canvas).iter().map(|c| (c.at.0, c.end.0, c.chord)).collect();
        let chord = Chord { root: 7, quality: aeolian_score::ChordQuality::Major, bass: 11 };
        assert_eq!(chords, [(12, 36, Some(chord)), (36, 48, None)]);
        let key = aeolian_score::Key { tonic: 7, mode: aeolian_score::Mode::Major };
        canvas.keys = vec![None, Some(key), Some(key), None];
        assert_eq!(read_keys(&canvas), [KeyChange { at: Tick(12), key }]);
    }
}
