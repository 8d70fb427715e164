//! Matrix product whose factors are rounded to bfloat16 on the way in, for training: twice the products an instruction
//! (AVX-512 BF16), sums in `f32`.
//!
//! The relative error of a factor is at most 2⁻⁹; training does not notice (docs/decisions/0006), likelihoods and composing
//! stay in [`gemm`]. Where the machine lacks the instruction this is [`gemm`].
//!
//! Two neighbours along k are one 32-bit word. A row of A is read as it lies, rounded; B is laid into panels of 32 columns,
//! once for many products if wanted ([`Rounded`]).

use crate::gemm::{Into, Matrix, gemm};
use std::cell::RefCell;

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub enum Base<'a> {
    /// Nothing.
    Nothing,
    /// What is there already.
    There,
    /// One row, for all rows of C.
    Row(&'a [f32]),
    /// Rows of their own, as far apart as those of C, and one for all where there is one: (own + row) + product.
    Rows(&'a [f32], Option<&'a [f32]>),
}

impl From<Into> for Base<'_> {
    fn from(into: Into) -> Self {
        match into {
            Into::Replace => Self::Nothing,
            Into::Add => Self::There,
        }
    }
}

/// Pairs of k at a time: a panel of B is 32 KiB.
const PAIRS: usize = 256;
/// The tile of C in registers: eleven rows, since pictures have 88.
const MR: usize = 11;
const NR: usize = 32;
/// Rows of A at a time.
const MC: usize = 40 * MR;
/// Words from one row of A to the next, for blocks of at most 32, 96 and 256 pairs: odd numbers of cache lines, so that
/// rows do not fall into the same set.
const ROWS_APART: [usize; 3] = [48, 112, 272];
/// Floats in a register.
const LANES: usize = 16;

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
    COLUMNS.with_borrow_mut(|rounded| {
        rounded.round(k, n, b);
        rounded.multiply(m, a, c, c_stride, into.into());
    });
}

thread_local! {
    static COLUMNS: RefCell<Rounded> = RefCell::new(Rounded::default());
    static ROWS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// A right factor B (k × n), rounded to bfloat16 and laid out for products: (block of k, panel of 32 columns, pair of k, column).
///
/// Only for machines where [`has_bf16`].
#[derive(Clone, Debug, Default)]
pub struct Rounded {
    k: usize,
    n: usize,
    words: Vec<u32>,
}

impl Rounded {
    /// Replaces the contents by another factor.
    ///
    /// # Panics   if B is too short for its shape, or the machine lacks the instruction.
    pub fn round(&mut self, k: usize, n: usize, b: Matrix) {
        assert!(has_bf16() && b.holds(k, n), "a factor is too short for its shape");
        (self.k, self.n) = (k, n);
        let panels = n.div_ceil(NR);
        self.words.resize(panels * k.div_ceil(2) * NR, 0);
        #[cfg(target_arch = "x86_64")]
        for k0 in (0..k).step_by(2 * PAIRS) {
            let depth = (2 * PAIRS).min(k - k0);
            let pairs = depth.div_ceil(2);
            let block = &mut self.words[k0 / 2 * panels * NR..][..panels * pairs * NR];
            for (panel, out) in block.chunks_exact_mut(pairs * NR).enumerate() {
                let (first, present) = (panel * NR, NR.min(n - panel * NR));
                let (data, along_columns, along_k) = b.transposed().parts();
                let data = &data[first * along_columns + k0 * along_k..];
                // SAFETY: `has_bf16` found the instructions.
                unsafe { x86::lay_columns(data, along_columns, along_k, present, depth, out) };
            }
        }
    }

    /// C (m × n, rows `c_stride` apart) = base + A (m × k) · this factor.
    ///
    /// # Panics   if a matrix or the base is too short for its shape.
    pub fn multiply(&self, m: usize, a: Matrix, c: &mut [f32], c_stride: usize, base: Base) {
        let (k, n) = (self.k, self.n);
        assert!(a.holds(m, k), "a factor is too short for its shape");
        assert!(m == 0 || n == 0 || (n <= c_stride && (m - 1) * c_stride + n <= c.len()), "C is too short");
        match base {
            Base::Row(row) => assert!(row.len() >= n, "the base is too short"),
            Base::Rows(own, row) => {
                assert!(own.len() >= c.len() && row.is_none_or(|row| row.len() >= n), "the base is too short");
            }
            Base::Nothing | Base::There => {}
        }
        #[cfg(target_arch = "x86_64")]
        ROWS.with_borrow_mut(|rows| {
            let panels = n.div_ceil(NR);
            for k0 in (0..k).step_by(2 * PAIRS) {
                let depth = (2 * PAIRS).min(k - k0);
                let b = &self.words[k0 / 2 * panels * NR..][..panels * depth.div_ceil(2) * NR];
                for i0 in (0..m).step_by(MC) {
                    let base = match base {
                        _ if k0 > 0 => Base::There,
                        Base::Rows(own, row) => Base::Rows(&own[i0 * c_stride..], row),
                        base => base,
                    };
                    let block = Block { rows: MC.min(m - i0), columns: n, depth, b, c_stride, base };
                    block.multiply(a, i0, k0, rows, &mut c[i0 * c_stride..]);
                }
            }
        });
    }
}

/// Some rows of C and some of k.
#[cfg(target_arch = "x86_64")]
struct Block<'a> {
    rows: usize,
    columns: usize,
    depth: usize,
    b: &'a [u32],
    c_stride: usize,
    base: Base<'a>,
}

