//! Packed matrix product C = A·B, after Goto & van de Geijn, "Anatomy of high-performance matrix multiplication" (2008).
//!
//! A is packed in panels of MR rows, B in panels of NR columns; a micro-kernel keeps an MR × NR tile of C in
//! registers. Every element of C is the sum over k, in order, in blocks of [`KC`]: the result does not depend on the
//! other rows and columns, nor on the instruction set.

use crate::Isa;
use std::cell::RefCell;

/// Length of a block along k. One packed B panel of 256 × 32 floats is 32 KiB and stays in the L1 cache.
const KC: usize = 256;
/// Rows of A packed at a time (a multiple of every MR): 336 × 256 floats stay in a 1 MiB L2 cache.
const MC: usize = 336;
/// Columns of B packed at a time.
const NC: usize = 2048;

/// A read-only matrix with any strides, so that a transpose is free.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    data: &'a [f32],
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one after another, `row_stride` floats apart.
    pub fn rows(data: &'a [f32], row_stride: usize) -> Self {
        Self { data, row_stride, column_stride: 1 }
    }

    /// The same matrix read with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self { data: self.data, row_stride: self.column_stride, column_stride: self.row_stride }
    }

    fn holds(&self, rows: usize, columns: usize) -> bool {
        rows == 0 || columns == 0 || (rows - 1) * self.row_stride + (columns - 1) * self.column_stride < self.data.len()
    }
}

/// What happens to the old contents of C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Into {
    /// C = A·B
    Replace,
    /// C += A·B
    Add,
}

/// C (m × n, rows `c_stride` apart) = or += A (m × k) · B (k × n), on the detected instruction set.
///
/// # Panics   if a matrix is too short for its shape.
pub fn gemm(m: usize, n: usize, k: usize, a: Matrix, b: Matrix, c: &mut [f32], c_stride: usize, into: Into) {
    gemm_on(Isa::detected(), m, n, k, a, b, c, c_stride, into);
}

/// [`gemm`] on a chosen instruction set, which must be one of [`Isa::available`].
pub fn gemm_on(
    isa: Isa,
    m: usize,
    n: usize,
    k: usize,
    a: Matrix,
    b: Matrix,
    c: &mut [f32],
    c_stride: usize,
    into: Into,
) {
    assert!(a.holds(m, k) && b.holds(k, n), "a factor is too short for its shape");
    assert!(m == 0 || n == 0 || (n <= c_stride && (m - 1) * c_stride + n <= c.len()), "C is too short");
    if into == Into::Replace && m > 0 {
        for row in c.chunks_mut(c_stride).take(m) {
            row[..n].fill(0.0);
        }
    }
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => blocked::<Avx512Tile, 14, 32>(m, n, k, a, b, c, c_stride),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => blocked::<Avx2Tile, 6, 16>(m, n, k, a, b, c, c_stride),
        _ => blocked::<PortableTile, 4, 16>(m, n, k, a, b, c, c_stride),
    }
}

/// Computes one MR × NR tile.
trait Tile<const MR: usize, const NR: usize> {
    /// `c[i][j] += Σ_k a[k][i] · b[k][j]` with a: (k, MR), b: (k, NR) packed, c: rows `c_stride` apart.
    ///
    /// # Safety
    /// The instruction set must be present; `a` holds k·MR and `b` k·NR floats; `c` is writable for MR rows of NR
    /// floats, `c_stride` apart.
    unsafe fn accumulate(k: usize, a: *const f32, b: *const f32, c: *mut f32, c_stride: usize);
}

