//! The program, and a client that is nothing but a socket.
#![allow(dead_code, reason = "every test file takes what it needs")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// The program itself, as people run it: killed without warning when it is dropped.
pub struct Program {
    pub address: SocketAddr,
    child: std::process::Child,
}

impl Program {
    /// `AEOLIAN_BIN`, or what `cargo build --release -p aeolian` built; on the PostgreSQL of `AEOLIAN_TEST_DATABASE`, if there is one.
    pub fn start(data: &Path) -> Self {
        let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/aeolian");
        let program = std::env::var("AEOLIAN_BIN").unwrap_or_else(|_| built.into());
        let mut command = std::process::Command::new(&program);
        command.args(["serve", "--port", "0", "--data"]).arg(data).env("AEOLIAN_LOG", "warn");
        if let Ok(url) = std::env::var("AEOLIAN_TEST_DATABASE") {
            command.env("AEOLIAN_DATABASE", database_of(&url, data));
        }
        let started = command.stdout(std::process::Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {line:?}"));
        Self { address: url.split('/').next().unwrap().parse().unwrap(), child }
    }

    /// SIGKILL: no warning, nothing is put in order.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Memory of the process in bytes; `None` on systems without /proc.
    pub fn resident_bytes(&self) -> Option<u64> {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).ok()?;
        Some(4096 * statm.split_whitespace().nth(1)?.parse::<u64>().ok()?)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A PostgreSQL database for this folder, so that tests do not meet; made if there is none yet.
pub fn database_of(url: &str, data: &Path) -> String {
    let bytes: u64 =
        data.to_string_lossy().bytes().fold(7, |sum, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)));
    let name = format!("aeolian_test_{bytes:x}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(url).await.unwrap();
        let there = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(&name).fetch_optional(&pool).await;
        if there.unwrap().is_none() {
            sqlx::query(&format!("CREATE DATABASE {name}")).execute(&pool).await.unwrap();
        }
        pool.close().await;
    });
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The error's code and field; the sentence must be one.
    pub fn refusal(&self) -> (String, String) {
        let error = &self.json()["error"];
        let sentence = error["sentence"].as_str().unwrap_or_else(|| panic!("no sentence: {}", self.text()));
        assert!(!sentence.is_empty() && !sentence.contains('\n'), "{sentence:?}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&error["code"]), text(&error["field"]))
    }
}

/// One request on a connection of its own.
pub fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut reader = BufReader::new(open(address, method, path, headers, body));
    read_answer(&mut reader)
}

/// One request to a server that may be killed at any moment: the status and the body, if they came whole.
pub fn try_send(address: SocketAddr, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let body = body.to_string();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, serde_json::from_str(body).ok()?))
}

fn open(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head += &format!("host: {address}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    // A server that refuses a large body may close before it has read it.
    let _ = stream.write_all(body);
    stream
}

fn read_head(reader: &mut impl BufRead) -> (u16, Vec<(String, String)>) {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("no status line: {line:?}")).parse().unwrap();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    (status, headers)
}

fn read_answer(reader: &mut impl BufRead) -> Answer {
    let (status, headers) = read_head(reader);
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let mut body = Vec::new();
    if is_chunked {
        while let Some(chunk) = read_chunk(reader) {
            body.extend(chunk);
        }
    } else {
        let _ = reader.read_to_end(&mut body);
    }
    Answer { status, headers, body }
}

fn read_chunk(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let size = usize::from_str_radix(line.trim(), 16).ok()?;
    let mut chunk = vec![0; size + 2];
    reader.read_exact(&mut chunk).ok()?;
    chunk.truncate(size);
    (size > 0).then_some(chunk)
}

pub fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, "GET", path, &[], b"")
}

pub fn with_json(address: SocketAddr, method: &str, path: &str, body: &Value) -> Answer {
    send(address, method, path, &[("content-type", "application/json")], body.to_string().as_bytes())
}

pub fn post(address: SocketAddr, path: &str, body: &Value) -> Answer {
    with_json(address, "POST", path, body)
}

/// Events of a job, as they come; ends with the stream.
pub struct Events {
    reader: BufReader<TcpStream>,
    text: String,
}

impl Events {
    pub fn of(address: SocketAddr, job: &str) -> Self {
        let mut reader = BufReader::new(open(address, "GET", &format!("/api/jobs/{job}/events"), &[], b""));
        let (status, _) = read_head(&mut reader);
        assert_eq!(status, 200);
        Self { reader, text: String::new() }
    }
}

impl Iterator for Events {
    type Item = (String, Value);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let found = field("event:").map(|name| (name.to_owned(), field("data:").unwrap_or("null").to_owned()));
                self.text = rest.to_owned();
                match found {
                    Some((name, data)) => return Some((name, serde_json::from_str(&data).unwrap())),
                    None => continue,
                }
            }
            self.text += &String::from_utf8(read_chunk(&mut self.reader)?).unwrap();
        }
    }
}

/// Queues a job and waits for its end.
pub fn job(address: SocketAddr, order: &Value) -> Value {
    let queued = post(address, "/api/jobs", order);
    assert_eq!(queued.status, 202, "{}", queued.text());
    ended(address, queued.json()["id"].as_str().unwrap())
}

/// Waits for a job's end.
pub fn ended(address: SocketAddr, id: &str) -> Value {
    let start = Instant::now();
    loop {
        let job = get(address, &format!("/api/jobs/{id}")).json();
        if ["done", "cancelled", "error"].contains(&job["state"].as_str().unwrap()) {
            return job;
        }
        assert!(start.elapsed() < Duration::from_secs(300), "a job does not end: {job}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A small piece: a tune and a harmony of two bars.
pub fn small_piece() -> Value {
    let melody = [72, 74, 76, 77, 79, 77, 76, 74];
    let mut notes: Vec<Value> = (0..8)
        .map(|i| serde_json::json!({"lane": "melody", "pitch": melody[i], "start": 12 * i, "length": 12, "velocity": 90}))
        .collect();
    for (bar, pitches) in [[48, 52, 55], [43, 50, 59]].iter().enumerate() {
        notes.extend(pitches.iter().map(
            |p| serde_json::json!({"lane": "harmony", "pitch": p, "start": 48 * bar, "length": 48, "velocity": 60}),
        ));
    }
    serde_json::json!({"title": "Small", "tempo": 100, "metre": "4/4", "key": "C major", "notes": notes})
}
