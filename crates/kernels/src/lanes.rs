//! Sixteen floats in registers, on each instruction set: what the kernels that are written once are written over.
//!
//! Every operation rounds exactly as its scalar counterpart, so a kernel over [`Sixteen`] gives the same bits whichever
//! implementation it runs on.

/// Sixteen floats side by side.
///
/// # Safety
/// Every function needs the instruction set of its implementation to be present; pointers need not be aligned.
pub(crate) trait Sixteen: Copy {
    /// Reads sixteen floats, all of which must be readable.
    unsafe fn load(at: *const f32) -> Self;
    /// Reads eight floats here and eight there.
    unsafe fn load_halves(low: *const f32, high: *const f32) -> Self;
    /// Sixteen times x.
    unsafe fn splat(x: f32) -> Self;
    /// Writes sixteen floats, all of which must be writable.
    unsafe fn store(self, at: *mut f32);
    /// Writes eight floats here and eight there.
    unsafe fn store_halves(self, low: *mut f32, high: *mut f32);
    /// self + other
    unsafe fn plus(self, other: Self) -> Self;
    /// self − other
    unsafe fn minus(self, other: Self) -> Self;
    /// self · other
    unsafe fn times(self, other: Self) -> Self;
    /// The sum of each row's sixteen floats, added up from first to last.
    unsafe fn sums(rows: [Self; 8]) -> [f32; 8];
    /// self · factor + term, rounded once
    unsafe fn fused(self, factor: Self, term: Self) -> Self;
    /// max(self, 0); 0 for NaN
    unsafe fn positive(self) -> Self;
}

impl Sixteen for [f32; 16] {
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: the caller vouches for sixteen readable floats; arrays of floats have no stricter alignment.
        unsafe { at.cast::<Self>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_halves(low: *const f32, high: *const f32) -> Self {
        let mut whole = [0.0; 16];
        // SAFETY: the caller vouches for eight readable floats at either place.
        unsafe {
            whole[..8].copy_from_slice(&low.cast::<[f32; 8]>().read_unaligned());
            whole[8..].copy_from_slice(&high.cast::<[f32; 8]>().read_unaligned());
        }
        whole
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        [x; 16]
    }

    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        // SAFETY: the caller vouches for sixteen writable floats.
        unsafe { at.cast::<Self>().write_unaligned(self) }
    }

