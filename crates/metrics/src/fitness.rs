//! Structureness: how much of a piece its best repeating segment explains, on three time scales.
//!
//! Müller, Jiang & Grosche 2013 ("A robust fitness measure for capturing repetitions in music recordings with
//! applications to audio thumbnailing", IEEE TASLP 21) give every segment α a *fitness*: how well and how widely the
//! piece repeats it. Wu & Yang 2020 (arXiv:2008.01307, sec. 5) take the highest fitness of all segments of 3–8, 8–15
//! and over 15 seconds as short, mid and long-term structureness indicator, SI, of the rendered audio. Here both are
//! defined on bars of the score, where repetitions keep the beat and no audio features are needed:
//!
//! - The matrix is the bar-level [`SelfSimilarity`]; as in the paper what is not similar enough is punished,
//!   S(i,j) = (s − τ) / (1 − τ) if s ≥ τ, else −2, and S(i,i) = 1. The paper keeps the best fifth of each piece's own
//!   values, so that noise has its best fifth too; here τ = [`THRESHOLD`] is fixed. A pair of silent bars is worth 0.
//! - A path may only follow the diagonal (no tempo changes within a repetition), so a path for a segment of M bars has
//!   M cells, and the best path family is the best choice of bars at which disjoint copies start, found by
//!   D(n) = max(D(n − 1), D(n − M) + Σₘ S(n − M + m, α + m)).
//! - With σ = D(N) and k copies (the segment itself is one):
//!   score = (σ − M) / (k·M), coverage = (k·M − M) / N, fitness = 2 · score · coverage / (score + coverage).
//! - Seconds become bars of about 2 s (4/4 at 120 a minute): short 2–3, mid 4–7, long from 8 bars on.

use crate::self_similarity::SelfSimilarity;

/// Similarity from which on (≥) two bars count as a repetition: the value that a fifth of all pairs of different bars
/// of a song reach (the share the paper keeps), over the validation songs of pop909. With it those songs have a
/// mid-term structureness of 0.40, and the same bars in random order 0.14.
pub const THRESHOLD: f64 = 0.83;
/// What a bar that is no repetition costs (the paper's δ).
const PENALTY: f64 = -2.0;
/// Bars of the short, mid and long segments.
const SHORT: std::ops::RangeInclusive<usize> = 2..=3;
const MID: std::ops::RangeInclusive<usize> = 4..=7;
const LONG: std::ops::RangeInclusive<usize> = 8..=usize::MAX;

/// The highest fitness on three time scales, each 0–1 (a segment that fills half of the piece and is repeated exactly
/// reaches 0.5; many copies of a short one approach 1). `None` where the piece is shorter than two of the shortest
/// segments (4, 8 and 16 complete bars), or silent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Structureness {
    /// Of segments of 2–3 bars.
    pub short: Option<f64>,
    /// Of segments of 4–7 bars.
    pub mid: Option<f64>,
    /// Of segments of 8 bars and more.
    pub long: Option<f64>,
}

/// Short, mid and long-term structureness.
pub fn structureness(matrix: &SelfSimilarity) -> Structureness {
    if !matrix.is_sounding() {
        return Structureness::default();
    }
    let diagonals = Diagonals::new(matrix);
    let mut copies = Vec::new();
    let mut best = |lengths: std::ops::RangeInclusive<usize>| {
        let longest = (*lengths.end()).min(matrix.bars() / 2);
        let segments = (*lengths.start()..=longest).flat_map(|m| (0..=matrix.bars() - m).map(move |start| (start, m)));
        segments.map(|(start, length)| diagonals.fitness(start, length, &mut copies)).reduce(f64::max)
    };
    Structureness { short: best(SHORT), mid: best(MID), long: best(LONG) }
}

/// Sums along the diagonals of the enhanced matrix, so that any stretch of one costs a subtraction.
struct Diagonals {
    bars: usize,
    /// Entry (i, j), both 0..=bars: S(i−1, j−1) + S(i−2, j−2) + … to the matrix's edge.
    sums: Vec<f64>,
    /// For every first bar of a segment, ascending, the bars at which a copy of two bars or more is worth something.
    promising: Vec<Vec<u16>>,
}

