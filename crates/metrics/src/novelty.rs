//! Novelty: the bar lines at which something new begins, and how long the stretches between them are.
//!
//! Foote 2000 ("Automatic audio segmentation using a measure of audio novelty", ICME) slides a checkerboard along the
//! diagonal of the self-similarity matrix: at a boundary the bars before it are like each other, the bars after it
//! are, and the two groups are not. Here the matrix is that of bars ([`SelfSimilarity`]), and the checkerboard is flat
//! and up to four bars wide on either side, less near the ends of the piece.

use crate::self_similarity::SelfSimilarity;

/// Bars on either side of a bar line: at most, and at least.
const WIDEST: usize = 4;
const NARROWEST: usize = 2;

/// Novelty of every bar line that has at least two bars on either side, in order: pairs of (bar that begins there,
/// novelty −1 … 1).
///
/// The mean similarity of two different bars on the same side, minus that of two bars on different sides.
pub fn novelty(matrix: &SelfSimilarity) -> Vec<(usize, f64)> {
    let bars = matrix.bars();
    let last = (bars + 1).saturating_sub(NARROWEST);
    (NARROWEST..last).map(|bar| (bar, novelty_at(matrix, bar, WIDEST.min(bar).min(bars - bar)))).collect()
}

/// Bar lines at which a new section begins, by the bar that begins there, ascending.
///
/// Peaks of the novelty: > 0, ≥ the mean novelty of the piece, > that of the bar line before and ≥ that of the one after.
pub fn boundaries(matrix: &SelfSimilarity) -> Vec<usize> {
    let curve = novelty(matrix);
    let mean = curve.iter().map(|(_, value)| value).sum::<f64>() / curve.len().max(1) as f64;
    let value = |i: Option<usize>| i.and_then(|i| curve.get(i)).map_or(f64::NEG_INFINITY, |&(_, value)| value);
    let is_peak = |i: usize| {
        let here = value(Some(i));
        here > 0.0 && here >= mean && here > value(i.checked_sub(1)) && here >= value(Some(i + 1))
    };
    (0..curve.len()).filter(|&i| is_peak(i)).map(|i| curve[i].0).collect()
}

/// Mean length in bars of the sections between [`boundaries`]; the piece itself where there is none.
///
/// `None` for fewer than four complete bars, where no bar line can be judged, and in silence.
pub fn mean_section_length(matrix: &SelfSimilarity) -> Option<f64> {
    let can_be_judged = matrix.bars() >= 2 * NARROWEST && matrix.is_sounding();
    can_be_judged.then(|| matrix.bars() as f64 / (boundaries(matrix).len() + 1) as f64)
}

fn novelty_at(matrix: &SelfSimilarity, bar: usize, width: usize) -> f64 {
    let side_of = |other: usize| other >= bar;
    let (mut same, mut across, mut same_pairs, mut across_pairs) = (0.0, 0.0, 0.0, 0.0);
    for i in bar - width..bar + width {
        for j in bar - width..i {
            let (sum, pairs) =
                if side_of(i) == side_of(j) { (&mut same, &mut same_pairs) } else { (&mut across, &mut across_pairs) };
            *sum += matrix.between(i, j);
            *pairs += 1.0;
        }
    }
    same / same_pairs - across / across_pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::Excerpt;
    use crate::excerpt::tests::excerpt;
    use crate::self_similarity::tests::self_similarity;

    /// Bars of one note each; equal letters are equal bars.
    fn form(letters: &str) -> SelfSimilarity {
        let note = |(bar, letter): (usize, u8)| (16 * bar + usize::from(letter % 16), 1, 40 + letter % 16);
        let notes: Vec<_> = letters.bytes().enumerate().map(note).collect();
        self_similarity(&excerpt(4 * letters.len(), &notes))
    }

    #[test]
    fn the_line_between_two_blocks_has_novelty_one() {
        let curve = novelty(&form("aaaabbbb"));
        assert_eq!(curve.iter().map(|(bar, _)| *bar).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
        assert_eq!(curve[2], (4, 1.0));
        // Bars 0–1 and 2–3 are all alike.
        assert_eq!(curve[0], (2, 0.0));
        assert_eq!(boundaries(&form("aaaabbbb")), [4]);
        assert_eq!(mean_section_length(&form("aaaabbbb")), Some(4.0));
    }

    #[test]
    fn three_blocks_have_two_boundaries() {
        assert_eq!(boundaries(&form("aaaabbbbaaaa")), [4, 8]);
        assert_eq!(mean_section_length(&form("aaaabbbbaaaa")), Some(4.0));
    }

    #[test]
    fn where_all_bars_are_alike_or_all_differ_nothing_begins() {
        assert_eq!(mean_section_length(&form("aaaaaaaa")), Some(8.0));
        assert_eq!(mean_section_length(&form("abcdefgh")), Some(8.0));
    }

    #[test]
    fn short_and_silent_pieces_are_undefined() {
        assert_eq!(mean_section_length(&form("aab")), None);
        assert_eq!(mean_section_length(&form("aabb")), Some(2.0));
        assert_eq!(mean_section_length(&self_similarity(&excerpt(32, &[]))), None);
        assert_eq!(mean_section_length(&self_similarity(&Excerpt::default())), None);
    }
}
