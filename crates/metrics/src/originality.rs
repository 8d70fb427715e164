//! Originality: the longest run of notes that a piece shares with a set of others, in any transposition.
//!
//! A line (one lane's highest note at every onset) becomes a sequence of tokens (interval to the next note, steps until
//! it); two equal runs of n tokens are n + 1 notes of the same tune at the same speed. [`LineIndex`] keeps a suffix
//! array (Manber & Myers 1993) of all lines of the set: the suffix that shares most with a query is a neighbour of the
//! query's place in the order, so the longest shared run of a whole piece costs one binary search per note.
//!
//! Two more measures see what a run of equal notes does not: [`copied_bars`], bars that stand in a training piece note
//! for note, and [`cardinality`], how many notes of a window fit a training piece at once.

pub mod cardinality;
pub mod copied_bars;
pub mod index;

pub use cardinality::{BestFit, PointIndex};
pub use copied_bars::{BarIndex, CopiedBars};
pub use index::{Index, IndexError, Judgement, Reference};

use crate::excerpt::Excerpt;

/// Ends every line of the index; no token is equal to it.
const END_OF_LINE: u32 = u32::MAX;
/// Rests beyond four bars of 4/4 are all the same.
const LONGEST_WAIT: usize = 64;
/// Runs are compared up to this many tokens; whoever shares 4,096 notes has copied the piece.
const LONGEST_RUN: usize = 4095;

/// The longest run that a piece shares with the set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SharedRun {
    /// Notes in the run: 0 where nothing is shared, else ≥ 2 (one note alone is shared by all music). At most 4,096.
    pub notes: usize,
    /// Onset step of its first note in the query.
    pub at_step: usize,
    /// Which piece of the set has it too, by its place in the order given.
    pub piece: usize,
}

/// Lines of many pieces, ready to be searched.
#[derive(Clone, Debug, Default)]
pub struct LineIndex {
    /// All lines, each followed by [`END_OF_LINE`].
    tokens: Vec<u32>,
    /// Places in `tokens`, in lexicographic order of what follows.
    suffixes: Vec<u32>,
    /// First place of each piece in `tokens`.
    pieces: Vec<u32>,
}

impl LineIndex {
    /// Indexes every lane of every piece. Memory: about 8 bytes a note.
    ///
    /// # Panics   beyond 2³² − 1 notes
    pub fn new<'a>(pieces: impl IntoIterator<Item = &'a Excerpt>) -> Self {
        let mut index = Self::default();
        for piece in pieces {
            index.pieces.push(index.place());
            for lane in lanes(piece) {
                index.tokens.extend(Line::new(piece, lane).tokens);
                index.tokens.push(END_OF_LINE);
            }
        }
        let places = 0..index.place();
        index.suffixes = places.filter(|&place| index.tokens[place as usize] != END_OF_LINE).collect();
        let tokens = &index.tokens;
        index.suffixes.sort_by(|&a, &b| run_from(tokens, a).cmp(run_from(tokens, b)).then(a.cmp(&b)));
        index
    }

    /// The longest run of notes in any lane of `excerpt` that some lane of the set has too.
    pub fn longest_shared_run(&self, excerpt: &Excerpt) -> SharedRun {
        let mut longest = SharedRun::default();
        for lane in lanes(excerpt) {
            let found = self.longest_in_lane(excerpt, lane);
            if found.notes > longest.notes {
                longest = found;
            }
        }
        longest
    }

    /// The same for one lane.
    pub fn longest_in_lane(&self, excerpt: &Excerpt, lane: usize) -> SharedRun {
        let line = Line::new(excerpt, lane);
        let mut longest = SharedRun::default();
        for start in 0..line.tokens.len() {
            let query = &line.tokens[start..line.tokens.len().min(start + LONGEST_RUN)];
            let place = self.suffixes.partition_point(|&suffix| run_from(&self.tokens, suffix) < query);
            let neighbours = [place.checked_sub(1), Some(place)];
            for &suffix in neighbours.into_iter().flatten().filter_map(|i| self.suffixes.get(i)) {
                let run = query.iter().zip(run_from(&self.tokens, suffix)).take_while(|(a, b)| a == b).count();
                if run > 0 && run + 1 > longest.notes {
                    let piece = self.pieces.partition_point(|&first| first <= suffix) - 1;
                    longest = SharedRun { notes: run + 1, at_step: line.onsets[start], piece };
                }
            }
        }
        longest
    }

    fn place(&self) -> u32 {
        u32::try_from(self.tokens.len()).expect("a set of fewer than 2³² notes")
    }
}

/// What follows a place. It may run on into the next lines: no query holds an [`END_OF_LINE`], so no run crosses one.
fn run_from(tokens: &[u32], place: u32) -> &[u32] {
    let rest = &tokens[place as usize..];
    &rest[..rest.len().min(LONGEST_RUN)]
}

