//! Layer normalisation of many short rows: eight at a time, so that their sums do not wait for one another.

use crate::elementwise::{dot, modulated_norm_backward, sum};
use crate::isa::{Isa, vectorised};
use crate::lanes::Sixteen;

/// Floats side by side, and partial sums of a reduction, as in [`elementwise::sum`](crate::elementwise::sum).
const LANES: usize = 16;
/// Rows side by side.
const ROWS: usize = 8;

/// [`modulated_norm`](crate::elementwise::modulated_norm) of rows that share one shift and scale, keeping nothing for a
/// way back: equal bits, for a `width` that is a multiple of 16.
///
/// # Panics   if x and y are not whole rows, equally many, or shift and scale are shorter than one.
pub fn modulated_norm_forward(width: usize, x: &[f32], shift: &[f32], scale: &[f32], y: &mut [f32]) {
    modulated_norm_forward_on(Isa::detected(), width, x, shift, scale, y);
}

/// [`modulated_norm_forward`] on a chosen instruction set, which must be one of [`Isa::available`].
///
/// # Panics   as [`modulated_norm_forward`].
pub fn modulated_norm_forward_on(isa: Isa, width: usize, x: &[f32], shift: &[f32], scale: &[f32], y: &mut [f32]) {
    assert!(width > 0 && width.is_multiple_of(LANES), "a width in sixteens");
    assert!(x.len() == y.len() && x.len().is_multiple_of(width), "whole rows");
    let (shift, scale) = (&shift[..width], &scale[..width]);
    for (x, y) in x.chunks(ROWS * width).zip(y.chunks_mut(ROWS * width)) {
        let rows = Rows { width, count: x.len() / width, x, shift, scale };
        // SAFETY: the set is there; x and y are `count` ≤ 8 rows, shift and scale one.
        unsafe {
            match isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => normalise_avx512(rows, y),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => normalise_avx2(rows, y),
                _ => normalise::<[f32; LANES]>(rows, y),
            }
        }
    }
}

/// At most eight rows.
#[derive(Clone, Copy)]
struct Rows<'a> {
    width: usize,
    count: usize,
    x: &'a [f32],
    shift: &'a [f32],
    scale: &'a [f32],
}

/// # Safety   as [`normalise`], with AVX-512
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
unsafe fn normalise_avx512(rows: Rows, y: &mut [f32]) {
    // SAFETY: handed on to the caller.
    unsafe { normalise::<std::arch::x86_64::__m512>(rows, y) }
}

/// # Safety   as [`normalise`], with AVX2
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn normalise_avx2(rows: Rows, y: &mut [f32]) {
    // SAFETY: handed on to the caller.
    unsafe { normalise::<[std::arch::x86_64::__m256; 2]>(rows, y) }
}

/// # Safety
/// The instruction set of V must be there; x and y must hold `count` ≤ 8 rows of `width` floats, a multiple of sixteen, shift
/// and scale one.
#[inline(always)]
unsafe fn normalise<V: Sixteen>(rows: Rows, y: &mut [f32]) {
    let Rows { width, count, x, shift, scale } = rows;
    let (x, shift, scale, y) = (x.as_ptr(), shift.as_ptr(), scale.as_ptr(), y.as_mut_ptr());
    // SAFETY: every access is sixteen floats within a row, by the caller's word.
    unsafe {
        let mut partial = [V::splat(0.0); ROWS];
        for (row, partial) in partial.iter_mut().enumerate().take(count) {
            for at in (row * width..(row + 1) * width).step_by(LANES) {
                *partial = partial.plus(V::load(x.add(at)));
            }
        }
        let means = V::sums(partial).map(|sum| sum / width as f32);
        partial = [V::splat(0.0); ROWS];
        for (row, partial) in partial.iter_mut().enumerate().take(count) {
            let mean = V::splat(means[row]);
            for at in (row * width..(row + 1) * width).step_by(LANES) {
                let centred = V::load(x.add(at)).minus(mean);
                centred.store(y.add(at));
                *partial = partial.plus(centred.times(centred));
            }
        }
        let inverses = V::sums(partial).map(|sum| 1.0 / (sum / width as f32 + 1e-5).sqrt());
        for column in (0..width).step_by(LANES) {
            let (shift, gain) = (V::load(shift.add(column)), V::splat(1.0).plus(V::load(scale.add(column))));
            for (row, inverse) in inverses.iter().enumerate().take(count) {
                let place = y.add(row * width + column);
                V::load(place).times(V::splat(*inverse)).times(gain).plus(shift).store(place);
            }
        }
    }
}

