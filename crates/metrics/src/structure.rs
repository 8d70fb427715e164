//! Structure: whether what was heard comes back.

use crate::excerpt::Excerpt;

/// How much of a bar returns `lag` bars later, 0–1.
///
/// The mean over bars i of |Aᵢ ∩ Aᵢ₊ₗ| / |Aᵢ ∪ Aᵢ₊ₗ|, where A is the set of (step in the bar, pitch) onsets of all
/// lanes. Only complete bars count; a pair of two empty bars says nothing and is left out. `None` where no pair
/// remains, and for lag 0.
pub fn bar_similarity(excerpt: &Excerpt, lag: usize) -> Option<f64> {
    let bars: Vec<_> = excerpt.bars.iter().map(|bar| bar.is_complete().then(|| excerpt.onsets_in(bar))).collect();
    if lag == 0 {
        return None;
    }
    let (mut sum, mut pairs) = (0.0, 0);
    for (earlier, later) in bars.iter().zip(bars.iter().skip(lag)) {
        let (Some(earlier), Some(later)) = (earlier, later) else { continue };
        let union = earlier.union(later).count();
        if union > 0 {
            sum += earlier.intersection(later).count() as f64 / union as f64;
            pairs += 1;
        }
    }
    (pairs > 0).then(|| sum / f64::from(pairs))
}

/// Share of complete, sounding bars whose onsets (place and pitch, all lanes) equal those of an earlier bar, 0–1.
/// `None` where no complete bar has an onset.
pub fn repeated_bar_share(excerpt: &Excerpt) -> Option<f64> {
    let complete = excerpt.bars.iter().filter(|bar| bar.is_complete()).map(|bar| excerpt.onsets_in(bar));
    let bars: Vec<_> = complete.filter(|onsets| !onsets.is_empty()).collect();
    let repeated = (0..bars.len()).filter(|&i| bars[..i].contains(&bars[i])).count();
    crate::excerpt::share(repeated, bars.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn a_repeated_phrase_is_found_at_its_lag() {
        let phrase = [(0, 1, 60), (20, 1, 62), (40, 1, 64), (60, 1, 65)];
        let twice: Vec<_> = phrase.iter().chain(&phrase.map(|(s, d, p)| (s + 64, d, p))).copied().collect();
        let piece = excerpt(32, &twice);
        assert_eq!(bar_similarity(&piece, 4), Some(1.0));
        assert_eq!(bar_similarity(&piece, 1), Some(0.0));
        assert_eq!(repeated_bar_share(&piece), Some(0.5));
    }

    #[test]
    fn half_of_a_bar_is_a_third_of_the_union() {
        let piece = excerpt(8, &[(0, 1, 60), (4, 1, 62), (16, 1, 60), (20, 1, 64)]);
        assert_eq!(bar_similarity(&piece, 1), Some(1.0 / 3.0));
        assert_eq!(repeated_bar_share(&piece), Some(0.0));
    }

    #[test]
    fn too_short_or_empty_is_undefined() {
        let piece = excerpt(16, &[(0, 1, 60)]);
        assert_eq!(bar_similarity(&piece, 4), None);
        assert_eq!(bar_similarity(&piece, 0), None);
        assert_eq!(bar_similarity(&piece, 1), Some(0.0));
        assert_eq!(bar_similarity(&excerpt(32, &[]), 4), None);
        assert_eq!(repeated_bar_share(&excerpt(32, &[])), None);
    }
}
