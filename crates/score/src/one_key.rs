//! One key sounds one note at a time: the rule that [`crate::Note`]s of equal pitch in one part do not overlap.
//!
//! Files break it (a pianist's overlapping repetitions, two voices in unison) and so does rounding to a grid. The
//! earlier note gives way, as on a real key: it is cut where the key is struck again. Two notes struck together
//! become one, as long as the longer and as loud as the louder.

use crate::{Note, Tick};

/// What [`separate`] had to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Separated {
    /// Notes that ended early because their key was struck again.
    pub shortened: usize,
    /// Notes that became one with another note of the same pitch and onset.
    pub dropped: usize,
}

/// Sorts the notes by onset, then pitch, and leaves no two of equal pitch that overlap.
pub(crate) fn separate(notes: &mut Vec<Note>) -> Separated {
    notes.sort_unstable();
    let mut done = Separated::default();
    let mut last_of_pitch = [None::<usize>; 256];
    let mut kept = 0;
    for index in 0..notes.len() {
        let note = notes[index];
        let last = &mut last_of_pitch[usize::from(note.pitch)];
        if let Some(earlier) = last.map(|i| &mut notes[i]) {
            if earlier.onset == note.onset {
                earlier.duration = earlier.duration.max(note.duration);
                earlier.velocity = earlier.velocity.max(note.velocity);
                done.dropped += 1;
                continue;
            }
            if earlier.offset() > note.onset {
                earlier.duration = Tick(note.onset.0 - earlier.onset.0);
                done.shortened += 1;
            }
        }
        *last = Some(kept);
        notes[kept] = note;
        kept += 1;
    }
    notes.truncate(kept);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(onset: u32, pitch: u8, duration: u32, velocity: u8) -> Note {
        Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity }
    }

    #[test]
    fn touching_notes_and_other_pitches_are_left_alone() {
        let mut notes = vec![note(0, 60, 4, 9), note(1, 61, 9, 9), note(4, 60, 4, 9)];
        let before = notes.clone();
        assert_eq!(separate(&mut notes), Separated::default());
        assert_eq!(notes, before);
    }

    #[test]
    fn a_repeated_key_cuts_the_earlier_note() {
        let mut notes = vec![note(3, 60, 4, 9), note(0, 60, 4, 9)];
        assert_eq!(separate(&mut notes), Separated { shortened: 1, dropped: 0 });
        assert_eq!(notes, [note(0, 60, 3, 9), note(3, 60, 4, 9)]);
    }

    #[test]
    fn notes_struck_together_become_the_longer_and_the_louder() {
        let mut notes = vec![note(0, 60, 4, 50), note(0, 60, 2, 90), note(0, 60, 3, 70)];
        assert_eq!(separate(&mut notes), Separated { shortened: 0, dropped: 2 });
        assert_eq!(notes, [note(0, 60, 4, 90)]);
    }
}
