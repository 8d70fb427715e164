//! The whole way over real HTTP with the real model: order, events, candidates, library, files, sound.

mod common;

use common::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[test]
fn a_piece_is_composed_heard_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |_| {});
    let order = json!({"request": {"verb": {"verb": "compose"}, "bars": 2, "steps": 4, "seed": 5, "key": "D minor"}, "candidates": 2});
    let queued = post(server.address, "/api/jobs", &order);
    assert_eq!(queued.status, 202, "{}", queued.text());
    let id = queued.json()["id"].as_str().unwrap().to_owned();
    let events: Vec<(String, Value)> = Events::of(server.address, &id).collect();
    let of = |name: &str| events.iter().filter(|(n, _)| n == name).map(|(_, data)| data).collect::<Vec<_>>();
    assert_eq!(of("notes").len(), 2, "{events:?}");
    assert_eq!(events.last().unwrap().0, "done");
    let order = of("done")[0]["order"].clone();
    assert_eq!(order.as_array().unwrap().len(), 2);

    let job = get(server.address, &format!("/api/jobs/{id}")).json();
    assert_eq!((&job["state"], &job["order"], &job["done"]), (&json!("done"), &order, &job["total"]));
    let candidate = &job["candidates"][0];
    assert_eq!((&candidate["seed"], &candidate["piece"]["bars"]), (&json!(5), &json!(2)), "{candidate}");
    assert!(candidate["marks"]["nats_a_note"].is_number() && !candidate["report"].as_array().unwrap().is_empty());
    // Who comes later hears the same.
    let late: Vec<(String, Value)> = Events::of(server.address, &id).collect();
    assert_eq!(late.iter().filter(|(n, _)| n == "notes").count(), 2);
    assert_eq!(late.last().unwrap().1["order"], order);

    let saved = post(server.address, "/api/pieces", &json!({"candidate": {"job": id, "index": 0}, "title": "Mine"}));
    assert_eq!(saved.status, 201, "{}", saved.text());
    let saved = saved.json();
    assert_eq!((&saved["piece"], &saved["verb"], &saved["seed"]), (&candidate["piece"], &json!("compose"), &json!(5)));
    let piece = saved["id"].as_str().unwrap();
    let job = get(server.address, &format!("/api/jobs/{id}")).json();
    assert_eq!(job["candidates"][0]["saved"], json!({"piece": piece, "version": 1}));

    for (ending, beginning) in [
        ("mid", &b"MThd"[..]),
        ("wav", b"RIFF"),
        ("flac", b"fLaC"),
        ("ogg", b"OggS"),
        ("musicxml", b"<?xml"),
        ("svg", b"<"),
        ("json", b"{"),
        ("txt", b"compose"),
    ] {
        let file = get(server.address, &format!("/api/pieces/{piece}/file.{ending}"));
        assert_eq!(file.status, 200, "{ending}: {}", file.text());
        assert!(file.body.starts_with(beginning), "{ending}");
        let other = get(server.address, &format!("/api/jobs/{id}/candidates/0/file.{ending}"));
        assert_eq!(other.body, file.body, "{ending}");
    }
    // The file carries its recipe back in.
    let midi = get(server.address, &format!("/api/pieces/{piece}/file.mid")).body;
    let read = send(server.address, "POST", "/api/read", &[("content-type", "audio/midi")], &midi);
    assert_eq!(read.json()["recipe"]["request"]["seed"], 5, "{}", read.text());
    let part = send(server.address, "GET", &format!("/api/pieces/{piece}/file.wav"), &[("range", "bytes=0-3")], b"");
    assert_eq!((part.status, part.body.as_slice()), (206, &b"RIFF"[..]));
}

