//! y = x Wᵀ + b, with W stored (out, in) as in PyTorch.

use crate::parameters::{Init, Parameters, Span};
use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::gemm::{Into, Matrix, gemm};

/// A linear map of rows.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    inputs: usize,
    outputs: usize,
    weight: Span,
    bias: Option<Span>,
}

impl Linear {
    /// With a bias; weights start normal with deviation `gain` / √inputs (0 for all-zero weights).
    pub fn new(parameters: &mut Parameters, name: &str, inputs: usize, outputs: usize, gain: f32) -> Self {
        Self::with_bias(parameters, name, inputs, outputs, gain, Some(Init::Zeros))
    }

    /// With a bias that begins as given, or none.
    pub fn with_bias(
        parameters: &mut Parameters,
        name: &str,
        inputs: usize,
        outputs: usize,
        gain: f32,
        bias: Option<Init>,
    ) -> Self {
        let init = if gain == 0.0 { Init::Zeros } else { Init::Normal(gain / (inputs as f32).sqrt()) };
        let weight = parameters.add(format!("{name}.weight"), &[outputs, inputs], init);
        let bias = bias.map(|init| parameters.add(format!("{name}.bias"), &[outputs], init));
        Self { inputs, outputs, weight, bias }
    }

    /// (rows, inputs) → (rows, outputs)
    pub fn forward(&self, tape: &mut Tape, x: Var) -> Var {
        let rows = tape.value(x).len() / self.inputs;
        let mut y = tape.take(rows * self.outputs);
        match self.bias {
            Some(bias) => y.chunks_exact_mut(self.outputs).for_each(|row| row.copy_from_slice(tape.parameter(bias))),
            None => y.fill(0.0),
        }
        let weight = Matrix::rows(tape.parameter(self.weight), self.inputs).transposed();
        let x_rows = Matrix::rows(tape.value(x), self.inputs);
        gemm(rows, self.outputs, self.inputs, x_rows, weight, &mut y, self.outputs, Into::Add);
        tape.push(y, LinearBackward { layer: *self, x })
    }
}

struct LinearBackward {
    layer: Linear,
    x: Var,
}

impl Op for LinearBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let Linear { inputs, outputs, weight, bias } = self.layer;
        let rows = dy.len() / outputs;
        if let Some(bias) = bias {
            let (_, gradient) = tape.parameter(bias);
            for row in dy.chunks_exact(outputs) {
                aeolian_kernels::elementwise::add(gradient, row);
            }
        }
        let dy_rows = Matrix::rows(dy, outputs);
        let (x, dw) = tape.value_and_parameter(self.x, weight);
        gemm(outputs, inputs, rows, dy_rows.transposed(), Matrix::rows(x, inputs), dw, inputs, Into::Add);
        if tape.wants(self.x) {
            let parameters = tape.parameters;
            let w = Matrix::rows(&parameters[weight.range()], inputs);
            gemm(rows, inputs, outputs, dy_rows, w, tape.gradient(self.x), inputs, Into::Add);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{check_gradients, numbers};

    #[test]
    fn gradient_is_the_difference_quotient() {
        let mut parameters = Parameters::default();
        let first = Linear::new(&mut parameters, "a", 5, 7, 1.0);
        let second = Linear::with_bias(&mut parameters, "b", 7, 3, 1.0, None);
        let x = numbers(4 * 5, 1);
        check_gradients(&parameters, |tape| {
            let x = tape.input(x.clone());
            let y = first.forward(tape, x);
            second.forward(tape, y)
        });
    }
}
