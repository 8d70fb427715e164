//! The classical recurrent denoiser: a bidirectional LSTM encoder over the quarters, an LSTM decoder back to the
//! canvas, the noise levels embedded at the input. It predicts context log-odds like the transformer, and stays as the
//! baseline of every table.

use crate::features::{self, Geometry, LEVEL_WIDTH};
use crate::model::Network;
use crate::ops::linear::Linear;
use crate::ops::lstm::Lstm;
use crate::ops::pointwise;
use crate::parameters::{Init, Parameters};
use crate::tape::{Tape, Var};
use aeolian_diffusion::{Layout, Observation};
use serde::{Deserialize, Serialize};

/// Sizes of an LSTM denoiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LstmConfig {
    /// Width of the embedded quarter.
    pub width: usize,
    /// Hidden units of each encoder direction; the decoder has twice as many.
    pub hidden: usize,
}

impl LstmConfig {
    /// About 4 million weights.
    pub fn small() -> Self {
        Self { width: 320, hidden: 256 }
    }
}

/// The network; its weights live in the model's flat buffer.
pub struct LstmDenoiser {
    layout: Layout,
    geometry: Geometry,
    prior: Vec<f32>,
    marginals: Vec<f32>,
    patch: Linear,
    levels: Linear,
    encoder: [Lstm; 2],
    decoder: Lstm,
    head: Linear,
}

impl LstmDenoiser {
    /// Lays out the parameters; `prior` as for the transformer.
    pub fn new(
        config: &LstmConfig,
        layout: Layout,
        geometry: Geometry,
        prior: Vec<f32>,
        parameters: &mut Parameters,
    ) -> Self {
        let LstmConfig { width, hidden } = *config;
        let p = parameters;
        let patch = Linear::new(p, "patch.cells", features::patch_width(&layout), width, 1.0);
        let levels = Linear::with_bias(p, "patch.levels", layout.lanes() * LEVEL_WIDTH, width, 1.0, None);
        let encoder = [
            Lstm::new(p, "encoder.forward", width, hidden, false),
            Lstm::new(p, "encoder.backward", width, hidden, true),
        ];
        let decoder = Lstm::new(p, "decoder", 2 * hidden + width, 2 * hidden, false);
        let bias = Some(Init::Values(prior.clone()));
        let head = Linear::with_bias(p, "head", 4 * hidden, layout.bits(), 0.0, bias);
        let marginals = features::marginals(&layout, &prior);
        Self { layout, geometry, prior, marginals, patch, levels, encoder, decoder, head }
    }
}

impl Network for LstmDenoiser {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn forward(&self, tape: &mut Tape, observation: &Observation) -> Var {
        let (items, tokens) = (observation.items, observation.tokens);
        let patch = tape.take(items * tokens * features::patch_width(&self.layout));
        let f =
            features::features(&self.layout, &self.geometry, &self.prior, &self.marginals, observation, None, patch);
        let patch = tape.input(f.patch);
        let levels = tape.input(f.levels);
        let x = self.patch.forward(tape, patch); // (B·T, width)
        let levels = self.levels.forward(tape, levels);
        let x = pointwise::add(tape, x, levels);
        let x = pointwise::gelu(tape, x);
        let ahead = self.encoder[0].forward(tape, x, items, tokens); // (B·T, hidden)
        let back = self.encoder[1].forward(tape, x, items, tokens);
        let encoded = pointwise::concatenate(tape, ahead, back, items * tokens);
        let with_input = pointwise::concatenate(tape, encoded, x, items * tokens);
        let decoded = self.decoder.forward(tape, with_input, items, tokens); // (B·T, 2·hidden)
        let joined = pointwise::concatenate(tape, decoded, encoded, items * tokens);
        self.head.forward(tape, joined) // (B·T, bits)
    }
}
