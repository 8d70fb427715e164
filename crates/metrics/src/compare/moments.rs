//! Mean, spread and quantiles of a list of numbers, with weights where a bootstrap needs them.

/// Weighted mean, Σ w x / Σ w. `None` where the weights sum to nothing.
pub fn mean(values: impl IntoIterator<Item = (f64, f64)>) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (value, weight) in values {
        sum += weight * value;
        total += weight;
    }
    (total > 0.0).then(|| sum / total)
}

/// Mean and standard deviation (denominator n − 1). `None` for fewer than two numbers.
pub fn mean_and_deviation(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let count = values.len() as f64;
    let mean = sum(values, |value| value) / count;
    let squares = sum(values, |value| (value - mean).powi(2));
    Some((mean, (squares / (count - 1.0)).sqrt()))
}

/// Sums of eight numbers side by side: the order is fixed, and no addition waits for the one before.
fn sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let chunks = values.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().map(|&value| term(value)).sum();
    let mut sums = [0.0; 8];
    for chunk in chunks {
        (0..8).for_each(|lane| sums[lane] += term(chunk[lane]));
    }
    sums.iter().sum::<f64>() + rest
}

/// The `level`-quantile (0–1) of ascending numbers, straight between neighbours: x at place level · (n − 1)
/// (Hyndman & Fan 1996, "Sample quantiles in statistical packages", type 7). `None` of nothing.
pub fn quantile(ascending: &[f64], level: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let place = level.clamp(0.0, 1.0) * last as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let above = ascending[(below + 1).min(last)];
    Some(if part == 0.0 { ascending[below] } else { ascending[below] + part * (above - ascending[below]) })
}

/// The middle one, or the mean of the two in the middle. `None` of nothing.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_by_hand() {
        assert_eq!(mean([(1.0, 3.0), (5.0, 1.0)]), Some(2.0));
        assert_eq!(mean([(1.0, 0.0)]), None);
        assert_eq!(mean_and_deviation(&[1.0, 3.0]), Some((2.0, 2f64.sqrt())));
        assert_eq!(mean_and_deviation(&[1.0]), None);
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let values = [0.0, 1.0, 4.0];
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|q| quantile(&values, q).unwrap()), [0.0, 0.5, 1.0, 2.5, 4.0]);
        assert_eq!(quantile(&values, 7.0), Some(4.0));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0, 10.0]), Some(2.5));
    }
}
