//! Maximum mean discrepancy: how much closer pieces are to their own set than to the other, seen through a kernel.
//!
//! Gretton et al. 2012 ("A kernel two-sample test", JMLR 13), eq. 3, unbiased:
//!
//! MMD² = mean_{i≠j} k(xᵢ, xⱼ) + mean_{i≠j} k(yᵢ, yⱼ) − 2 mean k(xᵢ, yⱼ),  k(a, b) = exp(−‖a − b‖² / 2σ²)
//!
//! with σ the median distance of all pairs of both sets together (their §8 heuristic), on features standardised by the
//! reference. Of equal distributions it is 0 on average, and may be below. Its null distribution comes from labels
//! dealt anew song by song (see [`super::permutation`]); p = (1 + number of deals not below the observed) / (1 +
//! deals).

use super::bootstrap::{Bootstrap, Estimate};
use super::linear_algebra::{Matrix, dot, squared_distance};
use super::moments::median;
use super::permutation::Dealer;
use super::random::Draws;
use super::table::Pair;
use rayon::prelude::*;
use serde::Serialize;

/// Result of the test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MmdTest {
    /// MMD², unbiased: at most 2, may be a little below 0.
    pub squared: Estimate,
    /// σ, in standard deviations of the reference.
    pub bandwidth: f64,
    /// Probability of so large a value between two sets of one distribution; at least 1 / (1 + `deals`).
    pub p_value: f64,
    /// How many times labels were dealt anew.
    pub deals: usize,
}

/// Kernel values of all pairs of pieces, the reference's first.
struct Kernel {
    values: Matrix,
    bandwidth: f64,
}

impl Kernel {
    fn of(reference: &Matrix, candidate: &Matrix) -> Self {
        let rows: Vec<&[f64]> = reference.iter_rows().chain(candidate.iter_rows()).collect();
        let mut values = Matrix::zeros(rows.len(), rows.len());
        let mut squares = Vec::with_capacity(rows.len() * rows.len() / 2);
        for i in 0..rows.len() {
            for j in 0..i {
                let square = squared_distance(rows[i], rows[j]);
                values.row_mut(i)[j] = square;
                values.row_mut(j)[i] = square;
                squares.push(square);
            }
        }
        let mean = squares.iter().sum::<f64>() / squares.len().max(1) as f64;
        // Where most pairs coincide the median says nothing; where all do, any bandwidth will serve.
        let square =
            [median(squares).unwrap_or(0.0), mean, 1.0].into_iter().find(|square| *square > 0.0).unwrap_or(1.0);
        for i in 0..rows.len() {
            values.row_mut(i).iter_mut().for_each(|value| *value = (-*value / (2.0 * square)).exp());
        }
        Self { values, bandwidth: square.sqrt() }
    }

    /// MMD² of weighted pieces (a negative weight: the candidate's); pairs of a piece with itself are left out.
    ///
    /// With w⁺ and w⁻ the weights of one set, 0 for the other's pieces, and K without its diagonal, the sums over pairs
    /// are ½ w⁺ᵀKw⁺, ½ w⁻ᵀKw⁻ and w⁺ᵀKw⁻.
    fn squared(&self, weights: &[f64]) -> Option<f64> {
        let sides = [1.0, -1.0].map(|sign| weights.iter().map(|w| (sign * w).max(0.0)).collect::<Vec<f64>>());
        let (mut within, mut across) = ([0.0; 2], 0.0);
        for i in (0..weights.len()).filter(|&i| weights[i] != 0.0) {
            let own = usize::from(weights[i] < 0.0);
            let row = &self.values.row(i)[..i];
            within[own] += weights[i].abs() * dot(row, &sides[own][..i]);
            across += weights[i].abs() * dot(row, &sides[1 - own][..i]);
        }
        let total = |side: &[f64]| side.iter().sum::<f64>();
        let pairs = |side: &[f64]| (total(side).powi(2) - dot(side, side)) / 2.0;
        let (first, second) = (pairs(&sides[0]), pairs(&sides[1]));
        let both = total(&sides[0]) * total(&sides[1]);
        (first > 0.0 && second > 0.0 && both > 0.0)
            .then(|| within[0] / first + within[1] / second - 2.0 * across / both)
    }
}

