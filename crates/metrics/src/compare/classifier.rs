//! The classifier two-sample test: if a classifier can tell the candidate from the reference, they differ.
//!
//! Lopez-Paz & Oquab 2017 (arXiv:1610.06545), with the area under the ROC curve in place of accuracy (no threshold, no
//! trouble with sets of unequal size). 1/2: they cannot be told apart; 1: every piece gives itself away.
//!
//! - Two judges: penalised logistic regression ([`super::logistic`]) sees shifts of features and sums of them, boosted
//!   trees ([`super::boosting`]) bends, gaps and pairs. Their probabilities are averaged with equal weight.
//! - Cross-validation is grouped by song: a piece is judged by models that have seen no piece of its song. It is
//!   repeated with other folds, a piece's probabilities are averaged, and the area is that of the averages.
//! - Both sets weigh the same in learning, whatever their sizes.
//! - Columns: the features with the reference's median for undefined values, standardised over *both* sets (labels must
//!   not leak) and cut at ±5; and for every feature that is undefined somewhere a flag that says so.
//! - The interval draws songs; it does not contain the chance of the learning itself.
//! - The null interval comes from labels dealt anew song by song ([`super::permutation`]); each deal runs the whole
//!   procedure, with both judges but only one repetition, which makes the interval slightly wider than that of the
//!   averages. It is mean ± z standard deviations of the deals: forty of them are too few for quantiles of 95 %. The
//!   deals share what knows no label: the bins of the trees, and the metric in which the regression descends.

use super::auc::{Ranking, area_under_curve};
use super::boosting::{Binned, Boosted};
use super::bootstrap::{Bootstrap, Estimate, Interval};
use super::folds::folds_by_song;
use super::gaussian::normal_cdf;
use super::linear_algebra::Matrix;
use super::logistic::{Logistic, Metric};
use super::moments::mean_and_deviation;
use super::permutation::Dealer;
use super::random::Draws;
use super::table::Pair;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Standardised features are cut here: a piece far out is far out.
const FARTHEST: f64 = 5.0;
/// Penalty of the logistic regression: a coefficient's prior standard deviation is 1/√10 ≈ 0.3 a standard deviation.
const PENALTY: f64 = 10.0;

/// How thoroughly to test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassifierSettings {
    /// Folds of a cross-validation; fewer where a set has fewer songs.
    pub folds: usize,
    /// Repetitions with other folds.
    pub repeats: usize,
    /// Times that labels are dealt anew for the null interval; 0 leaves it out.
    pub deals: usize,
}

impl Default for ClassifierSettings {
    fn default() -> Self {
        Self { folds: 5, repeats: 4, deals: 40 }
    }
}

/// Result of the test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassifierTest {
    /// Area under the curve of both judges' averaged probability, 0–1; its interval is over songs.
    pub auc: Estimate,
    /// Where 95 % (or the confidence asked) of the areas lie if there is no difference. `None` with fewer than two
    /// deals.
    pub null: Option<Interval>,
    /// (1 + deals with an area not below) / (1 + deals). `None` without deals.
    pub p_value: Option<f64>,
    /// Area of logistic regression alone.
    pub logistic_auc: f64,
    /// Area of boosted trees alone.
    pub boosted_auc: f64,
    /// Area with the features of one family alone, the most telling first.
    pub families: Vec<FamilyAuc>,
    /// Folds used.
    pub folds: usize,
    /// Repetitions.
    pub repeats: usize,
    /// Deals.
    pub deals: usize,
}

/// How well one family of features tells the sets apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FamilyAuc {
    /// The family.
    pub family: String,
    /// How many features it has here.
    pub features: usize,
    /// Area under the curve of both judges' averaged probability.
    pub auc: Estimate,
}

