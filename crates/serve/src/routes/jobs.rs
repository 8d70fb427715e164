//! Jobs: queued, watched, cancelled; and their candidates.

use crate::App;
use crate::error::{ApiError, Code, ErrorBody};
use crate::extract::{Id, InPath, InQuery, Json as Body, within};
use crate::files::{self, FileFormat};
use crate::live::{Event, Live, PreviewEvent, ProgressEvent, Stop};
use crate::order::{JobOrder, MOST_CANDIDATES, SourceOrder, request_of, told, usual_candidates};
use crate::routes::pieces::{FileQuery, attached, lanes_of_query, num_notes};
use crate::store::jobs::{JobRow, NewJob, Origin, State as JobState};
use crate::store::{new_id, random_hex};
use crate::tell::{self, CandidateJson, JobJson};
use crate::work::composer;
use aeolian_compose::{Request, Source};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};

/// The header of a client's own key.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Characters such a key may have.
const LONGEST_KEY: usize = 128;
/// How often a listener asks the database: another process may be at work on the job.
const ASK_AGAIN: Duration = Duration::from_millis(1000);
/// How often a silent stream shows that it lives, so that proxies do not close it.
const STILL_THERE: Duration = Duration::from_secs(15);

/// What a queued job is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobQueued {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: JobState,
    /// The seed of its first candidate.
    pub seed: u64,
    /// Where its events are.
    pub events: String,
}

/// What a checked order is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// True.
    pub ok: bool,
    /// Bars of the piece that would come of it.
    pub bars: usize,
}

/// Some jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobList {
    /// The newest first, without their candidates.
    pub jobs: Vec<JobJson>,
}

/// How many jobs.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// 1–200; 20 if missing.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Marks to set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateMarks {
    /// Whether somebody likes it.
    #[serde(default)]
    pub starred: Option<bool>,
    /// Whether somebody does not.
    #[serde(default)]
    pub rejected: Option<bool>,
}

/// An order that was understood.
struct Understood {
    request: Request,
    origin: Option<Origin>,
    wanted: usize,
    bars: usize,
}

impl App {
    /// Music by its place in the library, or itself.
    pub async fn source(&self, order: &SourceOrder) -> Result<(Source, Option<Origin>), ApiError> {
        match (&order.piece, &order.score) {
            (Some(id), None) => {
                let (piece, version) = self.store.version(id, order.version).await.map_err(|e| e.in_field("source"))?;
                Ok((version.source, Some(Origin { piece: piece.id, version: version.version })))
            }
            (None, Some(score)) => Ok((score.to_source()?, None)),
            _ => {
                let sentence = "a source is either {\"piece\": id} or {\"score\": a piece}";
                Err(ApiError::new(Code::BadRequest, sentence).in_field("source"))
            }
        }
    }

    /// Everything that can be known before composing.
    async fn understand(&self, order: &JobOrder) -> Result<Understood, ApiError> {
        let (source, origin) = match &order.source {
            Some(source) => self.source(source).await.map(|(source, origin)| (Some(source), origin))?,
            None => (None, None),
        };
        let to = match &order.to {
            Some(to) => Some(self.source(to).await?.0),
            None => None,
        };
        let fields = order.request.clone();
        let moment = u64::from_str_radix(&random_hex::<7>(), 16).unwrap_or(1);
        let (request, bars) = self
            .compute(move || {
                let request = request_of(&fields, source, to, moment)?;
                let composer = composer(&request.denoiser).map_err(crate::work::told)?;
                let job = composer.state(&request).map_err(crate::order::refused)?;
                Ok((request, job.statement.canvas.bars().len()))
            })
            .await?;
        let wanted = order.candidates.unwrap_or_else(|| usual_candidates(request.verb.name()));
        if !(1..=MOST_CANDIDATES).contains(&wanted) {
            let sentence = format!("the number of candidates can be 1 to {MOST_CANDIDATES}, not {wanted}");
            return Err(ApiError::cannot("candidates", sentence));
        }
        Ok(Understood { request, origin, wanted, bars })
    }

    async fn job_json(&self, id: &str) -> Result<JobJson, ApiError> {
        let row = self.store.job(id).await?;
        self.told(row).await
    }

