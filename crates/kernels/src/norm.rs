//! Layer normalisation of many short rows: eight at a time, so that their sums do not wait for one another.

use crate::isa::Isa;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elementwise::modulated_norm;
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
    }
}
