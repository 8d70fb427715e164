//! Elementwise functions and row reductions, vectorised by the compiler for each instruction set.

use crate::isa::vectorised;

/// Parallel partial sums of a reduction: fixed, so that the order of additions is the same on every machine.
const LANES: usize = 16;

/// eˣ with relative error below 3·10⁻⁷ for −87 ≤ x ≤ 88 and clamped outside; only + − × and bit moves.
///
/// Cody–Waite reduction to |r| ≤ ½ ln 2, then the degree-6 Taylor polynomial in Horner form.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³: adding and subtracting it rounds to the nearest integer
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let p = 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    p * f32::from_bits((((n as i32) + 127) << 23) as u32)
}

/// 1 / (1 + e⁻ˣ)
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

// GELU by its tanh form (Hendrycks & Gimpel 2016, arXiv:1606.08415): x σ(1.5958 (x + 0.044715 x³)).
const GELU_A: f32 = 1.595_769;
const GELU_B: f32 = 0.044_715;

vectorised! {
    /// y = GELU(x), tanh form.
    pub fn gelu(x: &[f32], y: &mut [f32]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x * sigmoid(GELU_A * (x + GELU_B * x * x * x));
        }
    }
}

vectorised! {
    /// dx += GELU′(x) · dy
    pub fn gelu_backward(x: &[f32], dy: &[f32], dx: &mut [f32]) {
        for ((dx, &dy), &x) in dx.iter_mut().zip(dy).zip(x) {
            let s = sigmoid(GELU_A * (x + GELU_B * x * x * x));
            let inner = GELU_A * (1.0 + 3.0 * GELU_B * x * x);
            *dx += dy * (s + x * s * (1.0 - s) * inner);
        }
    }
}

vectorised! {
    /// y += x
    pub fn add(y: &mut [f32], x: &[f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y += x;
        }
    }
}

vectorised! {
    /// y += a · b, elementwise
    pub fn add_product(y: &mut [f32], a: &[f32], b: &[f32]) {
        for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
            *y += a * b;
        }
    }
}

vectorised! {
    /// sums += every row of x, sums.len() wide, in order.
    pub fn add_columns(sums: &mut [f32], x: &[f32]) {
        // Four rows at a time, one after the other, so that the sums are loaded and stored less often.
        let width = sums.len();
        let fours = x.chunks_exact(4 * width);
        let rest = fours.remainder();
        for rows in fours {
            let (first, last) = rows.split_at(2 * width);
            let ((a, b), (c, d)) = (first.split_at(width), last.split_at(width));
            for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *sum = *sum + a + b + c + d;
            }
        }
        for row in rest.chunks_exact(width) {
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum += x;
            }
        }
    }
}

/// Every row of y becomes `row`.
pub fn fill_rows(y: &mut [f32], row: &[f32]) {
    y.chunks_exact_mut(row.len()).for_each(|y| y.copy_from_slice(row));
}

vectorised! {
    /// y (rows of row.len()) += row
    pub fn add_to_rows(y: &mut [f32], row: &[f32]) {
        for y in y.chunks_exact_mut(row.len()) {
            for (y, &x) in y.iter_mut().zip(row) {
                *y += x;
            }
        }
    }
}

vectorised! {
    /// Σ x, in a fixed order.
    pub fn sum(x: &[f32]) -> f32 {
        let mut sums = [0.0f32; LANES];
        let chunks = x.chunks_exact(LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (sum, x) in sums.iter_mut().zip(chunk) {
                *sum += x;
            }
        }
        for (sum, x) in sums.iter_mut().zip(rest) {
            *sum += x;
        }
        sums.iter().sum()
    }
}

vectorised! {
    /// Σ a · b, in a fixed order.
    pub fn dot(a: &[f32], b: &[f32]) -> f32 {
        let mut sums = [0.0f32; LANES];
        let (left, right) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        for ((sum, a), b) in sums.iter_mut().zip(left.remainder()).zip(right.remainder()) {
            *sum += a * b;
        }
        for (a, b) in left.zip(right) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
        sums.iter().sum()
    }
}