    async fn told(&self, mut row: JobRow) -> Result<JobJson, ApiError> {
        // What was never begun has none.
        let candidates = if row.started == 0 { vec![] } else { self.store.candidates(&row.id).await? };
        let position = if row.state == JobState::Queued { self.store.position(&row.id).await? } else { None };
        if let Some(live) = self.hub.known(&row.id).filter(|_| row.state == JobState::Running) {
            let (done, total) = live.progress();
            (row.done, row.total) = (row.done.max(done as i64), row.total.max(total as i64));
        }
        let notes = candidates.iter().map(|candidate| num_notes(&candidate.source)).sum();
        self.compute_notes(notes, move || Ok(JobJson::of(&row, position, &candidates))).await
    }
}

/// Queues a job. The same Idempotency-Key with the same body gives the same job again.
#[utoipa::path(post, path = "/api/jobs", tag = "jobs", request_body = JobOrder,
    params(("Idempotency-Key" = Option<String>, Header, description = "1–128 printable characters of the client's own")),
    responses((status = 202, body = JobQueued), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody), (status = 429, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    Body(order): Body<JobOrder>,
) -> Result<Response, ApiError> {
    let idempotency = key_of(&headers)?;
    let digest =
        blake3::hash(serde_json::to_string(&order).map_err(ApiError::internal)?.as_bytes()).to_hex().to_string();
    let known = if idempotency.is_empty() { None } else { app.store.queued_under(&idempotency).await? };
    let known = known.filter(|(_, of)| *of == digest);
    if let Some((id, _)) = known {
        return queued_answer(&app, &id, true).await;
    }
    if *app.leaving.borrow() {
        return Err(ApiError::new(Code::Stopping, "the server is stopping; ask again when it is back"));
    }
    let understood = app.understand(&order).await?;
    let (queued, _) = app.store.count_jobs().await?;
    if queued >= app.limits.queued_jobs {
        let sentence = format!("{queued} jobs are waiting already, and no more are taken; ask again later");
        return Err(ApiError::new(Code::TooMany, sentence));
    }
    let told = serde_json::to_string(&told(&order.request, &understood.request)).map_err(ApiError::internal)?;
    let job = NewJob {
        id: new_id(),
        idempotency,
        digest,
        request: understood.request,
        told,
        origin: understood.origin,
        wanted: understood.wanted,
    };
    let (id, is_new) = app.store.queue(&job).await?;
    app.bell();
    tracing::info!(job = %id, verb = job.request.verb.name(), is_new, "queued");
    queued_answer(&app, &id, !is_new).await
}

fn key_of(headers: &HeaderMap) -> Result<String, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(String::new()) };
    let key = value.to_str().unwrap_or_default().trim();
    if (1..=LONGEST_KEY).contains(&key.len()) {
        return Ok(key.to_owned());
    }
    let sentence = format!("an Idempotency-Key has 1 to {LONGEST_KEY} printable characters");
    Err(ApiError::new(Code::BadRequest, sentence).in_field(IDEMPOTENCY_KEY))
}

async fn queued_answer(app: &App, id: &str, is_replay: bool) -> Result<Response, ApiError> {
    let row = app.store.job(id).await?;
    let told: serde_json::Value = serde_json::from_str(&row.told).map_err(ApiError::internal)?;
    let seed = told.get("seed").and_then(serde_json::Value::as_u64).unwrap_or_default();
    let body = JobQueued { events: format!("/api/jobs/{id}/events"), id: row.id, state: row.state, seed };
    let mut answer = (StatusCode::ACCEPTED, Json(body)).into_response();
    if is_replay {
        answer.headers_mut().insert("idempotent-replay", axum::http::HeaderValue::from_static("true"));
    }
    Ok(answer)
}

/// Says whether an order makes sense, without queueing it.
#[utoipa::path(post, path = "/api/check", tag = "jobs", request_body = JobOrder,
    responses((status = 200, body = Checked), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn check(State(app): State<App>, Body(order): Body<JobOrder>) -> Result<Json<Checked>, ApiError> {
    let understood = app.understand(&order).await?;
    Ok(Json(Checked { ok: true, bars: understood.bars }))
}

/// Jobs, the newest first.
#[utoipa::path(get, path = "/api/jobs", tag = "jobs", params(ListQuery),
    responses((status = 200, body = JobList), (status = "default", body = ErrorBody)))]
