//! The two-layer network at every pixel whose hidden units look at neighbouring pixels as well, in one operation.
//!
//! u + contract(max(0, around(expand(norm(u))))): a quarter's picture goes through all of it while it is in the nearest caches;
//! of what lies between only the hidden units are kept for the way back, as they are after the ReLU.

use crate::ops::linear::Linear;
use crate::ops::picture::{Grid, NEIGHBOURS};
use crate::tape::{Gradients, Op, Precision, Tape, Var};
use aeolian_kernels::elementwise;
use aeolian_kernels::factor::Factor;
use aeolian_kernels::gemm::{Into, Matrix};
use aeolian_kernels::gemm_bf16::Base;
use aeolian_kernels::neighbours::{Reach, gather, gather_positive, keep_where_positive};
use aeolian_kernels::norm::{modulated_norm_again, modulated_norm_back, modulated_norm_keeping};

/// Its layers, and where its norm is modulated.
#[derive(Clone, Copy, Debug)]
pub struct Layers {
    /// From the channels to the hidden units, a multiple of 24.
    pub expand: Linear,
    /// From the hidden units to the channels.
    pub contract: Linear,
    /// The norm's shift is at this column of the modulation, its scale after it.
    pub first: usize,
}

/// u (B·T·P, C), modulation (B·T, any width) → u and what is seen around its normalised form.
pub fn seen_around(tape: &mut Tape, u: Var, modulation: Var, layers: Layers, grid: Grid) -> Var {
    let shape = Shape::new(layers, grid, tape.value(modulation).len());
    let precision = tape.precision();
    let mut y = tape.take(tape.value(u).len());
    let mut moments = vec![[0.0; 2]; y.len() / shape.channels];
    let mut seen = tape.take(if tape.records() { y.len() / shape.channels * shape.hidden } else { shape.wide() });
    let mut normalised = tape.take(shape.narrow());
    let mut ring = [0; 3].map(|_| tape.take(shape.wide()));
    let (expand, contract) = (layers.expand, layers.contract);
    let [expand_weight, contract_weight] = [expand, contract].map(|layer| forward_factor(tape, precision, layer));
    let [expand_bias, contract_bias] = [expand, contract].map(|layer| layer.bias.map(|bias| tape.parameter(bias)));
    let reaches = reaches(1);
    for item in 0..grid.items {
        for step in 0..=grid.tokens {
            if step < grid.tokens {
                let token = item * grid.tokens + step;
                let (shift, scale) = shape.modulation_of(tape.value(modulation), token);
                let moments = &mut moments[token * grid.pitches..][..grid.pitches];
                let x = &tape.value(u)[shape.narrow_of(token)];
                modulated_norm_keeping(shape.channels, x, shift, scale, &mut normalised, moments);
                let h = &mut ring[step % 3];
                let x = Matrix::rows(&normalised, shape.channels);
                expand_weight.multiply(grid.pitches, x, h, expand_bias.map_or(Base::Nothing, Base::Row));
            }
            if let Some(now) = step.checked_sub(1) {
                let token = item * grid.tokens + now;
                let seen = if tape.records() { &mut seen[shape.wide_of(token)] } else { &mut seen[..] };
                gather_positive(shape.hidden, shape.hidden / 3, &reaches, around(&ring, now, grid.tokens), seen);
                let y = &mut y[shape.narrow_of(token)];
                let base = Base::Rows(&tape.value(u)[shape.narrow_of(token)], contract_bias);
                contract_weight.multiply(grid.pitches, Matrix::rows(seen, shape.hidden), y, base);
            }
        }
    }
    ring.into_iter().chain([normalised]).for_each(|buffer| tape.give(buffer));
    if !tape.records() {
        tape.give(std::mem::take(&mut seen));
    }
    tape.push(y, SeenAroundBackward { u, modulation, layers, grid, precision, moments, seen })
}

struct SeenAroundBackward {
    u: Var,
    modulation: Var,
    layers: Layers,
    grid: Grid,
    precision: Precision,
    moments: Vec<[f32; 2]>,
    /// Hidden units after looking around and ReLU. (B·T·P, E)
    seen: Vec<f32>,
}

