//! The classifier two-sample test: if a classifier can tell the candidate from the reference, they differ.
//!
//! Lopez-Paz & Oquab 2017 (arXiv:1610.06545), with the area under the ROC curve in place of accuracy (no threshold, no
//! trouble with sets of unequal size). 1/2: they cannot be told apart; 1: every piece gives itself away.
//!
//! - Two judges: penalised logistic regression ([`super::logistic`]) sees shifts of features and sums of them, boosted
//!   trees ([`super::boosting`]) bends, gaps and pairs. Their probabilities are averaged with equal weight.
//! - Cross-validation is grouped by song: a piece is judged by models that have seen no piece of its song. It is
//!   repeated with other folds.
//! - The area is taken within folds, each as loud as its evidence ([`super::judged`]): where there is nothing to be
//!   known the judges say so, and 200 real pieces against 200 stay within 1/2 ± 0.06.
//! - Both sets weigh the same in learning, whatever their sizes.
//! - Columns: the features with the reference's median for undefined values, standardised over *both* sets (labels must
//!   not leak) and cut at ±5; and for every feature that is undefined somewhere a flag that says so.
//! - The interval draws songs, and with them the evidence; it does not contain the chance of the learning itself.
//! - The null interval comes from labels dealt anew song by song ([`super::permutation`]); each deal runs the whole
//!   procedure, with both judges but only one repetition, which makes the interval slightly wider than that of the
//!   test. It goes by rank, whatever the shape: of forty deals the highest is the end, and where there is no difference the
//!   test itself lies above it once in 41 times, as one of 41 equals (Phipson & Smyth 2010, arXiv:1603.05766). The deals share what knows no label: the bins of the trees, and the metric in which the regression descends.

use super::boosting::{Binned, Boosted};
use super::bootstrap::{Bootstrap, Estimate, Interval};
use super::folds::folds_by_song;
use super::judged::{Judged, Opinion, unseen_pairs};
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
        Self { folds: 5, repeats: 2, deals: 40 }
    }
}

/// Result of the test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassifierTest {
    /// Area under the curve of both judges' averaged probability, 0–1, each fold as loud as its evidence
    /// ([`super::judged`]); its interval is over songs.
    pub auc: Estimate,
    /// Where 95 % (or the confidence asked) of the areas lie if there is no difference: the highest and the lowest of
    /// forty deals. `None` with fewer than two deals.
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
    let court = trial.court(&trial.all_columns());
    let verdicts = trial.judge(&court, &trial.labels, settings.repeats, draws.stream(0));
    let ones = vec![1.0; trial.labels.len()];
    let area = |judge: Judge| verdicts.judged(judge).area(&ones);
    let estimate = |judged: &Judged| {
        let interval =
            bootstrap.of_two(&pair.reference_songs, &pair.candidate_songs, |r, c| judged.area(&[r, c].concat()));
        Some(Estimate { value: judged.area(&ones)?, interval })
    };
    let auc = estimate(&verdicts.judged(Judge::Both))?;
    let deals = trial.deals(&court, settings.deals, draws.stream(1));
    let not_below = deals.iter().filter(|&&dealt| dealt >= auc.value).count();
    Some(ClassifierTest {
        auc,
        null: null_interval(&deals, bootstrap.confidence),
        p_value: (!deals.is_empty()).then(|| (1 + not_below) as f64 / (1 + deals.len()) as f64),
        logistic_auc: area(Judge::Logistic)?,
        boosted_auc: area(Judge::Boosted)?,
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
    verdicts.judged(Judge::Both).area(&vec![1.0; trial.labels.len()])
}

fn families(
    pair: &Pair,
    trial: &Trial,
    settings: &ClassifierSettings,
    draws: Draws,
    estimate: impl Fn(&Judged) -> Option<Estimate>,
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
        Some(FamilyAuc { family: (*family).to_owned(), features, auc: estimate(&verdicts.judged(Judge::Both))? })
    };
    let mut families: Vec<FamilyAuc> = names.iter().enumerate().filter_map(of_family).collect();
    families.sort_by(|a, b| b.auc.value.total_cmp(&a.auc.value));
    families
}

/// From the deal of rank ⌈(n + 1)(1 + confidence)/2⌉ among n, counted from the top, to that counted from the bottom; the
/// highest and lowest where there are too few. `None` for fewer than two.
fn null_interval(deals: &[f64], confidence: f64) -> Option<Interval> {
    let mut ascending = deals.to_vec();
    ascending.sort_by(f64::total_cmp);
    let last = ascending.len().checked_sub(1).filter(|last| *last > 0)?;
    let rank = ((ascending.len() + 1) as f64 * (1.0 + confidence) / 2.0).ceil();
    let place = ((rank as usize).clamp(1, ascending.len()) - 1).max(last.div_ceil(2));
    Some(Interval { low: ascending[last - place], high: ascending[place] })
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

/// Whom to listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judge {
    Logistic,
    Boosted,
    /// The mean of their probabilities.
    Both,
}

