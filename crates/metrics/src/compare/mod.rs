//! Two sets of pieces compared: a reference (human music) and a candidate, through a table of features.
//!
//! [`compare()`] runs everything: the classifier two-sample test, its strongest tells in plain words, Fréchet distance,
//! MMD, precision, recall, density and coverage, distances within and across, and diversity, all with intervals over
//! songs. [`self_similarity`] works on the pieces themselves. What becomes of undefined values is said in [`table`].
//!
//! ```
//! use aeolian_metrics::compare::{ClassifierSettings, FeatureTable, Settings, compare, split_in_halves};
//!
//! // Sixty pieces from thirty songs, one feature.
//! let real = FeatureTable {
//!     names: vec!["leap share".into()],
//!     families: vec!["melody".into()],
//!     rows: (0..60).map(|piece| vec![Some(0.2 + f64::from(piece * 7 % 60) / 300.0)]).collect(),
//!     groups: (0..60).map(|piece| piece / 2).collect(),
//! };
//! let mut leaping = real.clone();
//! leaping.rows.iter_mut().for_each(|row| row[0] = row[0].map(|share| share + 0.4));
//! leaping.groups.iter_mut().for_each(|song| *song += 1000); // other songs
//!
//! let classifier = ClassifierSettings { deals: 10, repeats: 1, ..Default::default() };
//! let settings = Settings { classifier, ..Default::default() };
//! let found = compare(&real, &leaping, &settings);
//! assert_eq!(found.classifier.unwrap().auc.value, 1.0);
//! assert!(found.tells[0].sentence.starts_with("too many leaps: 0.70 against 0.30 ± 0.0"));
//!
//! let (half, other_half) = split_in_halves(&real, 1);
//! assert!(compare(&half, &other_half, &settings).classifier.unwrap().auc.value < 0.8); // the floor
//! ```

pub mod auc;
pub mod boosting;
pub mod bootstrap;
pub mod classifier;
pub mod comparison;
pub mod coverage;
pub mod distances;
pub mod diversity;
pub mod folds;
pub mod frechet;
pub mod gaussian;
pub mod judged;
pub mod linear_algebra;
pub mod logistic;
pub mod mmd;
pub mod moments;
pub mod permutation;
pub mod random;
pub mod selfsimilarity;
pub mod table;
pub mod tells;

pub use bootstrap::{Bootstrap, Estimate, Interval};
pub use classifier::{ClassifierSettings, ClassifierTest, classify};
pub use comparison::{Comparison, Settings, compare};
pub use selfsimilarity::{Frames, SelfSimilarity, self_similarity};
pub use table::{FeatureTable, Pair, split_in_halves};
pub use tells::{Tell, tells};