impl Op for SeenAroundBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let Self { grid, layers, precision, .. } = *self;
        let (expand, contract) = (layers.expand, layers.contract);
        assert_ne!(self.u, self.modulation, "a picture is not modulated by itself");
        let u = tape.take_value(self.u);
        let modulation = tape.take_value(self.modulation);
        let (mut du, into_du) = tape.take_gradient(self.u, u.len());
        let (mut d_modulation, into_modulation) = tape.take_gradient(self.modulation, modulation.len());
        if into_modulation == Into::Replace {
            d_modulation.fill(0.0);
        }
        let shape = Shape::new(layers, grid, modulation.len());
        let [expand_weight, contract_weight] = [expand, contract].map(|layer| backward_factor(tape, precision, layer));
        let mut ring = [0; 3].map(|_| tape.pool.take(shape.wide()));
        let mut dh = tape.pool.take(shape.wide());
        let [mut normalised, mut d_normalised] = [0; 2].map(|_| tape.pool.take(shape.narrow()));
        let reaches = reaches(-1);
        for item in 0..grid.items {
            for step in 0..=grid.tokens {
                if step < grid.tokens {
                    let token = item * grid.tokens + step;
                    let (dy, seen) = (&dy[shape.narrow_of(token)], &self.seen[shape.wide_of(token)]);
                    contract.learn(precision, dy, seen, tape.parameter_gradients);
                    let d_seen = &mut ring[step % 3];
                    let dy = Matrix::rows(dy, shape.channels);
                    contract_weight.multiply(grid.pitches, dy, d_seen, Base::Nothing);
                    keep_where_positive(d_seen, seen);
                }
                if let Some(now) = step.checked_sub(1) {
                    let token = item * grid.tokens + now;
                    gather(shape.hidden, shape.hidden / 3, &reaches, around(&ring, now, grid.tokens), &mut dh);
                    let x = &u[shape.narrow_of(token)];
                    let moments = &self.moments[token * grid.pitches..][..grid.pitches];
                    let (shift, scale) = shape.modulation_of(&modulation, token);
                    modulated_norm_again(shape.channels, x, moments, shift, scale, &mut normalised);
                    expand.learn(precision, &dh, &normalised, tape.parameter_gradients);
                    let rows = Matrix::rows(&dh, shape.hidden);
                    expand_weight.multiply(grid.pitches, rows, &mut d_normalised, Base::Nothing);
                    let (du, dy) = (&mut du[shape.narrow_of(token)], &dy[shape.narrow_of(token)]);
                    match into_du {
                        Into::Replace => du.copy_from_slice(dy),
                        Into::Add => elementwise::add(du, dy),
                    }
                    let (d_shift, d_scale) = shape.modulation_of_mut(&mut d_modulation, token);
                    modulated_norm_back(shape.channels, x, moments, scale, &d_normalised, du, d_shift, d_scale);
                }
            }
        }
        tape.put_value(self.u, u);
        tape.put_value(self.modulation, modulation);
        tape.put_gradient(self.u, du);
        tape.put_gradient(self.modulation, d_modulation);
        let [a, b, c] = ring;
        for buffer in [a, b, c, dh, normalised, d_normalised, std::mem::take(&mut self.seen)] {
            tape.pool.give(buffer);
        }
    }
}

fn forward_factor(tape: &Tape, precision: Precision, layer: Linear) -> Factor {
    let weight = Matrix::rows(tape.parameter(layer.weight), layer.inputs).transposed();
    precision.factor(layer.inputs, layer.outputs, weight)
}

fn backward_factor(tape: &Gradients, precision: Precision, layer: Linear) -> Factor {
    let weight = Matrix::rows(&tape.parameters[layer.weight.range()], layer.inputs);
    precision.factor(layer.outputs, layer.inputs, weight)
}

/// Where the groups of a quarter come from: its neighbours (1), or on the way back those whose neighbour it is (−1).
fn reaches(direction: isize) -> [Reach; 16] {
    NEIGHBOURS
        .map(|(quarters, semitones)| Reach { source: (1 + direction * quarters) as usize, rows: direction * semitones })
}

/// The quarters before, now and after, of a ring in which three of them follow one another.
fn around(ring: &[Vec<f32>; 3], now: usize, tokens: usize) -> [Option<&[f32]>; 3] {
    let before = now.checked_sub(1).map(|before| &ring[before % 3][..]);
    let after = (now + 1 < tokens).then(|| &ring[(now + 1) % 3][..]);
    [before, Some(&ring[now % 3]), after]
}

/// Sizes, and where things lie.
#[derive(Clone, Copy)]
struct Shape {
    pitches: usize,
    channels: usize,
    hidden: usize,
    first: usize,
    stride: usize,
}

