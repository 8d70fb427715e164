//! From probabilities to one area: within folds, and each fold only as loud as its evidence.
//!
//! Cross-validation uses every pair of pieces twice: a is learned from to judge b, and b to judge a. Where there is no
//! difference, what happened to lie in the one direction is found again in the other, and the area of n against m pieces
//! scatters about 1/2 with √2 times the deviation of a judge fixed beforehand,
//! σ = √(2 (n + m + 1) / (12 n m)), 0.041 for 200 against 200 (measured: 0.043; Mann & Whitney 1947 have the part
//! without the 2). More repetitions, folds or pieces of a song do not help; knowing when to be silent does.
//!
//! - Every model leaves *two* folds out. So a fold j is judged by models that know neither j nor k, for each other k, and
//!   what they score in j says, before k is opened, whether there is anything to be known: the evidence of k is the area
//!   of all folds but k, judged by models that have not seen k either.
//! - A fold is judged by the mean probability of its K − 1 models, and its area A counts as 1/2 + c (A − 1/2), with
//!   confidence c = (evidence − 1/2) / σ cut to 0 … 1: silent (a guess) where the evidence is no better than a coin, in
//!   full voice from one σ on. It is the expected area of a judge who speaks with chance c and tosses a coin otherwise; it
//!   stays unbiased at 1/2, since the evidence does not know the fold.
//! - Areas are taken within folds and averaged by their numbers of pairs: scores of different models have no common zero,
//!   and pooling them would pull the area below 1/2.
//!
//! With two folds there is no third to ask, and each is judged in full voice by the model of the other.

use super::auc::Ranking;
use std::collections::BTreeSet;

/// Two folds that a model has not seen, and what it says of their pieces: (row, probability).
pub struct Opinion {
    /// The folds, different ones where there are three or more.
    pub unseen: [usize; 2],
    /// Every piece of both.
    pub of: Vec<(usize, f64)>,
}

/// The folds of one cross-validation: which models there must be.
pub fn unseen_pairs(folds: usize) -> Vec<[usize; 2]> {
    match folds < 3 {
        true => (0..folds).map(|fold| [fold, fold]).collect(),
        false => (0..folds).flat_map(|second| (0..second).map(move |first| [first, second])).collect(),
    }
}

/// Judged pieces; what is left to do is to weigh them.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    folds: Vec<Fold>,
}

#[derive(Clone, Debug)]
struct Fold {
    /// Its pieces by their mean probability.
    own: Ranking,
    /// The pieces of every other fold, by models that know neither that fold nor this one.
    evidence: Vec<Ranking>,
    /// σ of the evidence where there is no difference; `None` with two folds, where there is no evidence to be had.
    deviation: Option<f64>,
}

impl Fold {
    /// 0–1.
    fn confidence(&self, weights: &[f64]) -> f64 {
        let Some(deviation) = self.deviation else { return 1.0 };
        let won = self.evidence.iter().map(|ranking| ranking.won(weights));
        let (won, pairs) = won.fold((0.0, 0.0), |sum, (won, pairs)| (sum.0 + won, sum.1 + pairs));
        confidence(won, pairs, deviation)
    }
}

impl Judged {
    /// Judges the folds of one cross-validation. `songs` and `labels` (`true`: candidate) are those of all rows.
    pub fn of(opinions: &[Opinion], fold_of: &[usize], songs: &[usize], labels: &[bool]) -> Self {
        let folds = fold_of.iter().max().map_or(0, |last| last + 1);
        let judged = (0..folds).map(|fold| {
            let heard = || opinions.iter().filter(move |opinion| opinion.unseen.contains(&fold));
            let mut scores = vec![0.0; labels.len()];
            let said = heard().flat_map(|opinion| &opinion.of).filter(|(row, _)| fold_of[*row] == fold);
            said.for_each(|&(row, probability)| scores[row] += probability);
            let own: Vec<usize> = (0..labels.len()).filter(|&row| fold_of[row] == fold).collect();
            let scores: Vec<f64> = own.iter().map(|&row| scores[row]).collect();
            let of_others = |opinion: &Opinion| {
                let others = opinion.of.iter().filter(|(row, _)| fold_of[*row] != fold);
                let (rows, scores): (Vec<usize>, Vec<f64>) = others.copied().unzip();
                Ranking::of_rows(&rows, &scores, labels)
            };
            Fold {
                own: Ranking::of_rows(&own, &scores, labels),
                evidence: heard().map(of_others).collect(),
                deviation: (folds > 2).then(|| null_deviation(fold, fold_of, songs, labels)),
            }
        });
        Self { folds: judged.collect() }
    }

    /// Several cross-validations as one.
    pub fn together(all: impl IntoIterator<Item = Self>) -> Self {
        Self { folds: all.into_iter().flat_map(|judged| judged.folds).collect() }
    }

    /// The area under the curve, 0–1, with these weights of the rows: of a resample the evidence is that of the resample.
    /// `None` where no fold has both sides.
    pub fn area(&self, weights: &[f64]) -> Option<f64> {
        let (mut beyond, mut all) = (0.0, 0.0);
        for fold in &self.folds {
            let (won, pairs) = fold.own.won(weights);
            if pairs > 0.0 {
                beyond += fold.confidence(weights) * (won - 0.5 * pairs);
                all += pairs;
            }
        }
        (all > 0.0).then(|| 0.5 + beyond / all)
    }
}

/// 0 where the evidence is a guess or worse, 1 from one deviation above it on.
fn confidence(won: f64, pairs: f64, deviation: f64) -> f64 {
    if pairs > 0.0 { ((won / pairs - 0.5) / deviation).clamp(0.0, 1.0) } else { 0.0 }
}

