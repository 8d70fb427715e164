//! Precision, recall, density, coverage: does the candidate stay where the reference is, and does it go everywhere
//! there?
//!
//! Around every piece lies a ball that reaches to its k-th nearest neighbour in its own set, edge included. Distances
//! are Euclidean, on features standardised by the reference.
//!
//! - precision: share of the candidate's pieces inside some ball of the reference; recall: share of the reference's
//!   pieces inside some ball of the candidate (Kynkäänniemi et al. 2019, arXiv:1904.06991, eq. 1–2);
//! - density: mean number of the reference's balls that a candidate's piece lies in, over k; coverage: share of the
//!   reference's balls that hold a candidate's piece (Naeem et al. 2020, arXiv:2002.09797; their program takes
//!   the open ball).
//!
//! Precision and recall are generous to sets with outliers (one odd piece has a large ball), density and coverage less
//! so. Precision, recall, and coverage lie in 0–1; density may exceed 1, where the candidate keeps to the crowded
//! places.
//!
//! Intervals draw the pieces that are judged, song by song; the balls stay. A resample of the balls' own set would hold
//! copies, whose nearest neighbours are each other.

use super::bootstrap::{Bootstrap, Estimate};
use super::linear_algebra::{Matrix, squared_distance};
use super::moments::mean;
use super::table::Pair;
use serde::Serialize;

/// The four figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// Share of the candidate inside the reference's balls, 0–1.
    pub precision: Estimate,
    /// Share of the reference inside the candidate's balls, 0–1.
    pub recall: Estimate,
    /// Mean number of the reference's balls around a candidate's piece, over k; ≥ 0.
    pub density: Estimate,
    /// Share of the reference's balls with a candidate's piece inside, 0–1.
    pub coverage: Estimate,
    /// k.
    pub neighbours: usize,
}

/// What each piece adds to the four figures, which are the means.
#[derive(Clone, Debug, PartialEq)]
pub struct PieceByPiece {
    /// For each candidate's piece: 1 inside some ball of the reference, else 0.
    pub precision: Vec<f64>,
    /// For each reference's piece: 1 inside some ball of the candidate, else 0.
    pub recall: Vec<f64>,
    /// For each candidate's piece: the reference's balls around it, over k.
    pub density: Vec<f64>,
    /// For each reference's piece: 1 if its ball holds a candidate's piece, else 0.
    pub coverage: Vec<f64>,
}

/// What each piece adds. `None` where a set has no more than `neighbours` pieces, or `neighbours` is 0.
pub fn piece_by_piece(reference: &Matrix, candidate: &Matrix, neighbours: usize) -> Option<PieceByPiece> {
    let (reference_radii, candidate_radii) =
        (squared_radii(reference, neighbours)?, squared_radii(candidate, neighbours)?);
    let mut result = PieceByPiece {
        precision: vec![0.0; candidate.rows()],
        recall: vec![0.0; reference.rows()],
        density: vec![0.0; candidate.rows()],
        coverage: vec![0.0; reference.rows()],
    };
    for (i, x) in reference.iter_rows().enumerate() {
        for (j, y) in candidate.iter_rows().enumerate() {
            let square = squared_distance(x, y);
            if square <= reference_radii[i] {
                result.precision[j] = 1.0;
                result.density[j] += 1.0 / neighbours as f64;
                result.coverage[i] = 1.0;
            }
            if square <= candidate_radii[j] {
                result.recall[i] = 1.0;
            }
        }
    }
    Some(result)
}

/// Squared distance of each row to its k-th nearest other row.
fn squared_radii(set: &Matrix, neighbours: usize) -> Option<Vec<f64>> {
    if neighbours == 0 || set.rows() <= neighbours {
        return None;
    }
    let radius = |(i, row): (usize, &[f64])| {
        let others = set.iter_rows().enumerate().filter(|(j, _)| *j != i);
        let mut squares: Vec<f64> = others.map(|(_, other)| squared_distance(row, other)).collect();
        *squares.select_nth_unstable_by(neighbours - 1, f64::total_cmp).1
    };
    Some(set.iter_rows().enumerate().map(radius).collect())
}

