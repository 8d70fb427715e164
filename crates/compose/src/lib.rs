//! From a request to a piece: the one facade that command line, server and library share.
//!
//! A [`Request`] names a verb, which states it as evidence ([`verbs`], [`statement`]); a [`Composer`] samples it with a stored
//! model under [`rules`] and leanings ([`tilt`]); and the [`Composition`] becomes [`files`] that carry their [`Recipe`]:
//! enough to rebuild them byte for byte.

pub mod analyze;
pub mod builtin;
pub mod composer;
pub mod control;
pub mod dynamics;
pub mod edit;
pub mod feasible;
pub mod files;
pub mod instruments;
pub mod letters;
pub mod likely_key;
pub mod manners;
pub mod merge;
pub mod own_rule;
mod pattern;
pub mod performance;
pub mod plan;
pub mod rank;
pub mod recipe;
pub mod request;
pub mod rhythm;
pub mod rules;
pub mod soft;
pub mod source;
pub mod statement;
pub mod tilt;
mod usual_form;
pub mod verbs;
pub mod watch;
pub mod whole_notes;
pub mod wish;

pub use analyze::Analysis;
pub use composer::{ComposeError, Composer, Composition};
pub use control::{Control, Kept};
pub use files::{Artefact, FileError, write_all};
pub use own_rule::OwnRule;
pub use recipe::{Recipe, RecipeError};
pub use request::{Request, RequestError, USUAL_STEPS};
pub use source::Source;
pub use verbs::Verb;