/// σ of the evidence of a fold, by the songs (not the pieces: those of a song are alike) of the other folds.
fn null_deviation(fold: usize, fold_of: &[usize], songs: &[usize], labels: &[bool]) -> f64 {
    let count = |side: bool| {
        let rows = (0..labels.len()).filter(|&row| fold_of[row] != fold && labels[row] == side);
        rows.map(|row| songs[row]).collect::<BTreeSet<usize>>().len().max(1) as f64
    };
    let (n, m) = (count(false), count(true));
    (2.0 * (n + m + 1.0) / (12.0 * n * m)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three folds of two pieces, a reference and a candidate each; every model says this of them.
    fn three_folds(say: impl Fn([usize; 2], usize) -> f64) -> Judged {
        let (fold_of, labels) = ([0, 0, 1, 1, 2, 2], [false, true, false, true, false, true]);
        let opinions: Vec<Opinion> = unseen_pairs(3)
            .into_iter()
            .map(|unseen| {
                let rows = (0..6).filter(|&row| unseen.contains(&fold_of[row]));
                Opinion { unseen, of: rows.map(|row| (row, say(unseen, row))).collect() }
            })
            .collect();
        Judged::of(&opinions, &fold_of, &[0, 1, 2, 3, 4, 5], &labels)
    }

    #[test]
    fn every_two_folds_are_left_out_once() {
        assert_eq!(unseen_pairs(3), [[0, 1], [0, 2], [1, 2]]);
        assert_eq!(unseen_pairs(5).len(), 10);
        assert_eq!(unseen_pairs(2), [[0, 0], [1, 1]]);
        assert!(unseen_pairs(0).is_empty());
    }

    #[test]
    fn one_deviation_of_evidence_is_the_full_voice() {
        assert_eq!([0.25, 0.5, 0.625, 0.75, 1.0].map(|won| confidence(won, 1.0, 0.25)), [0.0, 0.0, 0.5, 1.0, 1.0],);
        assert_eq!(confidence(0.0, 0.0, 0.2), 0.0, "no evidence");
        // 160 songs on either side, as in five folds of 200 against 200.
        let songs: Vec<usize> = (0..400).collect();
        let fold_of: Vec<usize> = songs.iter().map(|song| song % 5).collect();
        let labels: Vec<bool> = songs.iter().map(|song| *song >= 200).collect();
        let sigma = null_deviation(0, &fold_of, &songs, &labels);
        assert!((sigma - (2.0 * 321.0 / (12.0 * 160.0 * 160.0f64)).sqrt()).abs() < 1e-12);
        let halves: Vec<usize> = songs.iter().map(|song| song / 10).collect();
        assert!(null_deviation(0, &fold_of, &halves, &labels) > 2.5 * sigma, "ten pieces a song weigh as one");
    }

    #[test]
    fn who_is_right_everywhere_is_heard_and_who_contradicts_himself_is_not() {
        let right = three_folds(|_, row| (row % 2) as f64);
        assert_eq!(right.area(&[1.0; 6]), Some(1.0));
        // Right in fold 0, wrong in the two others: the others' evidence silences fold 0, and fold 0 speaks for the
        // others with evidence 1 of 2 pairs, which is a guess.
        let torn = three_folds(|_, row| if row < 2 { (row % 2) as f64 } else { -((row % 2) as f64) });
        assert_eq!(torn.area(&[1.0; 6]), Some(0.5));
        let wrong = three_folds(|_, row| -((row % 2) as f64));
        assert_eq!(wrong.area(&[1.0; 6]), Some(0.5), "a judge who is always wrong has no evidence");
    }

    #[test]
    fn a_fold_is_judged_by_the_mean_of_its_models() {
        // Of row 0 the models say 0.2 and 0.9 (mean 0.55), of row 1 always 0.5: the pair is lost, the two others won.
        let say = |unseen: [usize; 2], row: usize| match row {
            0 => [0.2, 0.9][usize::from(unseen == [0, 2])],
            1 => 0.5,
            row => (row % 2) as f64,
        };
        let found = three_folds(say);
        // Evidence of fold 0: both others right. Of fold 1: fold 0 right by model [0, 1], fold 2 right. Of fold 2: fold 0
        // wrong by model [0, 2], fold 1 right: a guess.
        let confidences: Vec<f64> = found.folds.iter().map(|fold| fold.confidence(&[1.0; 6])).collect();
        assert_eq!((confidences[2], confidences[0] > 0.9, confidences[1] > 0.9), (0.0, true, true));
        assert_eq!(found.folds[0].own.won(&[1.0; 6]), (0.0, 1.0));
    }

    #[test]
    fn weights_count_and_folds_of_one_side_do_not() {
        let found = three_folds(|_, row| if row < 4 { (row % 2) as f64 } else { 1.0 });
        let all = found.area(&[1.0; 6]).unwrap();
        assert!(found.area(&[1.0, 1.0, 1.0, 1.0, 0.0, 1.0]).unwrap() > all, "without the fold of ties");
        assert_eq!(found.area(&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]), None);
        assert_eq!(Judged::default().area(&[]), None);
        assert_eq!(Judged::together([found.clone(), found.clone()]).area(&[1.0; 6]), Some(all));
    }

    #[test]
    fn two_folds_speak_in_full_voice() {
        let opinion = |fold: usize| Opinion { unseen: [fold; 2], of: vec![(2 * fold, 0.3), (2 * fold + 1, 0.4)] };
        let judged = Judged::of(&[opinion(0), opinion(1)], &[0, 0, 1, 1], &[0, 1, 2, 3], &[false, true, false, true]);
        assert_eq!(judged.area(&[1.0; 4]), Some(1.0));
    }
}
