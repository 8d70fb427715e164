//! Evidence to what the network reads, one token at a time ([`crate::features`] for whole batches and a tape).

use super::pictures::Scratch;
use crate::features::{self, Geometry, LEVEL_WIDTH, write_level, write_position};
use crate::picture::Embedding;
use aeolian_diffusion::{Layout, Observation};
use aeolian_kernels::beliefs::{squash, whiten};
use aeolian_kernels::elementwise::{add, add_to_rows};
use aeolian_kernels::panels::{End, Panels, Rows, Start, To, multiply};

/// What reading needs beside the observation.
pub(super) struct Reading {
    geometry: Geometry,
    prior: Vec<f32>,
    marginals: Vec<f32>,
    /// √(p(1−p) + 0.01) of every marginal.
    deviations: Vec<f32>,
    pixel: Panels,
    /// (P, C)
    pitch: Vec<f32>,
}

impl Reading {
    pub fn new(embedding: &Embedding, weights: &[f32]) -> Self {
        Self {
            geometry: embedding.geometry.clone(),
            prior: embedding.prior.clone(),
            marginals: embedding.marginals.clone(),
            deviations: embedding.marginals.iter().map(|p| features::deviation(*p)).collect(),
            pixel: embedding.pixel.panels(weights),
            pitch: weights[embedding.pitch.range()].to_vec(),
        }
    }

    /// Floats of one pixel.
    pub fn pixel_width(&self) -> usize {
        self.pixel.inputs()
    }

    /// Writes a token's row for the vectors, and its picture (P, C); `levels` (C) is what its noise levels say.
    pub fn token(
        &self,
        layout: &Layout,
        observation: &Observation,
        token: usize,
        levels: &[f32],
        patch: &mut [f32],
        picture: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let bits = layout.bits();
        let evidence = &observation.evidence[token * bits..][..bits];
        let belief = &mut scratch.belief[..bits];
        features::believe(layout, &self.prior, evidence, belief);
        whiten(belief, &self.marginals, &self.deviations, &mut patch[..bits]);
        write_position(observation.positions[token], &mut patch[bits..]);
        let notes = 2 * self.geometry.note_lanes * self.geometry.steps * self.geometry.pitches;
        squash(&evidence[..notes], 0.25, &mut scratch.squashed[..notes]);
        features::write_pixels(layout, &self.geometry, belief, &scratch.squashed, &mut scratch.pixels);
        let channels = levels.len();
        let pixels = Rows::dense(&scratch.pixels, self.pixel_width());
        multiply(pixels, self.pixel.factor(), Start::Bias, End::Plain, picture, To::Rows(channels));
        add(picture, &self.pitch);
        add_to_rows(picture, levels);
    }
}

/// How many rows back an equal one is looked for: more than the places of any bar.
const LOOK_BACK: usize = 48;

/// Writes the different rows of noise levels and places, and which of them each token has; returns how many there are.
pub(super) fn distinct_levels(
    layout: &Layout,
    observation: &Observation,
    row_of: &mut Vec<usize>,
    levels: &mut [f32],
) -> usize {
    let (lanes, width) = (layout.lanes(), features::level_width(layout));
    let stated = |token: usize| (&observation.log_snr[token * lanes..][..lanes], observation.positions[token]);
    let mut firsts: Vec<usize> = Vec::with_capacity(LOOK_BACK);
    row_of.clear();
    for token in 0..observation.items * observation.tokens {
        let recent = firsts.len().saturating_sub(LOOK_BACK);
        let known = firsts[recent..].iter().position(|&first| stated(first) == stated(token));
        row_of.push(known.map_or(firsts.len(), |index| recent + index));
        if known.is_none() {
            let row = &mut levels[firsts.len() * width..][..width];
            let (log_snr, position) = stated(token);
            for (slot, &level) in row.chunks_exact_mut(LEVEL_WIDTH).zip(log_snr) {
                write_level(level, slot);
            }
            write_position(position, &mut row[lanes * LEVEL_WIDTH..]);
            firsts.push(token);
        }
    }
    firsts.len()
}
