//! From how long notes were held to how long they are written.
//!
//! A performer lets go early, late, and never twice the same; written out to the twelfth, that is rests and ties nobody
//! can read. A note's written end is a compromise: near the real one, but best where the same hand plays next, else
//! on a beat, else on an eighth. Notes struck together end together unless one is clearly longer, and a hand keeps no more
//! than two voices. The rules are our own; the problem is that of Cogliati, Temperley and Duan, "Transcribing human piano
//! performances into music notation", ISMIR 2016.

use super::MusicXmlError;
use super::bars::{Bar, bar_at, bars};
use super::staves::{needs_two_staves, split_hands};
use crate::{GRID, Note, Part, Score, Tick};

/// The score with durations as a copyist would write them, for [`write()`](super::write).
///
/// Onsets, pitches and everything else stay; drums are not touched. Meant for what was performed or generated: engraved
/// music may lose a rest to a longer note.
///
/// # Errors
///
/// [`MusicXmlError::NotQuantised`], [`MusicXmlError::Meter`], [`MusicXmlError::TooLong`], [`MusicXmlError::TooManyBars`].
pub fn legible(score: &Score) -> Result<Score, MusicXmlError> {
    if score.ticks_per_quarter != GRID {
        return Err(MusicXmlError::NotQuantised { ticks_per_quarter: score.ticks_per_quarter });
    }
    let bars = bars(score)?;
    let mut written = score.clone();
    for part in written.parts.iter_mut().filter(|part| !part.is_drum) {
        rewrite_part(part, &bars);
    }
    Ok(written)
}

fn rewrite_part(part: &mut Part, bars: &[Bar]) {
    part.notes.sort();
    let hands = if needs_two_staves(part) { split_hands(&part.notes) } else { vec![0; part.notes.len()] };
    for hand in 0..=1 {
        let own = (0..part.notes.len()).filter(|&i| hands[i] == hand);
        let (places, mut notes): (Vec<usize>, Vec<Note>) = own.map(|i| (i, part.notes[i])).unzip();
        rewrite_hand(&mut notes, bars);
        for (place, note) in places.into_iter().zip(notes) {
            part.notes[place] = note;
        }
    }
}

/// `notes` are sorted by onset and stay in their order.
fn rewrite_hand(notes: &mut [Note], bars: &[Bar]) {
    let mut onsets: Vec<u32> = notes.iter().map(|note| note.onset.0).collect();
    onsets.dedup();
    let mut next_of_pitch = [u32::MAX; 256];
    for note in notes.iter_mut().rev() {
        let end = written_end(note, &onsets, bars).min(next_of_pitch[usize::from(note.pitch)]);
        // Two equal notes at one onset must not leave the later of them without length.
        if note.onset.0 < next_of_pitch[usize::from(note.pitch)] {
            next_of_pitch[usize::from(note.pitch)] = note.onset.0;
        }
        note.duration = Tick(end.saturating_sub(note.onset.0).max(1));
    }
    for group in notes.chunk_by_mut(|a, b| a.onset == b.onset) {
        end_together(group);
    }
    keep_two_voices(notes);
}

/// The written end of one note: the candidate with the least displacement plus price.
fn written_end(note: &Note, onsets: &[u32], bars: &[Bar]) -> u32 {
    let (start, end) = (note.onset.0, note.offset().0);
    let bar_start = bar_at(bars, end).start;
    let own_bar_start = bar_at(bars, start).start;
    let next = onsets.partition_point(|&onset| onset <= start);
    let following = onsets[next..].iter().copied();
    // A little overlap with the next onset is touch, not polyphony.
    if let Some(next) = onsets.get(next)
        && end > *next
        && (end - next < GRID || 2 * (end - next) < end - start)
    {
        return *next;
    }
    let at_onset = following.take_while(|&onset| onset <= end + GRID).map(|onset| (onset.abs_diff(end), onset));
    let in_triplet = !(start - own_bar_start).is_multiple_of(3) && (start - own_bar_start).is_multiple_of(4);
    let on_grid = (end.saturating_sub(GRID).max(start + 1)..=end + GRID).filter_map(|at| {
        let in_bar = at.abs_diff(bar_start);
        let price = match () {
            () if in_bar.is_multiple_of(12) => 2,
            () if in_bar.is_multiple_of(6) => 3,
            () if in_bar.is_multiple_of(4) && in_triplet => 4,
            () if in_bar.is_multiple_of(3) => 7,
            () => return None,
        };
        Some((at.abs_diff(end) + price, at))
    });
    // Nothing written on the grid may run over an onset that the note did not reach.
    let barrier = onsets[next..].iter().copied().find(|&onset| onset >= end).unwrap_or(u32::MAX);
    at_onset.chain(on_grid).filter(|&(_, at)| at <= barrier).min().map_or(end, |(_, at)| at)
}

