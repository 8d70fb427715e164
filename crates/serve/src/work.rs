//! The workers: each takes a job from the queue, draws its candidates on threads of its own, and stores them as they come.
//!
//! Drawing is pure computation in a pool of its own (not on the web server's threads, and not in rayon's common pool, where
//! sound is made at the same time; and not on new threads for every job, whose memory the allocator would not give back); an asynchronous task beside it stores candidates, renews the lease once a second, and learns there of a job that was
//! cancelled on another machine or given to another worker.

use crate::error::ApiError;
use crate::live::{Hub, Live, Stop, Watcher};
use crate::making::{Making, lanes_of_result, new_notes};
use crate::metrics::Metrics;
use crate::store::jobs::{CandidateRow, Claimed, MOST_ATTEMPTS};
use crate::store::{Store, random_hex};
use crate::tell;
use aeolian_compose::rank::{Marks, order};
use aeolian_compose::verbs::Outcome;
use aeolian_compose::{ComposeError, Composer, Request, Source};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, watch};

/// How often a worker that finds nothing looks again: another process may have queued something.
const LOOK_AGAIN: Duration = Duration::from_millis(1000);
/// How often a lease is renewed.
const SIGN_OF_LIFE: Duration = Duration::from_millis(1000);
/// How often a database that fails is tried again.
const AFTER_A_FAULT: Duration = Duration::from_secs(2);

/// A model by its name, read once.
///
/// # Errors   `UnknownDenoiser`, or what is wrong with the weights
pub fn composer(name: &str) -> Result<Arc<Composer>, ComposeError> {
    static COMPOSERS: LazyLock<Mutex<HashMap<String, Arc<Composer>>>> = LazyLock::new(Mutex::default);
    let mut composers = COMPOSERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(composer) = composers.get(name) {
        return Ok(composer.clone());
    }
    let composer = Arc::new(Composer::builtin(name)?);
    composers.insert(name.to_owned(), composer.clone());
    Ok(composer)
}

/// What all workers share.
pub struct Workshop {
    /// The database.
    pub store: Store,
    /// Who listens.
    pub hub: Arc<Hub>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Rings when a job was queued here.
    pub bell: Notify,
    /// Turns true when the program is to stop.
    pub leaving: watch::Receiver<bool>,
    /// Longest time that a job may take.
    pub job_seconds: u64,
    /// Threads that draw candidates.
    pub pool: Arc<rayon::ThreadPool>,
}

impl Workshop {
    /// Works until the program is to stop; then gives back what is unfinished.
    pub async fn work(self: Arc<Self>) {
        let owner = random_hex::<12>();
        let mut leaving = self.leaving.clone();
        while !*leaving.borrow() {
            let pause = match self.store.claim(&owner).await {
                Ok(Some(claimed)) => {
                    let id = claimed.id.clone();
                    match self.run(claimed, &owner).await {
                        Ok(()) => continue,
                        Err(error) => {
                            // The lease runs out, and the job comes again.
                            tracing::error!(job = %id, error = %error, "a job could not be stored");
                            AFTER_A_FAULT
                        }
                    }
                }
                Ok(None) => LOOK_AGAIN,
                Err(_) => AFTER_A_FAULT,
            };
            self.hub.tidy();
            tokio::select! {
                () = self.bell.notified() => {}
                () = tokio::time::sleep(pause) => {}
                _ = leaving.changed() => {}
            }
        }
    }

