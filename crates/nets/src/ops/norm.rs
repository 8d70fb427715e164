//! Layer normalisation whose scale and shift come from a modulation (adaptive layer norm, Peebles & Xie 2023,
//! arXiv:2212.09748): y = x̂ (1 + scale) + shift.

use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::elementwise::{self, modulated_norm, modulated_norm_backward};

/// x (rows, width), modulation (rows, stride): shift at column `first`, scale at `first + width`.
///
/// Where x has more rows than the modulation, equal shares of consecutive rows of x (the pitches of a token) use one
/// row of it.
pub fn modulated(tape: &mut Tape, x: Var, modulation: Var, modulation_rows: usize, width: usize, first: usize) -> Var {
    let len = tape.value(x).len();
    let stride = tape.value(modulation).len() / modulation_rows;
    let (mut normalised, mut inverse, mut y) = (tape.take(len), tape.take(len / width), tape.take(len));
    let (m, x_rows) = (tape.value(modulation), tape.value(x));
    let share = len / modulation_rows;
    for row in 0..modulation_rows {
        let (part, rows) = (row * share..(row + 1) * share, row * share / width..(row + 1) * share / width);
        let (shift, scale) = m[row * stride + first..][..2 * width].split_at(width);
        let (n, i) = (&mut normalised[part.clone()], &mut inverse[rows]);
        modulated_norm(width, &x_rows[part.clone()], shift, scale, 0, n, i, &mut y[part]);
    }
    tape.push(y, ModulatedBackward { x, modulation, modulation_rows, width, first, normalised, inverse })
}

struct ModulatedBackward {
    x: Var,
    modulation: Var,
    modulation_rows: usize,
    width: usize,
    first: usize,
    normalised: Vec<f32>,
    inverse: Vec<f32>,
}

impl Op for ModulatedBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let Self { width, first, modulation_rows, .. } = *self;
        let share = dy.len() / modulation_rows;
        let mut scratch = tape.pool.take(width);
        let mut d_modulation = tape.pool.take_zeroed(modulation_rows * 2 * width);
        let (modulation, dx) = tape.value_and_gradient(self.modulation, self.x);
        let stride = modulation.len() / modulation_rows;
        for (row, slot) in d_modulation.chunks_exact_mut(2 * width).enumerate() {
            let (part, rows) = (row * share..(row + 1) * share, row * share / width..(row + 1) * share / width);
            let (d_shift, d_scale) = slot.split_at_mut(width);
            modulated_norm_backward(
                width,
                &dy[part.clone()],
                &self.normalised[part.clone()],
                &self.inverse[rows],
                &modulation[row * stride + first + width..][..width],
                &mut dx[part],
                d_shift,
                d_scale,
                &mut scratch,
            );
        }
        let gradient = tape.gradient(self.modulation);
        for (row, slot) in d_modulation.chunks_exact(2 * width).enumerate() {
            elementwise::add(&mut gradient[row * stride + first..][..2 * width], slot);
        }
        for buffer in [&mut self.normalised, &mut self.inverse, &mut scratch, &mut d_modulation] {
            tape.pool.give(std::mem::take(buffer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{check_gradients, numbers};
    use crate::ops::linear::Linear;
    use crate::parameters::Parameters;

    #[test]
    fn gradient_is_the_difference_quotient() {
        let mut parameters = Parameters::default();
        let x_layer = Linear::new(&mut parameters, "x", 3, 8, 1.0);
        let modulation_layer = Linear::new(&mut parameters, "modulation", 3, 24, 1.0);
        let input = numbers(6 * 3, 2);
        check_gradients(&parameters, |tape| {
            let rows = tape.input(input.clone());
            let x = x_layer.forward(tape, rows);
            let modulation = modulation_layer.forward(tape, rows);
            let y = modulated(tape, x, modulation, 6, 8, 8);
            // Three rows of x to one of another modulation.
            let shared = tape.input(input[..6].to_vec());
            let modulation = modulation_layer.forward(tape, shared);
            modulated(tape, y, modulation, 2, 8, 0)
        });
    }
}
