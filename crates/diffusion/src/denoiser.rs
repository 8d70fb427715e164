//! The one thing a network must do: from evidence in every cell, say what the context adds.

use crate::Layout;

/// What a denoiser sees. Shapes: B items, T tokens, `bits` and `lanes` of the [`Layout`].
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// Items, B.
    pub items: usize,
    /// Tokens in each item, T.
    pub tokens: usize,
    /// Log-likelihood ratio of every cell, e = 2 √ᾱ x / (1−ᾱ); clipped to ±[`Self::CERTAIN`]. (B, T, bits)
    pub evidence: &'a [f32],
    /// log snr of every lane; [`Self::LOG_SNR_CERTAIN`] where given, [`Self::LOG_SNR_NOTHING`] where unknown. (B, T, lanes)
    pub log_snr: &'a [f32],
    /// Position inside a short cycle (for music: the bar) as (place, length). (B, T)
    pub positions: &'a [[u8; 2]],
}

impl Observation<'_> {
    /// Evidence of a cell that is certain. exp(−30) ≈ 10⁻¹³: no context outweighs it.
    pub const CERTAIN: f32 = 30.0;
    /// The log snr stated for a lane that is certain.
    pub const LOG_SNR_CERTAIN: f32 = 6.0;
    /// The log snr stated for a lane of which nothing is known.
    pub const LOG_SNR_NOTHING: f32 = -10.0;
}

/// A model of the prior context: e_θ in evidence coordinates.
pub trait Denoiser: Sync {
    /// How the cells are grouped.
    fn layout(&self) -> &Layout;

    /// Context log-odds c_θ of every cell against its group's "none", given everything else. (B, T, bits) into `context`.
    ///
    /// An item's result must not depend, to the last bit, on which other items are in the batch.
    fn context(&self, observation: Observation<'_>, context: &mut [f32]);
}
