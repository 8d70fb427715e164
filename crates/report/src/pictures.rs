//! Pieces worth looking at: the candidate's most and least typical ones, measured by the reference.
//!
//! The distance of a piece is the root mean square of its features, standardised by the reference and cut at ±5: 1 is
//! what a piece of the reference has on average.

use crate::pieces::Set;
use aeolian_metrics::compare::{FeatureTable, Pair};
use aeolian_score::Score;
use serde::Serialize;

/// How many of each kind are shown.
pub const SHOWN: usize = 2;
/// Standardised features are cut here, as the classifier cuts them.
const FARTHEST: f64 = 5.0;
/// Features that are named for each piece.
const REASONS: usize = 3;

/// A feature that makes a piece unusual.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unusual {
    /// The feature.
    pub name: String,
    /// How many standard deviations it lies from the reference's mean.
    pub deviations: f64,
}

/// A piece to be looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownPiece {
    /// Its file.
    pub file: String,
    /// The bar it begins with, counted from 1.
    pub start_bar: usize,
    /// Whether it is one of the most typical ones; else of the least.
    pub is_typical: bool,
    /// Its distance, ≥ 0.
    pub distance: f64,
    /// What is most unusual about it.
    pub unusual: Vec<Unusual>,
    /// The music.
    #[serde(skip)]
    pub score: Option<Score>,
}

/// The most typical pieces, then the least typical ones (the worst last); none twice.
pub fn shown_pieces(candidate: &Set, reference: &FeatureTable, table: &FeatureTable) -> Vec<ShownPiece> {
    let pair = Pair::of(reference, table);
    let distances: Vec<f64> = pair.candidate.iter_rows().map(distance).collect();
    let mut order: Vec<usize> = (0..distances.len().min(candidate.pieces.len())).collect();
    order.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
    let typical = SHOWN.min(order.len());
    let untypical = order.len() - SHOWN.min(order.len() - typical);
    let chosen = order[..typical].iter().map(|&piece| (piece, true));
    let chosen = chosen.chain(order[untypical..].iter().map(|&piece| (piece, false)));
    chosen
        .map(|(piece, is_typical)| {
            let named = &candidate.pieces[piece];
            ShownPiece {
                file: named.file.clone(),
                start_bar: named.start_bar,
                is_typical,
                distance: distances[piece],
                unusual: unusual(&pair, piece),
                score: named.piece.score.clone(),
            }
        })
        .collect()
}

fn distance(row: &[f64]) -> f64 {
    let squares: f64 = row.iter().map(|value| value.clamp(-FARTHEST, FARTHEST).powi(2)).sum();
    (squares / row.len().max(1) as f64).sqrt()
}

fn unusual(pair: &Pair, piece: usize) -> Vec<Unusual> {
    let row = pair.candidate.row(piece);
    let mut features: Vec<Unusual> = pair
        .columns
        .iter()
        .zip(row)
        .map(|(column, deviations)| Unusual { name: column.name.clone(), deviations: *deviations })
        .collect();
    features.sort_by(|a, b| b.deviations.abs().total_cmp(&a.deviations.abs()));
    features.truncate(REASONS);
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_the_root_mean_square_and_one_feature_cannot_rule_it() {
        assert_eq!(distance(&[3.0, 4.0, 0.0, 0.0]), 2.5);
        assert_eq!(distance(&[1000.0]), 5.0);
        assert_eq!(distance(&[]), 0.0);
    }

    #[test]
    fn of_three_pieces_two_are_typical_and_none_is_shown_twice() {
        use crate::pieces::NamedPiece;
        use aeolian_metrics::Piece;
        let table = |values: &[f64]| FeatureTable {
            names: vec!["groove".to_owned()],
            rows: values.iter().map(|value| vec![Some(*value)]).collect(),
            ..FeatureTable::default()
        };
        let named = |song: usize| NamedPiece { file: song.to_string(), start_bar: 1, song, piece: Piece::default() };
        let set = Set { pieces: (0..3).map(named).collect(), ..Set::default() };
        // Mean 2, standard deviation 1.
        let shown = shown_pieces(&set, &table(&[1.0, 2.0, 3.0]), &table(&[4.0, 2.0, 1.5]));
        let said: Vec<_> = shown.iter().map(|piece| (piece.file.as_str(), piece.is_typical, piece.distance)).collect();
        assert_eq!(said, [("1", true, 0.0), ("2", true, 0.5), ("0", false, 2.0)]);
        assert_eq!(shown[2].unusual, [Unusual { name: "groove".to_owned(), deviations: 2.0 }]);
        assert!(shown_pieces(&Set::default(), &table(&[1.0, 2.0]), &table(&[])).is_empty());
    }
}
