//! What can go wrong between a score and a sound file.

use std::path::PathBuf;

/// Why a score could not be rendered or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting lies outside its range.
    #[error("the setting {name} is {value}, but must lie between {min} and {max}")]
    Setting {
        /// The field of [`RenderSettings`](crate::RenderSettings).
        name: &'static str,
        /// The value seen.
        value: f64,
        /// The smallest value allowed.
        min: f64,
        /// The largest value allowed.
        max: f64,
    },
    /// The piece is longer than [`RenderSettings::max_seconds`](crate::RenderSettings::max_seconds), or its tempo map
    /// gives no finite time.
    #[error("the piece would sound for {seconds} seconds; at most {max} are rendered")]
    TooLong {
        /// Seconds the piece would take.
        seconds: f64,
        /// The limit in force.
        max: f64,
    },
    /// A WAV file holds at most 4 GiB.
    #[error("{frames} frames do not fit into a WAV file")]
    WavTooLarge {
        /// Frames (samples per ear) asked for.
        frames: usize,
    },
    /// The WAV encoder refused.
    #[error("the WAV encoder failed")]
    Wav(#[source] hound::Error),
    /// The file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
