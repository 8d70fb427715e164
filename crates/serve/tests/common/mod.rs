//! A server on a port of its own, and a client that is nothing but a socket.
#![allow(dead_code, reason = "every test file takes what it needs")]

use aeolian_serve::{Server, Settings};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// A server that stops when it is dropped.
pub struct Running {
    pub address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Starts one on this folder.
pub fn start(data: &Path, change: impl FnOnce(&mut Settings)) -> Running {
    let mut settings = Settings::local(data.to_owned(), 0);
    settings.database = std::env::var("AEOLIAN_TEST_DATABASE").ok().map(|url| database_of(&url, data));
    change(&mut settings);
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let (send, receive) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::bind(settings).await.unwrap();
            send.send(server.address().unwrap()).unwrap();
            server.run(async { drop(stopped.await) }).await.unwrap();
        });
    });
    Running { address: receive.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
}

/// A PostgreSQL database for this folder, so that tests do not meet; made if there is none yet.
fn database_of(url: &str, data: &Path) -> String {
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

impl Running {
    /// Stops it and waits until it is gone.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
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