/// The four figures with intervals. `None` where a set has no more than `neighbours` pieces, or without features.
pub fn coverage(pair: &Pair, neighbours: usize, bootstrap: &Bootstrap) -> Option<Coverage> {
    if pair.columns.is_empty() {
        return None;
    }
    let pieces = piece_by_piece(&pair.reference, &pair.candidate, neighbours)?;
    let estimate = |values: &[f64], songs: &[usize]| {
        let weighted = |weights: &[f64]| mean(values.iter().copied().zip(weights.iter().copied()));
        Some(Estimate { value: weighted(&vec![1.0; values.len()])?, interval: bootstrap.of_one(songs, weighted) })
    };
    Some(Coverage {
        precision: estimate(&pieces.precision, &pair.candidate_songs)?,
        recall: estimate(&pieces.recall, &pair.reference_songs)?,
        density: estimate(&pieces.density, &pair.candidate_songs)?,
        coverage: estimate(&pieces.coverage, &pair.reference_songs)?,
        neighbours,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::table::FeatureTable;
    use crate::compare::table::tests::normal_table;

    fn points(values: &[f64]) -> Matrix {
        Matrix::from_rows(&values.iter().map(|value| vec![*value]).collect::<Vec<_>>())
    }

    #[test]
    fn by_hand_on_a_line() {
        // Reference 0, 1, 3 with radii 1, 1, 2; candidate 2, 2.5, 9 with radii 0.5, 0.5, 6.5.
        let result = piece_by_piece(&points(&[0.0, 1.0, 3.0]), &points(&[2.0, 2.5, 9.0]), 1).unwrap();
        assert_eq!(result.precision, [1.0, 1.0, 0.0], "2 lies on the edge of 1's ball and in 3's; 9 in none");
        assert_eq!(result.density, [2.0, 1.0, 0.0]);
        assert_eq!(result.coverage, [0.0, 1.0, 1.0]);
        assert_eq!(result.recall, [0.0, 0.0, 1.0], "3 lies on the edge of 2.5's ball and in 9's");
    }

    #[test]
    fn a_set_covers_itself_and_nothing_far_away() {
        let set = points(&(0..20).map(|i| f64::from(i * i)).collect::<Vec<_>>());
        let own = piece_by_piece(&set, &set, 5).unwrap();
        assert!(own.precision.iter().chain(&own.recall).chain(&own.coverage).all(|value| *value == 1.0));
        let far = points(&(0..20).map(|i| 1e6 + f64::from(i)).collect::<Vec<_>>());
        let far = piece_by_piece(&set, &far, 5).unwrap();
        assert!(far.precision.iter().chain(&far.recall).chain(&far.coverage).all(|value| *value == 0.0));
    }

    #[test]
    fn a_candidate_in_one_corner_is_precise_and_covers_little() {
        let reference = normal_table(80, 2, 0.0, 0);
        let corner = reference.select(&(0..80).filter(|&i| reference.rows[i][0].unwrap() > 0.8).collect::<Vec<_>>());
        let found = coverage(&Pair::of(&reference, &corner), 5, &Bootstrap::default()).unwrap();
        assert_eq!(found.precision.value, 1.0);
        assert!(found.recall.value < 0.7 && found.coverage.value < 0.4, "{found:?}");
        assert!(found.coverage.interval.unwrap().contains(found.coverage.value));
    }

    #[test]
    fn k_pieces_are_too_few_and_one_more_is_enough() {
        assert_eq!(piece_by_piece(&points(&[1.0, 2.0]), &points(&[1.0, 2.0, 3.0]), 2), None);
        assert!(piece_by_piece(&points(&[1.0, 2.0, 3.0]), &points(&[1.0, 2.0, 3.0]), 2).is_some());
        assert_eq!(piece_by_piece(&points(&[1.0, 2.0]), &points(&[1.0, 2.0]), 0), None);
        assert_eq!(
            coverage(&Pair::of(&FeatureTable::default(), &FeatureTable::default()), 5, &Bootstrap::default()),
            None
        );
    }
}
