//! The diffusion process on yes/no cells, told in evidence (log-likelihood ratios). It never mentions a note.
//!
//! Noise schedules, the exact posterior, the likelihood bound and the samplers are plain functions over any
//! [`Denoiser`]; the networks live elsewhere.

pub mod denoiser;
pub mod layout;

pub use denoiser::{Denoiser, Observation};
pub use layout::{Block, Layout, UNKNOWN};
