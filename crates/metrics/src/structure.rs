//! Structure: whether what was heard comes back, bar by bar.

use crate::excerpt::share;
use crate::harmony::mean;
use crate::onsets::{BarOnsets, CommonOnsets};

/// Bars among which the nearest is looked for: beyond them every pair would cost too much.
pub(crate) const LONGEST_FORM: usize = 256;

/// How much of a bar returns `lag` bars later, 0–1.
///
/// The mean over bars i of |Aᵢ ∩ Aᵢ₊ₗ| / |Aᵢ ∪ Aᵢ₊ₗ|, where A is the set of (step in the bar, pitch) onsets of all
/// lanes. Only complete bars count; a pair of two empty bars says nothing and is left out. `None` where no pair
/// remains, and for lag 0.
pub fn bar_similarity(bars: &[BarOnsets], lag: usize) -> Option<f64> {
    if lag == 0 {
        return None;
    }
    let pairs = bars.iter().zip(bars.iter().skip(lag)).filter(|(a, b)| a.is_complete && b.is_complete);
    mean(pairs.filter_map(|(a, b)| a.jaccard(b)))
}

/// How much of a bar is found in the bar most like it, wherever that is, 0–1.
///
/// The mean over complete, sounding bars of the best Jaccard overlap (as in [`bar_similarity`]) with any *other* one of
/// the first 256 such bars. `None` with fewer than two.
pub fn nearest_bar_similarity(bars: &[BarOnsets]) -> Option<f64> {
    let bars: Vec<&BarOnsets> = sounding(bars).take(LONGEST_FORM).collect();
    let common = CommonOnsets::of(&bars);
    let mut best = vec![0.0_f64; bars.len()];
    for i in 0..bars.len() {
        for j in 0..i {
            let similarity = common.jaccard(i, j).unwrap_or(0.0);
            best[i] = best[i].max(similarity);
            best[j] = best[j].max(similarity);
        }
    }
    mean(best.into_iter()).filter(|_| bars.len() > 1)
}

/// Share of complete, sounding bars whose onsets (place and pitch, all lanes) equal those of an earlier bar, 0–1.
/// `None` where no complete bar has an onset.
pub fn repeated_bar_share(bars: &[BarOnsets]) -> Option<f64> {
    share_seen_before(sounding(bars).map(|bar| &bar.notes))
}

/// Share of complete, sounding bars whose rhythm (places of the onsets, all lanes together) equals that of an earlier
/// bar of the same length, 0–1. `None` where no complete bar has an onset.
pub fn repeated_rhythm_share(bars: &[BarOnsets]) -> Option<f64> {
    share_seen_before(sounding(bars).map(|bar| (bar.length, &bar.steps)))
}

fn sounding(bars: &[BarOnsets]) -> impl Iterator<Item = &BarOnsets> {
    bars.iter().filter(|bar| bar.is_complete && !bar.notes.is_empty())
}

fn share_seen_before<T: Ord>(items: impl Iterator<Item = T>) -> Option<f64> {
    let mut items: Vec<T> = items.collect();
    let all = items.len();
    items.sort_unstable();
    items.dedup();
    share(all - items.len(), all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;
    use crate::onsets::onsets_by_bar;

    fn bars(quarters: usize, notes: &[(usize, usize, u8)]) -> Vec<BarOnsets> {
        onsets_by_bar(&excerpt(quarters, notes))
    }

    #[test]
    fn a_repeated_phrase_is_found_at_its_lag() {
        let phrase = [(0, 1, 60), (20, 1, 62), (40, 1, 64), (60, 1, 65)];
        let twice: Vec<_> = phrase.iter().chain(&phrase.map(|(s, d, p)| (s + 64, d, p))).copied().collect();
        let piece = bars(32, &twice);
        assert_eq!(bar_similarity(&piece, 4), Some(1.0));
        assert_eq!(bar_similarity(&piece, 1), Some(0.0));
        assert_eq!(repeated_bar_share(&piece), Some(0.5));
        assert_eq!(nearest_bar_similarity(&piece), Some(1.0));
    }

    #[test]
    fn half_of_a_bar_is_a_third_of_the_union() {
        let piece = bars(8, &[(0, 1, 60), (4, 1, 62), (16, 1, 60), (20, 1, 64)]);
        assert_eq!(bar_similarity(&piece, 1), Some(1.0 / 3.0));
        assert_eq!(nearest_bar_similarity(&piece), Some(1.0 / 3.0));
        assert_eq!(repeated_bar_share(&piece), Some(0.0));
        assert_eq!(repeated_rhythm_share(&piece), Some(0.5), "the rhythm is the same");
    }

    #[test]
    fn the_nearest_bar_may_lie_on_either_side() {
        // Bars: a, b, a': a and a' are equal, b shares nothing.
        let piece = bars(12, &[(0, 1, 60), (17, 1, 61), (32, 1, 60)]);
        assert_eq!(nearest_bar_similarity(&piece), Some(2.0 / 3.0));
    }

    #[test]
    fn too_short_or_empty_is_undefined() {
        let piece = bars(16, &[(0, 1, 60)]);
        assert_eq!(bar_similarity(&piece, 4), None);
        assert_eq!(bar_similarity(&piece, 0), None);
        assert_eq!(bar_similarity(&piece, 1), Some(0.0));
        assert_eq!(nearest_bar_similarity(&piece), None, "one sounding bar");
        let silence = bars(32, &[]);
        assert_eq!(bar_similarity(&silence, 4), None);
        assert_eq!(repeated_bar_share(&silence), None);
        assert_eq!(repeated_rhythm_share(&silence), None);
        assert_eq!(nearest_bar_similarity(&silence), None);
    }
}
