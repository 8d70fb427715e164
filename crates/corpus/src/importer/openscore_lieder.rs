//! openscore_lieder: songs of the nineteenth century, voice and piano.
//!
//! Source: OpenScore/Lieder (Gotham and Jonas 2022, "The OpenScore Lieder Corpus", CC0). Tracks are called "Voice" (or as
//! the song has it: "Gesang", "Chant", "Tenor"), "Piano 1" and "Piano 2". Loudness is constant and repeats are not played
//! out. Keys are signatures only; modes are decided from the notes (`mode.rs`).

use super::{Candidate, Imported, Importer, annotated, mode};
use crate::{CorpusError, Style};
use aeolian_score::role;
use std::path::Path;

/// The importer of the set "openscore_lieder".
pub struct OpenScoreLieder;

impl Importer for OpenScoreLieder {
    fn name(&self) -> &'static str {
        "openscore_lieder"
    }

    fn recognises(&self, folder: &Path) -> bool {
        annotated::recognises(folder, |line| annotated::id_begins(line, "lc"))
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        annotated::pieces(folder)
    }

    fn import(&self, _folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let (mut score, annotation) = annotated::read(candidate)?;
        score.keys = mode::with_modes(&score);
        let roles = role::assign(&score);
        let style = Style { genre: "lied".to_owned(), composer: annotation.composer_name() };
        Ok(Imported { title: annotation.full_title(), score, roles, style, confident_bars: true })
    }
}
