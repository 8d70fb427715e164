//! The originality index that is shipped with a model: what its training music has, small enough to travel with the
//! weights, and what held-out human music shares with it.
//!
//! [`Index`] answers what [`super::LineIndex`] and [`super::BarIndex`] answer, without the pieces:
//!
//! - *The longest shared run* is never below the exact one, and seldom more than a note above it beyond 14 notes. The
//!   lines are kept as fingerprints from which they cannot be computed back (`text.rs`); nothing is built at load. A
//!   query becomes a suffix automaton and the text runs through it (`automaton.rs`).
//! - *Copied bars* are kept as fingerprints of 32 bits. Equal bars have equal fingerprints, so the figures never fall
//!   below the exact ones; a bar that stands nowhere is taken for a copy once in 2³² / fingerprints (100,000 or so).
//! - *References* say what the same figures are in human music nobody trained on, by length.
//!
//! Measurements and what else was weighed: `docs/decisions/0007-originality-index.md`.
//!
//! ```
//! use aeolian_canvas::{Canvas, NoteCell, NoteLane};
//! use aeolian_metrics::{Excerpt, originality::Index};
//!
//! let mut canvas = Canvas::new(4);
//! for (step, pitch) in [(0, 60), (2, 62), (4, 64), (6, 65), (8, 67), (9, 65), (10, 64), (12, 60)] {
//!     *canvas.cell_mut(NoteLane::Melody, step, pitch) = NoteCell::Onset;
//! }
//! let index = Index::build([&Excerpt::from_canvas(&canvas)]);
//! let index = Index::from_bytes(&index.to_bytes()).unwrap();
//! let judgement = index.judge(&Excerpt::from_canvas(&canvas.transposed(5)));
//! assert_eq!(judgement.longest_run.notes, 8);
//! assert_eq!(judgement.largest_bar_share, Some(1.0));
//! ```

mod automaton;
mod bars;
mod bytes;
mod judgement;
mod reference;
mod text;

pub use bytes::IndexError;
pub use judgement::Judgement;
pub use reference::{Reference, Spread};

use crate::excerpt::Excerpt;
use bars::BarPrints;
use rayon::prelude::*;
use text::LineText;

/// What training pieces have, and what held-out pieces share with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    lines: LineText,
    bars: BarPrints,
    /// Ascending by length, each length once.
    references: Vec<Reference>,
}

