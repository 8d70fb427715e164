//! The Fréchet distance of two sets, each summed up as a Gaussian.
//!
//! d² = ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁^½ Σ₂ Σ₁^½)^½)   (Dowson & Landau 1982, doi:10.1016/0047-259X(82)90077-X; the
//! form that Heusel et al. 2017, arXiv:1706.08500, use for pictures, eq. 6)
//!
//! on features standardised by the reference, so that 1 is a shift of one feature by one standard deviation. With some
//! sixty features and two hundred pieces the sample covariance is nearly singular; both are shrunk towards a multiple
//! of the identity as far as Ledoit & Wolf 2004 ("A well-conditioned estimator for large-dimensional covariance
//! matrices", doi:10.1016/S0047-259X(03)00096-4, §3) find best:
//!
//! Σ = ρ m I + (1 − ρ) S,  m = tr S / p,  d² = ‖S − m I‖² / p,  b² = min(d², n⁻² Σₖ ‖xₖ xₖᵀ − S‖² / p),  ρ = b² / d²
//!
//! where S has denominator n and x is taken from the sample's own mean (the paper's mean is known).
//!
//! No matrix root is taken: with Σ₁ = L Lᵀ, the eigenvalues of Lᵀ Σ₂ L are those of Σ₁^½ Σ₂ Σ₁^½ (both are similar to
//! Σ₁ Σ₂), and the trace of the root is the sum of their roots. They come from a symmetric eigendecomposition.
//!
//! The distance of two samples of one distribution is not 0 but grows with p/n: compare it with that of two halves of
//! the reference, of the same sizes. A resample with repeated pieces is a smaller sample and lies still higher, so the
//! interval is moved to have its middle at the estimate.

use super::bootstrap::{Bootstrap, Estimate};
use super::linear_algebra::{
    Matrix, add_scaled, add_scaled_four, cholesky, congruent, squared_distance, symmetric_eigenvalues,
};
use super::table::Pair;

/// A mean and a covariance.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    /// The mean of every feature.
    pub mean: Vec<f64>,
    /// The shrunk covariance.
    pub covariance: Matrix,
    /// ρ: how far it was shrunk, 0–1.
    pub shrinkage: f64,
}

impl Gaussian {
    /// Of weighted rows; `None` without features, or where the weights sum to less than 2.
    pub fn fit(set: &Matrix, weights: &[f64]) -> Option<Self> {
        let rows = || set.iter_rows().zip(weights.iter().copied()).filter(|(_, weight)| *weight > 0.0);
        let (count, features) = (rows().map(|(_, weight)| weight).sum::<f64>(), set.columns());
        if count < 2.0 || features == 0 {
            return None;
        }
        let mut mean = vec![0.0; features];
        rows().for_each(|(row, weight)| add_scaled(&mut mean, weight / count, row));
        let mut sample = Matrix::zeros(features, features);
        // Σₖ ‖xₖ xₖᵀ − S‖² = Σₖ ‖xₖ‖⁴ − n ‖S‖².
        let mut fourth_powers = 0.0;
        let centred: Vec<(Vec<f64>, f64)> =
            rows().map(|(row, weight)| (row.iter().zip(&mean).map(|(x, m)| x - m).collect(), weight / count)).collect();
        rows().for_each(|(row, weight)| fourth_powers += weight * squared_distance(row, &mean).powi(2));
        let fours = centred.chunks_exact(4);
        for (row, share) in fours.remainder() {
            (0..features).for_each(|i| add_scaled(&mut sample.row_mut(i)[..=i], share * row[i], &row[..=i]));
        }
        for four in fours {
            for i in 0..features {
                let factors = [0, 1, 2, 3].map(|lane| four[lane].1 * four[lane].0[i]);
                add_scaled_four(&mut sample.row_mut(i)[..=i], factors, [0, 1, 2, 3].map(|lane| &four[lane].0[..=i]));
            }
        }
        sample.mirror();
        let norm: f64 = sample.iter_rows().flatten().map(|value| value * value).sum();
        let scale = sample.trace() / features as f64;
        let from_identity = norm - features as f64 * scale * scale;
        let error = (fourth_powers - count * norm) / (count * count);
        let shrinkage = if from_identity > 0.0 { (error / from_identity).clamp(0.0, 1.0) } else { 1.0 };
        for i in 0..features {
            sample.row_mut(i).iter_mut().for_each(|value| *value *= 1.0 - shrinkage);
            sample.row_mut(i)[i] += shrinkage * scale;
        }
        Some(Self { mean, covariance: sample, shrinkage })
    }

    /// d² to another Gaussian of as many features, ≥ 0.
    pub fn squared_distance(&self, other: &Self) -> f64 {
        let root = cholesky(&self.covariance);
        let common = symmetric_eigenvalues(&congruent(&root, &other.covariance));
        // Rounding leaves a zero eigenvalue a little below 0.
        let root_trace: f64 = common.iter().map(|value| value.max(0.0).sqrt()).sum();
        let traces = self.covariance.trace() + other.covariance.trace();
        (squared_distance(&self.mean, &other.mean) + traces - 2.0 * root_trace).max(0.0)
    }
}

/// d² of two sets; `None` without features, or where a set has fewer than two pieces.
pub fn frechet_distance(reference: &Matrix, candidate: &Matrix) -> Option<f64> {
    weighted(reference, &vec![1.0; reference.rows()], candidate, &vec![1.0; candidate.rows()])
}