/// Mean and 1 / deviation of every row of x, as [`modulated_norm`](crate::elementwise::modulated_norm) finds them, with its y.
///
/// # Panics   if x, y and the moments are not of equally many rows, or shift and scale are shorter than one.
pub fn modulated_norm_keeping(
    width: usize,
    x: &[f32],
    shift: &[f32],
    scale: &[f32],
    y: &mut [f32],
    moments: &mut [[f32; 2]],
) {
    assert!(width > 0 && x.len() == y.len() && x.len() == width * moments.len(), "whole rows");
    let (shift, scale) = (&shift[..width], &scale[..width]);
    for ((x, moments), y) in x.chunks(ROWS * width).zip(moments.chunks_mut(ROWS)).zip(y.chunks_mut(ROWS * width)) {
        row_moments(width, x, moments);
        modulated_norm_again(width, x, moments, shift, scale, y);
    }
}

vectorised! {
    /// y of [`modulated_norm_keeping`] once more, from the moments that it found.
    pub fn modulated_norm_again(
        width: usize,
        x: &[f32],
        moments: &[[f32; 2]],
        shift: &[f32],
        scale: &[f32],
        y: &mut [f32],
    ) {
        let (shift, scale) = (&shift[..width], &scale[..width]);
        for ((x, [mean, inverse]), y) in x.chunks_exact(width).zip(moments).zip(y.chunks_exact_mut(width)) {
            for (((y, x), shift), scale) in y.iter_mut().zip(x).zip(shift).zip(scale) {
                *y = (x - mean) * inverse * (1.0 + scale) + shift;
            }
        }
    }
}

/// Mean and 1 / √(variance + 10⁻⁵) of at most eight rows.
fn row_moments(width: usize, x: &[f32], moments: &mut [[f32; 2]]) {
    if !width.is_multiple_of(LANES) {
        for (x, moments) in x.chunks_exact(width).zip(moments) {
            let mean = sum(x) / width as f32;
            let centred: Vec<f32> = x.iter().map(|x| x - mean).collect();
            *moments = [mean, 1.0 / (dot(&centred, &centred) / width as f32 + 1e-5).sqrt()];
        }
        return;
    }
    // SAFETY: the set is there; x is at most eight rows of whole sixteens.
    unsafe {
        match Isa::detected() {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => moments_avx512(width, x, moments),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => moments_avx2(width, x, moments),
            _ => moments_of::<[f32; LANES]>(width, x, moments),
        }
    }
}

/// # Safety   as [`moments_of`], with AVX-512
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
unsafe fn moments_avx512(width: usize, x: &[f32], moments: &mut [[f32; 2]]) {
    // SAFETY: handed on to the caller.
    unsafe { moments_of::<std::arch::x86_64::__m512>(width, x, moments) }
}

/// # Safety   as [`moments_of`], with AVX2
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn moments_avx2(width: usize, x: &[f32], moments: &mut [[f32; 2]]) {
    // SAFETY: handed on to the caller.
    unsafe { moments_of::<[std::arch::x86_64::__m256; 2]>(width, x, moments) }
}

/// # Safety
/// The instruction set of V must be there; x must hold as many rows as `moments`, at most eight, of whole sixteens.
#[inline(always)]
unsafe fn moments_of<V: Sixteen>(width: usize, x: &[f32], moments: &mut [[f32; 2]]) {
    let (count, x) = (moments.len(), x.as_ptr());
    // SAFETY: every access is sixteen floats within a row, by the caller's word.
    unsafe {
        let mut partial = [V::splat(0.0); ROWS];
        for (row, partial) in partial.iter_mut().enumerate().take(count) {
            for at in (row * width..(row + 1) * width).step_by(LANES) {
                *partial = partial.plus(V::load(x.add(at)));
            }
        }
        let means = V::sums(partial).map(|sum| sum / width as f32);
        partial = [V::splat(0.0); ROWS];
        for (row, partial) in partial.iter_mut().enumerate().take(count) {
            let mean = V::splat(means[row]);
            for at in (row * width..(row + 1) * width).step_by(LANES) {
                let centred = V::load(x.add(at)).minus(mean);
                *partial = partial.plus(centred.times(centred));
            }
        }
        let squares = V::sums(partial);
        for (row, moments) in moments.iter_mut().enumerate() {
            *moments = [means[row], 1.0 / (squares[row] / width as f32 + 1e-5).sqrt()];
        }
    }
}

