//! A server on a port of its own, inside the test.
#![allow(dead_code, unused_imports, reason = "every test file takes what it needs")]

mod client;

use aeolian_serve::{Server, Settings};
pub use client::*;
use std::net::SocketAddr;
use std::path::Path;

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
