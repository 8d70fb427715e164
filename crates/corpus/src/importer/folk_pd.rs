//! folk_pd: tunes of the British Isles from three old books, in ABC.
//!
//! Aird's Airs (1782–1803, transcribed by Jack Campin), O'Neill's Music of Ireland (1903) and Ryan's Mammoth Collection (1883).
//! `BOOK/all.abc` holds every tune; `BOOK/midi/NNNN.mid` is tune X:NNNN as abc2midi plays it. The tunes are read from the ABC,
//! which has keys, modes and bar lines; the MIDI files say which tunes are to be used at all, for `all.abc` also holds
//! those that nobody may learn from. Dotted rhythms stay as written (three to one), where abc2midi plays some two to one.

use super::{Candidate, Imported, Importer, has, midi_files, read_file, sorted_entries};
use crate::{CorpusError, Style};
use aeolian_score::abc;
use aeolian_score::quantise::quantise;
use aeolian_score::role::Role;
use std::collections::HashMap;
use std::path::Path;

/// Bars that do not fit their metre, as a part of all, from which on the bar lines are doubtful.
const MOST_IRREGULAR: f64 = 0.1;

/// The importer of the set "folk_pd".
pub struct FolkPd;

impl Importer for FolkPd {
    fn name(&self) -> &'static str {
        "folk_pd"
    }

    fn recognises(&self, folder: &Path) -> bool {
        sorted_entries(folder).is_ok_and(|entries| entries.iter().any(|entry| has(&entry.path(), &["all.abc", "midi"])))
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        let mut candidates = Vec::new();
        for book in sorted_entries(folder)?.into_iter().filter(|entry| has(&entry.path(), &["all.abc", "midi"])) {
            let path = book.path().join("all.abc");
            let bytes = read_file(&path).map_err(|reason| CorpusError::io(&path)(std::io::Error::other(reason)))?;
            let tunes: HashMap<u32, &[u8]> = abc::blocks(&bytes).into_iter().collect();
            for candidate in midi_files(&book.path().join("midi"))? {
                let tune = candidate.id.parse().ok().and_then(|number: u32| tunes.get(&number));
                let entry = tune.map(|tune| abc::text(tune)).unwrap_or_default();
                let id = format!("{}/midi/{}", book.file_name().to_string_lossy(), candidate.id);
                candidates.push(Candidate { id, entry, ..candidate });
            }
        }
        Ok(candidates)
    }

    fn import(&self, _folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let tune = abc::tunes(candidate.entry.as_bytes()).into_iter().next();
        let tune = tune.ok_or_else(|| "all.abc has no tune of this number.".to_owned())?;
        if tune.repairs.cut_short > 0 {
            return Err("It is longer than any tune.".to_owned());
        }
        let (mut score, _) = quantise(&tune.score);
        super::keep_sounding(&mut score.parts)?;
        // Where a tune has several voices the first has the tune.
        let roles = (0..score.parts.len()).map(|voice| match voice {
            0 => Some(Role::Melody),
            1 => Some(Role::Counter),
            _ => Some(Role::Harmony),
        });
        let roles = roles.collect();
        let bars = score.bar_starts(score.end()).len() as f64;
        let confident_bars = !score.meters.is_empty() && tune.repairs.irregular_bars as f64 <= MOST_IRREGULAR * bars;
        let genre = if tune.rhythm.is_empty() { "folk".to_owned() } else { tune.rhythm.to_lowercase() };
        // O'Neill's field says who collected a tune as often as who made it.
        let composer = if tune.composer.contains("ollected") { String::new() } else { tune.composer };
        let style = Style { genre, composer };
        let title = tune.titles.into_iter().next().unwrap_or_default();
        Ok(Imported { title, score, roles, style, confident_bars })
    }
}
