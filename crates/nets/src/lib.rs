//! Networks behind the [`Denoiser`](aeolian_diffusion::Denoiser) trait, and the small tape that trains them.
//!
//! - [`tape`] records operations and walks them backwards; [`ops`] are the operations, each with its own derivative;
//! - [`features`] turns evidence into what a network reads;
//! - [`inference`] is the transformer's forward pass for composing, with everything prepared;
//! - [`picture`] is what both networks do at full resolution; [`transformer`] and [`lstm`] are the two networks; [`model`] holds either with its weights and stores them.

pub mod features;
pub mod grow;
pub mod inference;
pub mod lstm;
pub mod model;
pub mod ops;
pub mod parameters;
pub mod picture;
pub mod tape;
pub mod transformer;

pub use model::{Model, ModelError, NetworkConfig};
pub use parameters::Parameters;
pub use tape::{Pool, Precision, Tape, Var};
