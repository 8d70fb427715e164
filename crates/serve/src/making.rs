//! How a version or a candidate came to be, and what a piece is at a glance; stored beside its notes.

use crate::piece::{bar_starts, lane_word};
use aeolian_canvas::{NoteLane, lanes_by_name};
use aeolian_compose::control::{Control, Kept};
use aeolian_compose::verbs::Outcome;
use aeolian_compose::{Composition, Source};
use aeolian_score::{Note, Score};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// One wish and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ControlJson {
    /// What was asked, in words.
    pub asked: String,
    /// What the piece has.
    pub got: String,
    /// "proven" by checking every note, "broken", or "measured".
    pub kept: String,
}

impl From<&Control> for ControlJson {
    fn from(control: &Control) -> Self {
        let kept = match control.kept {
            Kept::Proven => "proven",
            Kept::Broken => "broken",
            Kept::Measured => "measured",
        };
        Self { asked: control.asked.clone(), got: control.got.clone(), kept: kept.into() }
    }
}

/// What the control report calls its sentence on originality.
const ORIGINALITY: &str = "nothing copied";

/// How a piece was made, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Making {
    /// Which verb made it; empty for a person's work.
    pub verb: String,
    /// The seed.
    pub seed: Option<u64>,
    /// What its maker says of it.
    pub comment: String,
    /// The control report.
    pub report: Vec<ControlJson>,
    /// Its sentence on originality.
    pub originality: Option<ControlJson>,
    /// The report as text, or empty.
    pub report_text: String,
    /// The recipe as one line, or empty.
    pub recipe: String,
    /// What had to be put right in a file, or empty.
    pub repairs: String,
    /// Its file named no chords, and they were heard from the notes.
    pub chords_heard: bool,
}

impl Making {
    /// Of a piece that was just composed.
    pub fn of(composition: &Composition) -> Self {
        let all: Vec<ControlJson> = composition.controls.iter().map(ControlJson::from).collect();
        let (originality, report): (Vec<_>, Vec<_>) = all.into_iter().partition(|c| c.asked == ORIGINALITY);
        let request = &composition.recipe.request;
        Self {
            verb: request.verb.name().to_owned(),
            seed: Some(request.seed),
            comment: String::new(),
            report,
            originality: originality.into_iter().next(),
            report_text: composition.report(),
            recipe: composition.recipe.to_line(),
            repairs: String::new(),
            chords_heard: false,
        }
    }
}

/// A piece at a glance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Facts {
    /// Bars.
    pub bars: usize,
    /// Its key at the beginning.
    pub key: Option<String>,
    /// Quarters a minute at the beginning.
    pub tempo: f64,
    /// Its metre at the beginning.
    pub metre: String,
    /// Lanes in which something sounds.
    pub lanes: Vec<String>,
    /// Notes.
    pub notes: usize,
    /// The verb that made it; null for a person's work.
    pub verb: Option<String>,
}

impl Facts {
    /// Of a piece.
    pub fn of(source: &Source, verb: &str) -> Self {
        let score = source.score();
        let (numerator, denominator) = score.meter_at(aeolian_score::Tick(0));
        let sounds = |lane: NoteLane| {
            score.parts.iter().zip(source.lanes()).any(|(part, l)| *l == Some(lane) && !part.notes.is_empty())
        };
        Self {
            bars: bar_starts(score).len().saturating_sub(1),
            key: score.keys.first().map(|k| k.key.to_string()),
            tempo: score.tempos.first().map_or(120.0, |t| t.qpm),
            metre: format!("{numerator}/{denominator}"),
            lanes: NoteLane::ALL.into_iter().filter(|&lane| sounds(lane)).map(lane_word).collect(),
            notes: score.parts.iter().map(|part| part.notes.len()).sum(),
            verb: (!verb.is_empty()).then(|| verb.to_owned()),
        }
    }
}

/// The lane of every part of a result: its source's where it had one, else as its name says.
pub fn lanes_of_result(score: &Score, outcome: &Outcome) -> Vec<Option<NoteLane>> {
    let mut lanes = lanes_by_name(score);
    if let Outcome::Merged { source, .. } | Outcome::Performed { source } = outcome {
        let known = source.lanes().len().min(lanes.len());
        lanes[..known].copy_from_slice(&source.lanes()[..known]);
    }
    lanes
}

/// Which notes of a result are not the source's, by their place among all notes (part after part); `None` for a new piece.
pub fn new_notes(score: &Score, outcome: &Outcome) -> Option<Vec<usize>> {
    let source = match outcome {
        Outcome::New | Outcome::Arranged { .. } => return None,
        Outcome::Performed { .. } => return Some(vec![]),
        Outcome::Merged { source, .. } => source.score(),
    };
    let (mut new, mut place) = (Vec::new(), 0);
    for (index, part) in score.parts.iter().enumerate() {
        let given: BTreeSet<&Note> = source.parts.get(index).map(|p| p.notes.iter().collect()).unwrap_or_default();
        for note in &part.notes {
            if !given.contains(note) {
                new.push(place);
            }
            place += 1;
        }
    }
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_compose::merge::Asked;
    use aeolian_score::{Part, Tick};

    fn score(notes: &[(u32, u8)]) -> Score {
        let mut score = Score::new(12);
        let note = |&(at, pitch): &(u32, u8)| Note { onset: Tick(at), pitch, duration: Tick(3), velocity: 80 };
        score.parts.push(Part { name: "Melody".into(), notes: notes.iter().map(note).collect(), ..Part::default() });
        score
    }

    #[test]
    fn new_is_what_the_source_did_not_have() {
        let source = Source::new(score(&[(0, 60), (12, 62)]));
        let outcome = Outcome::Merged { source, asked: Asked::nothing(2) };
        assert_eq!(new_notes(&score(&[(0, 60), (6, 64), (12, 62)]), &outcome), Some(vec![1]));
        assert_eq!(new_notes(&score(&[(0, 60)]), &Outcome::New), None);
    }

    #[test]
    fn facts_of_silence_are_facts() {
        let facts = Facts::of(&Source::new(Score::new(12)), "");
        assert_eq!((facts.bars, facts.notes, facts.tempo, facts.verb), (0, 0, 120.0, None));
        assert_eq!(Facts::of(&Source::new(score(&[(0, 60)])), "compose").lanes, ["melody"]);
    }
}
