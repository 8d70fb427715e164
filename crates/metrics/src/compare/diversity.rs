//! Diversity: how far the pieces of a set lie from each other, in standard deviations of the reference.
//!
//! Two means of Euclidean distances over √p (p features), so that two independent pieces that differ like the
//! reference's lie about √2 apart, however many features there are: over all pairs, and from each piece to its nearest.
//! The first sees a set that is narrow as a whole, the second one that repeats itself.
//!
//! Pairs of one song are left out of both: two cuts of a song are alike without the set being monotonous. The nearest
//! piece is the nearer the larger the set: compare sets of one size.
//!
//! The interval of the nearest distance draws the pieces that ask, not those that answer (a drawn copy would be its own
//! nearest piece); that of the mean over pairs draws both and leaves pairs of copies out.

use super::bootstrap::{Bootstrap, Estimate};
use super::linear_algebra::{Matrix, squared_distance};
use super::moments::mean;
use serde::Serialize;

/// The two figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Diversity {
    /// Mean distance to the nearest piece of another song, ≥ 0.
    pub nearest: Estimate,
    /// Mean distance over all pairs of pieces of different songs, ≥ 0.
    pub all_pairs: Estimate,
}

/// Diversity of a set standardised by the reference. `None` with fewer than two songs, or without features.
pub fn diversity(set: &Matrix, songs: &[usize], bootstrap: &Bootstrap) -> Option<Diversity> {
    let distances = distances(set, songs)?;
    let nearest: Vec<f64> = distances.iter_rows().map(nearest).collect();
    let mean_nearest = |weights: &[f64]| mean(nearest.iter().copied().zip(weights.iter().copied()));
    let mean_of_pairs = |weights: &[f64]| mean_of_pairs(&distances, weights);
    let ones = vec![1.0; set.rows()];
    Some(Diversity {
        nearest: Estimate { value: mean_nearest(&ones)?, interval: bootstrap.of_one(songs, mean_nearest) },
        all_pairs: Estimate { value: mean_of_pairs(&ones)?, interval: bootstrap.of_one(songs, mean_of_pairs) },
    })
}

/// Distances over √p; NaN between pieces of one song.
fn distances(set: &Matrix, songs: &[usize]) -> Option<Matrix> {
    if set.columns() == 0 || songs.iter().all(|song| Some(song) == songs.first()) {
        return None;
    }
    let mut distances = Matrix::zeros(set.rows(), set.rows());
    for (i, row) in set.iter_rows().enumerate() {
        for (j, other) in set.iter_rows().enumerate() {
            let distance = (squared_distance(row, other) / set.columns() as f64).sqrt();
            distances.row_mut(i)[j] = if songs[i] == songs[j] { f64::NAN } else { distance };
        }
    }
    Some(distances)
}

fn nearest(row: &[f64]) -> f64 {
    // `min` passes over NaN; with two songs or more, something else remains.
    row.iter().copied().fold(f64::INFINITY, f64::min)
}

fn mean_of_pairs(distances: &Matrix, weights: &[f64]) -> Option<f64> {
    let present = || weights.iter().copied().enumerate().filter(|(_, weight)| *weight > 0.0);
    let pairs =
        present().flat_map(|(i, w)| present().take_while(move |(j, _)| *j < i).map(move |(j, v)| (i, j, w * v)));
    mean(pairs.map(|(i, j, weight)| (distances.row(i)[j], weight)).filter(|(distance, _)| !distance.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::table::Pair;
    use crate::compare::table::tests::normal_table;

    fn points(values: &[f64]) -> Matrix {
        Matrix::from_rows(&values.iter().map(|value| vec![*value, 0.0]).collect::<Vec<_>>())
    }

    #[test]
    fn by_hand_on_a_line() {
        // 0, 1, 3 in one of two features: nearest 1, 1, 2, pairs 1, 3, 2; all over √2.
        let found = diversity(&points(&[0.0, 1.0, 3.0]), &[0, 1, 2], &Bootstrap::default()).unwrap();
        assert!((found.nearest.value - 4.0 / 3.0 / 2f64.sqrt()).abs() < 1e-12);
        assert!((found.all_pairs.value - 2.0 / 2f64.sqrt()).abs() < 1e-12);
        assert!(found.nearest.interval.is_some() && found.all_pairs.interval.is_some());
    }

    #[test]
    fn cuts_of_one_song_are_no_neighbours() {
        let found = diversity(&points(&[0.0, 1.0, 3.0]), &[0, 0, 2], &Bootstrap::default()).unwrap();
        assert!((found.nearest.value - (3.0 + 2.0 + 2.0) / 3.0 / 2f64.sqrt()).abs() < 1e-12);
        assert!((found.all_pairs.value - 2.5 / 2f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn independent_pieces_lie_about_the_root_of_two_apart() {
        let table = normal_table(100, 30, 0.0, 0);
        let pair = Pair::of(&table, &table);
        let found = diversity(&pair.reference, &pair.reference_songs, &Bootstrap::default()).unwrap();
        assert!((found.all_pairs.value - 2f64.sqrt()).abs() < 0.03, "{found:?}");
        assert!(found.nearest.value < found.all_pairs.value);
    }

    #[test]
    fn one_song_or_no_feature_has_no_diversity() {
        assert_eq!(diversity(&points(&[0.0, 1.0]), &[4, 4], &Bootstrap::default()), None);
        assert_eq!(diversity(&Matrix::zeros(3, 0), &[0, 1, 2], &Bootstrap::default()), None);
        assert_eq!(diversity(&Matrix::default(), &[], &Bootstrap::default()), None);
        assert_eq!(diversity(&points(&[5.0, 5.0]), &[0, 1], &Bootstrap::default()).unwrap().nearest.value, 0.0);
    }
}
