//! Polyphony on one staff: notes that start and end together are one stack, stacks that overlap get voices.

use crate::Note;

/// Notes that share a stem: equal onset, equal end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stack {
    /// In grid positions from the start of the piece.
    pub start: u32,
    pub end: u32,
    /// Ascending, each once.
    pub pitches: Vec<u8>,
    /// One for each pitch.
    pub velocities: Vec<u8>,
}

impl Stack {
    fn mean_pitch(&self) -> f64 {
        self.pitches.iter().map(|&pitch| f64::from(pitch)).sum::<f64>() / self.pitches.len() as f64
    }
}

/// Stacks the notes of a staff; a pitch doubled exactly starts a stack of its own. Sorted by start, the highest first.
pub(super) fn stack(mut notes: Vec<Note>) -> Vec<Stack> {
    notes.sort_by_key(|note| (note.onset, note.offset(), note.pitch));
    let mut stacks: Vec<Stack> = Vec::new();
    for together in notes.chunk_by(|a, b| (a.onset, a.offset()) == (b.onset, b.offset())) {
        let mut rest: Vec<(u8, u8)> = together.iter().map(|note| (note.pitch, note.velocity)).collect();
        while !rest.is_empty() {
            let doubled = (1..rest.len()).filter(|&i| rest[i].0 == rest[i - 1].0).map(|i| rest[i]).collect();
            rest.dedup_by_key(|(pitch, _)| *pitch);
            let (pitches, velocities) = rest.into_iter().unzip();
            stacks.push(Stack { start: together[0].onset.0, end: together[0].offset().0, pitches, velocities });
            rest = doubled;
        }
    }
    stacks.sort_by_key(|stack| (stack.start, std::cmp::Reverse(stack.pitches.last().copied())));
    stacks
}

/// Distributes stacks (sorted by start) over as few voices as can hold them without overlap, or `None` when that
/// would be more than `most`.
///
/// Wherever the whole staff falls silent or all stacks change together the voices start afresh, and between two such
/// moments they are ordered by height: voice 0 is the top.
pub(super) fn voices(stacks: Vec<Stack>, most: usize) -> Option<Vec<Vec<Stack>>> {
    let mut voices: Vec<Vec<Stack>> = vec![Vec::new()];
    let mut passage: Vec<Vec<Stack>> = Vec::new();
    let mut passage_end = 0;
    for stack in stacks {
        if stack.start >= passage_end {
            append_by_height(&mut passage, &mut voices);
        }
        passage_end = passage_end.max(stack.end);
        let is_free = |voice: &&mut Vec<Stack>| voice.last().is_none_or(|last| last.end <= stack.start);
        let is_full = passage.len() >= most;
        match passage.iter_mut().find(is_free) {
            Some(voice) => voice.push(stack),
            None if is_full => return None,
            None => passage.push(vec![stack]),
        }
    }
    append_by_height(&mut passage, &mut voices);
    Some(voices)
}

fn append_by_height(passage: &mut Vec<Vec<Stack>>, voices: &mut Vec<Vec<Stack>>) {
    let height = |voice: &Vec<Stack>| voice.iter().map(Stack::mean_pitch).sum::<f64>() / voice.len() as f64;
    passage.sort_by(|a, b| height(b).total_cmp(&height(a)));
    voices.resize(voices.len().max(passage.len()), Vec::new());
    for (voice, stacks) in voices.iter_mut().zip(passage.drain(..)) {
        voice.extend(stacks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tick;
    use proptest::prelude::*;

    fn note(onset: u32, pitch: u8, duration: u32) -> Note {
        Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity: 64 }
    }

    #[test]
    fn a_held_note_below_a_line_is_the_second_voice() {
        let notes = vec![note(0, 60, 24), note(0, 72, 12), note(12, 74, 12), note(24, 76, 12), note(24, 67, 12)];
        let voices = voices(stack(notes), 4).unwrap();
        let pitches: Vec<Vec<_>> = voices.iter().map(|v| v.iter().map(|s| s.pitches.clone()).collect()).collect();
        assert_eq!(pitches, [vec![vec![72], vec![74], vec![67, 76]], vec![vec![60]]]);
    }

    #[test]
    fn too_many_voices_are_refused() {
        let notes: Vec<_> = (0..5).map(|i| note(i, 60, 20)).collect();
        assert_eq!(voices(stack(notes.clone()), 5).unwrap().len(), 5);
        assert!(voices(stack(notes), 4).is_none());
    }

    proptest! {
        #[test]
        fn voices_hold_every_note_without_overlap(
            notes in prop::collection::vec((0u32..60, 40u8..80, 1u32..30), 0..60)
        ) {
            let notes: Vec<Note> = notes.into_iter().map(|(onset, pitch, duration)| note(onset, pitch, duration)).collect();
            let voices = voices(stack(notes.clone()), 60).unwrap();
            for voice in &voices {
                prop_assert!(voice.windows(2).all(|w| w[0].end <= w[1].start));
            }
            let mut held: Vec<_> =
                voices.iter().flatten().flat_map(|s| s.pitches.iter().map(|&p| (s.start, p, s.end))).collect();
            let mut asked: Vec<_> = notes.iter().map(|n| (n.onset.0, n.pitch, n.offset().0)).collect();
            held.sort();
            asked.sort();
            prop_assert_eq!(held, asked);
        }
    }
}
