//! Jobs and candidates as clients are told them, and the events of a job.

use crate::error::{ApiError, ErrorBody};
use crate::live::Event;
use crate::making::ControlJson;
use crate::piece::PieceJson;
use crate::store::jobs::{CandidateRow, JobRow, Origin, State, Unfinished};
use aeolian_compose::rank::Marks;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// How a candidate compares with others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MarksJson {
    /// Upper bound of −log p of its new notes, in nats a note; lower is more natural.
    pub nats_a_note: Option<f64>,
    /// Rules that are broken.
    pub broken: usize,
    /// New notes.
    pub new_notes: usize,
    /// The same in words.
    pub sentence: String,
}

impl From<&Marks> for MarksJson {
    fn from(marks: &Marks) -> Self {
        let Marks { nats_a_note, broken, new_notes } = *marks;
        Self { nats_a_note, broken, new_notes, sentence: marks.sentence() }
    }
}

/// One of several answers to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CandidateJson {
    /// Its place in its job.
    pub index: usize,
    /// Its seed.
    pub seed: u64,
    /// The music.
    pub piece: PieceJson,
    /// Its key.
    pub key: Option<String>,
    /// False for a guess that was kept when its job was stopped.
    pub finished: bool,
    /// How it compares; null where there is nothing to compare.
    pub marks: Option<MarksJson>,
    /// What was asked and what came of it.
    pub report: Vec<ControlJson>,
    /// How much of it stands in the training music.
    pub originality: Option<ControlJson>,
    /// Places in `piece.notes` of what is new; null for a new piece.
    pub new_notes: Option<Vec<usize>>,
    /// Whether somebody likes it.
    pub starred: bool,
    /// Whether somebody does not.
    pub rejected: bool,
    /// Where it went in the library.
    pub saved: Option<Origin>,
}

impl From<&CandidateRow> for CandidateJson {
    fn from(row: &CandidateRow) -> Self {
        Self {
            index: row.index,
            seed: row.seed,
            piece: PieceJson::from_source(&row.source),
            key: Some(row.key.clone()),
            finished: true,
            marks: row.marks.as_ref().map(MarksJson::from),
            report: row.making.report.clone(),
            originality: row.making.originality.clone(),
            new_notes: row.new_notes.clone(),
            starred: row.starred,
            rejected: row.rejected,
            saved: row.saved.clone(),
        }
    }
}

impl From<&Unfinished> for CandidateJson {
    fn from(kept: &Unfinished) -> Self {
        let piece = PieceJson::from_source(&kept.source);
        Self {
            index: kept.index,
            seed: kept.seed,
            key: piece.key.clone(),
            piece,
            finished: false,
            marks: None,
            report: vec![],
            originality: None,
            new_notes: kept.new_notes.clone(),
            starred: false,
            rejected: false,
            saved: None,
        }
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobJson {
    /// Which.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// When it came, in milliseconds since 1970.
    pub created: i64,
    /// When it was begun.
    pub started: Option<i64>,
    /// When it ended.
    pub finished: Option<i64>,
    /// Jobs before it in the queue; null unless it is queued.
    pub position: Option<i64>,
    /// Its verb.
    pub verb: String,
    /// The request as sent, with its seed.
    pub request: Map<String, Value>,
    /// The piece of the library that it started from.
    pub source: Option<Origin>,
    /// Network evaluations done.
    pub done: i64,
    /// Network evaluations in all; 0 where it is not known yet.
    pub total: i64,
    /// Candidates that were asked for.
    pub wanted: usize,
    /// Candidates that are there; empty in lists of jobs.
    pub candidates: Vec<CandidateJson>,
    /// Their indices, the best first, once it is done.
    pub order: Option<Vec<usize>>,
    /// What had been drawn when it was cancelled.
    pub unfinished: Option<CandidateJson>,
    /// What stopped it.
    pub error: Option<ApiError>,
}

impl JobJson {
    /// A job with candidates.
    pub fn of(row: &JobRow, position: Option<i64>, candidates: &[CandidateRow]) -> Self {
        let time = |at: i64| (at != 0).then_some(at);
        Self {
            id: row.id.clone(),
            state: row.state,
            created: row.created,
            started: time(row.started),
            finished: time(row.finished),
            position,
            verb: row.verb.clone(),
            request: serde_json::from_str(&row.told).unwrap_or_default(),
            source: row.origin.clone(),
            done: row.done,
            total: row.total,
            wanted: row.wanted,
            candidates: candidates.iter().map(CandidateJson::from).collect(),
            order: (row.state == State::Done).then(|| row.ranking.clone()),
            unfinished: row.unfinished.as_ref().map(CandidateJson::from),
            error: row.error.clone(),
        }
    }
}

/// The body of `queued`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueuedEvent {
    /// Jobs before this one.
    pub position: i64,
}

/// The body of `done`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DoneEvent {
    /// Candidates, the best first.
    pub order: Vec<usize>,
    /// How long it took.
    pub seconds: f64,
}

/// The body of `cancelled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CancelledEvent {
    /// Candidates that were finished.
    pub candidates: usize,
    /// What had been drawn of another.
    pub unfinished: Option<CandidateJson>,
}

/// The job waits.
pub fn queued(position: i64) -> Event {
    Event::new("queued", &QueuedEvent { position })
}

/// A candidate is there.
pub fn notes(row: &CandidateRow) -> Event {
    Event { candidate: Some(row.index), ..Event::new("notes", &CandidateJson::from(row)) }
}

/// All candidates are there.
pub fn done(ranking: &[usize], seconds: f64) -> Event {
    Event::new("done", &DoneEvent { order: ranking.to_vec(), seconds })
}

/// Somebody cancelled it.
pub fn cancelled(candidates: usize, unfinished: Option<&Unfinished>) -> Event {
    Event::new("cancelled", &CancelledEvent { candidates, unfinished: unfinished.map(CandidateJson::from) })
}

/// It failed.
pub fn error(error: &ApiError) -> Event {
    Event::new("error", &ErrorBody { error: error.clone() })
}