#[test]
fn infill_leaves_every_other_note_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |_| {});
    let mut piece = small_piece();
    // Off the grid, to the tick.
    piece["resolution"] = json!(480);
    piece["notes"][0]["start"] = json!(0.075);
    piece["notes"][0]["length"] = json!(11.9);
    let saved = post(server.address, "/api/pieces", &json!({"score": piece})).json();
    let request = json!({"verb": {"verb": "infill", "regions": "2:melody"}, "steps": 4, "seed": 1});
    let order = json!({"request": request, "source": {"piece": saved["id"]}, "candidates": 1});
    let job = job(server.address, &order);
    assert_eq!(job["state"], "done", "{job}");
    let candidate = &job["candidates"][0];
    let before = saved["piece"]["notes"].as_array().unwrap();
    let after = candidate["piece"]["notes"].as_array().unwrap();
    let is_asked = |note: &Value| note["lane"] == "melody" && note["start"].as_f64().unwrap() >= 48.0;
    for note in before.iter().filter(|note| !is_asked(note)) {
        assert!(after.contains(note), "{note} is gone");
    }
    let new: Vec<u64> = candidate["new_notes"].as_array().unwrap().iter().map(|i| i.as_u64().unwrap()).collect();
    assert!(new.iter().all(|&i| is_asked(&after[i as usize])), "{candidate}");

    let version = json!({"candidate": {"job": job["id"], "index": 0}, "base": 1});
    let path = format!("/api/pieces/{}", saved["id"].as_str().unwrap());
    let second = with_json(server.address, "PUT", &path, &version).json();
    assert_eq!((&second["version"], &second["verb"]), (&json!(2), &json!("infill")));
    let late = with_json(server.address, "PUT", &path, &version);
    assert_eq!(late.refusal(), ("conflict".into(), "base".into()));
    assert_eq!(
        get(server.address, &format!("{path}?version=1")).json()["piece"],
        saved["piece"],
        "nothing is overwritten"
    );
    let versions = get(server.address, &format!("{path}/versions")).json();
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);
    let same = with_json(server.address, "PUT", &path, &json!({"score": second["piece"]})).json();
    assert_eq!(same["version"], 2, "equal music is no new version");
}

#[test]
fn the_same_key_gives_the_same_job_and_another_order_is_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |settings| settings.workers = 0);
    let order = |bars: u32| json!({"request": {"verb": {"verb": "compose"}, "bars": bars}}).to_string();
    let send = |body: String| {
        let headers = [("content-type", "application/json"), ("idempotency-key", "my key 1")];
        send(server.address, "POST", "/api/jobs", &headers, body.as_bytes())
    };
    let (first, second) = (send(order(2)), send(order(2)));
    assert_eq!((first.status, second.status), (202, 202), "{}", second.text());
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!((first.header("idempotent-replay"), second.header("idempotent-replay")), (None, Some("true")));
    assert_eq!(send(order(3)).refusal().0, "conflict");
    assert_eq!(get(server.address, "/api/jobs").json()["jobs"].as_array().unwrap().len(), 1);
}

#[test]
fn cancelling_takes_less_than_a_blink_and_keeps_what_exists() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |_| {});
    let order = json!({"request": {"verb": {"verb": "compose"}, "bars": 16, "steps": 400, "seed": 1}, "candidates": 2});
    let id = post(server.address, "/api/jobs", &order).json()["id"].as_str().unwrap().to_owned();
    let mut events = Events::of(server.address, &id);
    assert!(events.any(|(name, _)| name == "preview"), "something is shown while it happens");
    let start = Instant::now();
    let cancelled = send(server.address, "DELETE", &format!("/api/jobs/{id}"), &[], b"");
    let took = start.elapsed();
    println!("cancelled in {} ms", took.as_millis());
    let job = cancelled.json();
    assert_eq!(job["state"], "cancelled", "{job}");
    assert!(
        job["unfinished"]["piece"]["bars"].as_u64().unwrap() > 0 && job["unfinished"]["finished"] == false,
        "{job}"
    );
    assert_eq!(events.last().unwrap().0, "cancelled");
    assert!(took < Duration::from_millis(200), "{took:?}");
    // The worker is free again.
    let next = json!({"request": {"verb": {"verb": "compose"}, "bars": 1, "steps": 2}, "candidates": 1});
    assert_eq!(job_state(server.address, &next), "done");
    let again = send(server.address, "DELETE", &format!("/api/jobs/{id}"), &[], b"").json();
    assert_eq!(again["finished"], job["finished"], "a second time changes nothing");
}