/// Runs the test. `None` where a set has fewer than two songs, or without features.
pub fn classify(
    pair: &Pair,
    settings: &ClassifierSettings,
    bootstrap: &Bootstrap,
    draws: Draws,
) -> Option<ClassifierTest> {
    let trial = Trial::of(pair, settings)?;
    let labels = trial.labels.clone();
    let court = trial.court(&trial.all_columns());
    let verdicts = trial.judge(&court, &labels, settings.repeats, draws.stream(0));
    let ones = vec![1.0; labels.len()];
    let area = |scores: &[f64]| area_under_curve(scores, &labels, &ones);
    let estimate = |scores: &[f64]| {
        let ranking = Ranking::of(scores, &labels);
        let interval =
            bootstrap.of_two(&pair.reference_songs, &pair.candidate_songs, |r, c| ranking.area(&[r, c].concat()));
        Some(Estimate { value: ranking.area(&ones)?, interval })
    };
    let auc = estimate(&verdicts.both())?;
    let deals = trial.deals(&court, settings.deals, draws.stream(1));
    let not_below = deals.iter().filter(|&&dealt| dealt >= auc.value).count();
    Some(ClassifierTest {
        auc,
        null: null_interval(&deals, bootstrap.confidence),
        p_value: (!deals.is_empty()).then(|| (1 + not_below) as f64 / (1 + deals.len()) as f64),
        logistic_auc: area(&verdicts.logistic)?,
        boosted_auc: area(&verdicts.boosted)?,
        families: families(pair, &trial, settings, draws.stream(2), estimate),
        folds: trial.folds,
        repeats: settings.repeats.max(1),
        deals: settings.deals,
    })
}

/// The area alone, without interval, null or families, from this many repetitions. `None` as [`classify`].
pub fn area_alone(pair: &Pair, settings: &ClassifierSettings, draws: Draws) -> Option<f64> {
    let trial = Trial::of(pair, settings)?;
    let court = trial.court(&trial.all_columns());
    let verdicts = trial.judge(&court, &trial.labels, settings.repeats, draws.stream(0));
    area_under_curve(&verdicts.both(), &trial.labels, &vec![1.0; trial.labels.len()])
}

fn families(
    pair: &Pair,
    trial: &Trial,
    settings: &ClassifierSettings,
    draws: Draws,
    estimate: impl Fn(&[f64]) -> Option<Estimate>,
) -> Vec<FamilyAuc> {
    let mut names: Vec<&str> = Vec::new();
    for column in &pair.columns {
        if !names.contains(&column.family.as_str()) {
            names.push(&column.family);
        }
    }
    let of_family = |(number, family): (usize, &&str)| {
        let belongs = |feature: usize| pair.columns[feature].family == **family;
        let columns: Vec<usize> = (0..trial.x.columns()).filter(|&column| belongs(trial.feature_of[column])).collect();
        let court = trial.court(&columns);
        let verdicts = trial.judge(&court, &trial.labels, settings.repeats, draws.stream(number as u64));
        let features = (0..pair.columns.len()).filter(|&feature| belongs(feature)).count();
        Some(FamilyAuc { family: (*family).to_owned(), features, auc: estimate(&verdicts.both())? })
    };
    let mut families: Vec<FamilyAuc> = names.iter().enumerate().filter_map(of_family).collect();
    families.sort_by(|a, b| b.auc.value.total_cmp(&a.auc.value));
    families
}

fn null_interval(deals: &[f64], confidence: f64) -> Option<Interval> {
    let (mean, deviation) = mean_and_deviation(deals)?;
    let reach = deviation * two_sided_quantile(confidence);
    Some(Interval { low: (mean - reach).max(0.0), high: (mean + reach).min(1.0) })
}

/// The z with a share of `confidence` of a standard normal within ±z; at most 8.
fn two_sided_quantile(confidence: f64) -> f64 {
    let (mut low, mut high) = (0.0, 8.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if 1.0 - 2.0 * normal_cdf(-middle) < confidence { low = middle } else { high = middle }
    }
    low
}

/// What is judged.
struct Trial {
    /// Both sets, the reference first: features, then flags; standardised over both and cut.
    x: Matrix,
    bins: Binned,
    /// The feature that a column of `x` belongs to.
    feature_of: Vec<usize>,
    songs: Vec<usize>,
    /// `true`: candidate.
    labels: Vec<bool>,
    folds: usize,
}

