//! The [`Excerpt`]: what every metric looks at. Notes on a grid of four steps a quarter, and the bars they lie in.
//!
//! Canvas and score come here by the same rounding (a triplet goes to the nearest sixteenth), so that real and
//! generated pieces are measured alike. Drums, loudness and fine timing are left out (drums have an excerpt of their
//! own, [`Excerpt::of_drums`]).

use crate::Error;
use crate::timeline::score_bars;
use aeolian_canvas::canvas::{LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::{BarPosition, Canvas, NoteCell};
use aeolian_score::{Part, Score};
use std::collections::BTreeSet;

/// A note on the step grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExcerptNote {
    /// Step at which it starts.
    pub onset: usize,
    /// MIDI pitch, 0–127.
    pub pitch: u8,
    /// First step at which it no longer sounds; > `onset`.
    pub end: usize,
    /// Canvas lane, or index of the score's part.
    pub lane: usize,
}

impl ExcerptNote {
    /// Length in steps, ≥ 1.
    pub fn duration(&self) -> usize {
        self.end.saturating_sub(self.onset)
    }

    /// Pitch class, 0–11.
    pub fn pitch_class(&self) -> usize {
        usize::from(self.pitch % 12)
    }
}

/// A bar, or the part of one that lies inside the excerpt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// First step inside the excerpt.
    pub start: usize,
    /// First step after it.
    pub end: usize,
    /// Steps of this bar that lie before the excerpt: 0 except for the first bar.
    pub missing: usize,
    /// Steps the whole bar has.
    pub length: usize,
}

impl Bar {
    /// Whether the whole bar lies inside the excerpt.
    pub fn is_complete(&self) -> bool {
        self.steps() == self.length
    }

    /// Steps of it that lie inside the excerpt.
    pub fn steps(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Place in the whole bar of a step that lies in it, in steps; 0 is the downbeat.
    pub fn place_of(&self, step: usize) -> usize {
        step.saturating_sub(self.start) + self.missing
    }
}

/// Notes and bars on the step grid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Length in steps.
    pub steps: usize,
    /// Sorted by onset, then pitch.
    pub notes: Vec<ExcerptNote>,
    /// In order; together they tile the excerpt.
    pub bars: Vec<Bar>,
}

impl Excerpt {
    /// The note lanes of a canvas. A hold without a start (a note that rings in) counts as starting there.
    pub fn from_canvas(canvas: &Canvas) -> Self {
        let steps = canvas.quarters * STEPS;
        let mut notes = Vec::new();
        for (lane, cells) in canvas.notes.iter().enumerate() {
            let mut sounding: [Option<usize>; PITCHES] = [None; PITCHES];
            for (step, row) in cells.chunks_exact(PITCHES).enumerate() {
                for (key, cell) in row.iter().enumerate() {
                    let note = |onset| ExcerptNote { onset, pitch: LOWEST_PITCH + key as u8, end: step, lane };
                    match cell {
                        NoteCell::Silent => notes.extend(sounding[key].take().map(note)),
                        NoteCell::Onset => notes.extend(sounding[key].replace(step).map(note)),
                        NoteCell::Hold => _ = sounding[key].get_or_insert(step),
                    }
                }
            }
            let ringing = sounding.iter().enumerate().filter_map(|(key, onset)| onset.map(|onset| (key, onset)));
            notes.extend(ringing.map(|(key, onset)| ExcerptNote {
                onset,
                pitch: LOWEST_PITCH + key as u8,
                end: steps,
                lane,
            }));
        }
        notes.sort_unstable();
        Self { steps, notes, bars: bars_of(&canvas.positions, steps) }
    }

    /// The pitched parts of a score, from its start to the end of the bar in which the last note ends.
    ///
    /// Onsets and ends go to the nearest step (halves up), at least one step apart. Notes that coincide
    /// afterwards stay separate.
    ///
    /// # Errors   [`Error::NoResolution`] for 0 ticks a quarter; [`Error::TooLong`] beyond 2²⁰ steps
    pub fn from_score(score: &Score) -> Result<Self, Error> {
        Self::of_parts(score, |part| !part.is_drum)
    }

    /// The drum parts of a score, in the same bars; `pitch` names the drum (36 is the bass drum in General MIDI).
    ///
    /// # Errors   as [`Excerpt::from_score`]
    pub fn of_drums(score: &Score) -> Result<Self, Error> {
        Self::of_parts(score, |part| part.is_drum)
    }

