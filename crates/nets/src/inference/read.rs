//! Evidence to what the network reads, one token at a time ([`crate::features`] for whole batches and a tape).

use super::pictures::Scratch;
use crate::features::{self, Geometry, LEVEL_WIDTH, softmax_with_none, write_level, write_position};
use crate::picture::Embedding;
use aeolian_diffusion::{Layout, Observation};
use aeolian_kernels::beliefs::{pair_beliefs, squash, whiten};
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
            deviations: embedding.marginals.iter().map(|p| (p * (1.0 - p) + 0.01).sqrt()).collect(),
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
        self.believe(layout, evidence, belief);
        whiten(belief, &self.marginals, &self.deviations, &mut patch[..bits]);
        write_position(observation.positions[token], &mut patch[bits..]);
        let notes = 2 * self.geometry.note_lanes * self.geometry.steps * self.geometry.pitches;
        squash(&evidence[..notes], 0.25, &mut scratch.squashed[..notes]);
        self.write_pixels(layout, belief, &scratch.squashed, &mut scratch.pixels);
        let channels = levels.len();
        let pixels = Rows::dense(&scratch.pixels, self.pixel_width());
        multiply(pixels, self.pixel.factor(), Start::Bias, End::Plain, picture, To::Rows(channels));
        add(picture, &self.pitch);
        add_to_rows(picture, levels);
    }

    fn believe(&self, layout: &Layout, evidence: &[f32], belief: &mut [f32]) {
        for (block, _, bit) in layout.spans() {
            let cells = bit..bit + block.groups * block.choices;
            let (e, p, b) = (&evidence[cells.clone()], &self.prior[cells.clone()], &mut belief[cells]);
            if block.choices == 2 {
                pair_beliefs(e, p, b);
            } else {
                b.iter_mut().zip(e).zip(p).for_each(|((b, e), p)| *b = e + p);
                b.chunks_exact_mut(block.choices).for_each(softmax_with_none);
            }
        }
    }

    /// As in [`features::features`]: beliefs and squashed evidence of every pitch, with its pitch class.
    fn write_pixels(&self, layout: &Layout, belief: &[f32], squashed: &[f32], pixels: &mut [f32]) {
        let Geometry { note_lanes, steps, pitches, first_pitch_class, .. } = self.geometry;
        let (width, rows) = (self.pixel_width(), note_lanes * steps);
        for row in 0..rows {
            let cells = row * pitches * 2..(row + 1) * pitches * 2;
            let (seen, squashed) = (&belief[cells.clone()], &squashed[cells]);
            let pairs = seen.as_chunks::<2>().0.iter().zip(squashed.as_chunks::<2>().0);
            for (pixel, (seen, squashed)) in pixels.chunks_exact_mut(width).zip(pairs) {
                let cell: &mut [f32; 4] = (&mut pixel[4 * row..][..4]).try_into().expect("four floats");
                *cell = [2.0 * seen[0], 2.0 * seen[1], squashed[0], squashed[1]];
            }
        }
        for (index, &block) in self.geometry.pitch_class_blocks.iter().enumerate() {
            let bit = layout.spans().nth(block).expect("a pitch-class block of this layout").2;
            for (pitch, pixel) in pixels.chunks_exact_mut(width).enumerate() {
                pixel[4 * rows + index] = 2.0 * belief[bit + (first_pitch_class + pitch) % 12];
            }
        }
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