pub async fn list(State(app): State<App>, InQuery(query): InQuery<ListQuery>) -> Result<Json<JobList>, ApiError> {
    let rows = app.store.jobs(within(query.limit, 20, 200)?).await?;
    let mut jobs = Vec::new();
    for row in &rows {
        let position = if row.state == JobState::Queued { app.store.position(&row.id).await? } else { None };
        jobs.push(JobJson { unfinished: None, ..JobJson::of(row, position, &[]) });
    }
    Ok(Json(JobList { jobs }))
}

/// A job with its candidates.
#[utoipa::path(get, path = "/api/jobs/{id}", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = JobJson), (status = 404, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<JobJson>, ApiError> {
    Ok(Json(app.job_json(&id).await?))
}

/// Cancels a job at once; finished candidates are kept, and the guess of the moment as `unfinished`.
#[utoipa::path(delete, path = "/api/jobs/{id}", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = JobJson), (status = 404, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn cancel(State(app): State<App>, Id(id): Id) -> Result<Json<JobJson>, ApiError> {
    let live = app.hub.known(&id);
    let unfinished = live.as_ref().and_then(|live| live.unfinished());
    // The threads stop first: what follows is then quick, however busy the computer was. (Should the database fail, the job comes
    // again when its lease has run out.)
    live.iter().for_each(|live| live.stop(Stop::Cancelled));
    let is_cancelled = app.store.cancel(&id, unfinished.as_ref()).await?;
    let job = app.job_json(&id).await?;
    if is_cancelled {
        app.metrics.job_ended("cancelled", 0.0);
        tracing::info!(job = %id, candidates = job.candidates.len(), "cancelled");
        live.iter().for_each(|live| live.tell(tell::cancelled(job.candidates.len(), unfinished.as_ref())));
    }
    Ok(Json(job))
}

