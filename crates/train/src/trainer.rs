//! The training loop: draw windows, look at them through noise, learn the context; validate, average, store.
//!
//! A step's batch is cut into shards; every shard runs forward and backward on its own tape and the gradients are added
//! in the order of the shards, so that a run gives the same bits on any number of threads, and a resumed run the same
//! bits as an uninterrupted one (all randomness is addressed by the number of examples seen).

use crate::architecture::canvas_architecture;
use crate::checkpoint::{self, State};
use crate::config::TrainConfig;
use crate::dataset::{Dataset, DatasetError, Window};
use crate::optimiser::{Optimiser, learning_rate};
use crate::tasks::{draw_view, lock_cells};
use aeolian_canvas::cells::{CHORD_LANE, ENSEMBLE_LANE, IDIOM_LANE, KEY_LANE, LANES};
use aeolian_canvas::{Canvas, Ensemble, NOTE_LANES};
use aeolian_corpus::{Corpus, Split};
use aeolian_diffusion::schedule::NoiseDensity;
use aeolian_diffusion::{Layout, Noise, Observation, cross_entropy, noise_evidence};
use aeolian_nets::{Model, Pool, Tape};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What can go wrong while training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The pieces could not be loaded.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A file could not be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A checkpoint is damaged or of another network.
    #[error("{} is not a checkpoint of this network", path.display())]
    Checkpoint {
        /// Which.
        path: PathBuf,
        /// Why, where known.
        source: Option<safetensors::SafeTensorError>,
    },
    /// A checkpoint belongs to another experiment.
    #[error("{} belongs to another experiment: its {what} differ; choose another output folder", path.display())]
    OtherExperiment {
        /// Which.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The loss is not a number any more.
    #[error("training went astray after {seen} examples: the loss is not a number; lower the learning rate")]
    Diverged {
        /// Examples seen.
        seen: u64,
    },
    /// The weights could not be stored.
    #[error(transparent)]
    Model(#[from] aeolian_nets::ModelError),
}

/// log snr at which validation looks.
pub const VALIDATION_LEVELS: [f32; 6] = [-4.0, -2.5, -1.0, 0.0, 1.0, 2.0];
/// Windows it looks at.
const VALIDATION_WINDOWS: usize = 48;

/// One point of the curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRow {
    /// Examples seen.
    pub seen: u64,
    /// Seconds since the first example.
    pub seconds: f64,
    /// Mean training cross-entropy since the last point, in nats a quarter over all lanes.
    pub train: f64,
    /// Learning rate.
    pub learning_rate: f32,
    /// Mean gradient norm since the last point.
    pub gradient_norm: f64,
    /// Validation cross-entropy of the averaged weights, in nats per note lane and quarter, at [`VALIDATION_LEVELS`].
    pub valid: Vec<f64>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Examples seen.
    pub seen: u64,
    /// Examples in all.
    pub examples: u64,
    /// Training cross-entropy of the last step, nats a quarter.
    pub loss: f64,
    /// Examples a second, averaged over this process.
    pub examples_a_second: f64,
}

/// A run.
pub struct Trainer {
    config: TrainConfig,
    config_text: String,
    digests: Vec<String>,
    layout: Layout,
    density: NoiseDensity,
    model: Model,
    optimiser: Optimiser,
    train: Dataset,
    valid: Vec<Window>,
    /// Lanes that play, summed over the windows of `valid`.
    valid_lanes: usize,
    shards: Vec<Shard>,
    seen: u64,
    seconds: f64,
    log: Vec<LogRow>,
}

/// One part of the batch with everything it reuses from step to step.
struct Shard {
    pool: Pool,
    gradient: Vec<f32>,
    nats: f64,
}

const WINDOWS: u64 = 1;
const VIEWS: u64 = 2;
const CELLS: u64 = 3;
const LEVELS: u64 = 4;

