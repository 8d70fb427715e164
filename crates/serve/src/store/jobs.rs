//! The queue: a table of jobs, each of which is somebody's for as long as a lease lasts.
//!
//! queued → running → done | cancelled | error. A worker takes the oldest job that is queued, or that is running under a lease
//! that has run out (its worker died), and renews the lease while it works. Whatever a worker writes is written only while the job
//! is still its own, so that a job is finished once, by one worker, however many there are and whenever they die. Candidates are
//! stored one by one: who takes a job over goes on after the last.

use super::pieces::from_text;
use super::{Store, now};
use crate::error::{ApiError, Code};
use crate::making::Making;
use aeolian_compose::rank::Marks;
use aeolian_compose::{Request, Source};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

/// Milliseconds for which a job is a worker's without a sign of life.
pub const LEASE_MS: i64 = 15_000;
/// How often a job is begun before it is given up: it may be what stops the program.
pub const MOST_ATTEMPTS: i64 = 6;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waiting.
    Queued,
    /// At work.
    Running,
    /// Finished.
    Done,
    /// Stopped by somebody; what exists is kept.
    Cancelled,
    /// Stopped by a fault, which is told.
    Error,
}

impl State {
    /// As it is stored.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Error => "error",
        }
    }

    /// Nothing will change any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Error)
    }

    fn from_word(word: &str) -> Result<Self, ApiError> {
        let all = [Self::Queued, Self::Running, Self::Done, Self::Cancelled, Self::Error];
        all.into_iter().find(|s| s.word() == word).ok_or_else(|| ApiError::internal(format_args!("state {word}")))
    }
}

/// The piece of the library that a job started from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Origin {
    /// Its id.
    pub piece: String,
    /// Its version.
    pub version: i64,
}

/// A job to be queued.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id, if it is a new one.
    pub id: String,
    /// The client's key, or "" for none.
    pub idempotency: String,
    /// Digest of the order: the same key must come with the same order.
    pub digest: String,
    /// The request of the first candidate.
    pub request: Request,
    /// The request as clients are told it.
    pub told: String,
    /// Where the source came from.
    pub origin: Option<Origin>,
    /// Candidates.
    pub wanted: usize,
}

/// A job as clients are told it.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// Which.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// When it came.
    pub created: i64,
    /// When it was begun, or 0.
    pub started: i64,
    /// When it ended, or 0.
    pub finished: i64,
    /// Its verb.
    pub verb: String,
    /// The request as JSON.
    pub told: String,
    /// Where the source came from.
    pub origin: Option<Origin>,
    /// Candidates.
    pub wanted: usize,
    /// Network evaluations done.
    pub done: i64,
    /// Network evaluations in all; 0 where it is not known yet.
    pub total: i64,
    /// Candidates, the best first; empty before the end.
    pub ranking: Vec<usize>,
    /// What stopped it.
    pub error: Option<ApiError>,
    /// The last guess as an event, or "".
    pub preview: String,
    /// What had been drawn when it was stopped.
    pub unfinished: Option<Unfinished>,
}

/// A guess that was kept when a job was stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unfinished {
    /// Which candidate it would have been.
    pub index: usize,
    /// Its seed.
    pub seed: u64,
    /// The music as far as it goes.
    pub source: Source,
    /// Its new notes.
    pub new_notes: Option<Vec<usize>>,
}

/// A job that a worker has taken.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Which.
    pub id: String,
    /// The request of the first candidate.
    pub request: Request,
    /// Candidates.
    pub wanted: usize,
    /// Candidates that are there already, with their marks.
    pub made: Vec<(usize, Option<Marks>)>,
    /// How often it was begun, this time included.
    pub attempts: i64,
}

/// A finished candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateRow {
    /// Its place in its job.
    pub index: usize,
    /// Its seed.
    pub seed: u64,
    /// The music.
    pub source: Source,
    /// Its key.
    pub key: String,
    /// How it compares.
    pub marks: Option<Marks>,
    /// How it was made.
    pub making: Making,
    /// Its new notes.
    pub new_notes: Option<Vec<usize>>,
    /// Whether somebody likes it.
    pub starred: bool,
    /// Whether somebody does not.
    pub rejected: bool,
    /// Where it went in the library.
    pub saved: Option<Origin>,
}

/// Marks as they are stored.
#[derive(Serialize, Deserialize)]
struct StoredMarks {
    nats_a_note: Option<f64>,
    broken: usize,
    new_notes: usize,
}

const JOB: &str =
    "SELECT id, state, created, started, finished, verb, told, origin, wanted, done, total, ranking, error,
                   preview, unfinished FROM jobs";
const CANDIDATE: &str = "SELECT idx, seed, source, key_name, marks, making, new_notes, starred, rejected, saved
                         FROM candidates";

