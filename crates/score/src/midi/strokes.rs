//! From the note-ons and note-offs of a channel to notes: which note-off ends which note?
//!
//! Each key is a matter of its own. Where a key that is down is struck again, the earlier note is cut. Its own
//! note-off is still to come, and must not end the later note: the first note-off belongs to the first note. But a
//! file that never sends that note-off would then leave the later note hanging, and every one after it. So: first
//! come, first served, and only if that leaves a note of this key without an end, each note-off ends what sounds.

use crate::{Note, Tick};

/// How many keys there are.
const KEYS: usize = 128;

/// A key struck (`velocity` 1–127) or released (0).
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub at: Tick,
    /// 0–127.
    pub pitch: u8,
    pub velocity: u8,
}

/// The notes of a channel and how much had to be guessed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pairing {
    /// In order of onset, notes struck together in the order in which they were struck; some may have no length.
    pub notes: Vec<Note>,
    pub orphans: usize,
    pub cut: usize,
    pub doubled: usize,
    /// A bit for each key whose last note has no end of its own.
    hanging: u128,
}

impl Pairing {
    /// How many notes never ended.
    pub fn unended(&self) -> usize {
        self.hanging.count_ones() as usize
    }
}

/// Pairs the strokes of a channel, given in order of time, in a track that ends at `end`.
pub(super) fn pair(strokes: &[Stroke], end: Tick) -> Pairing {
    let in_turn = pair_by(0, strokes, end);
    if in_turn.hanging == 0 { in_turn } else { pair_by(in_turn.hanging, strokes, end) }
}

/// What a key is doing while its strokes are followed.
#[derive(Clone, Copy, Default)]
struct Key {
    /// Which note sounds, if the key is down.
    down: Option<usize>,
    /// Note-offs still to come for notes already cut.
    owed: usize,
    last_cut: Option<Tick>,
}

/// Follows the strokes of all keys at once. In the keys of the set `ending_what_sounds` (a bit for each) every note-off
/// ends what sounds; the others serve first who comes first.
fn pair_by(ending_what_sounds: u128, strokes: &[Stroke], end: Tick) -> Pairing {
    let struck = strokes.iter().filter(|stroke| stroke.velocity > 0).count();
    let mut pairing = Pairing { notes: Vec::with_capacity(struck), ..Pairing::default() };
    let mut keys = [Key::default(); KEYS];
    for stroke in strokes {
        let pitch = usize::from(stroke.pitch) % KEYS; // Never more: tells the compiler that the index is good.
        if stroke.velocity == 0 {
            release(&mut keys[pitch], stroke, &mut pairing);
        } else {
            let in_turn = ending_what_sounds >> pitch & 1 == 0;
            strike(&mut keys[pitch], stroke, in_turn, &mut pairing);
        }
    }
    for (pitch, key) in keys.iter().enumerate() {
        if let Some(index) = key.down {
            pairing.hanging |= 1 << pitch;
            let note = &mut pairing.notes[index];
            note.duration = Tick(end.0 - note.onset.0);
        }
    }
    pairing
}

/// A key struck: its note begins, and cuts or doubles one that sounds, whose note-off is still to come if note-offs
/// end notes `in_turn`.
fn strike(key: &mut Key, stroke: &Stroke, in_turn: bool, pairing: &mut Pairing) {
    let &Stroke { at, pitch, velocity } = stroke;
    if let Some(index) = key.down {
        key.owed += usize::from(in_turn);
        let note = &mut pairing.notes[index];
        if note.onset == at {
            pairing.doubled += 1;
            note.velocity = note.velocity.max(velocity);
            return;
        }
        pairing.cut += 1;
        note.duration = Tick(at.0 - note.onset.0);
        key.last_cut = Some(at);
    }
    key.down = Some(pairing.notes.len());
    pairing.notes.push(Note { onset: at, pitch, duration: Tick(0), velocity });
}