vectorised! {
    /// Layer normalisation with modulation: y = x̂ · (1 + scale) + shift, x̂ = (x − mean) / √(variance + 10⁻⁵), row by row.
    ///
    /// Returns nothing; `normalised` receives x̂ and `inverse_deviation` one value a row, for the backward pass.
    /// Shapes: x, y, normalised (rows, width); shift, scale: (rows, width) views `modulation_stride` apart.
    pub fn modulated_norm(
        width: usize,
        x: &[f32],
        shift: &[f32],
        scale: &[f32],
        modulation_stride: usize,
        normalised: &mut [f32],
        inverse_deviation: &mut [f32],
        y: &mut [f32],
    ) {
        for (row, x) in x.chunks_exact(width).enumerate() {
            let mean = sum(x) / width as f32;
            let normalised = &mut normalised[row * width..][..width];
            for (n, x) in normalised.iter_mut().zip(x) {
                *n = x - mean;
            }
            let inverse = 1.0 / (dot(normalised, normalised) / width as f32 + 1e-5).sqrt();
            inverse_deviation[row] = inverse;
            let shift = &shift[row * modulation_stride..][..width];
            let scale = &scale[row * modulation_stride..][..width];
            let y = &mut y[row * width..][..width];
            for (((n, y), shift), scale) in normalised.iter_mut().zip(y).zip(shift).zip(scale) {
                *n *= inverse;
                *y = *n * (1.0 + scale) + shift;
            }
        }
    }
}

vectorised! {
    /// Derivatives of [`modulated_norm`] for rows that share one modulation row: adds to `dx` (rows, width) and to
    /// `d_shift`, `d_scale` (width). `normalised` and `inverse_deviation` are the forward pass's; `scratch` (width) is
    /// overwritten.
    pub fn modulated_norm_backward(
        width: usize,
        dy: &[f32],
        normalised: &[f32],
        inverse_deviation: &[f32],
        scale: &[f32],
        dx: &mut [f32],
        d_shift: &mut [f32],
        d_scale: &mut [f32],
        scratch: &mut [f32],
    ) {
        let (scale, scratch) = (&scale[..width], &mut scratch[..width]);
        for (row, dy) in dy.chunks_exact(width).enumerate() {
            let n = &normalised[row * width..][..width];
            add(d_shift, dy);
            add_product(d_scale, dy, n);
            for ((dn, dy), scale) in scratch.iter_mut().zip(dy).zip(scale) {
                *dn = dy * (1.0 + scale);
            }
            let mean = sum(scratch) / width as f32;
            let projection = dot(scratch, n) / width as f32;
            let inverse = inverse_deviation[row];
            for ((dx, dn), n) in dx[row * width..][..width].iter_mut().zip(scratch.iter()).zip(n) {
                *dx += inverse * (dn - mean - n * projection);
            }
        }
    }
}

vectorised! {
    /// One step of an LSTM (gates i, f, g, o as in PyTorch): `gates` (rows, 4·width) hold the drives and become the
    /// squashed gates; c = f·before + i·g into `cells`, h = o·tanh(c) into `hidden` (rows, width).
    pub fn lstm_cell(width: usize, gates: &mut [f32], before: &[f32], cells: &mut [f32], hidden: &mut [f32]) {
        for (row, gates) in gates.chunks_exact_mut(4 * width).enumerate() {
            let (i, gates) = gates.split_at_mut(width);
            let (f, gates) = gates.split_at_mut(width);
            let (g, o) = gates.split_at_mut(width);
            let before = &before[row * width..][..width];
            let cells = &mut cells[row * width..][..width];
            let hidden = &mut hidden[row * width..][..width];
            for unit in 0..width {
                (i[unit], f[unit]) = (sigmoid(i[unit]), sigmoid(f[unit]));
                (g[unit], o[unit]) = (tanh(g[unit]), sigmoid(o[unit]));
                let c = f[unit] * before[unit] + i[unit] * g[unit];
                cells[unit] = c;
                hidden[unit] = o[unit] * tanh(c);
            }
        }
    }
}

vectorised! {
    /// Derivatives of [`lstm_cell`]: `d_gates` (rows, 4·width) is overwritten with those of the drives, `d_cells`
    /// (rows, width) turns from the gradient of c into that of `before`.
    pub fn lstm_cell_backward(
        width: usize,
        gates: &[f32],
        before: &[f32],
        cells: &[f32],
        d_hidden: &[f32],
        d_cells: &mut [f32],
        d_gates: &mut [f32],
    ) {
        for (row, (gate, d_gate)) in gates.chunks_exact(4 * width).zip(d_gates.chunks_exact_mut(4 * width)).enumerate() {
            let part = row * width..(row + 1) * width;
            let (before, cells, d_hidden) = (&before[part.clone()], &cells[part.clone()], &d_hidden[part.clone()]);
            let d_cells = &mut d_cells[part];
            let (di, d_gate) = d_gate.split_at_mut(width);
            let (df, d_gate) = d_gate.split_at_mut(width);
            let (dg, d_o) = d_gate.split_at_mut(width);
            for unit in 0..width {
                let (i, f, g, o) = (gate[unit], gate[width + unit], gate[2 * width + unit], gate[3 * width + unit]);
                let squashed = tanh(cells[unit]);
                let dh = d_hidden[unit];
                let dc = d_cells[unit] + dh * o * (1.0 - squashed * squashed);
                di[unit] = dc * g * i * (1.0 - i);
                df[unit] = dc * before[unit] * f * (1.0 - f);
                dg[unit] = dc * i * (1.0 - g * g);
                d_o[unit] = dh * squashed * o * (1.0 - o);
                d_cells[unit] = dc * f;
            }
        }
    }
}

