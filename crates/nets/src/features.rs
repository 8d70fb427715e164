//! What a network reads: beliefs σ(prior + e) of every cell, the noise levels, and the place in the bar.
//!
//! The evidence of a cell is exact (`aeolian_diffusion::evidence`); the network
//! only has to learn the context. It sees each cell's belief given its own evidence and its marginal frequency, as
//! numbers of about unit size: (belief − p) / √(p(1−p) + 0.01), p the marginal.

use aeolian_diffusion::{Layout, Observation};
use aeolian_kernels::conv::Image;
use aeolian_kernels::elementwise::{exp, tanh};
use serde::{Deserialize, Serialize};

/// How a token is laid out as a picture: the first `note_lanes` blocks are `steps` × `pitches` groups of two choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Geometry {
    /// Blocks that are pictures.
    pub note_lanes: usize,
    /// Picture rows in a token.
    pub steps: usize,
    /// Picture columns.
    pub pitches: usize,
    /// Blocks of twelve cells that say something of every twelfth column (pitch classes), with the class of column 0.
    pub pitch_class_blocks: Vec<usize>,
    /// Pitch class of column 0 (9 for a piano's lowest A).
    pub first_pitch_class: usize,
}

/// Channels of the picture: four a lane, one a pitch-class block, one constant; the rest zero.
pub const IMAGE_CHANNELS: usize = 16;
/// Lags at which the picture is echoed, in half bars, ahead and behind: music repeats by the bar.
pub const ECHO_HALF_BARS: [usize; 4] = [1, 2, 4, 8];
/// Channels of the echo: two beliefs a lane at every lag, ahead and behind; three note lanes fill it.
pub const ECHO_CHANNELS: usize = 48;
/// Numbers for the place in the bar: sixteen places and sixteen lengths.
pub const POSITION_WIDTH: usize = 32;
/// Numbers for one noise level: eight soft bins, one for "certain", one for "nothing".
pub const LEVEL_WIDTH: usize = 10;

/// The tensors made of one observation.
#[derive(Clone, Debug)]
pub struct Features {
    /// Whitened beliefs, then the position. (B·T, bits + POSITION_WIDTH)
    pub patch: Vec<f32>,
    /// Noise levels. (B·T, lanes · LEVEL_WIDTH)
    pub levels: Vec<f32>,
    /// Beliefs and squashed evidence as pictures; empty if not asked for. (B, T·steps, pitches, 16) bordered
    pub image: Vec<f32>,
}