fn job_state(address: std::net::SocketAddr, order: &Value) -> String {
    job(address, order)["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_graceful_stop_loses_no_job() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path(), |_| {});
    let order = json!({"request": {"verb": {"verb": "compose"}, "bars": 4, "steps": 200, "seed": 9}, "candidates": 1});
    let id = post(first.address, "/api/jobs", &order).json()["id"].as_str().unwrap().to_owned();
    let mut events = Events::of(first.address, &id);
    assert!(events.any(|(name, _)| name == "progress"));
    let stop = Instant::now();
    first.stop();
    println!("stopped in {} ms", stop.elapsed().as_millis());
    assert!(stop.elapsed() < Duration::from_secs(5));
    let second = start(folder.path(), |_| {});
    let job = ended(second.address, &id);
    assert_eq!((&job["state"], job["candidates"].as_array().unwrap().len()), (&json!("done"), 1), "{job}");
}

#[test]
fn the_library_goes_out_and_comes_back() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = start(one.path(), |settings| settings.workers = 0);
    let id = post(first.address, "/api/pieces", &json!({"score": small_piece(), "title": "First"})).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/pieces/{id}");
    let mut changed = small_piece();
    changed["notes"][0]["pitch"] = json!(60);
    assert_eq!(
        with_json(first.address, "PUT", &path, &json!({"score": changed, "comment": "lower"})).json()["version"],
        2
    );
    assert_eq!(with_json(first.address, "PATCH", &path, &json!({"starred": true})).json()["starred"], true);
    let archive = get(first.address, "/api/library.zip").body;
    assert!(archive.starts_with(b"PK"));

    let second = start(two.path(), |settings| settings.workers = 0);
    let import =
        || send(second.address, "POST", "/api/library", &[("content-type", "application/zip")], &archive).json();
    assert_eq!(import(), json!({"pieces": 1, "versions": 2, "already": 0}));
    assert_eq!(import(), json!({"pieces": 0, "versions": 0, "already": 1}));
    for query in ["", "?version=1", "?version=2"] {
        let there = get(first.address, &format!("{path}{query}")).json();
        let here = get(second.address, &format!("{path}{query}")).json();
        assert_eq!(here, there, "{query}");
    }
    // Another history of the same piece stays beside it.
    let other = json!({"score": small_piece(), "comment": "here"});
    with_json(second.address, "PUT", &path, &other);
    with_json(
        first.address,
        "PUT",
        &path,
        &json!({"score": {"notes": [{"lane": "melody", "pitch": 50, "start": 0, "length": 9}]}}),
    );
    let archive = get(first.address, "/api/library.zip").body;
    let import =
        || send(second.address, "POST", "/api/library", &[("content-type", "application/zip")], &archive).json();
    assert_eq!(import(), json!({"pieces": 1, "versions": 3, "already": 0}));
    assert_eq!(import(), json!({"pieces": 0, "versions": 0, "already": 1}));
    assert_eq!(get(second.address, "/api/pieces").json()["pieces"].as_array().unwrap().len(), 2);
}

