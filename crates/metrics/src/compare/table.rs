//! The material of every comparison: a table of features, a row a piece, and what becomes of undefined values.
//!
//! **The policy, in one place.** A value is undefined if it is `None`, not finite, or beyond ±10¹⁰⁰.
//!
//! - A column undefined in *more than half* of the reference's pieces is left out and named; so is a column that the
//!   candidate's table lacks, and one that does not vary in either set.
//! - Where one feature is looked at alone (distances, tells), undefined values are left out.
//! - Where features are looked at together (Fréchet, MMD, coverage, diversity, classifier), an undefined value is
//!   replaced by the reference's median. The classifier also gets a flag for it (see [`super::classifier`]).
//! - Features are standardised by the *reference*: minus its mean, over its standard deviation (n − 1), both of the
//!   defined values. A feature that is constant in the reference but not in the candidate (music never does this; the
//!   candidate does) is divided by the standard deviation of both sets together.

use super::linear_algebra::Matrix;
use super::moments::{mean_and_deviation, median};
use super::random::Draws;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Features of a set of pieces: one row a piece, one column a feature.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureTable {
    /// A name for every column; columns of two tables meet by name.
    pub names: Vec<String>,
    /// The family of every column (melody, harmony …); a missing one is the empty string.
    pub families: Vec<String>,
    /// Values, `None` where undefined; what a row lacks at its end is undefined.
    pub rows: Vec<Vec<Option<f64>>>,
    /// The song that each row was cut from. Rows of one song are drawn, left out and judged together, *also across two
    /// tables*: give composed pieces numbers that no song has. A row without a number is a song by itself.
    pub groups: Vec<usize>,
}

impl FeatureTable {
    /// How many pieces it has.
    pub fn pieces(&self) -> usize {
        self.rows.len()
    }

    /// The value of a piece in a column, `None` where undefined.
    pub fn value(&self, row: usize, column: usize) -> Option<f64> {
        let value = self.rows.get(row)?.get(column).copied().flatten()?;
        (value.abs() <= 1e100).then_some(value)
    }

    /// The song of every row; rows without a number get numbers from the top of `usize` downwards.
    pub fn songs(&self) -> Vec<usize> {
        (0..self.rows.len()).map(|row| self.groups.get(row).copied().unwrap_or(usize::MAX - row)).collect()
    }

    /// The chosen rows.
    ///
    /// # Panics   where one does not exist
    pub fn select(&self, rows: &[usize]) -> Self {
        let songs = self.songs();
        Self {
            names: self.names.clone(),
            families: self.families.clone(),
            rows: rows.iter().map(|&row| self.rows[row].clone()).collect(),
            groups: rows.iter().map(|&row| songs[row]).collect(),
        }
    }

    /// All values of a column.
    fn column(&self, column: usize) -> Vec<Option<f64>> {
        (0..self.rows.len()).map(|row| self.value(row, column)).collect()
    }
}

/// Two halves of a table, every song in one of them: real music against real music, the floor of every comparison.
///
/// Songs come in random order, each to the half that has fewer pieces so far (the first, where equal); the halves
/// differ by at most the pieces of one song.
pub fn split_in_halves(table: &FeatureTable, seed: u64) -> (FeatureTable, FeatureTable) {
    let mut songs: Vec<Vec<usize>> = rows_of_songs(&table.songs()).into_values().collect();
    Draws::new(seed).shuffle(&mut songs);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for mut song in songs {
        let half = if first.len() <= second.len() { &mut first } else { &mut second };
        half.append(&mut song);
    }
    first.sort_unstable();
    second.sort_unstable();
    (table.select(&first), table.select(&second))
}

/// The rows of every song.
pub(crate) fn rows_of_songs(groups: &[usize]) -> BTreeMap<usize, Vec<usize>> {
    let mut songs: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    groups.iter().enumerate().for_each(|(row, &song)| songs.entry(song).or_default().push(row));
    songs
}

/// Why a column takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Undefined in more than half of the reference's pieces.
    UndefinedInReference,
    /// The candidate's table has no column of this name.
    NotInCandidate,
    /// All defined values of both sets are equal.
    Constant,
}

/// A column that takes no part, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: Reason,
}

/// A column that takes part.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its family.
    pub family: String,
    /// Mean of the reference's defined values.
    pub mean: f64,
    /// What a difference is divided by, > 0: see the policy.
    pub deviation: f64,
    /// Values of the reference's pieces.
    pub reference: Vec<Option<f64>>,
    /// Values of the candidate's pieces.
    pub candidate: Vec<Option<f64>>,
}