/// Averaged probabilities of being the candidate's, for every piece.
#[derive(Clone)]
struct Verdicts {
    logistic: Vec<f64>,
    boosted: Vec<f64>,
}

impl Verdicts {
    fn both(&self) -> Vec<f64> {
        self.logistic.iter().zip(&self.boosted).map(|(a, b)| (a + b) / 2.0).collect()
    }
}

impl Trial {
    fn of(pair: &Pair, settings: &ClassifierSettings) -> Option<Self> {
        let count = |songs: &[usize]| super::table::rows_of_songs(songs).len();
        let fewest = count(&pair.reference_songs).min(count(&pair.candidate_songs));
        if fewest < 2 || pair.columns.is_empty() {
            return None;
        }
        let mut columns: Vec<(usize, Vec<f64>)> = Vec::new();
        for (index, column) in pair.columns.iter().enumerate() {
            let rows = pair.reference.iter_rows().chain(pair.candidate.iter_rows());
            columns.push((index, rows.map(|row| row[index]).collect()));
            let values = column.reference.iter().chain(&column.candidate);
            columns.push((index, values.map(|value| f64::from(u8::from(value.is_none()))).collect()));
        }
        let standardised = columns.into_iter().filter_map(|(feature, values)| Some((feature, standardised(values)?)));
        let (feature_of, columns): (Vec<usize>, Vec<Vec<f64>>) = standardised.unzip();
        let pieces = pair.reference.rows() + pair.candidate.rows();
        let row = |row: usize| columns.iter().map(|column| column[row]).collect::<Vec<f64>>();
        let x = Matrix::from_rows(&(0..pieces).map(row).collect::<Vec<_>>());
        Some(Self {
            bins: Binned::of(&x),
            x,
            feature_of,
            songs: pair.reference_songs.iter().chain(&pair.candidate_songs).copied().collect(),
            labels: (0..pieces).map(|row| row >= pair.reference.rows()).collect(),
            folds: settings.folds.clamp(2, fewest.max(2)),
        })
    }

    fn all_columns(&self) -> Vec<usize> {
        (0..self.x.columns()).collect()
    }

    /// What the judges see of the chosen columns.
    fn court(&self, columns: &[usize]) -> Court {
        let rows: Vec<usize> = (0..self.x.rows()).collect();
        let x = self.x.select(&rows, columns);
        let learned = rows.len() as f64 * (self.folds - 1) as f64 / self.folds as f64;
        Court {
            metric: Metric::of(&x, learned, PENALTY),
            columns: (0..columns.len()).collect(),
            bins: self.bins.select(columns),
            x,
        }
    }

    /// Every piece's probability by models that have not seen its song.
    fn judge(&self, court: &Court, labels: &[bool], repeats: usize, draws: Draws) -> Verdicts {
        let repeats = repeats.max(1);
        let tasks: Vec<(Vec<usize>, usize, Draws)> = (0..repeats as u64)
            .flat_map(|repeat| {
                let draws = draws.stream(repeat);
                let fold_of = folds_by_song(&self.songs, labels, self.folds, draws.stream(0));
                (0..self.folds).map(move |fold| (fold_of.clone(), fold, draws.stream(1 + fold as u64)))
            })
            .collect();
        let judged: Vec<Vec<(usize, f64, f64)>> = tasks
            .into_par_iter()
            .map(|(fold_of, fold, draws)| court.judge_fold(labels, &fold_of, fold, draws))
            .collect();
        let mut verdicts = Verdicts { logistic: vec![0.0; labels.len()], boosted: vec![0.0; labels.len()] };
        for (row, logistic, boosted) in judged.into_iter().flatten() {
            verdicts.logistic[row] += logistic / repeats as f64;
            verdicts.boosted[row] += boosted / repeats as f64;
        }
        verdicts
    }

