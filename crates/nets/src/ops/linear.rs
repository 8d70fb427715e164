//! y = x Wᵀ + b, with W stored (out, in) as in PyTorch.

use crate::parameters::{Init, Parameters, Span};
use crate::tape::{Gradients, Op, Precision, Tape, Var};
use aeolian_kernels::elementwise;
use aeolian_kernels::gemm::{Into, Matrix};
use aeolian_kernels::panels::{Layer, Panels};

/// A linear map of rows.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    inputs: usize,
    outputs: usize,
    weight: Span,
    bias: Option<Span>,
    always_full: bool,
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
        Self { inputs, outputs, weight, bias, always_full: false }
    }

    /// (rows, inputs) → (rows, outputs)
    pub fn forward(&self, tape: &mut Tape, x: Var) -> Var {
        let rows = tape.value(x).len() / self.inputs;
        let mut y = tape.take(rows * self.outputs);
        let into = match self.bias {
            Some(bias) => {
                elementwise::fill_rows(&mut y, tape.parameter(bias));
                Into::Add
            }
            None => Into::Replace,
        };
        self.multiply(tape, x, &mut y, into);
        tape.push(y, LinearBackward { layer: *self, precision: self.precision(tape), residual: None, x })
    }

    /// residual (rows, outputs) + this layer of x
    pub fn added_to(&self, tape: &mut Tape, residual: Var, x: Var) -> Var {
        let mut y = tape.take(tape.value(residual).len());
        y.copy_from_slice(tape.value(residual));
        if let Some(bias) = self.bias {
            elementwise::add_to_rows(&mut y, tape.parameter(bias));
        }
        self.multiply(tape, x, &mut y, Into::Add);
        tape.push(y, LinearBackward { layer: *self, precision: self.precision(tape), residual: Some(residual), x })
    }

    /// The same layer that multiplies in `f32` on any tape: for log-odds, where −8 in bfloat16 would be off by 0.03.
    pub fn always_full(self) -> Self {
        Self { always_full: true, ..self }
    }

    /// The layer with these weights of its network, ready to multiply by.
    pub fn panels(&self, weights: &[f32]) -> Panels {
        Self::stacked(&[self], weights)
    }

    /// Several layers of the same inputs as one, their outputs side by side ([`Panels::stacked`]).
    pub fn stacked(layers: &[&Self], weights: &[f32]) -> Panels {
        let part = |layer: &&Self| Layer {
            outputs: layer.outputs,
            weights: &weights[layer.weight.range()],
            bias: layer.bias.map(|bias| &weights[bias.range()]),
        };
        Panels::stacked(layers[0].inputs, &layers.iter().map(part).collect::<Vec<_>>())
    }

    fn precision(&self, tape: &Tape) -> Precision {
        if self.always_full { Precision::Full } else { tape.precision() }
    }

    fn multiply(&self, tape: &Tape, x: Var, y: &mut [f32], into: Into) {
        let weight = Matrix::rows(tape.parameter(self.weight), self.inputs).transposed();
        let x = Matrix::rows(tape.value(x), self.inputs);
        let rows = y.len() / self.outputs;
        self.precision(tape).gemm(rows, self.outputs, self.inputs, x, weight, y, self.outputs, into);
    }
}

struct LinearBackward {
    layer: Linear,
    precision: Precision,
    residual: Option<Var>,
    x: Var,
}

impl Op for LinearBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let Linear { inputs, outputs, weight, bias, .. } = self.layer;
        let rows = dy.len() / outputs;
        if let Some(residual) = self.residual.filter(|&r| tape.wants(r)) {
            elementwise::add(tape.gradient(residual), dy);
        }
        if let Some(bias) = bias {
            let (_, gradient) = tape.parameter(bias);
            elementwise::add_columns(gradient, dy);
        }
        let dy_rows = Matrix::rows(dy, outputs);
        let (x, dw) = tape.value_and_parameter(self.x, weight);
        let x_rows = Matrix::rows(x, inputs);
        self.precision.gemm(outputs, inputs, rows, dy_rows.transposed(), x_rows, dw, inputs, Into::Add);
        if tape.wants(self.x) {
            let parameters = tape.parameters;
            let w = Matrix::rows(&parameters[weight.range()], inputs);
            let (dx, into) = tape.gradient_for_product(self.x);
            self.precision.gemm(rows, inputs, outputs, dy_rows, w, dx, inputs, into);
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
            let z = second.forward(tape, y);
            second.added_to(tape, z, y)
        });
    }
}
