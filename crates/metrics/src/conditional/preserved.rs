//! A melody preserved: are the given notes found again in the output, to the tick?
//!
//! Locked notes must come back exactly, and then every share here is 1. For outputs that only promise to follow a
//! melody, the three shares say how: *exact* (pitch, onset and duration), *struck* (pitch and onset), and *sounding*
//! (the time in which the pitch of the given note sounds, however it is cut and whoever plays it).
//!
//! Times are compared as exact fractions of a quarter, so the two sides may have different resolutions.

use crate::excerpt::share;
use aeolian_score::{Note, Score, Tick};
use serde::Serialize;
use std::collections::BTreeMap;

/// Some notes and their resolution.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The notes, in any order.
    pub notes: &'a [Note],
    /// Ticks in a quarter; with 0 there are no times, and the line counts as empty.
    pub ticks_per_quarter: u32,
}

/// What became of the given notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Preserved {
    /// Notes given.
    pub given: usize,
    /// Given notes found with the same pitch, onset and duration; each note of the output answers for one.
    pub exact: usize,
    /// Given notes found with the same pitch and onset, whatever their duration.
    pub struck: usize,
    /// Given notes whose pitch sounds during their whole length.
    pub covered: usize,
    /// Share of the given notes' time in which their pitch sounds, 0–1. `None` where they have no length.
    pub sounding_share: Option<f64>,
    /// Notes of the output that answer for no given note (by pitch, onset and duration).
    pub added: usize,
}

impl Preserved {
    /// Share of given notes found exactly, 0–1. `None` without notes.
    pub fn exact_share(&self) -> Option<f64> {
        share(self.exact, self.given)
    }

    /// Share of given notes struck where they should be, 0–1. `None` without notes.
    pub fn struck_share(&self) -> Option<f64> {
        share(self.struck, self.given)
    }

    /// Share of given notes covered throughout, 0–1. `None` without notes.
    pub fn covered_share(&self) -> Option<f64> {
        share(self.covered, self.given)
    }
}

/// Looks for the notes of `given` in `output`.
pub fn preserved(given: Line, output: Line) -> Preserved {
    // A common unit: one tick of the given line is as long as `output.ticks_per_quarter` of these.
    let (given_notes, output_notes) = (given.in_units_of(output), output.in_units_of(given));
    let exact = common(&given_notes, &output_notes, |note| (note.pitch, note.start, note.end));
    let struck = common(&given_notes, &output_notes, |note| (note.pitch, note.start, 0));
    let by_pitch = sounding_by_pitch(&output_notes);
    let (mut covered, mut heard, mut length) = (0, 0u128, 0u128);
    for note in &given_notes {
        let sounds = by_pitch.get(&note.pitch).map_or(0, |spans| overlap(spans, note.start, note.end));
        covered += usize::from(sounds == note.end - note.start);
        heard += u128::from(sounds);
        length += u128::from(note.end - note.start);
    }
    Preserved {
        given: given_notes.len(),
        exact,
        struck,
        covered,
        sounding_share: (length > 0).then(|| heard as f64 / length as f64),
        added: output_notes.len() - exact,
    }
}

/// The same for a part of one score in the whole of another: is the melody there, whoever plays it? Drums do not answer.
/// `None` where the part does not exist.
pub fn part_preserved(given: &Score, part: usize, output: &Score) -> Option<Preserved> {
    let notes = &given.parts.get(part)?.notes;
    let all: Vec<Note> = output.parts.iter().filter(|part| !part.is_drum).flat_map(|part| part.notes.clone()).collect();
    let given = Line { notes, ticks_per_quarter: given.ticks_per_quarter };
    Some(preserved(given, Line { notes: &all, ticks_per_quarter: output.ticks_per_quarter }))
}

/// A note in the common unit.
struct Placed {
    pitch: u8,
    start: u64,
    end: u64,
}

impl Line<'_> {
    fn in_units_of(&self, other: Line) -> Vec<Placed> {
        if self.ticks_per_quarter == 0 {
            return Vec::new();
        }
        let unit = u64::from(other.ticks_per_quarter.max(1));
        let place = |tick: Tick| u64::from(tick.0) * unit;
        let placed = |note: &Note| Placed { pitch: note.pitch, start: place(note.onset), end: place(note.offset()) };
        self.notes.iter().map(placed).collect()
    }
}

/// How many notes of `given` find a partner with the same mark, each partner once.
fn common(given: &[Placed], output: &[Placed], mark: impl Fn(&Placed) -> (u8, u64, u64)) -> usize {
    let sorted = |notes: &[Placed]| {
        let mut marks: Vec<_> = notes.iter().map(&mark).collect();
        marks.sort_unstable();
        marks
    };
    crate::onsets::common(&sorted(given), &sorted(output))
}

