//! Bidirectional multi-head attention with rotary positions (Su et al. 2021, arXiv:2104.09864), item by item.

use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::elementwise::softmax_rows;
use aeolian_kernels::gemm::{Into, Matrix, gemm};

/// Shape of the attention.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Sequences, B.
    pub items: usize,
    /// Tokens in each, T.
    pub tokens: usize,
    /// Heads, H; the width must be a multiple of 2H.
    pub heads: usize,
    /// Width, D.
    pub width: usize,
}

impl Shape {
    fn head_width(&self) -> usize {
        self.width / self.heads
    }
}

/// qkv (B·T, 3D) → (B·T, D). Positions are the tokens' indices.
pub fn attention(tape: &mut Tape, qkv: Var, shape: Shape) -> Var {
    let Shape { items, tokens, heads, width } = shape;
    let head_width = shape.head_width();
    let scale = 1.0 / (head_width as f32).sqrt();
    let rotation = Rotation::new(tokens, head_width);
    let mut queries = tape.take(items * tokens * width);
    let mut keys = tape.take(items * tokens * width);
    let mut weights = tape.take(items * heads * tokens * tokens);
    let mut y = tape.take(items * tokens * width);
    let input = tape.value(qkv);
    for item in 0..items {
        let rows = &input[item * tokens * 3 * width..][..tokens * 3 * width];
        for head in 0..heads {
            let place = (item * heads + head) * tokens * head_width;
            let (q, k) = (&mut queries[place..][..tokens * head_width], &mut keys[place..][..tokens * head_width]);
            rotation.gather(&rows[head * head_width..], 3 * width, q);
            rotation.gather(&rows[width + head * head_width..], 3 * width, k);
            q.iter_mut().for_each(|q| *q *= scale);
            let p = &mut weights[(item * heads + head) * tokens * tokens..][..tokens * tokens];
            let (q, k) = (Matrix::rows(q, head_width), Matrix::rows(k, head_width));
            gemm(tokens, tokens, head_width, q, k.transposed(), p, tokens, Into::Replace);
            softmax_rows(tokens, p);
            let v = Matrix::rows(&rows[2 * width + head * head_width..], 3 * width);
            let out = &mut y[item * tokens * width + head * head_width..];
            gemm(tokens, head_width, tokens, Matrix::rows(p, tokens), v, out, width, Into::Replace);
        }
    }
    tape.push(y, AttentionBackward { qkv, shape, rotation, queries, keys, weights })
}

struct AttentionBackward {
    qkv: Var,
    shape: Shape,
    rotation: Rotation,
    queries: Vec<f32>,
    keys: Vec<f32>,
    weights: Vec<f32>,
}

impl Op for AttentionBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let Shape { items, tokens, heads, width } = self.shape;
        let head_width = self.shape.head_width();
        let scale = 1.0 / (head_width as f32).sqrt();
        let mut d_scores = tape.pool.take(tokens * tokens);
        let mut rotated = tape.pool.take(tokens * head_width);
        let (input, d_input) = tape.value_and_gradient(self.qkv, self.qkv);
        for item in 0..items {
            let span = item * tokens * 3 * width..(item + 1) * tokens * 3 * width;
            let (rows, d_rows) = (&input[span.clone()], &mut d_input[span]);
            for head in 0..heads {
                let place = (item * heads + head) * tokens * head_width;
                let q = Matrix::rows(&self.queries[place..][..tokens * head_width], head_width);
                let k = Matrix::rows(&self.keys[place..][..tokens * head_width], head_width);
                let p = &self.weights[(item * heads + head) * tokens * tokens..][..tokens * tokens];
                let d_out = Matrix::rows(&dy[item * tokens * width + head * head_width..], width);
                let value_columns = 2 * width + head * head_width;
                let v = Matrix::rows(&rows[value_columns..], 3 * width);
                let d_v = &mut d_rows[value_columns..];
                gemm(
                    tokens,
                    head_width,
                    tokens,
                    Matrix::rows(p, tokens).transposed(),
                    d_out,
                    d_v,
                    3 * width,
                    Into::Add,
                );
                gemm(tokens, tokens, head_width, d_out, v.transposed(), &mut d_scores, tokens, Into::Replace);
                softmax_backward(tokens, p, &mut d_scores);
                let d_s = Matrix::rows(&d_scores, tokens);
                gemm(tokens, head_width, tokens, d_s, k, &mut rotated, head_width, Into::Replace);
                rotated.iter_mut().for_each(|g| *g *= scale);
                self.rotation.scatter_add(&rotated, 3 * width, &mut d_rows[head * head_width..]);
                gemm(tokens, head_width, tokens, d_s.transposed(), q, &mut rotated, head_width, Into::Replace);
                self.rotation.scatter_add(&rotated, 3 * width, &mut d_rows[width + head * head_width..]);
            }
        }
        for buffer in [&mut self.queries, &mut self.keys, &mut self.weights, &mut d_scores, &mut rotated] {
            tape.pool.give(std::mem::take(buffer));
        }
    }
}

