//! openewld: lead sheets of songs in the public domain, a melody and chord symbols.
//!
//! Source: 00sapo/OpenEWLD (Simonetta et al. 2018, "Symbolic music similarity through a graph-based representation").
//! The chord symbols are annotations; repeats are not played out. The files say "major" of nearly every key, so modes are
//! decided from the notes (`mode.rs`).

use super::{Candidate, Imported, Importer, annotated, mode};
use crate::{CorpusError, Style};
use aeolian_score::abc::chord_symbol;
use aeolian_score::role::Role;
use aeolian_score::{ChordEvent, KeyChange, Score, Tick};
use std::path::Path;

/// The importer of the set "openewld".
pub struct OpenEwld;

impl Importer for OpenEwld {
    fn name(&self) -> &'static str {
        "openewld"
    }

    fn recognises(&self, folder: &Path) -> bool {
        annotated::recognises(folder, |line| line.contains("\"composer_dir\""))
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        annotated::pieces(folder)
    }

    fn import(&self, _folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let (mut score, annotation) = annotated::read(candidate)?;
        score.keys = mode::with_modes(&score);
        score.chords = chords(&annotation.harmony, &score)?;
        let roles = vec![Some(Role::Melody); score.parts.len()];
        let style = Style { genre: "song".to_owned(), composer: annotation.composer_name() };
        Ok(Imported { title: annotation.full_title(), score, roles, style, confident_bars: true })
    }
}

/// Gives the keys and chords of a song of openewld to another score of the same music, which begins later (where a pickup
/// has been made a whole bar); its title.
///
/// # Errors   a sentence for people, where the song is missing or makes no sense.
pub(super) fn annotate(song: &Candidate, score: &mut Score) -> Result<String, String> {
    let (mut original, annotation) = annotated::read(song)?;
    let first = |score: &Score| {
        let melody = score.parts.iter().find(|part| part.name == "MELODY").or(score.parts.first());
        melody.and_then(|part| part.notes.first()).map_or(0, |note| note.onset.0)
    };
    let later = first(score).saturating_sub(first(&original));
    original.keys = mode::with_modes(&original);
    score.keys = original.keys.iter().map(|key| KeyChange { at: moved(key.at, later), ..*key }).collect();
    if let Some(first) = score.keys.first_mut() {
        first.at = Tick(0);
    }
    let chords = chords(&annotation.harmony, &original)?;
    score.chords = chords
        .into_iter()
        .map(|chord| ChordEvent { at: moved(chord.at, later), end: moved(chord.end, later), ..chord })
        .collect();
    Ok(annotation.full_title())
}

fn moved(at: Tick, later: u32) -> Tick {
    Tick(at.0.saturating_add(later))
}

/// Chord symbols as events: each lasts until the next, the last to the end of its bar or the music. Where a symbol cannot be
/// read the harmony is unknown until the next.
fn chords(harmony: &[(f64, String)], score: &Score) -> Result<Vec<ChordEvent>, String> {
    let mut harmony: Vec<(_, &str)> =
        harmony.iter().map(|(at, label)| Ok((annotated::tick(*at)?, label.as_str()))).collect::<Result<_, String>>()?;
    harmony.sort_by_key(|(at, _)| *at);
    let mut chords = Vec::new();
    for (index, (at, label)) in harmony.iter().enumerate() {
        let end = harmony.get(index + 1).map_or(score.end(), |(next, _)| *next);
        if let Some(chord) = chord_symbol(label).filter(|_| *at < end) {
            chords.push(ChordEvent { at: *at, end, chord });
        }
    }
    Ok(chords)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::{Note, Part};

    #[test]
    fn a_chord_lasts_until_the_next_and_an_unreadable_one_leaves_a_gap() {
        let note = Note { onset: Tick(0), pitch: 60, duration: Tick(96), velocity: 80 };
        let score = Score { parts: vec![Part { notes: vec![note], ..Part::default() }], ..Score::new(12) };
        let harmony = [(0.0, "C"), (2.0, "what"), (4.0, "G7/B"), (4.0, "Am"), (6.0, "N.C.")];
        let chords = chords(&harmony.map(|(at, label)| (at, label.to_owned())), &score).unwrap();
        let seen: Vec<_> = chords.iter().map(|c| (c.at.0, c.end.0, c.chord.map(|c| c.root))).collect();
        assert_eq!(seen, [(0, 24, Some(0)), (48, 72, Some(9)), (72, 96, None)]);
    }
}