/// Where each pitch sounds: disjoint spans, ascending.
fn sounding_by_pitch(notes: &[Placed]) -> BTreeMap<u8, Vec<(u64, u64)>> {
    let mut by_pitch: BTreeMap<u8, Vec<(u64, u64)>> = BTreeMap::new();
    notes.iter().for_each(|note| by_pitch.entry(note.pitch).or_default().push((note.start, note.end)));
    for spans in by_pitch.values_mut() {
        spans.sort_unstable();
        spans.dedup_by(|next, last| {
            let joins = next.0 <= last.1;
            if joins {
                last.1 = last.1.max(next.1);
            }
            joins
        });
    }
    by_pitch
}

fn overlap(spans: &[(u64, u64)], start: u64, end: u64) -> u64 {
    spans.iter().map(|&(from, to)| to.min(end).saturating_sub(from.max(start))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::Part;

    fn notes(of: &[(u32, u32, u8)]) -> Vec<Note> {
        let note = |&(onset, duration, pitch): &(u32, u32, u8)| Note {
            onset: Tick(onset),
            pitch,
            duration: Tick(duration),
            velocity: 80,
        };
        of.iter().map(note).collect()
    }

    fn of(given: &[(u32, u32, u8)], output: &[(u32, u32, u8)]) -> Preserved {
        let (given, output) = (notes(given), notes(output));
        preserved(Line { notes: &given, ticks_per_quarter: 4 }, Line { notes: &output, ticks_per_quarter: 4 })
    }

    #[test]
    fn a_melody_is_preserved_in_itself_at_any_resolution() {
        let (coarse, fine) = (notes(&[(0, 2, 60), (3, 1, 62)]), notes(&[(0, 6, 60), (9, 3, 62)]));
        let found =
            preserved(Line { notes: &coarse, ticks_per_quarter: 4 }, Line { notes: &fine, ticks_per_quarter: 12 });
        let whole = Preserved { given: 2, exact: 2, struck: 2, covered: 2, sounding_share: Some(1.0), added: 0 };
        assert_eq!(found, whole);
        let off = notes(&[(0, 6, 60), (10, 3, 62)]);
        let found =
            preserved(Line { notes: &coarse, ticks_per_quarter: 4 }, Line { notes: &off, ticks_per_quarter: 12 });
        assert_eq!((found.exact, found.added), (1, 1), "a twelfth late is not the same");
    }

    #[test]
    fn shortened_split_and_octave_notes_are_told_apart() {
        let given = [(0, 4, 60), (4, 4, 62), (8, 4, 64), (12, 4, 65)];
        let found = of(&given, &[(0, 3, 60), (4, 2, 62), (6, 2, 62), (8, 4, 76), (12, 4, 65)]);
        // 60 is cut short, 62 is split in two, 64 moved up an octave, 65 kept.
        assert_eq!((found.exact, found.struck, found.covered), (1, 3, 2));
        assert_eq!(found.sounding_share, Some(11.0 / 16.0));
        assert_eq!(found.added, 4);
        assert_eq!(found.exact_share(), Some(0.25));
        assert_eq!((found.struck_share(), found.covered_share()), (Some(0.75), Some(0.5)));
    }

    #[test]
    fn one_note_answers_for_one() {
        let found = of(&[(0, 4, 60), (0, 4, 60)], &[(0, 4, 60)]);
        assert_eq!((found.given, found.exact, found.struck, found.added), (2, 1, 1, 0));
    }

    #[test]
    fn overlapping_and_touching_notes_sound_once() {
        let found = of(&[(0, 8, 60)], &[(0, 5, 60), (2, 3, 60), (5, 1, 60)]);
        assert_eq!((found.covered, found.sounding_share), (0, Some(0.75)));
    }

    #[test]
    fn any_pitched_part_may_play_the_melody() {
        let (mut given, mut output) = (Score::new(4), Score::new(4));
        let part = |is_drum| Part { notes: notes(&[(0, 4, 60)]), is_drum, ..Part::default() };
        given.parts.push(part(false));
        output.parts.push(part(true));
        assert_eq!(part_preserved(&given, 0, &output).unwrap().exact, 0);
        output.parts.push(part(false));
        assert_eq!(part_preserved(&given, 0, &output).unwrap().exact, 1);
        assert_eq!(part_preserved(&given, 1, &output), None);
    }

    #[test]
    fn nothing_given_is_undefined_and_extremes_do_not_overflow() {
        let nothing = of(&[], &[(0, 4, 60)]);
        assert_eq!((nothing.exact_share(), nothing.sounding_share, nothing.added), (None, None, 1));
        assert_eq!(of(&[(0, 0, 60)], &[]).sounding_share, None);
        let far = notes(&[(u32::MAX, u32::MAX, 255), (0, u32::MAX, 0)]);
        let line = Line { notes: &far, ticks_per_quarter: u32::MAX };
        assert_eq!(preserved(line, line).exact, 2);
        assert_eq!(preserved(Line { ticks_per_quarter: 0, ..line }, line).given, 0);
    }
}
