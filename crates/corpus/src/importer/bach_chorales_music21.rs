//! bach_chorales_music21: Bach's chorales in four voices, with real re-articulations.
//!
//! Source: the corpus of music21 (Cuthbert and Ariza 2010). Soprano is the melody, alto the counter-melody, tenor the
//! sustained middle, bass the bass; instruments beside the four voices have no role. Phrases end with the soprano's note under each
//! fermata; phrases with the same soprano have the same letter.

use super::{Candidate, Imported, Importer, annotated};
use crate::{CorpusError, Style};
use aeolian_score::role::{self, Role};
use aeolian_score::{Note, Part, Score, Section, Tick};
use std::path::Path;

/// The importer of the set "bach_chorales_music21".
pub struct BachChorales;

impl Importer for BachChorales {
    fn name(&self) -> &'static str {
        "bach_chorales_music21"
    }

    fn recognises(&self, folder: &Path) -> bool {
        annotated::recognises(folder, |line| annotated::id_begins(line, "bwv"))
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        annotated::pieces(folder)
    }

    fn import(&self, _folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let (mut score, annotation) = annotated::read(candidate)?;
        let mut roles = role::assign(&score);
        leave_out_instruments(&score, &mut roles);
        let soprano = roles.iter().position(|role| *role == Some(Role::Melody));
        let fermatas: Vec<Tick> = annotation.fermatas.iter().map(|q| annotated::tick(*q)).collect::<Result<_, _>>()?;
        if let Some(soprano) = soprano {
            score.sections = phrases(&score.parts[soprano], &fermatas, &score);
        }
        let style = Style { genre: "chorale".to_owned(), composer: "Johann Sebastian Bach".to_owned() };
        let title = match annotation.full_title() {
            title if title.is_empty() => candidate.id.to_uppercase().replace("BWV", "BWV "),
            title => title,
        };
        Ok(Imported { title, score, roles, style, confident_bars: true })
    }
}

/// Where all four voices are there, horns, strings and continuo beside them have no role: they double or adorn, and a chorale is
/// complete without.
fn leave_out_instruments(score: &Score, roles: &mut [Option<Role>]) {
    const VOICES: [&str; 4] = ["Soprano", "Alto", "Tenor", "Bass"];
    let sings = |name: &str| VOICES.iter().position(|voice| name.split(' ').next() == Some(*voice));
    let complete = (0..VOICES.len()).all(|voice| score.parts.iter().any(|part| sings(&part.name) == Some(voice)));
    for (role, part) in roles.iter_mut().zip(&score.parts) {
        if complete && sings(&part.name).is_none() {
            *role = None;
        }
    }
}

/// Phrases between fermatas, as sections; none where the music has no fermata or more phrases than letters.
fn phrases(soprano: &Part, fermatas: &[Tick], score: &Score) -> Vec<Section> {
    let under = |fermata: &Tick| soprano.notes.iter().rfind(|n| n.onset <= *fermata && *fermata < n.offset());
    let mut ends: Vec<Tick> = fermatas.iter().filter_map(under).map(Note::offset).collect();
    if ends.is_empty() {
        return Vec::new();
    }
    ends.push(score.end());
    ends.sort_unstable();
    ends.dedup();
    let mut known: Vec<Vec<(u32, u8, u32)>> = Vec::new();
    let mut sections = Vec::new();
    let mut at = Tick(0);
    for end in ends {
        let inside = soprano.notes.iter().filter(|n| at <= n.onset && n.onset < end);
        let line: Vec<_> = inside.map(|n| (n.onset.0 - at.0, n.pitch, n.duration.0)).collect();
        // What rings on after the last fermata is no phrase.
        if line.is_empty() {
            continue;
        }
        let letter = known.iter().position(|k| *k == line).unwrap_or_else(|| {
            known.push(line);
            known.len() - 1
        });
        let Some(letter) = u8::try_from(letter).ok().filter(|l| *l < 26) else { return Vec::new() };
        sections.push(Section { at, end, label: char::from(b'A' + letter).to_string() });
        at = end;
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruments_have_no_role_beside_a_whole_choir() {
        let part = |name: &str| Part { name: name.into(), ..Part::default() };
        let mut score =
            Score { parts: ["Horn 2", "Soprano", "Alto", "Tenor", "Bass"].map(part).to_vec(), ..Score::new(12) };
        let all = vec![Some(Role::Counter); 5];
        let mut roles = all.clone();
        leave_out_instruments(&score, &mut roles);
        assert_eq!(roles, [&[None], &all[1..]].concat());
        score.parts.pop();
        let mut roles = all[1..].to_vec();
        leave_out_instruments(&score, &mut roles);
        assert_eq!(roles, all[1..], "without a bass the horn may be needed");
    }

    #[test]
    fn phrases_end_with_the_note_under_the_fermata_and_equal_ones_share_a_letter() {
        let note = |(at, pitch): (usize, &u8)| Note {
            onset: Tick(at as u32 * 12),
            pitch: *pitch,
            duration: Tick(12),
            velocity: 80,
        };
        let notes = [60, 62, 64, 60, 62, 64, 67, 65].iter().enumerate().map(note).collect();
        let soprano = Part { notes, ..Part::default() };
        let score = Score { parts: vec![soprano.clone()], ..Score::new(12) };
        // The second fermata is written on the second half of its note.
        let sections = phrases(&soprano, &[Tick(24), Tick(66), Tick(84)], &score);
        let seen: Vec<_> = sections.iter().map(|s| (s.at.0, s.end.0, s.label.as_str())).collect();
        assert_eq!(seen, [(0, 36, "A"), (36, 72, "A"), (72, 96, "B")]);
        assert_eq!(phrases(&soprano, &[], &score), []);
    }
}
