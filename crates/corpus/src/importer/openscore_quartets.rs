//! openscore_quartets: string quartets, whole works with all their movements one behind the other.
//!
//! Source: OpenScore/StringQuartets (CC0). Violin 1 is taken for the melody, violin 2 for the counter-melody, the viola for
//! the sustained middle and the cello for the bass. Loudness is constant and repeats are not played out. Keys are signatures
//! only; modes are decided from the notes (`mode.rs`).

use super::{Candidate, Imported, Importer, annotated, mode};
use crate::{CorpusError, Style};
use aeolian_score::role;
use std::path::Path;

/// The importer of the set "openscore_quartets".
pub struct OpenScoreQuartets;

impl Importer for OpenScoreQuartets {
    fn name(&self) -> &'static str {
        "openscore_quartets"
    }

    fn recognises(&self, folder: &Path) -> bool {
        annotated::recognises(folder, |line| annotated::id_begins(line, "sq"))
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        annotated::pieces(folder)
    }

    fn import(&self, _folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let (mut score, annotation) = annotated::read(candidate)?;
        score.keys = mode::with_modes(&score);
        let roles = role::assign(&score);
        let style = Style { genre: "string quartet".to_owned(), composer: annotation.composer_name() };
        Ok(Imported { title: annotation.full_title(), score, roles, style, confident_bars: true })
    }
}
