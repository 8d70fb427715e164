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
//! One split is one throw of the dice. So the area under the curve is taken of further random splits too, by the
//! classifier alone, and [`Scale::splits`] has their mean and range: what real music against real music may look like.

use crate::pieces::{Set, choose_evenly};
use crate::table::table_of_pieces;
use aeolian_metrics::ceilings::Corruption;
use aeolian_metrics::compare::classifier::area_alone;
use aeolian_metrics::compare::comparison::Size;
use aeolian_metrics::compare::random::Draws;
use aeolian_metrics::compare::{
    ClassifierSettings, Comparison, FeatureTable, Frames, Pair, Settings, compare, self_similarity, split_in_halves,
};
use aeolian_metrics::{Excerpt, Piece};
use rayon::prelude::*;
use serde::Serialize;

/// Random splits of the reference, the one of the floor among them.
pub const SPLITS: u64 = 10;
/// Repetitions of the cross-validation in the further ones.
const SPLIT_REPEATS: usize = 2;

/// The reference against itself spoiled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ceiling {
    /// How it was spoiled.
    pub corruption: Corruption,
    /// One half against the other half spoiled. Its classifier has no null interval (that of
    /// the candidate serves), and its intervals come from half of the resamples.
    pub comparison: Comparison,
}

/// The areas under the curve of several random splits of the reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Splits {
    /// Their mean, 0–1.
    pub mean: f64,
    /// The smallest.
    pub lowest: f64,
    /// The largest.
    pub highest: f64,
    /// All of them, that of [`Scale::floor`] first.
    pub areas: Vec<f64>,
}

impl Splits {
    /// Of these areas; `None` of none.
    fn of(areas: Vec<f64>) -> Option<Self> {
        Some(Self {
            mean: areas.iter().sum::<f64>() / areas.len() as f64,
            lowest: areas.iter().copied().reduce(f64::min)?,
            highest: areas.iter().copied().reduce(f64::max)?,
            areas,
        })
    }
}

/// Floor and ceilings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scale {
    /// Sizes of the two halves, the one that plays the reference first.
    pub halves: [Size; 2],
    /// One half against the other. Its classifier has no null interval: other splits say what chance gives.
    pub floor: Comparison,
    /// The area of the same in several random splits; `None` where it is undefined in all of them.
    pub splits: Option<Splits>,
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
        // Null intervals are dear; neither floor nor ceilings need one.
        let classifier = ClassifierSettings { deals: 0, ..settings.classifier };
        let thrifty = Settings { classifier, ..*settings };
        let pieces: [Vec<&Piece>; 2] =
            [&first, &second].map(|rows| rows.iter().map(|&row| &set.pieces[row].piece).collect());
        let half_frames = frames_of(&pieces[0], &half.songs());
        // A table knows nothing of frames.
        let compared = |table: &FeatureTable, pieces: &[&Piece], settings: &Settings| Comparison {
            self_similarity: Some(self_similarity(
                &half_frames,
                &frames_of(pieces, &table.songs()),
                &settings.bootstrap(),
            )),
            ..compare(&half, table, settings)
        };
        let floor = compared(&table.select(&second), &pieces[1], &thrifty);
        progress("Splitting the reference at random, again and again");
        let first_area = floor.classifier.as_ref().map(|test| test.auc.value);
        let splits = Splits::of(first_area.into_iter().chain(further_areas(table, sizes, settings)).collect());
        // A ceiling is read at a glance; half of the resamples say how sure it is.
        let thrifty = Settings { resamples: settings.resamples / 2, ..thrifty };
        let groups: Vec<usize> = table.select(&second).songs();
        let ceilings = Corruption::ALL.map(|corruption| {
            progress(&format!(
                "Comparing one half of the reference with the other half spoiled: {}",
                corruption.name()
            ));
            let spoiled = spoiled(&pieces[1], corruption, settings.seed);
            let spoiled: Vec<&Piece> = spoiled.iter().collect();
            let table = table_of_pieces(&spoiled, groups.clone());
            Ceiling { corruption, comparison: compared(&table, &spoiled, &thrifty) }
        });
        Some(Self { halves: [floor.reference, floor.candidate], floor, splits, ceilings: ceilings.into() })
    }
}

/// Areas of the second split and those after it.
fn further_areas(table: &FeatureTable, sizes: [usize; 2], settings: &Settings) -> Vec<f64> {
    let draws = Draws::new(settings.seed).stream(SPLITS);
    let repeats = SPLIT_REPEATS.min(settings.classifier.repeats);
    let classifier = ClassifierSettings { repeats, deals: 0, ..settings.classifier };
    let area = |split: u64| {
        let draws = draws.stream(split);
        let [first, second] = halves(table, sizes, draws.bits(0))?;
        area_alone(&Pair::of(&table.select(&first), &table.select(&second)), &classifier, draws)
    };
    let areas: Vec<Option<f64>> = (1..SPLITS).into_par_iter().map(area).collect();
    areas.into_iter().flatten().collect()
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

/// The neighbouring frames of pieces, for [`self_similarity`].
pub(crate) fn frames_of(pieces: &[&Piece], songs: &[usize]) -> Frames {
    Frames::of(&pieces.iter().map(|piece| &piece.excerpt).collect::<Vec<_>>(), songs)
}

fn spoiled(pieces: &[&Piece], corruption: Corruption, seed: u64) -> Vec<Piece> {
    let excerpts: Vec<Excerpt> = pieces.iter().map(|piece| piece.excerpt.clone()).collect();
    let spoiled = pieces.iter().zip(corruption.of_all(&excerpts, seed));
    spoiled.map(|(piece, excerpt)| Piece { excerpt, ..(*piece).clone() }).collect()
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
        let spoiled = measure(&spoiled(&[&piece], Corruption::ShuffledPitches, 1)[0]);
        let real = measure(&piece);
        let changed = |family| (0..real.len()).any(|i| FEATURES[i].family == family && spoiled[i] != real[i]);
        assert!(changed(Family::Melody));
        let loudness = FEATURES.iter().position(|feature| feature.name == "loudness").unwrap();
        let density = FEATURES.iter().position(|feature| feature.name == "notes a bar").unwrap();
        for kept in [loudness, density] {
            assert!(real[kept].is_some() && spoiled[kept] == real[kept]);
        }
    }
}
