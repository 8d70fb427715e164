//! Where a window of the model's canvas stands in the piece that people hear.

use super::strong_beat::is_strong;
use aeolian_canvas::canvas::{LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::{BarPosition, Canvas, ChordCell};
use aeolian_score::Chord;

/// Groups of a row of choices that hold the chord: root, bass, then twelve pitch classes.
pub(super) use aeolian_canvas::cells::ROOT;
const BASS: usize = ROOT + 1;
const CHROMA: usize = BASS + 1;

/// One window of the canvas: T quarters in C major or A minor, and what turns them into sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Semitones from the canvas up to what sounds, −6 to 5.
    pub up: i32,
    /// Quarters a minute, > 0.
    pub qpm: f64,
    /// Where each quarter stands in its bar. (T)
    pub positions: Vec<BarPosition>,
    /// The chords that are given, in the canvas's key; `None` where they are drawn or unknown. (T)
    pub chords: Vec<Option<ChordCell>>,
    /// Whether the piece begins with this window. If not, what is held in its first step began before it.
    pub starts_piece: bool,
}

impl Frame {
    /// The frame of a canvas (or a window of one) whose chords, where it has any, are given.
    pub fn of(canvas: &Canvas, up: i32, qpm: f64, starts_piece: bool) -> Self {
        Self { up, qpm, positions: canvas.positions.clone(), chords: canvas.chords.clone(), starts_piece }
    }

    /// Quarters in the window.
    pub fn quarters(&self) -> usize {
        self.positions.len()
    }

    /// The MIDI pitch that a key of the canvas sounds.
    pub(super) fn sounding(&self, key: usize) -> i32 {
        i32::from(LOWEST_PITCH) + key as i32 + self.up
    }

    /// Whether a key sounds a pitch class of this set.
    pub(super) fn is_in(&self, pitch_classes: u16, key: usize) -> bool {
        pitch_classes >> self.sounding(key).rem_euclid(12) & 1 == 1
    }

    /// Whether a step, counted from the start of the window, is a strong beat. A bar that ends inside a quarter (7/8) is
    /// taken to be followed by one of its own length.
    pub(super) fn is_strong(&self, step: usize) -> bool {
        let Some(position) = self.positions.get(step / STEPS) else { return false };
        let length = 2 * usize::from(position.bar_eighths).max(1);
        is_strong((2 * usize::from(position.eighth) + step % STEPS) % length, length)
    }

    /// The pitch classes, in the canvas's key, of the chord given for a quarter; `None` where none is given, or N.C.
    pub(super) fn given_chord(&self, quarter: usize) -> Option<u16> {
        let cell = (*self.chords.get(quarter)?)?;
        let root = cell.root?;
        Some(Chord::from_pitch_classes(root, cell.bass.unwrap_or(root), cell.pitch_classes).pitch_classes())
    }
}

/// The pitch classes of the chord that a row of choices will be read as, as `decode` reads it; `None` for N.C.
pub(super) fn drawn_chord(row: &[u8]) -> Option<u16> {
    // 0 is N.C., and a choice beyond the twelve is a label that is not there.
    let class = |choice: u8| (1..=12).contains(&choice).then(|| choice - 1);
    let root = class(row[ROOT])?;
    let bass = class(row[BASS]).unwrap_or(root);
    let set = (0..12).fold(0, |set, pc| set | u16::from(row[CHROMA + pc] == 1) << pc);
    Some(Chord::from_pitch_classes(root, bass, set).pitch_classes())
}

/// Whether a key of the canvas belongs to a set of the canvas's own pitch classes.
pub(super) fn belongs(pitch_classes: u16, key: usize) -> bool {
    debug_assert!(key < PITCHES);
    pitch_classes >> ((usize::from(LOWEST_PITCH) + key) % 12) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::cells::{GROUPS, write_quarter};

    fn seven_eighths() -> Canvas {
        let mut canvas = Canvas::new(7);
        canvas.positions = [0, 2, 4, 6, 1, 3, 5].iter().map(|&eighth| BarPosition { eighth, bar_eighths: 7 }).collect();
        canvas
    }

    #[test]
    fn strong_beats_follow_the_positions() {
        let strong = |canvas: &Canvas| {
            let frame = Frame::of(canvas, 0, 90.0, true);
            (0..canvas.quarters * STEPS + 1).filter(|&step| frame.is_strong(step)).collect::<Vec<_>>()
        };
        assert_eq!(strong(&Canvas::new(8)), [0, 8, 16, 24]);
        assert_eq!(strong(&seven_eighths()), [0, 14], "the second bar begins inside a quarter");
        assert_eq!(strong(&Canvas::new(8).window(2, 4)), [0, 8], "a window may begin inside a bar");
    }

    #[test]
    fn sounding_pitch_is_transposed_and_chords_are_not() {
        let mut canvas = Canvas::new(1);
        canvas.chords[0] = Some(ChordCell { root: Some(7), bass: None, pitch_classes: 1 << 7 | 1 << 11 | 1 << 2 });
        let frame = Frame::of(&canvas, -3, 90.0, true);
        assert_eq!((frame.sounding(0), frame.sounding(87)), (18, 105));
        assert!(frame.is_in(1, 42) && !frame.is_in(1, 39), "key 42 is E flat and sounds C");
        let chord = frame.given_chord(0).expect("it is given");
        assert!(belongs(chord, 46) && !belongs(chord, 48), "G and A, whatever sounds");
        assert_eq!(frame.given_chord(1), None);
    }

    #[test]
    fn a_row_is_read_as_the_chord_that_decode_reads() {
        let mut canvas = Canvas::new(3);
        // A nearly complete major seventh over its third.
        canvas.chords[0] = Some(ChordCell { root: Some(0), bass: Some(4), pitch_classes: 1 | 1 << 4 | 1 << 11 });
        canvas.chords[1] = Some(ChordCell { root: None, bass: None, pitch_classes: 0 });
        let frame = Frame::of(&canvas, 0, 90.0, true);
        let mut row = vec![0; GROUPS];
        for quarter in 0..3 {
            write_quarter(&canvas, quarter, &mut row);
            assert_eq!(drawn_chord(&row), frame.given_chord(quarter));
        }
        write_quarter(&canvas, 0, &mut row);
        let (score, _) = aeolian_canvas::decode(&canvas, &aeolian_canvas::DecodeContext::default());
        assert_eq!(drawn_chord(&row), score.chords[0].chord.map(Chord::pitch_classes));
    }
}