impl Shape {
    fn new(layers: Layers, grid: Grid, modulation: usize) -> Self {
        let Linear { inputs: channels, outputs: hidden, .. } = layers.expand;
        Self {
            pitches: grid.pitches,
            channels,
            hidden,
            first: layers.first,
            stride: modulation / (grid.items * grid.tokens),
        }
    }

    /// Floats of one quarter's picture.
    fn narrow(self) -> usize {
        self.pitches * self.channels
    }

    /// Hidden units of one quarter's picture.
    fn wide(self) -> usize {
        self.pitches * self.hidden
    }

    fn narrow_of(self, token: usize) -> std::ops::Range<usize> {
        token * self.narrow()..(token + 1) * self.narrow()
    }

    fn wide_of(self, token: usize) -> std::ops::Range<usize> {
        token * self.wide()..(token + 1) * self.wide()
    }

    /// Shift and scale of a quarter.
    fn modulation_of(self, modulation: &[f32], token: usize) -> (&[f32], &[f32]) {
        modulation[token * self.stride + self.first..][..2 * self.channels].split_at(self.channels)
    }

    fn modulation_of_mut(self, modulation: &mut [f32], token: usize) -> (&mut [f32], &mut [f32]) {
        modulation[token * self.stride + self.first..][..2 * self.channels].split_at_mut(self.channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{check_gradients, numbers};
    use crate::parameters::Parameters;
    use crate::tape::Pool;

    fn layers(parameters: &mut Parameters, channels: usize, hidden: usize) -> Layers {
        Layers {
            expand: Linear::new(parameters, "expand", channels, hidden, 1.0),
            contract: Linear::new(parameters, "contract", hidden, channels, 1.0),
            first: 1,
        }
    }

    #[test]
    fn gradients_are_difference_quotients() {
        let grid = Grid { items: 2, tokens: 3, pitches: 14 };
        let mut parameters = Parameters::default();
        let pixel = Linear::new(&mut parameters, "pixel", 3, 5, 1.0);
        let told = Linear::new(&mut parameters, "told", 3, 12, 0.3);
        let layers = [layers(&mut parameters, 5, 24), layers(&mut parameters, 5, 48)];
        let (pixels, tokens) = (numbers(6 * 14 * 3, 1), numbers(6 * 3, 2));
        check_gradients(&parameters, |tape| {
            let (pixels, tokens) = (tape.input(pixels.clone()), tape.input(tokens.clone()));
            let u = pixel.forward(tape, pixels);
            let modulation = told.forward(tape, tokens);
            layers.iter().fold(u, |u, layers| seen_around(tape, u, modulation, *layers, grid))
        });
    }

    #[test]
    fn units_look_where_they_say() {
        // A pixel's own unit and a neighbour's: contract adds up what expand makes of one channel of two, the norm's −1 or 1.
        let grid = Grid { items: 1, tokens: 2, pitches: 20 };
        let mut parameters = Parameters::default();
        let layers = layers(&mut parameters, 2, 24);
        let mut weights = vec![0.0; parameters.len()];
        for unit in 0..24 {
            weights[layers.expand.weight.start + 2 * unit] = 1.0;
        }
        let group = |index: usize| 8 + index;
        for unit in [0, group(1), group(10), group(15)] {
            weights[layers.contract.weight.start + unit] = 1.0;
        }
        let mut u = [0.0, 1.0].repeat(2 * 20); // first channel below the mean: nothing
        (u[2 * (20 + 13)], u[2 * (20 + 13) + 1]) = (1.0, 0.0); // quarter 1, pitch 13: seen
        for records in [true, false] {
            let mut pool = Pool::default();
            let mut tape =
                if records { Tape::recording(&weights, &mut pool) } else { Tape::forward_only(&weights, &mut pool) };
            let (x, modulation) = (tape.input(u.clone()), tape.input(vec![0.0; 2 * 5]));
            let y = seen_around(&mut tape, x, modulation, layers, grid);
            let added: Vec<f32> = tape.finish(y).iter().zip(&u).step_by(2).map(|(y, u)| y - u).collect();
            for (pixel, added) in added.iter().enumerate() {
                // A quarter ahead, itself, a fourth below, an octave above.
                let sees = [13, 20 + 13, 20 + 13 + 5, 20 + 13 - 12].contains(&pixel);
                assert!((added - f32::from(sees)).abs() < 1e-3, "{pixel}: {added}");
            }
        }
    }
}
