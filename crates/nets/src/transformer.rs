//! The default denoiser: a vector for every quarter and a row of channels for every quarter and pitch, side by side.
//!
//! The vectors are a transformer; they read and write every cell linearly as well, for key and harmony (design §3, §7). The
//! pictures learn the grammar of neighbouring cells with weights shared over pitch and time. In every block the
//! vectors' attention also carries the pictures from quarter to quarter, so that what repeats is copied pitch by pitch
//! (docs/decisions/0005). Blocks are pre-norm with shared adaptive modulation from the noise levels and a learned offset a
//! block (Chen et al. 2023, arXiv:2310.00426).

use crate::features::{self, Geometry};
use crate::inference::Prepared;
use crate::model::Network;
use crate::ops::attention::{Shape, attention_weights, carried};
use crate::ops::linear::Linear;
use crate::ops::picture::Grid;
use crate::ops::{norm, pointwise};
use crate::parameters::{Init, Parameters, Span};
use crate::picture::{Embedded, Embedding, Head, Neighbours, Pooling, Spreading};
use crate::tape::{Tape, Var};
use aeolian_diffusion::{Layout, Observation};
use serde::{Deserialize, Serialize};

/// Sizes of a transformer denoiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformerConfig {
    /// Width of the vectors; a multiple of 2 · heads.
    pub width: usize,
    /// Blocks.
    pub blocks: usize,
    /// Attention heads.
    pub heads: usize,
    /// Hidden width of a block's two-layer network on vectors, as a multiple of the width.
    pub expansion: usize,
    /// Channels of the pictures; a multiple of the heads.
    pub channels: usize,
    /// Hidden units of a block's network on pictures; a multiple of 24.
    pub hidden: usize,
    /// Lags, in quarters to either side, that a head can favour; farther ones count as the farthest.
    pub lags: usize,
}

impl TransformerConfig {
    /// About 2 million weights, for quick experiments.
    pub fn tiny() -> Self {
        Self { width: 128, blocks: 4, heads: 4, expansion: 4, channels: 48, hidden: 96, lags: 32 }
    }

    /// About 5 million weights.
    pub fn small() -> Self {
        Self { width: 192, blocks: 6, heads: 8, expansion: 4, channels: 64, hidden: 192, lags: 32 }
    }

    /// About 20 million weights.
    pub fn base() -> Self {
        Self { width: 384, blocks: 8, heads: 8, expansion: 4, channels: 96, hidden: 288, lags: 64 }
    }
}

pub(crate) struct Block {
    pub(crate) modulation: Span,
    pub(crate) qk: Linear,
    pub(crate) value: Linear,
    pub(crate) lags: Span,
    pub(crate) attended: Linear,
    pub(crate) expand: Linear,
    pub(crate) contract: Linear,
    pub(crate) picture_modulation: Span,
    pub(crate) pooling: Pooling,
    pub(crate) picture_value: Linear,
    pub(crate) copied: Linear,
    pub(crate) spreading: Spreading,
    pub(crate) neighbours: Neighbours,
}

/// Columns of the vectors' modulation: shift, scale, gate for attention; the same for the two-layer network; shift and
/// scale of what goes to the pictures, and at the end to the cells.
pub(crate) const MODULATION_PARTS: usize = 8;
/// Columns of the pictures' modulation: shift and scale for attention, for the neighbours, and at the end.
pub(crate) const PICTURE_PARTS: usize = 6;

impl Block {
    fn new(p: &mut Parameters, name: &str, config: &TransformerConfig, pitches: usize) -> Self {
        let TransformerConfig { width, heads, expansion, channels, hidden, lags, .. } = *config;
        let picture = format!("{name}.picture");
        let linear = |p: &mut Parameters, part: &str, inputs, outputs, gain| {
            Linear::new(p, &format!("{name}.{part}"), inputs, outputs, gain)
        };
        Self {
            modulation: p.add(format!("{name}.modulation"), &[MODULATION_PARTS * width], Init::Zeros),
            qk: linear(p, "qk", width, 2 * width, 1.0),
            value: linear(p, "value", width, width, 1.0),
            lags: p.add(format!("{name}.lags"), &[heads, 2 * lags + 1], Init::Zeros),
            attended: linear(p, "attended", width, width, 1.0),
            expand: linear(p, "expand", width, expansion * width, 1.0),
            contract: linear(p, "contract", expansion * width, width, 1.0),
            picture_modulation: p.add(format!("{picture}.modulation"), &[PICTURE_PARTS * channels], Init::Zeros),
            pooling: Pooling::new(p, &picture, channels, pitches, width),
            picture_value: linear(p, "picture.value", channels, channels, 1.0),
            copied: linear(p, "picture.copied", channels, channels, 0.0),
            spreading: Spreading::new(p, &picture, channels, pitches, width),
            neighbours: Neighbours::new(p, &picture, channels, hidden),
        }
    }

