//! game_multitrack: music of free games (Freedoom, Simutrans, FreeDink), General MIDI bands by many hands.
//!
//! Names of tracks are whatever their authors left in them: instruments, credits, nothing. Roles come from names where they
//! tell, else from the sound ([`role::assign`]).

use super::{Candidate, Imported, Importer, midi_files_below, mode, read_midi};
use crate::{CorpusError, Style};
use aeolian_score::quantise::quantise;
use aeolian_score::role;
use aeolian_score::{Key, KeyChange, Mode, Tick};
use std::path::Path;

/// The key of files whose authors have not named one.
const UNSAID: Key = Key { tonic: 0, mode: Mode::Major };

/// The games, as their folders are called.
const GAMES: [&str; 3] = ["freedink", "freedoom", "simutrans"];

/// The importer of the set "game_multitrack".
pub struct GameMultitrack;

impl Importer for GameMultitrack {
    fn name(&self) -> &'static str {
        "game_multitrack"
    }

    fn recognises(&self, folder: &Path) -> bool {
        GAMES.iter().any(|game| folder.join(game).is_dir())
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        let candidates = midi_files_below(folder, 1)?;
        Ok(candidates.into_iter().filter(|c| GAMES.iter().any(|game| c.id.starts_with(game))).collect())
    }

    fn import(&self, _folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let (mut score, _) = quantise(&read_midi(&candidate.path)?);
        super::keep_sounding(&mut score.parts)?;
        // Sequencers write "C major" where nobody has said anything.
        if score.keys.iter().all(|change| change.key == UNSAID) {
            score.keys = mode::likeliest(&score).map(|key| KeyChange { at: Tick(0), key }).into_iter().collect();
        }
        let roles = role::assign(&score);
        let game = candidate.id.split('/').next().unwrap_or_default();
        let file = candidate.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let title = if score.title.is_empty() { file } else { score.title.clone() };
        let style = Style { genre: format!("game ({game})"), composer: String::new() };
        let confident_bars = !score.meters.is_empty();
        Ok(Imported { title, score, roles, style, confident_bars })
    }
}
