//! Reverse-mode differentiation: a tape of operations over flat `f32` buffers.
//!
//! A forward pass pushes values; [`Tape::backward`] walks the operations from last to first, each adding to the
//! gradients of what it read. A tape lives on one thread and never splits an operation: training runs one tape per
//! shard of the batch, so the sums come out the same whatever the number of threads.

use crate::parameters::Span;
use aeolian_kernels::factor::Factor;
use aeolian_kernels::gemm::{Into, Matrix, gemm};
use aeolian_kernels::gemm_bf16::gemm_bf16;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A value on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Var(usize);

/// Buffers handed out again by length, so that a training step asks the system for no memory after the first.
#[derive(Debug, Default)]
pub struct Pool {
    free: HashMap<usize, Vec<Vec<f32>>>,
}

impl Pool {
    /// A buffer with arbitrary contents.
    pub fn take(&mut self, len: usize) -> Vec<f32> {
        self.free.get_mut(&len).and_then(Vec::pop).unwrap_or_else(|| vec![0.0; len])
    }

    /// A buffer of zeros.
    pub fn take_zeroed(&mut self, len: usize) -> Vec<f32> {
        let mut buffer = self.take(len);
        buffer.fill(0.0);
        buffer
    }

    /// Gives a buffer back.
    pub fn give(&mut self, buffer: Vec<f32>) {
        if !buffer.is_empty() {
            self.free.entry(buffer.len()).or_default().push(buffer);
        }
    }
}

/// An operation that can be walked backwards.
pub trait Op {
    /// Adds to the gradients of the operation's inputs (and parameters), given the gradient of its output.
    fn backward(&mut self, output_gradient: &[f32], tape: &mut Gradients<'_>);
}

/// What an operation may touch on the way back.
pub struct Gradients<'a> {
    /// The network's weights.
    pub parameters: &'a [f32],
    /// Their gradients, same layout.
    pub parameter_gradients: &'a mut [f32],
    /// Buffers to borrow.
    pub pool: &'a mut Pool,
    nodes: &'a mut [Node],
}

impl Gradients<'_> {
    /// The value of a variable.
    pub fn value(&self, var: Var) -> &[f32] {
        &self.nodes[var.0].value
    }

    /// False for inputs: nobody asks for their gradient.
    pub fn wants(&self, var: Var) -> bool {
        self.nodes[var.0].wants_gradient
    }

    /// The value of `read` and the gradient of `var` (zeros at first touch) to add to.
    pub fn value_and_gradient(&mut self, read: Var, var: Var) -> (&[f32], &mut [f32]) {
        let mut gradient = std::mem::take(&mut self.nodes[var.0].gradient);
        if gradient.is_empty() {
            gradient = self.pool.take_zeroed(self.nodes[var.0].value.len());
        }
        self.nodes[var.0].gradient = gradient;
        if read == var {
            let node = &mut self.nodes[var.0];
            return (&node.value, &mut node.gradient);
        }
        let [a, b] = self.nodes.get_disjoint_mut([read.0, var.0]).expect("two variables of one tape");
        (&a.value, &mut b.gradient)
    }

    /// Takes a value out of the tape while gradients are written; to be given back by [`Self::put_value`].
    pub fn take_value(&mut self, var: Var) -> Vec<f32> {
        std::mem::take(&mut self.nodes[var.0].value)
    }

    /// The inverse of [`Self::take_value`].
    pub fn put_value(&mut self, var: Var, value: Vec<f32>) {
        self.nodes[var.0].value = value;
    }

    /// Takes the gradient of `var`, of `len` floats, out of the tape, to be replaced if this is the first touch (contents
    /// arbitrary), else added to; to be given back by [`Self::put_gradient`].
    pub fn take_gradient(&mut self, var: Var, len: usize) -> (Vec<f32>, Into) {
        let gradient = std::mem::take(&mut self.nodes[var.0].gradient);
        if gradient.is_empty() { (self.pool.take(len), Into::Replace) } else { (gradient, Into::Add) }
    }

    /// The inverse of [`Self::take_gradient`].
    pub fn put_gradient(&mut self, var: Var, gradient: Vec<f32>) {
        self.nodes[var.0].gradient = gradient;
    }

    /// The gradient of `var` to add to.
    pub fn gradient(&mut self, var: Var) -> &mut [f32] {
        self.value_and_gradient(var, var).1
    }

    /// The weights and the gradient of one parameter.
    pub fn parameter(&mut self, span: Span) -> (&[f32], &mut [f32]) {
        (&self.parameters[span.range()], &mut self.parameter_gradients[span.range()])
    }
}

struct Node {
    value: Vec<f32>,
    gradient: Vec<f32>,
    op: Option<Box<dyn Op>>,
    wants_gradient: bool,
}