#[cfg(target_arch = "x86_64")]
impl Block<'_> {
    /// Rounds rows `i0…` of A from `k0` on, and multiplies.
    fn multiply(&self, a: Matrix, i0: usize, k0: usize, words: &mut Vec<u32>, c: &mut [f32]) {
        let pairs = self.depth.div_ceil(2);
        let (data, along_rows, along_k) = a.parts();
        let data = &data[i0 * along_rows + k0 * along_k..];
        let panels = self.rows.div_ceil(MR);
        // Panels of eleven rows written as whole vectors reach beyond their end.
        words.resize(words.len().max(MC * ROWS_APART[2] + LANES), 0);
        if along_rows == 1 && along_k != 1 {
            for (panel, out) in (0..panels).zip((0..).step_by(pairs * MR)) {
                let present = MR.min(self.rows - panel * MR);
                let out = &mut words[out..][..pairs * MR + LANES];
                // SAFETY: `Rounded` exists where `has_bf16` only.
                unsafe { x86::lay_rows_side_by_side(&data[panel * MR..], along_k, present, self.depth, out) };
            }
            return self.tiles::<1, MR>(pairs * MR, words, c);
        }
        let apart = *ROWS_APART.iter().find(|apart| pairs + LANES <= **apart).unwrap_or(&ROWS_APART[2]);
        for (row, out) in words.chunks_exact_mut(apart).take(self.rows).enumerate() {
            let row = &data[row * along_rows..];
            if along_k == 1 {
                // SAFETY: as above.
                unsafe { x86::round_row(&row[..self.depth], out) };
            } else {
                let at = |k: usize| if k < self.depth { row[k * along_k] } else { 0.0 };
                out[..pairs].iter_mut().enumerate().for_each(|(pair, out)| *out = word(at(2 * pair), at(2 * pair + 1)));
            }
        }
        match apart {
            48 => self.tiles::<48, 1>(48 * MR, words, c),
            112 => self.tiles::<112, 1>(112 * MR, words, c),
            _ => self.tiles::<272, 1>(272 * MR, words, c),
        }
    }

    /// All tiles, with A's word of row i and pair kk of a panel at `i · ROW + kk · PAIR`, panels `panel` words apart.
    fn tiles<const ROW: usize, const PAIR: usize>(&self, panel: usize, a: &[u32], c: &mut [f32]) {
        let pairs = self.depth.div_ceil(2);
        for (j, b) in (0..self.columns).step_by(NR).zip(self.b.chunks_exact(pairs * NR)) {
            for (index, i) in (0..self.rows).step_by(MR).enumerate() {
                let a = &a[index * panel..][..(MR - 1) * ROW + (pairs - 1) * PAIR + 1];
                let (height, width) = (MR.min(self.rows - i), NR.min(self.columns - j));
                let c = &mut c[i * self.c_stride + j..];
                assert!(c.len() >= (height - 1) * self.c_stride + width);
                let from = |own: &[f32], row: Option<&[f32]>| x86::From {
                    own: own[i * self.c_stride + j..].as_ptr(),
                    row: row.map_or(std::ptr::null(), |row| row[j..].as_ptr()),
                };
                let base = match self.base {
                    Base::Nothing => x86::From { own: std::ptr::null(), row: std::ptr::null() },
                    Base::There => x86::From { own: c.as_ptr(), row: std::ptr::null() },
                    Base::Row(row) => x86::From { own: std::ptr::null(), row: row[j..].as_ptr() },
                    Base::Rows(own, row) => from(own, row),
                };
                let to = x86::To { c: c.as_mut_ptr(), c_stride: self.c_stride, height, width, base };
                // SAFETY: the words of A and B and the floats of C were just cut to these lengths, `Rounded::multiply` saw to the
                // base's, which is C itself or has C's shape; `has_bf16` was asked.
                unsafe {
                    if width > LANES {
                        x86::tile::<ROW, PAIR, 2>(pairs, a, b, to);
                    } else {
                        x86::tile::<ROW, PAIR, 1>(pairs, a, b, to);
                    }
                }
            }
        }
    }
}

