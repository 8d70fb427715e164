//! A canvas as choices: every quarter is a row of [`GROUPS`] small numbers, one per group of exclusive cells.
//!
//! Choice 0 is "none of the cells"; choice c ≥ 1 is the group's c-th cell. [`UNKNOWN`] marks a label that the piece
//! does not have: no evidence and no loss. The numeric half sees [`BLOCKS`] and these numbers, never a note.

use crate::canvas::{CELLS, Canvas, ChordCell, Form, NOTE_LANES, NoteCell, PITCHES, STEPS, StepInfo, Timing};
use crate::idiom::Idiom;
use aeolian_score::{Key, Mode};

/// A label that is not there.
pub const UNKNOWN: u8 = 255;

/// A run of equal groups that share a noise level (a "lane" of the diffusion process).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Which noise level governs it: 0–5 the note lanes, then [`CHORD_LANE`], [`KEY_LANE`], [`FORM_LANE`], six of
    /// loudness from [`LOUDNESS_LANE`] on, six of timing from [`TIMING_LANE`] on, [`ENSEMBLE_LANE`], [`IDIOM_LANE`].
    pub lane: usize,
    /// Groups in a quarter.
    pub groups: usize,
    /// Cells in a group, of which at most one is on.
    pub choices: usize,
}

/// Noise level of the chord blocks.
pub const CHORD_LANE: usize = NOTE_LANES;
/// Noise level of the key block.
pub const KEY_LANE: usize = CHORD_LANE + 1;
/// Noise level of the form block.
pub const FORM_LANE: usize = KEY_LANE + 1;
/// Noise level of the first note lane's loudness; those of the others follow.
pub const LOUDNESS_LANE: usize = FORM_LANE + 1;
/// Noise level of the first note lane's timing; those of the others follow.
pub const TIMING_LANE: usize = LOUDNESS_LANE + NOTE_LANES;
/// Noise level of the block that says which lanes play at all.
pub const ENSEMBLE_LANE: usize = TIMING_LANE + NOTE_LANES;
/// Noise level of the idiom.
pub const IDIOM_LANE: usize = ENSEMBLE_LANE + 1;
/// Noise levels in all.
pub const LANES: usize = IDIOM_LANE + 1;

/// Room for idioms in the idiom block; more than there are, so that a model can learn new ones without a new layout.
pub const IDIOM_CHOICES: usize = 16;

/// Levels of loudness, softest first: level l ≥ 1 holds the MIDI velocities from 8 (l − 1) to 8 l − 1.
pub const LOUDNESS_LEVELS: usize = 16;
/// MIDI velocities in a level.
const LEVEL_VELOCITIES: u8 = 128 / LOUDNESS_LEVELS as u8;

/// The cells of one quarter, in order: six note lanes (step-major, then pitch; choices onset, hold), chord root, chord
/// bass, chord pitch classes, key (12 major, then 12 minor tonics), form; then of each note lane the loudness of every
/// step (none where nothing starts), of each the timing of every step (choices early, late), which lanes play in the
/// piece, and its idiom.
pub const BLOCKS: [Block; 3 * NOTE_LANES + 7] = blocks();

/// Where the blocks after the notes begin.
const LABEL_BLOCKS: usize = NOTE_LANES;

const fn blocks() -> [Block; 3 * NOTE_LANES + 7] {
    let mut blocks = [Block { lane: 0, groups: CELLS, choices: 2 }; 3 * NOTE_LANES + 7];
    let labels = [
        Block { lane: CHORD_LANE, groups: 1, choices: 12 },
        Block { lane: CHORD_LANE, groups: 1, choices: 12 },
        Block { lane: CHORD_LANE, groups: 12, choices: 1 },
        Block { lane: KEY_LANE, groups: 1, choices: 24 },
        Block { lane: FORM_LANE, groups: 4, choices: 1 },
    ];
    let mut i = 0;
    while i < labels.len() {
        blocks[LABEL_BLOCKS + i] = labels[i];
        i += 1;
    }
    let loudness = LABEL_BLOCKS + labels.len();
    let mut lane = 0;
    while lane < NOTE_LANES {
        blocks[lane].lane = lane;
        blocks[loudness + lane] = Block { lane: LOUDNESS_LANE + lane, groups: STEPS, choices: LOUDNESS_LEVELS };
        blocks[loudness + NOTE_LANES + lane] = Block { lane: TIMING_LANE + lane, groups: STEPS, choices: 2 };
        lane += 1;
    }
    blocks[loudness + 2 * NOTE_LANES] = Block { lane: ENSEMBLE_LANE, groups: NOTE_LANES, choices: 1 };
    blocks[loudness + 2 * NOTE_LANES + 1] = Block { lane: IDIOM_LANE, groups: 1, choices: IDIOM_CHOICES };
    blocks
}

/// The three blocks whose cells are pitch classes: chord root, chord bass, chord pitch classes.
pub const PITCH_CLASS_BLOCKS: [usize; 3] = [LABEL_BLOCKS, LABEL_BLOCKS + 1, LABEL_BLOCKS + 2];

/// Groups in one quarter.
pub const GROUPS: usize = IDIOM + 1;

