//! One experiment as one TOML file; every field has a documented meaning, unknown fields are refused.

use aeolian_diffusion::schedule::NoiseDensity;
use aeolian_nets::{NetworkConfig, Precision};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// An experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Corpus files made by `aeolian corpus build`.
    pub corpora: Vec<PathBuf>,
    /// Where checkpoints, logs and the finished weights go.
    pub output: PathBuf,
    /// Decides initial weights, windows, tasks and noise.
    #[serde(default)]
    pub seed: u64,
    /// The set that validation looks at; without this, all.
    #[serde(default)]
    pub validate: Option<String>,
    /// How often a window is drawn from each set of music ("pop909", "groove" …), relative to one another, once a set is
    /// named here; sets that are not named are not drawn. Without this, every bar is drawn equally often.
    #[serde(default)]
    pub shares: BTreeMap<String, f64>,
    /// The network and its sizes.
    pub network: NetworkConfig,
    /// What an example is.
    pub window: WindowConfig,
    /// How often each noise level is looked at.
    pub noise: NoiseConfig,
    /// How the weights move.
    pub optimiser: OptimiserConfig,
}

/// The frame in which pieces are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Frame {
    /// Every piece moved to C major or A minor: a pitch means its place in the key.
    Tonic,
    /// Every window moved at random by −6 … +5 semitones.
    Absolute,
}

/// What an example is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowConfig {
    /// Length in quarters.
    pub quarters: usize,
    /// Share of windows that begin where a section begins; the others begin at any bar.
    pub at_sections: f64,
    /// Frame of the pitches.
    pub frame: Frame,
}

/// A mixture of an even part and a bell over log snr.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseConfig {
    /// Lowest log snr.
    pub lo: f64,
    /// Highest log snr.
    pub hi: f64,
    /// Centre of the bell.
    pub mean: f64,
    /// Deviation of the bell.
    pub deviation: f64,
    /// Share of the even part, in (0, 1).
    pub even: f64,
}

impl NoiseConfig {
    /// As the diffusion crate's density.
    pub fn density(self) -> NoiseDensity {
        let Self { lo, hi, mean, deviation, even } = self;
        NoiseDensity::Mixture(vec![
            (even, NoiseDensity::Uniform { lo, hi }),
            (1.0 - even, NoiseDensity::TruncatedNormal { mean, sd: deviation, lo, hi }),
        ])
    }
}

/// How the weights move.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimiserConfig {
    /// Examples in a step; a multiple of `shards`.
    pub batch: usize,
    /// Equal parts of the batch that are worked on side by side. Part of the experiment, since it fixes the order of
    /// additions: the result does not depend on how many threads there are.
    pub shards: usize,
    /// Examples in all.
    pub examples: u64,
    /// Highest learning rate.
    pub learning_rate: f32,
    /// Examples over which the rate rises to its highest; then it falls as a cosine to a twentieth.
    pub warmup_examples: u64,
    /// AdamW weight decay of matrices and kernels.
    pub weight_decay: f32,
    /// AdamW moment averages.
    pub betas: [f32; 2],
    /// Largest gradient norm (of the mean loss a token); longer gradients are shortened to it.
    pub clip: f32,
    /// How much of the averaged weights is kept a step.
    pub ema: f32,
    /// Examples between two validations and checkpoints.
    pub every: u64,
    /// `full`: the same bits on every machine. `mixed`: products of bfloat16 where the machine has them, about a third
    /// faster; validation stays full.
    #[serde(default)]
    pub precision: Precision,
}

/// What can be wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not TOML, or a field is missing, unknown or of the wrong kind.
    #[error("this is not a training configuration: {0}")]
    Parse(String),
    /// A number outside its range.
    #[error("{field} is {value}, but it has to be {allowed}")]
    Range {
        /// The field.
        field: &'static str,
        /// What it was.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
}

impl TrainConfig {
    /// Reads and checks a TOML text.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|e| ConfigError::Parse(e.to_string()))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let o = &self.optimiser;
        let rules = [
            ("window.quarters", self.window.quarters as f64, (4..=512).contains(&self.window.quarters), "4 to 512"),
            ("window.at_sections", self.window.at_sections, (0.0..=1.0).contains(&self.window.at_sections), "0 to 1"),
            ("noise.even", self.noise.even, 0.0 < self.noise.even && self.noise.even < 1.0, "between 0 and 1"),
            ("optimiser.shards", o.shards as f64, o.shards > 0, "at least 1"),
            (
                "optimiser.batch",
                o.batch as f64,
                o.batch > 0 && o.shards > 0 && o.batch.is_multiple_of(o.shards),
                "a multiple of optimiser.shards",
            ),
            ("optimiser.examples", o.examples as f64, o.examples > 0, "at least 1"),
            ("optimiser.every", o.every as f64, o.every > 0, "at least 1"),
            ("optimiser.learning_rate", f64::from(o.learning_rate), o.learning_rate > 0.0, "above 0"),
            ("optimiser.ema", f64::from(o.ema), (0.0..1.0).contains(&o.ema), "in [0, 1)"),
        ];
        let shares = self.shares.values().map(|&share| ("shares", share, share > 0.0 && share.is_finite(), "above 0"));
        for (field, value, good, allowed) in rules.into_iter().chain(shares) {
            if !good {
                return Err(ConfigError::Range { field, value, allowed });
            }
        }
        self.noise.density().check().map_err(|_| ConfigError::Range {
            field: "noise.lo",
            value: self.noise.lo,
            allowed: "below noise.hi, with noise.deviation above 0",
        })
    }
}
