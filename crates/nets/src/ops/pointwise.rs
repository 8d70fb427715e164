//! Operations without weights of their own, or with one number a column: GELU, gate, column bias, concatenation.

use crate::parameters::Span;
use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::elementwise;

/// GELU(x), tanh form.
pub fn gelu(tape: &mut Tape, x: Var) -> Var {
    let mut y = tape.take(tape.value(x).len());
    elementwise::gelu(tape.value(x), &mut y);
    tape.push(y, GeluBackward { x })
}

struct GeluBackward {
    x: Var,
}

impl Op for GeluBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let (x, dx) = tape.value_and_gradient(self.x, self.x);
        elementwise::gelu_backward(x, dy, dx);
    }
}

/// x (rows, width) + one parameter row.
pub fn add_row(tape: &mut Tape, x: Var, row: Span) -> Var {
    let mut y = tape.take(tape.value(x).len());
    y.copy_from_slice(tape.value(x));
    elementwise::add_to_rows(&mut y, tape.parameter(row));
    tape.push(y, AddRowBackward { x, row })
}

struct AddRowBackward {
    x: Var,
    row: Span,
}

impl Op for AddRowBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let (_, gradient) = tape.parameter(self.row);
        elementwise::add_columns(gradient, dy);
        if tape.wants(self.x) {
            elementwise::add(tape.gradient(self.x), dy);
        }
    }
}

/// x + gate · y, where gate is columns `first..first + width` of a wider modulation (rows, stride).
pub fn gated_add(tape: &mut Tape, x: Var, y: Var, modulation: Var, width: usize, first: usize) -> Var {
    let mut out = tape.take(tape.value(x).len());
    out.copy_from_slice(tape.value(x));
    let rows = out.len() / width;
    let stride = tape.value(modulation).len() / rows;
    for row in 0..rows {
        let gate = &tape.value(modulation)[row * stride + first..][..width];
        elementwise::add_product(&mut out[row * width..][..width], gate, &tape.value(y)[row * width..][..width]);
    }
    tape.push(out, GatedAddBackward { x, y, modulation, width, first, stride })
}

struct GatedAddBackward {
    x: Var,
    y: Var,
    modulation: Var,
    width: usize,
    first: usize,
    stride: usize,
}

impl Op for GatedAddBackward {
    fn backward(&mut self, d_out: &[f32], tape: &mut Gradients) {
        let (width, stride) = (self.width, self.stride);
        if tape.wants(self.x) {
            elementwise::add(tape.gradient(self.x), d_out);
        }
        for (read, write) in [(self.y, self.modulation), (self.modulation, self.y)] {
            let (read_shape, write_shape) =
                if read == self.y { ((width, 0), (stride, self.first)) } else { ((stride, self.first), (width, 0)) };
            let (value, gradient) = tape.value_and_gradient(read, write);
            for (row, d) in d_out.chunks_exact(width).enumerate() {
                let value = &value[row * read_shape.0 + read_shape.1..][..width];
                elementwise::add_product(&mut gradient[row * write_shape.0 + write_shape.1..][..width], value, d);
            }
        }
    }
}

/// Rows of a and rows of b side by side.
pub fn concatenate(tape: &mut Tape, a: Var, b: Var, rows: usize) -> Var {
    let (width_a, width_b) = (tape.value(a).len() / rows, tape.value(b).len() / rows);
    let mut y = tape.take(rows * (width_a + width_b));
    for (row, slot) in y.chunks_exact_mut(width_a + width_b).enumerate() {
        slot[..width_a].copy_from_slice(&tape.value(a)[row * width_a..][..width_a]);
        slot[width_a..].copy_from_slice(&tape.value(b)[row * width_b..][..width_b]);
    }
    tape.push(y, ConcatenateBackward { a, b, width_a, width_b })
}

struct ConcatenateBackward {
    a: Var,
    b: Var,
    width_a: usize,
    width_b: usize,
}

impl Op for ConcatenateBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let total = self.width_a + self.width_b;
        for (var, width, first) in [(self.a, self.width_a, 0), (self.b, self.width_b, self.width_a)] {
            if tape.wants(var) {
                let gradient = tape.gradient(var);
                for (slot, row) in gradient.chunks_exact_mut(width).zip(dy.chunks_exact(total)) {
                    elementwise::add(slot, &row[first..first + width]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{check_gradients, numbers};
    use crate::ops::linear::Linear;
    use crate::parameters::{Init, Parameters};

    #[test]
    fn gradients_are_difference_quotients() {
        let mut parameters = Parameters::default();
        let x_layer = Linear::new(&mut parameters, "x", 3, 4, 1.0);
        let y_layer = Linear::new(&mut parameters, "y", 3, 4, 1.0);
        let modulation_layer = Linear::new(&mut parameters, "modulation", 3, 12, 1.0);
        let row = parameters.add("row", &[12], Init::Normal(0.5));
        let input = numbers(5 * 3, 2);
        check_gradients(&parameters, |tape| {
            let input = tape.input(input.clone());
            let x = x_layer.forward(tape, input);
            let y = y_layer.forward(tape, input);
            let y = gelu(tape, y);
            let modulation = modulation_layer.forward(tape, input);
            let modulation = add_row(tape, modulation, row);
            let gated = gated_add(tape, x, y, modulation, 4, 8);
            let both = concatenate(tape, gated, y, 5);
            gelu(tape, both)
        });
    }
}
