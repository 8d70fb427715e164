//! What can go wrong while drawing. Most pictures cannot fail; those that carry pixels can.

/// Why a picture could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Sound needs a sample rate to be placed in time and frequency.
    #[error("a sample rate of {sample_rate_hz} Hz cannot be drawn; at least {min} is needed")]
    SampleRate {
        /// The rate seen.
        sample_rate_hz: u32,
        /// The lowest rate that can be drawn.
        min: u32,
    },
    /// The PNG encoder refused.
    #[error("the PNG encoder failed")]
    Png(#[source] png::EncodingError),
}
