//! The pieces of a corpus in memory, as canvases in their frame, and windows drawn from them.

use crate::config::{Frame, WindowConfig};
use aeolian_canvas::cells::{self, GROUPS};
use aeolian_canvas::encode::encode;
use aeolian_canvas::{BarPosition, Canvas};
use aeolian_corpus::{Corpus, CorpusError, Split, idiom_of_set};
use aeolian_diffusion::{Layout, Noise, UNKNOWN};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
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
    /// A set that was named is not there.
    #[error("there is no piece of the set {0:?} that is long enough; there are {1}")]
    NoSuchSet(String, String),
}

/// A piece ready for windows.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its name in the corpus.
    pub id: String,
    /// The set it is from, "pop909".
    pub set: String,
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
    /// What is drawn from: cumulated shares, and bars from … to in the order of all bars.
    sources: Vec<(f64, Range<usize>)>,
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
        Ok(Self::of(pieces, window))
    }

    /// Every bar equally often.
    fn of(pieces: Vec<Piece>, window: WindowConfig) -> Self {
        let mut bars = 0;
        let cumulated = pieces.iter().map(|piece| {
            bars += piece.bars.len();
            bars
        });
        let bars_before: Vec<usize> = cumulated.collect();
        Self { pieces, window, bars_before, sources: vec![(1.0, 0..bars)] }
    }

    /// Draws from each set as often as its share says, and within a set every bar equally often; sets without a share
    /// are never drawn. With no shares at all nothing changes.
    ///
    /// # Errors   `NoSuchSet`.
    pub fn shared(self, shares: &BTreeMap<String, f64>) -> Result<Self, DatasetError> {
        if shares.is_empty() {
            return Ok(self);
        }
        let mut pieces = self.pieces;
        pieces.sort_by(|a, b| a.set.cmp(&b.set));
        let mut dataset = Self::of(pieces, self.window);
        dataset.sources.clear();
        let mut total = 0.0;
        for (set, share) in shares {
            let here =
                dataset.pieces.partition_point(|p| p.set < *set)..dataset.pieces.partition_point(|p| p.set <= *set);
            if here.is_empty() {
                return Err(dataset.no_such_set(set));
            }
            let first = if here.start == 0 { 0 } else { dataset.bars_before[here.start - 1] };
            total += share;
            dataset.sources.push((total, first..dataset.bars_before[here.end - 1]));
        }
        dataset.sources.iter_mut().for_each(|(share, _)| *share /= total);
        Ok(dataset)
    }

    /// The pieces of one set.
    ///
    /// # Errors   `NoSuchSet`.
    pub fn only(self, set: &str) -> Result<Self, DatasetError> {
        if !self.pieces.iter().any(|piece| piece.set == set) {
            return Err(self.no_such_set(set));
        }
        Ok(Self::of(self.pieces.into_iter().filter(|piece| piece.set == set).collect(), self.window))
    }

    /// Every set by itself.
    pub fn by_set(self) -> BTreeMap<String, Self> {
        let mut pieces: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
        self.pieces.into_iter().for_each(|piece| pieces.entry(piece.set.clone()).or_default().push(piece));
        pieces.into_iter().map(|(set, pieces)| (set, Self::of(pieces, self.window))).collect()
    }

    /// The sets, each once, in order.
    pub fn sets(&self) -> Vec<&str> {
        self.pieces.iter().map(|piece| piece.set.as_str()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn no_such_set(&self, set: &str) -> DatasetError {
        DatasetError::NoSuchSet(set.to_owned(), self.sets().join(", "))
    }

    /// Windows that could be drawn: bars that have a whole window after them.
    pub fn bars(&self) -> usize {
        self.bars_before.last().copied().unwrap_or(0)
    }

    /// The `index`-th window of an endless, seeded sequence.
    pub fn draw(&self, noise: Noise, index: u64) -> Canvas {
        let noise = noise.stream(index);
        let chosen = noise.uniform(4);
        let source = self.sources.iter().find(|(share, _)| chosen < *share).or(self.sources.last());
        let bars = source.expect("something to draw from").1.clone();
        let bar = bars.start + (noise.uniform(0) * bars.len() as f64) as usize;
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
    let (mut canvas, _) = encode(&piece.score, &piece.lanes);
    canvas.idioms.fill(idiom_of_set(&piece.set));
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
    Ok((!bars.is_empty()).then_some(Piece { id: piece.id, set: piece.set, canvas, bars, sections }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::Idiom;

    /// A piece of a set with so many bars.
    fn piece(set: &str, bars: usize) -> Piece {
        let bars = (0..bars).map(|bar| 4 * bar).collect();
        Piece { id: String::new(), set: set.into(), canvas: Canvas::new(64), bars, sections: Vec::new() }
    }

    fn dataset(pieces: Vec<Piece>) -> Dataset {
        Dataset::of(pieces, WindowConfig { quarters: 4, at_sections: 0.0, frame: Frame::Tonic })
    }

    #[test]
    fn shares_decide_how_often_a_set_is_drawn() {
        let mut pieces = vec![piece("pop", 10), piece("folk", 2), piece("pop", 6), piece("band", 9)];
        pieces[1].canvas.idioms.fill(Some(Idiom::Folk));
        let shares = BTreeMap::from([("pop".to_owned(), 1.0), ("folk".to_owned(), 3.0)]);
        let dataset = dataset(pieces).shared(&shares).unwrap();
        let is_folk = |index: u64| dataset.draw(Noise::new(1), index).idioms[0] == Some(Idiom::Folk);
        let share = (0..4000).filter(|&index| is_folk(index)).count() as f64 / 4000.0;
        assert!((0.72..0.78).contains(&share), "{share}");
        assert!(matches!(
            dataset.shared(&BTreeMap::from([("jazz".to_owned(), 1.0)])),
            Err(DatasetError::NoSuchSet(..))
        ));
    }

    #[test]
    fn a_set_alone_is_only_its_pieces() {
        let all = || dataset(vec![piece("pop", 10), piece("folk", 2), piece("pop", 6)]);
        assert_eq!(all().sets(), ["folk", "pop"]);
        assert_eq!((all().bars(), all().only("folk").unwrap().bars()), (18, 2));
        assert!(all().only("jazz").is_err());
    }
}
