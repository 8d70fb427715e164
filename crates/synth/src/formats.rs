//! Sound as a file: WAV, FLAC or Ogg Vorbis, with its title and its recipe inside.
//!
//! Whole numbers of 16 or 24 bits are dithered as in [`wav`](crate::wav); WAV and FLAC of equal bits hold equal samples. WAV of 32 bits
//! holds the floating-point samples themselves. MP3 is left out: every encoder there is either under a licence that a
//! permissive program cannot link (LAME, Shine: LGPL) or not kept up.
//!
//! ```
//! use aeolian_synth::{Stereo, formats::{Encoding, Tags, encode}};
//! let tags = Tags { title: "A rest".into(), ..Tags::default() };
//! let bytes = encode(&Stereo::silence(44_100, 4_410), &Encoding::Flac { bits: 16 }, &tags)?;
//! assert!(bytes.starts_with(b"fLaC"));
//! # Ok::<(), aeolian_synth::Error>(())
//! ```

mod comments;
mod flac;
mod ogg;
mod samples;
mod wave;

use crate::error::Error;
use crate::stereo::Stereo;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoding {
    /// RIFF WAVE; whole numbers of 16 or 24 bits, or floating-point numbers of 32.
    Wav {
        /// 16, 24 or 32.
        bits: u32,
    },
    /// Free Lossless Audio Codec.
    Flac {
        /// 16 or 24.
        bits: u32,
    },
    /// Ogg Vorbis: small, and not quite the same samples.
    Ogg {
        /// −0.2 (smallest) … 1 (best).
        quality: f32,
    },
}

impl Encoding {
    /// What such a file's name ends in, without the point.
    pub fn extension(&self) -> &'static str {
        match self {
            Self::Wav { .. } => "wav",
            Self::Flac { .. } => "flac",
            Self::Ogg { .. } => "ogg",
        }
    }
}

/// What a file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// Title of the piece, or empty.
    pub title: String,
    /// The recipe that made it, as one line, or empty.
    pub recipe: String,
    /// The whole file is one round of a loop.
    pub is_loop: bool,
}

/// What every file says made it.
const SOFTWARE: &str = concat!("Aeolian ", env!("CARGO_PKG_VERSION"));

/// The whole file as bytes. Equal sound gives equal bytes.
///
/// # Errors   [`Error::Depth`] for bits and [`Error::Rate`] for a rate that the format cannot hold; [`Error::Setting`] for a quality
/// out of range; [`Error::WavTooLarge`] beyond 4 GiB of WAV; [`Error::Encoder`] if the encoder refuses anything else.
pub fn encode(sound: &Stereo, encoding: &Encoding, tags: &Tags) -> Result<Vec<u8>, Error> {
    match *encoding {
        Encoding::Wav { bits } => wave::encode(sound, bits, tags),
        Encoding::Flac { bits } => flac::encode(sound, bits, tags),
        Encoding::Ogg { quality } => ogg::encode(sound, quality, tags),
    }
}
