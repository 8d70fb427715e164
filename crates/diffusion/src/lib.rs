//! The diffusion process on yes/no cells, told in evidence (log-likelihood ratios). It never mentions a note.
//!
//! Noise schedules, the exact posterior, the likelihood bound and the samplers are plain functions over any
//! [`Denoiser`]; the networks live elsewhere.

pub mod analytic;
pub mod bound;
pub mod constraint;
pub mod denoiser;
pub mod error;
pub mod evidence;
pub mod guidance;
pub mod layout;
pub mod loss;
pub mod math;
pub mod noise;
pub mod posterior;
pub mod sampler;
pub mod schedule;
pub mod steering;
pub mod task;

pub use bound::{Bound, BoundSettings, likelihood_bound};
pub use constraint::{ChoiceSet, Constraint};
pub use denoiser::{Denoiser, Observation};
pub use error::Error;
pub use evidence::noise_evidence;
pub use guidance::Guided;
pub use layout::{Block, Layout, UNKNOWN};
pub use loss::{CrossEntropy, cross_entropy};
pub use noise::Noise;
pub use sampler::{Levels, Method, Progress, Settings, sample};
pub use schedule::NoiseDensity;
pub use steering::{Look, Steering};
pub use task::{Blend, LaneState, Task};