/// Gives notes struck together the commonest of their ends, except for those that differ by a quarter or more.
fn end_together(group: &mut [Note]) {
    let mut durations: Vec<u32> = group.iter().map(|note| note.duration.0).collect();
    durations.sort_unstable();
    let usual = durations.chunk_by(|a, b| a == b).max_by_key(|same| (same.len(), same[0])).map_or(1, |same| same[0]);
    for note in group.iter_mut().filter(|note| note.duration.0.abs_diff(usual) < GRID) {
        note.duration = Tick(usual);
    }
}

/// Where a third voice would begin, ends all but the longest of those still sounding.
fn keep_two_voices(notes: &mut [Note]) {
    let mut sounding: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < notes.len() {
        let onset = notes[at].onset;
        let group_end = at + notes[at..].partition_point(|note| note.onset == onset);
        sounding.retain(|&i| notes[i].offset() > onset);
        let longest = sounding.iter().map(|&i| (notes[i].offset(), notes[i].onset)).max();
        // A group of two lengths needs both voices for itself.
        let is_divided = notes[at..group_end].iter().any(|note| note.duration != notes[at].duration);
        for &i in &sounding {
            if is_divided || Some((notes[i].offset(), notes[i].onset)) != longest {
                notes[i].duration = Tick(onset.0 - notes[i].onset.0);
            }
        }
        if is_divided {
            let shortest = notes[at..group_end].iter().map(|note| note.duration).min().expect("a group has notes");
            let longest = notes[at..group_end].iter().map(|note| note.duration).max().expect("a group has notes");
            for note in notes[at..group_end].iter_mut().filter(|note| note.duration > shortest) {
                note.duration = longest;
            }
        }
        sounding.extend(at..group_end);
        at = group_end;
    }
}

#[cfg(test)]
mod tests {
    use super::super::voices::{stack, voices};
    use super::*;
    use proptest::prelude::*;

    fn durations(program: u8, notes: &[(u32, u8, u32)]) -> Vec<u32> {
        let mut score = Score::new(GRID);
        let note = |&(onset, pitch, duration): &(u32, u8, u32)| Note {
            onset: Tick(onset),
            pitch,
            duration: Tick(duration),
            velocity: 64,
        };
        score.parts.push(Part { program, notes: notes.iter().map(note).collect(), ..Part::default() });
        legible(&score).unwrap().parts[0].notes.iter().map(|note| note.duration.0).collect()
    }

    #[test]
    fn small_gaps_and_overlaps_are_closed() {
        assert_eq!(durations(40, &[(0, 60, 5), (6, 62, 7), (12, 64, 4), (18, 65, 29)]), [6, 6, 6, 30]);
        assert_eq!(durations(40, &[(0, 60, 3), (4, 62, 5), (8, 64, 3), (12, 65, 11)]), [4, 4, 4, 12]);
    }

    #[test]
    fn a_rest_that_is_meant_stays() {
        assert_eq!(durations(40, &[(0, 60, 6), (12, 62, 5), (24, 64, 24)]), [6, 6, 24]);
    }

    #[test]
    fn chords_end_together_and_a_long_bass_stays() {
        assert_eq!(durations(40, &[(0, 60, 22), (0, 64, 24), (0, 67, 25), (24, 60, 24)]), [24, 24, 24, 24]);
        assert_eq!(durations(0, &[(0, 60, 47), (0, 72, 12), (12, 74, 13), (24, 76, 24)]), [48, 12, 12, 24]);
    }

    proptest! {
        #[test]
        fn onsets_and_pitches_stay_and_two_voices_suffice(
            notes in prop::collection::vec((0u32..150, 60u8..84, 1u32..60), 0..50)
        ) {
            let mut score = Score::new(GRID);
            let mut notes: Vec<Note> = notes
                .into_iter()
                .map(|(on, pitch, len)| Note { onset: Tick(on), pitch, duration: Tick(len), velocity: 64 })
                .collect();
            notes.sort();
            notes.dedup_by_key(|note| (note.onset, note.pitch));
            score.parts.push(Part { notes: notes.clone(), ..Part::default() });
            let written = legible(&score).unwrap().parts[0].notes.clone();
            prop_assert_eq!(written.len(), notes.len());
            for (after, before) in written.iter().zip(&notes) {
                prop_assert_eq!((after.onset, after.pitch), (before.onset, before.pitch));
                prop_assert!(after.duration.0 > 0);
            }
            prop_assert!(voices(stack(written), 2).is_some());
        }
    }
}