    async fn run(&self, claimed: Claimed, owner: &str) -> Result<(), ApiError> {
        let live = self.hub.live(&claimed.id);
        live.begin(claimed.wanted);
        claimed.made.iter().for_each(|&(index, _)| live.is_made(index));
        if claimed.attempts > MOST_ATTEMPTS {
            let sentence = format!("this job stopped the program {MOST_ATTEMPTS} times and was given up");
            let end = Err(ApiError::new(crate::error::Code::Internal, sentence));
            return self.end(&claimed.id, owner, &live, end, Instant::now()).await;
        }
        let start = Instant::now();
        tracing::info!(job = %claimed.id, verb = claimed.request.verb.name(), candidates = claimed.wanted,
            attempt = claimed.attempts, "begun");
        let (sender, receiver) = mpsc::unbounded_channel();
        let job = Drawing {
            request: claimed.request.clone(),
            wanted: claimed.wanted,
            made: claimed.made.iter().map(|&(index, _)| index).collect(),
            live: live.clone(),
            deadline: start + Duration::from_secs(self.job_seconds),
            pool: self.pool.clone(),
        };
        let drawing = tokio::task::spawn_blocking(move || job.draw(&sender));
        let marks = self.attend(&claimed, owner, &live, receiver).await;
        let drawn = drawing.await.unwrap_or_else(|_| Err(ApiError::internal("a job panicked")));
        let (done, total) = live.progress();
        self.metrics.evaluations.fetch_add(done as u64, Ordering::Relaxed);
        let marks = marks?;
        let end = match live.stopped() {
            Stop::Cancelled | Stop::Lost => {
                tracing::info!(job = %claimed.id, "stopped: cancelled or another worker's");
                return Ok(());
            }
            Stop::Leaving => {
                tracing::info!(job = %claimed.id, "given back to the queue");
                return self.store.give_back(&claimed.id, owner).await;
            }
            Stop::TooLong => Err(ApiError::new(
                crate::error::Code::TooLarge,
                format!("the job took longer than {} seconds and was stopped; what exists is kept", self.job_seconds),
            )),
            Stop::Failed | Stop::No => drawn.map(|()| ranked(&marks, claimed.wanted)),
        };
        self.store.renew(&claimed.id, owner, done as i64, total as i64, "").await?;
        self.end(&claimed.id, owner, &live, end, start).await
    }

    /// Stores what is drawn, and keeps the lease, until the drawing threads are gone.
    async fn attend(
        &self,
        claimed: &Claimed,
        owner: &str,
        live: &Arc<Live>,
        mut receiver: mpsc::UnboundedReceiver<CandidateRow>,
    ) -> Result<Vec<(usize, Option<Marks>)>, ApiError> {
        let mut marks = claimed.made.clone();
        let mut leaving = self.leaving.clone();
        let mut life = tokio::time::interval(SIGN_OF_LIFE);
        let mut fault = None;
        if *leaving.borrow() {
            live.stop(Stop::Leaving);
        }
        loop {
            tokio::select! {
                drawn = receiver.recv() => {
                    let Some(candidate) = drawn else { break };
                    match self.store.add_candidate(&claimed.id, owner, &candidate).await {
                        Ok(true) => {
                            live.is_made(candidate.index);
                            marks.push((candidate.index, candidate.marks));
                            live.tell(tell::notes(&candidate));
                        }
                        Ok(false) => live.stop(Stop::Lost),
                        Err(error) => {
                            live.stop(Stop::Lost);
                            fault = Some(error);
                        }
                    }
                }
                _ = life.tick() => {
                    let (done, total) = live.progress();
                    let preview = live.preview().and_then(|p| serde_json::to_string(&p).ok()).unwrap_or_default();
                    let renewed = self.store.renew(&claimed.id, owner, done as i64, total as i64, &preview).await;
                    // A database that does not answer for a moment is no reason to stop: the lease is longer.
                    if matches!(renewed, Ok(false)) {
                        live.stop(Stop::Lost);
                    }
                }
                _ = leaving.changed() => live.stop(Stop::Leaving),
            }
        }
        match fault {
            Some(error) => Err(error),
            None => Ok(marks),
        }
    }

    async fn end(
        &self,
        id: &str,
        owner: &str,
        live: &Live,
        end: Result<Vec<usize>, ApiError>,
        start: Instant,
    ) -> Result<(), ApiError> {
        if !self.store.finish(id, owner, &end).await? {
            return Ok(());
        }
        let seconds = start.elapsed().as_secs_f64();
        self.metrics.job_ended(if end.is_ok() { "done" } else { "error" }, seconds);
        match &end {
            Ok(ranking) => {
                tracing::info!(job = %id, seconds, "done");
                live.tell(tell::done(ranking, seconds));
            }
            Err(error) => {
                tracing::warn!(job = %id, seconds, error = %error, "ended with a fault");
                live.tell(tell::error(error));
            }
        }
        Ok(())
    }
}

