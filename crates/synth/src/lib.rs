//! From a [`Score`](aeolian_score::Score) to sound, with no samples and no network: every tone is a sum of decaying
//! sines.
//!
//! The house instrument is a struck-string piano ([`piano`]); programs that hold their tone (organs, bowed strings,
//! winds, pads) get a sustained voice instead, and drum parts a small synthesised kit. All arithmetic is plain IEEE
//! addition, multiplication, division and square root in a fixed order, so a piece sounds the same, bit for bit, on
//! every machine.
//!
//! ```
//! use aeolian_score::{Note, Part, Score, Tick};
//! let mut score = Score::new(480);
//! let a4 = Note { onset: Tick(0), pitch: 69, duration: Tick(480), velocity: 80 };
//! score.parts.push(Part { notes: vec![a4], ..Part::default() });
//! let sound = aeolian_synth::render(&score, &aeolian_synth::RenderSettings::default())?;
//! let bytes = aeolian_synth::wav::to_bytes(&sound)?;
//! # assert!(bytes.starts_with(b"RIFF"));
//! # Ok::<(), aeolian_synth::Error>(())
//! ```

mod drums;
mod elementary;
mod error;
mod limiter;
mod noise;
mod partials;
pub mod piano;
mod render;
mod reverb;
mod stereo;
mod sustained;
mod voice;
pub mod wav;

pub use error::Error;
pub use render::{RenderSettings, render};
pub use stereo::Stereo;
