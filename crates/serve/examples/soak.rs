//! Eight clients on the loopback for ten minutes: jobs, cancellations, pieces, versions, files; nothing lost, nothing twice.
//!
//!     cargo build --release -p aeolian
//!     cargo run -p aeolian-serve --example soak -- [seconds, 600 if missing]
//!
//! Starts the program (`AEOLIAN_BIN`, or the one just built) in a temporary folder, or on the PostgreSQL of
//! `AEOLIAN_TEST_DATABASE`. Expect a line every ten seconds (jobs, memory, p95 of the calls that need no model), then the calls
//! one by one, and a last line that says "nothing lost and nothing twice". It panics where something is, and ends with 1 where
//! p95 is not under 20 ms or memory grows by more than a fifth after the first quarter of the time.

#[path = "../tests/common/client.rs"]
mod client;

use client::{Program, get, post, send, small_piece, with_json};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: u64 = 8;
/// What 95 of 100 calls that need no model take less than.
const GOAL: Duration = Duration::from_millis(20);
/// How much larger memory may be at the end than after a quarter of the time.
const FLAT: f64 = 1.2;

static JOBS: AtomicU64 = AtomicU64::new(0);
/// Times of calls by their kind.
static TIMES: Mutex<BTreeMap<&str, Vec<Duration>>> = Mutex::new(BTreeMap::new());

fn main() -> ExitCode {
    let seconds: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(600);
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let (address, begin) = (program.address, Instant::now());
    let (quarter, end) = (begin + Duration::from_secs(seconds / 4), begin + Duration::from_secs(seconds));
    let mut early = None;
    let all: Vec<String> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || live(address, client, end))).collect();
        while Instant::now() < end {
            std::thread::sleep(Duration::from_secs(10).min(end.saturating_duration_since(Instant::now())));
            let memory = report(begin, &program);
            if Instant::now() >= quarter && early.is_none() {
                early = memory;
            }
        }
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    check(address, &all);
    let memory = report(begin, &program);
    for (call, times) in TIMES.lock().unwrap().iter() {
        println!(
            "{call:28} {:6} times, median {:6.1} ms, p95 {:6.1} ms",
            times.len(),
            share(times, 50),
            share(times, 95)
        );
    }
    println!("{} jobs, nothing lost and nothing twice", all.len());
    let is_fast = share(&reads(), 95) < GOAL.as_secs_f64() * 1000.0;
    let is_flat = memory.zip(early).is_none_or(|(now, then)| now as f64 <= FLAT * then as f64);
    println!("p95 under 20 ms: {}; memory flat: {}", yes(is_fast), yes(is_flat));
    if is_fast && is_flat { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn yes(it_is: bool) -> &'static str {
    if it_is { "yes" } else { "NO" }
}

fn check(address: SocketAddr, all: &[String]) {
    let unique: BTreeSet<&String> = all.iter().collect();
    assert_eq!(unique.len(), all.len(), "a job was given twice");
    for id in all {
        let job = client::ended(address, id);
        let count = job["candidates"].as_array().unwrap().len() as u64;
        match job["state"].as_str().unwrap() {
            "done" => assert_eq!(Some(count), job["wanted"].as_u64(), "{job}"),
            "cancelled" => {}
            other => panic!("a job ended as {other}: {job}"),
        }
    }
}

fn timed<T>(call: &'static str, work: impl FnOnce() -> T) -> T {
    let before = Instant::now();
    let done = work();
    TIMES.lock().unwrap().entry(call).or_default().push(before.elapsed());
    done
}

/// One client: returns the jobs that it queued.
fn live(address: SocketAddr, client: u64, end: Instant) -> Vec<String> {
    let piece =
        post(address, "/api/pieces", &json!({"score": small_piece()})).json()["id"].as_str().unwrap().to_owned();
    let (mut jobs, mut round) = (Vec::new(), 0u64);
    while Instant::now() < end {
        round += 1;
        let key = format!("{client}-{round}");
        let order = if round.is_multiple_of(3) {
            json!({"request": {"verb": {"verb": "infill", "regions": "2"}, "steps": 8}, "source": {"piece": piece}, "candidates": 2})
        } else {
            json!({"request": {"verb": {"verb": "compose"}, "bars": 2, "steps": 8}, "candidates": 1})
        };
        let queue = || {
            let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
            send(address, "POST", "/api/jobs", &headers, order.to_string().as_bytes())
        };
        let queued = timed("POST /api/jobs", queue);
        assert_eq!(queued.status, 202, "{}", queued.text());
        let id = queued.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(queue().json()["id"], id.as_str(), "the same key is the same job");
        JOBS.fetch_add(1, Ordering::Relaxed);
        jobs.push(id.clone());
        for (call, path) in [
            ("GET /api/pieces", "/api/pieces".to_owned()),
            ("GET /api/pieces/{id}", format!("/api/pieces/{piece}")),
            ("GET /api/health", "/api/health".into()),
            ("GET /api/pieces/{id}/file.mid", format!("/api/pieces/{piece}/file.mid")),
            ("GET /api/jobs/{id}", format!("/api/jobs/{id}")),
        ] {
            assert_eq!(timed(call, || get(address, &path)).status, 200, "{path}");
        }
        if round.is_multiple_of(7) {
            timed("DELETE /api/jobs/{id}", || send(address, "DELETE", &format!("/api/jobs/{id}"), &[], b""));
        }
        let job = client::ended(address, &id);
        if job["state"] == "done" {
            let version = json!({"candidate": {"job": id, "index": 0}});
            let path = format!("/api/pieces/{piece}");
            assert_eq!(timed("PUT /api/pieces/{id}", || with_json(address, "PUT", &path, &version)).status, 200);
        }
    }
    jobs
}

/// Times of the calls that need no model: all that only read.
fn reads() -> Vec<Duration> {
    let times = TIMES.lock().unwrap();
    times.iter().filter(|(call, _)| call.starts_with("GET")).flat_map(|(_, times)| times.iter().copied()).collect()
}

/// So many of a hundred take at most this, in milliseconds.
fn share(times: &[Duration], percent: usize) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

/// Prints how it goes, and says how much memory the program has.
fn report(begin: Instant, program: &Program) -> Option<u64> {
    let (times, memory) = (reads(), program.resident_bytes());
    println!(
        "{} s: {} jobs, {:.0} MB, p95 of {} other calls {:.1} ms",
        begin.elapsed().as_secs(),
        JOBS.load(Ordering::Relaxed),
        memory.unwrap_or(0) as f64 / 1e6,
        times.len(),
        share(&times, 95)
    );
    memory
}
