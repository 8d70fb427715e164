//! Everything at once: one reference, one candidate, all figures with intervals.
//!
//! Every figure needs two yardsticks beside it: the *floor*, the same comparison between two halves of the reference
//! ([`super::split_in_halves`]), and the *ceiling*, the same with music known to be bad ([`crate::ceilings`]). A figure
//! that does not tell those two apart says nothing about the candidate.
//!
//! Meant for hundreds of pieces and a hundred features: time and memory grow with the square of the pieces. Two hundred
//! against two hundred with a hundred features take about a second and a half of one core (half of it the classifier's
//! null interval), shared by all cores.

use super::Estimate;
use super::bootstrap::Bootstrap;
use super::classifier::{ClassifierSettings, ClassifierTest, classify};
use super::coverage::{Coverage, coverage};
use super::distances::{Overlaps, overlaps};
use super::diversity::{Diversity, diversity};
use super::frechet::frechet;
use super::mmd::{MmdTest, mmd};
use super::random::Draws;
use super::selfsimilarity::SelfSimilarity;
use super::table::{FeatureTable, LeftOut, Pair, rows_of_songs};
use super::tells::{Tell, tells};
use serde::{Deserialize, Serialize};

/// How thoroughly to compare.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seed of everything random.
    pub seed: u64,
    /// Resamples of the bootstrap.
    pub resamples: usize,
    /// Confidence of all intervals, 0–1.
    pub confidence: f64,
    /// k of precision, recall, density and coverage.
    pub neighbours: usize,
    /// Times that labels are dealt anew for the p-value of MMD.
    pub mmd_deals: usize,
    /// The classifier test.
    pub classifier: ClassifierSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            resamples: 200,
            confidence: 0.95,
            neighbours: 5,
            mmd_deals: 500,
            classifier: ClassifierSettings::default(),
        }
    }
}

impl Settings {
    /// The bootstrap of all intervals.
    pub fn bootstrap(&self) -> Bootstrap {
        Bootstrap { resamples: self.resamples, confidence: self.confidence, draws: Draws::new(self.seed).stream(0) }
    }
}

/// How many pieces a set has, from how many songs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Pieces.
    pub pieces: usize,
    /// Songs they were cut from.
    pub songs: usize,
}

/// Result of a comparison. What is `None` is undefined for these sets; the field's type says when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// How it was made; the same settings and tables give the same result on any number of threads.
    pub settings: Settings,
    /// Size of the reference.
    pub reference: Size,
    /// Size of the candidate.
    pub candidate: Size,
    /// Features that took part.
    pub features: usize,
    /// Features that did not, and why.
    pub left_out: Vec<LeftOut>,
    /// Can a classifier tell them apart?
    pub classifier: Option<ClassifierTest>,
    /// By what: the strongest first.
    pub tells: Vec<Tell>,
    /// Squared Fréchet distance of the Gaussians.
    pub frechet: Option<Estimate>,
    /// Maximum mean discrepancy.
    pub mmd: Option<MmdTest>,
    /// Precision, recall, density, coverage.
    pub coverage: Option<Coverage>,
    /// Distances within and across, feature by feature.
    pub overlaps: Option<Overlaps>,
    /// Framewise self-similarity. It is of the pieces themselves and not of a table: [`compare`] leaves it `None`, and
    /// whoever has the pieces fills it in ([`super::self_similarity`] with [`Settings::bootstrap`]).
    pub self_similarity: Option<SelfSimilarity>,
    /// Diversity of the reference.
    pub reference_diversity: Option<Diversity>,
    /// Diversity of the candidate, on the reference's scale.
    pub candidate_diversity: Option<Diversity>,
}

