//! How a server is set up.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// What is too much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of a library that is imported, packed; four times as many unpacked.
    pub import_bytes: usize,
    /// Jobs that wait.
    pub queued_jobs: i64,
    /// Seconds that a job may take.
    pub job_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 16 << 20, import_bytes: 256 << 20, queued_jobs: 64, job_seconds: 1800 }
    }
}

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens; port 0 is any free one.
    pub address: SocketAddr,
    /// The folder of the database (SQLite), and of the lock that keeps a second server out.
    pub data: PathBuf,
    /// A database elsewhere: a `postgres:` URL.
    pub database: Option<String>,
    /// What must be shown; drawn if absent and the address is not the loopback's.
    pub token: Option<String>,
    /// Jobs that are worked on at once; 0 for a server that only queues them for others.
    pub workers: usize,
    /// Candidates that are drawn at once, of all jobs.
    pub threads: usize,
    /// What is too much.
    pub limits: Limits,
}

impl Settings {
    /// On the loopback, with the data in this folder: one job at a time, as many candidates as there are cores.
    pub fn local(data: PathBuf, port: u16) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
            data,
            database: None,
            token: None,
            workers: 1,
            threads: cores,
            limits: Limits::default(),
        }
    }
}

/// Where a person's data belong on this system: `$XDG_DATA_HOME/aeolian` or `~/.local/share/aeolian`,
/// `~/Library/Application Support/aeolian` on macOS, `%APPDATA%\aeolian` on Windows; `None` without a home.
pub fn user_data_folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        absolute("APPDATA")
    } else if cfg!(target_os = "macos") {
        std::env::home_dir().map(|home| home.join("Library/Application Support"))
    } else {
        absolute("XDG_DATA_HOME").or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join("aeolian"))
}