impl Diagonals {
    fn new(matrix: &SelfSimilarity) -> Self {
        let bars = matrix.bars();
        let mut sums = vec![0.0; (bars + 1) * (bars + 1)];
        for i in 0..bars {
            for j in 0..bars {
                sums[(i + 1) * (bars + 1) + j + 1] = sums[i * (bars + 1) + j] + enhanced(matrix, i, j);
            }
        }
        Self { bars, promising: promising(bars, &sums), sums }
    }

    /// Sums up to row `i`, for all columns; the matrix is symmetric, and so are its sums.
    fn row(&self, i: usize) -> &[f64] {
        &self.sums[i * (self.bars + 1)..(i + 1) * (self.bars + 1)]
    }

    /// The fitness of the segment of `length` ≥ 2 bars from `start` on.
    ///
    /// A copy that is worth nothing never helps, and few are worth something: D(n) is computed at the ends of those
    /// only. `copies` is room to work in.
    fn fitness(&self, start: usize, length: usize, copies: &mut Vec<Copies>) -> f64 {
        copies.clear();
        let (before, after) = (self.row(start), &self.row(start + length)[length..]);
        for at in self.promising[start].iter().map(|&at| usize::from(at)).take_while(|&at| at < after.len()) {
            let worth = after[at] - before[at];
            if worth > 0.0 {
                copies.push(Copies { at, value: worth, copies: 1 });
            }
        }
        if copies.len() < 2 {
            return 0.0;
        }
        // From each copy's worth to the best of all that end with it or before.
        let mut ended = 0;
        for place in 0..copies.len() {
            while copies[ended].at + length <= copies[place].at {
                ended += 1;
            }
            let (value, count) = match ended.checked_sub(1) {
                Some(last) => (copies[last].value, copies[last].copies),
                None => (0.0, 0),
            };
            let with = Copies { value: value + copies[place].value, copies: count + 1, ..copies[place] };
            let without = place.checked_sub(1).map_or(Copies::default(), |last| copies[last]);
            copies[place] = match with.value > without.value {
                true => with,
                false => Copies { at: with.at, ..without },
            };
        }
        let Copies { value, copies, .. } = copies[copies.len() - 1];
        let (m, covered) = (length as f64, (copies * length) as f64);
        let (score, coverage) = ((value - m) / covered, (covered - m) / self.bars as f64);
        if score > 0.0 && coverage > 0.0 { 2.0 * score * coverage / (score + coverage) } else { 0.0 }
    }
}

/// See [`Diagonals::promising`]: the sum somewhere down the diagonal, two bars or more away, is higher than here.
fn promising(bars: usize, sums: &[f64]) -> Vec<Vec<u16>> {
    let width = bars + 1;
    let mut promising = vec![Vec::new(); width];
    // The highest sum down the diagonal from each entry of the row on, the last row first.
    let mut highest = vec![f64::NEG_INFINITY; width + 1];
    for start in (0..width.saturating_sub(2)).rev() {
        let two_further = &sums[(start + 2) * width..(start + 3) * width];
        // `highest[j]` becomes that of (start + 2, j), from that of (start + 3, j + 1).
        (0..width)
            .for_each(|j| highest[j] = if highest[j + 1] > two_further[j] { highest[j + 1] } else { two_further[j] });
        let here = &sums[start * width..(start + 1) * width];
        promising[start] = (0..width - 2).filter(|&at| highest[at + 2] > here[at]).map(|at| at as u16).collect();
    }
    promising
}

/// A copy of a segment; then the best choice among all copies up to it.
#[derive(Clone, Copy, Debug, Default)]
struct Copies {
    /// The bar at which it starts.
    at: usize,
    value: f64,
    copies: usize,
}

