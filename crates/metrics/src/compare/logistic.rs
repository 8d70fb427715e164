//! Logistic regression with a quadratic penalty: the judge that adds up straight lines.

use super::linear_algebra::{Matrix, add_scaled, cholesky, dot, solve};

/// Newton steps at most; four to eight are the rule.
const MOST_STEPS: usize = 30;
/// Newton stops where the next step would gain less than this, in nats.
const SMALLEST_GAIN: f64 = 1e-7;

/// Coefficients of a fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// One a feature, and the intercept last.
    coefficients: Vec<f64>,
}

impl Logistic {
    /// Minimises Σ wᵢ ln(1 + exp(−yᵢ fᵢ)) + ½ `penalty` Σ βⱼ², y = ±1, f = β₀ + x·β, by Newton's method
    /// (iteratively reweighted least squares) with halved steps where one would not descend. β₀ is not penalised; a
    /// penalty > 0 keeps β finite where the sets can be separated.
    pub fn fit(x: &Matrix, is_positive: &[bool], weights: &[f64], penalty: f64) -> Self {
        let mut model = Self { coefficients: vec![0.0; x.columns() + 1] };
        let mut loss = model.loss(x, is_positive, weights, penalty);
        for _ in 0..MOST_STEPS {
            let (gradient, curvature) = model.derivatives(x, is_positive, weights, penalty);
            let step = solve(&cholesky(&curvature), &gradient);
            let gain = 0.5 * dot(&gradient, &step);
            if gain.is_nan() || gain <= SMALLEST_GAIN {
                break;
            }
            let Some((next, lower)) = [1.0, 0.5, 0.25, 0.125, 0.0625].into_iter().find_map(|length| {
                let mut next = model.clone();
                add_scaled(&mut next.coefficients, -length, &step);
                let lower = next.loss(x, is_positive, weights, penalty);
                (lower < loss).then_some((next, lower))
            }) else {
                break;
            };
            (model, loss) = (next, lower);
        }
        model
    }

    /// Probability of being positive.
    pub fn probability(&self, row: &[f64]) -> f64 {
        1.0 / (1.0 + (-self.log_odds(row)).exp())
    }

    fn log_odds(&self, row: &[f64]) -> f64 {
        dot(row, &self.coefficients) + self.coefficients[self.coefficients.len() - 1]
    }

    fn loss(&self, x: &Matrix, is_positive: &[bool], weights: &[f64], penalty: f64) -> f64 {
        let last = self.coefficients.len() - 1;
        let of_row = |((row, &positive), &weight): ((&[f64], &bool), &f64)| {
            let margin = if positive { self.log_odds(row) } else { -self.log_odds(row) };
            // ln(1 + exp(−m)) without overflow.
            weight * ((-margin).max(0.0) + (-margin.abs()).exp().ln_1p())
        };
        let fit: f64 = x.iter_rows().zip(is_positive).zip(weights).map(of_row).sum();
        fit + 0.5 * penalty * dot(&self.coefficients[..last], &self.coefficients[..last])
    }

    /// Gradient, and the lower triangle of the second derivatives.
    fn derivatives(&self, x: &Matrix, is_positive: &[bool], weights: &[f64], penalty: f64) -> (Vec<f64>, Matrix) {
        let size = self.coefficients.len();
        let (mut gradient, mut curvature) = (vec![0.0; size], Matrix::zeros(size, size));
        let mut extended = vec![1.0; size];
        for ((row, &positive), &weight) in x.iter_rows().zip(is_positive).zip(weights) {
            extended[..size - 1].copy_from_slice(row);
            let p = self.probability(row);
            add_scaled(&mut gradient, weight * (p - f64::from(u8::from(positive))), &extended);
            let bend = weight * p * (1.0 - p);
            for i in 0..size {
                add_scaled(&mut curvature.row_mut(i)[..=i], bend * extended[i], &extended[..=i]);
            }
        }
        for i in 0..size - 1 {
            gradient[i] += penalty * self.coefficients[i];
            curvature.row_mut(i)[i] += penalty;
        }
        (gradient, curvature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[f64]) -> Matrix {
        Matrix::from_rows(&values.iter().map(|value| vec![*value]).collect::<Vec<_>>())
    }

    #[test]
    fn without_penalty_the_fit_is_the_log_odds_of_each_place() {
        // At 0: 1 of 4 positive, log odds −ln 3; at 1: 3 of 4, log odds ln 3.
        let x = column(&[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        let y = [true, false, false, false, true, true, true, false];
        let model = Logistic::fit(&x, &y, &[1.0; 8], 0.0);
        assert!((model.coefficients[1] + 3f64.ln()).abs() < 1e-4, "{model:?}");
        assert!((model.coefficients[0] - 2.0 * 3f64.ln()).abs() < 1e-4);
        assert!((model.probability(&[1.0]) - 0.75).abs() < 1e-4);
    }

    #[test]
    fn weights_count_as_copies() {
        let y = [true, false, true, false];
        let weighted = Logistic::fit(&column(&[0.0, 0.0, 1.0, 1.0]), &y, &[1.0, 3.0, 3.0, 1.0], 1.0);
        let x = column(&[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        let copied = Logistic::fit(&x, &[true, false, false, false, true, true, true, false], &[1.0; 8], 1.0);
        assert!((weighted.coefficients[0] - copied.coefficients[0]).abs() < 1e-9);
    }

    #[test]
    fn the_penalised_gradient_vanishes_even_where_the_sets_are_separated() {
        let (x, y) = (column(&[-2.0, -1.0, 1.0, 50.0]), [false, false, true, true]);
        let model = Logistic::fit(&x, &y, &[1.0; 4], 0.1);
        let (gradient, _) = model.derivatives(&x, &y, &[1.0; 4], 0.1);
        assert!(gradient.iter().all(|value| value.abs() < 1e-3), "{gradient:?}");
        assert!(model.probability(&[1.0]) > 0.6 && model.probability(&[-1.0]) < 0.4);
    }

    #[test]
    fn nothing_to_learn_from_gives_one_half() {
        assert_eq!(Logistic::fit(&Matrix::zeros(0, 2), &[], &[], 1.0).probability(&[1.0, 2.0]), 0.5);
        assert_eq!(Logistic::fit(&Matrix::zeros(2, 0), &[true, false], &[1.0; 2], 1.0).probability(&[]), 0.5);
        assert!(Logistic::fit(&column(&[1e50, -1e50]), &[true, false], &[1.0; 2], 1.0).probability(&[0.0]).is_finite());
    }
}
