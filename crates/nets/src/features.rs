//! What a network reads: beliefs σ(prior + e) of every cell, the noise levels, and the place in the bar.
//!
//! The evidence of a cell is exact (`aeolian_diffusion::evidence`); the network
//! only has to learn the context. It sees each cell's belief given its own evidence and its marginal frequency, as
//! numbers of about unit size: (belief − p) / √(p(1−p) + 0.01), p the marginal.

use aeolian_diffusion::{Layout, Observation};
use aeolian_kernels::beliefs::{pair_beliefs, squash, whiten};
use aeolian_kernels::elementwise::exp;
use serde::{Deserialize, Serialize};

/// How a token is laid out as a picture: the first `note_lanes` blocks are `steps` × `pitches` groups of two choices. A
/// pixel is one pitch in one token, with all lanes and steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Geometry {
    /// Blocks that are pictures.
    pub note_lanes: usize,
    /// Steps in a token.
    pub steps: usize,
    /// Pitches.
    pub pitches: usize,
    /// Blocks of twelve cells that say something of every twelfth pitch (pitch classes).
    pub pitch_class_blocks: Vec<usize>,
    /// Pitch class of the lowest pitch (9 for a piano's lowest A).
    pub first_pitch_class: usize,
}

/// Numbers for the place in the bar: sixteen places and sixteen lengths.
pub const POSITION_WIDTH: usize = 32;
/// Numbers for one noise level: eight soft bins, one for "certain", one for "nothing".
pub const LEVEL_WIDTH: usize = 10;

/// The tensors made of one observation.
#[derive(Clone, Debug)]
pub struct Features {
    /// Whitened beliefs, then the position. (B·T, bits + POSITION_WIDTH)
    pub patch: Vec<f32>,
    /// Noise levels, then the position. (B·T, lanes · LEVEL_WIDTH + POSITION_WIDTH)
    pub levels: Vec<f32>,
    /// Beliefs and squashed evidence of every pixel. (B·T·P, [`pixel_width`])
    pub pixels: Vec<f32>,
}

/// Width of [`Features::patch`].
pub fn patch_width(layout: &Layout) -> usize {
    layout.bits() + POSITION_WIDTH
}

/// Marginal probabilities of every cell from prior log-odds against "none". (bits)
pub fn marginals(layout: &Layout, prior: &[f32]) -> Vec<f32> {
    let mut p = prior.to_vec();
    for_each_group(layout, &mut p, softmax_with_none);
    p
}

pub(crate) fn for_each_group(layout: &Layout, row: &mut [f32], f: impl Fn(&mut [f32])) {
    for (block, _, bit) in layout.spans() {
        row[bit..bit + block.groups * block.choices].chunks_exact_mut(block.choices).for_each(&f);
    }
}

/// Log-odds against "none" become probabilities, in place; stable.
pub(crate) fn softmax_with_none(group: &mut [f32]) {
    let largest = group.iter().copied().fold(0.0, f32::max);
    let mut total = exp(-largest);
    for x in group.iter_mut() {
        *x = exp(*x - largest);
        total += *x;
    }
    group.iter_mut().for_each(|x| *x /= total);
}

/// Numbers of a pixel: four for every lane and step, one for every pitch-class block.
pub fn pixel_width(geometry: &Geometry) -> usize {
    4 * geometry.note_lanes * geometry.steps + geometry.pitch_class_blocks.len()
}

/// Width of [`Features::levels`].
pub fn level_width(layout: &Layout) -> usize {
    layout.lanes() * LEVEL_WIDTH + POSITION_WIDTH
}

/// Makes the features, in buffers of the right lengths (patch, levels, pixels) with arbitrary contents.
pub fn features(
    layout: &Layout,
    geometry: &Geometry,
    prior: &[f32],
    marginals: &[f32],
    observation: &Observation,
    [mut patch, mut levels, mut pixels]: [Vec<f32>; 3],
) -> Features {
    let (bits, lanes) = (layout.bits(), layout.lanes());
    let width = patch_width(layout);
    let tokens = observation.items * observation.tokens;
    let picture = geometry.pitches * pixel_width(geometry);
    let deviations: Vec<f32> = marginals.iter().map(|p| deviation(*p)).collect();
    let notes = 2 * geometry.note_lanes * geometry.steps * geometry.pitches;
    let (mut belief, mut squashed) = (vec![0.0; bits], vec![0.0; notes]);
    for token in 0..tokens {
        let evidence = &observation.evidence[token * bits..][..bits];
        believe(layout, prior, evidence, &mut belief);
        let row = &mut patch[token * width..][..width];
        whiten(&belief, marginals, &deviations, &mut row[..bits]);
        write_position(observation.positions[token], &mut row[bits..]);
        let row = &mut levels[token * level_width(layout)..][..level_width(layout)];
        for (lane, slot) in row[..lanes * LEVEL_WIDTH].chunks_exact_mut(LEVEL_WIDTH).enumerate() {
            write_level(observation.log_snr[token * lanes + lane], slot);
        }
        write_position(observation.positions[token], &mut row[lanes * LEVEL_WIDTH..]);
        squash(&evidence[..notes], 0.25, &mut squashed);
        write_pixels(layout, geometry, &belief, &squashed, &mut pixels[token * picture..][..picture]);
    }
    Features { patch, levels, pixels }
}

