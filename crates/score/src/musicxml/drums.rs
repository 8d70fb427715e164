//! The drum staff: where each General MIDI drum is written, and with what notehead.
//!
//! Positions follow the usual drum-set key (Weinberg, "Guidelines for Drumset Notation", 1994): feet at the bottom with
//! stems down, drums on the staff, cymbals with crosses on top.

use super::voices::Stack;
use crate::Note;

/// How one drum is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drum {
    pub name: &'static str,
    /// The staff position as in a treble clef.
    pub step: char,
    pub octave: u8,
    pub notehead: Option<&'static str>,
    /// Played with a foot: second voice, stems down.
    pub is_foot: bool,
}

impl Drum {
    /// The drum that a General MIDI percussion key stands for.
    pub(super) fn of(pitch: u8) -> Self {
        let (name, step, octave, notehead) = match pitch {
            35 => ("Acoustic Bass Drum", 'E', 4, None),
            36 => ("Bass Drum", 'F', 4, None),
            37 => ("Side Stick", 'C', 5, Some("x")),
            38 => ("Snare Drum", 'C', 5, None),
            39 => ("Hand Clap", 'C', 5, Some("slash")),
            40 => ("Electric Snare", 'C', 5, None),
            41 => ("Low Floor Tom", 'G', 4, None),
            42 => ("Closed Hi-Hat", 'G', 5, Some("x")),
            43 => ("High Floor Tom", 'A', 4, None),
            44 => ("Pedal Hi-Hat", 'D', 4, Some("x")),
            45 => ("Low Tom", 'B', 4, None),
            46 => ("Open Hi-Hat", 'G', 5, Some("circle-x")),
            47 => ("Low-Mid Tom", 'D', 5, None),
            48 => ("Hi-Mid Tom", 'D', 5, None),
            49 => ("Crash Cymbal", 'A', 5, Some("x")),
            50 => ("High Tom", 'E', 5, None),
            51 => ("Ride Cymbal", 'F', 5, Some("x")),
            52 => ("China Cymbal", 'B', 5, Some("x")),
            53 => ("Ride Bell", 'F', 5, Some("diamond")),
            54 => ("Tambourine", 'B', 4, Some("triangle")),
            55 => ("Splash Cymbal", 'B', 5, Some("x")),
            56 => ("Cowbell", 'E', 5, Some("triangle")),
            57 => ("Crash Cymbal 2", 'A', 5, Some("x")),
            58 => ("Vibraslap", 'B', 4, Some("diamond")),
            59 => ("Ride Cymbal 2", 'F', 5, Some("x")),
            60 => ("High Bongo", 'D', 5, Some("triangle")),
            61 => ("Low Bongo", 'B', 4, Some("triangle")),
            62 => ("Mute High Conga", 'D', 5, Some("x")),
            63 => ("Open High Conga", 'D', 5, Some("diamond")),
            64 => ("Low Conga", 'B', 4, Some("diamond")),
            65 => ("High Timbale", 'E', 5, Some("diamond")),
            66 => ("Low Timbale", 'A', 4, Some("diamond")),
            69 => ("Cabasa", 'A', 4, Some("x")),
            70 => ("Maracas", 'A', 4, Some("x")),
            75 => ("Claves", 'E', 5, Some("x")),
            76 => ("High Wood Block", 'E', 5, Some("triangle")),
            77 => ("Low Wood Block", 'D', 5, Some("triangle")),
            80 => ("Mute Triangle", 'A', 5, Some("triangle")),
            81 => ("Open Triangle", 'A', 5, Some("triangle")),
            _ => ("Percussion", 'E', 5, Some("x")),
        };
        Self { name, step, octave, notehead, is_foot: matches!(pitch, 35 | 36 | 44) }
    }
}

/// Two voices of drum strokes, hands and feet.
///
/// A stroke has no length of its own, so that it is written to last until the next one of its voice, at most to
/// `latest_end`; the durations in the score are not kept.
pub(super) fn drum_voices(notes: &[Note], latest_end: impl Fn(u32) -> u32) -> Vec<Vec<Stack>> {
    let voice = |is_foot: bool| {
        let strokes: Vec<&Note> = notes.iter().filter(|note| Drum::of(note.pitch).is_foot == is_foot).collect();
        let groups: Vec<&[&Note]> = strokes.chunk_by(|a, b| a.onset == b.onset).collect();
        let next_onsets = groups.iter().skip(1).map(|group| group[0].onset.0).chain([u32::MAX]);
        groups
            .iter()
            .zip(next_onsets)
            .map(|(group, next)| {
                let start = group[0].onset.0;
                let mut strokes: Vec<(u8, u8)> = group.iter().map(|note| (note.pitch, note.velocity)).collect();
                strokes.dedup_by_key(|(pitch, _)| *pitch);
                let (pitches, velocities) = strokes.into_iter().unzip();
                Stack { start, end: next.min(latest_end(start)), pitches, velocities }
            })
            .collect()
    };
    vec![voice(false), voice(true)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tick;

    #[test]
    fn strokes_last_until_the_next_or_the_end_of_the_beat() {
        let stroke = |onset, pitch| Note { onset: Tick(onset), pitch, duration: Tick(1), velocity: 100 };
        let notes = [stroke(0, 36), stroke(0, 42), stroke(6, 42), stroke(12, 38), stroke(12, 42)];
        let voices = drum_voices(&notes, |at| (at / 12 + 1) * 12);
        let lengths: Vec<Vec<_>> = voices.iter().map(|v| v.iter().map(|s| (s.start, s.end)).collect()).collect();
        assert_eq!(lengths, [vec![(0, 6), (6, 12), (12, 24)], vec![(0, 12)]]);
        assert_eq!(voices[0][2].pitches, [38, 42]);
    }
}
