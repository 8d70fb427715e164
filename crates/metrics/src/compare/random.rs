//! Random numbers by address: the n-th number of a stream is a hash, so results do not depend on threads or order.
//!
//! The hash is the finaliser of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
//! generators") of key + n times the golden ratio.
//!
//! ```
//! use aeolian_metrics::compare::random::Draws;
//!
//! let mut order = [0, 1, 2, 3, 4];
//! Draws::new(17).stream(3).shuffle(&mut order);
//! let mut again = [0, 1, 2, 3, 4];
//! Draws::new(17).stream(3).shuffle(&mut again);
//! assert_eq!(order, again);
//! ```

/// 2⁶⁴ divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// An endless, randomly addressable sequence of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draws {
    key: u64,
}

impl Draws {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self { key: mixed(seed.wrapping_add(GOLDEN)) }
    }

    /// An independent sequence for one purpose (or item); streams of streams are fine.
    pub fn stream(self, purpose: u64) -> Self {
        // Mixed twice, and with the bits turned between, so that no stream's key is a number of its parent.
        Self { key: mixed(mixed(self.key.rotate_left(32) ^ mixed(purpose.wrapping_add(GOLDEN)))) }
    }

    /// The 64 random bits at `counter`.
    pub fn bits(self, counter: u64) -> u64 {
        mixed(self.key.wrapping_add(counter.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(self, counter: u64) -> f64 {
        (self.bits(counter) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform among 0, 1, … `limit` − 1; 0 where `limit` is 0. The bias is below `limit` · 2⁻⁶⁴.
    pub fn below(self, counter: u64, limit: usize) -> usize {
        ((u128::from(self.bits(counter)) * limit as u128) >> 64) as usize
    }

    /// Puts the items in random order, every order equally likely (Fisher & Yates).
    pub fn shuffle<T>(self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64, last + 1));
        }
    }
}

fn mixed(mut z: u64) -> u64 {
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_gives_the_published_answers() {
        // First outputs of SplitMix64 from state 1234567 (as Rosetta Code lists them).
        let draws = Draws { key: 1_234_567 };
        assert_eq!(draws.bits(0), 6_457_827_717_110_365_317);
        assert_eq!(draws.bits(1), 3_203_168_211_198_807_973);
    }

    #[test]
    fn uniforms_have_the_moments_of_the_uniform() {
        // N = 100,000; bounds are five standard errors: √(1/12N) for the mean, √(1/180N) for the variance.
        const N: u64 = 100_000;
        let draws = Draws::new(1).stream(2);
        let mean = (0..N).map(|i| draws.uniform(i)).sum::<f64>() / N as f64;
        let variance = (0..N).map(|i| (draws.uniform(i) - 0.5).powi(2)).sum::<f64>() / N as f64;
        assert!((mean - 0.5).abs() < 5.0 * (1.0 / (12.0 * N as f64)).sqrt(), "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 5.0 * (1.0 / (180.0 * N as f64)).sqrt(), "{variance}");
    }

    #[test]
    fn every_order_of_three_is_equally_likely() {
        // N = 60,000 shuffles over 6 orders: standard error of a count is √(N·5/36) ≈ 91; five of them are 456.
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..60_000 {
            let mut items = [0, 1, 2];
            Draws::new(seed).shuffle(&mut items);
            *counts.entry(items).or_insert(0i64) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (count - 10_000).abs() < 456), "{counts:?}");
    }

    #[test]
    fn nothing_and_one_are_drawn_without_a_panic() {
        assert_eq!(Draws::new(0).below(5, 0), 0);
        assert_eq!(Draws::new(0).below(u64::MAX, 1), 0);
        Draws::new(0).shuffle::<u8>(&mut []);
    }

    #[test]
    fn streams_differ_from_each_other_and_from_their_parent() {
        let parent = Draws::new(9);
        let firsts = [parent, parent.stream(0), parent.stream(1), parent.stream(0).stream(0), Draws::new(10)];
        for (i, a) in firsts.iter().enumerate() {
            assert!(firsts[..i].iter().all(|b| a.bits(0) != b.bits(0)));
        }
    }
}
