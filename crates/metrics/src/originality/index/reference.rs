//! What human music that nobody trained on shares with the training music: the measure for what a composed piece does.

use super::Judgement;
use crate::compare::moments;
use serde::Serialize;

/// How one figure is spread over held-out excerpts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// The smallest value that at least 95 % of the excerpts do not exceed: one that occurs, so "95 % at most" is
    /// literally true (nearest rank: number ⌈0.95 n⌉ in ascending order).
    pub at_most_95: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let rank = (95 * values.len()).div_ceil(100).checked_sub(1)?;
        Some(Self {
            mean: values.iter().sum::<f64>() / values.len() as f64,
            median: moments::quantile(&values, 0.5)?,
            at_most_95: values[rank],
            most: *values.last()?,
        })
    }
}

/// What held-out excerpts of one length share with the training pieces.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reference {
    /// Their length in bars.
    pub bars: u32,
    /// How many there are, ≥ 1.
    pub excerpts: u32,
    /// Notes of the longest shared run.
    pub notes: Spread,
    /// Share of the bars that one training piece gives, 0–1; of the excerpts with bars to look at. `None` without any.
    pub share_from_one: Option<Spread>,
    /// Share of the bars that stand somewhere in the training set, likewise.
    pub share_from_any: Option<Spread>,
}

impl Reference {
    /// `None` of nothing.
    pub fn of(bars: u32, held_out: &[Judgement]) -> Option<Self> {
        let spread = |figure: fn(&Judgement) -> Option<f64>| Spread::of(held_out.iter().filter_map(figure).collect());
        Some(Self {
            bars,
            excerpts: u32::try_from(held_out.len()).unwrap_or(u32::MAX),
            notes: spread(|judgement| Some(judgement.longest_run.notes as f64))?,
            share_from_one: spread(|judgement| judgement.copied.share_from_one()),
            share_from_any: spread(|judgement| judgement.copied.share_from_any()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_95_is_the_smallest_value_that_19_of_20_do_not_exceed() {
        let to = |count: u32| Spread::of((1..=count).rev().map(f64::from).collect()).unwrap();
        assert_eq!((to(20).at_most_95, to(20).most, to(20).mean, to(20).median), (19.0, 20.0, 10.5, 10.5));
        assert_eq!((to(19).at_most_95, to(21).at_most_95, to(1).at_most_95), (19.0, 20.0, 1.0));
        assert_eq!(Spread::of(vec![]), None);
        assert_eq!(Reference::of(8, &[]), None);
    }

    #[test]
    fn excerpts_without_bars_to_look_at_have_runs_only() {
        let reference = Reference::of(8, &[Judgement::default()]).unwrap();
        assert_eq!((reference.excerpts, reference.notes.most, reference.share_from_one), (1, 0.0, None));
    }
}