impl Trainer {
    /// Prepares a run, from its beginning or from the checkpoint in its output folder.
    pub fn new(config: TrainConfig) -> Result<Self, TrainError> {
        let train = Dataset::load(&config.corpora, Split::Train, config.window)?.shared(&config.shares)?;
        let valid = Dataset::load(&config.corpora, Split::Valid, config.window)?;
        let valid = match &config.validate {
            Some(set) => valid.only(set)?,
            None => valid,
        };
        let digests = config
            .corpora
            .iter()
            .map(|path| Corpus::open(path).map(|c| c.digest().to_owned()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(DatasetError::from)?;
        let layout = crate::architecture::canvas_layout();
        let prior = train.prior(&layout);
        let model = Model::new(canvas_architecture(config.network.clone()), prior, config.seed);
        let optimiser = Optimiser::new(model.weights().to_vec());
        let shards = (0..config.optimiser.shards)
            .map(|_| Shard { pool: Pool::default(), gradient: vec![0.0; model.weights().len()], nats: 0.0 })
            .collect();
        let mut trainer = Self {
            config_text: toml::to_string(&config).expect("a configuration becomes TOML"),
            density: config.noise.density(),
            valid_lanes: valid.spread(VALIDATION_WINDOWS, 1).iter().map(|c| playing_lanes(playing(c))).sum(),
            valid: valid.spread(VALIDATION_WINDOWS, 1).iter().map(Window::of).collect(),
            config,
            digests,
            layout,
            model,
            optimiser,
            train,
            shards,
            seen: 0,
            seconds: 0.0,
            log: Vec::new(),
        };
        let checkpoint = trainer.checkpoint_path();
        if checkpoint.exists() {
            trainer.resume(&checkpoint)?;
        }
        Ok(trainer)
    }

    /// Weights, as the network counts them.
    pub fn weights(&self) -> usize {
        self.model.weights().len()
    }

    /// Training pieces and the windows they offer.
    pub fn pieces_and_windows(&self) -> (usize, usize) {
        (self.train.pieces.len(), self.train.bars())
    }

    /// The curve so far.
    pub fn log(&self) -> &[LogRow] {
        &self.log
    }

    /// Begins from the weights of another run, as far as names and sizes fit; the optimiser starts anew. Returns how many
    /// weights were taken over.
    pub fn warm_start(&mut self, weight_file: &[u8]) -> Result<usize, TrainError> {
        let adopted = self.model.adopt(weight_file)?;
        self.optimiser = Optimiser::new(self.model.weights().to_vec());
        Ok(adopted)
    }

    fn checkpoint_path(&self) -> PathBuf {
        self.config.output.join("checkpoint.safetensors")
    }

    /// Where the finished weights are.
    pub fn weights_path(&self) -> PathBuf {
        self.config.output.join("weights.safetensors")
    }

    fn resume(&mut self, path: &Path) -> Result<(), TrainError> {
        let (optimiser, state) = checkpoint::load(path, self.weights())?;
        let differs = |what| TrainError::OtherExperiment { path: path.to_owned(), what };
        if state.corpora != self.digests {
            return Err(differs("corpora"));
        }
        if state.config != self.config_text {
            return Err(differs("settings"));
        }
        (self.optimiser, self.seen, self.seconds, self.log) = (optimiser, state.seen, state.seconds, state.log);
        Ok(())
    }

    /// Trains to the end, or until `report` answers false; validates and stores every so often, and at the end.
    pub fn run(&mut self, report: &mut dyn FnMut(Progress) -> bool) -> Result<(), TrainError> {
        let output = &self.config.output;
        std::fs::create_dir_all(output).map_err(|source| TrainError::Write { path: output.clone(), source })?;
        let (start, first, seconds_before) = (Instant::now(), self.seen, self.seconds);
        let (mut nats, mut norms, mut steps) = (0.0, 0.0, 0u32);
        let mut go_on = true;
        while self.seen < self.config.optimiser.examples && go_on {
            let (loss, norm) = self.step()?;
            (nats, norms, steps) = (nats + loss, norms + f64::from(norm), steps + 1);
            self.seconds = seconds_before + start.elapsed().as_secs_f64();
            go_on = report(Progress {
                seen: self.seen,
                examples: self.config.optimiser.examples,
                loss,
                examples_a_second: (self.seen - first) as f64 / start.elapsed().as_secs_f64(),
            });
            let (every, batch) = (self.config.optimiser.every, self.config.optimiser.batch as u64);
            let due = self.seen / every != (self.seen - batch) / every;
            if due || !go_on || self.seen >= self.config.optimiser.examples {
                self.log.push(LogRow {
                    seen: self.seen,
                    seconds: self.seconds,
                    train: nats / f64::from(steps),
                    learning_rate: learning_rate(&self.config.optimiser, self.seen),
                    gradient_norm: norms / f64::from(steps),
                    valid: self.validate(),
                });
                (nats, norms, steps) = (0.0, 0.0, 0);
                self.store()?;
            }
        }
        Ok(())
    }

    /// One step. Returns the mean cross-entropy in nats a quarter and the gradient's norm.
    pub fn step(&mut self) -> Result<(f64, f32), TrainError> {
        let batch = self.config.optimiser.batch;
        let part = batch / self.shards.len();
        let quarters = self.config.window.quarters;
        let (seen, scale) = (self.seen, 1.0 / (batch * quarters) as f32);
        let mut shards = std::mem::take(&mut self.shards);
        shards.par_iter_mut().enumerate().for_each(|(index, shard)| {
            let items = seen + (index * part) as u64..seen + ((index + 1) * part) as u64;
            self.learn(shard, items, scale);
        });
        let (first, others) = shards.split_first_mut().expect("at least one shard");
        let others: Vec<&[f32]> = others.iter().map(|shard| &shard.gradient[..]).collect();
        let rate = learning_rate(&self.config.optimiser, seen);
        let (config, parameters) = (&self.config.optimiser, &self.model.parameters);
        let norm = self.optimiser.step(config, parameters, &mut first.gradient, &others, rate);
        let nats: f64 = shards.iter().map(|s| s.nats).sum();
        self.shards = shards;
        self.seen += batch as u64;
        if !nats.is_finite() || !norm.is_finite() {
            return Err(TrainError::Diverged { seen: self.seen });
        }
        Ok((nats / (batch * quarters) as f64, norm))
    }

    /// Forward and backward over some items of the endless sequence of examples.
    fn learn(&self, shard: &mut Shard, items: std::ops::Range<u64>, scale: f32) {
        let noise = Noise::new(self.config.seed);
        let batch = self.config.optimiser.batch as u64;
        let mut examples = Examples::new(&self.layout, (items.end - items.start) as usize, self.config.window.quarters);
        for (slot, item) in items.enumerate() {
            let canvas = self.train.draw(noise.stream(WINDOWS), item);
            let window = Window::of(&canvas);
            // Levels are spread evenly over the batch: item i of n gets the quantile (i + u) / n.
            let u = ((item % batch) as f64 + noise.stream(LEVELS).uniform(item / batch)) / batch as f64;
            let view = draw_view(examples.tokens, playing(&canvas), &self.density, u, noise.stream(VIEWS).stream(item));
            examples.set(slot, &window, &view.log_snr, &view.weights);
            let cells = noise.stream(CELLS).stream(item);
            examples.look(&self.layout, slot, view.locks, cells);
        }
        shard.gradient.fill(0.0);
        let mut tape =
            Tape::recording(&self.optimiser.weights, &mut shard.pool).with_precision(self.config.optimiser.precision);
        let output = self.model.network().forward(&mut tape, &examples.observation());
        let mut slope = tape.take(examples.evidence.len());
        let loss = cross_entropy(
            &self.layout,
            &examples.evidence,
            tape.value(output),
            &examples.choices,
            &examples.weights,
            Some(&mut slope),
        );
        slope.iter_mut().for_each(|g| *g *= scale);
        tape.backward(output, &slope, &mut shard.gradient);
        shard.pool.give(slope);
        shard.nats = loss.weighted;
    }

    /// Cross-entropy of the averaged weights on fixed windows, a lane that plays and quarter: key, ensemble and idiom
    /// given, all notes at one level, nothing else known.
    fn validate(&self) -> Vec<f64> {
        let parts: Vec<(usize, usize)> =
            (0..VALIDATION_LEVELS.len()).flat_map(|l| (0..self.valid.len()).step_by(4).map(move |w| (l, w))).collect();
        let sums: Vec<f64> = parts.par_iter().map(|&(level, first)| self.validate_some(level, first)).collect();
        let per_level = sums.len() / VALIDATION_LEVELS.len();
        let lane_quarters = (self.valid_lanes * self.config.window.quarters) as f64;
        sums.chunks(per_level).map(|chunk| chunk.iter().sum::<f64>() / lane_quarters).collect()
    }

    fn validate_some(&self, level: usize, first: usize) -> f64 {
        let windows = &self.valid[first..(first + 4).min(self.valid.len())];
        let mut examples = Examples::new(&self.layout, windows.len(), self.config.window.quarters);
        let mut row = [VALIDATION_LEVELS[level]; LANES];
        row[CHORD_LANE..].fill(Observation::LOG_SNR_NOTHING);
        for lane in [KEY_LANE, ENSEMBLE_LANE, IDIOM_LANE] {
            row[lane] = Observation::LOG_SNR_CERTAIN;
        }
        let weights: Vec<f32> = (0..LANES).map(|lane| f32::from(lane < NOTE_LANES)).collect();
        for (slot, window) in windows.iter().enumerate() {
            examples.set(slot, window, &row.repeat(examples.tokens), &weights.repeat(examples.tokens));
            let noise = Noise::new(77).stream((first + slot) as u64).stream(level as u64);
            examples.look(&self.layout, slot, 0.0, noise);
        }
        let mut pool = Pool::default();
        let mut tape = Tape::forward_only(&self.optimiser.averaged, &mut pool);
        let output = self.model.network().forward(&mut tape, &examples.observation());
        let context = tape.finish(output);
        cross_entropy(&self.layout, &examples.evidence, &context, &examples.choices, &examples.weights, None).total()
    }

    fn store(&mut self) -> Result<(), TrainError> {
        let state = State {
            config: self.config_text.clone(),
            corpora: self.digests.clone(),
            seen: self.seen,
            steps: self.optimiser.steps,
            seconds: self.seconds,
            log: self.log.clone(),
        };
        checkpoint::save(&self.checkpoint_path(), &self.optimiser, &state)?;
        let metadata = [
            ("config", self.config_text.clone()),
            ("frame", format!("{:?}", self.config.window.frame).to_lowercase()),
            ("corpus_digests", self.digests.join(" ")),
            ("examples_seen", self.seen.to_string()),
            ("training_seconds", format!("{:.0}", self.seconds)),
            ("log", serde_json::to_string(&self.log).expect("plain data becomes JSON")),
        ];
        self.model.metadata = metadata.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let bytes = self.model.to_bytes(&self.optimiser.averaged, true)?;
        checkpoint::write_atomically(&self.weights_path(), &bytes)
    }

    /// The network with its averaged weights.
    pub fn into_model(mut self) -> Model {
        *self.model.weights_mut() = self.optimiser.averaged;
        self.model
    }
}

/// The lanes that play in the piece a window is from; all where nobody says.
fn playing(window: &Canvas) -> Ensemble {
    window.ensembles.first().copied().flatten().unwrap_or([true; NOTE_LANES])
}

fn playing_lanes(ensemble: Ensemble) -> usize {
    ensemble.iter().filter(|plays| **plays).count()
}

/// Arrays of some examples on their way into the network.
struct Examples {
    items: usize,
    tokens: usize,
    choices: Vec<u8>,
    positions: Vec<[u8; 2]>,
    log_snr: Vec<f32>,
    weights: Vec<f32>,
    evidence: Vec<f32>,
}

impl Examples {
    fn new(layout: &Layout, items: usize, tokens: usize) -> Self {
        let n = items * tokens;
        Self {
            items,
            tokens,
            choices: vec![0; n * layout.groups()],
            positions: vec![[0, 8]; n],
            log_snr: vec![0.0; n * layout.lanes()],
            weights: vec![0.0; n * layout.lanes()],
            evidence: vec![0.0; n * layout.bits()],
        }
    }

    fn set(&mut self, slot: usize, window: &Window, log_snr: &[f32], weights: &[f32]) {
        let part = |len: usize| slot * len..(slot + 1) * len;
        self.choices[part(window.choices.len())].copy_from_slice(&window.choices);
        self.positions[part(self.tokens)].copy_from_slice(&window.positions);
        self.log_snr[part(log_snr.len())].copy_from_slice(log_snr);
        self.weights[part(weights.len())].copy_from_slice(weights);
    }

    /// Looks at one item through noise.
    fn look(&mut self, layout: &Layout, slot: usize, locks: f64, noise: Noise) {
        let part = |len: usize| slot * self.tokens * len..(slot + 1) * self.tokens * len;
        let choices = &self.choices[part(layout.groups())];
        let evidence = &mut self.evidence[part(layout.bits())];
        noise_evidence(layout, choices, &self.log_snr[part(layout.lanes())], noise, evidence);
        lock_cells(layout, choices, locks, noise.stream(1), evidence);
    }

    fn observation(&self) -> Observation<'_> {
        Observation {
            items: self.items,
            tokens: self.tokens,
            evidence: &self.evidence,
            log_snr: &self.log_snr,
            positions: &self.positions,
        }
    }
}
