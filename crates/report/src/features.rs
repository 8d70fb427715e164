//! Feature by feature: how both sets are spread, how far apart their means are, and whether the floor explains it.
//!
//! The floor of a feature is half the length of the interval of the difference between two halves of the reference, in
//! its standard deviations: real music differs from real music by up to about that much, in either direction. One
//! feature in twenty lies outside by chance; so [`outside`] should be read beside [`by_chance`].

use crate::scale::Scale;
use aeolian_metrics::FEATURES;
use aeolian_metrics::compare::moments::mean_and_deviation;
use aeolian_metrics::compare::tells::Kind;
use aeolian_metrics::compare::{Comparison, Estimate, FeatureTable, Tell};
use serde::Serialize;

/// A feature in one set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Mean of the defined values, with its interval.
    pub mean: Estimate,
    /// Their standard deviation; `None` for fewer than two.
    pub deviation: Option<f64>,
    /// Share of the pieces where it is undefined, 0–1.
    pub undefined: f64,
    /// The defined values, in order of the pieces. Not written to JSON, where they would drown all else.
    #[serde(skip)]
    pub values: Vec<f64>,
}

/// A feature in both sets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureRow {
    /// Its name.
    pub name: String,
    /// Its family.
    pub family: String,
    /// Its unit.
    pub unit: &'static str,
    /// Digits after the point that are worth showing.
    pub digits: usize,
    /// The reference.
    pub reference: Side,
    /// The candidate.
    pub candidate: Side,
    /// Candidate minus reference, in standard deviations of the reference.
    pub difference: Estimate,
    /// How far two halves of the reference may lie apart, in the same unit; `None` where they were not compared.
    pub floor: Option<f64>,
    /// Whether |difference| is larger than the floor.
    pub outside: Option<bool>,
    /// The difference in words.
    pub sentence: String,
}

/// All features that took part, those that tell most first.
pub fn feature_rows(
    comparison: &Comparison,
    scale: Option<&Scale>,
    reference: &FeatureTable,
    candidate: &FeatureTable,
) -> Vec<FeatureRow> {
    let of_value = |tell: &&Tell| tell.kind == Kind::Value;
    let floor_of = |name: &str| {
        let same = scale?.floor.tells.iter().filter(of_value).find(|other| other.name == name)?;
        Some(same.difference.interval?.half_width())
    };
    comparison
        .tells
        .iter()
        .filter(of_value)
        .filter_map(|tell| {
            let feature = FEATURES.iter().find(|feature| feature.name == tell.name)?;
            Some((tell, feature, floor_of(&tell.name)))
        })
        .map(|(tell, feature, floor)| FeatureRow {
            name: tell.name.clone(),
            family: tell.family.clone(),
            unit: feature.unit,
            digits: feature.digits,
            reference: side(tell.reference, reference, &tell.name),
            candidate: side(tell.candidate, candidate, &tell.name),
            difference: tell.difference,
            floor,
            outside: floor.map(|floor| tell.difference.value.abs() > floor),
            sentence: tell.sentence.clone(),
        })
        .collect()
}

fn side(mean: Estimate, table: &FeatureTable, name: &str) -> Side {
    let column = table.names.iter().position(|other| other == name).unwrap_or(usize::MAX);
    let values: Vec<f64> = (0..table.pieces()).filter_map(|row| table.value(row, column)).collect();
    let undefined = (table.pieces() - values.len()) as f64 / table.pieces().max(1) as f64;
    Side { mean, deviation: mean_and_deviation(&values).map(|(_, deviation)| deviation), undefined, values }
}

/// How many features lie outside the floor.
pub fn outside(rows: &[FeatureRow]) -> usize {
    rows.iter().filter(|row| row.outside == Some(true)).count()
}

/// How many would by chance, about, at this confidence.
pub fn by_chance(rows: &[FeatureRow], confidence: f64) -> f64 {
    rows.iter().filter(|row| row.outside.is_some()).count() as f64 * (1.0 - confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_metrics::compare::{ClassifierSettings, Settings, compare, split_in_halves};

    /// Forty songs of one piece whose groove goes evenly from `lowest` up by 0.39; every tenth has none.
    fn table(lowest: f64, first_song: usize) -> FeatureTable {
        let groove = |piece: usize| (!piece.is_multiple_of(10)).then_some(lowest + 0.01 * piece as f64);
        FeatureTable {
            names: vec!["groove".to_owned()],
            families: vec!["Rhythm".to_owned()],
            rows: (0..40).map(|piece| vec![groove(piece)]).collect(),
            groups: (first_song..first_song + 40).collect(),
        }
    }

    fn rows(reference: &FeatureTable, candidate: &FeatureTable) -> Vec<FeatureRow> {
        let classifier = ClassifierSettings { folds: 2, repeats: 1, deals: 0 };
        let settings = Settings { resamples: 50, mmd_deals: 1, classifier, ..Settings::default() };
        let (first, second) = split_in_halves(reference, 1);
        let floor = compare(&first, &second, &settings);
        let scale = Scale { halves: [floor.reference, floor.candidate], floor, splits: None, ceilings: vec![] };
        feature_rows(&compare(reference, candidate, &settings), Some(&scale), reference, candidate)
    }

    #[test]
    fn a_shift_of_three_deviations_is_outside_the_floor_and_none_is_not() {
        let reference = table(0.3, 0);
        let [same] = &rows(&reference, &table(0.3, 100))[..] else { panic!("one feature") };
        assert_eq!((same.difference.value, same.outside), (0.0, Some(false)));
        let [shifted] = &rows(&reference, &table(0.66, 100))[..] else { panic!("one feature") };
        assert_eq!(shifted.outside, Some(true));
        assert!((shifted.difference.value - 0.36 / shifted.reference.deviation.unwrap()).abs() < 1e-9);
        assert!(shifted.floor.is_some_and(|floor| floor > 0.0 && floor < 1.5), "{:?}", shifted.floor);
        assert_eq!((shifted.candidate.undefined, shifted.candidate.values.len()), (0.1, 36));
        let both = [same.clone(), shifted.clone()];
        assert_eq!(outside(&both), 1);
        assert!((by_chance(&both, 0.95) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn without_a_scale_nothing_is_inside_or_outside() {
        let (reference, candidate) = (table(0.3, 0), table(0.66, 100));
        let settings = Settings { resamples: 0, mmd_deals: 0, ..Settings::default() };
        let settings = Settings { classifier: ClassifierSettings { folds: 2, repeats: 1, deals: 0 }, ..settings };
        let rows = feature_rows(&compare(&reference, &candidate, &settings), None, &reference, &candidate);
        assert_eq!((rows.len(), rows[0].floor, rows[0].outside), (1, None, None));
    }
}
