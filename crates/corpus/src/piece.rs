//! One [`Piece`] of a corpus: a quantised score and what a learner needs to know about it.

use aeolian_canvas::NoteLane;
use aeolian_score::Score;

/// What a piece is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// To learn from.
    Train,
    /// To choose with: never learned from.
    Valid,
}

impl Split {
    /// A split for music nobody has split: about one in ten names, decided by a hash of the name alone, is
    /// [`Split::Valid`]. A piece never changes sides when others are added or removed.
    pub fn by_name(name: &str) -> Self {
        let hash = blake3::hash(name.as_bytes());
        let number = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes"));
        if number.is_multiple_of(10) { Self::Valid } else { Self::Train }
    }
}

/// A piece of music in a corpus.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its name within the set, "002".
    pub id: String,
    /// The set it comes from, "pop909".
    pub set: String,
    /// What it is for.
    pub split: Split,
    /// Title, or empty.
    pub title: String,
    /// The music on the grid ([`aeolian_score::GRID`] ticks a quarter), with what is known of tempo, metre, keys, chords
    /// and sections.
    pub score: Score,
    /// The canvas lane of each part; `None` where none fits.
    pub lanes: Vec<Option<NoteLane>>,
    /// False where the bar lines are doubtful: leave such a piece out of anything that counts bars.
    pub confident_bars: bool,
}