/// Candidates that are there, the best first; those without marks in their order, after the others.
fn ranked(marks: &[(usize, Option<Marks>)], wanted: usize) -> Vec<usize> {
    let mut marks = marks.to_vec();
    marks.sort_by_key(|&(index, _)| index);
    marks.retain(|&(index, _)| index < wanted);
    let none = Marks { nats_a_note: None, broken: 0, new_notes: 0 };
    let values: Vec<Marks> = marks.iter().map(|&(_, m)| m.unwrap_or(none)).collect();
    order(&values).into_iter().map(|place| marks[place].0).collect()
}

/// The computation of one job.
struct Drawing {
    request: Request,
    wanted: usize,
    made: Vec<usize>,
    live: Arc<Live>,
    deadline: Instant,
    pool: Arc<rayon::ThreadPool>,
}

impl Drawing {
    /// Draws every candidate that is not there yet; each goes to the sender as soon as it is finished.
    fn draw(&self, sender: &mpsc::UnboundedSender<CandidateRow>) -> Result<(), ApiError> {
        let composer = composer(&self.request.denoiser).map_err(told)?;
        let outcome = composer.state(&self.request).map_err(crate::order::refused)?.outcome;
        let missing: Vec<usize> = (0..self.wanted).filter(|index| !self.made.contains(index)).collect();
        let next = AtomicUsize::new(0);
        let fault: Mutex<Option<ApiError>> = Mutex::new(None);
        let draw_all = || {
            while let Some(&index) = missing.get(next.fetch_add(1, Ordering::SeqCst)) {
                if self.live.stopped() != Stop::No {
                    break;
                }
                match self.candidate(&composer, &outcome, index) {
                    Ok(candidate) => drop(sender.send(candidate)),
                    // A stop makes the candidate fail, too; then its reason stands.
                    Err(_) if self.live.stopped() != Stop::No => break,
                    Err(error) => {
                        fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(told(error));
                        self.live.stop(Stop::Failed);
                        break;
                    }
                }
            }
        };
        // A candidate that panics makes the scope panic, and with it this job, once the others are at their end.
        self.pool.scope(|scope| {
            for _ in 0..self.pool.current_num_threads().min(missing.len()) {
                scope.spawn(|_| draw_all());
            }
        });
        fault.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn candidate(&self, composer: &Composer, outcome: &Outcome, index: usize) -> Result<CandidateRow, ComposeError> {
        let seed = self.request.seed.wrapping_add(index as u64);
        let request = Request { seed, ..self.request.clone() };
        let mut watcher = Watcher { live: &self.live, index, seed, outcome, deadline: self.deadline, shown: None };
        let composition = composer.compose_watched(&request, &mut watcher)?;
        let marks = if self.wanted > 1 { Some(composer.marks(&composition)?) } else { None };
        let making = Making::of(&composition);
        let new_notes = new_notes(&composition.score, outcome);
        let lanes = lanes_of_result(&composition.score, outcome);
        let key = composition.key.to_string();
        let source = Source::with_lanes(composition.score, lanes)?;
        Ok(CandidateRow {
            index,
            seed,
            source,
            key,
            marks,
            making,
            new_notes,
            starred: false,
            rejected: false,
            saved: None,
        })
    }
}

/// A failure of composing as a client sees it.
pub fn told(error: ComposeError) -> ApiError {
    match error {
        ComposeError::Request(error) => crate::order::refused(error),
        ComposeError::UnknownDenoiser { .. } => ApiError::cannot("denoiser", error.to_string()),
        other => ApiError::internal(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first_and_what_has_no_marks_last() {
        let marks = |nats| Some(Marks { nats_a_note: Some(nats), broken: 0, new_notes: 3 });
        assert_eq!(ranked(&[(2, marks(1.0)), (0, marks(2.0)), (1, None), (7, marks(0.1))], 3), [2, 0, 1]);
        assert!(ranked(&[], 4).is_empty());
    }
}