/// What the models of every cross-validation say of the folds that they have not seen.
struct Verdicts<'a> {
    songs: &'a [usize],
    labels: &'a [bool],
    /// The fold of every piece, and the models, for each repetition.
    repeats: Vec<(Vec<usize>, Vec<Model>)>,
}

/// Two folds left out, and every piece in them with the probabilities that both judges give it.
struct Model {
    unseen: [usize; 2],
    of: Vec<(usize, [f64; 2])>,
}

impl Verdicts<'_> {
    fn judged(&self, judge: Judge) -> Judged {
        let said = |[logistic, boosted]: [f64; 2]| match judge {
            Judge::Logistic => logistic,
            Judge::Boosted => boosted,
            Judge::Both => (logistic + boosted) / 2.0,
        };
        Judged::together(self.repeats.iter().map(|(fold_of, models)| {
            let opinion = |model: &Model| Opinion {
                unseen: model.unseen,
                of: model.of.iter().map(|&(row, both)| (row, said(both))).collect(),
            };
            Judged::of(&models.iter().map(opinion).collect::<Vec<_>>(), fold_of, self.songs, self.labels)
        }))
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
        let seen = if self.folds < 3 { 1 } else { self.folds - 2 };
        let learned = rows.len() as f64 * seen as f64 / self.folds as f64;
        Court {
            metric: Metric::of(&x, learned, PENALTY),
            columns: (0..columns.len()).collect(),
            bins: self.bins.select(columns),
            x,
        }
    }

    /// Every piece's probabilities by models that have not seen its song.
    fn judge<'a>(&'a self, court: &Court, labels: &'a [bool], repeats: usize, draws: Draws) -> Verdicts<'a> {
        let unseen = unseen_pairs(self.folds);
        let repeat = |repeat: u64| {
            let draws = draws.stream(repeat);
            let fold_of = folds_by_song(&self.songs, labels, self.folds, draws.stream(0));
            let model = |(number, &unseen): (usize, &[usize; 2])| {
                court.model(labels, &fold_of, unseen, draws.stream(1 + number as u64))
            };
            let models = unseen.par_iter().enumerate().map(model).collect();
            (fold_of, models)
        };
        let repeats = (0..repeats.max(1) as u64).into_par_iter().map(repeat).collect();
        Verdicts { songs: &self.songs, labels, repeats }
    }

    /// Areas with labels dealt anew, the whole procedure with one repetition.
    fn deals(&self, court: &Court, deals: usize, draws: Draws) -> Vec<f64> {
        let dealer = Dealer::new(&self.songs, &self.labels);
        let ones = vec![1.0; self.labels.len()];
        let deal = |deal: u64| {
            let draws = draws.stream(deal);
            let labels = dealer.deal(draws.stream(0));
            self.judge(court, &labels, 1, draws.stream(1)).judged(Judge::Both).area(&ones)
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
    /// Learns from all folds but two, and speaks of those.
    fn model(&self, labels: &[bool], fold_of: &[usize], unseen: [usize; 2], draws: Draws) -> Model {
        let (held_out, learned): (Vec<usize>, Vec<usize>) =
            (0..labels.len()).partition(|&row| unseen.contains(&fold_of[row]));
        let own: Vec<bool> = learned.iter().map(|&row| labels[row]).collect();
        let weights = balanced(&own);
        let x = self.x.select(&learned, &self.columns);
        let logistic = Logistic::fit_with(&self.metric, &x, &own, &weights, PENALTY);
        let boosted = Boosted::fit(&self.bins, &learned, &own, &weights, draws);
        let verdict = |row: usize| (row, [logistic.probability(self.x.row(row)), boosted.probability(&self.bins, row)]);
        Model { unseen, of: held_out.into_iter().map(verdict).collect() }
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
    fn of_forty_deals_the_highest_is_the_end_and_of_eighty_the_second() {
        let deals = |count: usize| (1..=count).rev().map(|deal| deal as f64).collect::<Vec<_>>();
        let ends = |count, confidence| null_interval(&deals(count), confidence).map(|null| (null.low, null.high));
        // 41 · .975 = 39.98, 81 · .975 = 78.98.
        assert_eq!(ends(40, 0.95), Some((1.0, 40.0)));
        assert_eq!(ends(80, 0.95), Some((2.0, 79.0)));
        assert_eq!(ends(3, 0.95), Some((1.0, 3.0)));
        assert_eq!((ends(1, 0.95), ends(0, 0.95)), (None, None));
        assert!(ends(4, f64::NAN).is_some_and(|(low, high)| low <= high));
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
