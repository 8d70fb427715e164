//! Cutting, transposing and finding the key of a [`Canvas`].
//!
//! Windows and the tonic frame are how training sees pieces: some quarters of one, moved so that its key is C major or
//! A minor and every example speaks of the same degrees.

use crate::canvas::{
    BarPosition, CELLS, Canvas, LOWEST_PITCH, NOTE_LANES, NoteCell, NoteLane, PITCHES, STEPS, StepInfo,
};
use aeolian_score::{Key, Mode};

impl Canvas {
    /// The `quarters` from `start_quarter` on.
    ///
    /// What lies past the end is silent and unknown, in the last metre. A note ringing in from before is struck again
    /// at the start, as loud as it was.
    pub fn window(&self, start_quarter: usize, quarters: usize) -> Self {
        let mut window = Self::new(quarters);
        let start = start_quarter.min(self.quarters);
        let shared = quarters.min(self.quarters - start);
        let end = start + shared;
        for lane in 0..NOTE_LANES {
            window.notes[lane][..shared * CELLS].copy_from_slice(&self.notes[lane][start * CELLS..end * CELLS]);
            window.steps[lane][..shared * STEPS].copy_from_slice(&self.steps[lane][start * STEPS..end * STEPS]);
        }
        window.chords[..shared].copy_from_slice(&self.chords[start..end]);
        window.keys[..shared].copy_from_slice(&self.keys[start..end]);
        window.form[..shared].copy_from_slice(&self.form[start..end]);
        window.ensembles[..shared].copy_from_slice(&self.ensembles[start..end]);
        window.idioms[..shared].copy_from_slice(&self.idioms[start..end]);
        window.positions = (start_quarter..start_quarter.saturating_add(quarters)).map(|q| self.position(q)).collect();
        if shared > 0 {
            for lane in NoteLane::ALL {
                self.strike_again(&mut window, lane, start * STEPS);
            }
        }
        window
    }

    /// The canvas `semitones` higher: notes, chords and keys; drums stay. Notes that would leave the 88 keys move inwards by
    /// octaves; one that then falls on a sounding note of its lane is struck in it and lengthens it.
    pub fn transposed(&self, semitones: i32) -> Self {
        let mut moved = self.clone();
        for lane in NoteLane::PITCHED {
            moved.notes[lane as usize].fill(NoteCell::Silent);
            for key in 0..PITCHES {
                if let Some(to) = shifted(key, semitones) {
                    self.copy_key(&mut moved, lane, key, to);
                }
            }
            for key in (0..PITCHES).filter(|&key| shifted(key, semitones).is_none()) {
                self.copy_key(&mut moved, lane, key, folded(key, semitones));
            }
        }
        let up = |pc: u8| (i64::from(pc) + i64::from(semitones)).rem_euclid(12) as u8;
        for chord in moved.chords.iter_mut().flatten() {
            chord.root = chord.root.map(up);
            chord.bass = chord.bass.map(up);
            let set = chord.pitch_classes;
            chord.pitch_classes = (0..12).filter(|pc| set >> pc & 1 == 1).fold(0, |set, pc| set | 1 << up(pc));
        }
        for key in moved.keys.iter_mut().flatten() {
            key.tonic = up(key.tonic);
        }
        moved
    }

    /// The key of most quarters (the earlier of two equals), or `None` where no key is known.
    pub fn prevailing_key(&self) -> Option<Key> {
        let mut counts: Vec<(Key, usize)> = Vec::new();
        for key in self.keys.iter().flatten() {
            match counts.iter_mut().find(|(known, _)| known == key) {
                Some((_, count)) => *count += 1,
                None => counts.push((*key, 1)),
            }
        }
        // `max_by_key` would return the last of equals.
        counts.iter().rev().max_by_key(|(_, count)| *count).map(|(key, _)| *key)
    }

