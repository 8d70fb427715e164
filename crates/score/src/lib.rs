//! The symbolic heart: what a piece of music is, before any file format or any model.
//!
//! Bytes become a [`Score`] (`midi`, `musicxml`, or `file` for either), a `Score` becomes bytes again, and
//! [`quantise`] puts it on the grid of [`GRID`] positions a quarter that the canvas can hold.

pub mod abc;
pub mod bar_lines;
pub mod chord;
pub mod chord_shape;
pub mod chord_symbol;
mod crop;
pub mod file;
pub mod key;
pub mod midi;
pub mod musicxml;
pub mod names;
mod note_text;
mod one_key;
pub mod piece;
pub mod pitch_range;
pub mod progression;
pub mod quantise;
mod repaired;
pub mod role;
pub mod roman;
pub mod scale;
pub mod spelling;
pub mod text_error;

pub use chord::{Chord, ChordQuality};
pub use chord_shape::ChordShape;
pub use chord_symbol::ChordSymbol;
pub use key::{Key, Mode};
pub use piece::{ChordEvent, KeyChange, Marker, MeterChange, Note, Part, Score, Section, TempoChange, TextEvent, Tick};
pub use pitch_range::PitchRange;
pub use progression::{ChordSpan, Progression};
pub use roman::RomanNumeral;
pub use scale::{Scale, ScaleKind};
pub use text_error::TextError;

/// Grid positions in one quarter: sixteenths (3 positions) and triplet eighths (4 positions) are both exact.
pub const GRID: u32 = 12;
