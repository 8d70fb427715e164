//! A canvas's loudness or lanes given to the notes of a source, which stay where they are.

use crate::Source;
use crate::merge::step_of_onset;
use aeolian_canvas::canvas::{LOWEST_PITCH, PITCHES};
use aeolian_canvas::{Canvas, NOTE_LANES, NoteCell, NoteLane};
use aeolian_score::{Note, Part, Score, TempoChange, Tick};

/// Tempo of a phrase at its edges and in its middle, as shares of the tempo: a phrase sets out a little slower, moves on,
/// and slows towards its end (the phrase arch of Friberg, Bresin & Sundberg 2006, "Overview of the KTH rule system",
/// kept small).
const PHRASE_EDGE: f64 = 0.97;
const PHRASE_MIDDLE: f64 = 1.02;
/// Tempo at the very end (final ritard, Friberg & Sundberg 1999: to about .7 of the tempo; kept small here too).
const LAST: f64 = 0.8;
/// Bars of a phrase where the score does not say.
const PHRASE_BARS: usize = 4;

/// The source with the canvas's loudness, and a tempo that breathes if its own never changes.
pub fn performed(source: &Source, canvas: &Canvas) -> Score {
    let mut score = source.score().clone();
    let resolution = score.ticks_per_quarter;
    for (part, lane) in score.parts.iter_mut().zip(source.lanes()) {
        let Some(lane) = *lane else { continue };
        for note in &mut part.notes {
            let info = canvas.steps[lane as usize].get(step_of_onset(note, resolution));
            if let Some(loudness) = info.and_then(|info| info.loudness) {
                note.velocity = loudness.clamp(1, 127);
            }
        }
    }
    if score.tempos.len() <= 1 {
        score.tempos = breathing(&score);
    }
    score
}

/// One tempo a bar: an arch over every phrase, and a slower last bar.
fn breathing(score: &Score) -> Vec<TempoChange> {
    let qpm = score.tempos.first().map_or(120.0, |t| t.qpm);
    let bars = score.bar_starts(score.end());
    let phrases = phrase_starts(score, &bars);
    (0..bars.len())
        .map(|bar| {
            let phrase = phrases.iter().rposition(|&start| start <= bar).unwrap_or(0);
            let start = phrases.get(phrase).copied().unwrap_or(0);
            let end = phrases.get(phrase + 1).copied().unwrap_or(bars.len());
            let through = (bar - start) as f64 / (end - start).max(1) as f64 + 0.5 / (end - start).max(1) as f64;
            let arch = 1.0 - (2.0 * through - 1.0).powi(2);
            let shape = PHRASE_EDGE + (PHRASE_MIDDLE - PHRASE_EDGE) * arch;
            let last = bar + 1 == bars.len() && bars.len() > 1;
            TempoChange { at: bars[bar], qpm: (qpm * if last { LAST } else { shape } * 100.0).round() / 100.0 }
        })
        .collect()
}

/// The bars at which phrases begin.
fn phrase_starts(score: &Score, bars: &[Tick]) -> Vec<usize> {
    if score.sections.is_empty() {
        return (0..bars.len()).step_by(PHRASE_BARS).collect();
    }
    let of_section = |at: Tick| bars.partition_point(|&bar| bar <= at).saturating_sub(1);
    let mut starts: Vec<usize> = std::iter::once(0).chain(score.sections.iter().map(|s| of_section(s.at))).collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// The source's notes in one part a lane, as the canvas divides them; `up` semitones from its frame to what sounds.
/// Parts the model does not see stay as they are.
pub fn arranged(source: &Source, canvas: &Canvas, up: i32) -> Score {
    let mut score = source.score().clone();
    let mut lanes: [Vec<Note>; NOTE_LANES] = Default::default();
    let mut parts = Vec::new();
    for (part, lane) in score.parts.drain(..).zip(source.lanes()) {
        match lane {
            None => parts.push(part),
            Some(own) => part.notes.iter().for_each(|note| {
                let lane = lane_of(canvas, note, source.score().ticks_per_quarter, up).unwrap_or(*own);
                lanes[lane as usize].push(*note);
            }),
        }
    }
    let drawn = NoteLane::ALL.into_iter().zip(lanes).filter(|(_, notes)| !notes.is_empty()).map(|(lane, mut notes)| {
        notes.sort();
        notes.dedup();
        Part { name: lane.name().to_owned(), is_drum: !lane.is_pitched(), notes, ..Part::default() }
    });
    score.parts = drawn.chain(parts).collect();
    score
}

/// The lane in which the canvas strikes a note.
fn lane_of(canvas: &Canvas, note: &Note, resolution: u32, up: i32) -> Option<NoteLane> {
    let step = step_of_onset(note, resolution);
    let key = i32::from(note.pitch) - up - i32::from(LOWEST_PITCH);
    let key = usize::try_from(key).ok().filter(|&key| key < PITCHES)?;
    NoteLane::ALL.into_iter().find(|&l| canvas.notes[l as usize].get(step * PITCHES + key) == Some(&NoteCell::Onset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        let note = |onset, pitch| Note { onset: Tick(onset), pitch, duration: Tick(400), velocity: 64 };
        let mut score = Score::new(480);
        score.parts = vec![Part { notes: vec![note(0, 48), note(0, 72), note(7690, 74)], ..Part::default() }];
        Source::with_lanes(score, vec![Some(NoteLane::Harmony)]).unwrap()
    }

    #[test]
    fn loudness_comes_from_the_step_and_nothing_else_changes() {
        let source = source();
        let mut canvas = source.canvas();
        canvas.steps[2][0].loudness = Some(100);
        let score = performed(&source, &canvas);
        let notes: Vec<_> = score.parts[0].notes.iter().map(|n| (n.onset.0, n.pitch, n.velocity)).collect();
        assert_eq!(notes, [(0, 48, 100), (0, 72, 100), (7690, 74, 64)]);
        assert_eq!(score.tempos.len(), 5);
        assert!(score.tempos[4].qpm < score.tempos[3].qpm && score.tempos[1].qpm > score.tempos[0].qpm);
    }

    #[test]
    fn notes_go_to_the_lane_that_strikes_them() {
        let source = source();
        let mut canvas = source.canvas();
        *canvas.cell_mut(NoteLane::Melody, 0, 72) = NoteCell::Onset;
        *canvas.cell_mut(NoteLane::Harmony, 0, 72) = NoteCell::Silent;
        let score = arranged(&source, &canvas, 0);
        let names: Vec<(&str, usize)> = score.parts.iter().map(|p| (p.name.as_str(), p.notes.len())).collect();
        assert_eq!(names, [("Melody", 1), ("Harmony", 2)]);
    }
}
