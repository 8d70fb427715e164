//! What can be said in numbers about a piece: pure functions, the same for human and for generated music.
//!
//! Figures are computed on an [`Excerpt`] (notes on the grid of four steps a quarter, with bar lines), those of
//! loudness, fine timing, tempo and drums on the score itself; each is `None` where it is undefined. [`features`] is
//! the list of all of them, [`measure`] takes them of one piece in one pass. [`PieceFigures`] are the fifteen of the
//! model card, and [`table`] sets several sets of pieces side by side; [`ngram`] is the 3-gram baseline with its exact
//! likelihood.
//!
//! ```
//! use aeolian_canvas::{Canvas, NoteCell, NoteLane};
//! use aeolian_metrics::{Excerpt, harmony};
//!
//! let mut canvas = Canvas::new(4);
//! *canvas.cell_mut(NoteLane::Melody, 0, 60) = NoteCell::Onset;
//! *canvas.cell_mut(NoteLane::Melody, 8, 67) = NoteCell::Onset;
//! let excerpt = Excerpt::from_canvas(&canvas);
//! assert_eq!(harmony::pitch_class_entropy(&excerpt), Some(1.0)); // two pitch classes, equally often: one bit
//! ```

pub mod ceilings;
pub mod chord_tracking;
pub mod chords;
pub mod compare;
pub mod conditional;
pub mod counterpoint;
pub mod drums;
pub mod durations;
pub mod entropy;
pub mod excerpt;
pub mod expression;
pub mod features;
pub mod fitness;
pub mod groove;
pub mod harmony;
pub mod key;
pub mod measured;
pub mod melody;
pub mod mood;
pub mod ngram;
pub mod novelty;
pub mod onsets;
pub mod originality;
pub mod phrase;
pub mod progression;
pub mod report;
pub mod rhythm;
pub mod self_similarity;
pub mod structure;
pub mod swing;
pub mod syncopation;
pub mod texture;
mod timeline;

pub use chords::{ChordSegment, recognise_chords};
pub use excerpt::{Bar, Excerpt, ExcerptNote};
pub use features::{FEATURES, Family, Feature, measure};
pub use measured::{Measured, Piece};
pub use melody::MelodySource;
pub use ngram::{NgramConfig, NgramModel};
pub use originality::{LineIndex, SharedRun};
pub use report::{PieceFigures, Summary, table};

use aeolian_canvas::NoteLane;

/// What can be wrong with the material to be measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The score is longer than any piece of music.
    #[error("the score has {steps} sixteenth steps; at most {limit} can be measured")]
    TooLong {
        /// Steps it would have.
        steps: u64,
        /// Steps allowed.
        limit: u64,
    },
    /// The score says that a quarter has no ticks.
    #[error("the score has 0 ticks in a quarter")]
    NoResolution,
    /// A cell says that a note sounds on, but no note started before it.
    #[error("pitch {pitch} of {lane:?} holds at step {step} without a note that started")]
    OrphanHold {
        /// The lane.
        lane: NoteLane,
        /// Step counted from the start of the window.
        step: usize,
        /// MIDI pitch.
        pitch: u8,
    },
    /// An n-gram order outside 1–3.
    #[error("an n-gram of order {order} was asked for; 1 to 3 are possible")]
    NgramOrder {
        /// The order asked for.
        order: usize,
    },
    /// A token stream that no window can have.
    #[error("token {index} of the stream is impossible there")]
    ImpossibleToken {
        /// Place in the stream; its length where the stream ends too early.
        index: usize,
    },
}