/// Compares a candidate with a reference.
pub fn compare(reference: &FeatureTable, candidate: &FeatureTable, settings: &Settings) -> Comparison {
    let pair = Pair::of(reference, candidate);
    let draws = Draws::new(settings.seed);
    let bootstrap = settings.bootstrap();
    let size = |songs: &[usize]| Size { pieces: songs.len(), songs: rows_of_songs(songs).len() };
    // Side by side, since each has stretches that only one thread can do.
    let diversities = || {
        rayon::join(
            || diversity(&pair.reference, &pair.reference_songs, &bootstrap),
            || diversity(&pair.candidate, &pair.candidate_songs, &bootstrap),
        )
    };
    let distances = || rayon::join(|| overlaps(&pair, &bootstrap), || frechet(&pair, &bootstrap));
    let neighbourhoods = || rayon::join(|| coverage(&pair, settings.neighbours, &bootstrap), diversities);
    let means =
        || rayon::join(|| mmd(&pair, &bootstrap, settings.mmd_deals, draws.stream(2)), || tells(&pair, &bootstrap));
    let judged = || classify(&pair, &settings.classifier, &bootstrap, draws.stream(1));
    let ((classifier, (overlaps, frechet)), ((mmd, tells), (coverage, (reference_diversity, candidate_diversity)))) =
        rayon::join(|| rayon::join(judged, distances), || rayon::join(means, neighbourhoods));
    Comparison {
        settings: *settings,
        reference: size(&pair.reference_songs),
        candidate: size(&pair.candidate_songs),
        features: pair.columns.len(),
        classifier,
        tells,
        frechet,
        mmd,
        coverage,
        overlaps,
        self_similarity: None,
        reference_diversity,
        candidate_diversity,
        left_out: pair.left_out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::split_in_halves;
    use crate::compare::table::tests::{normal_table, table};

    const QUICK: Settings = Settings {
        seed: 3,
        resamples: 40,
        confidence: 0.95,
        neighbours: 5,
        mmd_deals: 60,
        classifier: ClassifierSettings { folds: 4, repeats: 1, deals: 10 },
    };

    #[test]
    fn half_against_half_is_the_floor_and_something_else_lies_above_it() {
        let real = normal_table(120, 5, 0.0, 0);
        let (first, second) = split_in_halves(&real, 1);
        let (floor, other) =
            (compare(&first, &second, &QUICK), compare(&first, &normal_table(60, 5, 1.5, 900), &QUICK));
        let auc = |comparison: &Comparison| comparison.classifier.as_ref().unwrap().auc.value;
        let square = |comparison: &Comparison| comparison.mmd.as_ref().unwrap().squared.value;
        assert!(auc(&floor) < 0.65 && auc(&other) > 0.95);
        assert!(floor.frechet.unwrap().value * 5.0 < other.frechet.unwrap().value);
        assert!(square(&floor) < 0.03 && square(&other) > 0.1);
        assert!(floor.coverage.unwrap().coverage.value > other.coverage.unwrap().coverage.value);
        let area = |comparison: &Comparison| comparison.overlaps.as_ref().unwrap().mean_reference_area.value;
        assert!(area(&floor) > area(&other));
        assert_eq!(floor.reference, Size { pieces: 60, songs: 60 });
    }

    #[test]
    fn the_same_settings_give_the_same_result() {
        let (a, b) = (normal_table(30, 3, 0.0, 0), normal_table(25, 3, 0.3, 900));
        assert_eq!(compare(&a, &b, &QUICK), compare(&a, &b, &QUICK));
        assert_ne!(compare(&a, &b, &QUICK), compare(&a, &b, &Settings { seed: 4, ..QUICK }));
    }

    #[test]
    fn a_result_can_be_written_down() {
        let comparison = compare(&normal_table(12, 2, 0.0, 0), &normal_table(12, 2, 1.0, 900), &QUICK);
        let json = serde_json::to_value(&comparison).unwrap();
        assert_eq!(json["classifier"]["auc"]["value"], comparison.classifier.unwrap().auc.value);
        assert_eq!(json["tells"][0]["kind"], "value");
        assert_eq!(serde_json::from_value::<Settings>(json["settings"].clone()).unwrap(), QUICK);
    }

    #[test]
    fn nothing_and_too_little_are_compared_without_a_panic() {
        let (none, one) = (FeatureTable::default(), table(&[vec![1.0, 2.0]], 0));
        for (reference, candidate) in [(&none, &none), (&one, &none), (&none, &one), (&one, &one)] {
            let comparison = compare(reference, candidate, &QUICK);
            assert!(comparison.classifier.is_none() && comparison.mmd.is_none() && comparison.tells.is_empty());
            assert!(comparison.frechet.is_none() && comparison.coverage.is_none() && comparison.overlaps.is_none());
        }
        let two = table(&[vec![1.0, 2.0], vec![3.0, 4.0]], 5);
        let extreme = Settings { resamples: 0, neighbours: 0, mmd_deals: 0, confidence: f64::NAN, ..QUICK };
        assert!(compare(&two, &two, &extreme).coverage.is_none());
    }
}