    fn of_parts(score: &Score, wanted: impl Fn(&Part) -> bool) -> Result<Self, Error> {
        let resolution = u64::from(score.ticks_per_quarter);
        let score_bars = score_bars(score)?;
        let step = |tick: u64| ((tick * STEPS as u64 + resolution / 2) / resolution) as usize;
        let mut notes = Vec::new();
        for (lane, part) in score.parts.iter().enumerate().filter(|(_, part)| wanted(part)) {
            notes.extend(part.notes.iter().map(|note| {
                let onset = step(note.onset.0.into());
                ExcerptNote { onset, pitch: note.pitch, end: step(note.offset().0.into()).max(onset + 1), lane }
            }));
        }
        notes.sort_unstable();
        let mut bars: Vec<Bar> = Vec::new();
        for score_bar in score_bars {
            let length = (4 * STEPS * usize::from(score_bar.numerator) / usize::from(score_bar.denominator)).max(1);
            let start = step(score_bar.start);
            if let Some(bar) = bars.last_mut() {
                bar.end = start;
            }
            bars.push(Bar { start, end: start + length, missing: 0, length });
        }
        bars.retain(|bar| bar.end > bar.start);
        let steps = bars.last().map_or(0, |bar| bar.end).max(notes.iter().map(|n| n.end).max().unwrap_or(0));
        Ok(Self { steps, notes, bars })
    }

    /// Whether nothing is played at all.
    pub fn is_silent(&self) -> bool {
        self.notes.is_empty()
    }

    /// The pitches that sound at each step, all lanes together: bit p of an entry is MIDI pitch p.
    pub fn sounding(&self) -> Vec<u128> {
        let mut sounding = vec![0; self.steps];
        for note in &self.notes {
            let steps = sounding.get_mut(note.onset..note.end.min(self.steps)).unwrap_or_default();
            steps.iter_mut().for_each(|set| *set |= 1 << (note.pitch & 127));
        }
        sounding
    }

    /// Notes a pitch class has, index 0 is C.
    pub fn pitch_class_counts(&self) -> [f64; 12] {
        self.pitch_class_sums(|_| 1.0)
    }

    /// Steps a pitch class sounds, summed over its notes, index 0 is C.
    pub fn pitch_class_durations(&self) -> [f64; 12] {
        self.pitch_class_sums(|note| note.duration() as f64)
    }

    fn pitch_class_sums(&self, weight: impl Fn(&ExcerptNote) -> f64) -> [f64; 12] {
        let mut sums = [0.0; 12];
        self.notes.iter().for_each(|note| sums[note.pitch_class()] += weight(note));
        sums
    }

    /// The notes that start in a bar, sorted by onset, then pitch.
    pub fn notes_in(&self, bar: &Bar) -> &[ExcerptNote] {
        let place = |step: usize| self.notes.partition_point(|note| note.onset < step);
        self.notes.get(place(bar.start)..place(bar.end)).unwrap_or_default()
    }

    /// What starts in a bar: pairs of (step in the bar, pitch), all lanes together.
    pub fn onsets_in(&self, bar: &Bar) -> BTreeSet<(usize, u8)> {
        self.notes_in(bar).iter().map(|note| (note.onset - bar.start + bar.missing, note.pitch)).collect()
    }

    /// The steps at which something starts, ascending, each once, all lanes together.
    pub fn onset_steps(&self) -> Vec<usize> {
        let mut steps: Vec<usize> = self.notes.iter().map(|note| note.onset).collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// How many bars long it is; a part of a bar counts as that part.
    pub fn length_in_bars(&self) -> f64 {
        self.bars.iter().filter(|bar| bar.length > 0).map(|bar| bar.steps() as f64 / bar.length as f64).sum()
    }
}

/// Finds the stretch (a bar, a chord) that a place lies in, for many places: quick where they ascend, right in any order.
pub(crate) struct Walk<'a, T, E> {
    stretches: &'a [T],
    /// First place after a stretch; ascending.
    end: E,
    at: usize,
}

impl<'a, T, E> Walk<'a, T, E> {
    /// Over stretches in order.
    pub(crate) fn new(stretches: &'a [T], end: E) -> Self {
        Self { stretches, end, at: 0 }
    }

    /// Index of the first stretch that ends after `place`; their number where none does.
    pub(crate) fn find<P: PartialOrd>(&mut self, place: P) -> usize
    where
        E: Fn(&T) -> P,
    {
        if self.at > 0 && (self.end)(&self.stretches[self.at - 1]) > place {
            self.at = self.stretches.partition_point(|stretch| (self.end)(stretch) <= place);
        }
        while self.stretches.get(self.at).is_some_and(|stretch| (self.end)(stretch) <= place) {
            self.at += 1;
        }
        self.at
    }
}

/// `part / whole`, or `None` where the whole is nothing.
pub(crate) fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Place of a step in its bar and the bar's length, both in steps; a bar may begin inside a quarter (7/8).
pub(crate) fn place_in_bar(position: BarPosition, step_in_quarter: usize) -> (usize, usize) {
    let length = usize::from(position.bar_eighths.max(1)) * STEPS / 2;
    ((usize::from(position.eighth) * STEPS / 2 + step_in_quarter) % length, length)
}

