//! A layer of long short-term memory (Hochreiter & Schmidhuber 1997; gates in the order i, f, g, o as in PyTorch).

use crate::ops::linear::Linear;
use crate::parameters::{Init, Parameters, Span};
use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::elementwise::{lstm_cell, lstm_cell_backward};
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

    /// (B·T·`pixels`, inputs) → hidden states (B·T·`pixels`, width): one sequence an item and pixel.
    ///
    /// `pixels` is 1 for tokens; for pictures it is the number of pitches, which all share these weights.
    pub fn forward(&self, tape: &mut Tape, x: Var, items: usize, tokens: usize, pixels: usize) -> Var {
        let drive = self.input.forward(tape, x);
        let width = self.width;
        let rows = items * tokens * pixels;
        let mut gates = tape.take(rows * 4 * width);
        gates.copy_from_slice(tape.value(drive));
        let mut cells = tape.take(rows * width);
        let mut hidden = tape.take(rows * width);
        let mut before = tape.take_zeroed(items * pixels * width);
        let recurrent = Matrix::rows(tape.parameter(self.recurrent), width).transposed();
        let blocks = Blocks::new(items, tokens, pixels);
        let mut previous: Option<usize> = None;
        for token in order(tokens, self.reversed) {
            if let Some(previous) = previous {
                blocks.each(|first, rows, stride| {
                    let h = Matrix::rows(&hidden[(first + previous * pixels) * width..], stride * width);
                    let now = &mut gates[(first + token * pixels) * 4 * width..];
                    gemm(rows, 4 * width, width, h, recurrent, now, stride * 4 * width, Into::Add);
                });
            }
            for (item, before) in before.chunks_exact_mut(pixels * width).enumerate() {
                let row = (item * tokens + token) * pixels;
                let part = row * width..(row + pixels) * width;
                let gates = &mut gates[4 * part.start..4 * part.end];
                lstm_cell(width, gates, before, &mut cells[part.clone()], &mut hidden[part.clone()]);
                before.copy_from_slice(&cells[part]);
            }
            previous = Some(token);
        }
        tape.give(before);
        let mut kept = tape.take(hidden.len());
        kept.copy_from_slice(&hidden);
        tape.push(hidden, LstmBackward { layer: *self, drive, items, tokens, pixels, gates, cells, hidden: kept })
    }
}

fn order(tokens: usize, reversed: bool) -> impl Iterator<Item = usize> {
    (0..tokens).map(move |t| if reversed { tokens - 1 - t } else { t })
}

/// The rows that take one step together: of all items where an item has one row a token, otherwise item by item.
#[derive(Clone, Copy)]
struct Blocks {
    items: usize,
    tokens: usize,
    pixels: usize,
}

impl Blocks {
    fn new(items: usize, tokens: usize, pixels: usize) -> Self {
        Self { items, tokens, pixels }
    }

    /// Calls `f(first row of the block's first token, number of rows, rows from one to the next)`.
    fn each(self, mut f: impl FnMut(usize, usize, usize)) {
        if self.pixels == 1 {
            f(0, self.items, self.tokens);
        } else {
            (0..self.items).for_each(|item| f(item * self.tokens * self.pixels, self.pixels, 1));
        }
    }
}

struct LstmBackward {
    layer: Lstm,
    drive: Var,
    items: usize,
    tokens: usize,
    pixels: usize,
    gates: Vec<f32>,
    cells: Vec<f32>,
    hidden: Vec<f32>,
}

impl Op for LstmBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let (items, tokens, pixels, width) = (self.items, self.tokens, self.pixels, self.layer.width);
        let mut d_gates = tape.pool.take(self.gates.len());
        let mut d_hidden = tape.pool.take(dy.len());
        d_hidden.copy_from_slice(dy);
        let mut d_cells = tape.pool.take_zeroed(items * pixels * width);
        let nothing = tape.pool.take_zeroed(pixels * width);
        let (recurrent, d_recurrent) = tape.parameter(self.layer.recurrent);
        let recurrent = Matrix::rows(recurrent, width);
        let blocks = Blocks::new(items, tokens, pixels);
        let steps: Vec<usize> = order(tokens, self.layer.reversed).collect();
        for (index, &token) in steps.iter().enumerate().rev() {
            let before = index.checked_sub(1).map(|i| steps[i]);
            for (item, d_cells) in d_cells.chunks_exact_mut(pixels * width).enumerate() {
                let part = |token: usize| {
                    let row = (item * tokens + token) * pixels;
                    row * width..(row + pixels) * width
                };
                let (now, earlier) = (part(token), before.map(part));
                let gates = 4 * now.start..4 * now.end;
                lstm_cell_backward(
                    width,
                    &self.gates[gates.clone()],
                    earlier.map_or(&nothing[..], |part| &self.cells[part]),
                    &self.cells[now.clone()],
                    &d_hidden[now],
                    d_cells,
                    &mut d_gates[gates],
                );
            }
            if let Some(before) = before {
                blocks.each(|first, rows, stride| {
                    let d_now = Matrix::rows(&d_gates[(first + token * pixels) * 4 * width..], stride * 4 * width);
                    let earlier = (first + before * pixels) * width;
                    let d_before = &mut d_hidden[earlier..];
                    gemm(rows, width, 4 * width, d_now, recurrent, d_before, stride * width, Into::Add);
                    let h = Matrix::rows(&self.hidden[earlier..], stride * width);
                    gemm(4 * width, width, rows, d_now.transposed(), h, d_recurrent, width, Into::Add);
                });
            }
        }
        aeolian_kernels::elementwise::add(tape.gradient(self.drive), &d_gates);
        tape.pool.give(nothing);
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
        let backward = Lstm::new(&mut parameters, "backward", 12, 4, true);
        let input = numbers(2 * 5 * 3, 2);
        check_gradients(&parameters, |tape| {
            let input = tape.input(input.clone());
            let h = forward.forward(tape, input, 2, 5, 1);
            // The same five tokens as pictures of one token and five pixels, and as they are.
            let pictures = forward.forward(tape, input, 1, 2, 5);
            let h = crate::ops::pointwise::concatenate(tape, h, pictures, 10);
            backward.forward(tape, h, 2, 5, 1)
        });
    }
}
