//! The default denoiser: a convolutional stem and head at full resolution around a transformer of one token a quarter.
//!
//! Stem and head learn the grammar of neighbouring cells; the trunk reads and writes every cell linearly as well, for
//! key and harmony (design §3, §7). Blocks are pre-norm with shared adaptive modulation from the noise levels and a
//! learned offset a block (Chen et al. 2023, arXiv:2310.00426), which starts every block as the identity.

use crate::features::{self, ECHO_CHANNELS, Geometry, IMAGE_CHANNELS, LEVEL_WIDTH};
use crate::model::Network;
use crate::ops::attention::{Shape, attention};
use crate::ops::conv::Conv;
use crate::ops::image::{CellGeometry, add_to_cells, from_tokens, to_tokens};
use crate::ops::linear::Linear;
use crate::ops::{norm, pointwise};
use crate::parameters::{Init, Parameters, Span};
use crate::tape::{Tape, Var};
use aeolian_diffusion::{Layout, Observation};
use aeolian_kernels::conv::{Image, Kernel};
use serde::{Deserialize, Serialize};

/// Sizes of a transformer denoiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformerConfig {
    /// Width of the trunk; a multiple of 2 · heads.
    pub width: usize,
    /// Blocks.
    pub blocks: usize,
    /// Attention heads.
    pub heads: usize,
    /// Hidden width of a block's two-layer network, as a multiple of the width.
    pub expansion: usize,
    /// Kernel of stem and head along time, odd.
    pub kernel_steps: usize,
    /// Kernel of stem and head along pitch, odd.
    pub kernel_pitches: usize,
    /// Hidden channels of the head, in sixteens.
    pub head_channels: usize,
}

impl TransformerConfig {
    /// About 3 million weights, for quick experiments.
    pub fn tiny() -> Self {
        Self { width: 128, blocks: 4, heads: 4, expansion: 4, kernel_steps: 5, kernel_pitches: 7, head_channels: 16 }
    }

    /// About 9 million weights.
    pub fn small() -> Self {
        Self { width: 256, blocks: 6, heads: 8, expansion: 4, kernel_steps: 5, kernel_pitches: 7, head_channels: 32 }
    }

    /// About 24 million weights.
    pub fn base() -> Self {
        Self { width: 384, blocks: 10, heads: 8, expansion: 4, kernel_steps: 5, kernel_pitches: 7, head_channels: 32 }
    }
}

struct TrunkBlock {
    offset: Span,
    qkv: Linear,
    attended: Linear,
    expand: Linear,
    contract: Linear,
}

/// The network; its weights live in the model's flat buffer.
pub struct Transformer {
    config: TransformerConfig,
    layout: Layout,
    geometry: Geometry,
    prior: Vec<f32>,
    marginals: Vec<f32>,
    stem: [Conv; 2],
    stem_echo: Conv,
    patch: Linear,
    patch_from_stem: Linear,
    level_hidden: Linear,
    modulation: Linear,
    blocks: Vec<TrunkBlock>,
    direct_head: Linear,
    to_image: Linear,
    head_hidden: Conv,
    head_out: Conv,
}

/// Columns of the shared modulation: shift, scale, gate for attention; the same for the two-layer network; shift and
/// scale of the last norm.
const MODULATION_PARTS: usize = 8;

impl Transformer {
    /// Lays out the parameters. `prior` are the marginal log-odds of every cell: the network starts by knowing them.
    pub fn new(
        config: TransformerConfig,
        layout: Layout,
        geometry: Geometry,
        prior: Vec<f32>,
        parameters: &mut Parameters,
    ) -> Self {
        let width = config.width;
        let kernel = Kernel { rows: config.kernel_steps, columns: config.kernel_pitches };
        let single = Kernel { rows: 1, columns: 1 };
        let token_pixels = geometry.steps * geometry.pitches * IMAGE_CHANNELS;
        let p = parameters;
        let stem = [
            Conv::new(p, "stem.0", kernel, IMAGE_CHANNELS, IMAGE_CHANNELS, 1.4),
            Conv::new(p, "stem.1", kernel, IMAGE_CHANNELS, IMAGE_CHANNELS, 1.4),
        ];
        // A semitone to either side: a repeat may be moved by a step. Starts as no echo at all.
        let around = Kernel { rows: 1, columns: 3 };
        let stem_echo = Conv::new(p, "stem.echo", around, ECHO_CHANNELS, IMAGE_CHANNELS, 0.0);
        let patch = Linear::new(p, "patch.cells", features::patch_width(&layout), width, 0.7);
        let patch_from_stem = Linear::with_bias(p, "patch.stem", token_pixels, width, 0.7, None);
        let level_hidden = Linear::new(p, "levels.0", layout.lanes() * LEVEL_WIDTH, width, 1.0);
        let modulation = Linear::new(p, "levels.1", width, MODULATION_PARTS * width, 0.1);
        let blocks = (0..config.blocks)
            .map(|b| {
                let linear = |p: &mut Parameters, part: &str, inputs, outputs| {
                    Linear::new(p, &format!("blocks.{b}.{part}"), inputs, outputs, 1.0)
                };
                TrunkBlock {
                    offset: p.add(format!("blocks.{b}.modulation"), &[MODULATION_PARTS * width], Init::Zeros),
                    qkv: linear(p, "qkv", width, 3 * width),
                    attended: linear(p, "attended", width, width),
                    expand: linear(p, "expand", width, config.expansion * width),
                    contract: linear(p, "contract", config.expansion * width, width),
                }
            })
            .collect();
        let bias = Some(Init::Values(prior.clone()));
        let direct_head = Linear::with_bias(p, "head.cells", width, layout.bits(), 0.0, bias);
        let to_image = Linear::new(p, "head.image", width, token_pixels, 0.5);
        let head_hidden = Conv::new(p, "head.0", kernel, IMAGE_CHANNELS, config.head_channels, 1.4);
        let head_out = Conv::new(p, "head.1", single, config.head_channels, IMAGE_CHANNELS, 0.0);
        let marginals = features::marginals(&layout, &prior);
        Self {
            config,
            layout,
            geometry,
            prior,
            marginals,
            stem,
            stem_echo,
            patch,
            patch_from_stem,
            level_hidden,
            modulation,
            blocks,
            direct_head,
            to_image,
            head_hidden,
            head_out,
        }
    }