/// The beliefs of the same pitches half a bar, one, two and four bars before and after each step: repetition laid
/// beside what may repeat, where a convolution can see it. `pixels` as [`Features::image`], `echo` zeroed, the same shape
/// with [`ECHO_CHANNELS`].
pub fn write_echo(geometry: &Geometry, observation: &Observation, shape: Image, pixels: &[f32], echo: &mut [f32]) {
    let lanes = geometry.note_lanes.min(ECHO_CHANNELS / (4 * ECHO_HALF_BARS.len()));
    let to = shape.with_channels(ECHO_CHANNELS);
    for item in 0..shape.items {
        for row in 0..shape.rows {
            let [_, bar_eighths] = observation.positions[item * observation.tokens + row / geometry.steps];
            let half_bar = usize::from(bar_eighths) * geometry.steps / 4;
            for (index, lag) in ECHO_HALF_BARS.iter().map(|halves| halves * half_bar).enumerate() {
                for (side, source) in [row.checked_sub(lag), Some(row + lag)].into_iter().enumerate() {
                    let Some(source) = source.filter(|&s| s < shape.rows) else { continue };
                    let first = (2 * index + side) * 2 * lanes;
                    for column in 0..shape.columns {
                        let from = &pixels[shape.at(item, source, column)..][..4 * lanes];
                        let slot = &mut echo[to.at(item, row, column) + first..][..2 * lanes];
                        for (pair, four) in slot.chunks_exact_mut(2).zip(from.chunks_exact(4)) {
                            pair.copy_from_slice(&four[..2]);
                        }
                    }
                }
            }
        }
    }
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

fn for_each_group(layout: &Layout, row: &mut [f32], f: impl Fn(&mut [f32])) {
    for (block, _, bit) in layout.spans() {
        row[bit..bit + block.groups * block.choices].chunks_exact_mut(block.choices).for_each(&f);
    }
}

/// Log-odds against "none" become probabilities, in place; stable.
fn softmax_with_none(group: &mut [f32]) {
    let largest = group.iter().copied().fold(0.0, f32::max);
    let mut total = exp(-largest);
    for x in group.iter_mut() {
        *x = exp(*x - largest);
        total += *x;
    }
    group.iter_mut().for_each(|x| *x /= total);
}

/// Makes the features. `image` is the picture's shape, or `None` for a network that wants no picture.
pub fn features(
    layout: &Layout,
    geometry: &Geometry,
    prior: &[f32],
    marginals: &[f32],
    observation: &Observation,
    image: Option<(Image, Vec<f32>)>,
    mut patch: Vec<f32>,
) -> Features {
    let (bits, lanes) = (layout.bits(), layout.lanes());
    let width = patch_width(layout);
    let tokens = observation.items * observation.tokens;
    let mut levels = vec![0.0; tokens * lanes * LEVEL_WIDTH];
    let mut belief = vec![0.0; bits];
    let (shape, mut pixels) = image.unzip();
    for token in 0..tokens {
        let evidence = &observation.evidence[token * bits..][..bits];
        for ((b, e), p) in belief.iter_mut().zip(evidence).zip(prior) {
            *b = e + p;
        }
        for_each_group(layout, &mut belief, softmax_with_none);
        let row = &mut patch[token * width..][..width];
        for ((x, b), p) in row.iter_mut().zip(&belief).zip(marginals) {
            *x = (b - p) / (p * (1.0 - p) + 0.01).sqrt();
        }
        write_position(observation.positions[token], &mut row[bits..]);
        for (lane, slot) in
            levels[token * lanes * LEVEL_WIDTH..][..lanes * LEVEL_WIDTH].chunks_exact_mut(LEVEL_WIDTH).enumerate()
        {
            write_level(observation.log_snr[token * lanes + lane], slot);
        }
        if let (Some(shape), Some(pixels)) = (shape, &mut pixels) {
            write_picture(layout, geometry, &belief, evidence, shape, token, pixels);
        }
    }
    Features { patch, levels, image: pixels.unwrap_or_default() }
}

fn write_position([place, length]: [u8; 2], slot: &mut [f32]) {
    slot.fill(0.0);
    slot[usize::from(place).min(15)] = 1.0;
    slot[16 + usize::from(length.saturating_sub(1)).min(15)] = 1.0;
}

/// Eight Gaussian bins from log snr −7 to 4.2, and two flags.
fn write_level(log_snr: f32, slot: &mut [f32]) {
    for (bin, x) in slot[..8].iter_mut().enumerate() {
        let distance = (log_snr - (-7.0 + 1.6 * bin as f32)) / 1.6;
        *x = exp(-0.5 * distance * distance);
    }
    slot[8] = f32::from(log_snr >= Observation::LOG_SNR_CERTAIN);
    slot[9] = f32::from(log_snr <= Observation::LOG_SNR_NOTHING);
}

fn write_picture(
    layout: &Layout,
    geometry: &Geometry,
    belief: &[f32],
    evidence: &[f32],
    shape: Image,
    token: usize,
    pixels: &mut [f32],
) {
    let tokens_in_item = shape.rows / geometry.steps;
    let (item, first_row) = (token / tokens_in_item, token % tokens_in_item * geometry.steps);
    for step in 0..geometry.steps {
        let row = &mut pixels[shape.at(item, first_row + step, 0)..][..geometry.pitches * IMAGE_CHANNELS];
        for (column, pixel) in row.chunks_exact_mut(IMAGE_CHANNELS).enumerate() {
            for lane in 0..geometry.note_lanes {
                let bit = ((lane * geometry.steps + step) * geometry.pitches + column) * 2;
                pixel[4 * lane] = 2.0 * belief[bit];
                pixel[4 * lane + 1] = 2.0 * belief[bit + 1];
                pixel[4 * lane + 2] = tanh(0.25 * evidence[bit]);
                pixel[4 * lane + 3] = tanh(0.25 * evidence[bit + 1]);
            }
            pixel[4 * geometry.note_lanes..].fill(0.0);
            pixel[IMAGE_CHANNELS - 1] = 1.0;
        }
    }
    for (channel, &wanted) in geometry.pitch_class_blocks.iter().enumerate() {
        let (_, _, bit) = layout.spans().nth(wanted).expect("a pitch-class block of this layout");
        for step in 0..geometry.steps {
            for column in 0..geometry.pitches {
                let class = (geometry.first_pitch_class + column) % 12;
                let pixel = shape.at(item, first_row + step, column) + 4 * geometry.note_lanes + channel;
                pixels[pixel] = 2.0 * belief[bit + class];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_diffusion::Block;

    #[test]
    fn an_echo_brings_the_bar_before_and_the_bar_after() {
        let geometry =
            Geometry { note_lanes: 3, steps: 4, pitches: 2, pitch_class_blocks: vec![], first_pitch_class: 0 };
        let shape =
            Image { items: 1, rows: 32, columns: 2, channels: IMAGE_CHANNELS, border_rows: 1, border_columns: 1 };
        let mut pixels = vec![0.0; shape.len()];
        pixels[shape.at(0, 16, 1) + 4] = 7.0; // second lane, onset, at the second bar of 4/4
        let observation = Observation { items: 1, tokens: 8, evidence: &[], log_snr: &[], positions: &[[0, 8]; 8] };
        let to = shape.with_channels(ECHO_CHANNELS);
        let mut echo = vec![0.0; to.len()];
        write_echo(&geometry, &observation, shape, &pixels, &mut echo);
        // Lag index 1 is a whole bar; ahead of the first bar and half a bar behind the middle of the second.
        assert_eq!(echo[to.at(0, 0, 1) + (2 + 1) * 6 + 2], 7.0);
        assert_eq!(echo[to.at(0, 24, 1) + 2], 7.0);
        assert_eq!(echo.iter().filter(|&&x| x != 0.0).count(), 3);
    }

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
        let patch = vec![0.0; patch_width(&layout)];
        let f = features(&layout, &geometry, &prior, &p, &observation, None, patch);
        assert!(f.patch[0].abs() < 1e-6);
        assert!(f.patch[2] > 3.0 && f.patch[3] < 0.0);
        assert_eq!((f.patch[8 + 2], f.patch[8 + 16 + 7]), (1.0, 1.0));
        assert_eq!((f.levels[8], f.levels[9]), (0.0, 0.0));
    }
}