impl Index {
    /// Indexes every line and every complete bar of the training pieces. It has no references yet.
    ///
    /// # Panics   beyond 2³² − 1 notes
    pub fn build<'a>(pieces: impl IntoIterator<Item = &'a Excerpt>) -> Self {
        let mut index = Self::default();
        for (piece, excerpt) in pieces.into_iter().enumerate() {
            index.lines.push(excerpt);
            index.bars.push(piece, excerpt);
        }
        index.bars.sort();
        index
    }

    /// Adds (or replaces) what held-out excerpts of `bars` bars share with the training pieces. Without excerpts there
    /// is nothing to add.
    #[must_use]
    pub fn with_reference(mut self, bars: u32, held_out: &[Excerpt]) -> Self {
        let judgements: Vec<Judgement> = held_out.par_iter().map(|excerpt| self.judge(excerpt)).collect();
        self.references.retain(|reference| reference.bars != bars);
        self.references.extend(Reference::of(bars, &judgements));
        self.references.sort_by_key(|reference| reference.bars);
        self
    }

    /// Training pieces.
    pub fn pieces(&self) -> usize {
        self.lines.pieces()
    }

    /// Tokens of all lines, one fewer than notes in each.
    pub fn tokens(&self) -> usize {
        self.lines.tokens()
    }

    /// Fingerprints of bars that differ; of equal bars, one.
    pub fn bar_prints(&self) -> usize {
        self.bars.prints()
    }

    /// All references, ascending by length.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The reference for a piece of so many bars: the shortest that is at least as long; the longest for pieces longer
    /// than all of them. Longer pieces share more, so the warnings come late rather than early, except beyond the
    /// longest. `None` where there is none.
    pub fn reference_for(&self, bars: f64) -> Option<&Reference> {
        self.references.iter().find(|reference| f64::from(reference.bars) >= bars).or(self.references.last())
    }

    /// What a piece shares with the training pieces, beside what human music of its length does.
    pub fn judge(&self, excerpt: &Excerpt) -> Judgement {
        let bars = excerpt.length_in_bars();
        let copied = self.bars.copied_bars(excerpt);
        Judgement {
            bars,
            longest_run: self.lines.longest_shared_run(excerpt),
            largest_bar_share: copied.share_from_one(),
            copied,
            reference: self.reference_for(bars).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::text::SPAN;
    use super::*;
    use crate::excerpt::tests::{canvas, excerpt};
    use crate::originality::{BarIndex, LineIndex};
    use aeolian_canvas::{NoteCell, NoteLane};
    use proptest::prelude::*;

    /// Two lanes of a few pitches and waits, so that much is shared by chance.
    fn piece() -> impl Strategy<Value = Excerpt> {
        let line = || prop::collection::vec((1usize..4, 60u8..63), 0..24);
        (line(), line()).prop_map(|(melody, harmony)| {
            let mut canvas = canvas(12, &[]);
            for (lane, notes) in [(NoteLane::Melody, melody), (NoteLane::Harmony, harmony)] {
                let mut step = 0;
                for (wait, pitch) in notes {
                    if step < 48 {
                        *canvas.cell_mut(lane, step, pitch) = NoteCell::Onset;
                    }
                    step += wait;
                }
            }
            Excerpt::from_canvas(&canvas)
        })
    }

    proptest! {
        #[test]
        fn no_shared_run_is_missed_and_copied_bars_are_those_of_the_exact_search(training in prop::collection::vec(piece(), 0..5), query in piece()) {
            let index = Index::from_bytes(&Index::build(&training).to_bytes()).unwrap();
            let found = index.judge(&query);
            let exact = LineIndex::new(&training).longest_shared_run(&query);
            prop_assert!(exact.notes <= SPAN || found.longest_run.notes >= exact.notes);
            let exact = BarIndex::new(&training).copied_bars(&query);
            prop_assert_eq!(found.copied, exact);
            prop_assert_eq!(found.largest_bar_share, exact.share_from_one());
        }

        #[test]
        fn the_piece_named_is_the_first_that_has_the_run(training in prop::collection::vec(piece(), 1..5), query in piece()) {
            // Two lanes may have equally long runs at one step; which of them is meant, a step does not say.
            let mut query = query;
            query.notes.retain(|note| note.lane == 0);
            let run = Index::build(&training).judge(&query).longest_run;
            let alone = |piece: &Excerpt| Index::build([piece]).judge(&query).longest_run;
            let first = training.iter().position(|piece| {
                let found = alone(piece);
                (found.notes, found.at_step) == (run.notes, run.at_step)
            });
            if run.notes > 0 {
                prop_assert_eq!(Some(run.piece), first);
            }
        }

        #[test]
        fn a_transposed_training_piece_is_found_whole(others in prop::collection::vec(piece(), 0..3), copied in piece(), up in -9i32..9) {
            let mut moved = copied.clone();
            moved.notes.iter_mut().for_each(|note| note.pitch = (i32::from(note.pitch) + up) as u8);
            let training: Vec<Excerpt> = others.into_iter().chain([copied]).collect();
            let found = Index::build(&training).judge(&moved);
            let mut onsets: Vec<(usize, usize)> = moved.notes.iter().map(|note| (note.lane, note.onset)).collect();
            onsets.sort_unstable();
            onsets.dedup();
            let longest = [0, 2].map(|lane| onsets.iter().filter(|onset| onset.0 == lane).count()).into_iter().max().unwrap();
            prop_assert_eq!(found.longest_run.notes, if longest > SPAN { longest } else { 0 });
            prop_assert_eq!(found.copied.from_one, found.copied.bars);
        }
    }

    const TUNE: [(usize, usize, u8); 6] = [(0, 4, 60), (4, 2, 62), (6, 2, 64), (8, 8, 65), (16, 4, 64), (20, 4, 60)];

    #[test]
    fn empty_sets_and_silent_pieces_share_nothing() {
        let silent = excerpt(8, &[]);
        assert_eq!(Index::build([]).judge(&excerpt(8, &TUNE)).longest_run.notes, 0);
        let judgement = Index::build([&excerpt(8, &TUNE)]).judge(&silent);
        assert_eq!((judgement.longest_run.notes, judgement.largest_bar_share, judgement.bars), (0, None, 2.0));
        assert_eq!(Index::build([&silent, &silent]).pieces(), 2);
    }

    #[test]
    fn held_out_figures_are_those_of_judging_each_excerpt() {
        let thief = excerpt(8, &TUNE);
        let honest = excerpt(8, &[(0, 1, 60), (1, 1, 72), (3, 1, 50)]);
        let index = Index::build([&thief]).with_reference(2, &[thief.clone(), honest.clone(), honest.clone()]);
        let reference = index.reference_for(2.0).unwrap();
        // Six notes are five tokens: too few to be seen.
        assert_eq!((reference.excerpts, reference.notes.mean, reference.notes.median), (3, 0.0, 0.0));
        assert_eq!(reference.share_from_one.map(|share| share.most), Some(1.0));
        assert_eq!(index.judge(&thief).reference, Some(*reference));
        assert_eq!(index.clone().with_reference(2, &[]).references(), []);
    }

    #[test]
    fn the_reference_is_the_shortest_at_least_as_long() {
        let tune = [excerpt(8, &TUNE)];
        let index = Index::build(&tune).with_reference(16, &tune).with_reference(4, &tune).with_reference(8, &tune);
        let bars = |bars: f64| index.reference_for(bars).map(|reference| reference.bars);
        assert_eq!([0.0, 4.0, 4.1, 8.0, 9.0, 16.0, 16.5].map(bars), [4, 4, 8, 8, 16, 16, 16].map(Some));
        assert_eq!(Index::build(&tune).reference_for(8.0), None);
    }
}
