//! Layer normalisation whose scale and shift come from a modulation (adaptive layer norm, Peebles & Xie 2023,
//! arXiv:2212.09748): y = x̂ (1 + scale) + shift.

use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::gemm::Into;
use aeolian_kernels::norm::{modulated_norm_back, modulated_norm_keeping};

/// x (rows, width), modulation (rows, stride): shift at column `first`, scale at `first + width`.
///
/// Where x has more rows than the modulation, equal shares of consecutive rows of x (the pitches of a token) use one
/// row of it.
pub fn modulated(tape: &mut Tape, x: Var, modulation: Var, modulation_rows: usize, width: usize, first: usize) -> Var {
    let len = tape.value(x).len();
    let stride = tape.value(modulation).len() / modulation_rows;
    let mut y = tape.take(len);
    let mut moments = vec![[0.0; 2]; len / width];
    let (m, x_rows) = (tape.value(modulation), tape.value(x));
    let share = len / modulation_rows;
    for row in 0..modulation_rows {
        let (part, rows) = (row * share..(row + 1) * share, row * share / width..(row + 1) * share / width);
        let (shift, scale) = m[row * stride + first..][..2 * width].split_at(width);
        modulated_norm_keeping(width, &x_rows[part.clone()], shift, scale, &mut y[part], &mut moments[rows]);
    }
    tape.push(y, ModulatedBackward { x, modulation, modulation_rows, width, first, moments })
}

struct ModulatedBackward {
    x: Var,
    modulation: Var,
    modulation_rows: usize,
    width: usize,
    first: usize,
    moments: Vec<[f32; 2]>,
}

impl Op for ModulatedBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let Self { width, first, modulation_rows, .. } = *self;
        let share = dy.len() / modulation_rows;
        assert_ne!(self.x, self.modulation, "a row is not modulated by itself");
        let (x, modulation) = (tape.take_value(self.x), tape.take_value(self.modulation));
        let (mut dx, into_x) = tape.take_gradient(self.x, x.len());
        let (mut d_modulation, into_modulation) = tape.take_gradient(self.modulation, modulation.len());
        for (gradient, into) in [(&mut dx, into_x), (&mut d_modulation, into_modulation)] {
            if into == Into::Replace {
                gradient.fill(0.0);
            }
        }
        let stride = modulation.len() / modulation_rows;
        for row in 0..modulation_rows {
            let (part, rows) = (row * share..(row + 1) * share, row * share / width..(row + 1) * share / width);
            let (d_shift, d_scale) = d_modulation[row * stride + first..][..2 * width].split_at_mut(width);
            modulated_norm_back(
                width,
                &x[part.clone()],
                &self.moments[rows],
                &modulation[row * stride + first + width..][..width],
                &dy[part.clone()],
                &mut dx[part],
                d_shift,
                d_scale,
            );
        }
        tape.put_value(self.x, x);
        tape.put_value(self.modulation, modulation);
        tape.put_gradient(self.x, dx);
        tape.put_gradient(self.modulation, d_modulation);
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
