//! Random numbers by address: the n-th number of a stream is computed, not remembered.
//!
//! Philox-4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). Because a number depends only on
//! (seed, streams, counter), a piece is the same in any batch, on any number of threads and on any machine.
//!
//! ```
//! use aeolian_diffusion::Noise;
//! let noise = Noise::new(17).stream(3);
//! let mut three = [0.0; 3];
//! noise.fill_normal(&mut three, 10);
//! assert_eq!(three[2], noise.normal(12));
//! ```

use aeolian_kernels::noise::{self, normal_of_word, philox, uniform_of_word};

/// An endless, randomly addressable sequence of independent numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    key: [u32; 2],
}

/// Marks the counters that name streams, so that no number of a sequence is also a key.
const STREAM_MARK: u32 = 0x5354_524D;

impl Noise {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32] }
    }

    /// An independent sequence for one purpose (or item, or step); streams of streams are fine.
    pub fn stream(self, purpose: u64) -> Self {
        let [a, b, ..] = self.keyed([purpose as u32, (purpose >> 32) as u32, STREAM_MARK, 0]);
        Self { key: [a, b] }
    }

    /// The 32 random bits at `counter`.
    pub fn bits(self, counter: u64) -> u32 {
        self.four(counter / 4)[(counter % 4) as usize]
    }

    /// Uniform in the open interval (0, 1), a multiple of 2⁻³³.
    pub fn uniform(self, counter: u64) -> f64 {
        uniform_of_word(self.bits(counter))
    }

    /// Standard normal, within ±6.4.
    pub fn normal(self, counter: u64) -> f32 {
        normal_of_word(self.bits(counter))
    }

    /// Writes the standard normals at `first`, `first + 1`, …
    pub fn fill_normal(self, out: &mut [f32], first: u64) {
        noise::fill_normals(self.key, first, out);
    }

    /// Writes the random bits at `first`, `first + 1`, …
    pub fn fill_bits(self, out: &mut [u32], first: u64) {
        noise::fill_words(self.key, first, out);
    }

    /// Writes the uniforms at `first`, `first + 1`, …
    pub fn fill_uniform(self, out: &mut [f64], first: u64) {
        for (i, value) in out.iter_mut().enumerate() {
            *value = self.uniform(first + i as u64);
        }
    }

    fn four(self, block: u64) -> [u32; 4] {
        self.keyed([block as u32, (block >> 32) as u32, 0, 0])
    }

    fn keyed(self, counter: [u32; 4]) -> [u32; 4] {
        philox(counter.map(|word| [word]), self.key).map(|[word]| word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_depends_only_on_its_address() {
        let noise = Noise::new(5).stream(9);
        let mut whole = [0.0; 40];
        noise.fill_normal(&mut whole, 0);
        for first in 0..9 {
            for length in 0..9 {
                let mut part = vec![0.0; length];
                noise.fill_normal(&mut part, first as u64);
                assert_eq!(part, whole[first..first + length]);
                assert!(part.iter().enumerate().all(|(i, &x)| x == noise.normal((first + i) as u64)));
                let mut bits = vec![0; length];
                noise.fill_bits(&mut bits, first as u64);
                assert!(bits.iter().enumerate().all(|(i, &b)| b == noise.bits((first + i) as u64)));
            }
        }
        assert_ne!(noise.normal(0), Noise::new(5).stream(8).normal(0));
        assert_ne!(noise.normal(0), Noise::new(6).stream(9).normal(0));
    }

    #[test]
    fn these_numbers_are_the_same_on_every_machine() {
        let noise = Noise::new(2026).stream(1);
        let bits = [0, 1, 2, 1_000_003].map(|counter| noise.normal(counter).to_bits());
        assert_eq!(bits, [0xbf18_40db, 0x3fb2_a715, 0xbef0_16e1, 0x3e3f_b1a8]);
    }

    #[test]
    fn normals_have_the_moments_of_the_normal() {
        // N = 400,000; bounds are five standard errors: √(1/N), √(2/N), √(15/N), √(96/N) for moments 1–4.
        const N: usize = 400_000;
        let mut values = vec![0.0; N];
        Noise::new(1).fill_normal(&mut values, 3);
        for (power, truth, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let mean = values.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / N as f64;
            assert!((mean - truth).abs() < 5.0 * (variance / N as f64).sqrt(), "moment {power}: {mean}");
        }
        let lagged = values.windows(2).map(|w| f64::from(w[0] * w[1])).sum::<f64>() / N as f64;
        assert!(lagged.abs() < 5.0 / (N as f64).sqrt(), "{lagged}");
    }
}
