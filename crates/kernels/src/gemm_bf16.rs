//! Matrix product whose factors are rounded to bfloat16 on the way in, for training: twice the products an instruction
//! (AVX-512 BF16), sums in `f32`.
//!
//! The relative error of a factor is at most 2⁻⁹; training does not notice (docs/decisions/0006), likelihoods and composing
//! stay in [`gemm`]. Where the machine lacks the instruction this is [`gemm`].

use crate::gemm::{Into, Matrix, gemm};
use std::cell::RefCell;

/// Pairs of k at a time: a packed panel of B is 32 KiB.
const PAIRS: usize = 256;
/// Rows of A at a time.
const MC: usize = 448;
/// Columns of B at a time.
const NC: usize = 2048;
/// The tile of C in registers.
const MR: usize = 14;
const NR: usize = 32;

/// True where [`gemm_bf16`] rounds; elsewhere it is [`gemm`].
pub fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        crate::Isa::detected() == crate::Isa::Avx512 && is_x86_feature_detected!("avx512bf16")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// As [`gemm`], with A and B rounded to bfloat16 where [`has_bf16`].
///
/// # Panics   if a matrix is too short for its shape.
pub fn gemm_bf16(m: usize, n: usize, k: usize, a: Matrix, b: Matrix, c: &mut [f32], c_stride: usize, into: Into) {
    if !has_bf16() || m == 0 || n == 0 || k == 0 {
        return gemm(m, n, k, a, b, c, c_stride, into);
    }
    assert!(a.holds(m, k) && b.holds(k, n), "a factor is too short for its shape");
    assert!(n <= c_stride && (m - 1) * c_stride + n <= c.len(), "C is too short");
    #[cfg(target_arch = "x86_64")]
    BUFFERS.with_borrow_mut(|(packed_a, packed_b)| {
        for j0 in (0..n).step_by(NC) {
            let columns = NC.min(n - j0);
            for k0 in (0..k).step_by(2 * PAIRS) {
                let depth = (2 * PAIRS).min(k - k0);
                let into = if k0 == 0 { into } else { Into::Add };
                pack::<NR>(b.transposed(), j0, columns, k0, depth, packed_b);
                for i0 in (0..m).step_by(MC) {
                    let rows = MC.min(m - i0);
                    pack::<MR>(a, i0, rows, k0, depth, packed_a);
                    let corner = &mut c[i0 * c_stride + j0..];
                    tiles(rows, columns, depth.div_ceil(2), packed_a, packed_b, corner, c_stride, into);
                }
            }
        }
    });
}

