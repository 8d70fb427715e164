//! The symbolic heart: what a piece of music is, before any file format or any model.
//!
//! Bytes become a [`Score`] (`midi`), a `Score` becomes bytes again (`midi`, `musicxml`), and
//! [`quantise`] puts it on the grid of [`GRID`] positions a quarter that the canvas can hold.

pub mod chord;
mod crop;
pub mod key;
pub mod midi;
pub mod musicxml;
pub mod names;
mod one_key;
pub mod piece;
pub mod quantise;
pub mod spelling;

pub use chord::{Chord, ChordQuality};
pub use key::{Key, Mode};
pub use piece::{ChordEvent, KeyChange, Marker, MeterChange, Note, Part, Score, Section, TempoChange, TextEvent, Tick};

/// Grid positions in one quarter: sixteenths (3 positions) and triplet eighths (4 positions) are both exact.
pub const GRID: u32 = 12;
