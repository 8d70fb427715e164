//! Judging models: likelihood bounds on held-out windows, figures of composed pieces beside real music and a 3-gram
//! model, and how much of a piece is in the training music already. The result is one Markdown report.

pub mod bands;
pub mod figures;
pub mod likelihoods;
pub mod obedience;
pub mod originality;
pub mod steps;
pub mod verbs;

use aeolian_canvas::Canvas;
use aeolian_compose::Composer;
use aeolian_corpus::Split;
use aeolian_metrics::ngram::{NgramConfig, NgramModel};
use aeolian_train::Dataset;
use aeolian_train::config::{Frame, WindowConfig};
use std::path::PathBuf;

/// What to judge, and how thoroughly.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The corpus; its `valid` split is what models are judged on.
    pub corpora: Vec<PathBuf>,
    /// Pieces of each set in the table of figures; 0 leaves the table out.
    pub pieces: usize,
    /// Held-out windows whose likelihood is bounded; 0 leaves the table out.
    pub windows: usize,
    /// Held-out windows of every set of music whose likelihood is bounded; 0 leaves the table out.
    pub windows_a_set: usize,
    /// Looks at each window along the noise levels.
    pub draws: usize,
    /// Noise levels when composing.
    pub steps: usize,
    /// Temperature when composing.
    pub temperature: f32,
}

/// A model under judgement.
pub struct Candidate {
    /// What the report calls it.
    pub name: String,
    /// It.
    pub composer: Composer,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The corpus.
    #[error(transparent)]
    Dataset(#[from] aeolian_train::DatasetError),
    /// A metric or the 3-gram model.
    #[error(transparent)]
    Metrics(#[from] aeolian_metrics::Error),
    /// A likelihood bound.
    #[error(transparent)]
    Bound(#[from] aeolian_train::likelihood::BoundError),
    /// A piece.
    #[error(transparent)]
    Compose(#[from] aeolian_compose::ComposeError),
}

/// Windows of eight bars of 4/4 in the tonic frame, as the models learn them.
pub const WINDOW: WindowConfig = WindowConfig { quarters: 32, at_sections: 1.0, frame: Frame::Tonic };

/// The music the judging is done with.
pub struct Material {
    /// Training pieces.
    pub train: Dataset,
    /// Held-out pieces.
    pub valid: Dataset,
    /// The baseline that is not a network, learned from all bars of `train` in windows of eight.
    pub ngram: NgramModel,
}

impl Material {
    /// Loads both splits and trains the 3-gram model.
    pub fn load(corpora: &[PathBuf]) -> Result<Self, EvaluateError> {
        let load = |split| Dataset::load(corpora, split, WINDOW);
        Self::of(load(Split::Train)?, load(Split::Valid)?)
    }

    /// One [`Material`] for each set of music in the corpora that has both splits, in order of their names.
    pub fn by_set(corpora: &[PathBuf]) -> Result<Vec<(String, Self)>, EvaluateError> {
        let load = |split| Dataset::load(corpora, split, WINDOW);
        let (train, mut valid) = (load(Split::Train)?.by_set(), load(Split::Valid)?.by_set());
        let both = train.into_iter().filter_map(|(set, train)| Some((valid.remove(&set)?, set, train)));
        both.map(|(valid, set, train)| Ok((set, Self::of(train, valid)?))).collect()
    }

    fn of(train: Dataset, valid: Dataset) -> Result<Self, EvaluateError> {
        let windows: Vec<Canvas> = train
            .pieces
            .iter()
            .flat_map(|piece| {
                let starts = (0..piece.canvas.quarters).step_by(WINDOW.quarters);
                starts.map(|start| piece.canvas.window(start, WINDOW.quarters))
            })
            .collect();
        let ngram = NgramModel::train(&windows, NgramConfig::default())?;
        Ok(Self { train, valid, ngram })
    }
}

/// Writes the whole report. `say` is told what is being done.
pub fn report(
    settings: &Settings,
    candidates: &[Candidate],
    say: &mut dyn FnMut(&str),
) -> Result<String, EvaluateError> {
    let mut text = String::new();
    if settings.windows_a_set > 0 {
        text += "### Likelihood by collection\n\n";
        text += &likelihoods::table_by_set(settings, candidates, say)?;
        text += "\n";
    }
    if settings.windows == 0 && settings.pieces == 0 {
        return Ok(text);
    }
    say("reading the corpus and counting 3-grams");
    let material = Material::load(&settings.corpora)?;
    if settings.windows > 0 {
        text += "### Likelihood\n\n";
        text += &likelihoods::table(settings, &material, candidates, say)?;
        text += "\n";
    }
    if settings.pieces > 0 {
        text += "### Figures\n\n";
        text += &figures::tables(settings, &material, candidates, say)?;
    }
    Ok(text)
}