impl Store {
    /// Queues a job, or finds the one that was queued under the same key. Says which, and whether it is new.
    ///
    /// # Errors   409 if the key came with another order
    pub async fn queue(&self, job: &NewJob) -> Result<(String, bool), ApiError> {
        let key = if job.idempotency.is_empty() { format!("-{}", job.id) } else { format!("k{}", job.idempotency) };
        let origin =
            job.origin.as_ref().map_or(Ok(String::new()), serde_json::to_string).map_err(ApiError::internal)?;
        let query = "INSERT INTO jobs (id, idempotency, digest, state, created, started, finished, verb, told, origin,
                     request, wanted, done, total, preview, attempts, owner, lease, unfinished, ranking, error)
                     VALUES ($1, $2, $3, 'queued', $4, 0, 0, $5, $6, $7, $8, $9, 0, 0, '', 0, '', 0, '', '[]', '')
                     ON CONFLICT (idempotency) DO NOTHING";
        let inserted = sqlx::query(query)
            .bind(&job.id)
            .bind(&key)
            .bind(&job.digest)
            .bind(now())
            .bind(job.request.verb.name())
            .bind(&job.told)
            .bind(origin)
            .bind(serde_json::to_string(&job.request).map_err(ApiError::internal)?)
            .bind(job.wanted as i64)
            .execute(&self.pool)
            .await?
            .rows_affected();
        if inserted == 1 {
            return Ok((job.id.clone(), true));
        }
        match self.queued_under(&job.idempotency).await? {
            Some((id, digest)) if digest == job.digest => Ok((id, false)),
            Some(_) => {
                let sentence = "this Idempotency-Key came with another order before; use a new one for a new order";
                Err(ApiError::new(Code::Conflict, sentence).in_field("idempotency-key"))
            }
            None => Err(ApiError::internal("a job vanished")),
        }
    }

    /// The job that was queued under a key, and the digest of its order.
    pub async fn queued_under(&self, idempotency: &str) -> Result<Option<(String, String)>, ApiError> {
        let query = "SELECT id, digest FROM jobs WHERE idempotency = $1";
        let row = sqlx::query(query).bind(format!("k{idempotency}")).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }

    /// How many jobs are queued and running.
    pub async fn count_jobs(&self) -> Result<(i64, i64), ApiError> {
        let query = "SELECT state, COUNT(*) FROM jobs WHERE state IN ('queued', 'running') GROUP BY state";
        let (mut queued, mut running) = (0, 0);
        for row in sqlx::query(query).fetch_all(&self.pool).await? {
            let count: i64 = row.try_get(1)?;
            if row.try_get::<String, _>(0)? == "queued" { queued = count } else { running = count }
        }
        Ok((queued, running))
    }

    /// How many queued jobs come before this one; `None` unless it is queued.
    pub async fn position(&self, id: &str) -> Result<Option<i64>, ApiError> {
        let query = "SELECT (SELECT COUNT(*) FROM jobs other WHERE other.state = 'queued' AND
                     (other.attempts < job.attempts OR (other.attempts = job.attempts AND
                     (other.created < job.created OR (other.created = job.created AND other.id < job.id)))))
                     FROM jobs job WHERE job.id = $1 AND job.state = 'queued'";
        let row = sqlx::query(query).bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok(row.try_get(0)?)).transpose()
    }

    /// A job.
    pub async fn job(&self, id: &str) -> Result<JobRow, ApiError> {
        let row = sqlx::query(&format!("{JOB} WHERE id = $1")).bind(id).fetch_optional(&self.pool).await?;
        job_of(&row.ok_or_else(|| ApiError::not_found("job"))?)
    }

    /// Jobs, the newest first.
    pub async fn jobs(&self, limit: i64) -> Result<Vec<JobRow>, ApiError> {
        let query = format!("{JOB} ORDER BY created DESC, id DESC LIMIT $1");
        sqlx::query(&query).bind(limit).fetch_all(&self.pool).await?.iter().map(job_of).collect()
    }

    /// The candidates of a job, in order.
    pub async fn candidates(&self, job: &str) -> Result<Vec<CandidateRow>, ApiError> {
        let query = format!("{CANDIDATE} WHERE job = $1 ORDER BY idx");
        sqlx::query(&query).bind(job).fetch_all(&self.pool).await?.iter().map(candidate_of).collect()
    }

    /// Which candidates of a job are there.
    pub async fn candidate_indices(&self, job: &str) -> Result<Vec<usize>, ApiError> {
        let rows = sqlx::query("SELECT idx FROM candidates WHERE job = $1 ORDER BY idx")
            .bind(job)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok(row.try_get::<i64, _>(0)? as usize)).collect()
    }

    /// One candidate.
    pub async fn candidate(&self, job: &str, index: usize) -> Result<CandidateRow, ApiError> {
        let query = format!("{CANDIDATE} WHERE job = $1 AND idx = $2");
        let row = sqlx::query(&query).bind(job).bind(index as i64).fetch_optional(&self.pool).await?;
        candidate_of(&row.ok_or_else(|| ApiError::not_found("candidate"))?)
    }

    /// Marks a candidate.
    pub async fn mark_candidate(
        &self,
        job: &str,
        index: usize,
        starred: Option<bool>,
        rejected: Option<bool>,
    ) -> Result<CandidateRow, ApiError> {
        let old = self.candidate(job, index).await?;
        sqlx::query("UPDATE candidates SET starred = $3, rejected = $4 WHERE job = $1 AND idx = $2")
            .bind(job)
            .bind(index as i64)
            .bind(i64::from(starred.unwrap_or(old.starred)))
            .bind(i64::from(rejected.unwrap_or(old.rejected)))
            .execute(&self.pool)
            .await?;
        self.candidate(job, index).await
    }

    /// Notes where a candidate went.
    pub async fn candidate_went(&self, job: &str, index: usize, to: &Origin) -> Result<(), ApiError> {
        let text = serde_json::to_string(to).map_err(ApiError::internal)?;
        let query = "UPDATE candidates SET saved = $3 WHERE job = $1 AND idx = $2";
        sqlx::query(query).bind(job).bind(index as i64).bind(text).execute(&self.pool).await?;
        Ok(())
    }

    /// Takes the oldest job that nobody works on, for [`LEASE_MS`]. A job under which the program was killed comes after
    /// those that were never begun, so that it cannot keep them from being done.
    pub async fn claim(&self, owner: &str) -> Result<Option<Claimed>, ApiError> {
        // The condition is said twice: of two workers that choose the same job, the second finds it taken and takes none.
        let query = "UPDATE jobs SET state = 'running', owner = $1, lease = $2, attempts = attempts + 1,
                     started = CASE WHEN started = 0 THEN $3 ELSE started END
                     WHERE id = (SELECT id FROM jobs WHERE state = 'queued' OR (state = 'running' AND lease < $3)
                                 ORDER BY attempts, created, id LIMIT 1)
                     AND (state = 'queued' OR (state = 'running' AND lease < $3))
                     RETURNING id, request, wanted, attempts";
        let at = now();
        let row = sqlx::query(query).bind(owner).bind(at + LEASE_MS).bind(at).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        let id: String = row.try_get(0)?;
        let mut made = Vec::new();
        for row in
            sqlx::query("SELECT idx, marks FROM candidates WHERE job = $1").bind(&id).fetch_all(&self.pool).await?
        {
            made.push((row.try_get::<i64, _>(0)? as usize, marks_of(&row.try_get::<String, _>(1)?)?));
        }
        let wanted: i64 = row.try_get(2)?;
        Ok(Some(Claimed {
            request: from_text(&row.try_get::<String, _>(1)?)?,
            wanted: wanted as usize,
            attempts: row.try_get(3)?,
            made,
            id,
        }))
    }

    /// A sign of life; false if the job is not this worker's any more.
    pub async fn renew(&self, id: &str, owner: &str, done: i64, total: i64, preview: &str) -> Result<bool, ApiError> {
        let query = "UPDATE jobs SET lease = $3, done = $4, total = $5, preview = $6
                     WHERE id = $1 AND owner = $2 AND state = 'running'";
        let query = sqlx::query(query).bind(id).bind(owner).bind(now() + LEASE_MS).bind(done).bind(total).bind(preview);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Stores a candidate; false if the job is not this worker's any more, or has that candidate.
    pub async fn add_candidate(&self, id: &str, owner: &str, candidate: &CandidateRow) -> Result<bool, ApiError> {
        let marks = candidate.marks.map_or(Ok(String::new()), |marks| {
            let Marks { nats_a_note, broken, new_notes } = marks;
            serde_json::to_string(&StoredMarks { nats_a_note, broken, new_notes })
        });
        let text = |value: serde_json::Result<String>| value.map_err(ApiError::internal);
        let mut transaction = self.pool.begin().await?;
        let still = "UPDATE jobs SET lease = $3 WHERE id = $1 AND owner = $2 AND state = 'running'";
        let still = sqlx::query(still).bind(id).bind(owner).bind(now() + LEASE_MS).execute(&mut *transaction).await?;
        if still.rows_affected() != 1 {
            return Ok(false);
        }
        let query = "INSERT INTO candidates (job, idx, made, seed, source, key_name, marks, making, new_notes, starred,
                     rejected, saved) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, '') ON CONFLICT (job, idx) DO NOTHING";
        let inserted = sqlx::query(query)
            .bind(id)
            .bind(candidate.index as i64)
            .bind(now())
            .bind(candidate.seed.to_string())
            .bind(text(serde_json::to_string(&candidate.source))?)
            .bind(&candidate.key)
            .bind(text(marks)?)
            .bind(text(serde_json::to_string(&candidate.making))?)
            .bind(text(serde_json::to_string(&candidate.new_notes))?)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(inserted.rows_affected() == 1)
    }

    /// Ends a job well or with a fault; false if it is not this worker's any more.
    pub async fn finish(&self, id: &str, owner: &str, end: &Result<Vec<usize>, ApiError>) -> Result<bool, ApiError> {
        let (state, ranking, error) = match end {
            Ok(ranking) => ("done", serde_json::to_string(ranking), Ok(String::new())),
            Err(error) => ("error", Ok("[]".into()), serde_json::to_string(error)),
        };
        let query = "UPDATE jobs SET state = $3, finished = $4, ranking = $5, error = $6, preview = '', owner = '',
                     done = CASE WHEN $3 = 'done' THEN total ELSE done END
                     WHERE id = $1 AND owner = $2 AND state = 'running'";
        let query = sqlx::query(query).bind(id).bind(owner).bind(state).bind(now());
        let query = query.bind(ranking.map_err(ApiError::internal)?).bind(error.map_err(ApiError::internal)?);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Stops a job for somebody; false if it had ended by itself.
    pub async fn cancel(&self, id: &str, unfinished: Option<&Unfinished>) -> Result<bool, ApiError> {
        let unfinished = unfinished.map_or(Ok(String::new()), serde_json::to_string).map_err(ApiError::internal)?;
        let query = "UPDATE jobs SET state = 'cancelled', finished = $2, unfinished = $3, preview = '', owner = ''
                     WHERE id = $1 AND state IN ('queued', 'running')";
        let query = sqlx::query(query).bind(id).bind(now()).bind(unfinished);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Gives a job back to the queue, as if it had not been begun.
    pub async fn give_back(&self, id: &str, owner: &str) -> Result<(), ApiError> {
        let query = "UPDATE jobs SET state = 'queued', owner = '', lease = 0, attempts = attempts - 1
                     WHERE id = $1 AND owner = $2 AND state = 'running'";
        sqlx::query(query).bind(id).bind(owner).execute(&self.pool).await?;
        Ok(())
    }

    /// Gives back every running job: where nobody else can be at work on this database, their workers are dead.
    pub async fn give_back_all(&self) -> Result<u64, ApiError> {
        let query = "UPDATE jobs SET state = 'queued', owner = '', lease = 0 WHERE state = 'running'";
        Ok(sqlx::query(query).execute(&self.pool).await?.rows_affected())
    }
}

fn job_of(row: &AnyRow) -> Result<JobRow, ApiError> {
    let text = |index: usize| row.try_get::<String, _>(index);
    let (origin, error, unfinished) = (text(7)?, text(12)?, text(14)?);
    Ok(JobRow {
        id: text(0)?,
        state: State::from_word(&text(1)?)?,
        created: row.try_get(2)?,
        started: row.try_get(3)?,
        finished: row.try_get(4)?,
        verb: text(5)?,
        told: text(6)?,
        origin: if origin.is_empty() { None } else { Some(from_text(&origin)?) },
        wanted: row.try_get::<i64, _>(8)? as usize,
        done: row.try_get(9)?,
        total: row.try_get(10)?,
        ranking: from_text(&text(11)?)?,
        error: if error.is_empty() { None } else { Some(from_text(&error)?) },
        preview: text(13)?,
        unfinished: if unfinished.is_empty() { None } else { Some(from_text(&unfinished)?) },
    })
}

fn marks_of(text: &str) -> Result<Option<Marks>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let StoredMarks { nats_a_note, broken, new_notes } = from_text(text)?;
    Ok(Some(Marks { nats_a_note, broken, new_notes }))
}

fn candidate_of(row: &AnyRow) -> Result<CandidateRow, ApiError> {
    let text = |index: usize| row.try_get::<String, _>(index);
    let saved = text(9)?;
    Ok(CandidateRow {
        index: row.try_get::<i64, _>(0)? as usize,
        seed: text(1)?.parse().map_err(ApiError::internal)?,
        source: from_text(&text(2)?)?,
        key: text(3)?,
        marks: marks_of(&text(4)?)?,
        making: from_text(&text(5)?)?,
        new_notes: from_text(&text(6)?)?,
        starred: row.try_get::<i64, _>(7)? != 0,
        rejected: row.try_get::<i64, _>(8)? != 0,
        saved: if saved.is_empty() { None } else { Some(from_text(&saved)?) },
    })
}