/// A key released: its note ends, unless the note-off belongs to one already cut.
fn release(key: &mut Key, stroke: &Stroke, pairing: &mut Pairing) {
    let Some(index) = key.down else {
        pairing.orphans += 1;
        return;
    };
    if key.owed > 0 {
        key.owed -= 1;
        return;
    }
    let note = &mut pairing.notes[index];
    // A note-off sent just after the note-on that made it superfluous.
    if note.onset == stroke.at && key.last_cut == Some(stroke.at) {
        return;
    }
    note.duration = Tick(stroke.at.0 - note.onset.0);
    key.down = None;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const END: Tick = Tick(100);

    fn stroke(at: u32, pitch: u8, velocity: u8) -> Stroke {
        Stroke { at: Tick(at), pitch, velocity }
    }

    /// Pairs (tick, velocity) strokes of one key in a track of 100 ticks; notes as (onset, offset).
    fn notes_of(strokes: &[(u32, u8)]) -> (Vec<(u32, u32)>, Pairing) {
        let strokes: Vec<_> = strokes.iter().map(|&(at, velocity)| stroke(at, 60, velocity)).collect();
        let pairing = pair(&strokes, END);
        (pairing.notes.iter().map(|n| (n.onset.0, n.offset().0)).collect(), pairing)
    }

    /// The notes and counts of one key, by the rule alone.
    fn pair_plainly(in_turn: bool, strokes: &[Stroke]) -> Pairing {
        let mut pairing = Pairing::default();
        let (mut down, mut last_cut, mut owed) = (None::<(Tick, u8)>, None, 0);
        let note = |onset: Tick, velocity, offset: Tick| Note {
            onset,
            pitch: strokes[0].pitch,
            duration: Tick(offset.0 - onset.0),
            velocity,
        };
        for &Stroke { at, velocity, pitch: _ } in strokes {
            match (down, velocity) {
                (None, 0) => pairing.orphans += 1,
                (None, _) => down = Some((at, velocity)),
                (Some(_), 0) if owed > 0 => owed -= 1,
                (Some((onset, _)), 0) if onset == at && last_cut == Some(at) => {}
                (Some((onset, struck)), 0) => {
                    pairing.notes.push(note(onset, struck, at));
                    down = None;
                }
                (Some((onset, struck)), _) => {
                    if onset == at {
                        pairing.doubled += 1;
                        down = Some((onset, struck.max(velocity)));
                    } else {
                        pairing.cut += 1;
                        pairing.notes.push(note(onset, struck, at));
                        down = Some((at, velocity));
                        last_cut = Some(at);
                    }
                    owed += u32::from(in_turn);
                }
            }
        }
        if let Some((onset, velocity)) = down {
            pairing.notes.push(note(onset, velocity, END));
            pairing.hanging = 1 << strokes[0].pitch;
        }
        pairing
    }

    /// One key after the other, each by the first rule and, where that leaves a note hanging, by the second.
    fn pair_key_by_key(strokes: &[Stroke]) -> Pairing {
        let mut all = Pairing::default();
        for pitch in 0..128 {
            let own: Vec<_> = strokes.iter().filter(|stroke| stroke.pitch == pitch).copied().collect();
            let in_turn = pair_plainly(true, &own);
            let mut key = if in_turn.hanging == 0 { in_turn } else { pair_plainly(false, &own) };
            all.notes.append(&mut key.notes);
            all.orphans += key.orphans;
            all.cut += key.cut;
            all.doubled += key.doubled;
            all.hanging |= key.hanging;
        }
        all.notes.sort();
        all
    }

    /// Strokes of three keys, close together so that all that can go wrong does.
    fn strokes() -> impl Strategy<Value = Vec<Stroke>> {
        let keys = prop::sample::select(vec![0u8, 60, 127]);
        vec((0..4u32, keys, prop_oneof![Just(0u8), 1..4u8]), 0..24).prop_map(|steps| {
            let mut now = 0;
            let strike = |(delta, pitch, velocity)| {
                now += delta;
                stroke(now, pitch, velocity)
            };
            steps.into_iter().map(strike).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn keys_followed_together_are_as_keys_followed_alone(strokes in strokes()) {
            let mut together = pair(&strokes, END);
            prop_assert!(together.notes.is_sorted_by_key(|note| note.onset));
            together.notes.sort();
            prop_assert_eq!(together, pair_key_by_key(&strokes));
        }
    }

    #[test]
    fn overlapping_notes_are_cut_and_end_in_turn() {
        let (notes, pairing) = notes_of(&[(0, 64), (10, 64), (11, 0), (18, 64), (20, 0), (30, 0)]);
        assert_eq!(notes, [(0, 10), (10, 18), (18, 30)]);
        assert_eq!((pairing.cut, pairing.orphans, pairing.unended()), (2, 0, 0));
    }

    #[test]
    fn where_a_note_off_is_missing_each_ends_what_sounds() {
        let (notes, pairing) = notes_of(&[(0, 64), (10, 64), (15, 0), (40, 64), (50, 0)]);
        assert_eq!(notes, [(0, 10), (10, 15), (40, 50)]);
        assert_eq!((pairing.cut, pairing.orphans, pairing.unended()), (1, 0, 0));
    }

    #[test]
    fn a_note_off_just_after_the_next_note_on_does_not_end_that_note() {
        let in_turn = [(0, 64), (10, 64), (10, 0), (20, 0)];
        assert_eq!(notes_of(&in_turn).0, [(0, 10), (10, 20)]);
        let (notes, pairing) = notes_of(&[(0, 64), (10, 64), (10, 0)]);
        assert_eq!((notes, pairing.unended()), (vec![(0, 10), (10, 100)], 1));
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
        assert_eq!(notes_of(&[]).1, Pairing::default());
    }

    #[test]
    fn a_hanging_key_does_not_change_how_others_are_served() {
        let strokes = [stroke(0, 0, 9), stroke(0, 127, 9), stroke(5, 127, 9), stroke(6, 127, 0), stroke(9, 127, 0)];
        let pairing = pair(&strokes, END);
        let seen: Vec<_> = pairing.notes.iter().map(|n| (n.onset.0, n.pitch, n.duration.0)).collect();
        assert_eq!(seen, [(0, 0, 100), (0, 127, 5), (5, 127, 4)]);
        assert_eq!((pairing.unended(), pairing.cut, pairing.orphans), (1, 1, 0));
    }
}
