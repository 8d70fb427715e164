//! The area under the ROC curve: how often a piece of one set gets the higher score than a piece of the other.

/// Scores put in order once, for many weights.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// Rows by score; ties belong together.
    order: Vec<usize>,
    /// Where in `order` each group of equal scores ends.
    ends: Vec<usize>,
    is_positive: Vec<bool>,
}

impl Ranking {
    /// Of these scores and labels. Scores that are not numbers are ordered by `f64::total_cmp`.
    pub fn of(scores: &[f64], is_positive: &[bool]) -> Self {
        let mut order: Vec<usize> = (0..scores.len().min(is_positive.len())).collect();
        order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let mut ends = Vec::new();
        for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
            ends.push(ends.last().unwrap_or(&0) + tied.len());
        }
        Self { order, ends, is_positive: is_positive.to_vec() }
    }

    /// Of some rows only: `scores` are those of `rows`, `is_positive` that of every row there is.
    ///
    /// # Panics   for a row without a label
    pub fn of_rows(rows: &[usize], scores: &[f64], is_positive: &[bool]) -> Self {
        let labels: Vec<bool> = rows.iter().map(|&row| is_positive[row]).collect();
        let mut ranking = Self::of(scores, &labels);
        ranking.order.iter_mut().for_each(|place| *place = rows[*place]);
        ranking.is_positive = is_positive.to_vec();
        ranking
    }

    /// [`area_under_curve`] with these weights; what lacks one weighs nothing.
    pub fn area(&self, weights: &[f64]) -> Option<f64> {
        let (won, pairs) = self.won(weights);
        (pairs > 0.0).then(|| won / pairs)
    }

    /// The pairs that the positives win, and all pairs, both weighed.
    pub fn won(&self, weights: &[f64]) -> (f64, f64) {
        let (mut positives, mut negatives, mut won, mut start) = (0.0, 0.0, 0.0, 0);
        for &end in &self.ends {
            let (mut up, mut down) = (0.0, 0.0);
            for &row in &self.order[start..end] {
                let weight = weights.get(row).copied().unwrap_or(0.0);
                if self.is_positive[row] { up += weight } else { down += weight }
            }
            won += up * (negatives + 0.5 * down);
            positives += up;
            negatives += down;
            start = end;
        }
        (won, positives * negatives)
    }
}

/// Mann–Whitney: the share of pairs (a positive, a negative) in which the positive has the higher score, ties counting
/// one half; 0–1, of no use at 1/2. Pairs weigh the product of their weights (Hanley & McNeil 1982,
/// doi:10.1148/radiology.143.1.7063747).
///
/// `None` where one side has no weight. Scores that are not numbers are ordered by `f64::total_cmp`.
pub fn area_under_curve(scores: &[f64], is_positive: &[bool], weights: &[f64]) -> Option<f64> {
    Ranking::of(scores, is_positive).area(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_by_hand_with_a_tie() {
        // Positives 3, 2; negatives 1, 2: wins 3>1, 3>2, 2>1 and half of 2=2.
        let labels = [true, true, false, false];
        assert_eq!(area_under_curve(&[3.0, 2.0, 1.0, 2.0], &labels, &[1.0; 4]), Some(3.5 / 4.0));
        assert_eq!(area_under_curve(&[3.0, 2.0, 1.0, 2.0], &labels, &[1.0, 0.0, 1.0, 1.0]), Some(1.0));
        // The 2 twice: (1 + 1 + 2 · (1 + 1/2)) of 6 pairs.
        assert_eq!(area_under_curve(&[3.0, 2.0, 1.0, 2.0], &labels, &[1.0, 2.0, 1.0, 1.0]), Some(5.0 / 6.0));
    }

    #[test]
    fn the_other_order_has_the_other_part() {
        let (scores, labels) = ([0.1, 0.4, 0.35, 0.8, 0.8], [false, true, false, true, false]);
        let area = area_under_curve(&scores, &labels, &[1.0; 5]).unwrap();
        let other = area_under_curve(&scores.map(|score| -score), &labels, &[1.0; 5]).unwrap();
        assert!((area + other - 1.0).abs() < 1e-15);
    }

    #[test]
    fn chosen_rows_keep_their_numbers() {
        let chosen = Ranking::of_rows(&[3, 1], &[0.9, 0.1], &[true, false, true, true]);
        assert_eq!(chosen.won(&[1.0; 4]), (1.0, 1.0), "of 3 and 1, the positive has the higher score");
        assert_eq!(chosen.won(&[1.0, 2.0, 1.0, 3.0]), (6.0, 6.0));
        assert_eq!(chosen.area(&[1.0, 0.0, 1.0, 1.0]), None);
    }

    #[test]
    fn one_side_alone_has_no_area_and_equal_scores_have_half() {
        assert_eq!(area_under_curve(&[1.0, 2.0], &[true, true], &[1.0; 2]), None);
        assert_eq!(area_under_curve(&[], &[], &[]), None);
        assert_eq!(area_under_curve(&[1.0, 1.0, 1.0], &[true, false, false], &[1.0; 3]), Some(0.5));
        assert_eq!(area_under_curve(&[1.0, 2.0], &[true, false], &[1.0, 0.0]), None);
    }
}
