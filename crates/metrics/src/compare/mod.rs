//! Two sets of pieces compared: a reference (human music) and a candidate, through a table of features.

pub mod bootstrap;
pub mod coverage;
pub mod distances;
pub mod diversity;
pub mod frechet;
pub mod gaussian;
pub mod linear_algebra;
pub mod mmd;
pub mod moments;
pub mod permutation;
pub mod random;
pub mod selfsimilarity;
pub mod table;

pub use bootstrap::{Bootstrap, Estimate, Interval};
pub use selfsimilarity::{SelfSimilarity, self_similarity};
pub use table::{FeatureTable, Pair, split_in_halves};