    fn image(&self, observation: &Observation) -> Image {
        Image {
            items: observation.items,
            rows: observation.tokens * self.geometry.steps,
            columns: self.geometry.pitches,
            channels: IMAGE_CHANNELS,
            border_rows: self.config.kernel_steps / 2,
            border_columns: self.config.kernel_pitches / 2,
        }
    }

    fn block(&self, tape: &mut Tape, block: &TrunkBlock, x: Var, modulation: Var, shape: Shape) -> Var {
        let width = self.config.width;
        let modulation = pointwise::add_row(tape, modulation, block.offset);
        let y = norm::modulated(tape, x, modulation, width, 0);
        let y = block.qkv.forward(tape, y);
        let y = attention(tape, y, shape);
        let y = block.attended.forward(tape, y);
        let x = pointwise::gated_add(tape, x, y, modulation, width, 2 * width);
        let y = norm::modulated(tape, x, modulation, width, 3 * width);
        let y = block.expand.forward(tape, y);
        let y = pointwise::gelu(tape, y);
        let y = block.contract.forward(tape, y);
        pointwise::gated_add(tape, x, y, modulation, width, 5 * width)
    }
}

impl Network for Transformer {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn forward(&self, tape: &mut Tape, observation: &Observation) -> Var {
        let image = self.image(observation);
        let tokens = observation.items * observation.tokens;
        let pixels = tape.take_zeroed(image.len());
        let patch = tape.take(tokens * features::patch_width(&self.layout));
        let f = features::features(
            &self.layout,
            &self.geometry,
            &self.prior,
            &self.marginals,
            observation,
            Some((image, pixels)),
            patch,
        );
        let mut echo = tape.take_zeroed(image.with_channels(ECHO_CHANNELS).len());
        features::write_echo(&self.geometry, observation, image, &f.image, &mut echo);
        let pixels = tape.input(f.image);
        let echo = tape.input(echo);
        let patch = tape.input(f.patch);
        let levels = tape.input(f.levels);

        let first = self.stem[0].forward(tape, pixels, image); // (B, T·steps, P, C)
        let repeats = self.stem_echo.forward(tape, echo, image.with_channels(ECHO_CHANNELS));
        let first = pointwise::add(tape, first, repeats);
        let first = pointwise::gelu(tape, first);
        let second = self.stem[1].forward(tape, first, image);
        let second = pointwise::gelu(tape, second);
        let stem = pointwise::add(tape, first, second);

        let direct = self.patch.forward(tape, patch); // (B·T, D)
        let from_stem = to_tokens(tape, stem, image);
        let from_stem = self.patch_from_stem.forward(tape, from_stem);
        let mut x = pointwise::add(tape, direct, from_stem);
        let hidden = self.level_hidden.forward(tape, levels);
        let hidden = pointwise::gelu(tape, hidden);
        let modulation = self.modulation.forward(tape, hidden); // (B·T, 8D)
        let shape = Shape {
            items: observation.items,
            tokens: observation.tokens,
            heads: self.config.heads,
            width: self.config.width,
        };
        for block in &self.blocks {
            x = self.block(tape, block, x, modulation, shape);
        }
        let x = norm::modulated(tape, x, modulation, self.config.width, 6 * self.config.width);

        let logits = self.direct_head.forward(tape, x); // (B·T, bits)
        let up = self.to_image.forward(tape, x);
        let up = from_tokens(tape, up, image);
        let joined = pointwise::add(tape, stem, up);
        let hidden = self.head_hidden.forward(tape, joined, image);
        let hidden = pointwise::gelu(tape, hidden);
        let fine = self.head_out.forward(tape, hidden, image.with_channels(self.config.head_channels));
        let cells =
            CellGeometry { lanes: self.geometry.note_lanes, steps: self.geometry.steps, bits: self.layout.bits() };
        add_to_cells(tape, logits, fine, image, cells)
    }
}
