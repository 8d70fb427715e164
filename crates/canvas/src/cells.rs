//! A canvas as choices: every quarter is a row of [`GROUPS`] small numbers, one per group of exclusive cells.
//!
//! Choice 0 is "none of the cells"; choice c ≥ 1 is the group's c-th cell. [`UNKNOWN`] marks a label that the piece
//! does not have: no evidence and no loss. The numeric half sees [`BLOCKS`] and these numbers, never a note.

use crate::canvas::{CELLS, Canvas, ChordCell, Form, NoteCell};
use aeolian_score::{Key, Mode};

/// A label that is not there.
pub const UNKNOWN: u8 = 255;

/// A run of equal groups that share a noise level (a "lane" of the diffusion process).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Which noise level governs it: 0–2 the note lanes, then [`CHORD_LANE`], [`KEY_LANE`], [`FORM_LANE`].
    pub lane: usize,
    /// Groups in a quarter.
    pub groups: usize,
    /// Cells in a group, of which at most one is on.
    pub choices: usize,
}

/// Noise level of the chord blocks.
pub const CHORD_LANE: usize = 3;
/// Noise level of the key block.
pub const KEY_LANE: usize = 4;
/// Noise level of the form block.
pub const FORM_LANE: usize = 5;
/// Noise levels in all.
pub const LANES: usize = 6;

/// The cells of one quarter, in order: three note lanes (step-major, then pitch; choices onset, hold), chord root,
/// chord bass, chord pitch classes, key (12 major, then 12 minor tonics), form.
pub const BLOCKS: [Block; 8] = [
    Block { lane: 0, groups: CELLS, choices: 2 },
    Block { lane: 1, groups: CELLS, choices: 2 },
    Block { lane: 2, groups: CELLS, choices: 2 },
    Block { lane: CHORD_LANE, groups: 1, choices: 12 },
    Block { lane: CHORD_LANE, groups: 1, choices: 12 },
    Block { lane: CHORD_LANE, groups: 12, choices: 1 },
    Block { lane: KEY_LANE, groups: 1, choices: 24 },
    Block { lane: FORM_LANE, groups: 4, choices: 1 },
];

/// Groups in one quarter.
pub const GROUPS: usize = 3 * CELLS + 1 + 1 + 12 + 1 + 4;

const ROOT: usize = 3 * CELLS;
const BASS: usize = ROOT + 1;
const CHROMA: usize = BASS + 1;
const KEY: usize = CHROMA + 12;
const FORM: usize = KEY + 1;

/// Writes one quarter of a canvas as choices.
///
/// # Panics   if `row` is not [`GROUPS`] long or `quarter` lies outside the canvas.
pub fn write_quarter(canvas: &Canvas, quarter: usize, row: &mut [u8]) {
    assert_eq!(row.len(), GROUPS);
    for lane in 0..3 {
        let cells = &canvas.notes[lane][quarter * CELLS..][..CELLS];
        for (choice, cell) in row[lane * CELLS..][..CELLS].iter_mut().zip(cells) {
            *choice = *cell as u8;
        }
    }
    row[ROOT..].fill(UNKNOWN);
    if let Some(chord) = canvas.chords[quarter] {
        row[ROOT] = chord.root.map_or(0, |pc| pc + 1);
        row[BASS] = chord.bass.map_or(0, |pc| pc + 1);
        for pc in 0..12 {
            row[CHROMA + pc] = (chord.pitch_classes >> pc & 1) as u8;
        }
    }
    if let Some(key) = canvas.keys[quarter] {
        row[KEY] = 1 + key.tonic + if key.mode == Mode::Minor { 12 } else { 0 };
    }
    if let Some(form) = canvas.form[quarter] {
        let facts = [form.section_start, form.section_end, form.instrumental, form.piece_end];
        for (choice, fact) in row[FORM..].iter_mut().zip(facts) {
            *choice = u8::from(fact);
        }
    }
}

/// Reads one quarter of choices into a canvas; the inverse of [`write_quarter`]. Timing, loudness and bar positions
/// are not touched.
///
/// # Panics   if `row` is not [`GROUPS`] long, `quarter` lies outside, or a choice is impossible (a bug here).
pub fn read_quarter(canvas: &mut Canvas, quarter: usize, row: &[u8]) {
    assert_eq!(row.len(), GROUPS);
    for lane in 0..3 {
        let cells = &mut canvas.notes[lane][quarter * CELLS..][..CELLS];
        for (cell, choice) in cells.iter_mut().zip(&row[lane * CELLS..]) {
            *cell = match choice {
                0 => NoteCell::Silent,
                1 => NoteCell::Onset,
                2 => NoteCell::Hold,
                other => panic!("a note cell has no choice {other}"),
            };
        }
    }
    canvas.chords[quarter] = (row[ROOT] != UNKNOWN).then(|| ChordCell {
        root: row[ROOT].checked_sub(1),
        bass: row[BASS].checked_sub(1),
        pitch_classes: (0..12).fold(0, |set, pc| set | u16::from(row[CHROMA + pc] == 1) << pc),
    });
    canvas.keys[quarter] = match row[KEY] {
        0 | UNKNOWN => None,
        choice => Some(Key { tonic: (choice - 1) % 12, mode: if choice > 12 { Mode::Minor } else { Mode::Major } }),
    };
    canvas.form[quarter] = (row[FORM] != UNKNOWN).then(|| Form {
        section_start: row[FORM] == 1,
        section_end: row[FORM + 1] == 1,
        instrumental: row[FORM + 2] == 1,
        piece_end: row[FORM + 3] == 1,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_add_up_to_a_quarter() {
        assert_eq!(BLOCKS.iter().map(|b| b.groups).sum::<usize>(), GROUPS);
    }

    #[test]
    fn choices_and_back_is_identity() {
        let mut canvas = Canvas::new(2);
        canvas.notes[1][CELLS + 5] = NoteCell::Onset;
        canvas.notes[2][7] = NoteCell::Hold;
        canvas.chords[0] = Some(ChordCell { root: Some(7), bass: Some(11), pitch_classes: 0b1000_1000_0100 });
        canvas.chords[1] = Some(ChordCell { root: None, bass: None, pitch_classes: 0 });
        canvas.keys[1] = Some(Key { tonic: 11, mode: Mode::Minor });
        canvas.form[0] = Some(Form { section_end: true, ..Form::default() });
        let mut back = Canvas::new(2);
        let mut row = vec![0; GROUPS];
        for quarter in 0..2 {
            write_quarter(&canvas, quarter, &mut row);
            read_quarter(&mut back, quarter, &row);
        }
        assert_eq!(back, canvas);
    }
}
