//! Layer normalisation whose scale and shift come from a modulation (adaptive layer norm, Peebles & Xie 2023,
//! arXiv:2212.09748): y = x̂ (1 + scale) + shift.

use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::elementwise::{self, modulated_norm};

/// x (rows, width), modulation (rows, stride): shift at column `first`, scale at `first + width`.
pub fn modulated(tape: &mut Tape, x: Var, modulation: Var, width: usize, first: usize) -> Var {
    let len = tape.value(x).len();
    let rows = len / width;
    let stride = tape.value(modulation).len() / rows;
    let (mut normalised, mut inverse, mut y) = (tape.take(len), tape.take(rows), tape.take(len));
    let m = tape.value(modulation);
    modulated_norm(
        width,
        tape.value(x),
        &m[first..],
        &m[first + width..],
        stride,
        &mut normalised,
        &mut inverse,
        &mut y,
    );
    tape.push(y, ModulatedBackward { x, modulation, width, first, stride, normalised, inverse })
}

struct ModulatedBackward {
    x: Var,
    modulation: Var,
    width: usize,
    first: usize,
    stride: usize,
    normalised: Vec<f32>,
    inverse: Vec<f32>,
}

impl Op for ModulatedBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let (width, stride, first) = (self.width, self.stride, self.first);
        let d_modulation = tape.gradient(self.modulation);
        for (row, (dy, n)) in dy.chunks_exact(width).zip(self.normalised.chunks_exact(width)).enumerate() {
            let slot = &mut d_modulation[row * stride + first..][..2 * width];
            let (d_shift, d_scale) = slot.split_at_mut(width);
            elementwise::add(d_shift, dy);
            elementwise::add_product(d_scale, dy, n);
        }
        if tape.wants(self.x) {
            let mut dn = tape.pool.take(width);
            let (modulation, dx) = tape.value_and_gradient(self.modulation, self.x);
            for (row, (dy, n)) in dy.chunks_exact(width).zip(self.normalised.chunks_exact(width)).enumerate() {
                let scale = &modulation[row * stride + first + width..][..width];
                for ((dn, dy), scale) in dn.iter_mut().zip(dy).zip(scale) {
                    *dn = dy * (1.0 + scale);
                }
                let mean = elementwise::sum(&dn) / width as f32;
                let projection = elementwise::dot(&dn, n) / width as f32;
                for ((dx, dn), n) in dx[row * width..][..width].iter_mut().zip(&dn).zip(n) {
                    *dx += self.inverse[row] * (dn - mean - n * projection);
                }
            }
            tape.pool.give(dn);
        }
        tape.pool.give(std::mem::take(&mut self.normalised));
        tape.pool.give(std::mem::take(&mut self.inverse));
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
        let input = numbers(5 * 3, 2);
        check_gradients(&parameters, |tape| {
            let input = tape.input(input.clone());
            let x = x_layer.forward(tape, input);
            let modulation = modulation_layer.forward(tape, input);
            modulated(tape, x, modulation, 8, 8)
        });
    }
}
