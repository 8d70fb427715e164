//! A corpus: all the music a model learns from, in one file.
//!
//! [`build`] reads folders of music through the [`importer`]s and writes one compact `.corpus` file; [`Corpus`] opens
//! it, checks every byte against its digest and hands out [`Piece`]s. The digest names the music a model has learned
//! from.
//!
//! ```no_run
//! use aeolian_corpus::{Corpus, build};
//! use std::path::Path;
//! let report = build(&["pop909".into()], None, Path::new("music.corpus"), &mut |_| {})?;
//! println!("{} pieces, {} skipped", report.pieces(), report.skipped.len());
//! let corpus = Corpus::open("music.corpus")?;
//! println!("{}: {}", corpus.digest(), corpus.piece(0)?.title);
//! # Ok::<(), aeolian_corpus::CorpusError>(())
//! ```

pub mod audit;
mod build;
mod error;
mod file;
pub mod importer;
mod piece;
mod record;

pub use build::{BuildReport, Progress, SetCount, Skipped, build, build_licensed};
pub use error::CorpusError;
pub use file::Corpus;
pub use piece::{Licence, Piece, Split, Style, idiom_of_set, lane_of, role_of};
