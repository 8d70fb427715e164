//! Any folder of MIDI files: people's own music.
//!
//! Nobody has said which part is what, so it is guessed, and only this much: drums are left out. Parts called melody,
//! vocal, lead or voice are the melody. Without such a name it is the part that is mostly one note at a time and lies
//! highest. All else is harmony. A single part of chords is all harmony.

use super::{Candidate, Imported, Importer, read_file, sorted_entries};
use crate::CorpusError;
use aeolian_canvas::NoteLane;
use aeolian_score::quantise::quantise;
use aeolian_score::{Part, midi};
use std::path::Path;

/// Folders inside folders are followed this deep.
const DEEPEST: usize = 16;

/// What the name of a melody contains, in lower case.
const MELODY_NAMES: [&str; 4] = ["melody", "vocal", "lead", "voice"];

/// A part is mostly one note at a time if at least this part of its notes sounds alone when it starts.
const MOSTLY_ALONE: f64 = 0.9;

/// The importer of last resort; the set is called "folder".
pub struct Folder;

impl Importer for Folder {
    fn name(&self) -> &'static str {
        "folder"
    }

    fn recognises(&self, folder: &Path) -> bool {
        folder.is_dir()
    }

    fn pieces(&self, folder: &Path) -> Result<Vec<Candidate>, CorpusError> {
        let mut candidates = Vec::new();
        gather(folder, "", DEEPEST, &mut candidates)?;
        candidates.sort();
        Ok(candidates)
    }

    fn import(&self, _folder: &Path, candidate: &Candidate) -> Result<Imported, String> {
        let read = midi::read(&read_file(&candidate.path)?).map_err(|e| e.to_string())?;
        let (score, _) = quantise(&read.score);
        let lanes = guess_lanes(&score.parts);
        let usable = score.parts.iter().zip(&lanes).any(|(part, lane)| lane.is_some() && !part.notes.is_empty());
        if !usable {
            return Err("It holds no notes other than drums.".to_owned());
        }
        let file_name = candidate.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let title = if score.title.is_empty() { file_name } else { score.title.clone() };
        // Without a time signature, bars of 4/4 are only an assumption.
        let confident_bars = !score.meters.is_empty();
        Ok(Imported { title, score, lanes, confident_bars })
    }

    fn follows_splits_file(&self) -> bool {
        false
    }
}

/// Every MIDI file below a folder; ids are paths inside it with `/`, whatever the system. Links to folders are not
/// followed, so there are no circles.
fn gather(folder: &Path, prefix: &str, depth: usize, candidates: &mut Vec<Candidate>) -> Result<(), CorpusError> {
    for entry in sorted_entries(folder)? {
        let path = entry.path();
        let id = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let is_folder = entry.file_type().map_err(CorpusError::io(&path))?.is_dir();
        if is_folder && depth > 0 {
            gather(&path, &format!("{id}/"), depth - 1, candidates)?;
        } else if !is_folder && is_midi(&path) {
            candidates.push(Candidate { id, path });
        }
    }
    Ok(())
}

fn is_midi(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("mid") || extension.eq_ignore_ascii_case("midi")
}

/// The lane of each part, as the head of this file says.
fn guess_lanes(parts: &[Part]) -> Vec<Option<NoteLane>> {
    let pitched = |part: &Part| !part.is_drum && !part.notes.is_empty();
    let named = |part: &Part| {
        let name = part.name.to_lowercase();
        pitched(part) && MELODY_NAMES.iter().any(|word| name.contains(word))
    };
    let any_named = parts.iter().any(named);
    let highest = (0..parts.len())
        .filter(|&i| pitched(&parts[i]) && mostly_alone(&parts[i]))
        .max_by(|&a, &b| mean_pitch(&parts[a]).total_cmp(&mean_pitch(&parts[b])).then(b.cmp(&a)));
    let lane = |index: usize| {
        let part = &parts[index];
        let melody = if any_named { named(part) } else { Some(index) == highest };
        pitched(part).then_some(if melody { NoteLane::Melody } else { NoteLane::Harmony })
    };
    (0..parts.len()).map(lane).collect()
}

fn mean_pitch(part: &Part) -> f64 {
    part.notes.iter().map(|n| f64::from(n.pitch)).sum::<f64>() / part.notes.len() as f64
}

fn mostly_alone(part: &Part) -> bool {
    let notes = &part.notes;
    let mut sounding_until = 0;
    let mut alone = 0;
    for (index, note) in notes.iter().enumerate() {
        let with_next = notes.get(index + 1).is_some_and(|next| next.onset == note.onset);
        // Legato players overlap a little: one grid position is no chord.
        alone += usize::from(note.onset.0 + 1 >= sounding_until && !with_next);
        sounding_until = sounding_until.max(note.offset().0);
    }
    alone as f64 >= MOSTLY_ALONE * notes.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use NoteLane::{Harmony, Melody};
    use aeolian_score::{Note, Tick};

    /// A part that plays each of these chords for a quarter.
    fn part(name: &str, chords: &[&[u8]]) -> Part {
        let note = |at: usize, pitch: u8| Note { onset: Tick(at as u32 * 12), pitch, duration: Tick(12), velocity: 80 };
        let notes = chords.iter().enumerate().flat_map(|(at, chord)| chord.iter().map(move |&p| note(at, p)));
        Part { name: name.into(), notes: notes.collect(), ..Part::default() }
    }

    #[test]
    fn a_name_tells_the_melody() {
        let parts = [part("Flute", &[&[90], &[91]]), part("Lead Vocal", &[&[60], &[62]])];
        assert_eq!(guess_lanes(&parts), [Some(Harmony), Some(Melody)]);
    }

    #[test]
    fn without_names_the_highest_single_line_is_the_melody() {
        let parts = [part("", &[&[40], &[43]]), part("", &[&[72], &[74]]), part("", &[&[84, 88], &[86, 89]])];
        assert_eq!(guess_lanes(&parts), [Some(Harmony), Some(Melody), Some(Harmony)]);
    }

    #[test]
    fn a_single_part_of_chords_is_all_harmony_and_a_single_line_a_melody() {
        assert_eq!(guess_lanes(&[part("Piano", &[&[60, 64, 67], &[59, 62, 67]])]), [Some(Harmony)]);
        assert_eq!(guess_lanes(&[part("Tune", &[&[60], &[62]])]), [Some(Melody)]);
    }

    #[test]
    fn drums_and_empty_parts_have_no_lane() {
        let drums = Part { is_drum: true, ..part("lead drums", &[&[36]]) };
        assert_eq!(guess_lanes(&[drums, part("voice", &[]), part("", &[&[60]])]), [None, None, Some(Melody)]);
    }
}
