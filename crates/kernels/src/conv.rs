//! Small 2-D convolutions on images stored rows × columns × channels with a zero border, so that no tap needs a test.
//!
//! "Convolution" as in the networks' literature: y[r, c, o] = b[o] + Σ w[i, j, k, o] · x[r + i, c + j, k], a
//! cross-correlation. The inner loop keeps a run of pixels × one vector of output channels in registers and needs no
//! im2col copy. Every output is summed over taps, then input channels, in order: equal bits on every instruction set.

use crate::Isa;

/// Output channels come in multiples of this (one AVX-512 vector).
pub const CHANNEL_MULTIPLE: usize = 16;

/// The shape of a batch of bordered images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Images in the batch.
    pub items: usize,
    /// Inner rows.
    pub rows: usize,
    /// Inner columns.
    pub columns: usize,
    /// Channels, innermost.
    pub channels: usize,
    /// Zero rows above and below; a kernel may be at most 2·border_rows + 1 high.
    pub border_rows: usize,
    /// Zero columns left and right.
    pub border_columns: usize,
}

impl Image {
    /// Floats from one row to the next, borders included.
    pub fn row_stride(&self) -> usize {
        (self.columns + 2 * self.border_columns) * self.channels
    }

    /// Floats from one image to the next, borders included.
    pub fn item_stride(&self) -> usize {
        (self.rows + 2 * self.border_rows) * self.row_stride()
    }

    /// Floats in all, borders included.
    pub fn len(&self) -> usize {
        self.items * self.item_stride()
    }

    /// True if there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Index of the first channel of the pixel at an inner row and column.
    pub fn at(&self, item: usize, row: usize, column: usize) -> usize {
        item * self.item_stride()
            + (row + self.border_rows) * self.row_stride()
            + (column + self.border_columns) * self.channels
    }

    /// The same images with another number of channels.
    pub fn with_channels(self, channels: usize) -> Self {
        Self { channels, ..self }
    }
}

/// Height and width of a kernel; both odd, centred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Taps along rows.
    pub rows: usize,
    /// Taps along columns.
    pub columns: usize,
}

impl Kernel {
    /// Number of taps.
    pub fn taps(self) -> usize {
        self.rows * self.columns
    }

    fn check(self, image: &Image) {
        assert!(self.rows % 2 == 1 && self.columns % 2 == 1, "a kernel is centred, so odd");
        assert!(
            self.rows / 2 <= image.border_rows && self.columns / 2 <= image.border_columns,
            "the border is too thin"
        );
    }
}

/// y = conv(x, w) + b on the inner pixels of y; the border of y is not touched.
///
/// Shapes: x as `image`; w (rows, columns, in, out); bias (out) or empty; y as `image` with `out` channels.
///
/// # Panics   if `out` is no multiple of [`CHANNEL_MULTIPLE`], or a length does not fit.
pub fn forward(image: Image, kernel: Kernel, x: &[f32], weights: &[f32], bias: &[f32], out: usize, y: &mut [f32]) {
    forward_on(Isa::detected(), image, kernel, x, weights, bias, out, y);
}

/// [`forward`] on a chosen instruction set, which must be one of [`Isa::available`].
pub fn forward_on(
    isa: Isa,
    image: Image,
    kernel: Kernel,
    x: &[f32],
    weights: &[f32],
    bias: &[f32],
    out: usize,
    y: &mut [f32],
) {
    kernel.check(&image);
    let result = image.with_channels(out);
    assert!(out.is_multiple_of(CHANNEL_MULTIPLE), "output channels come in sixteens");
    assert_eq!((x.len(), y.len()), (image.len(), result.len()));
    assert_eq!(weights.len(), kernel.taps() * image.channels * out);
    assert!(bias.is_empty() || bias.len() == out);
    let zeros = vec![0.0; out];
    let bias = if bias.is_empty() { &zeros } else { bias };
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the caller names an available set (detected, or one of `Isa::available`); lengths are checked above.
        Isa::Avx512 => unsafe { forward_avx512(image, kernel, x, weights, bias, out, y) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { forward_avx2(image, kernel, x, weights, bias, out, y) },
        _ => forward_portable(image, kernel, x, weights, bias, out, y),
    }
}

/// Index in x of the tap (0, 0) of an output pixel.
fn window(image: &Image, kernel: Kernel, item: usize, row: usize, column: usize) -> usize {
    image.at(item, row, column) - (kernel.rows / 2) * image.row_stride() - (kernel.columns / 2) * image.channels
}

