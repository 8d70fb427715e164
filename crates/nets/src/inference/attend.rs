//! Attention of the vectors; its weights also carry the pictures, so they are materialised, a head's square at a time.

use crate::ops::attention::Rotation;
use aeolian_kernels::Buffer;
use aeolian_kernels::elementwise::softmax_rows;
use aeolian_kernels::gemm::{Into, Matrix, gemm};
use rayon::prelude::*;

/// Shape of the attention.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub items: usize,
    pub tokens: usize,
    pub heads: usize,
    pub width: usize,
}

impl Shape {
    fn head_width(self) -> usize {
        self.width / self.heads
    }

    fn square(self) -> usize {
        self.tokens * self.tokens
    }
}

/// Buffers of the attention.
#[derive(Default)]
pub(super) struct Attention {
    rotation: Option<(usize, Rotation)>,
    /// Queries, then keys, of every item and head.
    rotated: Buffer,
    weights: Buffer,
}

impl Attention {
    /// (B, H, T, T), rows summing to 1.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Weights from queries, keys and values side by side (B·T, 3·D) and what each head adds for every lag (H, 2 · reach + 1).
    pub fn weigh(&mut self, parts: usize, shape: Shape, qkv: &[f32], lags: &[f32]) {
        let Shape { items, tokens, heads, width } = shape;
        let head_width = shape.head_width();
        if self.rotation.as_ref().is_none_or(|(known, _)| *known != tokens) {
            self.rotation = Some((tokens, Rotation::new(tokens, head_width)));
        }
        let Some((_, rotation)) = &self.rotation else { return };
        self.rotated.resize(items * heads * 2 * tokens * head_width);
        self.weights.resize(items * heads * shape.square());
        let scale = 1.0 / (head_width as f32).sqrt();
        let squares = self.weights.par_chunks_exact_mut(shape.square());
        let squares = squares.zip(self.rotated.par_chunks_exact_mut(2 * tokens * head_width)).enumerate();
        squares.with_min_len((items * heads).div_ceil(parts)).for_each(|(index, (weights, rotated))| {
            let (item, head) = (index / heads, index % heads);
            let rows = &qkv[item * tokens * 3 * width..][..tokens * 3 * width];
            let (q, k) = rotated.split_at_mut(tokens * head_width);
            rotation.gather(&rows[head * head_width..], 3 * width, q);
            rotation.gather(&rows[width + head * head_width..], 3 * width, k);
            q.iter_mut().for_each(|q| *q *= scale);
            write_lags(tokens, &lags[head * lags.len() / heads..][..lags.len() / heads], weights);
            let (q, k) = (Matrix::rows(q, head_width), Matrix::rows(k, head_width).transposed());
            gemm(tokens, tokens, head_width, q, k, weights, tokens, Into::Add);
            softmax_rows(tokens, weights);
        });
    }

    /// The values of the vectors, as every head carries its share of them. (B·T, D)
    pub fn carry(&self, shape: Shape, qkv: &[f32], carried: &mut [f32]) {
        let Shape { items, tokens, heads, width } = shape;
        let head_width = shape.head_width();
        for item in 0..items {
            for head in 0..heads {
                let weights = &self.weights[(item * heads + head) * shape.square()..][..shape.square()];
                let values = &qkv[item * tokens * 3 * width + 2 * width + head * head_width..];
                let out = &mut carried[item * tokens * width + head * head_width..];
                let (weights, values) = (Matrix::rows(weights, tokens), Matrix::rows(values, 3 * width));
                gemm(tokens, head_width, tokens, weights, values, out, width, Into::Replace);
            }
        }
    }
}

/// Fills every query's row with the bias of each key's lag; keys beyond the reach count as the farthest.
fn write_lags(tokens: usize, bias: &[f32], square: &mut [f32]) {
    let reach = bias.len() / 2;
    for (query, row) in square.chunks_exact_mut(tokens).enumerate() {
        let (first, last) = (query.saturating_sub(reach), (query + reach).min(tokens - 1));
        row[..first].fill(bias[0]);
        row[first..=last].copy_from_slice(&bias[first + reach - query..=last + reach - query]);
        row[last + 1..].fill(bias[bias.len() - 1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_are_those_of_the_pairs() {
        let bias = [1.0, 2.0, 3.0, 4.0, 5.0]; // two to either side
        let mut square = [0.0; 16];
        write_lags(4, &bias, &mut square);
        assert_eq!(square[..4], [3.0, 4.0, 5.0, 5.0]);
        assert_eq!(square[12..], [1.0, 1.0, 2.0, 3.0]);
        write_lags(1, &bias, &mut square[..1]);
        assert_eq!(square[0], 3.0);
    }
}
