//! Bidirectional multi-head attention with rotary positions (Su et al. 2021, arXiv:2104.09864) and a learned bias for
//! every lag, item by item.
//!
//! Weights and values are apart: the same weights carry token vectors and whole pictures from quarter to quarter, so that what
//! repeats can be copied pitch by pitch.

use crate::parameters::Span;
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
    /// Heads, H.
    pub heads: usize,
}

/// qk (B·T, 2D): queries and keys, D a multiple of 2H; `lags` (H, 2·reach + 1): what each head adds to its score for the key
/// that lies −reach … reach tokens away (farther keys count as farthest). Returns weights (B, H, T, T), rows summing to 1.
pub fn attention_weights(tape: &mut Tape, qk: Var, lags: Span, shape: Shape) -> Var {
    let Shape { items, tokens, heads } = shape;
    let width = tape.value(qk).len() / (2 * items * tokens);
    let head_width = width / heads;
    let scale = 1.0 / (head_width as f32).sqrt();
    let rotation = Rotation::new(tokens, head_width);
    let mut queries = tape.take(items * tokens * width);
    let mut keys = tape.take(items * tokens * width);
    let mut weights = tape.take(items * heads * tokens * tokens);
    let (input, bias) = (tape.value(qk), tape.parameter(lags));
    for item in 0..items {
        let rows = &input[item * tokens * 2 * width..][..tokens * 2 * width];
        for head in 0..heads {
            let place = (item * heads + head) * tokens * head_width;
            let (q, k) = (&mut queries[place..][..tokens * head_width], &mut keys[place..][..tokens * head_width]);
            rotation.gather(&rows[head * head_width..], 2 * width, q);
            rotation.gather(&rows[width + head * head_width..], 2 * width, k);
            q.iter_mut().for_each(|q| *q *= scale);
            let p = &mut weights[(item * heads + head) * tokens * tokens..][..tokens * tokens];
            for_each_lag(tokens, &bias[head * bias.len() / heads..][..bias.len() / heads], |pair, _, b| p[pair] = b);
            let (q, k) = (Matrix::rows(q, head_width), Matrix::rows(k, head_width));
            gemm(tokens, tokens, head_width, q, k.transposed(), p, tokens, Into::Add);
            softmax_rows(tokens, p);
        }
    }
    let mut kept = tape.take(weights.len());
    kept.copy_from_slice(&weights);
    tape.push(weights, WeightsBackward { qk, lags, shape, rotation, queries, keys, weights: kept })
}

/// Calls `f(query · T + key, index of the lag, bias of the lag)` for every pair of tokens.
fn for_each_lag(tokens: usize, bias: &[f32], mut f: impl FnMut(usize, usize, f32)) {
    let reach = (bias.len() / 2) as isize;
    for query in 0..tokens {
        for key in 0..tokens {
            let lag = ((key as isize - query as isize).clamp(-reach, reach) + reach) as usize;
            f(query * tokens + key, lag, bias[lag]);
        }
    }
}

struct WeightsBackward {
    qk: Var,
    lags: Span,
    shape: Shape,
    rotation: Rotation,
    queries: Vec<f32>,
    keys: Vec<f32>,
    weights: Vec<f32>,
}

impl Op for WeightsBackward {
    fn backward(&mut self, d_weights: &[f32], tape: &mut Gradients) {
        let Shape { items, tokens, heads } = self.shape;
        let width = self.queries.len() / (items * tokens);
        let head_width = width / heads;
        let scale = 1.0 / (head_width as f32).sqrt();
        let mut d_scores = tape.pool.take(d_weights.len());
        d_scores.copy_from_slice(d_weights);
        for (p, d) in self.weights.chunks_exact(tokens * tokens).zip(d_scores.chunks_exact_mut(tokens * tokens)) {
            softmax_backward(tokens, p, d);
        }
        let (bias, d_bias) = tape.parameter(self.lags);
        let table = bias.len() / heads;
        for (index, d) in d_scores.chunks_exact(tokens * tokens).enumerate() {
            let d_bias = &mut d_bias[index % heads * table..][..table];
            for_each_lag(tokens, &bias[..table], |pair, lag, _| d_bias[lag] += d[pair]);
        }
        let mut rotated = tape.pool.take(tokens * head_width);
        let d_input = tape.gradient(self.qk);
        for item in 0..items {
            let d_rows = &mut d_input[item * tokens * 2 * width..][..tokens * 2 * width];
            for head in 0..heads {
                let place = (item * heads + head) * tokens * head_width;
                let q = Matrix::rows(&self.queries[place..][..tokens * head_width], head_width);
                let k = Matrix::rows(&self.keys[place..][..tokens * head_width], head_width);
                let d = &d_scores[(item * heads + head) * tokens * tokens..][..tokens * tokens];
                let d_s = Matrix::rows(d, tokens);
                gemm(tokens, head_width, tokens, d_s, k, &mut rotated, head_width, Into::Replace);
                rotated.iter_mut().for_each(|g| *g *= scale);
                self.rotation.scatter_add(&rotated, 2 * width, &mut d_rows[head * head_width..]);
                gemm(tokens, head_width, tokens, d_s.transposed(), q, &mut rotated, head_width, Into::Replace);
                self.rotation.scatter_add(&rotated, 2 * width, &mut d_rows[width + head * head_width..]);
            }
        }
        for buffer in [&mut self.queries, &mut self.keys, &mut self.weights, &mut d_scores, &mut rotated] {
            tape.pool.give(std::mem::take(buffer));
        }
    }
}