    #[inline(always)]
    unsafe fn store_halves(self, low: *mut f32, high: *mut f32) {
        for i in 0..8 {
            // SAFETY: the caller vouches for eight writable floats at either place.
            unsafe {
                *low.add(i) = self[i];
                *high.add(i) = self[8 + i];
            }
        }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] + other[i])
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] - other[i])
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] * other[i])
    }

    #[inline(always)]
    unsafe fn sums(rows: [Self; 8]) -> [f32; 8] {
        rows.map(|row| row[1..].iter().fold(row[0], |sum, x| sum + x))
    }

    #[inline(always)]
    unsafe fn fused(self, factor: Self, term: Self) -> Self {
        std::array::from_fn(|i| self[i].mul_add(factor[i], term[i]))
    }

    #[inline(always)]
    unsafe fn positive(self) -> Self {
        self.map(|x| x.max(0.0))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Sixteen;
    use std::arch::x86_64::*;

    // Every block below: the caller vouches for the instruction set and for the floats at the pointers.

    impl Sixteen for __m512 {
        #[inline(always)]
        unsafe fn load(at: *const f32) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { _mm512_loadu_ps(at) }
        }

        #[inline(always)]
        unsafe fn load_halves(low: *const f32, high: *const f32) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { _mm512_insertf32x8::<1>(_mm512_castps256_ps512(_mm256_loadu_ps(low)), _mm256_loadu_ps(high)) }
        }

        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { _mm512_set1_ps(x) }
        }

        #[inline(always)]
        unsafe fn store(self, at: *mut f32) {
            // SAFETY: by the trait's contract.
            unsafe { _mm512_storeu_ps(at, self) }
        }

        #[inline(always)]
        unsafe fn store_halves(self, low: *mut f32, high: *mut f32) {
            // SAFETY: by the trait's contract.
            unsafe {
                _mm256_storeu_ps(low, _mm512_castps512_ps256(self));
                _mm256_storeu_ps(high, _mm512_extractf32x8_ps::<1>(self));
            }
        }

        #[inline(always)]
        unsafe fn plus(self, other: Self) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { _mm512_add_ps(self, other) }
        }

        #[inline(always)]
        unsafe fn minus(self, other: Self) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { _mm512_sub_ps(self, other) }
        }

        #[inline(always)]
        unsafe fn times(self, other: Self) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { _mm512_mul_ps(self, other) }
        }

        #[inline(always)]
        unsafe fn sums(rows: [Self; 8]) -> [f32; 8] {
            // SAFETY: by the trait's contract.
            unsafe {
                let mut halves = [[_mm256_setzero_ps(); 2]; 8];
                for i in 0..8 {
                    halves[i] = [_mm512_castps512_ps256(rows[i]), _mm512_extractf32x8_ps::<1>(rows[i])];
                }
                sums_of_halves(halves)
            }
        }

        #[inline(always)]
        unsafe fn fused(self, factor: Self, term: Self) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { _mm512_fmadd_ps(self, factor, term) }
        }

        #[inline(always)]
        unsafe fn positive(self) -> Self {
            // SAFETY: by the trait's contract. The second operand is the answer for NaN.
            unsafe { _mm512_max_ps(self, _mm512_setzero_ps()) }
        }
    }

    impl Sixteen for [__m256; 2] {
        #[inline(always)]
        unsafe fn load(at: *const f32) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { [_mm256_loadu_ps(at), _mm256_loadu_ps(at.add(8))] }
        }

        #[inline(always)]
        unsafe fn load_halves(low: *const f32, high: *const f32) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { [_mm256_loadu_ps(low), _mm256_loadu_ps(high)] }
        }

        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { [_mm256_set1_ps(x); 2] }
        }

        #[inline(always)]
        unsafe fn store(self, at: *mut f32) {
            // SAFETY: by the trait's contract.
            unsafe {
                _mm256_storeu_ps(at, self[0]);
                _mm256_storeu_ps(at.add(8), self[1]);
            }
        }

        #[inline(always)]
        unsafe fn store_halves(self, low: *mut f32, high: *mut f32) {
            // SAFETY: by the trait's contract.
            unsafe {
                _mm256_storeu_ps(low, self[0]);
                _mm256_storeu_ps(high, self[1]);
            }
        }

        #[inline(always)]
        unsafe fn plus(self, other: Self) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { [_mm256_add_ps(self[0], other[0]), _mm256_add_ps(self[1], other[1])] }
        }

        #[inline(always)]
        unsafe fn minus(self, other: Self) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { [_mm256_sub_ps(self[0], other[0]), _mm256_sub_ps(self[1], other[1])] }
        }

        #[inline(always)]
        unsafe fn times(self, other: Self) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { [_mm256_mul_ps(self[0], other[0]), _mm256_mul_ps(self[1], other[1])] }
        }

        #[inline(always)]
        unsafe fn sums(rows: [Self; 8]) -> [f32; 8] {
            // SAFETY: by the trait's contract.
            unsafe { sums_of_halves(rows) }
        }

        #[inline(always)]
        unsafe fn fused(self, factor: Self, term: Self) -> Self {
            // SAFETY: by the trait's contract.
            unsafe { [_mm256_fmadd_ps(self[0], factor[0], term[0]), _mm256_fmadd_ps(self[1], factor[1], term[1])] }
        }

        #[inline(always)]
        unsafe fn positive(self) -> Self {
            // SAFETY: by the trait's contract. The second operand is the answer for NaN.
            unsafe { [_mm256_max_ps(self[0], _mm256_setzero_ps()), _mm256_max_ps(self[1], _mm256_setzero_ps())] }
        }
    }

    /// The sum of each row, first to last: columns become vectors, which are added up.
    #[inline(always)]
    unsafe fn sums_of_halves(rows: [[__m256; 2]; 8]) -> [f32; 8] {
        // SAFETY: by the trait's contract; an array of eight floats is writable.
        unsafe {
            let (mut low, mut high) = ([_mm256_setzero_ps(); 8], [_mm256_setzero_ps(); 8]);
            for i in 0..8 {
                (low[i], high[i]) = (rows[i][0], rows[i][1]);
            }
            let (low, high) = (turned(low), turned(high));
            let mut sum = low[0];
            for column in low[1..].iter().chain(&high) {
                sum = _mm256_add_ps(sum, *column);
            }
            let mut sums = [0.0; 8];
            _mm256_storeu_ps(sums.as_mut_ptr(), sum);
            sums
        }
    }

    /// Rows of a square become columns.
    #[inline(always)]
    unsafe fn turned(r: [__m256; 8]) -> [__m256; 8] {
        // SAFETY: by the trait's contract.
        unsafe {
            // No closures: they would be compiled for the least instruction set.
            let mut pairs = r;
            for i in 0..4 {
                pairs[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
                pairs[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
            }
            let mut fours = pairs;
            for i in 0..2 {
                let [a, b, c, d] = [pairs[4 * i], pairs[4 * i + 1], pairs[4 * i + 2], pairs[4 * i + 3]];
                fours[4 * i] = _mm256_shuffle_ps::<0x44>(a, c);
                fours[4 * i + 1] = _mm256_shuffle_ps::<0xEE>(a, c);
                fours[4 * i + 2] = _mm256_shuffle_ps::<0x44>(b, d);
                fours[4 * i + 3] = _mm256_shuffle_ps::<0xEE>(b, d);
            }
            let mut columns = fours;
            for i in 0..4 {
                columns[i] = _mm256_permute2f128_ps::<0x20>(fours[i], fours[4 + i]);
                columns[4 + i] = _mm256_permute2f128_ps::<0x31>(fours[i], fours[4 + i]);
            }
            columns
        }
    }
}
