//! Matrix product C = A·B, after Goto & van de Geijn, "Anatomy of high-performance matrix multiplication" (2008).
//!
//! A micro-kernel keeps an MR × NR tile of C in registers. It reads A in place by its strides, and B in place where its rows
//! are contiguous; otherwise, and at the edges, panels are packed. Every element of C is the sum over k, in order, in
//! blocks of [`KC`]: the result does not depend on the other rows and columns, nor on the instruction set.

use crate::Isa;
use std::cell::RefCell;

/// Length of a block along k. One packed B panel of 256 × 32 floats is 32 KiB and stays in the L1 cache.
pub(crate) const KC: usize = 256;
/// Columns of B at a time.
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

    /// The data, and how far apart neighbours along the rows' index and along k lie in it.
    pub(crate) fn parts(&self) -> (&'a [f32], usize, usize) {
        (self.data, self.row_stride, self.column_stride)
    }

    pub(crate) fn holds(&self, rows: usize, columns: usize) -> bool {
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
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if into == Into::Replace {
            c.chunks_mut(c_stride).take(m).for_each(|row| row[..n].fill(0.0));
        }
        return;
    }
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => blocked::<Avx512Tile, 14, 32>(m, n, k, a, b, c, c_stride, into),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => blocked::<Avx2Tile, 6, 16>(m, n, k, a, b, c, c_stride, into),
        _ => blocked::<PortableTile, 4, 16>(m, n, k, a, b, c, c_stride, into),
    }
}

/// A panel of A: element (i, k) lies at `data[i · row + k · column]`.
#[derive(Clone, Copy)]
struct PanelA {
    data: *const f32,
    row: usize,
    column: usize,
}

/// A panel of B: row k lies at `data[k · row..]`, NR floats.
#[derive(Clone, Copy)]
struct PanelB {
    data: *const f32,
    row: usize,
}

/// Computes one MR × NR tile.
trait Tile<const MR: usize, const NR: usize> {
    /// `c[i][j] = or += Σ_k a[i][k] · b[k][j]`, c: rows `c_stride` apart.
    ///
    /// # Safety
    /// The instruction set must be present; `a` is readable for MR rows and `b` for NR columns, at `k` places each, by
    /// their strides; `c` is writable for MR rows of NR floats, `c_stride` apart.
    unsafe fn compute(k: usize, a: PanelA, b: PanelB, c: *mut f32, c_stride: usize, into: Into);
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
    into: Into,
) {
    PACKED.with_borrow_mut(|(packed_a, packed_b)| {
        for j0 in (0..n).step_by(NC) {
            let columns = NC.min(n - j0);
            for k0 in (0..k).step_by(KC) {
                let depth = KC.min(k - k0);
                let into = if k0 == 0 { into } else { Into::Add };
                // Columns that can be read in place; the rest is packed, zeros beyond the edge.
                let in_place = if b.column_stride == 1 { columns / NR * NR } else { 0 };
                pack::<NR>(b.transposed(), j0 + in_place, columns - in_place, k0, depth, packed_b);
                let edge = m / MR * MR;
                pack::<MR>(a, edge, m - edge, k0, depth, packed_a);
                for j in (0..columns).step_by(NR) {
                    let panel_b = if j < in_place {
                        let start = k0 * b.row_stride + j0 + j;
                        // The first element of the last row must have NR floats after it.
                        assert!(start + (depth - 1) * b.row_stride + NR <= b.data.len());
                        PanelB { data: b.data[start..].as_ptr(), row: b.row_stride }
                    } else {
                        let start = (j - in_place) * depth;
                        PanelB { data: packed_b[start..start + depth * NR].as_ptr(), row: NR }
                    };
                    for i in (0..m).step_by(MR) {
                        let panel_a = if i < edge {
                            let start = i * a.row_stride + k0 * a.column_stride;
                            let last = start + (MR - 1) * a.row_stride + (depth - 1) * a.column_stride;
                            assert!(last < a.data.len());
                            PanelA { data: a.data[start..].as_ptr(), row: a.row_stride, column: a.column_stride }
                        } else {
                            PanelA { data: packed_a[..depth * MR].as_ptr(), row: 1, column: MR }
                        };
                        let (height, width) = (MR.min(m - i), NR.min(columns - j));
                        let corner = &mut c[i * c_stride + j0 + j..];
                        tile::<T, MR, NR>(depth, panel_a, panel_b, corner, c_stride, height, width, into);
                    }
                }
            }
        }
    });
}