    /// x (B·T, D) and u (B·T·P, C) → the same, later.
    fn forward(
        &self,
        tape: &mut Tape,
        [x, u]: [Var; 2],
        modulations: [Var; 2],
        config: &TransformerConfig,
        grid: Grid,
    ) -> [Var; 2] {
        let TransformerConfig { width, heads, channels, .. } = *config;
        let tokens = grid.items * grid.tokens;
        let shape = Shape { items: grid.items, tokens: grid.tokens, heads };
        let modulation = pointwise::add_row(tape, modulations[0], self.modulation);
        let picture_modulation = pointwise::add_row(tape, modulations[1], self.picture_modulation);

        let seen = norm::modulated(tape, u, picture_modulation, tokens, channels, 0);
        let x = self.pooling.added_to(tape, x, seen);
        let y = norm::modulated(tape, x, modulation, tokens, width, 0);
        let qk = self.qk.forward(tape, y);
        let weights = attention_weights(tape, qk, self.lags, shape);
        let value = self.value.forward(tape, y);
        let y = carried(tape, weights, value, shape, 1);
        let y = self.attended.forward(tape, y);
        let x = pointwise::gated_add(tape, x, y, modulation, width, 2 * width);
        let y = norm::modulated(tape, x, modulation, tokens, width, 3 * width);
        let y = self.expand.forward(tape, y);
        let y = pointwise::gelu(tape, y);
        let y = self.contract.forward(tape, y);
        let x = pointwise::gated_add(tape, x, y, modulation, width, 5 * width);

        let value = self.picture_value.forward(tape, seen);
        let copy = carried(tape, weights, value, shape, grid.pitches);
        let u = self.copied.added_to(tape, u, copy);
        let told = norm::modulated(tape, x, modulation, tokens, width, 6 * width);
        let u = self.spreading.added_to(tape, u, told);
        let u = self.neighbours.forward(tape, u, picture_modulation, 2 * channels, grid);
        [x, u]
    }
}

/// The network; its weights live in the model's flat buffer.
pub struct Transformer {
    pub(crate) config: TransformerConfig,
    pub(crate) embedding: Embedding,
    pub(crate) patch: Linear,
    pub(crate) levels: Linear,
    pub(crate) modulation: Linear,
    pub(crate) picture_modulation: Linear,
    pub(crate) blocks: Vec<Block>,
    pub(crate) head: Head,
}

impl Transformer {
    /// Lays out the parameters. `prior` are the marginal log-odds of every cell: the network starts by knowing them.
    pub fn new(
        config: TransformerConfig,
        layout: Layout,
        geometry: Geometry,
        prior: Vec<f32>,
        p: &mut Parameters,
    ) -> Self {
        let TransformerConfig { width, channels, .. } = config;
        Self {
            embedding: Embedding::new(p, channels, &layout, &geometry, &prior),
            patch: Linear::new(p, "patch.cells", features::patch_width(&layout), width, 0.7),
            levels: Linear::new(p, "levels.0", features::level_width(&layout), width, 1.0),
            modulation: Linear::new(p, "levels.1", width, MODULATION_PARTS * width, 0.1),
            picture_modulation: Linear::new(p, "levels.2", width, PICTURE_PARTS * channels, 0.1),
            blocks: (0..config.blocks)
                .map(|b| Block::new(p, &format!("blocks.{b}"), &config, geometry.pitches))
                .collect(),
            head: Head::new(p, width, channels, &layout, &geometry, &prior),
            config,
        }
    }
}

impl Network for Transformer {
    fn prepare(&self, weights: &[f32]) -> Option<Prepared> {
        Prepared::new(self, weights)
    }

    fn layout(&self) -> &Layout {
        self.embedding.layout()
    }

    fn forward(&self, tape: &mut Tape, observation: &Observation) -> Var {
        let TransformerConfig { width, channels, .. } = self.config;
        let Embedded { patch, levels, picture, grid } = self.embedding.forward(tape, observation);
        let tokens = grid.items * grid.tokens;
        let hidden = self.levels.forward(tape, levels);
        let hidden = pointwise::gelu(tape, hidden);
        let modulations = [self.modulation.forward(tape, hidden), self.picture_modulation.forward(tape, hidden)];
        let mut streams = [self.patch.forward(tape, patch), picture]; // (B·T, D), (B·T·P, C)
        for block in &self.blocks {
            streams = block.forward(tape, streams, modulations, &self.config, grid);
        }
        let x = norm::modulated(tape, streams[0], modulations[0], tokens, width, 6 * width);
        let u = norm::modulated(tape, streams[1], modulations[1], tokens, channels, 4 * channels);
        self.head.forward(tape, x, u) // (B·T, bits)
    }
}