/// Reference and candidate on the same columns, undefined values replaced, standardised by the reference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pair {
    /// The columns that take part, in the reference's order.
    pub columns: Vec<Column>,
    /// Those that do not.
    pub left_out: Vec<LeftOut>,
    /// The reference, standardised: a row a piece, a column of `columns` a column.
    pub reference: Matrix,
    /// The candidate, standardised by the reference.
    pub candidate: Matrix,
    /// The song of each of the reference's pieces.
    pub reference_songs: Vec<usize>,
    /// The song of each of the candidate's pieces.
    pub candidate_songs: Vec<usize>,
}

impl Pair {
    /// Brings two tables together. Of several columns of one name the first counts.
    pub fn of(reference: &FeatureTable, candidate: &FeatureTable) -> Self {
        let (mut columns, mut left_out, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (index, name) in reference.names.iter().enumerate().filter(|(_, name)| seen.insert(name.as_str())) {
            match joined(reference, index, candidate) {
                Ok(column) => columns.push(column),
                Err(reason) => left_out.push(LeftOut { name: name.clone(), reason }),
            }
        }
        Self {
            reference: standardised(&columns, reference.pieces(), |column| &column.reference),
            candidate: standardised(&columns, candidate.pieces(), |column| &column.candidate),
            columns,
            left_out,
            reference_songs: reference.songs(),
            candidate_songs: candidate.songs(),
        }
    }
}

fn joined(reference: &FeatureTable, index: usize, candidate: &FeatureTable) -> Result<Column, Reason> {
    let name = &reference.names[index];
    let other = candidate.names.iter().position(|other| other == name).ok_or(Reason::NotInCandidate)?;
    let (reference_values, candidate_values) = (reference.column(index), candidate.column(other));
    let defined: Vec<f64> = reference_values.iter().copied().flatten().collect();
    if 2 * defined.len() < reference_values.len() || defined.is_empty() {
        return Err(Reason::UndefinedInReference);
    }
    let both: Vec<f64> = reference_values.iter().chain(&candidate_values).copied().flatten().collect();
    if both.iter().all(|value| *value == both[0]) {
        return Err(Reason::Constant);
    }
    // A sum of equal numbers is rounded; their mean and spread are known without it.
    let is_constant = defined.iter().all(|value| *value == defined[0]);
    let own = mean_and_deviation(&defined).filter(|_| !is_constant);
    let (mean, own) = own.unwrap_or((defined[0], 0.0));
    let deviation = if own > 0.0 { own } else { mean_and_deviation(&both).map_or(0.0, |(_, deviation)| deviation) };
    if deviation.is_nan() || deviation <= 0.0 {
        return Err(Reason::Constant);
    }
    Ok(Column {
        name: name.clone(),
        family: reference.families.get(index).cloned().unwrap_or_default(),
        mean,
        deviation,
        reference: reference_values,
        candidate: candidate_values,
    })
}

fn standardised(columns: &[Column], pieces: usize, side: impl Fn(&Column) -> &Vec<Option<f64>>) -> Matrix {
    let mut matrix = Matrix::zeros(pieces, columns.len());
    for (j, column) in columns.iter().enumerate() {
        let middle = median(column.reference.iter().copied().flatten().collect()).unwrap_or(column.mean);
        for (i, value) in side(column).iter().enumerate() {
            matrix.row_mut(i)[j] = (value.unwrap_or(middle) - column.mean) / column.deviation;
        }
    }
    matrix
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A table of numbers, every row a song of its own, numbered from `first_song`.
    pub(crate) fn table(rows: &[Vec<f64>], first_song: usize) -> FeatureTable {
        let columns = rows.first().map_or(0, Vec::len);
        FeatureTable {
            names: (0..columns).map(|column| format!("feature {column}")).collect(),
            families: (0..columns).map(|column| ["even", "odd"][column % 2].to_owned()).collect(),
            rows: rows.iter().map(|row| row.iter().copied().map(Some).collect()).collect(),
            groups: (first_song..first_song + rows.len()).collect(),
        }
    }

    /// Approximately normal numbers (sums of twelve uniforms) around `mean`, songs numbered from `first_song`.
    pub(crate) fn normal_table(pieces: usize, columns: usize, mean: f64, first_song: usize) -> FeatureTable {
        let draws = Draws::new(first_song as u64 + 77);
        let normal = |i: usize| (0..12).map(|k| draws.uniform((i * 12 + k) as u64)).sum::<f64>() - 6.0;
        let row = |i: usize| (0..columns).map(|j| mean + normal(i * columns + j)).collect();
        table(&(0..pieces).map(row).collect::<Vec<_>>(), first_song)
    }

    fn one_column(values: &[Option<f64>]) -> FeatureTable {
        FeatureTable {
            names: vec!["x".into()],
            rows: values.iter().map(|value| vec![*value]).collect(),
            ..FeatureTable::default()
        }
    }

    #[test]
    fn standardising_by_hand_with_the_median_for_the_undefined() {
        let reference = one_column(&[Some(1.0), Some(2.0), Some(6.0), None]);
        let candidate = one_column(&[Some(3.0), None]);
        let pair = Pair::of(&reference, &candidate);
        let deviation = 7f64.sqrt(); // mean 3, squares 4 + 1 + 9 over 2
        assert_eq!((pair.columns[0].mean, pair.columns[0].deviation), (3.0, deviation));
        let rows = |matrix: &Matrix| matrix.iter_rows().map(|row| row[0] * deviation).collect::<Vec<_>>();
        let close = |a: Vec<f64>, b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close(rows(&pair.reference), &[-2.0, -1.0, 3.0, -1.0]));
        assert!(close(rows(&pair.candidate), &[0.0, -1.0]));
    }