thread_local! {
    static BUFFERS: RefCell<(Vec<u32>, Vec<u32>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// The bits of x with the lower half rounded away to nearest even: the upper half is its bfloat16.
#[inline(always)]
fn rounded(x: f32) -> u32 {
    let bits = x.to_bits();
    bits.wrapping_add(0x7fff + ((bits >> 16) & 1))
}

/// Two neighbours along k as one word.
#[inline(always)]
fn pair(first: f32, second: f32) -> u32 {
    (rounded(first) >> 16) | (rounded(second) & 0xffff_0000)
}

/// Packs rows `row0…` of a matrix as panels of `R` rows: (panel, pair of k, R) words, zeros beyond the edge.
fn pack<const R: usize>(matrix: Matrix, row0: usize, rows: usize, k0: usize, depth: usize, packed: &mut Vec<u32>) {
    let pairs = depth.div_ceil(2);
    packed.resize(rows.div_ceil(R) * pairs * R, 0);
    for (panel, out) in packed.chunks_exact_mut(pairs * R).enumerate() {
        let first = row0 + panel * R;
        let present = R.min(row0 + rows - first);
        if present < R || depth % 2 == 1 {
            out.fill(0);
        }
        let (data, along_rows, along_k) = matrix.parts();
        let start = first * along_rows + k0 * along_k;
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `gemm_bf16` got here because `has_bf16` found AVX-512.
        unsafe {
            if along_rows == 1 && present == R {
                pack_interleaving::<R>(&data[start..], along_k, depth, out);
            } else {
                pack_any::<R>(&data[start..], along_rows, along_k, present, depth, out);
            }
        }
    }
}

/// Whole panels whose rows are neighbours in memory: two stretches of R floats become R words.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn pack_interleaving<const R: usize>(data: &[f32], along_k: usize, depth: usize, out: &mut [u32]) {
    for (kk, slot) in out.chunks_exact_mut(R).enumerate() {
        let first = &data[2 * kk * along_k..][..R];
        if 2 * kk + 1 < depth {
            let second = &data[(2 * kk + 1) * along_k..][..R];
            for ((word, a), b) in slot.iter_mut().zip(first).zip(second) {
                *word = pair(*a, *b);
            }
        } else {
            for (word, a) in slot.iter_mut().zip(first) {
                *word = pair(*a, 0.0);
            }
        }
    }
}

/// Any panel, a row at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn pack_any<const R: usize>(
    data: &[f32],
    along_rows: usize,
    along_k: usize,
    present: usize,
    depth: usize,
    out: &mut [u32],
) {
    let mut words = [0u32; PAIRS];
    for i in 0..present {
        let row = &data[i * along_rows..];
        if along_k == 1 {
            for (word, x) in words.iter_mut().zip(row[..depth].chunks_exact(2)) {
                *word = pair(x[0], x[1]);
            }
        } else {
            for (kk, word) in words[..depth / 2].iter_mut().enumerate() {
                *word = pair(row[2 * kk * along_k], row[(2 * kk + 1) * along_k]);
            }
        }
        if depth % 2 == 1 {
            words[depth / 2] = pair(row[(depth - 1) * along_k], 0.0);
        }
        for (slot, word) in out.chunks_exact_mut(R).zip(&words) {
            slot[i] = *word;
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn tiles(
    rows: usize,
    columns: usize,
    pairs: usize,
    packed_a: &[u32],
    packed_b: &[u32],
    c: &mut [f32],
    c_stride: usize,
    into: Into,
) {
    let mut edge = [[0.0f32; NR]; MR];
    for (panel_b, j) in (0..columns).step_by(NR).enumerate() {
        let b = &packed_b[panel_b * pairs * NR..][..pairs * NR];
        for (panel_a, i) in (0..rows).step_by(MR).enumerate() {
            let a = &packed_a[panel_a * pairs * MR..][..pairs * MR];
            let (height, width) = (MR.min(rows - i), NR.min(columns - j));
            if height == MR && width == NR {
                let corner = &mut c[i * c_stride + j..];
                assert!(corner.len() >= (MR - 1) * c_stride + NR);
                // SAFETY: `a`, `b` and `corner` were cut to the lengths asked for; `has_bf16` was asked.
                unsafe { compute(pairs, a.as_ptr(), b.as_ptr(), corner.as_mut_ptr(), c_stride, into) };
                continue;
            }
            if into == Into::Add {
                for (r, row) in edge.iter_mut().enumerate().take(height) {
                    row[..width].copy_from_slice(&c[(i + r) * c_stride + j..][..width]);
                }
            }
            // SAFETY: as above; `edge` is MR rows of NR floats.
            unsafe { compute(pairs, a.as_ptr(), b.as_ptr(), edge.as_mut_ptr().cast(), NR, into) };
            for (r, row) in edge.iter().enumerate().take(height) {
                c[(i + r) * c_stride + j..][..width].copy_from_slice(&row[..width]);
            }
        }
    }
}

/// `c[i][j] = or += Σ a[i][k] · b[k][j]` over `pairs` pairs of k.
///
/// # Safety
/// AVX-512 BF16 must be present; `a` holds pairs·MR and `b` pairs·NR words; `c` is writable for MR rows of NR floats,
/// `c_stride` apart.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn compute(pairs: usize, a: *const u32, b: *const u32, c: *mut f32, c_stride: usize, into: Into) {
    use std::arch::x86_64::*;
    let mut sums = [[_mm512_setzero_ps(); 2]; MR];
    for kk in 0..pairs {
        // SAFETY: kk < pairs; the caller vouches for the words. A vector of bf16 pairs is any 512 bits.
        unsafe {
            let load = |at: usize| -> __m512bh { std::mem::transmute(_mm512_loadu_si512(b.add(at).cast())) };
            let (b0, b1) = (load(kk * NR), load(kk * NR + 16));
            for (i, sum) in sums.iter_mut().enumerate() {
                let ai: __m512bh = std::mem::transmute(_mm512_set1_epi32(*a.add(kk * MR + i).cast::<i32>()));
                sum[0] = _mm512_dpbf16_ps(sum[0], ai, b0);
                sum[1] = _mm512_dpbf16_ps(sum[1], ai, b1);
            }
        }
    }
    for (i, sum) in sums.iter_mut().enumerate() {
        // SAFETY: the caller vouches for MR rows of NR floats.
        unsafe {
            let row = c.add(i * c_stride);
            if into == Into::Add {
                sum[0] = _mm512_add_ps(_mm512_loadu_ps(row), sum[0]);
                sum[1] = _mm512_add_ps(_mm512_loadu_ps(row.add(16)), sum[1]);
            }
            _mm512_storeu_ps(row, sum[0]);
            _mm512_storeu_ps(row.add(16), sum[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(n: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    #[test]
    fn rounding_goes_to_the_nearest_even() {
        // bfloat16 has 8 bits of significand: 1 + 2⁻⁸ lies half-way between 1 and 1 + 2⁻⁷.
        let upper = |x: f32| f32::from_bits(rounded(x) & 0xffff_0000);
        assert_eq!(upper(1.0 + 1.0 / 256.0), 1.0);
        assert_eq!(upper(1.0 + 3.0 / 256.0), 1.0 + 4.0 / 256.0);
        assert_eq!(upper(-1.0 - 1.1 / 256.0), -1.0 - 2.0 / 256.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_product_of_rounded_factors_in_every_orientation(
            m in 1usize..40, n in 1usize..70, k in 1usize..1100, seed in 0u32..1000, turned in 0usize..4, add in any::<bool>()
        ) {
            let round = |x: Vec<f32>| -> Vec<f32> {
                if has_bf16() { x.iter().map(|x| f32::from_bits(rounded(*x) & 0xffff_0000)).collect() } else { x }
            };
            let (a, b) = (round(numbers(m * k, seed)), round(numbers(k * n, seed + 1)));
            let a_matrix = if turned & 1 == 0 { Matrix::rows(&a, k) } else { Matrix::rows(&a, m).transposed() };
            let b_matrix = if turned & 2 == 0 { Matrix::rows(&b, n) } else { Matrix::rows(&b, k).transposed() };
            let into = if add { Into::Add } else { Into::Replace };
            let (mut exact, mut got) = (vec![0.5; m * n], vec![0.5; m * n]);
            gemm(m, n, k, a_matrix, b_matrix, &mut exact, n, into);
            gemm_bf16(m, n, k, a_matrix, b_matrix, &mut got, n, into);
            for (got, exact) in got.iter().zip(&exact) {
                prop_assert!((got - exact).abs() < 1e-3, "{got} for {exact}");
            }
        }
    }
}
