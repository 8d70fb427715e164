//! Two sets of pieces compared: a reference (human music) and a candidate, through a table of features.

pub mod bootstrap;
pub mod gaussian;
pub mod linear_algebra;
pub mod moments;
pub mod random;
pub mod table;

pub use bootstrap::{Bootstrap, Estimate, Interval};
pub use table::{FeatureTable, Pair, split_in_halves};
