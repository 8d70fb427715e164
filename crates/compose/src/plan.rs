//! A request stated as evidence: which cells are certain, which are free, window by window.
//!
//! Key, form and the last chord are certain, all other chords and the notes are free. A piece longer than the model's window is composed
//! in windows that overlap by half: what is there already is certain, and the model continues it.

use aeolian_canvas::canvas::PITCHES;
use aeolian_canvas::cells::{self, BLOCKS, CHORD_LANE, FORM_LANE, GROUPS, KEY_LANE};
use aeolian_canvas::{CELLS, Canvas, ChordCell, Form, NoteCell};
use aeolian_diffusion::{LaneState, Layout, Noise, Task};
use aeolian_score::{Key, Mode};

/// Quarters in a bar of 4/4, the metre of the first model.
pub const BAR: usize = 4;
/// Bars in a phrase, as in most of what the model has learned.
const PHRASE_BARS: usize = 4;

/// The key in the model's own frame: C major or A minor.
pub fn home_key(mode: Mode) -> Key {
    match mode {
        Mode::Major => Key { tonic: 0, mode },
        Mode::Minor => Key { tonic: 9, mode },
    }
}

/// What a seed chooses when nothing is asked: the mode as often as the model has met it, and a tonic whose signature has at
/// most four accidentals, which readers and hands find easier.
pub fn choose_key(noise: Noise, layout: &Layout, prior: &[f32]) -> Key {
    let (_, _, bit) = layout.spans().find(|(block, ..)| block.lane == KEY_LANE).expect("a layout of canvases");
    let odds = |key: Key| f64::from(prior[bit + usize::from(key.tonic) + 12 * usize::from(key.mode == Mode::Minor)]);
    let minor_over_major = (odds(home_key(Mode::Minor)) - odds(home_key(Mode::Major))).exp();
    let minor = noise.uniform(0) < minor_over_major / (1.0 + minor_over_major);
    let mode = if minor { Mode::Minor } else { Mode::Major };
    Key::from_signature((noise.uniform(1) * 9.0) as i8 - 4, mode)
}

/// A tempo between 66 and 112 quarters a minute.
pub fn choose_tempo(noise: Noise) -> f64 {
    (66.0 + noise.uniform(2) * 46.0).round()
}

/// Whether a model's layout is the canvas's: it reads and writes canvases.
pub fn fits_the_canvas(layout: &Layout) -> bool {
    let theirs = layout.blocks().iter().map(|b| (b.lane, b.groups, b.choices));
    theirs.eq(BLOCKS.iter().map(|b| (b.lane, b.groups, b.choices)))
}

/// The chord of the last bar: a piece that ends, ends at home.
fn home_chord(key: Key) -> ChordCell {
    let third = if key.mode == Mode::Major { 4 } else { 3 };
    let pitch_classes = [0, third, 7].iter().fold(0, |set, up| set | 1 << ((key.tonic + up) % 12));
    ChordCell { root: Some(key.tonic), bass: Some(key.tonic), pitch_classes }
}

/// A canvas that holds what is certain from the beginning: metre, key, form, and the chord of the last bar.
pub fn blank(bars: usize, key: Key) -> Canvas {
    let mut canvas = Canvas::new(bars * BAR);
    for quarter in 0..canvas.quarters {
        let bar = quarter / BAR;
        let last = bar + 1 == bars;
        canvas.keys[quarter] = Some(key);
        canvas.form[quarter] = Some(Form {
            section_start: bar.is_multiple_of(PHRASE_BARS),
            section_end: last || (bar + 1).is_multiple_of(PHRASE_BARS),
            instrumental: false,
            piece_end: last,
        });
        // One bar alone is an idea, not an ending.
        canvas.chords[quarter] = (last && bars > 1).then(|| home_chord(key));
    }
    canvas
}

/// The windows of a piece: start and length in quarters, and how many quarters at the start are done already.
pub fn windows(quarters: usize, longest: usize) -> Vec<(usize, usize, usize)> {
    let mut windows = vec![(0, quarters.min(longest), 0)];
    while let Some(&(start, length, _)) = windows.last()
        && start + length < quarters
    {
        // Half a window further, in whole bars, and never past the end.
        let step = (longest / 2 / BAR * BAR).max(BAR);
        let next = (start + step).min(quarters - longest);
        windows.push((next, longest, start + length - next));
    }
    windows
}

/// One window of a canvas as a task: the first `done` quarters certain, chords and notes of the others free.
pub fn task(layout: &Layout, canvas: &Canvas, (start, length, done): (usize, usize, usize), seed: u64) -> Task {
    let window = canvas.window(start, length);
    let mut task = Task::free(layout, length, seed);
    task.positions = window.positions.iter().map(|p| [p.eighth, p.bar_eighths]).collect();
    for (quarter, row) in task.choices.chunks_exact_mut(GROUPS).enumerate() {
        cells::write_quarter(&window, quarter, row);
    }
    for quarter in 0..length {
        task.set(quarter, KEY_LANE, LaneState::Given);
        task.set(quarter, FORM_LANE, LaneState::Given);
        if window.chords[quarter].is_some() {
            task.set(quarter, CHORD_LANE, LaneState::Given);
        }
        if quarter < done {
            (0..=CHORD_LANE).for_each(|lane| task.set(quarter, lane, LaneState::Given));
        }
    }
    if done == 0 {
        // Nothing can sound on from before the beginning.
        for lane in 0..3 {
            (0..PITCHES).for_each(|key| task.constraint.forbid(0, lane * CELLS + key, NoteCell::Hold as u8));
        }
    }
    task
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_the_piece_and_overlap() {
        assert_eq!(windows(32, 32), [(0, 32, 0)]);
        assert_eq!(windows(16, 32), [(0, 16, 0)]);
        assert_eq!(windows(64, 32), [(0, 32, 0), (16, 32, 16), (32, 32, 16)]);
        assert_eq!(windows(36, 32), [(0, 32, 0), (4, 32, 28)]);
    }

    #[test]
    fn phrases_begin_and_end_and_the_piece_ends_once() {
        let canvas = blank(10, home_key(Mode::Major));
        let form: Vec<Form> = canvas.form.iter().flatten().copied().step_by(BAR).collect();
        let bars =
            |f: fn(&Form) -> bool| form.iter().enumerate().filter(|(_, x)| f(x)).map(|(i, _)| i).collect::<Vec<_>>();
        assert_eq!(bars(|f| f.section_start), [0, 4, 8]);
        assert_eq!(bars(|f| f.section_end), [3, 7, 9]);
        assert_eq!(bars(|f| f.piece_end), [9]);
        let at_home = ChordCell { root: Some(0), bass: Some(0), pitch_classes: 0b1001_0001 };
        assert_eq!((canvas.chords[35], canvas.chords[36]), (None, Some(at_home)));
    }
}
