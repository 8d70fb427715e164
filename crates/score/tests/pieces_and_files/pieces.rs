//! Random pieces and what a MIDI file keeps of them.

use aeolian_score::midi::written_resolution;
use aeolian_score::{Key, KeyChange, Marker, MeterChange, Mode, Note, Part, Score, TempoChange, TextEvent, Tick};
use proptest::collection::vec;
use proptest::prelude::*;

/// The same music in ticks `factor` times as fine.
fn scaled(score: &Score, factor: u32) -> Score {
    let mut fine = score.clone();
    let scale = |at: &mut Tick| at.0 *= factor;
    fine.ticks_per_quarter *= factor;
    for part in &mut fine.parts {
        for note in &mut part.notes {
            scale(&mut note.onset);
            scale(&mut note.duration);
        }
        part.lyrics.iter_mut().for_each(|l| scale(&mut l.at));
    }
    fine.tempos.iter_mut().for_each(|t| scale(&mut t.at));
    fine.meters.iter_mut().for_each(|m| scale(&mut m.at));
    fine.keys.iter_mut().for_each(|k| scale(&mut k.at));
    fine.markers.iter_mut().for_each(|m| scale(&mut m.at));
    fine
}

/// A piece (without chords and sections) at the resolution in which it is written.
pub fn as_written(score: &Score) -> Score {
    scaled(score, written_resolution(score.ticks_per_quarter) / score.ticks_per_quarter)
}

/// Pieces without chords and sections, whose notes of equal pitch do not overlap.
pub fn tidy_score() -> impl Strategy<Value = Score> {
    score_with(part(tidy_notes()))
}

/// Pieces with anything in them that a careless program may write: overlaps, doubles, notes of no length.
pub fn untidy_score() -> impl Strategy<Value = Score> {
    let note = (0..900u32, 30..=90u8, 0..100u32, 1..=127u8).prop_map(|(onset, pitch, duration, velocity)| Note {
        onset: Tick(onset),
        pitch,
        duration: Tick(duration),
        velocity,
    });
    score_with(part(vec(note, 0..40)))
}

fn score_with(part: impl Strategy<Value = Part>) -> impl Strategy<Value = Score> {
    let resolution = prop_oneof![1..100u32, Just(480), Just(32767)];
    // Tempi that a whole number of microseconds a quarter can hold.
    let tempos = moments((1..1u32 << 24).prop_map(|us| 60e6 / f64::from(us)));
    let meters = moments((1..=255u8, 0..=5u8));
    let keys = moments((0..12u8, any::<bool>()));
    (resolution, name(), vec(part, 0..5), tempos, meters, keys, texts()).prop_map(
        |(ticks_per_quarter, title, parts, tempos, meters, keys, markers)| Score {
            title,
            parts,
            tempos: tempos.into_iter().map(|(at, qpm)| TempoChange { at, qpm }).collect(),
            meters: meters
                .into_iter()
                .map(|(at, (numerator, power))| MeterChange { at, numerator, denominator: 1 << power })
                .collect(),
            keys: keys
                .into_iter()
                .map(|(at, (tonic, minor))| KeyChange {
                    at,
                    key: Key { tonic, mode: if minor { Mode::Minor } else { Mode::Major } },
                })
                .collect(),
            markers: markers.into_iter().map(|t| Marker { at: t.at, text: t.text }).collect(),
            ..Score::new(ticks_per_quarter)
        },
    )
}

fn part(notes: impl Strategy<Value = Vec<Note>>) -> impl Strategy<Value = Part> {
    (name(), 0..=127u8, any::<bool>(), notes, texts()).prop_map(|(name, program, is_drum, mut notes, lyrics)| {
        notes.sort();
        Part { name, program, is_drum, notes, lyrics }
    })
}

/// Each note begins where the last of its pitch ended, or later.
fn tidy_notes() -> impl Strategy<Value = Vec<Note>> {
    vec((0..200u32, 30..=90u8, 1..300u32, 1..=127u8), 0..40).prop_map(|draws| {
        let mut free_from = [0; 128];
        let place = |(gap, pitch, duration, velocity): (u32, u8, u32, u8)| {
            let onset = free_from[usize::from(pitch)] + gap;
            free_from[usize::from(pitch)] = onset + duration;
            Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity }
        };
        draws.into_iter().map(place).collect()
    })
}

/// Values at ascending, different moments.
fn moments<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<(Tick, T)>> {
    vec((0..300u32, value), 0..4).prop_map(|steps| {
        let mut next = 0;
        let place = |(gap, value)| {
            let at = next + gap;
            next = at + 1;
            (Tick(at), value)
        };
        steps.into_iter().map(place).collect()
    })
}

fn texts() -> impl Strategy<Value = Vec<TextEvent>> {
    vec((0..900u32, "\\PC{0,6}"), 0..4).prop_map(|drawn| {
        let mut texts: Vec<_> = drawn.into_iter().map(|(at, text)| TextEvent { at: Tick(at), text }).collect();
        texts.sort_by_key(|t| t.at);
        texts
    })
}

/// A name without blanks around it.
fn name() -> impl Strategy<Value = String> {
    "\\PC{0,10}".prop_map(|name| name.trim().to_owned())
}
