//! From note-ons and note-offs of one key to notes: which note-off ends which note?
//!
//! Where a key that is down is struck again, the earlier note is cut. Its own note-off is still to come, and must not
//! end the later note: the first note-off belongs to the first note. But a file that never sends that note-off
//! would then leave the later note hanging, and every one after it. So: first come, first served, and only if that
//! leaves a note without an end, each note-off ends what sounds.

use crate::Tick;

/// A key struck (`velocity` 1–127) or released (0).
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub at: Tick,
    pub velocity: u8,
}

/// A note of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sounding {
    pub onset: Tick,
    pub offset: Tick,
    pub velocity: u8,
}

/// The notes of one key and how much had to be guessed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pairing {
    pub notes: Vec<Sounding>,
    pub unended: usize,
    pub orphans: usize,
    pub cut: usize,
    pub doubled: usize,
}

/// Pairs the strokes of one key, given in order of time, in a track that ends at `end`.
pub(super) fn pair(strokes: &[Stroke], end: Tick) -> Pairing {
    let in_turn = pair_by(Rule::FirstComeFirstServed, strokes, end);
    if in_turn.unended == 0 { in_turn } else { pair_by(Rule::EndWhatSounds, strokes, end) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    FirstComeFirstServed,
    EndWhatSounds,
}

fn pair_by(rule: Rule, strokes: &[Stroke], end: Tick) -> Pairing {
    let mut pairing = Pairing::default();
    let mut down: Option<(Tick, u8)> = None;
    let mut last_cut = None;
    let mut owed = 0usize; // note-offs still to come for notes already cut
    for &Stroke { at, velocity } in strokes {
        match down {
            None if velocity == 0 => pairing.orphans += 1,
            None => down = Some((at, velocity)),
            Some(_) if velocity == 0 && owed > 0 => owed -= 1,
            // A note-off sent just after the note-on that made it superfluous.
            Some((onset, _)) if velocity == 0 && onset == at && last_cut == Some(at) => {}
            Some((onset, struck)) if velocity == 0 => {
                pairing.notes.push(Sounding { onset, offset: at, velocity: struck });
                down = None;
            }
            Some((onset, struck)) => {
                if onset == at {
                    pairing.doubled += 1;
                    down = Some((onset, struck.max(velocity)));
                } else {
                    pairing.cut += 1;
                    pairing.notes.push(Sounding { onset, offset: at, velocity: struck });
                    down = Some((at, velocity));
                    last_cut = Some(at);
                }
                owed += usize::from(rule == Rule::FirstComeFirstServed);
            }
        }
    }
    if let Some((onset, velocity)) = down {
        pairing.unended += 1;
        pairing.notes.push(Sounding { onset, offset: end, velocity });
    }
    pairing
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs (tick, velocity) strokes in a track of 100 ticks; notes as (onset, offset).
    fn notes_of(strokes: &[(u32, u8)]) -> (Vec<(u32, u32)>, Pairing) {
        let strokes: Vec<_> = strokes.iter().map(|&(at, velocity)| Stroke { at: Tick(at), velocity }).collect();
        let pairing = pair(&strokes, Tick(100));
        (pairing.notes.iter().map(|n| (n.onset.0, n.offset.0)).collect(), pairing)
    }

    #[test]
    fn overlapping_notes_are_cut_and_end_in_turn() {
        let (notes, pairing) = notes_of(&[(0, 64), (10, 64), (11, 0), (18, 64), (20, 0), (30, 0)]);
        assert_eq!(notes, [(0, 10), (10, 18), (18, 30)]);
        assert_eq!((pairing.cut, pairing.orphans, pairing.unended), (2, 0, 0));
    }

    #[test]
    fn where_a_note_off_is_missing_each_ends_what_sounds() {
        let (notes, pairing) = notes_of(&[(0, 64), (10, 64), (15, 0), (40, 64), (50, 0)]);
        assert_eq!(notes, [(0, 10), (10, 15), (40, 50)]);
        assert_eq!((pairing.cut, pairing.orphans, pairing.unended), (1, 0, 0));
    }

    #[test]
    fn a_note_off_just_after_the_next_note_on_does_not_end_that_note() {
        let in_turn = [(0, 64), (10, 64), (10, 0), (20, 0)];
        assert_eq!(notes_of(&in_turn).0, [(0, 10), (10, 20)]);
        let (notes, pairing) = notes_of(&[(0, 64), (10, 64), (10, 0)]);
        assert_eq!((notes, pairing.unended), (vec![(0, 10), (10, 100)], 1));
    }

    #[test]
    fn doubled_strokes_are_one_note_as_long_as_the_longer() {
        let (notes, pairing) = notes_of(&[(0, 20), (0, 64), (5, 0), (10, 0)]);
        assert_eq!((notes, pairing.notes[0].velocity), (vec![(0, 10)], 64));
        assert_eq!((pairing.doubled, pairing.cut, pairing.orphans), (1, 0, 0));
    }

    #[test]
    fn a_release_of_a_key_that_is_up_is_an_orphan() {
        assert_eq!(notes_of(&[(3, 0)]).1, Pairing { orphans: 1, ..Pairing::default() });
    }
}
