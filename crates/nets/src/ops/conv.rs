//! A 2-D convolution over bordered images as a layer.

use crate::parameters::{Init, Parameters, Span};
use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::conv::{self, Image, Kernel};

/// A convolution with bias.
#[derive(Clone, Copy, Debug)]
pub struct Conv {
    kernel: Kernel,
    inputs: usize,
    outputs: usize,
    weight: Span,
    bias: Span,
}

impl Conv {
    /// Channels in sixteens; weights start normal with deviation `gain` / √(taps · inputs).
    pub fn new(
        parameters: &mut Parameters,
        name: &str,
        kernel: Kernel,
        inputs: usize,
        outputs: usize,
        gain: f32,
    ) -> Self {
        let deviation = gain / ((kernel.taps() * inputs) as f32).sqrt();
        let init = if gain == 0.0 { Init::Zeros } else { Init::Normal(deviation) };
        let shape = [kernel.rows, kernel.columns, inputs, outputs];
        let weight = parameters.add(format!("{name}.weight"), &shape, init);
        let bias = parameters.add(format!("{name}.bias"), &[outputs], Init::Zeros);
        Self { kernel, inputs, outputs, weight, bias }
    }

    /// x as `image` → as `image` with this layer's output channels; the border stays zero.
    pub fn forward(&self, tape: &mut Tape, x: Var, image: Image) -> Var {
        debug_assert_eq!(image.channels, self.inputs);
        let mut y = tape.take_zeroed(image.with_channels(self.outputs).len());
        let (weights, bias) = (tape.parameter(self.weight), tape.parameter(self.bias));
        conv::forward(image, self.kernel, tape.value(x), weights, bias, self.outputs, &mut y);
        tape.push(y, ConvBackward { layer: *self, x, image })
    }
}

struct ConvBackward {
    layer: Conv,
    x: Var,
    image: Image,
}

impl Op for ConvBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let Conv { kernel, inputs, outputs, weight, bias } = self.layer;
        {
            let mut bias_sums = tape.pool.take_zeroed(outputs);
            let (x, dw) = tape.value_and_parameter(self.x, weight);
            conv::weight_gradient(self.image, kernel, x, dy, outputs, dw, &mut bias_sums);
            aeolian_kernels::elementwise::add(tape.parameter(bias).1, &bias_sums);
            tape.pool.give(bias_sums);
        }
        if tape.wants(self.x) {
            let turned = conv::backward_weights(kernel, &tape.parameters[weight.range()], inputs, outputs);
            let mut dx = tape.pool.take_zeroed(self.image.len());
            conv::forward(self.image.with_channels(outputs), kernel, dy, &turned, &[], inputs, &mut dx);
            aeolian_kernels::elementwise::add(tape.gradient(self.x), &dx);
            tape.pool.give(dx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{check_gradients, numbers};
    use crate::ops::pointwise::gelu;

    #[test]
    fn gradient_is_the_difference_quotient() {
        let mut parameters = Parameters::default();
        let image = Image { items: 2, rows: 4, columns: 9, channels: 16, border_rows: 1, border_columns: 2 };
        let kernel = Kernel { rows: 3, columns: 5 };
        let first = Conv::new(&mut parameters, "a", kernel, 16, 32, 1.0);
        let second = Conv::new(&mut parameters, "b", Kernel { rows: 1, columns: 1 }, 32, 16, 1.0);
        let mut x = vec![0.0; image.len()];
        for row in 0..4 {
            for item in 0..2 {
                x[image.at(item, row, 0)..][..9 * 16].copy_from_slice(&numbers(9 * 16, (row * 2 + item) as u64));
            }
        }
        let inner = inner_mask(image);
        check_gradients(&parameters, |tape| {
            let x = tape.input(x.clone());
            let y = first.forward(tape, x, image);
            let y = gelu(tape, y);
            let y = second.forward(tape, y, image.with_channels(32));
            // The border is not part of the result: mask the test's random gradient there.
            let mask = tape.input(inner.clone());
            let zero = tape.take_zeroed(image.len());
            let zero = tape.input(zero);
            crate::ops::pointwise::gated_add(tape, zero, y, mask, image.len(), 0)
        });
    }

    fn inner_mask(image: Image) -> Vec<f32> {
        let mut mask = vec![0.0; image.len()];
        for item in 0..image.items {
            for row in 0..image.rows {
                mask[image.at(item, row, 0)..][..image.columns * image.channels].fill(1.0);
            }
        }
        mask
    }
}