vectorised! {
    /// Softmax of every row, in place, stable.
    pub fn softmax_rows(width: usize, x: &mut [f32]) {
        for row in x.chunks_exact_mut(width) {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            for x in row.iter_mut() {
                *x = exp(*x - largest);
            }
            let inverse = 1.0 / sum(row);
            for x in row.iter_mut() {
                *x *= inverse;
            }
        }
    }
}

vectorised! {
    /// One AdamW step (Loshchilov & Hutter 2019, arXiv:1711.05101) with gradients scaled by `gradient_scale`:
    /// m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w − rate · (m·c₁ / (√(v·c₂) + 10⁻⁸) + decay · w).
    pub fn adamw(
        weights: &mut [f32],
        gradients: &[f32],
        first: &mut [f32],
        second: &mut [f32],
        gradient_scale: f32,
        rate: f32,
        decay: f32,
        beta: [f32; 2],
        correction: [f32; 2],
    ) {
        for (((w, g), m), v) in weights.iter_mut().zip(gradients).zip(first).zip(second) {
            let g = g * gradient_scale;
            *m = beta[0] * *m + (1.0 - beta[0]) * g;
            *v = beta[1] * *v + (1.0 - beta[1]) * g * g;
            *w -= rate * (*m * correction[0] / ((*v * correction[1]).sqrt() + 1e-8) + decay * *w);
        }
    }
}

vectorised! {
    /// y ← keep · y + (1 − keep) · x: a moving average.
    pub fn average_into(y: &mut [f32], x: &[f32], keep: f32) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = keep * *y + (1.0 - keep) * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_accurate_over_its_range() {
        for i in -8700..8800 {
            let x = i as f32 * 0.01;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 3e-7, "exp({x})");
        }
        assert!(exp(-1e9) < 1e-37 && exp(1e9).is_finite());
    }

    #[test]
    fn sigmoid_and_tanh_saturate_without_nan() {
        assert_eq!((sigmoid(100.0), tanh(100.0), tanh(-100.0)), (1.0, 1.0, -1.0));
        assert!(sigmoid(-100.0) < 1e-30 && sigmoid(0.0) == 0.5);
    }

    #[test]
    fn gelu_gradient_is_the_difference_quotient() {
        for i in -40..40 {
            let x = i as f32 * 0.1;
            let at = |x: f32| {
                let mut y = [0.0];
                gelu(&[x], &mut y);
                f64::from(y[0])
            };
            let mut dx = [0.0];
            gelu_backward(&[x], &[1.0], &mut dx);
            let quotient = (at(x + 0.01) - at(x - 0.01)) / 0.02;
            assert!((f64::from(dx[0]) - quotient).abs() < 1e-3, "{x}: {} {quotient}", dx[0]);
        }
    }

    #[test]
    fn norm_has_mean_zero_and_variance_one() {
        let x: Vec<f32> = (0..40).map(|i| (i * i % 17) as f32).collect();
        let (mut n, mut inverse, mut y) = (vec![0.0; 40], vec![0.0; 2], vec![0.0; 40]);
        modulated_norm(20, &x, &[1.0; 40], &[1.0; 40], 20, &mut n, &mut inverse, &mut y);
        for row in n.chunks(20) {
            assert!(sum(row).abs() < 1e-4 && (dot(row, row) / 20.0 - 1.0).abs() < 1e-4);
        }
        assert!((y[3] - (2.0 * n[3] + 1.0)).abs() < 1e-6);
    }

    #[test]
    fn softmax_rows_sum_to_one_at_extreme_values() {
        let mut x = vec![100.0, -100.0, 0.0, 5.0, 5.0, 5.0];
        softmax_rows(3, &mut x);
        assert!((x[0] - 1.0).abs() < 1e-6 && (x[3] - 1.0 / 3.0).abs() < 1e-6);
    }
}