pub(crate) fn write_position([place, length]: [u8; 2], slot: &mut [f32]) {
    slot.fill(0.0);
    slot[usize::from(place).min(15)] = 1.0;
    slot[16 + usize::from(length.saturating_sub(1)).min(15)] = 1.0;
}

/// Eight Gaussian bins from log snr −7 to 4.2, and two flags.
pub(crate) fn write_level(log_snr: f32, slot: &mut [f32]) {
    for (bin, x) in slot[..8].iter_mut().enumerate() {
        let distance = (log_snr - (-7.0 + 1.6 * bin as f32)) / 1.6;
        *x = exp(-0.5 * distance * distance);
    }
    slot[8] = f32::from(log_snr >= Observation::LOG_SNR_CERTAIN);
    slot[9] = f32::from(log_snr <= Observation::LOG_SNR_NOTHING);
}

/// √(p(1−p) + 0.01)
pub(crate) fn deviation(p: f32) -> f32 {
    (p * (1.0 - p) + 0.01).sqrt()
}

/// Probabilities of every cell of a token, given its evidence and prior log-odds.
pub(crate) fn believe(layout: &Layout, prior: &[f32], evidence: &[f32], belief: &mut [f32]) {
    for (block, _, bit) in layout.spans() {
        let cells = bit..bit + block.groups * block.choices;
        let (e, p, b) = (&evidence[cells.clone()], &prior[cells.clone()], &mut belief[cells]);
        if block.choices == 2 {
            pair_beliefs(e, p, b);
        } else {
            b.iter_mut().zip(e).zip(p).for_each(|((b, e), p)| *b = e + p);
            b.chunks_exact_mut(block.choices).for_each(softmax_with_none);
        }
    }
}

/// Beliefs and squashed evidence of every pitch, with its pitch class.
pub(crate) fn write_pixels(layout: &Layout, geometry: &Geometry, belief: &[f32], squashed: &[f32], pixels: &mut [f32]) {
    let Geometry { note_lanes, steps, pitches, first_pitch_class, .. } = *geometry;
    let (width, rows) = (pixel_width(geometry), note_lanes * steps);
    for row in 0..rows {
        let cells = row * pitches * 2..(row + 1) * pitches * 2;
        let (seen, squashed) = (&belief[cells.clone()], &squashed[cells]);
        let pairs = seen.as_chunks::<2>().0.iter().zip(squashed.as_chunks::<2>().0);
        for (pixel, (seen, squashed)) in pixels.chunks_exact_mut(width).zip(pairs) {
            let cell: &mut [f32; 4] = (&mut pixel[4 * row..][..4]).try_into().expect("four floats");
            *cell = [2.0 * seen[0], 2.0 * seen[1], squashed[0], squashed[1]];
        }
    }
    for (index, &block) in geometry.pitch_class_blocks.iter().enumerate() {
        let bit = layout.spans().nth(block).expect("a pitch-class block of this layout").2;
        for (pitch, pixel) in pixels.chunks_exact_mut(width).enumerate() {
            pixel[4 * rows + index] = 2.0 * belief[bit + (first_pitch_class + pitch) % 12];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_diffusion::Block;

    #[test]
    fn nothing_known_reads_as_zero_and_certainty_as_its_sign() {
        let layout = Layout::new(vec![Block { lane: 0, groups: 4, choices: 2 }]);
        let geometry =
            Geometry { note_lanes: 1, steps: 2, pitches: 2, pitch_class_blocks: vec![], first_pitch_class: 0 };
        let prior = vec![-3.0; 8];
        let p = marginals(&layout, &prior);
        let mut evidence = vec![0.0; 8];
        evidence[2] = Observation::CERTAIN;
        evidence[3] = -Observation::CERTAIN;
        let observation =
            Observation { items: 1, tokens: 1, evidence: &evidence, log_snr: &[0.0], positions: &[[2, 8]] };
        let buffers = [patch_width(&layout), level_width(&layout), 2 * pixel_width(&geometry)].map(|n| vec![9.0; n]);
        let f = features(&layout, &geometry, &prior, &p, &observation, buffers);
        assert!(f.patch[0].abs() < 1e-6);
        assert!(f.patch[2] > 3.0 && f.patch[3] < 0.0);
        assert_eq!((f.patch[8 + 2], f.patch[8 + 16 + 7]), (1.0, 1.0));
        assert_eq!((f.levels[8], f.levels[9]), (0.0, 0.0));
        assert_eq!((f.levels[LEVEL_WIDTH + 2], f.levels[LEVEL_WIDTH + 16 + 7]), (1.0, 1.0));
        // Cells 2 and 3 are the onset and hold of step 0, pitch 1.
        let second = &f.pixels[pixel_width(&geometry)..];
        assert!(second[0] > 1.99 && second[1] < 1e-6 && second[2] > 0.999 && second[3] < -0.999, "{second:?}");
    }
}