fn bars_of(positions: &[BarPosition], steps: usize) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for step in 0..steps {
        let (place, length) = place_in_bar(positions[step / STEPS], step % STEPS);
        match bars.last_mut() {
            Some(bar) if place != 0 => bar.end = step + 1,
            _ => bars.push(Bar { start: step, end: step + 1, missing: place, length }),
        }
    }
    bars
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use aeolian_canvas::NoteLane;
    use aeolian_score::{MeterChange, Note, Part, Tick};

    /// A 4/4 melody-lane excerpt of (onset, duration, pitch).
    pub(crate) fn excerpt(quarters: usize, notes: &[(usize, usize, u8)]) -> Excerpt {
        Excerpt::from_canvas(&canvas(quarters, notes))
    }

    /// A 4/4 canvas with these notes (onset, duration, pitch) in the melody lane.
    pub(crate) fn canvas(quarters: usize, notes: &[(usize, usize, u8)]) -> Canvas {
        let mut canvas = Canvas::new(quarters);
        for &(onset, duration, pitch) in notes {
            *canvas.cell_mut(NoteLane::Melody, onset, pitch) = NoteCell::Onset;
            for step in onset + 1..onset + duration {
                *canvas.cell_mut(NoteLane::Melody, step, pitch) = NoteCell::Hold;
            }
        }
        canvas
    }

    #[test]
    fn canvas_and_score_of_the_same_notes_are_the_same_excerpt() {
        let notes = [(0, 4, 60), (0, 16, 48), (4, 1, 60), (5, 3, 60), (15, 1, 72)];
        let mut score = Score::new(12);
        let note = |&(onset, duration, pitch): &(usize, usize, u8)| Note {
            onset: Tick(onset as u32 * 3),
            pitch,
            duration: Tick(duration as u32 * 3),
            velocity: 90,
        };
        score.parts.push(Part { notes: notes.iter().map(note).collect(), ..Part::default() });
        score.parts.push(Part { is_drum: true, ..score.parts[0].clone() });
        assert_eq!(Excerpt::from_score(&score).unwrap(), excerpt(4, &notes));
    }

    #[test]
    fn a_walk_finds_what_a_search_finds_in_any_order() {
        let ends = [3usize, 3, 8, 20];
        let mut walk = Walk::new(&ends, |end: &usize| *end);
        for place in [0, 2, 3, 7, 8, 19, 20, 99, 4, 0, 8, 3] {
            assert_eq!(walk.find(place), ends.partition_point(|end| *end <= place), "{place}");
        }
        assert_eq!(Walk::new(&[], |end: &usize| *end).find(5), 0);
    }

    #[test]
    fn a_ringing_hold_counts_as_a_start_and_the_last_note_ends_with_the_canvas() {
        let mut canvas = Canvas::new(1);
        *canvas.cell_mut(NoteLane::Harmony, 0, 50) = NoteCell::Hold;
        *canvas.cell_mut(NoteLane::Harmony, 3, 108) = NoteCell::Onset;
        let notes = Excerpt::from_canvas(&canvas).notes;
        let expected = [(0, 50, 1), (3, 108, 4)].map(|(onset, pitch, end)| ExcerptNote { onset, pitch, end, lane: 2 });
        assert_eq!(notes, expected);
    }

    #[test]
    fn bars_of_seven_eighths_begin_inside_a_quarter_and_a_cut_bar_is_not_complete() {
        let mut canvas = Canvas::new(5);
        canvas.positions = [3, 5, 0, 2, 4].map(|eighth| BarPosition { eighth, bar_eighths: 7 }).to_vec();
        let bars = Excerpt::from_canvas(&canvas).bars;
        assert_eq!(bars[0], Bar { start: 0, end: 8, missing: 6, length: 14 });
        assert_eq!(bars[1], Bar { start: 8, end: 20, missing: 0, length: 14 });
        canvas.positions[2].eighth = 6;
        canvas.positions[3].eighth = 1;
        canvas.positions[4].eighth = 3;
        assert_eq!(Excerpt::from_canvas(&canvas).bars[1], Bar { start: 10, end: 20, missing: 0, length: 14 });
    }

    #[test]
    fn a_score_without_end_or_resolution_is_refused() {
        let mut score = Score::new(1);
        let note = Note { onset: Tick(u32::MAX), pitch: 60, duration: Tick(1), velocity: 1 };
        score.parts.push(Part { notes: vec![note], ..Part::default() });
        assert!(matches!(Excerpt::from_score(&score), Err(Error::TooLong { .. })));
        score.ticks_per_quarter = 0;
        assert_eq!(Excerpt::from_score(&score), Err(Error::NoResolution));
    }

    #[test]
    fn a_metre_change_in_a_score_moves_the_bar_lines() {
        let mut score = Score::new(12);
        score.meters = vec![
            MeterChange { at: Tick(0), numerator: 3, denominator: 4 },
            MeterChange { at: Tick(36), numerator: 4, denominator: 4 },
        ];
        let note = Note { onset: Tick(0), pitch: 60, duration: Tick(40), velocity: 1 };
        score.parts.push(Part { notes: vec![note], ..Part::default() });
        let excerpt = Excerpt::from_score(&score).unwrap();
        assert_eq!(excerpt.bars.iter().map(|b| (b.start, b.end)).collect::<Vec<_>>(), [(0, 12), (12, 28)]);
        assert_eq!(excerpt.steps, 28);
    }
}
