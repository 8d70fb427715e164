//! Looking on while a piece is drawn: how far it is, and what the network takes it for at the moment.
//!
//! A guess is every group's likeliest choice after one evaluation ([`best`]), with the piece's rules on single cells. It costs
//! no evaluation and changes nothing: a watched piece and an unwatched one are the same.
//!
//! [`best`]: aeolian_diffusion::posterior::best

use aeolian_score::Score;
use std::ops::Range;

/// Somebody who looks on.
pub trait Watch {
    /// Told of every network evaluation; false stops the piece.
    fn progress(&mut self, done: usize, of: usize) -> bool;

    /// Asked after every evaluation whether to show a guess.
    fn wants_a_guess(&mut self) -> bool {
        false
    }

    /// Shown one where it was wanted.
    fn guess(&mut self, _guess: Guess) {}
}

/// The piece as it would be if everything were settled now.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// As [`Composition::score`](crate::Composition::score); quarters after the window are still empty.
    pub score: Score,
    /// The quarters that are being drawn.
    pub quarters: Range<usize>,
}

/// Whoever only wants to know how far it is.
pub(crate) struct Progress<'a>(pub &'a mut dyn FnMut(usize, usize) -> bool);

impl Watch for Progress<'_> {
    fn progress(&mut self, done: usize, of: usize) -> bool {
        (self.0)(done, of)
    }
}
