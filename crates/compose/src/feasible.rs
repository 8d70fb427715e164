//! Rules that cannot be kept together are refused before a note is drawn, with the few that cannot stand together named.

use crate::rules::{Facts, Rule, conflict};
use crate::verbs::Job;
use crate::{Request, RequestError};
use aeolian_canvas::NOTE_LANES;
use aeolian_canvas::NoteLane;
use aeolian_canvas::cells::CHORD_LANE;
use aeolian_score::Chord;

/// Checks a request's rules against what its job asks for: every lane that is asked for must be able to sound, unless a
/// rule silences it. Given notes are the person's own and no rule's business.
///
/// # Errors   `Conflict` with the smallest set that cannot be met
pub fn check(request: &Request, job: &Job, qpm: f64) -> Result<(), RequestError> {
    let rules = request.all_rules();
    if rules.is_empty() {
        return Ok(());
    }
    let statement = &job.statement;
    let asked = |lane: usize| (0..statement.quarters()).any(|q| statement.is_open(q, lane));
    let silenced = |lane: NoteLane| rules.contains(&Rule::Silent { lane });
    let facts = Facts {
        notes: Vec::new(),
        given: std::array::from_fn::<_, NOTE_LANES, _>(|lane| !asked(lane)),
        must_sound: NoteLane::ALL.map(|lane| asked(lane as usize) && !silenced(lane)),
        chords: (0..statement.quarters()).map(|q| given_chord(job, q)).collect(),
        key: Some(job.key),
        positions: statement.canvas.positions.clone(),
        up: job.up,
        qpm,
    };
    match conflict(&rules, &facts) {
        Some(conflict) => Err(RequestError::Conflict(conflict.sentences.join("; "))),
        None => Ok(()),
    }
}

/// The chord of a quarter as it sounds, where it is certain.
fn given_chord(job: &Job, quarter: usize) -> Option<Chord> {
    if job.statement.is_open(quarter, CHORD_LANE) {
        return None;
    }
    let cell = job.statement.canvas.chords[quarter]?;
    let root = cell.root?;
    Some(Chord::from_pitch_classes(root, cell.bass.unwrap_or(root), cell.pitch_classes).transposed(job.up))
}
