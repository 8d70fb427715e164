//! The discrete Fourier transform of real numbers, and its way back.
//!
//! X_k = Σ_n x_n·e^{−2πikn/N}. Cooley & Tukey 1965, radix 2, on N/2 complex numbers that hold two real ones each (Press et al. 2007,
//! "Numerical Recipes", §12.3). Written here because a general library takes longer to build than the whole crate, and two lengths are
//! all that is needed.

use std::ops::{Add, Mul, Sub};

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex {
    /// Real part.
    pub re: f32,
    /// Imaginary part.
    pub im: f32,
}

impl Complex {
    /// The number mirrored at the real axis.
    pub fn conjugate(self) -> Self {
        Self { re: self.re, im: -self.im }
    }

    /// The square of its distance from 0.
    pub fn norm_squared(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    fn times_i(self) -> Self {
        Self { re: -self.im, im: self.re }
    }

    fn scaled(self, by: f32) -> Self {
        Self { re: by * self.re, im: by * self.im }
    }
}

impl Add for Complex {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }
}

impl Sub for Complex {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }
}

impl Mul for Complex {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }
}

/// The tables for one length.
pub struct RealFft {
    /// N/2.
    half: usize,
    /// e^{−2πik/N} for k ≤ N/2.
    turns: Vec<Complex>,
    /// Where each of the N/2 numbers begins.
    reversed: Vec<u32>,
    work: Vec<Complex>,
}

impl RealFft {
    /// For `length` numbers, which is raised to a power of two of at least 4.
    pub fn new(length: usize) -> Self {
        let half = length.max(4).next_power_of_two() / 2;
        let angle = |k: usize| -std::f64::consts::PI * k as f64 / half as f64;
        let turn = |k: usize| Complex { re: angle(k).cos() as f32, im: angle(k).sin() as f32 };
        let bits = half.trailing_zeros();
        let reversed = (0..half as u32).map(|i| i.reverse_bits() >> (u32::BITS - bits)).collect();
        Self { half, turns: (0..=half).map(turn).collect(), reversed, work: vec![Complex::default(); half] }
    }

    /// X_0 … X_{N/2} of `input`, whose missing numbers are 0 and whose numbers beyond N are not looked at.
    pub fn forward(&mut self, input: &[f32], spectrum: &mut Vec<Complex>) {
        let at = |i: usize| input.get(i).copied().unwrap_or(0.0);
        for (k, &from) in self.reversed.iter().enumerate() {
            let from = 2 * from as usize;
            self.work[k] = Complex { re: at(from), im: at(from + 1) };
        }
        self.butterflies();
        spectrum.clear();
        spectrum.extend((0..=self.half).map(|k| {
            let (z, mirrored) = (self.work[k % self.half], self.work[(self.half - k) % self.half].conjugate());
            let (even, odd) = ((z + mirrored).scaled(0.5), (mirrored - z).times_i().scaled(0.5));
            even + self.turns[k] * odd
        }));
    }

    /// The numbers whose transform begins with `spectrum`, N/2 + 1 long (missing ones are 0).
    pub fn backward(&mut self, spectrum: &[Complex], output: &mut Vec<f32>) {
        let at = |k: usize| spectrum.get(k).copied().unwrap_or_default();
        // The way back is the way there with the imaginary axis turned round, before and after.
        for (k, &from) in self.reversed.iter().enumerate() {
            let from = from as usize;
            let (x, mirrored) = (at(from), at(self.half - from).conjugate());
            let (even, odd) = (x + mirrored, (x - mirrored) * self.turns[from].conjugate());
            self.work[k] = (even + odd.times_i()).conjugate();
        }
        self.butterflies();
        let scale = 0.5 / self.half as f32;
        output.clear();
        output.extend(self.work.iter().flat_map(|z| [scale * z.re, -scale * z.im]));
    }

    /// From bit-reversed order into transformed order.
    fn butterflies(&mut self) {
        let mut size = 2;
        while size <= self.half {
            let stride = 2 * self.half / size;
            for block in self.work.chunks_exact_mut(size) {
                let (low, high) = block.split_at_mut(size / 2);
                let turns = self.turns.iter().step_by(stride);
                for ((a, b), &turn) in low.iter_mut().zip(high).zip(turns) {
                    let turned = turn * *b;
                    (*a, *b) = (*a + turned, *a - turned);
                }
            }
            size *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize) -> Vec<f32> {
        (0..count as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
    }

    #[test]
    fn the_transform_is_the_sum_by_hand() {
        for length in [4, 8, 64] {
            let (x, mut spectrum) = (noise(length), Vec::new());
            RealFft::new(length).forward(&x, &mut spectrum);
            assert_eq!(spectrum.len(), length / 2 + 1);
            for (k, found) in spectrum.iter().enumerate() {
                let angle = |n: usize| -std::f64::consts::TAU * (k * n) as f64 / length as f64;
                let re: f64 = x.iter().enumerate().map(|(n, &x)| f64::from(x) * angle(n).cos()).sum();
                let im: f64 = x.iter().enumerate().map(|(n, &x)| f64::from(x) * angle(n).sin()).sum();
                assert!((f64::from(found.re) - re).abs() < 1e-4 && (f64::from(found.im) - im).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn there_and_back_is_identity() {
        for length in [4, 16, 2_048] {
            let (mut fft, x) = (RealFft::new(length), noise(length));
            let (mut spectrum, mut back) = (Vec::new(), Vec::new());
            fft.forward(&x, &mut spectrum);
            fft.backward(&spectrum, &mut back);
            assert_eq!(back.len(), length);
            assert!(x.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn lengths_are_powers_of_two_and_short_input_is_filled_with_silence() {
        let halves = [0, 1, 4, 5, 1_024].map(|n| RealFft::new(n).half);
        assert_eq!(halves, [2, 2, 2, 4, 512]);
        let mut spectrum = Vec::new();
        RealFft::new(8).forward(&[1.0], &mut spectrum);
        assert!(spectrum.iter().all(|x| *x == Complex { re: 1.0, im: 0.0 }));
        RealFft::new(8).forward(&[], &mut spectrum);
        assert!(spectrum.iter().all(|x| x.norm_squared() == 0.0));
    }
}
