//! Eight clients on the loopback for ten minutes: jobs, cancellations, pieces, versions, files; nothing lost, nothing twice.
//!
//!     cargo run --release -p aeolian-serve --example soak -- [seconds]
//!
//! Starts its own server in a temporary folder, or on the PostgreSQL of `AEOLIAN_TEST_DATABASE`. Expect a line every ten seconds (jobs, memory, p95 of the
//! calls that need no model) and a last line that says "nothing lost". It panics where something is.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{get, post, send, small_piece, start, with_json};
use serde_json::json;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: u64 = 8;

static JOBS: AtomicU64 = AtomicU64::new(0);
static TIMES: Mutex<Vec<Duration>> = Mutex::new(Vec::new());

fn main() {
    let seconds: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(600);
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |_| {});
    let (address, begin) = (server.address, Instant::now());
    let end = begin + Duration::from_secs(seconds);
    let all: Vec<String> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || live(address, client, end))).collect();
        while Instant::now() < end {
            std::thread::sleep(Duration::from_secs(10).min(end.saturating_duration_since(Instant::now())));
            report(begin);
        }
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let unique: BTreeSet<&String> = all.iter().collect();
    assert_eq!(unique.len(), all.len(), "a job was given twice");
    for id in &all {
        let job = common::ended(address, id);
        let count = job["candidates"].as_array().unwrap().len() as u64;
        match job["state"].as_str().unwrap() {
            "done" => assert_eq!(Some(count), job["wanted"].as_u64(), "{job}"),
            "cancelled" => {}
            other => panic!("a job ended as {other}: {job}"),
        }
    }
    report(begin);
    println!("{} jobs, nothing lost and nothing twice", all.len());
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
        let queued = queue();
        assert_eq!(queued.status, 202, "{}", queued.text());
        let id = queued.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(queue().json()["id"], id.as_str(), "the same key is the same job");
        JOBS.fetch_add(1, Ordering::Relaxed);
        jobs.push(id.clone());
        for path in [
            "/api/pieces".to_owned(),
            format!("/api/pieces/{piece}"),
            "/api/health".into(),
            format!("/api/pieces/{piece}/file.mid"),
        ] {
            let before = Instant::now();
            assert_eq!(get(address, &path).status, 200, "{path}");
            TIMES.lock().unwrap().push(before.elapsed());
        }
        if round.is_multiple_of(7) {
            send(address, "DELETE", &format!("/api/jobs/{id}"), &[], b"");
        }
        let job = common::ended(address, &id);
        if job["state"] == "done" {
            let version = json!({"candidate": {"job": id, "index": 0}});
            assert_eq!(with_json(address, "PUT", &format!("/api/pieces/{piece}"), &version).status, 200);
        }
    }
    jobs
}

fn report(begin: Instant) {
    let mut times = TIMES.lock().unwrap().clone();
    times.sort();
    let p95 = times.get(times.len() * 95 / 100).copied().unwrap_or_default();
    let memory = aeolian_serve::metrics::resident_bytes().unwrap_or(0) as f64 / 1e6;
    let (seconds, jobs) = (begin.elapsed().as_secs(), JOBS.load(Ordering::Relaxed));
    println!(
        "{seconds} s: {jobs} jobs, {memory:.0} MB, p95 of {} other calls {:.1} ms",
        times.len(),
        p95.as_secs_f64() * 1000.0
    );
}