thread_local! {
    static PACKED: RefCell<(Vec<f32>, Vec<f32>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

fn blocked<T: Tile<MR, NR>, const MR: usize, const NR: usize>(
    m: usize,
    n: usize,
    k: usize,
    a: Matrix,
    b: Matrix,
    c: &mut [f32],
    c_stride: usize,
) {
    PACKED.with_borrow_mut(|(packed_a, packed_b)| {
        for j0 in (0..n).step_by(NC) {
            let columns = NC.min(n - j0);
            for k0 in (0..k).step_by(KC) {
                let depth = KC.min(k - k0);
                pack::<NR>(b.transposed(), j0, columns, k0, depth, packed_b);
                for i0 in (0..m).step_by(MC) {
                    let rows = MC.min(m - i0);
                    pack::<MR>(a, i0, rows, k0, depth, packed_a);
                    tiles::<T, MR, NR>(
                        rows,
                        columns,
                        depth,
                        packed_a,
                        packed_b,
                        &mut c[i0 * c_stride + j0..],
                        c_stride,
                    );
                }
            }
        }
    });
}

/// Packs `rows` rows from `row0` and `depth` columns from `column0` as panels of `R` rows: (panel, depth, R), zeros
/// beyond the last row.
fn pack<const R: usize>(matrix: Matrix, row0: usize, rows: usize, column0: usize, depth: usize, packed: &mut Vec<f32>) {
    let panels = rows.div_ceil(R);
    packed.resize(panels * depth * R, 0.0);
    for (panel, out) in packed.chunks_exact_mut(depth * R).enumerate() {
        let first = row0 + panel * R;
        let present = R.min(row0 + rows - first);
        if present < R {
            out.fill(0.0);
        }
        if matrix.row_stride == 1 {
            for (kk, slot) in out.chunks_exact_mut(R).enumerate() {
                let start = first + (column0 + kk) * matrix.column_stride;
                slot[..present].copy_from_slice(&matrix.data[start..start + present]);
            }
        } else if matrix.column_stride == 1 {
            pack_transposing::<R>(matrix, first, present, column0, depth, out);
        } else {
            for (kk, slot) in out.chunks_exact_mut(R).enumerate() {
                for (i, value) in slot[..present].iter_mut().enumerate() {
                    *value = matrix.data[(first + i) * matrix.row_stride + (column0 + kk) * matrix.column_stride];
                }
            }
        }
    }
}

/// Rows that are contiguous along k: read eight of each row at a time, so that both sides stay within few cache lines.
fn pack_transposing<const R: usize>(
    matrix: Matrix,
    first: usize,
    present: usize,
    column0: usize,
    depth: usize,
    out: &mut [f32],
) {
    const STRIP: usize = 16;
    for k0 in (0..depth).step_by(STRIP) {
        let strip = STRIP.min(depth - k0);
        for i in 0..present {
            let start = (first + i) * matrix.row_stride + column0 + k0;
            let row = &matrix.data[start..start + strip];
            for (kk, value) in row.iter().enumerate() {
                out[(k0 + kk) * R + i] = *value;
            }
        }
    }
}

fn tiles<T: Tile<MR, NR>, const MR: usize, const NR: usize>(
    rows: usize,
    columns: usize,
    depth: usize,
    packed_a: &[f32],
    packed_b: &[f32],
    c: &mut [f32],
    c_stride: usize,
) {
    let mut edge = [[0.0f32; NR]; MR];
    for (panel_b, j) in (0..columns).step_by(NR).enumerate() {
        let b = &packed_b[panel_b * depth * NR..][..depth * NR];
        for (panel_a, i) in (0..rows).step_by(MR).enumerate() {
            let a = &packed_a[panel_a * depth * MR..][..depth * MR];
            let (height, width) = (MR.min(rows - i), NR.min(columns - j));
            if height == MR && width == NR {
                let corner = &mut c[i * c_stride + j..];
                assert!(corner.len() >= (MR - 1) * c_stride + NR);
                // SAFETY: `a`, `b` and `corner` were cut to the lengths asked for; `gemm_on` chose an available set.
                unsafe { T::accumulate(depth, a.as_ptr(), b.as_ptr(), corner.as_mut_ptr(), c_stride) };
            } else {
                for (r, row) in edge.iter_mut().enumerate().take(height) {
                    row[..width].copy_from_slice(&c[(i + r) * c_stride + j..][..width]);
                }
                // SAFETY: as above; `edge` is MR rows of NR floats.
                unsafe { T::accumulate(depth, a.as_ptr(), b.as_ptr(), edge.as_mut_ptr().cast(), NR) };
                for (r, row) in edge.iter().enumerate().take(height) {
                    c[(i + r) * c_stride + j..][..width].copy_from_slice(&row[..width]);
                }
            }
        }
    }
}

struct PortableTile;

impl<const MR: usize, const NR: usize> Tile<MR, NR> for PortableTile {
    unsafe fn accumulate(k: usize, a: *const f32, b: *const f32, c: *mut f32, c_stride: usize) {
        // SAFETY: the caller vouches for these lengths.
        let (a, b) = unsafe { (std::slice::from_raw_parts(a, k * MR), std::slice::from_raw_parts(b, k * NR)) };
        let mut sums = [[0.0f32; NR]; MR];
        for (a, b) in a.chunks_exact(MR).zip(b.chunks_exact(NR)) {
            for i in 0..MR {
                for j in 0..NR {
                    sums[i][j] = a[i].mul_add(b[j], sums[i][j]);
                }
            }
        }
        for (i, row) in sums.iter().enumerate() {
            for (j, sum) in row.iter().enumerate() {
                // SAFETY: i < MR and j < NR lie inside the tile the caller vouches for.
                unsafe { *c.add(i * c_stride + j) += sum };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
struct Avx512Tile;

#[cfg(target_arch = "x86_64")]
impl Tile<14, 32> for Avx512Tile {
    #[target_feature(enable = "avx512f")]
    unsafe fn accumulate(k: usize, a: *const f32, b: *const f32, c: *mut f32, c_stride: usize) {
        use std::arch::x86_64::*;
        let mut sums = [[_mm512_setzero_ps(); 2]; 14];
        for kk in 0..k {
            // SAFETY: kk < k; the caller vouches for k·14 and k·32 floats.
            unsafe {
                let b0 = _mm512_loadu_ps(b.add(kk * 32));
                let b1 = _mm512_loadu_ps(b.add(kk * 32 + 16));
                for (i, sum) in sums.iter_mut().enumerate() {
                    let ai = _mm512_set1_ps(*a.add(kk * 14 + i));
                    sum[0] = _mm512_fmadd_ps(ai, b0, sum[0]);
                    sum[1] = _mm512_fmadd_ps(ai, b1, sum[1]);
                }
            }
        }
        for (i, sum) in sums.iter().enumerate() {
            // SAFETY: the caller vouches for 14 rows of 32 floats.
            unsafe {
                let row = c.add(i * c_stride);
                _mm512_storeu_ps(row, _mm512_add_ps(_mm512_loadu_ps(row), sum[0]));
                _mm512_storeu_ps(row.add(16), _mm512_add_ps(_mm512_loadu_ps(row.add(16)), sum[1]));
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
struct Avx2Tile;

#[cfg(target_arch = "x86_64")]
impl Tile<6, 16> for Avx2Tile {
    #[target_feature(enable = "avx2,fma")]
    unsafe fn accumulate(k: usize, a: *const f32, b: *const f32, c: *mut f32, c_stride: usize) {
        use std::arch::x86_64::*;
        let mut sums = [[_mm256_setzero_ps(); 2]; 6];
        for kk in 0..k {
            // SAFETY: kk < k; the caller vouches for k·6 and k·16 floats.
            unsafe {
                let b0 = _mm256_loadu_ps(b.add(kk * 16));
                let b1 = _mm256_loadu_ps(b.add(kk * 16 + 8));
                for (i, sum) in sums.iter_mut().enumerate() {
                    let ai = _mm256_set1_ps(*a.add(kk * 6 + i));
                    sum[0] = _mm256_fmadd_ps(ai, b0, sum[0]);
                    sum[1] = _mm256_fmadd_ps(ai, b1, sum[1]);
                }
            }
        }
        for (i, sum) in sums.iter().enumerate() {
            // SAFETY: the caller vouches for 6 rows of 16 floats.
            unsafe {
                let row = c.add(i * c_stride);
                _mm256_storeu_ps(row, _mm256_add_ps(_mm256_loadu_ps(row), sum[0]));
                _mm256_storeu_ps(row.add(8), _mm256_add_ps(_mm256_loadu_ps(row.add(8)), sum[1]));
            }
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

    fn plain(m: usize, n: usize, k: usize, a: &[f32], b: &[f32]) -> Vec<f64> {
        let mut c = vec![0.0; m * n];
        for i in 0..m {
            for j in 0..n {
                c[i * n + j] = (0..k).map(|kk| f64::from(a[i * k + kk]) * f64::from(b[kk * n + j])).sum();
            }
        }
        c
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn every_instruction_set_gives_the_same_bits_and_the_right_sum(
            m in 1usize..40, n in 1usize..70, k in 1usize..600, seed in 0u32..1000, add in any::<bool>()
        ) {
            let (a, b) = (numbers(m * k, seed), numbers(k * n, seed + 1));
            let exact = plain(m, n, k, &a, &b);
            let into = if add { Into::Add } else { Into::Replace };
            let mut results = Vec::new();
            for isa in Isa::available() {
                let mut c = vec![0.5; m * n];
                gemm_on(isa, m, n, k, Matrix::rows(&a, k), Matrix::rows(&b, n), &mut c, n, into);
                for (got, want) in c.iter().zip(&exact) {
                    let want = want + if add { 0.5 } else { 0.0 };
                    prop_assert!((f64::from(*got) - want).abs() < 1e-3, "{isa:?}: {got} for {want}");
                }
                results.push(c);
            }
            prop_assert!(results.windows(2).all(|w| w[0] == w[1]));
        }

        #[test]
        fn transposed_factors_and_a_single_row_give_the_same_bits(
            m in 1usize..30, n in 1usize..50, k in 1usize..300, seed in 0u32..1000
        ) {
            let (a, b) = (numbers(m * k, seed), numbers(k * n, seed + 1));
            let (mut at, mut bt) = (vec![0.0; m * k], vec![0.0; k * n]);
            for i in 0..m { for kk in 0..k { at[kk * m + i] = a[i * k + kk]; } }
            for kk in 0..k { for j in 0..n { bt[j * k + kk] = b[kk * n + j]; } }
            let (mut plain, mut turned, mut row) = (vec![0.0; m * n], vec![0.0; m * n], vec![0.0; n]);
            gemm(m, n, k, Matrix::rows(&a, k), Matrix::rows(&b, n), &mut plain, n, Into::Replace);
            let (at, bt) = (Matrix::rows(&at, m).transposed(), Matrix::rows(&bt, k).transposed());
            gemm(m, n, k, at, bt, &mut turned, n, Into::Replace);
            prop_assert_eq!(&plain, &turned);
            gemm(1, n, k, Matrix::rows(&a[(m - 1) * k..], k), Matrix::rows(&b, n), &mut row, n, Into::Replace);
            prop_assert_eq!(&plain[(m - 1) * n..], &row[..]);
        }
    }

    #[test]
    fn nothing_to_add_leaves_or_clears_c() {
        let mut c = vec![3.0; 4];
        gemm(2, 2, 0, Matrix::rows(&[], 0), Matrix::rows(&[], 2), &mut c, 2, Into::Add);
        assert_eq!(c, [3.0; 4]);
        gemm(2, 2, 0, Matrix::rows(&[], 0), Matrix::rows(&[], 2), &mut c, 2, Into::Replace);
        assert_eq!(c, [0.0; 4]);
    }
}
