//! Music and measurements as pictures: pure functions that return SVG text.
//!
//! [`piano_roll`] draws a score, [`curves`] a line chart (training losses, say), [`spectrogram`]
//! and [`waveform`] a sound. The SVG is written by hand, needs no script and no font file, and opens in every browser.
//!
//! ```
//! use aeolian_score::Score;
//! let svg = aeolian_picture::piano_roll(&Score::new(480), &aeolian_picture::RollStyle::default());
//! assert!(svg.starts_with("<svg"));
//! ```

mod axis;
mod base64;
mod curves;
mod error;
mod fft;
mod palette;
mod piano_roll;
mod spectrogram;
mod svg;
mod systems;
mod waveform;

pub use curves::{Curve, curves};
pub use error::Error;
pub use piano_roll::{RollStyle, piano_roll};
pub use spectrogram::spectrogram;
pub use svg::escape;
pub use waveform::waveform;