/// Marks a candidate.
#[utoipa::path(patch, path = "/api/jobs/{id}/candidates/{index}", tag = "jobs", request_body = CandidateMarks,
    params(("id" = String, Path), ("index" = u32, Path)),
    responses((status = 200, body = CandidateJson), (status = 404, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn mark(
    State(app): State<App>,
    Id(id): Id,
    path: InPath,
    Body(marks): Body<CandidateMarks>,
) -> Result<Json<CandidateJson>, ApiError> {
    let row = app.store.mark_candidate(&id, path.number("index")?, marks.starred, marks.rejected).await?;
    Ok(Json(CandidateJson::from(&row)))
}

/// A candidate as a file.
#[utoipa::path(get, path = "/api/jobs/{id}/candidates/{index}/{file}", tag = "jobs",
    params(("id" = String, Path), ("index" = u32, Path), ("file" = String, Path, description = "file.mid, .musicxml, .wav, .flac, .ogg, .svg, .json or .txt"), FileQuery),
    responses((status = 200, content((Vec<u8> = "audio/midi"), (String = "application/vnd.recordare.musicxml+xml"), (Vec<u8> = "audio/wav"), (Vec<u8> = "audio/flac"), (Vec<u8> = "audio/ogg"), (String = "image/svg+xml"), (Object = "application/json"), (String = "text/plain; charset=utf-8"))), (status = 404, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn file(
    State(app): State<App>,
    Id(id): Id,
    path: InPath,
    InQuery(query): InQuery<FileQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let format = format_of(path.text("file"))?;
    let lanes = lanes_of_query(&query)?;
    let row = app.store.candidate(&id, path.number("index")?).await?;
    let name = format!("{}-{}", row.making.verb, row.seed);
    let key = format!("candidate {id} {} {lanes:?} {}", row.index, format.ending());
    let bytes = app.made_once(key, format, move || files::file(&row.source, &row.making, format, lanes)).await?;
    Ok(attached(bytes, format.media_type(), &name, format.ending(), &headers))
}

/// The format of "file.mid".
pub fn format_of(file: &str) -> Result<FileFormat, ApiError> {
    file.strip_prefix("file.").ok_or_else(|| ApiError::not_found("file"))?.parse()
}

/// Events of a job as they happen, after those that have happened: queued, progress, preview, notes, done, cancelled, error.
#[utoipa::path(get, path = "/api/jobs/{id}/events", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = 404, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn events(State(app): State<App>, Id(id): Id) -> Result<impl IntoResponse, ApiError> {
    app.store.job(&id).await?;
    let (sender, receiver) = mpsc::channel::<Result<SseEvent, Infallible>>(64);
    let live = app.hub.live(&id);
    tokio::spawn(async move {
        let mut listener = Listener { app, id, live, sender, heard: BTreeSet::new(), number: 0, position: None };
        // A listener that went away, or a database that fails: the client comes again.
        let _ = listener.run().await;
    });
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::new().interval(STILL_THERE)))
}

/// One client that listens to one job.
struct Listener {
    app: App,
    id: String,
    live: Arc<Live>,
    sender: mpsc::Sender<Result<SseEvent, Infallible>>,
    heard: BTreeSet<usize>,
    number: u64,
    position: Option<i64>,
}

/// The stream is at its end.
struct Ended;

impl From<ApiError> for Ended {
    fn from(_: ApiError) -> Self {
        Self
    }
}

impl Listener {
    async fn run(&mut self) -> Result<(), Ended> {
        // Listening begins before the database is asked, so that nothing falls between.
        let mut events = self.live.listen();
        let mut leaving = self.app.leaving.clone();
        self.catch_up(true).await?;
        let mut ask = tokio::time::interval_at(tokio::time::Instant::now() + ASK_AGAIN, ASK_AGAIN);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Ok(event) => self.pass_on(event).await?,
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                },
                _ = ask.tick() => self.catch_up(false).await?,
                () = self.sender.closed() => return Ok(()),
                changed = leaving.changed() => if changed.is_err() || *leaving.borrow() { return Ok(()) },
            }
        }
    }

    async fn pass_on(&mut self, event: Event) -> Result<(), Ended> {
        if let Some(index) = event.candidate
            && !self.heard.insert(index)
        {
            return Ok(());
        }
        let is_last = event.is_last();
        self.number += 1;
        let sse = SseEvent::default().event(event.name).id(self.number.to_string()).data(&*event.data);
        self.sender.send(Ok(sse)).await.map_err(|_| Ended)?;
        if is_last { Err(Ended) } else { Ok(()) }
    }

    /// Tells what the database knows and the client does not.
    async fn catch_up(&mut self, is_first: bool) -> Result<(), Ended> {
        let row = self.app.store.job(&self.id).await?;
        if row.state == JobState::Queued {
            let position = self.app.store.position(&self.id).await?.unwrap_or(0);
            if self.position != Some(position) {
                self.position = Some(position);
                self.pass_on(tell::queued(position)).await?;
            }
        }
        let made = self.app.store.candidate_indices(&self.id).await?;
        for index in made.iter().copied().filter(|index| !self.heard.contains(index)).collect::<Vec<_>>() {
            let candidate = self.app.store.candidate(&self.id, index).await?;
            self.pass_on(tell::notes(&candidate)).await?;
        }
        if row.state == JobState::Running {
            self.tell_progress(&row, is_first).await?;
        }
        match row.state {
            JobState::Done => {
                let seconds = (row.finished - row.started).max(0) as f64 / 1000.0;
                self.pass_on(tell::done(&row.ranking, seconds)).await
            }
            JobState::Cancelled => self.pass_on(tell::cancelled(made.len(), row.unfinished.as_ref())).await,
            JobState::Error => {
                let error = row.error.unwrap_or_else(|| ApiError::new(Code::Internal, "the job failed"));
                self.pass_on(tell::error(&error)).await
            }
            JobState::Queued | JobState::Running => Ok(()),
        }
    }

    /// At first everything; later only what another process tells by way of the database.
    async fn tell_progress(&mut self, row: &JobRow, is_first: bool) -> Result<(), Ended> {
        let (done, total) = self.live.progress();
        let is_here = total > 0;
        if is_here && !is_first {
            return Ok(());
        }
        let (done, total) = if is_here { (done, total) } else { (row.done as usize, row.total as usize) };
        let candidate = self.heard.len().min(row.wanted.saturating_sub(1));
        self.pass_on(Event::new("progress", &ProgressEvent { candidate, done, total })).await?;
        let stored = || serde_json::from_str::<PreviewEvent>(&row.preview).ok();
        if let Some(preview) = self.live.preview().or_else(stored) {
            self.pass_on(Event::new("preview", &preview)).await?;
        }
        Ok(())
    }
}