    /// Areas with labels dealt anew, the whole procedure with one repetition.
    fn deals(&self, court: &Court, deals: usize, draws: Draws) -> Vec<f64> {
        let dealer = Dealer::new(&self.songs, &self.labels);
        let ones = vec![1.0; self.labels.len()];
        let deal = |deal: u64| {
            let draws = draws.stream(deal);
            let labels = dealer.deal(draws.stream(0));
            let verdicts = self.judge(court, &labels, 1, draws.stream(1));
            area_under_curve(&verdicts.both(), &labels, &ones)
        };
        let areas: Vec<Option<f64>> = (0..deals as u64).into_par_iter().map(deal).collect();
        areas.into_iter().flatten().collect()
    }
}

/// A choice of columns, prepared once for all folds, repetitions and deals.
struct Court {
    x: Matrix,
    bins: Binned,
    /// All of them.
    columns: Vec<usize>,
    metric: Metric,
}

impl Court {
    /// Rows of a fold, each with the probability that both judges give it.
    fn judge_fold(&self, labels: &[bool], fold_of: &[usize], fold: usize, draws: Draws) -> Vec<(usize, f64, f64)> {
        let (held_out, learned): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|&row| fold_of[row] == fold);
        let own: Vec<bool> = learned.iter().map(|&row| labels[row]).collect();
        let weights = balanced(&own);
        let x = self.x.select(&learned, &self.columns);
        let logistic = Logistic::fit_with(&self.metric, &x, &own, &weights, PENALTY);
        let boosted = Boosted::fit(&self.bins, &learned, &own, &weights, draws);
        let verdict = |row: usize| (row, logistic.probability(self.x.row(row)), boosted.probability(&self.bins, row));
        held_out.into_iter().map(verdict).collect()
    }
}

/// `None` for a column without spread.
fn standardised(values: Vec<f64>) -> Option<Vec<f64>> {
    let (mean, deviation) = mean_and_deviation(&values)?;
    let varies = values.iter().any(|value| *value != values[0]) && deviation > 0.0;
    let cut = |value: f64| ((value - mean) / deviation).clamp(-FARTHEST, FARTHEST);
    varies.then(|| values.into_iter().map(cut).collect())
}

