//! How long it takes from `aeolian serve` to the first sound of a new piece, as a first visitor has it: the program starts with an
//! empty data folder, the page's calls are made in the page's order, and the sound comes as the page asks for it.
//!
//!     cargo build --release -p aeolian
//!     cargo run -p aeolian-serve --example first_sound -- [times, 5 if missing] [bars, 8 as on the page]
//!
//! Cold: before every start the program's pages are put out of the page cache (with `dd`, where there is one). Expect a line
//! each time and the median in the last one; the goal is less than 10 s on two cores.

#[path = "../tests/common/client.rs"]
mod client;

use client::{Events, Program, get, post};
use serde_json::{Value, json};
use std::time::Instant;

fn main() {
    let number = |at: usize, usual: u64| std::env::args().nth(at).and_then(|t| t.parse().ok()).unwrap_or(usual);
    let (times, bars) = (number(1, 5), number(2, 8));
    let mut all: Vec<f64> = (0..times).map(|_| first_sound(bars)).collect();
    all.sort_by(f64::total_cmp);
    println!(
        "first sound after a cold start, {bars} bars, {times} times: median {:.1} s, slowest {:.1} s",
        all[all.len() / 2],
        all[all.len() - 1]
    );
}

fn first_sound(bars: u64) -> f64 {
    forget_the_program();
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let program = Program::start(folder.path());
    let ready = start.elapsed().as_secs_f64();
    let a = program.address;
    for path in ["/", "/studio/index.js", "/studio/index.css", "/api/verbs", "/api/pieces?limit=6"] {
        assert_eq!(get(a, path).status, 200, "{path}");
    }
    let order = json!({"request": {"verb": {"verb": "compose"}, "bars": bars}, "candidates": 1});
    let id = post(a, "/api/jobs", &order).json()["id"].as_str().unwrap().to_owned();
    let notes = Events::of(a, &id).find(|(name, _)| name == "notes").expect("a piece").1;
    let composed = start.elapsed().as_secs_f64();
    let piece = &notes["piece"];
    let used: std::collections::BTreeSet<u64> =
        piece["notes"].as_array().unwrap().iter().filter_map(|note: &Value| note["part"].as_u64()).collect();
    // The page asks for all parts at once and plays when the last is there.
    std::thread::scope(|scope| {
        for part in used {
            scope.spawn(move || {
                let sound = post(a, "/api/render", &json!({"score": piece, "format": "wav", "parts": [part]}));
                assert!(sound.body.starts_with(b"RIFF"), "{}", sound.text());
            });
        }
    });
    let heard = start.elapsed().as_secs_f64();
    println!("listens after {ready:.2} s, composed after {composed:.2} s, heard after {heard:.2} s");
    heard
}

/// Puts the program out of the page cache, as far as the system lets it: `posix_fadvise`, by way of dd.
fn forget_the_program() {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/aeolian");
    let program = std::env::var("AEOLIAN_BIN").unwrap_or_else(|_| built.into());
    let _ = std::process::Command::new("dd")
        .args([&format!("if={program}"), "iflag=nocache", "count=0", "status=none"])
        .status();
}