/// dp → ds = p · (dp − Σ p · dp), row by row, in place.
fn softmax_backward(width: usize, p: &[f32], dp: &mut [f32]) {
    for (p, dp) in p.chunks_exact(width).zip(dp.chunks_exact_mut(width)) {
        let inner = aeolian_kernels::elementwise::dot(p, dp);
        for (dp, p) in dp.iter_mut().zip(p) {
            *dp = p * (*dp - inner);
        }
    }
}

/// Cosines and sines of token · 10000^(−2i/d), pairs (i, i + d/2).
struct Rotation {
    half: usize,
    cosines: Vec<f32>,
    sines: Vec<f32>,
}

impl Rotation {
    fn new(tokens: usize, head_width: usize) -> Self {
        let half = head_width / 2;
        let (mut cosines, mut sines) = (Vec::with_capacity(tokens * half), Vec::with_capacity(tokens * half));
        // e^(−ln(10000)·i/half) by repeated multiplication would drift; `exp` is the same on every machine.
        for token in 0..tokens {
            for i in 0..half {
                let frequency = aeolian_kernels::elementwise::exp(-9.210_34 * i as f32 / half as f32);
                let (sine, cosine) = sine_cosine(token as f64 * f64::from(frequency));
                cosines.push(cosine as f32);
                sines.push(sine as f32);
            }
        }
        Self { half, cosines, sines }
    }

    /// Reads rows `stride` apart and writes them rotated and packed.
    fn gather(&self, rows: &[f32], stride: usize, out: &mut [f32]) {
        let half = self.half;
        for (token, out) in out.chunks_exact_mut(2 * half).enumerate() {
            let row = &rows[token * stride..][..2 * half];
            for i in 0..half {
                let (c, s) = (self.cosines[token * half + i], self.sines[token * half + i]);
                out[i] = row[i] * c - row[half + i] * s;
                out[half + i] = row[i] * s + row[half + i] * c;
            }
        }
    }

    /// Rotates packed gradients back and adds them to rows `stride` apart.
    fn scatter_add(&self, packed: &[f32], stride: usize, rows: &mut [f32]) {
        let half = self.half;
        for (token, packed) in packed.chunks_exact(2 * half).enumerate() {
            let row = &mut rows[token * stride..][..2 * half];
            for i in 0..half {
                let (c, s) = (self.cosines[token * half + i], self.sines[token * half + i]);
                row[i] += packed[i] * c + packed[half + i] * s;
                row[half + i] += packed[half + i] * c - packed[i] * s;
            }
        }
    }
}

/// (sin x, cos x) for 0 ≤ x < 10⁵ to about 10⁻¹², by reduction to |r| ≤ π/4 and Taylor series: the platform's own
/// functions differ from machine to machine in the last bit.
fn sine_cosine(x: f64) -> (f64, f64) {
    let quadrant = (x / std::f64::consts::FRAC_PI_2).round();
    let r = x - quadrant * std::f64::consts::FRAC_PI_2;
    let square = r * r;
    let series = |first: f64, start: f64| {
        let (mut term, mut sum, mut k) = (first, first, start);
        for _ in 0..8 {
            term *= -square / ((k + 1.0) * (k + 2.0));
            sum += term;
            k += 2.0;
        }
        sum
    };
    let (s, c) = (series(r, 1.0), series(1.0, 0.0));
    match quadrant as i64 % 4 {
        0 => (s, c),
        1 => (c, -s),
        2 => (-s, -c),
        _ => (-c, s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{check_gradients, numbers};
    use crate::ops::linear::Linear;
    use crate::parameters::Parameters;
    use crate::tape::Pool;

    #[test]
    fn sine_and_cosine_agree_with_the_platform() {
        for i in 0..2000 {
            let x = f64::from(i) * 0.137;
            let (s, c) = sine_cosine(x);
            assert!((s - x.sin()).abs() < 1e-11 && (c - x.cos()).abs() < 1e-11, "{x}");
        }
    }

    #[test]
    fn gradient_is_the_difference_quotient() {
        let mut parameters = Parameters::default();
        let layer = Linear::new(&mut parameters, "qkv", 3, 24, 1.5);
        let shape = Shape { items: 2, tokens: 5, heads: 2, width: 8 };
        let input = numbers(10 * 3, 2);
        check_gradients(&parameters, |tape| {
            let input = tape.input(input.clone());
            let qkv = layer.forward(tape, input);
            attention(tape, qkv, shape)
        });
    }

    #[test]
    fn an_item_does_not_see_its_neighbours() {
        let shape = Shape { items: 2, tokens: 4, heads: 2, width: 8 };
        let qkv = numbers(8 * 24, 3);
        let mut pool = Pool::default();
        let run = |items: usize, qkv: Vec<f32>, pool: &mut Pool| {
            let mut tape = Tape::forward_only(&[], pool);
            let qkv = tape.input(qkv);
            let y = attention(&mut tape, qkv, Shape { items, ..shape });
            tape.finish(y)
        };
        let both = run(2, qkv.clone(), &mut pool);
        let second = run(1, qkv[4 * 24..].to_vec(), &mut pool);
        assert_eq!(&both[4 * 8..], &second[..]);
    }
}