/// Weights that add to half of the pieces on each side.
fn balanced(labels: &[bool]) -> Vec<f64> {
    let positives = labels.iter().filter(|positive| **positive).count();
    let of = |side: usize| labels.len() as f64 / (2.0 * side.max(1) as f64);
    let (up, down) = (of(positives), of(labels.len() - positives));
    labels.iter().map(|&positive| if positive { up } else { down }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::table::FeatureTable;
    use crate::compare::table::tests::{normal_table, table};

    const QUICK: ClassifierSettings = ClassifierSettings { folds: 5, repeats: 1, deals: 12 };

    fn test(reference: &FeatureTable, candidate: &FeatureTable) -> ClassifierTest {
        classify(&Pair::of(reference, candidate), &QUICK, &Bootstrap::default(), Draws::new(5)).unwrap()
    }

    #[test]
    fn equal_distributions_cannot_be_told_apart() {
        let found = test(&normal_table(60, 6, 0.0, 0), &normal_table(60, 6, 0.0, 500));
        assert!(found.null.unwrap().contains(found.auc.value), "{found:?}");
        assert!(found.null.unwrap().contains(0.5));
        assert!(found.p_value.unwrap() > 0.05);
    }

    #[test]
    fn separated_sets_are_told_apart_without_an_error() {
        let found = test(&normal_table(60, 6, 0.0, 0), &normal_table(60, 6, 9.0, 500));
        assert_eq!(found.auc.value, 1.0);
        assert_eq!(found.auc.interval, Some(Interval { low: 1.0, high: 1.0 }));
        assert_eq!(found.p_value, Some(1.0 / 13.0));
        assert!(found.null.unwrap().high < 0.8);
    }

    #[test]
    fn the_area_of_a_small_shift_is_near_that_of_the_best_judge() {
        // Six independent features shifted by 0.5: the best judge's area is Φ(0.5 √6 / √2) = 0.807.
        let found = test(&normal_table(150, 6, 0.0, 0), &normal_table(150, 6, 0.5, 500));
        assert!((found.auc.value - 0.807).abs() < 0.06, "{found:?}");
        assert!(found.auc.interval.unwrap().contains(found.auc.value));
    }

    #[test]
    fn a_spread_that_differs_is_seen_by_trees_and_not_by_lines() {
        let reference = normal_table(100, 3, 0.0, 0);
        let mut wide = normal_table(100, 3, 0.0, 500);
        wide.rows.iter_mut().flatten().for_each(|value| *value = value.map(|x| 3.0 * x));
        let found = test(&reference, &wide);
        assert!(found.boosted_auc > 0.8 && found.logistic_auc < 0.65, "{found:?}");
    }

    #[test]
    fn the_family_that_differs_stands_first() {
        let reference = normal_table(60, 4, 0.0, 0);
        let mut candidate = normal_table(60, 4, 0.0, 500);
        candidate.rows.iter_mut().for_each(|row| row[1] = row[1].map(|x| x + 3.0));
        let families = test(&reference, &candidate).families;
        assert_eq!((families[0].family.as_str(), families[0].features), ("odd", 2));
        assert!(families[0].auc.value > 0.9 && families[1].auc.value < 0.65, "{families:?}");
    }

    #[test]
    fn what_is_undefined_gives_itself_away() {
        let reference = normal_table(40, 1, 0.0, 0);
        let mut candidate = normal_table(40, 1, 0.0, 500);
        candidate.rows.iter_mut().for_each(|row| row[0] = None);
        assert_eq!(test(&reference, &candidate).auc.value, 1.0);
    }

    #[test]
    fn a_song_known_by_heart_is_no_help() {
        // Every song has a fingerprint (its features), four pieces and no difference between the sets otherwise.
        let fingerprints = |first: usize| {
            let songs = normal_table(15, 5, 0.0, first);
            let mut pieces = songs.select(&(0..60).map(|row| row / 4).collect::<Vec<_>>());
            pieces.groups = (0..60).map(|row| first + row / 4).collect();
            pieces
        };
        let found = test(&fingerprints(0), &fingerprints(500));
        assert!(found.auc.value < 0.75, "{found:?}");
        assert!(found.null.unwrap().contains(found.auc.value), "{found:?}");
    }

    #[test]
    fn two_songs_are_enough_and_one_is_not() {
        let classify = |a: &FeatureTable, b: &FeatureTable| {
            super::classify(&Pair::of(a, b), &QUICK, &Bootstrap::default(), Draws::new(5))
        };
        let (one, two) = (table(&[vec![1.0]], 0), table(&[vec![2.0], vec![4.0]], 10));
        assert!(classify(&two, &table(&[vec![1.0], vec![7.0]], 20)).is_some());
        assert_eq!(classify(&one, &two), None);
        assert_eq!(classify(&two, &two).map(|found| found.families.len()), Some(1), "the same songs in both sets");
        assert_eq!(classify(&FeatureTable::default(), &two), None);
    }

    #[test]
    fn the_normal_quantile_is_the_one_everybody_knows() {
        assert!((two_sided_quantile(0.95) - 1.959_963_984_540).abs() < 1e-9);
        assert_eq!(null_interval(&[0.5], 0.95), None);
    }

    #[test]
    fn the_area_alone_is_that_of_the_whole_test() {
        let pair = Pair::of(&normal_table(30, 3, 0.0, 0), &normal_table(25, 3, 0.4, 500));
        let whole = classify(&pair, &QUICK, &Bootstrap::default(), Draws::new(5)).map(|found| found.auc.value);
        assert_eq!(area_alone(&pair, &QUICK, Draws::new(5)), whole);
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let pair = Pair::of(&normal_table(20, 3, 0.0, 0), &normal_table(20, 3, 0.4, 500));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| classify(&pair, &QUICK, &Bootstrap::default(), Draws::new(5)))
        };
        assert_eq!(run(1), run(4));
    }
}
