//! Groove: how alike the rhythms of bars are (Wu & Yang 2020, arXiv:2008.01307, sec. 5).
//!
//! The similarity of two bars is 1 − (steps in which just one of them has an onset) / (steps in the bar), 0–1, on the
//! sixteenth grid: 16 places in 4/4. MusPy (arXiv:2008.01951) divides by the *ticks* of a bar, so that its figure goes
//! to 1 as the resolution grows (two bars that differ in two onsets score 0.875 here, 0.999 at 480 ticks a quarter),
//! and it adds an empty bar to a piece that ends on a bar line. Here the grid is fixed and no bar is invented.

use crate::onsets::{BarOnsets, common};
use std::collections::BTreeMap;

/// Mean similarity of consecutive complete bars of equal length, 0–1: Wu & Yang's measure in the neighbour form of
/// MusPy. An empty bar is a rhythm too. `None` where no two bars can be compared.
pub fn groove_consistency(bars: &[BarOnsets]) -> Option<f64> {
    let (mut differing, mut compared) = (0.0, 0);
    for pair in bars.windows(2).filter(|w| w.iter().all(is_comparable) && w[0].length == w[1].length) {
        let different = pair[0].steps.len() + pair[1].steps.len() - 2 * common(&pair[0].steps, &pair[1].steps);
        differing += different as f64 / pair[0].length as f64;
        compared += 1;
    }
    (compared > 0).then(|| 1.0 - differing / f64::from(compared))
}

/// Mean similarity of *all* pairs of complete bars of equal length, 0–1: Wu & Yang's measure as they define it.
///
/// Of n bars, k with an onset at a step, k · (n − k) pairs differ there, so no pair has to be looked at. Their program
/// draws 1,000 pairs of a long piece; here all count. `None` where no two bars can be compared.
pub fn groove_of_all_pairs(bars: &[BarOnsets]) -> Option<f64> {
    let mut by_length: BTreeMap<usize, Vec<&BarOnsets>> = BTreeMap::new();
    bars.iter().filter(|bar| is_comparable(bar)).for_each(|bar| by_length.entry(bar.length).or_default().push(bar));
    let (mut differing, mut pairs) = (0.0, 0.0);
    for (length, bars) in by_length {
        let mut onsets_at = vec![0usize; length];
        for &step in bars.iter().flat_map(|bar| &bar.steps) {
            if let Some(k) = onsets_at.get_mut(step) {
                *k += 1;
            }
        }
        let n = bars.len();
        differing += onsets_at.iter().map(|k| k * (n - k)).sum::<usize>() as f64 / length as f64;
        pairs += (n * (n - 1) / 2) as f64;
    }
    (pairs > 0.0).then(|| 1.0 - differing / pairs)
}

fn is_comparable(bar: &BarOnsets) -> bool {
    bar.is_complete && bar.length > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;
    use crate::onsets::onsets_by_bar;

    fn bars(quarters: usize, onsets: &[usize]) -> Vec<BarOnsets> {
        let notes: Vec<_> = onsets.iter().map(|&step| (step, 1, 60)).collect();
        onsets_by_bar(&excerpt(quarters, &notes))
    }

    #[test]
    fn groove_of_equal_bars_is_one_and_falls_by_the_step() {
        let same = bars(8, &[0, 4, 16, 20]);
        assert_eq!((groove_consistency(&same), groove_of_all_pairs(&same)), (Some(1.0), Some(1.0)));
        let shifted = bars(8, &[0, 17]);
        assert_eq!(groove_consistency(&shifted), Some(1.0 - 2.0 / 16.0));
        assert_eq!(groove_of_all_pairs(&shifted), groove_consistency(&shifted), "two bars are one pair");
    }

    #[test]
    fn all_pairs_see_what_neighbours_do_not() {
        // a b a b: neighbours always differ in two of sixteen steps; of six pairs two are equal.
        let alternating = bars(16, &[0, 18, 32, 50]);
        assert_eq!(groove_consistency(&alternating), Some(0.875));
        let expected = 1.0 - 4.0 * 2.0 / 16.0 / 6.0;
        assert!((groove_of_all_pairs(&alternating).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn one_bar_has_no_groove() {
        assert_eq!(groove_consistency(&bars(7, &[0])), None);
        assert_eq!(groove_of_all_pairs(&bars(7, &[0])), None);
        assert_eq!(groove_of_all_pairs(&[]), None);
    }
}
