//! Jobs as they happen: progress and guesses in memory, told to whoever listens. What must last is in the database.

use crate::making::{lanes_of_result, new_notes};
use crate::piece::{ChordJson, NoteJson, PieceJson};
use crate::store::jobs::Unfinished;
use aeolian_compose::Source;
use aeolian_compose::verbs::Outcome;
use aeolian_compose::watch::{Guess, Watch};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use utoipa::ToSchema;

/// Events that a slow listener may fall behind before it loses some (it then asks the database).
const BACKLOG: usize = 256;
/// Least time between two guesses of a candidate: as often as eyes can follow.
const BETWEEN_GUESSES: Duration = Duration::from_millis(150);
/// Least time between two tellings of progress.
const BETWEEN_PROGRESS: Duration = Duration::from_millis(40);

/// Something to tell listeners: the event's name and its JSON.
#[derive(Clone, Debug)]
pub struct Event {
    /// As in `event:`.
    pub name: &'static str,
    /// As in `data:`.
    pub data: Arc<str>,
    /// The candidate that it is about, if it is a finished one.
    pub candidate: Option<usize>,
}

impl Event {
    /// An event with this body.
    pub fn new(name: &'static str, body: &impl Serialize) -> Self {
        Self { name, data: serde_json::to_string(body).unwrap_or_else(|_| "{}".into()).into(), candidate: None }
    }

    /// Nothing comes after it.
    pub fn is_last(&self) -> bool {
        matches!(self.name, "done" | "cancelled" | "error")
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgressEvent {
    /// The candidate that came on.
    pub candidate: usize,
    /// Network evaluations done, of all candidates.
    pub done: usize,
    /// Network evaluations in all.
    pub total: usize,
}

/// The piece as it would be if everything were settled now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PreviewEvent {
    /// Whose guess.
    pub candidate: usize,
    /// Network evaluations done, of all candidates.
    pub done: usize,
    /// Network evaluations in all.
    pub total: usize,
    /// Where the window that is being drawn begins, in twelfths.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// New notes as they are thought to be.
    pub notes: Vec<NoteJson>,
    /// Chords as they are thought to be.
    pub chords: Vec<ChordJson>,
}

/// Why a job is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is not.
    No = 0,
    /// Somebody cancelled it.
    Cancelled = 1,
    /// The program is stopping.
    Leaving = 2,
    /// It took too long.
    TooLong = 3,
    /// Another worker has it.
    Lost = 4,
    /// One of its candidates failed.
    Failed = 5,
}

/// One job at work.
pub struct Live {
    events: broadcast::Sender<Event>,
    stop: AtomicU8,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    /// Evaluations of every candidate, and of one candidate in all.
    done: Vec<usize>,
    of: usize,
    preview: Option<PreviewEvent>,
    unfinished: Option<Unfinished>,
    told: Option<Instant>,
}

impl Default for Live {
    fn default() -> Self {
        let (events, _) = broadcast::channel(BACKLOG);
        Self { events, stop: AtomicU8::new(0), now: Mutex::default() }
    }
}

impl Live {
    fn now(&self) -> MutexGuard<'_, Now> {
        // Whoever panicked left plain numbers behind.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to count anew: so many candidates, of which some are there.
    pub fn begin(&self, wanted: usize) {
        *self.now() = Now { done: vec![0; wanted], ..Now::default() };
        self.stop.store(0, Ordering::SeqCst);
    }

    /// What happens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Tells everybody who listens.
    pub fn tell(&self, event: Event) {
        // Nobody listening is no fault.
        let _ = self.events.send(event);
    }

    /// Asks the job to stop; the first reason counts.
    pub fn stop(&self, why: Stop) {
        let _ = self.stop.compare_exchange(0, why as u8, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Why it is to stop.
    pub fn stopped(&self) -> Stop {
        let all = [Stop::No, Stop::Cancelled, Stop::Leaving, Stop::TooLong, Stop::Lost, Stop::Failed];
        all.into_iter().find(|s| *s as u8 == self.stop.load(Ordering::SeqCst)).unwrap_or(Stop::No)
    }

    /// Evaluations done, and in all (0 where it is not known yet).
    pub fn progress(&self) -> (usize, usize) {
        let now = self.now();
        (now.done.iter().sum(), now.of * now.done.len())
    }

    /// The last guess.
    pub fn preview(&self) -> Option<PreviewEvent> {
        self.now().preview.clone()
    }

    /// The last guess as a piece, unless that candidate is there by now.
    pub fn unfinished(&self) -> Option<Unfinished> {
        self.now().unfinished.clone()
    }

    /// A candidate is there: its guess is no longer of interest.
    pub fn is_made(&self, index: usize) {
        let mut now = self.now();
        let of = now.of;
        if let Some(done) = now.done.get_mut(index) {
            *done = of.max(*done);
        }
        if now.unfinished.as_ref().is_some_and(|u| u.index == index) {
            now.unfinished = None;
            now.preview = None;
        }
    }

    /// Counts, and says whether it is time to tell; the second number is what there is to do.
    fn count(&self, index: usize, done: usize, of: usize) -> Option<(usize, usize)> {
        let mut now = self.now();
        now.of = now.of.max(of);
        if let Some(counted) = now.done.get_mut(index) {
            *counted = done;
        }
        let is_time = now.told.is_none_or(|told| told.elapsed() >= BETWEEN_PROGRESS) || done == of;
        is_time.then(|| {
            now.told = Some(Instant::now());
            (now.done.iter().sum(), now.of * now.done.len())
        })
    }
}

/// Looks on while one candidate is drawn.
pub struct Watcher<'a> {
    /// Where it is told.
    pub live: &'a Live,
    /// Which candidate.
    pub index: usize,
    /// Its seed.
    pub seed: u64,
    /// What becomes of its canvas.
    pub outcome: &'a Outcome,
    /// When the job has taken too long.
    pub deadline: Instant,
    /// When the last guess was shown.
    pub shown: Option<Instant>,
}

impl Watch for Watcher<'_> {
    fn progress(&mut self, done: usize, of: usize) -> bool {
        if Instant::now() > self.deadline {
            self.live.stop(Stop::TooLong);
        }
        if let Some((done, total)) = self.live.count(self.index, done, of) {
            self.live.tell(Event::new("progress", &ProgressEvent { candidate: self.index, done, total }));
        }
        self.live.stopped() == Stop::No
    }