/// The bits of x with the lower half rounded away to nearest even: the upper half is its bfloat16.
#[inline(always)]
fn rounded(x: f32) -> u32 {
    let bits = x.to_bits();
    bits.wrapping_add(0x7fff + ((bits >> 16) & 1))
}

/// Two neighbours along k as one word.
#[inline(always)]
fn word(first: f32, second: f32) -> u32 {
    (rounded(first) >> 16) | (rounded(second) & 0xffff_0000)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{LANES, MR, NR};
    use std::arch::x86_64::*;

    /// The first `count` of sixteen lanes.
    #[inline(always)]
    fn lanes(count: usize) -> __mmask16 {
        if count >= LANES { 0xffff } else { (1 << count) - 1 }
    }

    /// Sixteen floats from `at` on, zeros where the slice ends or after `count`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(data: &[f32], at: usize, count: usize) -> __m512 {
        let rest = data.get(at..).unwrap_or(&[]);
        // SAFETY: lanes beyond the slice are not read.
        unsafe { _mm512_maskz_loadu_ps(lanes(count.min(rest.len())), rest.as_ptr()) }
    }

    /// Sixteen words of neighbours along k, which lie side by side: 32 floats, zeros after `count`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bf16")]
    fn words_along(data: &[f32], at: usize, count: usize) -> __m512i {
        let (low, high) = (load(data, at, count), load(data, at + LANES, count.saturating_sub(LANES)));
        // SAFETY: sixteen pairs of bfloat16 are any 512 bits.
        unsafe { std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(high, low)) }
    }

    /// Sixteen words of floats at two places of k.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    fn words_across(first: __m512, second: __m512) -> __m512i {
        const WOVEN: [u16; 32] = {
            let mut woven = [0; 32];
            let mut i = 0;
            while i < 32 {
                woven[i] = (i / 2 + i % 2 * LANES) as u16;
                i += 1;
            }
            woven
        };
        // SAFETY: as above; the order is 512 bits long.
        unsafe {
            let order = _mm512_loadu_si512(WOVEN.as_ptr().cast());
            _mm512_permutexvar_epi16(
                order,
                std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(second, first)),
            )
        }
    }

    /// Rounds one row.
    ///
    /// `out` has room for as many whole vectors of words as the row needs.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    pub fn round_row(row: &[f32], out: &mut [u32]) {
        let (whole, rest) = row.as_chunks::<{ 2 * LANES }>();
        let (out, last) = out.split_at_mut(whole.len() * LANES);
        for (floats, out) in whole.iter().zip(out.chunks_exact_mut(LANES)) {
            // SAFETY: a chunk is 32 floats or sixteen words, which are any 512 bits.
            unsafe {
                let (low, high) = (_mm512_loadu_ps(floats.as_ptr()), _mm512_loadu_ps(floats[LANES..].as_ptr()));
                _mm512_storeu_si512(
                    out.as_mut_ptr().cast(),
                    std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(high, low)),
                );
            }
        }
        if !rest.is_empty() {
            // SAFETY: just cut to sixteen words.
            unsafe { _mm512_storeu_si512(last[..LANES].as_mut_ptr().cast(), words_along(rest, 0, rest.len())) };
        }
    }

    /// A panel of A whose rows are neighbours in memory: (pair of k, eleven rows).
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    pub fn lay_rows_side_by_side(data: &[f32], along_k: usize, present: usize, depth: usize, out: &mut [u32]) {
        let mask = lanes(present);
        for pair in 0..depth.div_ceil(2) {
            let first = &data[2 * pair * along_k..][..present];
            let second = if 2 * pair + 1 < depth { &data[(2 * pair + 1) * along_k..][..present] } else { &[] };
            let out = &mut out[pair * MR..][..LANES];
            // SAFETY: lanes beyond the rows that are there are not read; `out` was just cut to sixteen words.
            unsafe {
                let first = _mm512_maskz_loadu_ps(mask, first.as_ptr());
                let second = _mm512_maskz_loadu_ps(if second.is_empty() { 0 } else { mask }, second.as_ptr());
                _mm512_storeu_si512(out.as_mut_ptr().cast(), words_across(first, second));
            }
        }
    }

    /// A whole panel of B whose columns are neighbours in memory, of an even number of k.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    fn lay_whole_columns(data: &[f32], along_k: usize, out: &mut [u32]) {
        for (pair, out) in out.chunks_exact_mut(NR).enumerate() {
            let (first, second) = (&data[2 * pair * along_k..][..NR], &data[(2 * pair + 1) * along_k..][..NR]);
            for half in [0, LANES] {
                // SAFETY: half of 32 floats and words.
                unsafe {
                    let first = _mm512_loadu_ps(first[half..].as_ptr());
                    let second = _mm512_loadu_ps(second[half..].as_ptr());
                    _mm512_storeu_si512(out[half..].as_mut_ptr().cast(), words_across(first, second));
                }
            }
        }
    }

    /// A panel of B, (pair of k, 32 columns), zeros beyond the `present` ones.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    pub fn lay_columns(
        data: &[f32],
        along_columns: usize,
        along_k: usize,
        present: usize,
        depth: usize,
        out: &mut [u32],
    ) {
        if along_columns == 1 && present == NR && depth.is_multiple_of(2) {
            return lay_whole_columns(data, along_k, out);
        }
        for half in [0, LANES] {
            let present = present.saturating_sub(half);
            if along_columns == 1 {
                for (pair, out) in out.chunks_exact_mut(NR).enumerate() {
                    let first = load(data, 2 * pair * along_k + half, present);
                    let both = if 2 * pair + 1 < depth { present } else { 0 };
                    let second = load(data, (2 * pair + 1) * along_k + half, both);
                    // SAFETY: sixteen of the chunk's 32 words.
                    unsafe { _mm512_storeu_si512(out[half..].as_mut_ptr().cast(), words_across(first, second)) };
                }
            } else if along_k == 1 {
                for k in (0..depth).step_by(2 * LANES) {
                    let mut square = [_mm512_setzero_si512(); LANES];
                    for (column, words) in square.iter_mut().enumerate().take(present) {
                        *words = words_along(data, (half + column) * along_columns + k, depth - k);
                    }
                    let square = turned(square);
                    for (words, out) in square.iter().zip(out[k / 2 * NR..].chunks_exact_mut(NR)) {
                        // SAFETY: sixteen of the chunk's 32 words.
                        unsafe { _mm512_storeu_si512(out[half..].as_mut_ptr().cast(), *words) };
                    }
                }
            } else {
                for (pair, out) in out.chunks_exact_mut(NR).enumerate() {
                    for (column, out) in out[half..][..LANES].iter_mut().enumerate() {
                        let at = |k: usize| {
                            if column < present && k < depth {
                                data[(half + column) * along_columns + k * along_k]
                            } else {
                                0.0
                            }
                        };
                        *out = super::word(at(2 * pair), at(2 * pair + 1));
                    }
                }
            }
        }
    }

    /// Rows of a square of words become columns.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn turned(r: [__m512i; LANES]) -> [__m512i; LANES] {
        // No closures: they would be compiled for the least instruction set.
        let mut pairs = r;
        for i in 0..8 {
            pairs[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
            pairs[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
        }
        // fours[4 i + c]: column c of every four columns, of rows 4 i … 4 i + 3
        let mut fours = pairs;
        for i in 0..4 {
            let [a, b, c, d] = [pairs[4 * i], pairs[4 * i + 1], pairs[4 * i + 2], pairs[4 * i + 3]];
            fours[4 * i] = _mm512_unpacklo_epi64(a, c);
            fours[4 * i + 1] = _mm512_unpackhi_epi64(a, c);
            fours[4 * i + 2] = _mm512_unpacklo_epi64(b, d);
            fours[4 * i + 3] = _mm512_unpackhi_epi64(b, d);
        }
        let mut columns = fours;
        for c in 0..4 {
            let [a, b, d, e] = [fours[c], fours[4 + c], fours[8 + c], fours[12 + c]];
            let (ab_even, ab_odd) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xdd>(a, b));
            let (de_even, de_odd) = (_mm512_shuffle_i32x4::<0x88>(d, e), _mm512_shuffle_i32x4::<0xdd>(d, e));
            columns[c] = _mm512_shuffle_i32x4::<0x88>(ab_even, de_even);
            columns[4 + c] = _mm512_shuffle_i32x4::<0x88>(ab_odd, de_odd);
            columns[8 + c] = _mm512_shuffle_i32x4::<0xdd>(ab_even, de_even);
            columns[12 + c] = _mm512_shuffle_i32x4::<0xdd>(ab_odd, de_odd);
        }
        columns
    }

    /// What a tile is added to, and where it goes.
    #[derive(Clone, Copy)]
    pub struct To {
        pub c: *mut f32,
        /// From one row of C, and of the base's own rows, to the next.
        pub c_stride: usize,
        /// Rows that belong to C.
        pub height: usize,
        /// Columns that belong to C.
        pub width: usize,
        pub base: From,
    }

    /// Rows of their own and one for all, each null where there is none.
    #[derive(Clone, Copy)]
    pub struct From {
        pub own: *const f32,
        pub row: *const f32,
    }

    /// `c[i][j] = base + Σ a[i][k] · b[k][j]` over `pairs` pairs of k, for V · 16 columns of a panel, and eleven rows.
    ///
    /// # Safety
    /// AVX-512 BF16 must be present; `a` holds a word at `i · ROW + kk · PAIR` for every row and pair, `b` 32 words a pair; C is
    /// writable, and what there is of the base readable, for `height` rows of `width` floats, with width ≤ 16 V.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    pub unsafe fn tile<const ROW: usize, const PAIR: usize, const V: usize>(
        pairs: usize,
        a: &[u32],
        b: &[u32],
        to: To,
    ) {
        let (a, b) = (a.as_ptr(), b.as_ptr());
        let mut sums = [[_mm512_setzero_ps(); V]; MR];
        for kk in 0..pairs {
            // SAFETY: kk < pairs; the caller vouches for the words. A vector of bf16 pairs is any 512 bits.
            unsafe {
                let mut columns = [_mm512_setzero_si512(); V];
                for (v, columns) in columns.iter_mut().enumerate() {
                    *columns = _mm512_loadu_si512(b.add(kk * NR + v * LANES).cast());
                }
                for (i, sums) in sums.iter_mut().enumerate() {
                    let ai: __m512bh =
                        std::mem::transmute(_mm512_set1_epi32(*a.add(kk * PAIR + i * ROW).cast::<i32>()));
                    for (sum, columns) in sums.iter_mut().zip(columns) {
                        *sum = _mm512_dpbf16_ps(*sum, ai, std::mem::transmute::<__m512i, __m512bh>(columns));
                    }
                }
            }
        }
        let To { c, c_stride, height, width, base } = to;
        for v in 0..V {
            let mask = lanes(width.saturating_sub(v * LANES));
            // SAFETY: only lanes within the width, of a row that is there.
            let row = unsafe {
                if base.row.is_null() {
                    _mm512_setzero_ps()
                } else {
                    _mm512_maskz_loadu_ps(mask, base.row.add(v * LANES))
                }
            };
            for (i, sums) in sums.iter().enumerate() {
                if i == height {
                    break;
                }
                // SAFETY: row i < height, and only lanes within the width.
                unsafe {
                    let at = i * c_stride + v * LANES;
                    let mut value = sums[v];
                    if !base.own.is_null() {
                        let own = _mm512_maskz_loadu_ps(mask, base.own.add(at));
                        value = _mm512_add_ps(if base.row.is_null() { own } else { _mm512_add_ps(own, row) }, value);
                    } else if !base.row.is_null() {
                        value = _mm512_add_ps(row, value);
                    }
                    _mm512_mask_storeu_ps(c.add(at), mask, value);
                }
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
