//! The program killed without warning, again and again, in the middle of jobs and of saving: nothing that it had promised is lost.
//!
//!     cargo build --release -p aeolian
//!     cargo run -p aeolian-serve --example kill -- [times, 20 if missing]
//!
//! On SQLite, or on the PostgreSQL of `AEOLIAN_TEST_DATABASE=postgres://…`; `AEOLIAN_BIN` names another program. Every round
//! queues two jobs, saves versions of a piece as fast as they are taken, and kills the program at a random moment. Expect a line a
//! round and a last line with the count; it panics where a job or a version is lost or there twice.

#[path = "../tests/common/client.rs"]
mod client;

use client::{Program, ended, get, post, small_piece, try_send};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// The longest time that a round lasts, in milliseconds: a job of two candidates takes about as long.
const LONGEST_ROUND: u64 = 3000;

/// A version that the program said it had saved: its number, and the pitch of its first note.
type Version = (i64, u64);

fn main() {
    let kills: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20);
    let (folder, begin) = (tempfile::tempdir().unwrap(), Instant::now());
    let (mut jobs, mut saved): (Vec<(String, u64)>, Vec<Version>) = (Vec::new(), Vec::new());
    let mut piece = String::new();
    for round in 0..u64::from(kills) {
        let program = Program::start(folder.path());
        if round == 0 {
            let first = post(program.address, "/api/pieces", &json!({"score": small_piece(), "title": "kept"})).json();
            piece = first["id"].as_str().unwrap().to_owned();
        }
        check(program.address, &piece, &saved);
        jobs.extend([100 + 2 * round, 101 + 2 * round].map(|seed| queue(program.address, &piece, seed)));
        let (address, path) = (program.address, format!("/api/pieces/{piece}"));
        let writer = std::thread::spawn(move || save_until_it_dies(address, &path));
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        let moment = u64::from_le_bytes(random) % LONGEST_ROUND;
        std::thread::sleep(Duration::from_millis(moment));
        program.kill();
        saved.extend(writer.join().unwrap());
        println!("killed {} times, now after {moment} ms: {} jobs, {} versions", round + 1, jobs.len(), saved.len());
    }
    let program = Program::start(folder.path());
    check(program.address, &piece, &saved);
    let states: Vec<String> = jobs.iter().map(|(id, seed)| end_of(program.address, id, *seed)).collect();
    let count = |state: &str| states.iter().filter(|s| *s == state).count();
    let listed = get(program.address, "/api/jobs?limit=200").json()["jobs"].as_array().unwrap().len();
    assert_eq!(listed, jobs.len().min(200), "no job is there twice");
    program.kill();
    println!(
        "killed {kills} times in {} s: {} jobs, {} finished and {} reported; {} versions saved and all there; {}",
        begin.elapsed().as_secs(),
        jobs.len(),
        count("done"),
        count("error"),
        saved.len(),
        integrity(folder.path()),
    );
}

/// Every other job composes, every other one fills a bar of the piece.
fn queue(address: SocketAddr, piece: &str, seed: u64) -> (String, u64) {
    let order = if seed.is_multiple_of(2) {
        json!({"request": {"verb": {"verb": "compose"}, "bars": 2, "steps": 24, "seed": seed}, "candidates": 2})
    } else {
        let request = json!({"verb": {"verb": "infill", "regions": "2"}, "steps": 24, "seed": seed});
        json!({"request": request, "source": {"piece": piece, "version": 1}, "candidates": 2})
    };
    let queued = post(address, "/api/jobs", &order);
    assert_eq!(queued.status, 202, "{}", queued.text());
    (queued.json()["id"].as_str().unwrap().to_owned(), seed)
}

/// Saves one version after the other; those for which an answer came.
fn save_until_it_dies(address: SocketAddr, path: &str) -> Vec<Version> {
    let (mut saved, mut score, mut pitch) = (Vec::new(), small_piece(), 30);
    loop {
        pitch = 30 + (pitch + 1) % 60;
        score["notes"][0]["pitch"] = json!(pitch);
        match try_send(address, "PUT", path, &json!({"score": score})) {
            Some((200, answer)) => saved.push((answer["version"].as_i64().unwrap(), pitch)),
            Some((status, answer)) => panic!("{status}: {answer}"),
            None => return saved,
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Every version that was promised is there, with what was in it, and none between them is missing.
fn check(address: SocketAddr, piece: &str, saved: &[Version]) {
    let history = get(address, &format!("/api/pieces/{piece}/versions")).json();
    let numbers: Vec<i64> =
        history["versions"].as_array().unwrap().iter().map(|v| v["version"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>(), "the history has no gap");
    let promised: BTreeSet<Version> = saved.iter().copied().collect();
    for (version, pitch) in promised {
        let there = get(address, &format!("/api/pieces/{piece}?version={version}")).json();
        let notes = there["piece"]["notes"].as_array().unwrap_or_else(|| panic!("version {version} is lost: {there}"));
        assert!(
            notes.iter().any(|note| note["pitch"] == json!(pitch) && note["start"] == json!(0.0)),
            "{version}: {there}"
        );
    }
}

/// How a job ended: finished with every candidate, or with a sentence that says why not.
fn end_of(address: SocketAddr, id: &str, seed: u64) -> String {
    let job = ended(address, id);
    let seeds: Vec<u64> =
        job["candidates"].as_array().unwrap().iter().map(|c: &Value| c["seed"].as_u64().unwrap()).collect();
    let state = job["state"].as_str().unwrap();
    match state {
        "done" => assert_eq!(seeds, [seed, seed + 1], "none is lost and none is there twice"),
        _ => assert!(job["error"]["sentence"].is_string(), "{job}"),
    }
    state.to_owned()
}

/// What the database says of itself.
fn integrity(folder: &Path) -> String {
    let file = folder.join("aeolian.db");
    if !file.exists() {
        return "PostgreSQL".into();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let (said,): (String,) = sqlx::query_as("PRAGMA integrity_check").fetch_one(&pool).await.unwrap();
        assert_eq!(said, "ok");
        format!("SQLite, integrity_check {said}")
    })
}