    #[test]
    fn a_column_undefined_in_half_of_the_reference_stays_and_in_more_than_half_goes() {
        let candidate = one_column(&[Some(0.0), Some(5.0)]);
        let half = Pair::of(&one_column(&[Some(1.0), Some(2.0), None, Some(f64::NAN)]), &candidate);
        assert_eq!((half.columns.len(), half.left_out.len()), (1, 0));
        let more = Pair::of(&one_column(&[Some(1.0), Some(2.0), None, None, Some(f64::INFINITY)]), &candidate);
        assert_eq!(more.left_out, [LeftOut { name: "x".into(), reason: Reason::UndefinedInReference }]);
    }

    #[test]
    fn what_never_varies_is_left_out_and_what_only_the_candidate_does_is_kept() {
        let constant = one_column(&[Some(0.1), Some(0.1), Some(0.1)]);
        let pair = Pair::of(&constant, &constant);
        assert_eq!(pair.left_out[0].reason, Reason::Constant);
        let pair = Pair::of(&constant, &one_column(&[Some(0.1), Some(1.1)]));
        // Five values: four of 0.1 and one of 1.1 around their mean of 0.3: squares .16 + .64 over 4.
        assert!((pair.columns[0].deviation - 0.2f64.sqrt()).abs() < 1e-12);
        assert_eq!(pair.reference.row(0), [0.0]);
    }

    #[test]
    fn columns_meet_by_name() {
        let mut swapped = table(&[vec![1.0, 2.0], vec![3.0, 5.0]], 0);
        let reference = swapped.clone();
        swapped.names.swap(0, 1);
        let pair = Pair::of(&reference, &swapped);
        assert_eq!(pair.columns[0].candidate, [Some(2.0), Some(5.0)]);
        swapped.names[0] = "other".into();
        assert_eq!(Pair::of(&reference, &swapped).left_out[0].reason, Reason::NotInCandidate);
    }

    #[test]
    fn halves_share_no_song_and_no_piece_is_lost() {
        let mut whole = table(&(0..41).map(|i| vec![i as f64]).collect::<Vec<_>>(), 0);
        whole.groups = (0..41).map(|i| i / 3).collect();
        let (first, second) = split_in_halves(&whole, 5);
        assert_eq!(first.pieces() + second.pieces(), 41);
        assert!(first.pieces().abs_diff(second.pieces()) <= 3);
        assert!(first.groups.iter().all(|song| !second.groups.contains(song)));
        assert_ne!(first, split_in_halves(&whole, 6).0);
        assert_eq!(first, split_in_halves(&whole, 5).0);
    }

    #[test]
    fn damaged_tables_are_read_without_a_panic() {
        let damaged = FeatureTable {
            names: vec!["a".into(), "b".into(), "a".into()],
            families: vec![],
            rows: vec![vec![], vec![Some(1.0)], vec![Some(2.0), Some(f64::MAX), Some(0.0), Some(9.0)]],
            groups: vec![4],
        };
        let pair = Pair::of(&damaged, &damaged);
        assert_eq!((pair.columns.len(), pair.left_out.len()), (1, 1));
        assert_eq!(pair.reference_songs, [4, usize::MAX - 1, usize::MAX - 2]);
        assert!(Pair::of(&damaged, &FeatureTable::default()).columns.is_empty());
        assert!(Pair::of(&FeatureTable::default(), &damaged).columns.is_empty());
    }
}
