//! Laws that hold for every piece and every file.

use crate::pieces::{as_written, tidy_score, untidy_score};
use aeolian_score::midi::{self, MidiError};
use aeolian_score::quantise::quantise;
use aeolian_score::{GRID, Part, Score, Tick};
use proptest::collection::vec;
use proptest::prelude::*;

/// Reads, and if that is possible writes and reads again: the music must be the same.
fn reads_the_same_again(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(first) = midi::read(bytes) else { return Ok(()) };
    match midi::write(&first.score) {
        Ok(written) => prop_assert_eq!(midi::read(&written).unwrap().score, as_written(&first.score)),
        // What a damaged delta time moved far away can be read, but not always written.
        Err(MidiError::Unwritable { .. }) => {}
        Err(other) => prop_assert!(false, "{}", other),
    }
    Ok(())
}

/// A file of format 0 whose one track is `events` and an end mark.
fn file_with(events: &[u8]) -> Vec<u8> {
    let mut file = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk".to_vec();
    file.extend((events.len() as u32 + 4).to_be_bytes());
    file.extend(events);
    file.extend(b"\0\xff\x2f\0");
    file
}

/// The notes are in order, each of some length, and none begins before the one before it of its pitch has ended.
fn each_key_sounds_once(part: &Part) -> Result<(), TestCaseError> {
    prop_assert!(part.notes.is_sorted());
    for (i, note) in part.notes.iter().enumerate() {
        prop_assert!(note.duration.0 >= 1);
        let next = part.notes[i + 1..].iter().find(|n| n.pitch == note.pitch);
        prop_assert!(next.is_none_or(|n| note.offset() <= n.onset));
    }
    Ok(())
}

fn sounding_ticks(score: &Score) -> u64 {
    score.parts.iter().flat_map(|p| &p.notes).map(|n| u64::from(n.duration.0)).sum()
}

proptest! {
    #[test]
    fn writing_and_reading_gives_the_same_music(score in tidy_score(), recipe in proptest::option::of(".{0,40}")) {
        let bytes = midi::write_with_text(&score, recipe.as_deref()).unwrap();
        let read = midi::read(&bytes).unwrap();
        prop_assert_eq!(read.score, as_written(&score));
        prop_assert!(read.repairs.is_empty(), "{}", read.repairs);
        prop_assert_eq!(read.recipe, recipe);
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..400), with_header in any::<bool>()) {
        let mut file = if with_header { b"MThd\0\0\0\x06\0\x01\0\x01\0\x60MTrk\0\0\0\x40".to_vec() } else { Vec::new() };
        file.extend(bytes);
        reads_the_same_again(&file)?;
    }

    #[test]
    fn damaged_files_never_panic(
        score in tidy_score(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        keep in any::<Option<prop::sample::Index>>(),
    ) {
        let mut bytes = midi::write(&score).unwrap();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(keep.map_or(bytes.len(), |k| k.index(bytes.len())));
        reads_the_same_again(&bytes)?;
    }

    #[test]
    fn every_key_struck_is_a_note_or_a_double_and_sounds_once(
        strokes in vec((0..4u8, 0..2u8, 58..62u8, prop_oneof![Just(0u8), 1..=127u8]), 0..60),
    ) {
        let event = |&(delta, channel, pitch, velocity)| [delta, 0x90 | channel, pitch, velocity];
        let events: Vec<u8> = strokes.iter().flat_map(event).collect();
        let read = midi::read(&file_with(&events)).unwrap();
        let count: usize = read.score.parts.iter().map(|part| part.notes.len()).sum();
        prop_assert_eq!(count + read.repairs.doubled_notes, strokes.iter().filter(|&&(.., v)| v > 0).count());
        for part in &read.score.parts {
            each_key_sounds_once(part)?;
        }
    }

    #[test]
    fn quantising_twice_changes_nothing(score in untidy_score()) {
        let (once, _) = quantise(&score);
        let (twice, report) = quantise(&once);
        prop_assert_eq!(&twice, &once);
        prop_assert_eq!((report.moved, report.dropped, report.shortened, report.dropped_marks), (0, 0, 0, 0));
    }

    #[test]
    fn on_the_grid_notes_have_length_and_one_key_sounds_once(score in untidy_score()) {
        let (grid, report) = quantise(&score);
        prop_assert_eq!(grid.ticks_per_quarter, GRID);
        let count = |s: &Score| s.parts.iter().map(|p| p.notes.len()).sum::<usize>();
        prop_assert_eq!(count(&grid) + report.dropped, count(&score));
        // The mean of equal distances may differ from them by rounding.
        prop_assert!(report.max_distance <= 1.0 / 16.0 && report.mean_distance <= report.max_distance + 1e-12);
        for part in &grid.parts {
            each_key_sounds_once(part)?;
        }
    }

    #[test]
    fn transpose_then_back_is_identity(score in tidy_score(), semitones in -30..=30i32) {
        prop_assert_eq!(score.transposed(semitones).transposed(-semitones), score);
    }

    #[test]
    fn two_halves_sound_as_long_as_the_whole(score in tidy_score(), cut in 0..1000u32) {
        let end = score.end();
        let (left, right) = (score.crop(Tick(0), Tick(cut)), score.crop(Tick(cut), Tick(end.0.max(cut))));
        prop_assert_eq!(sounding_ticks(&left) + sounding_ticks(&right), sounding_ticks(&score));
        let there = Tick(cut);
        prop_assert_eq!(right.meter_at(Tick(0)), score.meter_at(there));
        prop_assert_eq!(right.key_at(Tick(0)), score.key_at(there));
        if cut < end.0 {
            let whole = score.seconds_at(end);
            let halves = left.seconds_at(there) + right.seconds_at(Tick(end.0 - cut));
            prop_assert!((whole - halves).abs() <= 1e-9 * whole.max(1.0));
        }
    }
}