fn lanes(excerpt: &Excerpt) -> Vec<usize> {
    let mut lanes: Vec<usize> = excerpt.notes.iter().map(|note| note.lane).collect();
    lanes.sort_unstable();
    lanes.dedup();
    lanes
}

/// The highest notes of one lane.
struct Line {
    onsets: Vec<usize>,
    /// One fewer than `onsets`.
    tokens: Vec<u32>,
}

impl Line {
    fn new(excerpt: &Excerpt, lane: usize) -> Self {
        let mut tops: Vec<(usize, u8)> = Vec::new();
        for note in excerpt.notes.iter().filter(|note| note.lane == lane) {
            match tops.last_mut() {
                // Notes are sorted by pitch within an onset: the later is the higher.
                Some(top) if top.0 == note.onset => top.1 = note.pitch,
                _ => tops.push((note.onset, note.pitch)),
            }
        }
        let token = |w: &[(usize, u8)]| {
            let wait = (w[1].0 - w[0].0).min(LONGEST_WAIT) as u32;
            let interval = (128 + i32::from(w[1].1) - i32::from(w[0].1)) as u32;
            interval * (LONGEST_WAIT as u32 + 1) + wait
        };
        Self { tokens: tops.windows(2).map(token).collect(), onsets: tops.into_iter().map(|top| top.0).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;
    use proptest::prelude::*;

    const TUNE: [(usize, usize, u8); 6] = [(0, 4, 60), (4, 2, 62), (6, 2, 64), (8, 8, 65), (16, 4, 64), (20, 4, 60)];

    #[test]
    fn a_transposed_and_shifted_tune_is_found_in_the_right_piece() {
        let other = excerpt(8, &[(0, 1, 60), (1, 1, 59), (2, 1, 71)]);
        let index = LineIndex::new([&other, &excerpt(8, &TUNE)]);
        let moved: Vec<_> = TUNE.iter().map(|&(s, d, p)| (s + 5, d, p + 7)).collect();
        assert_eq!(index.longest_shared_run(&excerpt(8, &moved)), SharedRun { notes: 6, at_step: 5, piece: 1 });
    }

    #[test]
    fn another_rhythm_is_another_tune() {
        let index = LineIndex::new([&excerpt(16, &TUNE)]);
        let slower: Vec<_> = TUNE.iter().map(|&(s, d, p)| (s * 5 / 2, d, p)).collect();
        assert_eq!(index.longest_shared_run(&excerpt(16, &slower)).notes, 0);
    }

    #[test]
    fn runs_do_not_cross_lines_and_empty_sets_share_nothing() {
        let (first, second) = (excerpt(8, &TUNE[..3]), excerpt(8, &TUNE[3..]));
        let index = LineIndex::new([&first, &second]);
        assert_eq!(index.longest_shared_run(&excerpt(8, &TUNE)).notes, 3);
        assert_eq!(LineIndex::new([]).longest_shared_run(&excerpt(8, &TUNE)).notes, 0);
        assert_eq!(index.longest_shared_run(&excerpt(8, &[])).notes, 0);
    }

    #[test]
    fn chords_are_heard_by_their_top() {
        let with_bass: Vec<_> = TUNE.iter().flat_map(|&(s, d, p)| [(s, d, p), (s, d, p - 20)]).collect();
        let index = LineIndex::new([&excerpt(8, &TUNE)]);
        assert_eq!(index.longest_shared_run(&excerpt(8, &with_bass)).notes, 6);
    }

    fn line() -> impl Strategy<Value = Vec<(usize, usize, u8)>> {
        prop::collection::vec((1usize..3, 60u8..63), 0..12).prop_map(|notes| {
            let onsets = notes.iter().scan(0, |step, (wait, _)| Some(std::mem::replace(step, *step + wait)));
            onsets.zip(&notes).map(|(onset, &(_, pitch))| (onset, 1, pitch)).collect()
        })
    }

    proptest! {
        #[test]
        fn the_suffix_array_agrees_with_trying_everything(a in line(), b in line(), query in line()) {
            let set = [excerpt(9, &a), excerpt(9, &b)];
            let query = excerpt(9, &query);
            let q = Line::new(&query, 0).tokens;
            let mut longest = 0;
            for tokens in set.iter().map(|piece| Line::new(piece, 0).tokens) {
                for (i, j) in (0..q.len()).flat_map(|i| (0..tokens.len()).map(move |j| (i, j))) {
                    longest = longest.max(q[i..].iter().zip(&tokens[j..]).take_while(|(x, y)| x == y).count());
                }
            }
            let expected = if longest == 0 { 0 } else { longest + 1 };
            prop_assert_eq!(LineIndex::new(&set).longest_shared_run(&query).notes, expected);
        }
    }
}
