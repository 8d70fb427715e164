//! Logistic regression with a quadratic penalty: the judge that adds up straight lines.
//!
//! Newton's method would build and factor the matrix of second derivatives in every step, a hundred times the work of
//! the gradient. Conjugate gradients (Polak & Ribière 1969; Hager & Zhang 2006, "A survey of nonlinear conjugate
//! gradient methods") need the gradient only, and are as quick where they are given a good metric: ¼ Σ xxᵀ + penalty,
//! the second derivatives at β = 0, which depend on no label ([`Metric`]). One metric serves all folds and all deals of
//! labels; a worse one changes the number of steps, never the answer.

use super::linear_algebra::{Matrix, add_scaled, cholesky, dot, solve};

/// Steps at most; ten to twenty are the rule, more where the sets can be separated.
const MOST_STEPS: usize = 200;
/// The search stops where the next step would gain less than this, in nats.
const SMALLEST_GAIN: f64 = 1e-8;
/// A search along a line stops where the slope is this share of what it was.
const SMALLEST_SLOPE: f64 = 0.1;
/// … or after so many looks.
const MOST_LOOKS: usize = 20;

/// How steep the loss is in every direction before anything is learned, factored.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    factor: Matrix,
}

impl Metric {
    /// `weight`/(4n) Σ xxᵀ + `penalty` over the n rows of `x`, the intercept (not penalised) included. `weight` is what
    /// the pieces that will be learned from weigh together.
    pub fn of(x: &Matrix, weight: f64, penalty: f64) -> Self {
        let size = x.columns() + 1;
        let mut curvature = Matrix::zeros(size, size);
        let mut extended = vec![1.0; size];
        let bend = weight / (4.0 * x.rows().max(1) as f64);
        for row in x.iter_rows() {
            extended[..size - 1].copy_from_slice(row);
            for i in 0..size {
                add_scaled(&mut curvature.row_mut(i)[..=i], bend * extended[i], &extended[..=i]);
            }
        }
        (0..size - 1).for_each(|i| curvature.row_mut(i)[i] += penalty);
        Self { factor: cholesky(&curvature) }
    }
}

/// Coefficients of a fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// One a feature, and the intercept last.
    coefficients: Vec<f64>,
}

impl Logistic {
    /// Minimises Σ wᵢ ln(1 + exp(−yᵢ fᵢ)) + ½ `penalty` Σ βⱼ², y = ±1, f = β₀ + x·β. β₀ is not penalised; a penalty > 0
    /// keeps β finite where the sets can be separated.
    pub fn fit(x: &Matrix, is_positive: &[bool], weights: &[f64], penalty: f64) -> Self {
        let metric = Metric::of(x, weights.iter().sum(), penalty);
        Self::fit_with(&metric, x, is_positive, weights, penalty)
    }

    /// The same with a metric that is there already.
    pub fn fit_with(metric: &Metric, x: &Matrix, is_positive: &[bool], weights: &[f64], penalty: f64) -> Self {
        let problem = Problem { x, is_positive, weights, penalty };
        let mut coefficients = vec![0.0; x.columns() + 1];
        let mut log_odds = vec![0.0; x.rows()];
        let mut direction = vec![0.0; coefficients.len()];
        let mut before: Option<(Vec<f64>, f64)> = None;
        for _ in 0..MOST_STEPS {
            let gradient = problem.gradient(&coefficients, &log_odds);
            let steepest = solve(&metric.factor, &gradient);
            let twice_the_gain = dot(&gradient, &steepest);
            if twice_the_gain.is_nan() || twice_the_gain <= 2.0 * SMALLEST_GAIN {
                break;
            }
            let kept = before.map_or(0.0, |(earlier, gain): (Vec<f64>, f64)| {
                ((twice_the_gain - dot(&earlier, &steepest)) / gain).max(0.0)
            });
            direction.iter_mut().zip(&steepest).for_each(|(to, down)| *to = kept * *to - down);
            if dot(&direction, &gradient) >= 0.0 {
                direction.iter_mut().zip(&steepest).for_each(|(to, down)| *to = -down);
            }
            let along = problem.log_odds(&direction);
            let length = problem.lowest_along(&coefficients, &log_odds, &direction, &along);
            add_scaled(&mut coefficients, length, &direction);
            add_scaled(&mut log_odds, length, &along);
            before = Some((gradient, twice_the_gain));
        }
        Self { coefficients }
    }

    /// Probability of being positive.
    pub fn probability(&self, row: &[f64]) -> f64 {
        sigmoid(log_odds(row, &self.coefficients))
    }
}

fn log_odds(row: &[f64], coefficients: &[f64]) -> f64 {
    dot(row, coefficients) + coefficients[coefficients.len() - 1]
}

fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// What is minimised.
struct Problem<'a> {
    x: &'a Matrix,
    is_positive: &'a [bool],
    weights: &'a [f64],
    penalty: f64,
}

impl Problem<'_> {
    fn log_odds(&self, coefficients: &[f64]) -> Vec<f64> {
        self.x.iter_rows().map(|row| log_odds(row, coefficients)).collect()
    }

    /// By the coefficients, where they give these log odds.
    fn gradient(&self, coefficients: &[f64], log_odds: &[f64]) -> Vec<f64> {
        let last = coefficients.len() - 1;
        let mut gradient: Vec<f64> = coefficients.iter().map(|value| self.penalty * value).collect();
        gradient[last] = 0.0;
        for (i, row) in self.x.iter_rows().enumerate() {
            let slope = self.weights[i] * (sigmoid(log_odds[i]) - f64::from(u8::from(self.is_positive[i])));
            add_scaled(&mut gradient[..last], slope, row);
            gradient[last] += slope;
        }
        gradient
    }

    /// How far to go along a direction in which the loss falls: Newton's method in one dimension, kept between the
    /// last place known to be too near and the first known to be too far.
    fn lowest_along(&self, coefficients: &[f64], log_odds: &[f64], direction: &[f64], along: &[f64]) -> f64 {
        let last = coefficients.len() - 1;
        let pull = self.penalty * dot(&coefficients[..last], &direction[..last]);
        let stiffness = self.penalty * dot(&direction[..last], &direction[..last]);
        let (mut near, mut far, mut at) = (0.0, f64::INFINITY, 0.0);
        let mut first_slope: Option<f64> = None;
        for _ in 0..MOST_LOOKS {
            let (mut slope, mut bend) = (pull + at * stiffness, stiffness);
            for i in 0..along.len() {
                let p = sigmoid(log_odds[i] + at * along[i]);
                slope += self.weights[i] * (p - f64::from(u8::from(self.is_positive[i]))) * along[i];
                bend += self.weights[i] * p * (1.0 - p) * along[i] * along[i];
            }
            if slope.abs() <= SMALLEST_SLOPE * first_slope.get_or_insert(slope).abs() && at > 0.0 {
                break;
            }
            if slope < 0.0 {
                near = at
            } else {
                far = at
            }
            let newton = at - slope / bend;
            // The metric makes 1 a good length; where nothing is known to be too far, no leaps.
            let bold = 4.0 * near + 4.0;
            at = match newton > near && newton < far {
                true => newton.min(bold),
                false if far.is_finite() => 0.5 * (near + far),
                false => bold,
            };
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::random::Draws;

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
        let problem = Problem { x: &x, is_positive: &y, weights: &[1.0; 4], penalty: 0.1 };
        let gradient = problem.gradient(&model.coefficients, &problem.log_odds(&model.coefficients));
        assert!(gradient.iter().all(|value| value.abs() < 1e-3), "{gradient:?}");
        assert!(model.probability(&[1.0]) > 0.6 && model.probability(&[-1.0]) < 0.4);
    }

    #[test]
    fn another_metric_finds_the_same_coefficients() {
        let draws = Draws::new(3);
        let row = |i: u64| (0..5).map(|j| draws.uniform(5 * i + j) - 0.5).collect::<Vec<_>>();
        let x = Matrix::from_rows(&(0..60).map(row).collect::<Vec<_>>());
        let y: Vec<bool> = x.iter_rows().enumerate().map(|(i, row)| row[0] + row[1] > 0.0 || i % 7 == 0).collect();
        let model = Logistic::fit(&x, &y, &[1.0; 60], 1.0);
        let stretched = Matrix::from_rows(
            &x.iter_rows().map(|row| vec![3.0 * row[0], row[1], row[2], row[3], row[0]]).collect::<Vec<_>>(),
        );
        let other = Logistic::fit_with(&Metric::of(&stretched, 17.0, 0.3), &x, &y, &[1.0; 60], 1.0);
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-3;
        assert!(model.coefficients.iter().zip(&other.coefficients).all(close), "{model:?} {other:?}");
    }

    #[test]
    fn nothing_to_learn_from_gives_one_half() {
        assert_eq!(Logistic::fit(&Matrix::zeros(0, 2), &[], &[], 1.0).probability(&[1.0, 2.0]), 0.5);
        assert_eq!(Logistic::fit(&Matrix::zeros(2, 0), &[true, false], &[1.0; 2], 1.0).probability(&[]), 0.5);
        assert!(Logistic::fit(&column(&[1e50, -1e50]), &[true, false], &[1.0; 2], 1.0).probability(&[0.0]).is_finite());
    }
}