/// Derivatives of [`modulated_norm_keeping`]: adds to `dx` (rows, width) and to `d_shift`, `d_scale` (width), with the bits of
/// [`modulated_norm_backward`](crate::elementwise::modulated_norm_backward).
///
/// # Panics   if x, dy, dx and the moments are not of equally many rows, or another slice is shorter than one.
pub fn modulated_norm_back(
    width: usize,
    x: &[f32],
    moments: &[[f32; 2]],
    scale: &[f32],
    dy: &[f32],
    dx: &mut [f32],
    d_shift: &mut [f32],
    d_scale: &mut [f32],
) {
    assert!(width > 0 && x.len() == width * moments.len() && dy.len() == x.len() && dx.len() == x.len(), "whole rows");
    let (scale, d_shift, d_scale) = (&scale[..width], &mut d_shift[..width], &mut d_scale[..width]);
    if !width.is_multiple_of(LANES) {
        let (mut normalised, mut scratch) = (vec![0.0; x.len()], vec![0.0; width]);
        let inverses: Vec<f32> = moments.iter().map(|[_, inverse]| *inverse).collect();
        for ((n, x), [mean, inverse]) in normalised.chunks_mut(width).zip(x.chunks(width)).zip(moments) {
            n.iter_mut().zip(x).for_each(|(n, x)| *n = (x - mean) * inverse);
        }
        modulated_norm_backward(width, dy, &normalised, &inverses, scale, dx, d_shift, d_scale, &mut scratch);
        return;
    }
    let step = ROWS * width;
    for (((x, moments), dy), dx) in
        x.chunks(step).zip(moments.chunks(ROWS)).zip(dy.chunks(step)).zip(dx.chunks_mut(step))
    {
        let rows = RowsBack { width, x, moments, scale, dy };
        // SAFETY: the set is there; x, dy and dx are as many rows as there are moments, at most 8; the others are one row.
        unsafe {
            match Isa::detected() {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => back_avx512(rows, dx, d_shift, d_scale),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => back_avx2(rows, dx, d_shift, d_scale),
                _ => back::<[f32; LANES]>(rows, dx, d_shift, d_scale),
            }
        }
    }
}

/// At most eight rows on the way back.
#[derive(Clone, Copy)]
struct RowsBack<'a> {
    width: usize,
    x: &'a [f32],
    moments: &'a [[f32; 2]],
    scale: &'a [f32],
    dy: &'a [f32],
}

/// # Safety   as [`back`], with AVX-512
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
unsafe fn back_avx512(rows: RowsBack, dx: &mut [f32], d_shift: &mut [f32], d_scale: &mut [f32]) {
    // SAFETY: handed on to the caller.
    unsafe { back::<std::arch::x86_64::__m512>(rows, dx, d_shift, d_scale) }
}

/// # Safety   as [`back`], with AVX2
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn back_avx2(rows: RowsBack, dx: &mut [f32], d_shift: &mut [f32], d_scale: &mut [f32]) {
    // SAFETY: handed on to the caller.
    unsafe { back::<[std::arch::x86_64::__m256; 2]>(rows, dx, d_shift, d_scale) }
}