/// Group of the chord's root; bass and twelve pitch classes follow.
pub const ROOT: usize = NOTE_LANES * CELLS;
const BASS: usize = ROOT + 1;
const CHROMA: usize = BASS + 1;
const KEY: usize = CHROMA + 12;
const FORM: usize = KEY + 1;
const LOUDNESS: usize = FORM + 4;
const TIMING: usize = LOUDNESS + NOTE_LANES * STEPS;
const ENSEMBLE: usize = TIMING + NOTE_LANES * STEPS;
const IDIOM: usize = ENSEMBLE + NOTE_LANES;

/// Writes one quarter of a canvas as choices.
///
/// # Panics   if `row` is not [`GROUPS`] long or `quarter` lies outside the canvas.
pub fn write_quarter(canvas: &Canvas, quarter: usize, row: &mut [u8]) {
    assert_eq!(row.len(), GROUPS);
    for lane in 0..NOTE_LANES {
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
    for (lane, steps) in canvas.steps.iter().enumerate() {
        for step in 0..STEPS {
            let info = steps[quarter * STEPS + step];
            let starts = canvas.notes[lane][quarter * CELLS + step * PITCHES..][..PITCHES].contains(&NoteCell::Onset);
            row[LOUDNESS + lane * STEPS + step] = match info.loudness {
                _ if !starts => 0,
                Some(velocity) => 1 + (velocity / LEVEL_VELOCITIES).min(LOUDNESS_LEVELS as u8 - 1),
                None => UNKNOWN,
            };
            row[TIMING + lane * STEPS + step] = info.timing as u8;
        }
    }
    if let Some(ensemble) = canvas.ensembles[quarter] {
        for (choice, plays) in row[ENSEMBLE..].iter_mut().zip(ensemble) {
            *choice = u8::from(plays);
        }
    }
    if let Some(idiom) = canvas.idioms[quarter] {
        row[IDIOM] = 1 + idiom as u8;
    }
}

/// Reads one quarter of choices into a canvas; the inverse of [`write_quarter`] but for loudness, which becomes the
/// middle of its level, and notes of which nothing is known, which are silent. Finer timing and bar positions are not
/// touched.
///
/// # Panics   if `row` is not [`GROUPS`] long, `quarter` lies outside, or a choice is impossible (a bug here).
pub fn read_quarter(canvas: &mut Canvas, quarter: usize, row: &[u8]) {
    assert_eq!(row.len(), GROUPS);
    for lane in 0..NOTE_LANES {
        let cells = &mut canvas.notes[lane][quarter * CELLS..][..CELLS];
        for (cell, choice) in cells.iter_mut().zip(&row[lane * CELLS..]) {
            *cell = match *choice {
                0 | UNKNOWN => NoteCell::Silent,
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
    for (lane, steps) in canvas.steps.iter_mut().enumerate() {
        for step in 0..STEPS {
            let info = &mut steps[quarter * STEPS + step];
            *info = StepInfo { micro: info.micro, ..read_step(row, lane * STEPS + step) };
        }
    }
    canvas.ensembles[quarter] =
        (row[ENSEMBLE] != UNKNOWN).then(|| std::array::from_fn(|lane| row[ENSEMBLE + lane] == 1));
    canvas.idioms[quarter] = row[IDIOM].checked_sub(1).and_then(|number| Idiom::ALL.get(usize::from(number)).copied());
}

fn read_step(row: &[u8], index: usize) -> StepInfo {
    let loudness = match row[LOUDNESS + index] {
        0 | UNKNOWN => None,
        level => Some((level - 1) * LEVEL_VELOCITIES + LEVEL_VELOCITIES / 2),
    };
    let timing = match row[TIMING + index] {
        1 => Timing::Early,
        2 => Timing::Late,
        _ => Timing::On,
    };
    StepInfo { timing, loudness, micro: None }
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
        canvas.steps[1][STEPS].timing = Timing::Early;
        canvas.steps[1][STEPS].loudness = Some(100);
        canvas.steps[0][3].timing = Timing::Late;
        canvas.ensembles[1] = Some([true, false, false, true, false, true]);
        canvas.idioms[0] = Some(Idiom::Piano);
        let mut back = Canvas::new(2);
        let mut row = vec![0; GROUPS];
        for quarter in 0..2 {
            write_quarter(&canvas, quarter, &mut row);
            read_quarter(&mut back, quarter, &row);
        }
        assert_eq!(back, canvas);
    }

    #[test]
    fn loudness_keeps_its_level_and_only_onsets_have_one() {
        let mut canvas = Canvas::new(1);
        let mut row = vec![0; GROUPS];
        for (velocity, level, back) in [(1, 1, 4), (7, 1, 4), (8, 2, 12), (127, 16, 124)] {
            canvas.notes[0][PITCHES + 40] = NoteCell::Onset;
            canvas.steps[0][1].loudness = Some(velocity);
            canvas.steps[0][2].loudness = Some(velocity);
            write_quarter(&canvas, 0, &mut row);
            assert_eq!(row[LOUDNESS..][..STEPS], [0, level, 0, 0]);
            let mut read = Canvas::new(1);
            read_quarter(&mut read, 0, &row);
            assert_eq!((read.steps[0][1].loudness, read.steps[0][2].loudness), (Some(back), None));
        }
        canvas.steps[0][1].loudness = None;
        write_quarter(&canvas, 0, &mut row);
        assert_eq!(row[LOUDNESS + 1], UNKNOWN, "a note of unknown loudness teaches nothing");
    }
}