/// One tile, of which `height` rows and `width` columns belong to C. The panels reach as far as [`Tile::compute`] asks.
fn tile<T: Tile<MR, NR>, const MR: usize, const NR: usize>(
    depth: usize,
    a: PanelA,
    b: PanelB,
    c: &mut [f32],
    c_stride: usize,
    height: usize,
    width: usize,
    into: Into,
) {
    if height == MR && width == NR {
        assert!(c.len() >= (MR - 1) * c_stride + NR);
        // SAFETY: the panels were checked or packed by `blocked`, C just now; `gemm_on` chose an available set.
        unsafe { T::compute(depth, a, b, c.as_mut_ptr(), c_stride, into) };
        return;
    }
    let mut edge = [[0.0f32; NR]; MR];
    if into == Into::Add {
        for (r, row) in edge.iter_mut().enumerate().take(height) {
            row[..width].copy_from_slice(&c[r * c_stride..][..width]);
        }
    }
    // SAFETY: as above; `edge` is MR rows of NR floats.
    unsafe { T::compute(depth, a, b, edge.as_mut_ptr().cast(), NR, into) };
    for (r, row) in edge.iter().enumerate().take(height) {
        c[r * c_stride..][..width].copy_from_slice(&row[..width]);
    }
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

struct PortableTile;

impl<const MR: usize, const NR: usize> Tile<MR, NR> for PortableTile {
    unsafe fn compute(k: usize, a: PanelA, b: PanelB, c: *mut f32, c_stride: usize, into: Into) {
        let mut sums = [[0.0f32; NR]; MR];
        for kk in 0..k {
            // SAFETY: the caller vouches for NR floats at every k.
            let row = unsafe { std::slice::from_raw_parts(b.data.add(kk * b.row), NR) };
            for (i, sums) in sums.iter_mut().enumerate() {
                // SAFETY: i < MR and kk < k: the caller vouches for it.
                let ai = unsafe { *a.data.add(i * a.row + kk * a.column) };
                for (sum, b) in sums.iter_mut().zip(row) {
                    *sum = ai.mul_add(*b, *sum);
                }
            }
        }
        for (i, row) in sums.iter().enumerate() {
            for (j, sum) in row.iter().enumerate() {
                // SAFETY: i < MR and j < NR lie inside the tile the caller vouches for.
                unsafe {
                    let place = c.add(i * c_stride + j);
                    *place = if into == Into::Add { *place + sum } else { *sum };
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
struct Avx512Tile;

#[cfg(target_arch = "x86_64")]
impl Tile<14, 32> for Avx512Tile {
    #[target_feature(enable = "avx512f")]
    unsafe fn compute(k: usize, a: PanelA, b: PanelB, c: *mut f32, c_stride: usize, into: Into) {
        use std::arch::x86_64::*;
        let mut sums = [[_mm512_setzero_ps(); 2]; 14];
        for kk in 0..k {
            // SAFETY: kk < k; the caller vouches for 14 rows of A and 32 columns of B there.
            unsafe {
                let row = b.data.add(kk * b.row);
                let (b0, b1) = (_mm512_loadu_ps(row), _mm512_loadu_ps(row.add(16)));
                let column = a.data.add(kk * a.column);
                for (i, sum) in sums.iter_mut().enumerate() {
                    let ai = _mm512_set1_ps(*column.add(i * a.row));
                    sum[0] = _mm512_fmadd_ps(ai, b0, sum[0]);
                    sum[1] = _mm512_fmadd_ps(ai, b1, sum[1]);
                }
            }
        }
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: the caller vouches for 14 rows of 32 floats.
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
}

#[cfg(target_arch = "x86_64")]
struct Avx2Tile;

#[cfg(target_arch = "x86_64")]
impl Tile<6, 16> for Avx2Tile {
    #[target_feature(enable = "avx2,fma")]
    unsafe fn compute(k: usize, a: PanelA, b: PanelB, c: *mut f32, c_stride: usize, into: Into) {
        use std::arch::x86_64::*;
        let mut sums = [[_mm256_setzero_ps(); 2]; 6];
        for kk in 0..k {
            // SAFETY: kk < k; the caller vouches for 6 rows of A and 16 columns of B there.
            unsafe {
                let row = b.data.add(kk * b.row);
                let (b0, b1) = (_mm256_loadu_ps(row), _mm256_loadu_ps(row.add(8)));
                let column = a.data.add(kk * a.column);
                for (i, sum) in sums.iter_mut().enumerate() {
                    let ai = _mm256_set1_ps(*column.add(i * a.row));
                    sum[0] = _mm256_fmadd_ps(ai, b0, sum[0]);
                    sum[1] = _mm256_fmadd_ps(ai, b1, sum[1]);
                }
            }
        }
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: the caller vouches for 6 rows of 16 floats.
            unsafe {
                let row = c.add(i * c_stride);
                if into == Into::Add {
                    sum[0] = _mm256_add_ps(_mm256_loadu_ps(row), sum[0]);
                    sum[1] = _mm256_add_ps(_mm256_loadu_ps(row.add(8)), sum[1]);
                }
                _mm256_storeu_ps(row, sum[0]);
                _mm256_storeu_ps(row.add(8), sum[1]);
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
