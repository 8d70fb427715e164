//! y = x Wᵀ + b, with W stored (out, in) as in PyTorch.

use crate::parameters::{Init, Parameters, Span};
use crate::tape::{Gradients, Op, Precision, Tape, Var};
use aeolian_kernels::elementwise;
use aeolian_kernels::factor::{Factor, begin};
use aeolian_kernels::gemm::{Into, Matrix};
use aeolian_kernels::gemm_bf16::Base;
use aeolian_kernels::panels::{Layer, Panels};

/// A linear map of rows.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) weight: Span,
    pub(crate) bias: Option<Span>,
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
        self.multiply(tape, None, x, &mut y);
        tape.push(y, LinearBackward { layer: *self, precision: self.precision(tape), residual: None, x })
    }

    /// residual (rows, outputs) + this layer of x
    pub fn added_to(&self, tape: &mut Tape, residual: Var, x: Var) -> Var {
        let mut y = tape.take(tape.value(residual).len());
        self.multiply(tape, Some(residual), x, &mut y);
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

    /// y = residual + bias + x Wᵀ, some rows at a time.
    fn multiply(&self, tape: &Tape, residual: Option<Var>, x: Var, y: &mut [f32]) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let weight = Matrix::rows(tape.parameter(self.weight), inputs).transposed();
        let bias = self.bias.map(|bias| tape.parameter(bias));
        let product = Product::new(self.precision(tape), y.len() / outputs, inputs, outputs, weight);
        for (part, y) in y.chunks_mut(product.at_a_time * outputs).enumerate() {
            let rows = y.len() / outputs;
            let first = part * product.at_a_time;
            let base = match (residual, bias) {
                (None, None) => Base::Nothing,
                (None, Some(bias)) => Base::Row(bias),
                (Some(residual), _) => Base::Rows(&tape.value(residual)[first * outputs..][..y.len()], bias),
            };
            let x = Matrix::rows(&tape.value(x)[first * inputs..][..rows * inputs], inputs);
            product.multiply(rows, x, y, base);
        }
    }

    /// Adds to the gradients of weights and bias what some rows of x and of the output's gradient give.
    pub(crate) fn learn(&self, precision: Precision, dy: &[f32], x: &[f32], parameter_gradients: &mut [f32]) {
        if let Some(bias) = self.bias {
            elementwise::add_columns(&mut parameter_gradients[bias.range()], dy);
        }
        let (inputs, outputs, rows) = (self.inputs, self.outputs, x.len() / self.inputs);
        let dw = &mut parameter_gradients[self.weight.range()];
        let (dy, x) = (Matrix::rows(dy, outputs).transposed(), Matrix::rows(x, inputs));
        precision.gemm(outputs, inputs, rows, dy, x, dw, inputs, Into::Add);
    }
}

/// Floats of a factor and a result that are worked on together: they stay in the second cache.
const AT_A_TIME: usize = 1 << 16;

/// Many rows times one factor.
struct Product<'a> {
    precision: Precision,
    inputs: usize,
    outputs: usize,
    weight: Matrix<'a>,
    /// Where there is more than one part to multiply.
    factor: Option<Factor>,
    /// Rows of a part, whole pictures.
    at_a_time: usize,
}

impl<'a> Product<'a> {
    fn new(precision: Precision, rows: usize, inputs: usize, outputs: usize, weight: Matrix<'a>) -> Self {
        let at_a_time = (AT_A_TIME / (inputs + outputs)).div_ceil(88).max(4) * 88;
        let factor = (rows > at_a_time).then(|| precision.factor(inputs, outputs, weight));
        Self { precision, inputs, outputs, weight, factor, at_a_time }
    }

    fn multiply(&self, rows: usize, x: Matrix, y: &mut [f32], base: Base) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        match &self.factor {
            Some(factor) => factor.multiply(rows, x, y, base),
            None => {
                let into = begin(outputs, y, base);
                self.precision.gemm(rows, outputs, inputs, x, self.weight, y, outputs, into);
            }
        }
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
        let Linear { inputs, outputs, weight, .. } = self.layer;
        let rows = dy.len() / outputs;
        let mut residual = self.residual.filter(|&r| tape.wants(r));
        if residual == Some(self.x) {
            elementwise::add(tape.gradient(self.x), dy);
            residual = None;
        }
        let mut d_residual = residual.map(|residual| (residual, tape.take_gradient(residual, dy.len())));
        let x = tape.take_value(self.x);
        let mut dx = tape.wants(self.x).then(|| tape.take_gradient(self.x, x.len()));
        let parameters = tape.parameters;
        let weight = Matrix::rows(&parameters[weight.range()], inputs);
        let product = Product::new(self.precision, if dx.is_some() { rows } else { 0 }, outputs, inputs, weight);
        for (part, dy) in dy.chunks(product.at_a_time * outputs).enumerate() {
            let (first, rows) = (part * product.at_a_time, dy.len() / outputs);
            if let Some((_, (d_residual, into))) = &mut d_residual {
                let d_residual = &mut d_residual[first * outputs..][..dy.len()];
                match into {
                    Into::Replace => d_residual.copy_from_slice(dy),
                    Into::Add => elementwise::add(d_residual, dy),
                }
            }
            let x = &x[first * inputs..][..rows * inputs];
            self.layer.learn(self.precision, dy, x, tape.parameter_gradients);
            if let Some((dx, into)) = &mut dx {
                let dx = &mut dx[first * inputs..][..rows * inputs];
                product.multiply(rows, Matrix::rows(dy, outputs), dx, (*into).into());
            }
        }
        tape.put_value(self.x, x);
        if let Some((dx, _)) = dx {
            tape.put_gradient(self.x, dx);
        }
        if let Some((residual, (d_residual, _))) = d_residual {
            tape.put_gradient(residual, d_residual);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{check_gradients, numbers};
    use crate::tape::Pool;

    #[test]
    fn gradient_is_the_difference_quotient() {
        let mut parameters = Parameters::default();
        let first = Linear::new(&mut parameters, "a", 5, 7, 1.0);
        let second = Linear::with_bias(&mut parameters, "b", 7, 3, 1.0, None);
        let square = Linear::new(&mut parameters, "c", 3, 3, 1.0);
        let x = numbers(4 * 5, 1);
        check_gradients(&parameters, |tape| {
            let x = tape.input(x.clone());
            let y = first.forward(tape, x);
            let z = second.forward(tape, y);
            let z = second.added_to(tape, z, y);
            square.added_to(tape, z, z)
        });
    }

    #[test]
    fn many_rows_are_as_many_times_one_row() {
        let mut parameters = Parameters::default();
        let layer = Linear::new(&mut parameters, "a", 7, 9, 1.0);
        let weights = parameters.initial_values(1);
        let (rows, mut pool) = (2 * AT_A_TIME / 16, Pool::default());
        let one = numbers(7, 2);
        let mut run = |rows: usize| {
            let mut tape = Tape::recording(&weights, &mut pool);
            let x = tape.input(one.repeat(rows));
            let z = tape.input(vec![0.5; rows * 9]);
            let x = layer.added_to(&mut tape, z, x);
            let y = tape.value(x).to_vec();
            let mut gradient = vec![0.0; weights.len()];
            tape.backward(x, &vec![1.0 / rows as f32; rows * 9], &mut gradient);
            (y, gradient)
        };
        let ((few, one_gradient), (many, gradient)) = (run(1), run(rows));
        assert!(many.chunks(9).all(|row| row == few));
        assert!(gradient.iter().zip(&one_gradient).all(|(a, b)| (a - b).abs() < 1e-3 * (1.0 + b.abs())));
    }
}
