//! The lines of the training pieces as one text of fingerprints, and the longest run of it that a query has too.
//!
//! The songs a model learned from are not ours to pass on, so the text does not say them: of every [`SPAN`] tokens in a
//! row only [`BITS`] bits of a hash are kept, fewer than the tokens hold (6.7 bits each in pop909), so that they cannot be
//! computed back. Equal runs have equal fingerprints, so a shared run is never missed or shortened. Chance lengthens one
//! by a note with probability 2⁻ᴮᴵᵀˢ at either end, and finds runs of up to about SPAN + 7 notes in any long text.

use super::automaton::{Automaton, Match};
use crate::excerpt::Excerpt;
use crate::originality::{LONGEST_RUN, Line, SharedRun, lanes};

/// Tokens that make one fingerprint. Runs of fewer notes than this and one are not seen.
pub(super) const SPAN: usize = 6;
/// Bits of a fingerprint.
const BITS: u32 = 4;

/// Ends every line; no fingerprint is equal to it.
pub(super) const END: u16 = u16::MAX;
/// Tokens that the query has not.
const ABSENT: u16 = u16::MAX;

/// All lines, in the order of the pieces and their lanes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LineText {
    /// The fingerprints of each line followed by [`END`].
    tokens: Vec<u16>,
    /// First place of each piece in `tokens`.
    pieces: Vec<u32>,
}

impl LineText {
    /// Adds a piece's lines.
    pub(super) fn push(&mut self, piece: &Excerpt) {
        self.push_piece();
        for lane in lanes(piece) {
            self.push_line(line_of(piece, lane).1);
        }
    }

    /// Begins a piece.
    pub(super) fn push_piece(&mut self) {
        self.pieces.push(u32::try_from(self.tokens.len()).expect("a set of fewer than 2³² notes"));
    }

    /// Adds a line to the piece begun last.
    pub(super) fn push_line(&mut self, tokens: impl IntoIterator<Item = u16>) {
        self.tokens.extend(tokens);
        self.tokens.push(END);
    }

    pub(super) fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Without the ends of lines.
    pub(super) fn tokens(&self) -> usize {
        self.tokens.iter().filter(|&&token| token != END).count()
    }

    /// Lines of a piece, each with its [`END`].
    pub(super) fn lines(&self, piece: usize) -> impl Iterator<Item = &[u16]> {
        let end = self.pieces.get(piece + 1).map_or(self.tokens.len(), |&end| end as usize);
        self.tokens[self.pieces[piece] as usize..end].split_inclusive(|&token| token == END)
    }

    /// As [`crate::LineIndex::longest_shared_run`]: the earliest of the longest runs, in the order of the lanes; `piece`
    /// is the first that has it.
    pub(super) fn longest_shared_run(&self, excerpt: &Excerpt) -> SharedRun {
        let query = Query::new(excerpt);
        let (mut matched, mut best) = (Match::default(), Match::default());
        let (mut best_start, mut best_place) = (0, 0);
        for (place, &token) in self.tokens.iter().enumerate() {
            // Most of the text is not in the query: this lookup decides most steps.
            let letter = query.letters[usize::from(token)];
            matched = if letter == ABSENT { Match::default() } else { query.automaton.read(matched, letter) };
            if matched.length == 0 || matched.length < best.length {
                continue;
            }
            let start = query.automaton.first_start(matched);
            if matched.length > best.length || start < best_start {
                (best, best_start, best_place) = (matched, start, place);
            }
        }
        if best.length == 0 {
            return SharedRun::default();
        }
        let piece = self.pieces.partition_point(|&first| first as usize <= best_place) - 1;
        SharedRun { notes: (best.length + SPAN - 1).min(LONGEST_RUN) + 1, at_step: query.onsets[best_start], piece }
    }
}

/// Onsets and fingerprints of one lane: fingerprint i is of the [`SPAN`] tokens from onset i on. The onsets are one more, so
/// that a line's end has a place too.
fn line_of(excerpt: &Excerpt, lane: usize) -> (Vec<usize>, Vec<u16>) {
    let Line { mut onsets, tokens } = Line::new(excerpt, lane);
    let prints: Vec<u16> = tokens.windows(SPAN).map(fingerprint).collect();
    onsets.truncate(prints.len() + 1);
    (onsets, prints)
}

/// The lowest bits of an FNV-1a hash, folded so that every bit of it counts.
fn fingerprint(tokens: &[u32]) -> u16 {
    let hash = tokens
        .iter()
        .flat_map(|token| token.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let folded = (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (folded >> (u64::BITS - BITS)) as u16
}

/// A query's lines, ready for the text.
struct Query {
    automaton: Automaton,
    /// The query's own small number of each token, or [`ABSENT`], as for [`END`].
    letters: Vec<u16>,
    /// Onset step of the note before each token.
    onsets: Vec<usize>,
}

impl Query {
    fn new(excerpt: &Excerpt) -> Self {
        let mut letters = vec![ABSENT; usize::from(END) + 1];
        let (mut query, mut onsets, mut count) = (Vec::new(), Vec::new(), 0);
        for lane in lanes(excerpt) {
            let (steps, tokens) = line_of(excerpt, lane);
            for token in tokens {
                let letter = &mut letters[usize::from(token)];
                if *letter == ABSENT {
                    *letter = count;
                    count += 1;
                }
                query.push(*letter);
            }
            query.push(END);
            // The last note has no token after it: its place is that of the line's end.
            onsets.extend(steps);
        }
        Self { automaton: Automaton::new(query), letters, onsets }
    }
}
