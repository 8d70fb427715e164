//! Learning from a corpus: canvases become windows, windows become noisy observations, and a network learns the context.
//!
//! [`dataset`] holds the pieces in their tonic frame and draws windows; [`tasks`] states what is certain, noisy or
//! unknown in each; [`optimiser`] moves the weights; [`trainer`] is the loop; [`likelihood`] judges the result.

pub mod architecture;
pub mod checkpoint;
pub mod config;
pub mod dataset;
pub mod likelihood;
pub mod optimiser;
pub mod tasks;
pub mod trainer;

pub use config::{ConfigError, TrainConfig};
pub use dataset::{Dataset, DatasetError};
pub use trainer::{Progress, TrainError, Trainer};
