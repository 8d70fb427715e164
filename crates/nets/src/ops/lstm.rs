//! A layer of long short-term memory (Hochreiter & Schmidhuber 1997; gates in the order i, f, g, o as in PyTorch).

use crate::ops::linear::Linear;
use crate::parameters::{Init, Parameters, Span};
use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::elementwise::{sigmoid, tanh};
use aeolian_kernels::gemm::{Into, Matrix, gemm};

/// One direction of an LSTM layer.
#[derive(Clone, Copy, Debug)]
pub struct Lstm {
    input: Linear,
    recurrent: Span,
    width: usize,
    reversed: bool,
}

impl Lstm {
    /// Reads `inputs` numbers a token and remembers `width`; `reversed` runs from the last token to the first.
    pub fn new(parameters: &mut Parameters, name: &str, inputs: usize, width: usize, reversed: bool) -> Self {
        // A forget gate that starts open (Jozefowicz et al. 2015).
        let mut bias = vec![0.0; 4 * width];
        bias[width..2 * width].fill(1.0);
        let input = Linear::with_bias(parameters, name, inputs, 4 * width, 1.0, Some(Init::Values(bias)));
        let deviation = 1.0 / (width as f32).sqrt();
        let recurrent = parameters.add(format!("{name}.recurrent"), &[4 * width, width], Init::Normal(deviation));
        Self { input, recurrent, width, reversed }
    }

    /// (B·T, inputs) → hidden states (B·T, width)
    pub fn forward(&self, tape: &mut Tape, x: Var, items: usize, tokens: usize) -> Var {
        let drive = self.input.forward(tape, x);
        let width = self.width;
        let mut gates = tape.take(items * tokens * 4 * width);
        gates.copy_from_slice(tape.value(drive));
        let mut cells = tape.take(items * tokens * width);
        let mut hidden = tape.take(items * tokens * width);
        let recurrent = Matrix::rows(tape.parameter(self.recurrent), width).transposed();
        let mut previous: Option<usize> = None;
        for token in order(tokens, self.reversed) {
            if let Some(before) = previous {
                // Items lie T rows apart: one strided product serves the whole batch.
                let h = Matrix::rows(&hidden[before * width..], tokens * width);
                let now = &mut gates[token * 4 * width..];
                gemm(items, 4 * width, width, h, recurrent, now, tokens * 4 * width, Into::Add);
            }
            for item in 0..items {
                let row = item * tokens + token;
                let before = previous.map(|p| (item * tokens + p) * width);
                for unit in 0..width {
                    let gate = &mut gates[row * 4 * width..][..4 * width];
                    let (i, f) = (sigmoid(gate[unit]), sigmoid(gate[width + unit]));
                    let (g, o) = (tanh(gate[2 * width + unit]), sigmoid(gate[3 * width + unit]));
                    (gate[unit], gate[width + unit]) = (i, f);
                    (gate[2 * width + unit], gate[3 * width + unit]) = (g, o);
                    let c = before.map_or(0.0, |b| f * cells[b + unit]) + i * g;
                    cells[row * width + unit] = c;
                    hidden[row * width + unit] = o * tanh(c);
                }
            }
            previous = Some(token);
        }
        let mut kept = tape.take(hidden.len());
        kept.copy_from_slice(&hidden);
        tape.push(hidden, LstmBackward { layer: *self, drive, items, tokens, gates, cells, hidden: kept })
    }
}

fn order(tokens: usize, reversed: bool) -> impl Iterator<Item = usize> {
    (0..tokens).map(move |t| if reversed { tokens - 1 - t } else { t })
}

struct LstmBackward {
    layer: Lstm,
    drive: Var,
    items: usize,
    tokens: usize,
    gates: Vec<f32>,
    cells: Vec<f32>,
    hidden: Vec<f32>,
}

impl Op for LstmBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let (items, tokens, width) = (self.items, self.tokens, self.layer.width);
        let mut d_gates = tape.pool.take(items * tokens * 4 * width);
        let mut d_hidden = tape.pool.take(items * tokens * width);
        d_hidden.copy_from_slice(dy);
        let mut d_cells = tape.pool.take_zeroed(items * width);
        let (recurrent, d_recurrent) = tape.parameter(self.layer.recurrent);
        let steps: Vec<usize> = order(tokens, self.layer.reversed).collect();
        for (index, &token) in steps.iter().enumerate().rev() {
            let before = index.checked_sub(1).map(|i| steps[i]);
            for item in 0..items {
                let row = item * tokens + token;
                let gate = &self.gates[row * 4 * width..][..4 * width];
                let d_gate = &mut d_gates[row * 4 * width..][..4 * width];
                for unit in 0..width {
                    let (i, f, g, o) = (gate[unit], gate[width + unit], gate[2 * width + unit], gate[3 * width + unit]);
                    let squashed = tanh(self.cells[row * width + unit]);
                    let dh = d_hidden[row * width + unit];
                    let dc = d_cells[item * width + unit] + dh * o * (1.0 - squashed * squashed);
                    let c_before = before.map_or(0.0, |b| self.cells[(item * tokens + b) * width + unit]);
                    d_gate[unit] = dc * g * i * (1.0 - i);
                    d_gate[width + unit] = dc * c_before * f * (1.0 - f);
                    d_gate[2 * width + unit] = dc * i * (1.0 - g * g);
                    d_gate[3 * width + unit] = dh * squashed * o * (1.0 - o);
                    d_cells[item * width + unit] = dc * f;
                }
            }
            if let Some(before) = before {
                let d_now = Matrix::rows(&d_gates[token * 4 * width..], tokens * 4 * width);
                let w = Matrix::rows(recurrent, width);
                let d_before = &mut d_hidden[before * width..];
                gemm(items, width, 4 * width, d_now, w, d_before, tokens * width, Into::Add);
                let h = Matrix::rows(&self.hidden[before * width..], tokens * width);
                gemm(4 * width, width, items, d_now.transposed(), h, d_recurrent, width, Into::Add);
            }
        }
        aeolian_kernels::elementwise::add(tape.gradient(self.drive), &d_gates);
        for buffer in [&mut self.gates, &mut self.cells, &mut self.hidden, &mut d_gates, &mut d_hidden, &mut d_cells] {
            tape.pool.give(std::mem::take(buffer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{check_gradients, numbers};

    #[test]
    fn gradient_is_the_difference_quotient_in_both_directions() {
        let mut parameters = Parameters::default();
        let forward = Lstm::new(&mut parameters, "forward", 3, 6, false);
        let backward = Lstm::new(&mut parameters, "backward", 6, 4, true);
        let input = numbers(2 * 5 * 3, 2);
        check_gradients(&parameters, |tape| {
            let input = tape.input(input.clone());
            let h = forward.forward(tape, input, 2, 5);
            backward.forward(tape, h, 2, 5)
        });
    }
}