/// MMD² of two sets; `None` where one has fewer than two pieces.
pub fn mmd_squared(reference: &Matrix, candidate: &Matrix) -> Option<f64> {
    Kernel::of(reference, candidate).squared(&labels(reference.rows(), candidate.rows()))
}

fn labels(reference: usize, candidate: usize) -> Vec<f64> {
    (0..reference + candidate).map(|row| if row < reference { 1.0 } else { -1.0 }).collect()
}

/// The test. `None` where a set has fewer than two pieces, or without features.
pub fn mmd(pair: &Pair, bootstrap: &Bootstrap, deals: usize, draws: Draws) -> Option<MmdTest> {
    if pair.columns.is_empty() {
        return None;
    }
    let kernel = Kernel::of(&pair.reference, &pair.candidate);
    let observed = kernel.squared(&labels(pair.reference.rows(), pair.candidate.rows()))?;
    let interval = bootstrap.of_two(&pair.reference_songs, &pair.candidate_songs, |r, c| {
        let weights: Vec<f64> = r.iter().copied().chain(c.iter().map(|weight| -weight)).collect();
        kernel.squared(&weights)
    });
    let songs: Vec<usize> = pair.reference_songs.iter().chain(&pair.candidate_songs).copied().collect();
    let is_candidate: Vec<bool> = (0..songs.len()).map(|row| row >= pair.reference.rows()).collect();
    let dealer = Dealer::new(&songs, &is_candidate);
    let not_below = |deal: u64| {
        let dealt = dealer.deal(draws.stream(deal));
        let weights: Vec<f64> = dealt.iter().map(|&candidate| if candidate { -1.0 } else { 1.0 }).collect();
        // Sums in another order may differ in the last digits.
        kernel.squared(&weights).is_none_or(|value| value >= observed - 1e-12)
    };
    let exceeding = (0..deals as u64).into_par_iter().filter(|&deal| not_below(deal)).count();
    Some(MmdTest {
        squared: Estimate { value: observed, interval },
        bandwidth: kernel.bandwidth,
        p_value: (1 + exceeding) as f64 / (1 + deals) as f64,
        deals,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::table::tests::{normal_table, table};

    #[test]
    fn by_hand_on_four_points() {
        // x: 0, 1; y: 3, 3. Distances 1, 0, 3, 3, 2, 2: median 2, so k(d) = exp(−d²/8).
        let (x, y) = (Matrix::from_rows(&[vec![0.0], vec![1.0]]), Matrix::from_rows(&[vec![3.0], vec![3.0]]));
        let expected = (-1.0f64 / 8.0).exp() + 1.0 - ((-9.0f64 / 8.0).exp() + (-4.0f64 / 8.0).exp());
        assert!((mmd_squared(&x, &y).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn of_one_distribution_it_is_near_zero_and_not_surprising() {
        let pair = Pair::of(&normal_table(60, 4, 0.0, 0), &normal_table(60, 4, 0.0, 900));
        let test = mmd(&pair, &Bootstrap::default(), 200, Draws::new(3)).unwrap();
        assert!(test.squared.value.abs() < 0.02 && test.p_value > 0.05, "{test:?}");
    }

    #[test]
    fn a_shift_is_found_and_grows() {
        let reference = normal_table(60, 4, 0.0, 0);
        let test = |mean| {
            let pair = Pair::of(&reference, &normal_table(60, 4, mean, 900));
            mmd(&pair, &Bootstrap::default(), 200, Draws::new(3)).unwrap()
        };
        let (near, far) = (test(0.7), test(5.0));
        assert_eq!(near.p_value, 1.0 / 201.0);
        assert!(far.squared.value > near.squared.value + 0.3, "{near:?} {far:?}");
        assert!(near.squared.interval.unwrap().contains(near.squared.value));
        assert!(near.squared.interval.unwrap().low > 0.0);
    }

    #[test]
    fn equal_pieces_have_nothing_between_them() {
        let same = Matrix::from_rows(&[vec![2.0], vec![2.0], vec![2.0]]);
        assert_eq!(mmd_squared(&same, &same), Some(0.0));
        assert_eq!(mmd_squared(&same, &Matrix::from_rows(&[vec![2.0]])), None);
        let one = table(&[vec![1.0]], 0);
        assert_eq!(mmd(&Pair::of(&one, &one), &Bootstrap::default(), 5, Draws::new(0)), None);
    }
}