    /// The canvas moved so that its prevailing key is C major or A minor, and by how many semitones (−6 … +5; 0 where
    /// no key is known). Transposing by the opposite brings it back, but for notes folded in at the edges.
    pub fn to_tonic_frame(&self) -> (Self, i32) {
        let semitones = self.prevailing_key().map_or(0, |key| {
            let home = match key.mode {
                Mode::Major => 0,
                Mode::Minor => 9,
            };
            (home - i32::from(key.tonic) + 6).rem_euclid(12) - 6
        });
        (self.transposed(semitones), semitones)
    }

    /// Where a quarter stands in its bar; past the end the last metre goes on.
    fn position(&self, quarter: usize) -> BarPosition {
        if let Some(position) = self.positions.get(quarter) {
            return *position;
        }
        let last = self.positions.last().copied().unwrap_or(BarPosition { eighth: 6, bar_eighths: 8 });
        // On an empty canvas quarter 0 follows an imagined last quarter of a bar of four.
        let quarters_on = quarter + 1 - self.positions.len();
        let length = usize::from(last.bar_eighths.max(1));
        let eighth = (usize::from(last.eighth) + quarters_on % length * 2) % length;
        BarPosition { eighth: eighth as u8, bar_eighths: last.bar_eighths }
    }

    /// Turns holds in the first step of `window` into onsets; its first step is `start` here.
    fn strike_again(&self, window: &mut Self, lane: NoteLane, start: usize) {
        let mut loudness = Vec::new();
        for key in 0..PITCHES as u8 {
            let pitch = LOWEST_PITCH + key;
            if window.cell(lane, 0, pitch) != NoteCell::Hold {
                continue;
            }
            *window.cell_mut(lane, 0, pitch) = NoteCell::Onset;
            let began = (0..start).rev().find(|&step| self.cell(lane, step, pitch) != NoteCell::Hold);
            loudness.extend(began.and_then(|step| self.steps[lane as usize][step].loudness).map(u32::from));
        }
        let first: &mut StepInfo = &mut window.steps[lane as usize][0];
        let count = loudness.len() as u32;
        if first.loudness.is_none() && count > 0 {
            first.loudness = Some(((loudness.iter().sum::<u32>() + count / 2) / count) as u8);
        }
    }

    /// Lays one key's cells over another key of `moved`: what sounds there already stays, unless a note starts.
    fn copy_key(&self, moved: &mut Self, lane: NoteLane, from: usize, to: usize) {
        for step in 0..self.quarters * STEPS {
            let there = &mut moved.notes[lane as usize][step * PITCHES + to];
            match self.notes[lane as usize][step * PITCHES + from] {
                NoteCell::Onset => *there = NoteCell::Onset,
                NoteCell::Hold if *there == NoteCell::Silent => *there = NoteCell::Hold,
                _ => {}
            }
        }
    }
}

/// Where a key lands, or `None` outside the keyboard.
fn shifted(key: usize, semitones: i32) -> Option<usize> {
    let to = key as i64 + i64::from(semitones);
    usize::try_from(to).ok().filter(|&to| to < PITCHES)
}