#[test]
fn sound_of_unsaved_edits_whole_in_lanes_and_in_stems() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |settings| settings.workers = 0);
    let render = |more: Value| {
        let mut order = json!({"score": small_piece(), "sample_rate": 8000, "format": "wav"});
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(server.address, "/api/render", &order)
    };
    let whole = render(json!({}));
    assert_eq!(whole.status, 200, "{}", whole.text());
    assert_eq!(whole.header("content-type"), Some("audio/wav"));
    let seconds: f64 = whole.header("x-aeolian-seconds").unwrap().parse().unwrap();
    // Two bars at 100 quarters a minute last 4.8 seconds, and ring on.
    assert!((7.2..7.4).contains(&seconds), "{seconds}");
    let bar = render(json!({"lanes": ["melody"], "from_bar": 1, "to_bar": 2, "loop": true}));
    let seconds: f64 = bar.header("x-aeolian-seconds").unwrap().parse().unwrap();
    assert!((2.39..2.41).contains(&seconds), "{seconds}");
    assert!(render(json!({"stems": true})).body.starts_with(b"PK"));
    assert_eq!(render(json!({"lanes": ["tuba"]})).refusal().0, "cannot_be_met");
    assert_eq!(render(json!({"sample_rate": 7})).status, 422);
    let midi = post(server.address, "/api/convert", &json!({"score": small_piece(), "format": "mid"}));
    assert!(midi.body.starts_with(b"MThd"));
    // MIDI has no place for chords: those that come back were heard.
    let read = send(server.address, "POST", "/api/read", &[("content-type", "audio/midi")], &midi.body).json();
    let roots: Vec<&str> =
        read["piece"]["chords"].as_array().unwrap().iter().map(|c| &c["symbol"].as_str().unwrap()[..1]).collect();
    assert_eq!((&read["chords_heard"], roots.first(), roots.last()), (&json!(true), Some(&"C"), Some(&"G")), "{read}");
    let chords = post(server.address, "/api/chords", &json!({"text": "| ii7 | V7 |", "key": "C", "bars": 3})).json();
    let symbols: Vec<&str> =
        chords["chords"].as_array().unwrap().iter().map(|c| c["symbol"].as_str().unwrap()).collect();
    assert_eq!(symbols, ["Dm7", "G7", "Dm7"]);
}

#[test]
fn answers_that_need_no_model_come_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), |settings| settings.workers = 0);
    let id =
        post(server.address, "/api/pieces", &json!({"score": small_piece()})).json()["id"].as_str().unwrap().to_owned();
    let paths = [
        "/api/health".into(),
        "/api/verbs".into(),
        "/api/pieces".into(),
        format!("/api/pieces/{id}"),
        format!("/api/pieces/{id}/versions"),
        format!("/api/pieces/{id}/file.mid"),
        "/api/jobs".into(),
        "/".to_owned(),
    ];
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..25 {
        for path in &paths {
            let start = Instant::now();
            assert_eq!(get(server.address, path).status, 200, "{path}");
            times.push(start.elapsed());
        }
    }
    times.sort();
    let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1000.0;
    // A figure, not a test: whoever else uses the machine decides over it.
    println!("200 calls: median {:.2} ms, p95 {:.2} ms", at(50), at(95));
}

#[test]
fn two_machines_share_one_queue() {
    if std::env::var("AEOLIAN_TEST_DATABASE").is_err() {
        println!("AEOLIAN_TEST_DATABASE names no PostgreSQL: skipped");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let front = start(folder.path(), |settings| settings.workers = 0);
    let worker = start(folder.path(), |_| {});
    let order = json!({"request": {"verb": {"verb": "compose"}, "bars": 4, "steps": 60, "seed": 3}, "candidates": 2});
    let id = post(front.address, "/api/jobs", &order).json()["id"].as_str().unwrap().to_owned();
    let events: Vec<String> = Events::of(front.address, &id).map(|(name, _)| name).collect();
    assert!(events.iter().any(|name| name == "progress"), "{events:?}");
    assert_eq!(events.iter().filter(|name| *name == "notes").count(), 2, "{events:?}");
    assert_eq!(events.last().unwrap(), "done");

    let long = json!({"request": {"verb": {"verb": "compose"}, "bars": 16, "steps": 500, "seed": 3}, "candidates": 1});
    let id = post(front.address, "/api/jobs", &long).json()["id"].as_str().unwrap().to_owned();
    assert!(Events::of(worker.address, &id).any(|(name, _)| name == "progress"));
    let cancelled = send(front.address, "DELETE", &format!("/api/jobs/{id}"), &[], b"").json();
    assert_eq!(cancelled["state"], "cancelled");
    // The worker learns it from the database, and is free for the next.
    let next = json!({"request": {"verb": {"verb": "compose"}, "bars": 1, "steps": 2}, "candidates": 1});
    assert_eq!(job_state(front.address, &next), "done");
}
