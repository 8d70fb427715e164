//! The fast Fourier transform, radix 2, in place (Cooley & Tukey 1965).

use std::f64::consts::TAU;

/// A transform of one length, with its twiddle factors.
pub struct Fft {
    /// (cos, sin) of −2πk/n for k < n/2.
    turns: Vec<(f64, f64)>,
    length: usize,
}

impl Fft {
    /// A transform of at least `length` points: the next power of two.
    pub fn at_least(length: usize) -> Self {
        let length = length.max(2).next_power_of_two();
        let turn = |k: usize| {
            let angle = -TAU * k as f64 / length as f64;
            (angle.cos(), angle.sin())
        };
        Self { turns: (0..length / 2).map(turn).collect(), length }
    }

    /// The number of points.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Replaces real and imaginary parts by those of their transform.
    ///
    /// # Panics   unless both have [`Self::length`] points.
    pub fn transform(&self, re: &mut [f64], im: &mut [f64]) {
        assert!(re.len() == self.length && im.len() == self.length, "the transform has {} points", self.length);
        let bits = self.length.trailing_zeros();
        for i in 0..self.length {
            let mirrored = i.reverse_bits() >> (usize::BITS - bits);
            if i < mirrored {
                re.swap(i, mirrored);
                im.swap(i, mirrored);
            }
        }
        let mut half = 1;
        while half < self.length {
            let stride = self.length / (2 * half);
            for start in (0..self.length).step_by(2 * half) {
                for k in 0..half {
                    let (cos, sin) = self.turns[k * stride];
                    let (a, b) = (start + k, start + k + half);
                    let (x, y) = (re[b] * cos - im[b] * sin, re[b] * sin + im[b] * cos);
                    (re[b], im[b]) = (re[a] - x, im[a] - y);
                    (re[a], im[a]) = (re[a] + x, im[a] + y);
                }
            }
            half *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_sum_that_defines_it(values in prop::collection::vec(-1.0f64..1.0, 32)) {
            let fft = Fft::at_least(16);
            let (mut re, mut im) = (values[..16].to_vec(), values[16..].to_vec());
            fft.transform(&mut re, &mut im);
            for k in 0..16 {
                let (mut x, mut y) = (0.0, 0.0);
                for n in 0..16 {
                    let (sin, cos) = (-TAU * (k * n) as f64 / 16.0).sin_cos();
                    x += values[n] * cos - values[16 + n] * sin;
                    y += values[n] * sin + values[16 + n] * cos;
                }
                prop_assert!((re[k] - x).abs() < 1e-12 && (im[k] - y).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn lengths_are_powers_of_two() {
        assert_eq!([0, 2, 3, 1000].map(|n| Fft::at_least(n).length()), [2, 2, 4, 1024]);
    }
}
