//! The scale on which a figure is read: floor and ceilings.
//!
//! The reference is split into two halves, every song in one of them. Half against half is the *floor*: real music
//! against real music. Half against the other half *spoiled* in a known way is a *ceiling*
//! ([`aeolian_metrics::ceilings`]). A figure that does not tell floor and ceilings apart says nothing of the candidate.
//!
//! The halves are cut down (files taking turns) to the sizes of the real comparison, where the reference has pieces
//! enough; else they are as large as they can be, and [`Scale::halves`] says how large.
//!
//! Corruptions work on the notes of the step grid. Loudness, fine timing, tempo and drums stay those of the real piece,
//! so that the families Expression and Drums are real in every ceiling; nothing is told apart for want of a score.
//!
//! A 3-gram model would be a good ceiling too. [`aeolian_metrics::ngram`] learns from canvases, which this crate does
//! not make; the model card (`aeolian evaluate`) has it.

use crate::pieces::{Set, choose_evenly};
use crate::table::table_of_pieces;
use aeolian_metrics::ceilings::Corruption;
use aeolian_metrics::compare::comparison::Size;
use aeolian_metrics::compare::{ClassifierSettings, Comparison, FeatureTable, Settings, compare, split_in_halves};
use aeolian_metrics::{Excerpt, Piece};
use serde::Serialize;

/// The reference against itself spoiled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ceiling {
    /// How it was spoiled.
    pub corruption: Corruption,
    /// One half against the other half spoiled. Its classifier has no null interval: that of the floor is the same.
    pub comparison: Comparison,
}

/// Floor and ceilings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scale {
    /// Sizes of the two halves, the one that plays the reference first.
    pub halves: [Size; 2],
    /// One half against the other.
    pub floor: Comparison,
    /// One half against the other half spoiled, each corruption once.
    pub ceilings: Vec<Ceiling>,
}

impl Scale {
    /// Measures the scale of a reference, whose features are in `table`. `None` where the reference has fewer than two
    /// songs.
    ///
    /// `sizes`: pieces of reference and candidate in the real comparison.
    pub fn of(
        set: &Set,
        table: &FeatureTable,
        sizes: [usize; 2],
        settings: &Settings,
        progress: &dyn Fn(&str),
    ) -> Option<Self> {
        let [first, second] = halves(table, sizes, settings.seed)?;
        let half = table.select(&first);
        progress("Comparing one half of the reference with the other");
        let floor = compare(&half, &table.select(&second), settings);
        // Null intervals are dear, and a ceiling needs none.
        let classifier = ClassifierSettings { deals: 0, ..settings.classifier };
        let thrifty = Settings { classifier, ..*settings };
        let pieces: Vec<&Piece> = second.iter().map(|&row| &set.pieces[row].piece).collect();
        let groups: Vec<usize> = table.select(&second).songs();
        let ceilings = Corruption::ALL.map(|corruption| {
            progress(&format!(
                "Comparing one half of the reference with the other half spoiled: {}",
                corruption.name()
            ));
            let spoiled = spoiled_table(&pieces, &groups, corruption, settings.seed);
            Ceiling { corruption, comparison: compare(&half, &spoiled, &thrifty) }
        });
        Some(Self { halves: [floor.reference, floor.candidate], floor, ceilings: ceilings.into() })
    }
}

/// Rows of the two halves, each at most as large as asked.
fn halves(table: &FeatureTable, sizes: [usize; 2], seed: u64) -> Option<[Vec<usize>; 2]> {
    // Halves are of tables; a table of row numbers says which rows they are.
    let rows = FeatureTable {
        names: vec!["row".to_owned()],
        families: Vec::new(),
        rows: (0..table.pieces()).map(|row| vec![Some(row as f64)]).collect(),
        groups: table.songs(),
    };
    let (first, second) = split_in_halves(&rows, seed);
    if first.pieces() == 0 || second.pieces() == 0 {
        return None;
    }
    let cut_down = |half: FeatureTable, most: usize| -> Vec<usize> {
        let rows: Vec<usize> = (0..half.pieces()).filter_map(|i| Some(half.value(i, 0)? as usize)).collect();
        choose_evenly(&half.songs(), most, seed).into_iter().map(|place| rows[place]).collect()
    };
    Some([cut_down(first, sizes[0]), cut_down(second, sizes[1])])
}

fn spoiled_table(pieces: &[&Piece], groups: &[usize], corruption: Corruption, seed: u64) -> FeatureTable {
    let excerpts: Vec<Excerpt> = pieces.iter().map(|piece| piece.excerpt.clone()).collect();
    let spoiled = corruption.of_all(&excerpts, seed);
    let spoiled: Vec<Piece> =
        pieces.iter().zip(spoiled).map(|(piece, excerpt)| Piece { excerpt, ..(*piece).clone() }).collect();
    table_of_pieces(&spoiled.iter().collect::<Vec<_>>(), groups.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(songs: &[usize]) -> FeatureTable {
        FeatureTable { rows: vec![vec![]; songs.len()], groups: songs.to_vec(), ..FeatureTable::default() }
    }

    #[test]
    fn halves_share_no_song_and_keep_to_their_sizes() {
        let songs: Vec<usize> = (0..40).map(|row| row / 4).collect();
        let [first, second] = halves(&rows(&songs), [12, 15], 3).unwrap();
        assert_eq!((first.len(), second.len()), (12, 15));
        assert!(first.iter().all(|&a| second.iter().all(|&b| songs[a] != songs[b])));
    }

    #[test]
    fn one_song_has_no_halves() {
        assert_eq!(halves(&rows(&[0, 0, 0]), [9, 9], 3), None);
        assert_eq!(halves(&rows(&[]), [9, 9], 3), None);
        assert!(halves(&rows(&[0, 1]), [9, 9], 3).is_some());
    }

    #[test]
    fn spoiled_pitches_leave_rhythm_and_loudness_as_they_were() {
        use crate::pieces::tests::quarters;
        use aeolian_metrics::{FEATURES, Family, measure};
        let piece = Piece::from_score(quarters(&[60, 67, 59, 72, 61, 66, 64, 65])).unwrap();
        let spoiled = spoiled_table(&[&piece], &[7], Corruption::ShuffledPitches, 1);
        assert_eq!(spoiled.groups, [7]);
        let real = measure(&piece);
        let changed = |family| (0..real.len()).any(|i| FEATURES[i].family == family && spoiled.rows[0][i] != real[i]);
        assert!(changed(Family::Melody));
        let loudness = FEATURES.iter().position(|feature| feature.name == "loudness").unwrap();
        let density = FEATURES.iter().position(|feature| feature.name == "notes a bar").unwrap();
        for kept in [loudness, density] {
            assert!(real[kept].is_some() && spoiled.rows[0][kept] == real[kept]);
        }
    }
}
