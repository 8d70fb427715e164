//! Listening: a hummed, whistled or played recording becomes a score.

pub mod attack;
pub mod beats;
pub mod decode;
mod error;
mod fft;
pub mod notes;
mod picture;
pub mod pitch_track;
pub mod resample;
pub mod score;
mod transcribe;
pub mod yin;

pub use decode::{Recording, decode};
pub use error::Error;
pub use picture::picture;
pub use transcribe::{Settings, Transcription, transcribe};
