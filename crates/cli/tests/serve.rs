//! `aeolian serve` as a program: one line when it is ready, killed without warning in the middle of jobs, asked to stop.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(data: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aeolian"));
        command.args(["serve", "--port", "0", "--data"]).arg(data).env("AEOLIAN_LOG", "warn");
        if let Ok(url) = std::env::var("AEOLIAN_TEST_DATABASE") {
            command.env("AEOLIAN_DATABASE", url);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {line:?}"));
        Self { child, address: url.split('/').next().unwrap().to_owned() }
    }

    fn call(&self, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(serde_json::Value::Null))
    }

    fn queue(&self, seed: u32) -> String {
        let order = format!(
            r#"{{"request": {{"verb": {{"verb": "compose"}}, "bars": 2, "steps": 24, "seed": {seed}}}, "candidates": 2}}"#
        );
        let (status, job) = self.call("POST", "/api/jobs", &order);
        assert_eq!(status, 202, "{job}");
        job["id"].as_str().unwrap().to_owned()
    }

    fn job(&self, id: &str) -> serde_json::Value {
        self.call("GET", &format!("/api/jobs/{id}"), "").1
    }

    fn ended(&self, id: &str) -> serde_json::Value {
        let start = Instant::now();
        loop {
            let job = self.job(id);
            if !["queued", "running"].contains(&job["state"].as_str().unwrap()) {
                return job;
            }
            assert!(start.elapsed() < Duration::from_secs(300), "{job}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// SIGKILL: no warning, nothing is put in order.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many times the program is killed: `AEOLIAN_KILLS=20` for the figure in docs/decisions/0010-server.md.
fn kills() -> u32 {
    std::env::var("AEOLIAN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

#[test]
fn killed_in_the_middle_of_jobs_every_job_is_finished_after_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut jobs = Vec::new();
    let mut piece = String::new();
    for round in 0..kills() {
        let program = Program::start(folder.path());
        if round == 0 {
            let score =
                r#"{"score": {"notes": [{"lane": "melody", "pitch": 60, "start": 0, "length": 48}]}, "title": "kept"}"#;
            piece = program.call("POST", "/api/pieces", score).1["id"].as_str().unwrap().to_owned();
        }
        jobs.push(program.queue(100 + round));
        // At another moment every time: before the first candidate, between two, after the last.
        std::thread::sleep(Duration::from_millis(u64::from(37 * round % 11) * 150));
        program.kill();
    }
    let program = Program::start(folder.path());
    for (round, id) in jobs.iter().enumerate() {
        let job = program.ended(id);
        assert_eq!(job["state"], "done", "{job}");
        let candidates = job["candidates"].as_array().unwrap();
        let seeds: Vec<u64> = candidates.iter().map(|c| c["seed"].as_u64().unwrap()).collect();
        assert_eq!(seeds, [100 + round as u64, 101 + round as u64], "none is lost and none is there twice");
    }
    assert_eq!(program.call("GET", &format!("/api/pieces/{piece}"), "").1["title"], "kept");
    println!("killed {} times: {} jobs, all finished", kills(), jobs.len());
}

#[test]
fn first_sound_after_a_cold_start() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let program = Program::start(folder.path());
    let ready = start.elapsed();
    let order = r#"{"request": {"verb": {"verb": "compose"}, "seed": 1}, "candidates": 1}"#;
    let id = program.call("POST", "/api/jobs", order).1["id"].as_str().unwrap().to_owned();
    let job = program.ended(&id);
    assert_eq!(job["state"], "done", "{job}");
    let mut stream = TcpStream::connect(&program.address).unwrap();
    let path = format!("/api/jobs/{id}/candidates/0/file.ogg");
    stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: {}\r\n\r\n", program.address).as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.windows(4).any(|bytes| bytes == b"OggS"));
    // A figure, not a test: whoever else uses the machine decides over it.
    println!(
        "ready after {:.2} s, the first piece heard after {:.2} s",
        ready.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
}

#[test]
fn asked_to_stop_it_stops_and_the_folder_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Program::start(folder.path());
    let id = first.queue(7);
    let pid = first.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(first.child.wait().unwrap().success());
    let second = Program::start(folder.path());
    assert_eq!(second.ended(&id)["state"], "done");
}