/// weights (B, H, T, T) · values (B·T·`pixels`, W), every head its share of the W channels → as the values.
///
/// `pixels` is 1 for tokens, the number of pitches for pictures.
pub fn carried(tape: &mut Tape, weights: Var, values: Var, shape: Shape, pixels: usize) -> Var {
    let Shape { items, tokens, heads } = shape;
    let heads_of = Heads::new(tape.value(values).len(), shape, pixels);
    let mut packed = tape.take(heads_of.block());
    let mut out = tape.take(heads_of.block());
    let mut y = tape.take(tape.value(values).len());
    let (p, v) = (tape.value(weights), tape.value(values));
    for item in 0..items {
        for head in 0..heads {
            heads_of.gather(v, item, head, &mut packed);
            let p = Matrix::rows(&p[(item * heads + head) * tokens * tokens..], tokens);
            let row = heads_of.row();
            gemm(tokens, row, tokens, p, Matrix::rows(&packed, row), &mut out, row, Into::Replace);
            heads_of.scatter(&out, item, head, &mut y);
        }
    }
    tape.give(packed);
    tape.give(out);
    tape.push(y, CarriedBackward { weights, values, shape, pixels })
}

/// Where the channels of one head lie among all.
#[derive(Clone, Copy)]
struct Heads {
    tokens: usize,
    pixels: usize,
    width: usize,
    head_width: usize,
}

impl Heads {
    fn new(len: usize, shape: Shape, pixels: usize) -> Self {
        let width = len / (shape.items * shape.tokens * pixels);
        Self { tokens: shape.tokens, pixels, width, head_width: width / shape.heads }
    }

    /// Floats of one head in one token.
    fn row(&self) -> usize {
        self.pixels * self.head_width
    }

    /// Floats of one head in one item.
    fn block(&self) -> usize {
        self.tokens * self.row()
    }

    /// Calls `f(channels of the head among all values, the same in a packed block)` pixel by pixel.
    fn each(&self, item: usize, head: usize, mut f: impl FnMut(usize, usize)) {
        for pixel in 0..self.tokens * self.pixels {
            f(
                (item * self.tokens * self.pixels + pixel) * self.width + head * self.head_width,
                pixel * self.head_width,
            );
        }
    }

    /// Packs one head's channels of one item. (T, P·c)
    fn gather(&self, values: &[f32], item: usize, head: usize, packed: &mut [f32]) {
        // Heads of eight channels are the usual case in pictures: a copy of known length is one instruction.
        if self.head_width == 8 {
            self.each(item, head, |at, part| packed[part..part + 8].copy_from_slice(&values[at..at + 8]));
        } else {
            let n = self.head_width;
            self.each(item, head, |at, part| packed[part..part + n].copy_from_slice(&values[at..at + n]));
        }
    }

    /// The inverse of [`Self::gather`].
    fn scatter(&self, packed: &[f32], item: usize, head: usize, values: &mut [f32]) {
        if self.head_width == 8 {
            self.each(item, head, |at, part| values[at..at + 8].copy_from_slice(&packed[part..part + 8]));
        } else {
            let n = self.head_width;
            self.each(item, head, |at, part| values[at..at + n].copy_from_slice(&packed[part..part + n]));
        }
    }
}

struct CarriedBackward {
    weights: Var,
    values: Var,
    shape: Shape,
    pixels: usize,
}

