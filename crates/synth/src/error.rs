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
    /// The file could not be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a SoundFont that can be played.
    #[error("this SoundFont cannot be used: {0}")]
    SoundFont(#[from] crate::soundfont::Damage),
    /// The format has no such samples.
    #[error("{format} cannot hold samples of {bits} bits; it holds {possible}")]
    Depth {
        /// Name of the format.
        format: &'static str,
        /// Bits asked for.
        bits: u32,
        /// What it can hold.
        possible: &'static str,
    },
    /// The format has no such sample rate.
    #[error("{format} cannot hold {sample_rate_hz} samples a second; at most {max}")]
    Rate {
        /// Name of the format.
        format: &'static str,
        /// The rate asked for.
        sample_rate_hz: u32,
        /// The highest rate it can hold.
        max: u32,
    },
    /// The encoder of a format refused the sound.
    #[error("the {format} encoder failed: {reason}")]
    Encoder {
        /// Name of the format.
        format: &'static str,
        /// What the encoder said.
        reason: String,
    },
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
