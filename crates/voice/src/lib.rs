//! Differentiable instruments: voices that learn their sound from a few minutes of notes.
//!
//! Harmonic partials plus filtered noise, driven by a small network (Engel et al. 2020, "DDSP: Differentiable Digital Signal Processing",
//! arXiv:2001.04643), on this project's own tape. [`fit`](fit::fit) learns, [`Voice`] is what was learned and plays, as
//! [`FittedVoice`](aeolian_synth::FittedVoice), in any number of notes at once; [`transfer`] lets it play what somebody sang; [`judge`]
//! says how far it is from recordings it never heard. [`builtin`] are the voices inside this program.
//!
//! The way of a fit: [`note`] → [`analysis`] → [`decoder`] by [`amplitude_loss`] → [`synthesis`] ( → [`reverberation`]) →
//! [`spectral_loss`].

pub mod amplitude_loss;
pub mod analysis;
pub mod audio;
pub mod builtin;
#[cfg(test)]
mod check;
pub mod decoder;
pub mod envelopes;
pub mod features;
pub mod fit;
pub mod judge;
pub mod note;
pub mod pitch;
pub mod plan;
pub mod reverberation;
pub mod spectral_loss;
pub mod synthesis;
pub mod transfer;
pub mod voice;
pub mod workshop;

pub use voice::{Card, Voice, VoiceError};
