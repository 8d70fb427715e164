//! Why a recording could not be heard.

use crate::decode::AudioFormat;

/// Why some bytes could not be heard as a recording.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes do not begin like any sound file that is known.
    #[error("this is not a WAV, FLAC, Ogg Vorbis or MP3 file")]
    Unknown,
    /// A sound file of a kind that is known by name only.
    #[error("this is {0}, which is not read; WAV, FLAC, Ogg Vorbis and MP3 are")]
    NotRead(&'static str),
    /// The decoder gave up.
    #[error("the {format} file is damaged: {reason}")]
    Damaged {
        /// What the file began as.
        format: AudioFormat,
        /// What the decoder said.
        reason: String,
    },
    /// Samples come too slowly to hold a melody, or faster than any recorder makes them.
    #[error("the sound has {sample_rate_hz} samples a second; {min} to {max} can be heard")]
    SampleRate {
        /// The rate seen.
        sample_rate_hz: u32,
        /// The lowest rate that is read.
        min: u32,
        /// The highest rate that is read.
        max: u32,
    },
    /// More channels than any recorder makes, or none.
    #[error("the sound has {channels} channels; 1 to {max} can be mixed into one")]
    Channels {
        /// The channels seen.
        channels: u32,
        /// The most that are read.
        max: u32,
    },
    /// Longer than is listened to.
    #[error("the sound is longer than {max_minutes} minutes, the most that is listened to")]
    TooLong {
        /// The limit.
        max_minutes: u32,
    },
    /// A sound file without a sound in it.
    #[error("the {0} file holds no sound: it has no samples")]
    Empty(AudioFormat),
    /// A tempo that no beat has.
    #[error("a tempo of {qpm} quarters a minute cannot be counted; {min} to {max} can")]
    Tempo {
        /// The tempo asked for.
        qpm: f64,
        /// The slowest one.
        min: f64,
        /// The fastest one.
        max: f64,
    },
    /// A metre that cannot be written.
    #[error("a bar of {0} quarters cannot be counted; 1 to 16 can")]
    Bar(u32),
}
