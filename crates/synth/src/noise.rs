//! Noise by counting: sample n of a stream is a hash of (stream, n), so any sample can be had without its neighbours.
//!
//! The hash is the finaliser of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators").

/// A number in −1 ≤ x < 1, uniform, fixed for ever by its stream and its place in it.
pub fn uniform(stream: u64, place: u64) -> f32 {
    let mut z = stream.wrapping_mul(0xD1B5_4A32_D192_ED03).wrapping_add(place).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    // 24 bits are what an f32 holds exactly.
    (z >> 40) as f32 / (1u32 << 23) as f32 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variance_are_those_of_a_uniform_variable() {
        // N = 100,000; standard errors: mean 0.577/√N = 0.0018, variance about 0.3/√N = 0.0009. Bounds are five of them.
        let n = 100_000;
        let samples: Vec<f64> = (0..n).map(|i| f64::from(uniform(7, i))).collect();
        let mean = samples.iter().sum::<f64>() / n as f64;
        let variance = samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.009, "mean {mean}");
        assert!((variance - 1.0 / 3.0).abs() < 0.005, "variance {variance}");
    }

    #[test]
    fn streams_are_unrelated() {
        // The correlation of two independent streams has standard error (1/3)/√N = 0.0033 at N = 10,000.
        let correlation: f64 = (0..10_000).map(|i| f64::from(uniform(1, i) * uniform(2, i))).sum::<f64>() / 1e4;
        assert!(correlation.abs() < 0.017, "{correlation}");
    }
}