fn forward_portable(image: Image, kernel: Kernel, x: &[f32], weights: &[f32], bias: &[f32], out: usize, y: &mut [f32]) {
    let result = image.with_channels(out);
    for (item, row, column) in pixels(&image) {
        let from = window(&image, kernel, item, row, column);
        let target = &mut y[result.at(item, row, column)..][..out];
        target.copy_from_slice(bias);
        for tap_row in 0..kernel.rows {
            let run = kernel.columns * image.channels;
            let inputs = &x[from + tap_row * image.row_stride()..][..run];
            let taps = &weights[tap_row * run * out..][..run * out];
            for (input, tap) in inputs.iter().zip(taps.chunks_exact(out)) {
                for (sum, weight) in target.iter_mut().zip(tap) {
                    *sum = input.mul_add(*weight, *sum);
                }
            }
        }
    }
}

fn pixels(image: &Image) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
    let (items, rows, columns) = (image.items, image.rows, image.columns);
    (0..items).flat_map(move |i| (0..rows).flat_map(move |r| (0..columns).map(move |c| (i, r, c))))
}

/// Expands to a forward convolution for one vector width: `$run` pixels × one vector of output channels in registers.
#[cfg(target_arch = "x86_64")]
macro_rules! forward_for {
    ($name:ident, $run_name:ident, $feature:literal, $lanes:literal, $run:literal,
     $load:ident, $store:ident, $set1:ident, $fmadd:ident) => {
        /// # Safety
        /// The instruction set must be present; lengths as [`forward_on`] checks them.
        #[target_feature(enable = $feature)]
        unsafe fn $name(
            image: Image,
            kernel: Kernel,
            x: &[f32],
            weights: &[f32],
            bias: &[f32],
            out: usize,
            y: &mut [f32],
        ) {
            let result = image.with_channels(out);
            for item in 0..image.items {
                for row in 0..image.rows {
                    for first in (0..out).step_by($lanes) {
                        let mut column = 0;
                        while column < image.columns {
                            let from = window(&image, kernel, item, row, column);
                            let to = result.at(item, row, column) + first;
                            // SAFETY: `from` is the window of an inner pixel and the border is wide enough
                            // (`Kernel::check`), so every tap of the run lies inside x; `to` is inside y.
                            unsafe {
                                let (x, w) = (x.as_ptr().add(from), weights.as_ptr().add(first));
                                let (b, y) = (bias.as_ptr().add(first), y.as_mut_ptr().add(to));
                                if column + $run <= image.columns {
                                    $run_name::<$run>(&image, kernel, x, w, b, out, y);
                                    column += $run;
                                } else {
                                    $run_name::<1>(&image, kernel, x, w, b, out, y);
                                    column += 1;
                                }
                            }
                        }
                    }
                }
            }
        }

        /// # Safety
        /// As for the function above; x at the first pixel's window, w, b and y at the first of the vector's channels.
        #[target_feature(enable = $feature)]
        unsafe fn $run_name<const RUN: usize>(
            image: &Image,
            kernel: Kernel,
            x: *const f32,
            w: *const f32,
            b: *const f32,
            out: usize,
            y: *mut f32,
        ) {
            use std::arch::x86_64::*;
            // SAFETY: all offsets stay within the windows of RUN neighbouring pixels, as the caller vouches.
            unsafe {
                let mut sums = [$load(b); RUN];
                let mut weight = w;
                for tap_row in 0..kernel.rows {
                    let inputs = x.add(tap_row * image.row_stride());
                    for k in 0..kernel.columns * image.channels {
                        let vector = $load(weight);
                        for (pixel, sum) in sums.iter_mut().enumerate() {
                            *sum = $fmadd($set1(*inputs.add(pixel * image.channels + k)), vector, *sum);
                        }
                        weight = weight.add(out);
                    }
                }
                for (pixel, sum) in sums.iter().enumerate() {
                    $store(y.add(pixel * out), *sum);
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
forward_for!(
    forward_avx512,
    run_avx512,
    "avx512f",
    16,
    22,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps
);
#[cfg(target_arch = "x86_64")]
forward_for!(
    forward_avx2,
    run_avx2,
    "avx2,fma",
    8,
    11,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps
);

/// The weights of the convolution that takes the gradient of y back to x: taps reversed, in and out exchanged.
///
/// w (rows, columns, in, out) → (rows, columns, out, in)
pub fn backward_weights(kernel: Kernel, weights: &[f32], inputs: usize, out: usize) -> Vec<f32> {
    assert_eq!(weights.len(), kernel.taps() * inputs * out);
    let mut turned = vec![0.0; weights.len()];
    let size = inputs * out;
    for (from, to) in weights.chunks_exact(size).zip(turned.chunks_exact_mut(size).rev()) {
        for i in 0..inputs {
            for o in 0..out {
                to[o * inputs + i] = from[i * out + o];
            }
        }
    }
    turned
}

/// Adds to `weight_grad` and `bias_grad` what y's gradient says of the weights: Σ over pixels of x(tap) · dy.
///
/// Shapes as in [`forward`]; `bias_grad` may be empty.
///
/// # Panics   if in or out channels are no multiple of [`CHANNEL_MULTIPLE`], or a length does not fit.
pub fn weight_gradient(
    image: Image,
    kernel: Kernel,
    x: &[f32],
    y_grad: &[f32],
    out: usize,
    weight_grad: &mut [f32],
    bias_grad: &mut [f32],
) {
    weight_gradient_on(Isa::detected(), image, kernel, x, y_grad, out, weight_grad, bias_grad);
}

/// [`weight_gradient`] on a chosen instruction set, which must be one of [`Isa::available`].
pub fn weight_gradient_on(
    isa: Isa,
    image: Image,
    kernel: Kernel,
    x: &[f32],
    y_grad: &[f32],
    out: usize,
    weight_grad: &mut [f32],
    bias_grad: &mut [f32],
) {
    kernel.check(&image);
    let result = image.with_channels(out);
    assert!(out.is_multiple_of(CHANNEL_MULTIPLE) && image.channels.is_multiple_of(CHANNEL_MULTIPLE));
    assert_eq!((x.len(), y_grad.len()), (image.len(), result.len()));
    assert_eq!(weight_grad.len(), kernel.taps() * image.channels * out);
    for item in 0..image.items {
        for row in 0..image.rows {
            let gradients = &y_grad[result.at(item, row, 0)..][..image.columns * out];
            for tap in 0..kernel.taps() {
                let from =
                    window(&image, kernel, item, row, tap % kernel.columns) + tap / kernel.columns * image.row_stride();
                let inputs = &x[from..from + image.columns * image.channels];
                let sums = &mut weight_grad[tap * image.channels * out..][..image.channels * out];
                outer_products(isa, inputs, image.channels, gradients, out, sums);
            }
            for (pixel, _) in gradients.chunks_exact(out).zip(0..if bias_grad.is_empty() { 0 } else { image.columns }) {
                for (sum, gradient) in bias_grad.iter_mut().zip(pixel) {
                    *sum += gradient;
                }
            }
        }
    }
}

/// sums (in, out) += Σ over pixels of inputs (pixel, in) ⊗ gradients (pixel, out)
fn outer_products(isa: Isa, inputs: &[f32], channels: usize, gradients: &[f32], out: usize, sums: &mut [f32]) {
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the set is available; the slices hold equal numbers of whole pixels and `sums` is in × out, both
        // multiples of 16 (checked by the caller).
        Isa::Avx512 => unsafe { outer_avx512(inputs, channels, gradients, out, sums) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { outer_avx2(inputs, channels, gradients, out, sums) },
        _ => {
            for (input, gradient) in inputs.chunks_exact(channels).zip(gradients.chunks_exact(out)) {
                for (i, row) in input.iter().zip(sums.chunks_exact_mut(out)) {
                    for (sum, g) in row.iter_mut().zip(gradient) {
                        *sum = i.mul_add(*g, *sum);
                    }
                }
            }
        }
    }
}

/// Expands to [`outer_products`] for one vector width, `$group` input channels × one vector in registers.
#[cfg(target_arch = "x86_64")]
macro_rules! outer_for {
    ($name:ident, $feature:literal, $lanes:literal, $group:literal,
     $load:ident, $store:ident, $set1:ident, $fmadd:ident) => {
        /// # Safety
        /// The instruction set must be present; as [`outer_products`] says of the lengths.
        #[target_feature(enable = $feature)]
        unsafe fn $name(inputs: &[f32], channels: usize, gradients: &[f32], out: usize, sums: &mut [f32]) {
            use std::arch::x86_64::*;
            let pixels = inputs.len() / channels;
            for first in (0..channels).step_by($group) {
                for o in (0..out).step_by($lanes) {
                    // SAFETY: first + $group ≤ channels and o + $lanes ≤ out, both being multiples of 16.
                    unsafe {
                        let corner = sums.as_mut_ptr().add(first * out + o);
                        let mut tile = [$set1(0.0); $group];
                        for (i, sum) in tile.iter_mut().enumerate() {
                            *sum = $load(corner.add(i * out));
                        }
                        for pixel in 0..pixels {
                            let gradient = $load(gradients.as_ptr().add(pixel * out + o));
                            let input = inputs.as_ptr().add(pixel * channels + first);
                            for (i, sum) in tile.iter_mut().enumerate() {
                                *sum = $fmadd($set1(*input.add(i)), gradient, *sum);
                            }
                        }
                        for (i, sum) in tile.iter().enumerate() {
                            $store(corner.add(i * out), *sum);
                        }
                    }
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
outer_for!(outer_avx512, "avx512f", 16, 16, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_fmadd_ps);
#[cfg(target_arch = "x86_64")]
outer_for!(outer_avx2, "avx2,fma", 8, 8, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_fmadd_ps);

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    fn bordered(image: Image, seed: u32) -> Vec<f32> {
        let raw = numbers(image.len(), seed);
        let mut x = vec![0.0; image.len()];
        for (item, row, column) in pixels(&image) {
            let at = image.at(item, row, column);
            x[at..at + image.channels].copy_from_slice(&raw[at..at + image.channels]);
        }
        x
    }

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    const IMAGE: Image = Image { items: 2, rows: 5, columns: 25, channels: 16, border_rows: 2, border_columns: 3 };
    const KERNEL: Kernel = Kernel { rows: 5, columns: 7 };

    #[test]
    fn a_single_tap_moves_the_picture() {
        let kernel = Kernel { rows: 3, columns: 3 };
        let x = bordered(IMAGE, 1);
        let mut weights = vec![0.0; 9 * 256];
        for k in 0..16 {
            weights[(5 * 16 + k) * 16 + k] = 2.0; // tap (1, 2): the pixel one column to the right
        }
        let mut y = vec![0.0; IMAGE.len()];
        forward(IMAGE, kernel, &x, &weights, &[], 16, &mut y);
        assert_eq!(y[IMAGE.at(1, 3, 4)], 2.0 * x[IMAGE.at(1, 3, 5)]);
        assert_eq!(y[IMAGE.at(0, 0, 24)], 0.0);
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let out = 32;
        let (x, dy) = (bordered(IMAGE, 1), bordered(IMAGE.with_channels(out), 2));
        let (w, b) = (numbers(35 * 16 * out, 3), numbers(out, 4));
        let run = |isa| {
            let mut y = vec![0.0; IMAGE.with_channels(out).len()];
            forward_on(isa, IMAGE, KERNEL, &x, &w, &b, out, &mut y);
            let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; out]);
            weight_gradient_on(isa, IMAGE, KERNEL, &x, &dy, out, &mut dw, &mut db);
            (y, dw, db)
        };
        let reference = run(Isa::Portable);
        for isa in Isa::available() {
            assert!(run(isa) == reference, "{isa:?}");
        }
    }

    /// ⟨dy, conv(x)⟩ is linear in x and in w: its derivatives are the two backward passes.
    #[test]
    fn backward_passes_are_adjoint_to_forward() {
        let out = 16;
        let (x, dy) = (bordered(IMAGE, 5), bordered(IMAGE, 6));
        let w = numbers(35 * 16 * out, 7);
        let mut y = vec![0.0; IMAGE.len()];
        forward(IMAGE, KERNEL, &x, &w, &[], out, &mut y);
        let value = dot(&dy, &y);
        let mut dx = vec![0.0; IMAGE.len()];
        forward(IMAGE, KERNEL, &dy, &backward_weights(KERNEL, &w, 16, out), &[], 16, &mut dx);
        assert!((dot(&dx, &x) - value).abs() < 1e-3 * value.abs().max(1.0));
        let mut dw = vec![0.0; w.len()];
        weight_gradient(IMAGE, KERNEL, &x, &dy, out, &mut dw, &mut []);
        assert!((dot(&dw, &w) - value).abs() < 1e-3 * value.abs().max(1.0));
    }
}
