//! Entropy of a histogram: how evenly something is spread over its classes (Shannon 1948).

/// H = −Σ pᵢ log₂ pᵢ in bits, where pᵢ is a class's share of the whole; 0 – log₂ of the number of classes.
///
/// `weights` are counts or durations, ≥ 0; an empty class adds nothing. `None` where all are 0.
pub fn entropy_bits(weights: &[f64]) -> Option<f64> {
    let total: f64 = weights.iter().sum();
    let bits = || weights.iter().filter(|&&w| w > 0.0).map(|w| w / total * (total / w).log2()).sum();
    (total > 0.0).then(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_classes_have_the_logarithm_of_their_number_and_one_class_has_none() {
        assert_eq!(entropy_bits(&[3.0, 3.0, 0.0, 3.0, 3.0]), Some(2.0));
        assert_eq!(entropy_bits(&[0.0, 7.0]), Some(0.0));
        assert_eq!(entropy_bits(&[0.0, 0.0]), None);
        assert_eq!(entropy_bits(&[]), None);
    }

    #[test]
    fn a_quarter_and_three_quarters_by_hand() {
        // 0.25 · 2 + 0.75 · log₂(4/3) = 0.5 + 0.3112781
        assert!((entropy_bits(&[1.0, 3.0]).unwrap() - 0.811_278_1).abs() < 1e-7);
    }
}