impl Op for CarriedBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let Shape { items, tokens, heads } = self.shape;
        let heads_of = Heads::new(dy.len(), self.shape, self.pixels);
        let (row, square) = (heads_of.row(), tokens * tokens);
        let mut d_out = tape.pool.take(heads_of.block());
        let mut packed = tape.pool.take(heads_of.block());
        for item in 0..items {
            for head in 0..heads {
                let place = (item * heads + head) * square;
                heads_of.gather(dy, item, head, &mut d_out);
                let d_rows = Matrix::rows(&d_out, row);
                heads_of.gather(tape.value(self.values), item, head, &mut packed);
                let v = Matrix::rows(&packed, row).transposed();
                let d_weights = &mut tape.gradient(self.weights)[place..][..square];
                gemm(tokens, tokens, row, d_rows, v, d_weights, tokens, Into::Add);
                let (p, d_values) = tape.value_and_gradient(self.weights, self.values);
                let p = Matrix::rows(&p[place..][..square], tokens).transposed();
                gemm(tokens, row, tokens, p, d_rows, &mut packed, row, Into::Replace);
                heads_of.each(item, head, |at, part| {
                    let n = heads_of.head_width;
                    for (d, part) in d_values[at..at + n].iter_mut().zip(&packed[part..part + n]) {
                        *d += part;
                    }
                });
            }
        }
        tape.pool.give(d_out);
        tape.pool.give(packed);
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
pub(crate) struct Rotation {
    half: usize,
    cosines: Vec<f32>,
    sines: Vec<f32>,
}

impl Rotation {
    pub(crate) fn new(tokens: usize, head_width: usize) -> Self {
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
    pub(crate) fn gather(&self, rows: &[f32], stride: usize, out: &mut [f32]) {
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
    use crate::parameters::{Init, Parameters};
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
    fn gradients_are_difference_quotients_for_tokens_and_pictures() {
        let mut parameters = Parameters::default();
        let qk = Linear::new(&mut parameters, "qk", 3, 16, 1.5);
        let values = Linear::new(&mut parameters, "values", 3, 6, 1.0);
        let lags = parameters.add("lags", &[2, 7], Init::Normal(1.0));
        let shape = Shape { items: 2, tokens: 5, heads: 2 };
        let (input, pictures) = (numbers(10 * 3, 2), numbers(10 * 4 * 3, 3));
        check_gradients(&parameters, |tape| {
            let input = tape.input(input.clone());
            let pictures = tape.input(pictures.clone());
            let qk = qk.forward(tape, input);
            let weights = attention_weights(tape, qk, lags, shape);
            let token_values = values.forward(tape, input);
            let tokens = carried(tape, weights, token_values, shape, 1);
            let pixel_values = values.forward(tape, pictures);
            let pixels = carried(tape, weights, pixel_values, shape, 4);
            crate::ops::pointwise::concatenate(tape, tokens, pixels, 10)
        });
    }

    #[test]
    fn a_lag_alone_copies_the_picture_that_lies_there() {
        // No content, one head that looks two tokens back and one that looks here: T = 3, 2 pixels, 1 channel a head.
        let mut bias = vec![-100.0; 2 * 5];
        (bias[0], bias[5 + 2]) = (100.0, 100.0);
        let lags = Span { start: 0, len: 10 };
        let shape = Shape { items: 1, tokens: 3, heads: 2 };
        let values: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let mut pool = Pool::default();
        let mut tape = Tape::forward_only(&bias, &mut pool);
        let qk = tape.input(vec![0.0; 3 * 2 * 4]);
        let weights = attention_weights(&mut tape, qk, lags, shape);
        let values = tape.input(values);
        let y = carried(&mut tape, weights, values, shape, 2);
        let y = tape.finish(y);
        // The last token has the first token's first channel and its own second one, at both pixels.
        assert!(y[8..].iter().zip([0.0, 9.0, 2.0, 11.0]).all(|(a, b)| (a - b).abs() < 1e-6), "{y:?}");
    }

    #[test]
    fn an_item_does_not_see_its_neighbours() {
        let shape = Shape { items: 2, tokens: 4, heads: 2 };
        let (qk, values, lags) = (numbers(8 * 16, 3), numbers(8 * 8, 4), numbers(6, 5));
        let mut pool = Pool::default();
        let run = |items: usize, qk: Vec<f32>, values: Vec<f32>, pool: &mut Pool| {
            let mut tape = Tape::forward_only(&lags, pool);
            let (qk, values) = (tape.input(qk), tape.input(values));
            let shape = Shape { items, ..shape };
            let weights = attention_weights(&mut tape, qk, Span { start: 0, len: 6 }, shape);
            let y = carried(&mut tape, weights, values, shape, 1);
            tape.finish(y)
        };
        let both = run(2, qk.clone(), values.clone(), &mut pool);
        let second = run(1, qk[4 * 16..].to_vec(), values[4 * 8..].to_vec(), &mut pool);
        assert_eq!(&both[4 * 8..], &second[..]);
    }
}