fn enhanced(matrix: &SelfSimilarity, i: usize, j: usize) -> f64 {
    let similarity = matrix.between(i, j);
    if i == j {
        1.0
    } else if matrix.is_silent(i) && matrix.is_silent(j) {
        0.0
    } else if similarity >= THRESHOLD {
        (similarity - THRESHOLD) / (1.0 - THRESHOLD)
    } else {
        PENALTY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;
    use crate::self_similarity::tests::self_similarity;

    /// Bars of one note each; equal letters are equal bars, '-' is a silent one.
    fn form(letters: &str) -> Structureness {
        let note = |(bar, letter): (usize, u8)| (16 * bar + usize::from(letter % 16), 1, 40 + letter % 16);
        let notes: Vec<_> = letters.bytes().enumerate().filter(|(_, letter)| *letter != b'-').map(note).collect();
        structureness(&self_similarity(&excerpt(4 * letters.len(), &notes)))
    }

    #[test]
    fn a_phrase_heard_twice_fills_half_the_piece() {
        // M = 4, N = 8, σ = 8, k = 2: score (8 − 4)/8, coverage (8 − 4)/8.
        let found = form("abcdabcd");
        assert_eq!((found.mid, found.long), (Some(0.5), None));
        // M = 3: a b c at bars 0 and 4: score 3/6, coverage 3/8, better than a b alone.
        assert!((found.short.unwrap() - 3.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn copies_may_stand_anywhere_but_not_overlap() {
        // a b four times: M = 2, σ = 8, k = 4: score 6/8, coverage 6/8.
        assert_eq!(form("abababab").short, Some(0.75));
        // Of "aaaa" a segment of 2 has two disjoint copies.
        assert_eq!(form("aaaa").short, Some(0.5));
        assert_eq!(form("abxab").short, Some(2.0 * 0.5 * 0.4 / 0.9));
    }

    #[test]
    fn a_piece_that_never_comes_back_has_none() {
        let found = form("abcdefghijklmnop");
        assert_eq!(found, Structureness { short: Some(0.0), mid: Some(0.0), long: Some(0.0) });
    }

    #[test]
    fn one_wrong_bar_of_four_costs_more_than_its_quarter() {
        // The copy is worth 1 + 1 − 2 + 1: score (5 − 4)/8, coverage (8 − 4)/8, against 0.5 if nothing were wrong.
        assert_eq!(form("abcdabxd").mid, Some(0.2));
        assert_eq!(form("abcdaxyd").mid, Some(0.0), "1 − 2 − 2 + 1 is no repetition");
    }

    #[test]
    fn silence_repeats_nothing_and_short_pieces_are_undefined() {
        assert_eq!(form("a-------").short, Some(0.0));
        assert_eq!(form("--------"), Structureness::default());
        assert_eq!(form("aaa"), Structureness::default());
        assert_eq!(form("aaaa").mid, None);
    }

    #[test]
    fn the_best_choice_of_copies_is_that_of_the_whole_recursion() {
        use crate::compare::random::Draws;
        let bars = 14;
        for seed in 0..20 {
            let draws = Draws::new(seed);
            let value = |i: usize, j: usize| match i == j {
                true => 1.0,
                false => 0.7 + 0.3 * draws.uniform((i.max(j) * bars + i.min(j)) as u64),
            };
            let rows: Vec<Vec<f64>> = (0..bars).map(|i| (0..bars).map(|j| value(i, j)).collect()).collect();
            let diagonals =
                Diagonals::new(&SelfSimilarity::from_values(&rows.iter().map(|r| &r[..]).collect::<Vec<_>>()));
            let worth = |at: usize, start: usize, length: usize| {
                diagonals.row(start + length)[at + length] - diagonals.row(start)[at]
            };
            for (length, start) in (2..=bars / 2).flat_map(|m| (0..=bars - m).map(move |start| (m, start))) {
                let mut best = vec![(0.0, 0usize)];
                for n in 1..=bars {
                    let with = n.checked_sub(length).map(|at| (best[at].0 + worth(at, start, length), best[at].1 + 1));
                    best.push(with.filter(|with| with.0 > best[n - 1].0).unwrap_or(best[n - 1]));
                }
                let (m, (value, copies)) = (length as f64, best[bars]);
                let covered = (copies * length) as f64;
                let (score, coverage) = ((value - m) / covered, (covered - m) / bars as f64);
                let expected =
                    if score > 0.0 && coverage > 0.0 { 2.0 * score * coverage / (score + coverage) } else { 0.0 };
                assert_eq!(diagonals.fitness(start, length, &mut Vec::new()), expected, "{seed} {start} {length}");
            }
        }
    }

    #[test]
    fn similarity_counts_from_the_threshold_on() {
        let pair = |s: f64| SelfSimilarity::from_values(&[&[1.0, s], &[s, 1.0]]);
        assert_eq!(enhanced(&pair(THRESHOLD), 0, 1), 0.0);
        assert_eq!(enhanced(&pair(THRESHOLD - 1e-9), 0, 1), PENALTY);
        assert_eq!(enhanced(&pair(1.0), 0, 1), 1.0);
        assert_eq!(enhanced(&pair(0.2), 1, 1), 1.0);
    }
}