/// The nearest key inside the keyboard, by octaves, of one that lands outside.
fn folded(key: usize, semitones: i32) -> usize {
    let to = key as i64 + i64::from(semitones);
    let pitch_class = to.rem_euclid(12);
    let inside = if to < 0 {
        pitch_class
    } else {
        let highest = PITCHES as i64 - 1;
        highest - (highest - pitch_class).rem_euclid(12)
    };
    inside as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::ChordCell;

    /// A bar of 4/4 and one of it again: a melody note from step 2 to 10 on pitch 60, loudness 50.
    fn ringing() -> Canvas {
        let mut canvas = Canvas::new(8);
        *canvas.cell_mut(NoteLane::Melody, 2, 60) = NoteCell::Onset;
        (3..10).for_each(|step| *canvas.cell_mut(NoteLane::Melody, step, 60) = NoteCell::Hold);
        canvas.steps[0][2].loudness = Some(50);
        canvas
    }

    fn melody_cells(canvas: &Canvas, pitch: u8) -> Vec<NoteCell> {
        (0..canvas.quarters * STEPS).map(|step| canvas.cell(NoteLane::Melody, step, pitch)).collect()
    }

    #[test]
    fn a_window_of_everything_is_everything() {
        assert_eq!(ringing().window(0, 8), ringing());
    }

    #[test]
    fn a_note_ringing_in_is_struck_again_as_loud_as_it_was() {
        let window = ringing().window(1, 2);
        assert_eq!(melody_cells(&window, 60)[..2], [NoteCell::Onset, NoteCell::Hold]);
        assert_eq!(window.steps[0][0].loudness, Some(50));
        assert_eq!(window.positions[0], BarPosition { eighth: 2, bar_eighths: 8 });
    }

    #[test]
    fn past_the_end_is_silence_in_the_same_metre() {
        let window = ringing().window(7, 6);
        let eighths: Vec<_> = window.positions.iter().map(|p| p.eighth).collect();
        assert_eq!(eighths, [6, 0, 2, 4, 6, 0]);
        assert!(window.notes[0].iter().all(|c| *c == NoteCell::Silent));
        assert_eq!(ringing().window(100, 2).quarters, 2);
        assert_eq!(Canvas::new(0).window(0, 5), Canvas::new(5));
    }

    #[test]
    fn transposing_moves_notes_chords_and_keys_together() {
        let mut canvas = ringing();
        canvas.chords[0] = Some(ChordCell { root: Some(11), bass: Some(2), pitch_classes: 1 << 11 | 1 << 2 });
        canvas.keys[0] = Some(Key { tonic: 11, mode: Mode::Minor });
        let up = canvas.transposed(2);
        assert_eq!(melody_cells(&up, 62), melody_cells(&canvas, 60));
        let chord = ChordCell { root: Some(1), bass: Some(4), pitch_classes: 1 << 1 | 1 << 4 };
        assert_eq!((up.chords[0], up.keys[0].unwrap().tonic), (Some(chord), 1));
        assert_eq!(up.transposed(-2), canvas);
    }

    #[test]
    fn notes_that_leave_the_keyboard_move_inwards() {
        assert_eq!((shifted(87, 1), folded(87, 1)), (None, 76));
        assert_eq!((shifted(0, -1), folded(0, -1)), (None, 11));
        assert_eq!(shifted(0, 87), Some(87));
        for semitones in [i32::MIN, -100, 100, i32::MAX] {
            assert!((0..PITCHES).all(|key| folded(key, semitones) < PITCHES));
        }
        // B7 and C8, up a semitone: C8 takes B7's note, and the folded C#7 its own.
        let mut canvas = Canvas::new(1);
        *canvas.cell_mut(NoteLane::Harmony, 0, 107) = NoteCell::Onset;
        *canvas.cell_mut(NoteLane::Harmony, 0, 108) = NoteCell::Onset;
        let up = canvas.transposed(1);
        assert_eq!(up.cell(NoteLane::Harmony, 0, 108), NoteCell::Onset);
        assert_eq!(up.cell(NoteLane::Harmony, 0, 97), NoteCell::Onset);
    }

    #[test]
    fn the_key_of_most_quarters_prevails_and_goes_home() {
        let key = |tonic, mode| Some(Key { tonic, mode });
        let mut canvas = Canvas::new(4);
        assert_eq!((canvas.prevailing_key(), canvas.to_tonic_frame().1), (None, 0));
        canvas.keys = vec![key(7, Mode::Major), key(4, Mode::Minor), key(4, Mode::Minor), key(7, Mode::Major)];
        assert_eq!(canvas.prevailing_key(), key(7, Mode::Major), "the earlier of two equals");
        for tonic in 0..12 {
            for (mode, home) in [(Mode::Major, 0), (Mode::Minor, 9)] {
                canvas.keys.fill(key(tonic, mode));
                let (framed, semitones) = canvas.to_tonic_frame();
                assert_eq!(framed.prevailing_key(), key(home, mode));
                assert!((-6..=5).contains(&semitones));
            }
        }
    }
}
