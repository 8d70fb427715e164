//! From a request to a piece: the one facade that command line, server and library share.
//!
//! A [`Request`] is stated as evidence ([`plan`]), a [`Composer`] samples it with a stored model, and the
//! [`Composition`] becomes files ([`files`]) that carry their [`Recipe`]: enough to rebuild them byte for byte.

pub mod builtin;
pub mod composer;
pub mod dynamics;
pub mod files;
pub mod plan;
pub mod recipe;
pub mod request;

pub use composer::{ComposeError, Composer, Composition};
pub use files::{Artefact, FileError, write_all};
pub use recipe::{Recipe, RecipeError};
pub use request::{Request, RequestError};