/// How [`Linear`](crate::ops::linear::Linear) layers multiply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// In `f32`: the same bits on every machine.
    #[default]
    Full,
    /// Factors rounded to bfloat16 where the machine is faster so; for training.
    Mixed,
}

impl Precision {
    /// The product of this precision.
    pub fn gemm(self, m: usize, n: usize, k: usize, a: Matrix, b: Matrix, c: &mut [f32], c_stride: usize, into: Into) {
        match self {
            Self::Full => gemm(m, n, k, a, b, c, c_stride, into),
            Self::Mixed => gemm_bf16(m, n, k, a, b, c, c_stride, into),
        }
    }

    /// B (k × n) made ready for many products of this precision.
    pub fn factor(self, k: usize, n: usize, b: Matrix) -> Factor {
        Factor::new(self == Self::Mixed, k, n, b)
    }
}

/// A recording of one forward pass.
pub struct Tape<'a> {
    precision: Precision,
    parameters: &'a [f32],
    pool: &'a mut Pool,
    nodes: Vec<Node>,
    recording: bool,
}

impl<'a> Tape<'a> {
    /// A tape that can be walked backwards.
    pub fn recording(parameters: &'a [f32], pool: &'a mut Pool) -> Self {
        Self { parameters, pool, nodes: Vec::new(), recording: true, precision: Precision::Full }
    }

    /// A tape for the forward pass alone.
    pub fn forward_only(parameters: &'a [f32], pool: &'a mut Pool) -> Self {
        Self { recording: false, ..Self::recording(parameters, pool) }
    }

    /// The same tape with another precision of its linear layers.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// True if the operations are kept for the way back.
    pub fn records(&self) -> bool {
        self.recording
    }

    /// How linear layers multiply.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Puts a value on the tape that needs no gradient.
    pub fn input(&mut self, value: Vec<f32>) -> Var {
        self.nodes.push(Node { value, gradient: Vec::new(), op: None, wants_gradient: false });
        Var(self.nodes.len() - 1)
    }

    /// Puts the result of an operation on the tape.
    pub fn push(&mut self, value: Vec<f32>, op: impl Op + 'static) -> Var {
        let op: Option<Box<dyn Op>> = if self.recording { Some(Box::new(op)) } else { None };
        self.nodes.push(Node { value, gradient: Vec::new(), op, wants_gradient: true });
        Var(self.nodes.len() - 1)
    }

    /// The value of a variable.
    pub fn value(&self, var: Var) -> &[f32] {
        &self.nodes[var.0].value
    }

    /// One parameter's weights.
    pub fn parameter(&self, span: Span) -> &'a [f32] {
        &self.parameters[span.range()]
    }

    /// A buffer with arbitrary contents.
    pub fn take(&mut self, len: usize) -> Vec<f32> {
        self.pool.take(len)
    }

    /// A buffer of zeros.
    pub fn take_zeroed(&mut self, len: usize) -> Vec<f32> {
        self.pool.take_zeroed(len)
    }

    /// Gives a borrowed buffer back.
    pub fn give(&mut self, buffer: Vec<f32>) {
        self.pool.give(buffer);
    }

    /// Adds to `parameter_gradients` the derivative of Σ `output_gradient` · `output`.
    ///
    /// # Panics   if the tape was made by [`Tape::forward_only`] or a length does not fit.
    pub fn backward(mut self, output: Var, output_gradient: &[f32], parameter_gradients: &mut [f32]) {
        assert!(self.recording, "this tape keeps no operations");
        assert_eq!(parameter_gradients.len(), self.parameters.len());
        assert_eq!(output_gradient.len(), self.nodes[output.0].value.len());
        let mut seed = self.pool.take(output_gradient.len());
        seed.copy_from_slice(output_gradient);
        self.nodes[output.0].gradient = seed;
        for index in (0..=output.0).rev() {
            let gradient = std::mem::take(&mut self.nodes[index].gradient);
            let op = self.nodes[index].op.take();
            if let (Some(mut op), false) = (op, gradient.is_empty()) {
                let mut view = Gradients {
                    parameters: self.parameters,
                    parameter_gradients,
                    pool: self.pool,
                    nodes: &mut self.nodes,
                };
                op.backward(&gradient, &mut view);
            }
            self.pool.give(gradient);
            // Everything that reads this value comes later on the tape and is done.
            self.pool.give(std::mem::take(&mut self.nodes[index].value));
        }
        self.release();
    }

    /// Ends a forward pass: takes one value out and gives all other buffers back.
    pub fn finish(mut self, output: Var) -> Vec<f32> {
        let value = std::mem::take(&mut self.nodes[output.0].value);
        self.release();
        value
    }

    fn release(&mut self) {
        for node in self.nodes.drain(..) {
            self.pool.give(node.value);
            self.pool.give(node.gradient);
        }
    }
}
