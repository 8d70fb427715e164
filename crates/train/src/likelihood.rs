//! Likelihood bounds of a model on held-out windows, task by task, in nats a quarter of notes.

use crate::dataset::Window;
use aeolian_canvas::NOTE_LANES;
use aeolian_canvas::cells::{CHORD_LANE, ENSEMBLE_LANE, IDIOM_LANE, KEY_LANE, LANES};
use aeolian_diffusion::bound::{BoundSettings, likelihood_bound};
use aeolian_diffusion::{Denoiser, LaneState, Task};

/// Why a bound cannot be had.
pub use aeolian_diffusion::Error as BoundError;
use rayon::prelude::*;

/// A question put to the model. In all of them key, idiom and the lanes that play are given; chords, form, loudness and
/// timing are unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// All notes.
    FromNothing,
    /// All other lanes, given the melody.
    Accompaniment,
    /// The melody, given the rest.
    Melody,
    /// All notes of this many bars in the middle, given those around them.
    Gap(usize),
}

impl Question {
    /// The five questions of every table.
    pub const ALL: [Self; 5] = [Self::FromNothing, Self::Accompaniment, Self::Melody, Self::Gap(2), Self::Gap(4)];

    /// In words.
    pub fn name(self) -> String {
        match self {
            Self::FromNothing => "from nothing".into(),
            Self::Accompaniment => "accompaniment given the melody".into(),
            Self::Melody => "melody given the rest".into(),
            Self::Gap(bars) => format!("a gap of {bars} bars"),
        }
    }

    /// The question about one window as a task, and how many quarters it asks for.
    fn task(self, window: &Window, seed: u64) -> (Task, usize) {
        let tokens = window.positions.len();
        let mut states = vec![LaneState::Free; tokens * LANES];
        let gap = self.gap(&window.positions);
        for (token, row) in states.chunks_exact_mut(LANES).enumerate() {
            row[CHORD_LANE..].fill(LaneState::Unknown);
            for lane in [KEY_LANE, ENSEMBLE_LANE, IDIOM_LANE] {
                row[lane] = LaneState::Given;
            }
            match self {
                Self::FromNothing => {}
                Self::Accompaniment => row[0] = LaneState::Given,
                Self::Melody => row[1..NOTE_LANES].fill(LaneState::Given),
                Self::Gap(_) if gap.contains(&token) => {}
                Self::Gap(_) => row[..NOTE_LANES].fill(LaneState::Given),
            }
        }
        let layout = crate::architecture::canvas_layout();
        let mut task = Task::free(&layout, tokens, seed);
        task.positions = window.positions.clone();
        task.choices = window.choices.clone();
        task.states = states;
        (task, gap.len())
    }

    /// The quarters asked for: whole bars around the middle for a gap, otherwise all.
    fn gap(self, positions: &[[u8; 2]]) -> std::ops::Range<usize> {
        let Self::Gap(bars) = self else { return 0..positions.len() };
        let starts: Vec<usize> = (0..positions.len()).filter(|&t| positions[t][0] == 0).collect();
        let first = starts.len().saturating_sub(bars) / 2;
        let start = starts.get(first).copied().unwrap_or(0);
        start..starts.get(first + bars).copied().unwrap_or(positions.len())
    }
}

/// Mean and standard error over windows, nats a quarter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NatsPerQuarter {
    /// Mean.
    pub mean: f64,
    /// Standard error of the mean over windows.
    pub error: f64,
}

impl NatsPerQuarter {
    /// From one value a window.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        Self { mean, error: (variance / n).sqrt() }
    }
}

/// Bounds −log p of the answers to one question, nats a quarter, one value a window.
pub fn bounds(
    denoiser: &dyn Denoiser,
    question: Question,
    windows: &[Window],
    draws: usize,
) -> Result<Vec<f64>, BoundError> {
    let settings = BoundSettings { draws, batch: 1, ..BoundSettings::default() };
    windows
        .par_iter()
        .enumerate()
        .map(|(index, window)| {
            let (task, quarters) = question.task(window, 1000 + index as u64);
            Ok(likelihood_bound(denoiser, &[task], settings)?.nats / quarters as f64)
        })
        .collect()
}
