//! Obedience: how near a curve that was asked for is to the curve that came out.
//!
//! Distance and likeness are different questions. The root mean square error says how far off a window is, in the
//! control's own unit; the correlations say whether the piece goes up and down where it was told to, whatever its
//! level. Pearson's r wants a straight line, Spearman's ρ only the same order (ties share their mean rank).

use crate::key::correlation;
use serde::Serialize;

/// A curve asked for against the curve that came out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Obedience {
    /// Windows in which both are defined, ≥ 1.
    pub windows: usize,
    /// Windows in which something was asked and nothing came out (a register for silence), or that are missing.
    pub unanswered: usize,
    /// Mean of got − asked.
    pub bias: f64,
    /// √ mean (got − asked)².
    pub rmse: f64,
    /// Pearson's r, −1 … 1. `None` where either curve is constant.
    pub pearson: Option<f64>,
    /// Spearman's ρ, −1 … 1. `None` where either curve is constant.
    pub spearman: Option<f64>,
}

/// Compares two curves window by window. `None` where no window is defined in both.
///
/// A number that is not finite is undefined.
pub fn obedience(asked: &[Option<f64>], got: &[Option<f64>]) -> Option<Obedience> {
    let value =
        |curve: &[Option<f64>], window: usize| curve.get(window).copied().flatten().filter(|value| value.is_finite());
    let (mut wanted, mut found, mut unanswered) = (Vec::new(), Vec::new(), 0);
    for window in 0..asked.len() {
        match (value(asked, window), value(got, window)) {
            (Some(a), Some(g)) => {
                wanted.push(a);
                found.push(g);
            }
            (Some(_), None) => unanswered += 1,
            (None, _) => {}
        }
    }
    if wanted.is_empty() {
        return None;
    }
    let count = wanted.len() as f64;
    let errors = || wanted.iter().zip(&found).map(|(a, g)| g - a);
    Some(Obedience {
        windows: wanted.len(),
        unanswered,
        bias: errors().sum::<f64>() / count,
        rmse: (errors().map(|error| error * error).sum::<f64>() / count).sqrt(),
        pearson: correlation(&wanted, &found),
        spearman: spearman(&wanted, &found),
    })
}

/// Spearman's ρ: Pearson's r of the ranks. `None` where the sides differ in length or either does not vary.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    correlation(&ranks(x), &ranks(y))
}

/// The place of every number in ascending order, from 1; equal numbers share the mean of their places.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        // `equal` lies inside `order`: its first place is the number of smaller values.
        let smaller = order.partition_point(|&i| values[i].total_cmp(&values[equal[0]]).is_lt());
        equal.iter().for_each(|&i| ranks[i] = smaller as f64 + (equal.len() as f64 + 1.0) / 2.0);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditional::curves::Curve;

    fn curve(values: &[f64]) -> Curve {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn distances_and_correlations_by_hand() {
        // Errors 1, −1, 3: mean 1, mean square 11/3. Deviations (−1, 0, 1) and (−2, −1, 3) → r = 5 / √(2 · 14).
        let found = obedience(&curve(&[1.0, 2.0, 3.0]), &curve(&[2.0, 1.0, 6.0])).unwrap();
        assert_eq!((found.windows, found.unanswered, found.bias), (3, 0, 1.0));
        assert!((found.rmse - (11.0f64 / 3.0).sqrt()).abs() < 1e-12);
        // Got has mean 3: deviations −1, −2, 3.
        assert!((found.pearson.unwrap() - 4.0 / 28f64.sqrt()).abs() < 1e-12);
        // Ranks 1 2 3 and 2 1 3: 1 − 6 · 2 / (3 · 8).
        assert!((found.spearman.unwrap() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn what_was_asked_for_is_obeyed_without_error() {
        let asked = curve(&[1.0, 4.0, 2.0]);
        let found = obedience(&asked, &asked).unwrap();
        assert_eq!((found.rmse, found.bias), (0.0, 0.0));
        assert!((found.pearson.unwrap() - 1.0).abs() < 1e-12 && (found.spearman.unwrap() - 1.0).abs() < 1e-12);
        let level = obedience(&asked, &curve(&[9.0, 12.0, 10.0])).unwrap();
        assert_eq!((level.bias, level.rmse), (8.0, 8.0), "a wrong level costs distance only");
        assert!((level.pearson.unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn order_is_kept_by_any_rising_line() {
        let found = obedience(&curve(&[1.0, 2.0, 3.0, 4.0]), &curve(&[1.0, 10.0, 100.0, 1000.0])).unwrap();
        assert!((found.spearman.unwrap() - 1.0).abs() < 1e-12 && found.pearson.unwrap() < 0.9);
    }

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert_eq!(ranks(&[5.0; 3]), [2.0; 3]);
        assert_eq!(ranks(&[-0.0, 0.0]).len(), 2);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn undefined_windows_are_left_out_and_counted() {
        let asked = [Some(1.0), Some(2.0), None, Some(f64::NAN), Some(5.0)];
        let got = [Some(1.0), None, Some(9.0), Some(9.0)];
        let found = obedience(&asked, &got).unwrap();
        assert_eq!((found.windows, found.unanswered), (1, 2));
        assert_eq!((found.pearson, found.spearman), (None, None));
        assert_eq!(obedience(&[None], &[Some(1.0)]), None);
        assert_eq!(obedience(&[], &[]), None);
    }
}