/// # Safety
/// The instruction set of V must be there; x, dy and dx must hold as many rows as there are moments, at most eight, of `width`
/// floats, a multiple of sixteen, the others one.
#[inline(always)]
unsafe fn back<V: Sixteen>(rows: RowsBack, dx: &mut [f32], d_shift: &mut [f32], d_scale: &mut [f32]) {
    let RowsBack { width, x, moments, scale, dy } = rows;
    let (x, scale, dy, dx) = (x.as_ptr(), scale.as_ptr(), dy.as_ptr(), dx.as_mut_ptr());
    let (d_shift, d_scale) = (d_shift.as_mut_ptr(), d_scale.as_mut_ptr());
    // SAFETY: every access is sixteen floats within a row, by the caller's word.
    unsafe {
        let one = V::splat(1.0);
        let (mut sums, mut products) = ([V::splat(0.0); ROWS], [V::splat(0.0); ROWS]);
        for (row, [mean, inverse]) in moments.iter().enumerate() {
            let (mean, inverse) = (V::splat(*mean), V::splat(*inverse));
            for column in (0..width).step_by(LANES) {
                let at = row * width + column;
                let n = V::load(x.add(at)).minus(mean).times(inverse);
                let dn = V::load(dy.add(at)).times(one.plus(V::load(scale.add(column))));
                sums[row] = sums[row].plus(dn);
                products[row] = products[row].plus(dn.times(n));
            }
        }
        let means = V::sums(sums).map(|sum| sum / width as f32);
        let projections = V::sums(products).map(|sum| sum / width as f32);
        for column in (0..width).step_by(LANES) {
            let gain = one.plus(V::load(scale.add(column)));
            let (mut shift_sum, mut scale_sum) = (V::load(d_shift.add(column)), V::load(d_scale.add(column)));
            for (row, [mean, inverse]) in moments.iter().enumerate() {
                let at = row * width + column;
                let inverse = V::splat(*inverse);
                let n = V::load(x.add(at)).minus(V::splat(*mean)).times(inverse);
                let dy = V::load(dy.add(at));
                shift_sum = shift_sum.plus(dy);
                scale_sum = scale_sum.plus(dy.times(n));
                let dn = dy.times(gain).minus(V::splat(means[row])).minus(n.times(V::splat(projections[row])));
                V::load(dx.add(at)).plus(inverse.times(dn)).store(dx.add(at));
            }
            shift_sum.store(d_shift.add(column));
            scale_sum.store(d_scale.add(column));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elementwise::{modulated_norm, modulated_norm_backward};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn equal_bits_with_the_norm_that_can_go_back(rows in 1usize..30, lines in 1usize..9, values in prop::collection::vec(-9f32..9.0, 64)) {
            let width = 16 * lines;
            let x: Vec<f32> = (0..rows * width).map(|i| values[i % 61] + (i / 7) as f32 * 0.01).collect();
            let (shift, scale): (Vec<f32>, Vec<f32>) = (0..width).map(|i| (values[i % 53], values[i % 59] * 0.1)).unzip();
            let (mut n, mut inverse, mut expected, mut y) = (x.clone(), vec![0.0; rows], x.clone(), x.clone());
            modulated_norm(width, &x, &shift, &scale, 0, &mut n, &mut inverse, &mut expected);
            for isa in Isa::available() {
                y.fill(f32::NAN);
                modulated_norm_forward_on(isa, width, &x, &shift, &scale, &mut y);
                prop_assert_eq!(&y, &expected, "{:?}", isa);
            }
        }

        #[test]
        fn equal_bits_on_the_way_there_and_back(rows in 1usize..30, width in 1usize..100, values in prop::collection::vec(-9f32..9.0, 64)) {
            let x: Vec<f32> = (0..rows * width).map(|i| values[i % 61] + (i / 7) as f32 * 0.01).collect();
            let dy: Vec<f32> = (0..rows * width).map(|i| values[i % 47]).collect();
            let (shift, scale): (Vec<f32>, Vec<f32>) = (0..width).map(|i| (values[i % 53], values[i % 59] * 0.1)).unzip();
            let (mut n, mut inverse, mut expected, mut y) = (x.clone(), vec![0.0; rows], x.clone(), x.clone());
            modulated_norm(width, &x, &shift, &scale, 0, &mut n, &mut inverse, &mut expected);
            let mut moments = vec![[0.0; 2]; rows];
            modulated_norm_keeping(width, &x, &shift, &scale, &mut y, &mut moments);
            prop_assert_eq!(&y, &expected);
            let mut expected = [dy.clone(), scale.clone(), shift.clone(), shift.clone()];
            let mut got = expected.clone();
            let [dx, d_shift, d_scale, scratch] = &mut expected;
            modulated_norm_backward(width, &dy, &n, &inverse, &scale, dx, d_shift, d_scale, scratch);
            let [dx, d_shift, d_scale, _] = &mut got;
            modulated_norm_back(width, &x, &moments, &scale, &dy, dx, d_shift, d_scale);
            prop_assert_eq!(&got[..3], &expected[..3]);
        }
    }
}
