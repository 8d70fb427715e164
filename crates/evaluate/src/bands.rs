//! Whether the lanes of a band agree: does the bass play the chord, and does the drummer keep the bar?

use crate::EvaluateError;
use aeolian_canvas::canvas::{LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::{Canvas, Idiom, NoteCell, NoteLane};
use aeolian_compose::{Composer, Request};
use aeolian_train::Dataset;
use rayon::prelude::*;
use std::fmt::Write;

/// Seed of the real windows.
const SEED: u64 = 23;
/// Seed of the first composed band: `aeolian compose -n 40 --style band --seed 1` makes the same ones.
const FIRST_PIECE: u64 = 1;
/// General MIDI keys of bass drums and snares.
const BASS_DRUMS: [u8; 2] = [35, 36];
const SNARES: [u8; 3] = [37, 38, 40];

/// Counts over some canvases; every share is hits of chances.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Agreement {
    /// Downbeats on which the bass strikes and a chord is known, and those on which it strikes the chord's root or bass.
    pub bass: [usize; 2],
    /// Bars with drums, and those that begin with a bass drum.
    pub bass_drum: [usize; 2],
    /// Bars of four quarters with drums, and those with a snare on the second or fourth.
    pub backbeat: [usize; 2],
    /// Onsets of each lane, and bars.
    pub onsets: [usize; 6],
    /// Bars.
    pub bars: usize,
}

impl Agreement {
    /// Counts one canvas.
    pub fn of(canvas: &Canvas) -> Self {
        let mut counts = Self::default();
        let lane = |lane: NoteLane| &canvas.notes[lane as usize];
        for (counted, cells) in counts.onsets.iter_mut().zip(&canvas.notes) {
            *counted = cells.iter().filter(|cell| **cell == NoteCell::Onset).count();
        }
        for bar in canvas.bars() {
            counts.bars += 1;
            let struck = |of: NoteLane, step: usize| -> Vec<u8> {
                let cells = &lane(of)[step * PITCHES..(step + 1) * PITCHES];
                let onsets = cells.iter().enumerate().filter(|(_, cell)| **cell == NoteCell::Onset);
                onsets.map(|(key, _)| LOWEST_PITCH + key as u8).collect()
            };
            let downbeat = bar.start * STEPS;
            let chord = canvas.chords[bar.start].and_then(|chord| Some([chord.root?, chord.bass.or(chord.root)?]));
            if let (Some(lowest), Some(chord)) = (struck(NoteLane::Bass, downbeat).first(), chord) {
                add(&mut counts.bass, chord.contains(&(lowest % 12)));
            }
            let steps = downbeat..(bar.end * STEPS);
            if steps.clone().any(|step| !struck(NoteLane::Drums, step).is_empty()) {
                let hits =
                    |step: usize, keys: &[u8]| struck(NoteLane::Drums, step).iter().any(|key| keys.contains(key));
                add(&mut counts.bass_drum, hits(downbeat, &BASS_DRUMS));
                if bar.len() == 4 {
                    let backbeat = [1, 3].map(|quarter| hits(downbeat + quarter * STEPS, &SNARES));
                    add(&mut counts.backbeat, backbeat.contains(&true));
                }
            }
        }
        counts
    }

    fn plus(self, other: Self) -> Self {
        let pair = |a: [usize; 2], b: [usize; 2]| [a[0] + b[0], a[1] + b[1]];
        Self {
            bass: pair(self.bass, other.bass),
            bass_drum: pair(self.bass_drum, other.bass_drum),
            backbeat: pair(self.backbeat, other.backbeat),
            onsets: std::array::from_fn(|lane| self.onsets[lane] + other.onsets[lane]),
            bars: self.bars + other.bars,
        }
    }
}

fn add([chances, hits]: &mut [usize; 2], hit: bool) {
    *chances += 1;
    *hits += usize::from(hit);
}

/// Composed bands beside the held-out bands of every set that has a bass or drums, `pieces` of each.
pub fn table(valid: Dataset, composer: &Composer, pieces: usize, steps: usize) -> Result<String, EvaluateError> {
    let composed: Result<Vec<Canvas>, EvaluateError> = (0..pieces as u64)
        .into_par_iter()
        .map(|i| {
            let request = Request { seed: FIRST_PIECE + i, steps, idiom: Some(Idiom::Band), ..Request::default() };
            Ok(composer.compose(&request, &mut |_, _| true)?.canvas)
        })
        .collect();
    let mut rows = vec![("composed".to_owned(), composed?)];
    for (set, dataset) in valid.by_set() {
        let windows = dataset.spread(pieces, SEED);
        let has = |lane: NoteLane| windows.iter().any(|w| w.notes[lane as usize].contains(&NoteCell::Onset));
        if has(NoteLane::Bass) && has(NoteLane::Drums) {
            rows.push((set, windows));
        }
    }
    let mut text = String::from(
        "| bands | bass on the root or bass of the chord, downbeats | bars that begin with a bass drum | bars with a \
         backbeat | notes a bar: melody | counter | harmony | bass | drums | sustained |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (name, canvases) in rows {
        let sum = canvases.iter().map(Agreement::of).fold(Agreement::default(), Agreement::plus);
        let share = |[chances, hits]: [usize; 2]| match chances {
            0 => "–".to_owned(),
            _ => format!("{:.2} of {chances}", hits as f64 / chances as f64),
        };
        let a_bar = sum.onsets.map(|onsets| format!("{:.1}", onsets as f64 / sum.bars.max(1) as f64)).join(" | ");
        let shares = [sum.bass, sum.bass_drum, sum.backbeat].map(share).join(" | ");
        writeln!(text, "| {name} | {shares} | {a_bar} |").expect("a string takes everything");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::ChordCell;

    #[test]
    fn agreement_worked_by_hand() {
        let mut canvas = Canvas::new(8);
        canvas.chords.fill(Some(ChordCell { root: Some(0), bass: Some(4), pitch_classes: 0b1001_0001 }));
        let mut strike = |lane, step, pitch| *canvas.cell_mut(lane, step, pitch) = NoteCell::Onset;
        strike(NoteLane::Bass, 0, 40); // E below C major over E
        strike(NoteLane::Bass, 16, 43); // G is neither
        strike(NoteLane::Drums, 0, 36);
        strike(NoteLane::Drums, 4, 38);
        strike(NoteLane::Drums, 20, 42);
        let counts = Agreement::of(&canvas);
        assert_eq!((counts.bass, counts.bass_drum, counts.backbeat), ([2, 1], [2, 1], [2, 1]));
        assert_eq!((counts.onsets, counts.bars), ([0, 0, 0, 2, 3, 0], 2));
    }
}