    fn wants_a_guess(&mut self) -> bool {
        let is_time = self.shown.is_none_or(|shown| shown.elapsed() >= BETWEEN_GUESSES);
        if is_time {
            self.shown = Some(Instant::now());
        }
        is_time
    }

    fn guess(&mut self, guess: Guess) {
        let lanes = lanes_of_result(&guess.score, self.outcome);
        let new = new_notes(&guess.score, self.outcome);
        let piece = PieceJson::from_score(&guess.score, &lanes);
        let notes = match &new {
            None => piece.notes,
            Some(places) => places.iter().filter_map(|&place| piece.notes.get(place).cloned()).collect(),
        };
        let (done, total) = self.live.progress();
        let twelfths = |quarter: usize| (quarter * aeolian_score::GRID as usize) as f64;
        let (from, to) = (twelfths(guess.quarters.start), twelfths(guess.quarters.end));
        let preview = PreviewEvent { candidate: self.index, done, total, from, to, notes, chords: piece.chords };
        self.live.tell(Event::new("preview", &preview));
        if let Ok(source) = Source::with_lanes(guess.score, lanes) {
            let mut now = self.live.now();
            // Of several candidates the first is kept: it comes first on the page, too.
            if now.unfinished.as_ref().is_none_or(|u| u.index >= self.index) {
                now.unfinished = Some(Unfinished { index: self.index, seed: self.seed, source, new_notes: new });
                now.preview = Some(preview);
            }
        }
    }
}

/// Every job that somebody listens to or works on in this process.
#[derive(Default)]
pub struct Hub {
    jobs: Mutex<HashMap<String, Arc<Live>>>,
}

impl Hub {
    fn jobs(&self) -> MutexGuard<'_, HashMap<String, Arc<Live>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job of this id; made if nobody spoke of it yet.
    pub fn live(&self, id: &str) -> Arc<Live> {
        self.jobs().entry(id.to_owned()).or_default().clone()
    }

    /// The job of this id, if somebody works on it or listens to it.
    pub fn known(&self, id: &str) -> Option<Arc<Live>> {
        self.jobs().get(id).cloned()
    }

    /// Forgets jobs that nobody holds.
    pub fn tidy(&self) {
        self.jobs().retain(|_, live| Arc::strong_count(live) > 1);
    }

    /// Asks every job to stop.
    pub fn stop_all(&self, why: Stop) {
        self.jobs().values().for_each(|live| live.stop(why));
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.jobs().len()
    }

    /// True when none is known.
    pub fn is_empty(&self) -> bool {
        self.jobs().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_to_stop_counts_and_a_new_beginning_forgets_it() {
        let live = Live::default();
        live.stop(Stop::Cancelled);
        live.stop(Stop::TooLong);
        assert_eq!(live.stopped(), Stop::Cancelled);
        live.begin(2);
        assert_eq!((live.stopped(), live.progress()), (Stop::No, (0, 0)));
    }

    #[test]
    fn progress_adds_up_over_candidates() {
        let live = Live::default();
        live.begin(3);
        live.count(0, 5, 10);
        live.count(1, 2, 10);
        assert_eq!(live.progress(), (7, 30));
        live.is_made(0);
        assert_eq!(live.progress(), (12, 30));
        live.count(9, 1, 10);
        assert_eq!(live.progress(), (12, 30), "a candidate that nobody wants is not counted");
    }

    #[test]
    fn a_hub_forgets_what_nobody_holds() {
        let hub = Hub::default();
        let held = hub.live("a");
        hub.live("b");
        hub.tidy();
        assert_eq!((hub.len(), hub.known("b").is_none()), (1, true));
        drop(held);
        hub.tidy();
        assert!(hub.is_empty());
    }
}
