//! The pieces of a corpus in memory, as canvases in their frame, and windows drawn from them.

use crate::config::{Frame, WindowConfig};
use aeolian_canvas::cells::{self, GROUPS};
use aeolian_canvas::encode::encode;
use aeolian_canvas::{BarPosition, Canvas};
use aeolian_corpus::{Corpus, CorpusError, Split};
use aeolian_diffusion::{Layout, Noise, UNKNOWN};
use rayon::prelude::*;
use std::path::PathBuf;

/// What can go wrong when pieces are loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A corpus file could not be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// Nothing long enough.
    #[error("the corpus has no {0} piece of at least {1} quarters whose bar lines are certain")]
    Empty(&'static str, usize),
}

/// A piece ready for windows.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its name in the corpus.
    pub id: String,
    /// In the frame of the experiment.
    pub canvas: Canvas,
    /// Quarters at which a bar begins and a window fits.
    bars: Vec<usize>,
    /// Those of them at which a section begins.
    sections: Vec<usize>,
}

impl Piece {
    /// Quarters at which a bar begins and a window fits.
    pub fn bars(&self) -> &[usize] {
        &self.bars
    }

    /// Those of [`Self::bars`] at which a section begins.
    pub fn sections(&self) -> &[usize] {
        &self.sections
    }
}

/// The pieces of one split.
pub struct Dataset {
    /// In corpus order.
    pub pieces: Vec<Piece>,
    window: WindowConfig,
    /// Cumulated numbers of bars, so that every bar is drawn equally often.
    bars_before: Vec<usize>,
}

/// One window as the network's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// (T, groups)
    pub choices: Vec<u8>,
    /// (T)
    pub positions: Vec<[u8; 2]>,
}

/// A bar position as the two numbers a network reads.
pub fn position(p: BarPosition) -> [u8; 2] {
    [p.eighth, p.bar_eighths]
}

impl Window {
    /// A whole canvas as one window.
    pub fn of(canvas: &Canvas) -> Self {
        let mut choices = vec![0; canvas.quarters * GROUPS];
        for (quarter, row) in choices.chunks_exact_mut(GROUPS).enumerate() {
            cells::write_quarter(canvas, quarter, row);
        }
        Self { choices, positions: canvas.positions.iter().map(|&p| position(p)).collect() }
    }
}

impl Dataset {
    /// Loads every piece of a split whose bars can be trusted and that is long enough for a window.
    pub fn load(corpora: &[PathBuf], split: Split, window: WindowConfig) -> Result<Self, DatasetError> {
        let mut pieces = Vec::new();
        for path in corpora {
            let corpus = Corpus::open(path)?;
            let loaded: Result<Vec<Option<Piece>>, CorpusError> =
                (0..corpus.len()).into_par_iter().map(|i| load_piece(&corpus, i, split, window)).collect();
            pieces.extend(loaded?.into_iter().flatten());
        }
        let name = if split == Split::Train { "training" } else { "validation" };
        if pieces.is_empty() {
            return Err(DatasetError::Empty(name, window.quarters));
        }
        let bars_before = pieces
            .iter()
            .scan(0, |sum, p| {
                *sum += p.bars.len();
                Some(*sum)
            })
            .collect();
        Ok(Self { pieces, window, bars_before })
    }

    /// Windows that could be drawn: bars that have a whole window after them.
    pub fn bars(&self) -> usize {
        self.bars_before.last().copied().unwrap_or(0)
    }

    /// The `index`-th window of an endless, seeded sequence.
    pub fn draw(&self, noise: Noise, index: u64) -> Canvas {
        let noise = noise.stream(index);
        let bar = (noise.uniform(0) * self.bars() as f64) as usize;
        let piece = &self.pieces[self.bars_before.partition_point(|&before| before <= bar)];
        let starts = if noise.uniform(1) < self.window.at_sections && !piece.sections.is_empty() {
            &piece.sections
        } else {
            &piece.bars
        };
        let start = starts[(noise.uniform(2) * starts.len() as f64) as usize];
        let canvas = piece.canvas.window(start, self.window.quarters);
        match self.window.frame {
            Frame::Tonic => canvas,
            Frame::Absolute => canvas.transposed((noise.uniform(3) * 12.0) as i32 - 6),
        }
    }

    /// A fixed spread of `count` windows that begin at sections where there are any: for validation and for tables.
    pub fn spread(&self, count: usize, seed: u64) -> Vec<Canvas> {
        let noise = Noise::new(seed).stream(0x5350_5245);
        (0..count)
            .map(|index| {
                let piece = &self.pieces[index * self.pieces.len() / count.max(1) % self.pieces.len()];
                let starts = if piece.sections.is_empty() { &piece.bars } else { &piece.sections };
                let start = starts[(noise.uniform(index as u64) * starts.len() as f64) as usize];
                piece.canvas.window(start, self.window.quarters)
            })
            .collect()
    }

    /// Marginal log-odds of every cell against "none", with half a count added to each. (bits)
    pub fn prior(&self, layout: &Layout) -> Vec<f32> {
        let mut counts = vec![0.5f64; layout.bits()];
        let mut nones = vec![0.5f64; layout.groups()];
        let mut row = vec![0; GROUPS];
        for piece in &self.pieces {
            for quarter in 0..piece.canvas.quarters {
                cells::write_quarter(&piece.canvas, quarter, &mut row);
                for (block, group, bit) in layout.spans() {
                    for g in 0..block.groups {
                        match row[group + g] {
                            UNKNOWN => {}
                            0 => nones[group + g] += 1.0,
                            choice => counts[bit + g * block.choices + usize::from(choice) - 1] += 1.0,
                        }
                    }
                }
            }
        }
        let mut prior = vec![0.0; layout.bits()];
        for (block, group, bit) in layout.spans() {
            for g in 0..block.groups {
                for choice in 0..block.choices {
                    let cell = bit + g * block.choices + choice;
                    prior[cell] = (counts[cell] / nones[group + g]).ln() as f32;
                }
            }
        }
        prior
    }
}

fn load_piece(corpus: &Corpus, index: usize, split: Split, window: WindowConfig) -> Result<Option<Piece>, CorpusError> {
    let piece = corpus.piece(index)?;
    // Pieces whose bar lines are doubtful would teach wrong downbeats.
    if piece.split != split || !piece.confident_bars {
        return Ok(None);
    }
    let (canvas, _) = encode(&piece.score, &piece.lanes);
    let canvas = match window.frame {
        Frame::Tonic => canvas.to_tonic_frame().0,
        Frame::Absolute => canvas,
    };
    let fits = canvas.quarters.saturating_sub(window.quarters.saturating_sub(1));
    let bars: Vec<usize> = (0..fits).filter(|&q| canvas.positions[q].eighth == 0).collect();
    let starts_section = |q: usize| {
        let here = canvas.form[q].is_some_and(|f| f.section_start);
        here && canvas.positions[q].eighth == 0
    };
    let sections = bars.iter().copied().filter(|&q| starts_section(q)).collect();
    Ok((!bars.is_empty()).then_some(Piece { id: piece.id, canvas, bars, sections }))
}