/// The same with an interval over songs, moved to have its middle at the estimate.
pub fn frechet(pair: &Pair, bootstrap: &Bootstrap) -> Option<Estimate> {
    let value = frechet_distance(&pair.reference, &pair.candidate)?;
    let replicates = bootstrap.replicates_of_two(&pair.reference_songs, &pair.candidate_songs, |r, c| {
        weighted(&pair.reference, r, &pair.candidate, c)
    });
    let interval = replicates.and_then(|drawn| bootstrap.percentiles_around(value, drawn, 0.0..=f64::INFINITY));
    Some(Estimate { value, interval })
}

fn weighted(reference: &Matrix, r: &[f64], candidate: &Matrix, c: &[f64]) -> Option<f64> {
    Some(Gaussian::fit(reference, r)?.squared_distance(&Gaussian::fit(candidate, c)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::table::tests::{normal_table, table};

    fn gaussian(mean: &[f64], covariance: &[Vec<f64>]) -> Gaussian {
        Gaussian { mean: mean.to_vec(), covariance: Matrix::from_rows(covariance), shrinkage: 0.0 }
    }

    #[test]
    fn in_one_dimension_it_is_the_difference_of_means_and_of_spreads() {
        // (3 − 1)² + (5 − 2)²
        let distance = gaussian(&[1.0], &[vec![4.0]]).squared_distance(&gaussian(&[3.0], &[vec![25.0]]));
        assert!((distance - 13.0).abs() < 1e-12);
    }

    #[test]
    fn for_commuting_covariances_spreads_are_compared_along_the_common_axes() {
        // Both have the axes (1, 1) and (1, −1); variances 9 and 1 against 4 and 16: (3 − 2)² + (1 − 4)² = 10.
        let first = gaussian(&[0.0, 0.0], &[vec![5.0, 4.0], vec![4.0, 5.0]]);
        let second = gaussian(&[1.0, 2.0], &[vec![10.0, -6.0], vec![-6.0, 10.0]]);
        assert!((first.squared_distance(&second) - 15.0).abs() < 1e-12);
    }

    #[test]
    fn for_covariances_that_do_not_commute_the_closed_form_of_two_dimensions_holds() {
        // In two dimensions tr √M = √(tr M + 2 √det M): Σ₁ = diag(4, 1), Σ₂ = ((2, 1), (1, 2)):
        // Σ₁Σ₂ has trace 10 and determinant 12.
        let first = gaussian(&[0.0; 2], &[vec![4.0, 0.0], vec![0.0, 1.0]]);
        let second = gaussian(&[0.0; 2], &[vec![2.0, 1.0], vec![1.0, 2.0]]);
        let expected = 5.0 + 4.0 - 2.0 * (10.0 + 2.0 * 12f64.sqrt()).sqrt();
        assert!((first.squared_distance(&second) - expected).abs() < 1e-12);
        assert!((second.squared_distance(&first) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_flat_gaussian_is_no_obstacle() {
        let flat = gaussian(&[0.0; 2], &[vec![1.0, 1.0], vec![1.0, 1.0]]);
        let point = gaussian(&[0.0; 2], &[vec![0.0, 0.0], vec![0.0, 0.0]]);
        assert!(flat.squared_distance(&flat) < 1e-7);
        assert!((flat.squared_distance(&point) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn shrinkage_by_hand() {
        // Rows (±1, 0), (0, ±2): S = diag(1/2, 2), m = 5/4, ‖S − mI‖² = 2 · 9/16 = 9/8;
        // Σ‖x‖⁴ = 34, ‖S‖² = 17/4: (34 − 17)/16 = 17/16; ρ = (17/16) / (9/8) = 17/18.
        let rows = [vec![1.0, 0.0], vec![-1.0, 0.0], vec![0.0, 2.0], vec![0.0, -2.0]];
        let fitted = Gaussian::fit(&Matrix::from_rows(&rows), &[1.0; 4]).unwrap();
        assert!((fitted.shrinkage - 17.0 / 18.0).abs() < 1e-12);
        assert!((fitted.covariance.row(0)[0] - (17.0 / 18.0 * 1.25 + 0.5 / 18.0)).abs() < 1e-12);
        assert_eq!(fitted.covariance.row(0)[1], 0.0);
    }

    #[test]
    fn a_set_has_no_distance_to_itself_and_a_shift_counts_squared() {
        let reference = normal_table(80, 5, 0.0, 0);
        let mut shifted = reference.clone();
        shifted.rows.iter_mut().for_each(|row| row[2] = row[2].map(|x| x + 3.0));
        let pair = Pair::of(&reference, &shifted);
        assert!(frechet_distance(&pair.reference, &pair.reference).unwrap() < 1e-9);
        let expected = (3.0 / pair.columns[2].deviation).powi(2);
        assert!((frechet_distance(&pair.reference, &pair.candidate).unwrap() - expected).abs() < 1e-9);
        let found = frechet(&pair, &Bootstrap::default()).unwrap();
        assert!(found.interval.unwrap().contains(found.value));
    }

    #[test]
    fn two_pieces_are_enough_and_one_is_not() {
        let (one, two) = (Matrix::from_rows(&[vec![1.0]]), Matrix::from_rows(&[vec![1.0], vec![3.0]]));
        assert_eq!(frechet_distance(&one, &two), None);
        assert_eq!(frechet_distance(&two, &two), Some(0.0));
        assert_eq!(frechet_distance(&Matrix::zeros(5, 0), &Matrix::zeros(5, 0)), None);
        let one = table(&[vec![1.0]], 0);
        assert_eq!(frechet(&Pair::of(&one, &one), &Bootstrap::default()), None);
    }
}
