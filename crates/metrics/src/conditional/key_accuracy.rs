//! Key accuracy: is the key found, and if not, how near is the one that was?
//!
//! The weighted score of MIREX, in the form of mir_eval.key (0.8.2): 1 for the key itself, 0.5 for the key a fifth
//! above in the same mode, 0.3 for the relative, 0.2 for the parallel, else 0. A fifth *below* (the estimate is the
//! subdominant) earns nothing there, and so here.

use aeolian_score::{Key, Mode};
use serde::Serialize;

/// Weighted score of an estimate, 0–1.
pub fn weighted_score(reference: Key, estimate: Key) -> f64 {
    let up = (i32::from(estimate.tonic) - i32::from(reference.tonic)).rem_euclid(12);
    match (reference.mode, estimate.mode, up) {
        (Mode::Major, Mode::Major, 0) | (Mode::Minor, Mode::Minor, 0) => 1.0,
        (Mode::Major, Mode::Major, 7) | (Mode::Minor, Mode::Minor, 7) => 0.5,
        (Mode::Major, Mode::Minor, 9) | (Mode::Minor, Mode::Major, 3) => 0.3,
        (Mode::Major, Mode::Minor, 0) | (Mode::Minor, Mode::Major, 0) => 0.2,
        _ => 0.0,
    }
}

/// Key accuracy over a set of pieces.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KeyAccuracy {
    /// How many pieces were judged, ≥ 1.
    pub pieces: usize,
    /// Share of pieces whose key is found, 0–1.
    pub exact: f64,
    /// Mean [`weighted_score`], 0–1.
    pub weighted: f64,
}

/// Of pairs (given key, found key); a key that was not found earns nothing. `None` without pairs.
pub fn key_accuracy(pairs: impl IntoIterator<Item = (Key, Option<Key>)>) -> Option<KeyAccuracy> {
    let (mut pieces, mut exact, mut weighted) = (0, 0, 0.0);
    for (reference, estimate) in pairs {
        let score = estimate.map_or(0.0, |estimate| weighted_score(reference, estimate));
        pieces += 1;
        exact += usize::from(score == 1.0);
        weighted += score;
    }
    let mean = |sum: f64| sum / pieces as f64;
    (pieces > 0).then(|| KeyAccuracy { pieces, exact: mean(exact as f64), weighted: mean(weighted) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn key(tonic: u8, mode: Mode) -> Key {
        Key { tonic, mode }
    }

    #[test]
    fn near_keys_earn_their_part_in_every_transposition() {
        for up in 0..12 {
            let score =
                |reference: Key, estimate: Key| weighted_score(reference.transposed(up), estimate.transposed(up));
            let (c, am) = (key(0, Mode::Major), key(9, Mode::Minor));
            assert_eq!((score(c, c), score(am, am)), (1.0, 1.0));
            assert_eq!((score(c, key(7, Mode::Major)), score(am, key(4, Mode::Minor))), (0.5, 0.5));
            assert_eq!(score(c, key(5, Mode::Major)), 0.0, "a fifth below earns nothing");
            assert_eq!((score(c, am), score(am, c)), (0.3, 0.3));
            assert_eq!((score(c, key(0, Mode::Minor)), score(am, key(9, Mode::Major))), (0.2, 0.2));
            assert_eq!((score(c, key(3, Mode::Minor)), score(c, key(1, Mode::Major))), (0.0, 0.0));
        }
    }

    #[test]
    fn a_set_has_the_mean_of_its_pieces() {
        let c = key(0, Mode::Major);
        let pairs = [(c, Some(c)), (c, Some(key(7, Mode::Major))), (c, None), (c, Some(key(9, Mode::Minor)))];
        let accuracy = key_accuracy(pairs).unwrap();
        assert_eq!((accuracy.pieces, accuracy.exact), (4, 0.25));
        assert!((accuracy.weighted - 0.45).abs() < 1e-12);
        assert_eq!(key_accuracy([]), None);
    }
}
