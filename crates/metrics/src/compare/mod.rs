//! Two sets of pieces compared: a reference (human music) and a candidate, through a table of features.

pub mod auc;
pub mod boosting;
pub mod bootstrap;
pub mod classifier;
pub mod coverage;
pub mod distances;
pub mod diversity;
pub mod folds;
pub mod frechet;
pub mod gaussian;
pub mod linear_algebra;
pub mod logistic;
pub mod mmd;
pub mod moments;
pub mod permutation;
pub mod random;
pub mod selfsimilarity;
pub mod table;

pub use bootstrap::{Bootstrap, Estimate, Interval};
pub use classifier::{ClassifierSettings, ClassifierTest, classify};
pub use selfsimilarity::{SelfSimilarity, self_similarity};
pub use table::{FeatureTable, Pair, split_in_halves};
