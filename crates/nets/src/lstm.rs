//! The recurrent denoiser: a bidirectional LSTM encoder over the quarters and an LSTM decoder back to the canvas, at two
//! scales: one over vectors, one over every pitch's row with shared weights (the time axis of Johnson 2017's biaxial LSTM).
//!
//! It reads, normalises and writes like the transformer, with the same pictures; recurrence stands where that has
//! attention. It is the baseline of every table.

use crate::features::{self, Geometry};
use crate::model::Network;
use crate::ops::linear::Linear;
use crate::ops::lstm::Lstm;
use crate::ops::{norm, pointwise};
use crate::parameters::Parameters;
use crate::picture::{Embedded, Embedding, Head, Neighbours, Pooling, Spreading};
use crate::tape::{Tape, Var};
use aeolian_diffusion::{Layout, Observation};
use serde::{Deserialize, Serialize};

/// Sizes of an LSTM denoiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LstmConfig {
    /// Hidden units of each encoder direction over vectors; the decoder has twice as many.
    pub width: usize,
    /// Channels of the pictures, even.
    pub channels: usize,
    /// Hidden units of a network on pictures; a multiple of 24.
    pub hidden: usize,
}

impl LstmConfig {
    /// About 3 million weights.
    pub fn small() -> Self {
        Self { width: 128, channels: 64, hidden: 192 }
    }
}

/// One scale's recurrent layers.
struct Recurrence {
    encoder: [Lstm; 2],
    decoder: Lstm,
}

impl Recurrence {
    fn new(p: &mut Parameters, name: &str, inputs: usize, width: usize) -> Self {
        Self {
            encoder: [
                Lstm::new(p, &format!("{name}.forward"), inputs, width, false),
                Lstm::new(p, &format!("{name}.backward"), inputs, width, true),
            ],
            decoder: Lstm::new(p, &format!("{name}.decoder"), 2 * width, 2 * width, false),
        }
    }

    /// Both directions side by side. (rows, inputs) → (rows, 2·width)
    fn encode(&self, tape: &mut Tape, x: Var, [items, tokens, pixels]: [usize; 3]) -> Var {
        let ahead = self.encoder[0].forward(tape, x, items, tokens, pixels);
        let back = self.encoder[1].forward(tape, x, items, tokens, pixels);
        pointwise::concatenate(tape, ahead, back, items * tokens * pixels)
    }
}

/// Parts of the pictures' modulation: shift and scale of six norms.
const NORMS: usize = 6;

/// The network; its weights live in the model's flat buffer.
pub struct LstmDenoiser {
    config: LstmConfig,
    embedding: Embedding,
    patch: Linear,
    levels: Linear,
    modulation: Linear,
    pooling: Pooling,
    vectors: Recurrence,
    pictures: Recurrence,
    neighbours: [Neighbours; 3],
    encoded: Linear,
    decoded: Linear,
    spreading: Spreading,
    head: Head,
}

impl LstmDenoiser {
    /// Lays out the parameters; `prior` as for the transformer.
    pub fn new(config: LstmConfig, layout: Layout, geometry: Geometry, prior: Vec<f32>, p: &mut Parameters) -> Self {
        let LstmConfig { width, channels, hidden } = config;
        let pitches = geometry.pitches;
        Self {
            embedding: Embedding::new(p, channels, &layout, &geometry, &prior),
            patch: Linear::new(p, "patch.cells", features::patch_width(&layout), 2 * width, 0.7),
            levels: Linear::new(p, "levels.0", features::level_width(&layout), 2 * width, 1.0),
            modulation: Linear::new(p, "levels.1", 2 * width, 2 * NORMS * channels, 0.1),
            pooling: Pooling::new(p, "picture", channels, pitches, 2 * width),
            vectors: Recurrence::new(p, "vectors", 2 * width, width),
            pictures: Recurrence::new(p, "pictures", channels, channels / 2),
            neighbours: [0, 1, 2].map(|i| Neighbours::new(p, &format!("neighbours.{i}"), channels, hidden)),
            encoded: Linear::new(p, "pictures.encoded", channels, channels, 0.0),
            decoded: Linear::new(p, "pictures.decoded", channels, channels, 0.0),
            spreading: Spreading::new(p, "picture", channels, pitches, 4 * width),
            head: Head::new(p, 4 * width, channels, &layout, &geometry, &prior),
            config,
        }
    }
}

impl Network for LstmDenoiser {
    fn layout(&self) -> &Layout {
        self.embedding.layout()
    }

    fn forward(&self, tape: &mut Tape, observation: &Observation) -> Var {
        let channels = self.config.channels;
        let Embedded { patch, levels, picture: u, grid } = self.embedding.forward(tape, observation);
        let tokens = grid.items * grid.tokens;
        let (vectors, pictures) = ([grid.items, grid.tokens, 1], [grid.items, grid.tokens, grid.pitches]);
        let told = self.levels.forward(tape, levels);
        let told = pointwise::gelu(tape, told);
        let modulation = self.modulation.forward(tape, told);
        let norm_of = |tape: &mut Tape, u, index: usize| {
            norm::modulated(tape, u, modulation, tokens, channels, 2 * index * channels)
        };

        let u = self.neighbours[0].forward(tape, u, modulation, 0, grid);
        let seen = norm_of(tape, u, 1);
        let x = self.patch.added_to(tape, told, patch);
        let x = self.pooling.added_to(tape, x, seen);
        let x = pointwise::gelu(tape, x); // (B·T, 2·width)
        let encoded = self.vectors.encode(tape, x, vectors);
        let decoded = self.vectors.decoder.forward(tape, encoded, grid.items, grid.tokens, 1);
        let x = pointwise::concatenate(tape, encoded, decoded, tokens); // (B·T, 4·width)

        let by_pitch = self.pictures.encode(tape, seen, pictures);
        let u = self.encoded.added_to(tape, u, by_pitch);
        let u = self.spreading.added_to(tape, u, x);
        let u = self.neighbours[1].forward(tape, u, modulation, 2 * 2 * channels, grid);
        let seen = norm_of(tape, u, 3);
        let by_pitch = self.pictures.decoder.forward(tape, seen, grid.items, grid.tokens, grid.pitches);
        let u = self.decoded.added_to(tape, u, by_pitch);
        let u = self.neighbours[2].forward(tape, u, modulation, 4 * 2 * channels, grid);
        let u = norm_of(tape, u, 5);
        self.head.forward(tape, x, u) // (B·T, bits)
    }
}
