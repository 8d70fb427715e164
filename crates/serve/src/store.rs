//! The database: pieces with their versions, and jobs with their candidates. The same SQL runs on SQLite and on PostgreSQL.
//!
//! Only text and 64-bit integers are stored, never NULL ("" and 0 mean none), so that both databases mean the same. Nothing a
//! person made is ever updated or deleted: a piece gains versions, and a trashed piece is only marked.

pub mod jobs;
pub mod pieces;

use crate::error::ApiError;
use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;
use std::path::Path;
use std::sync::Once;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The version of the tables.
const SCHEMA: i64 = 1;

const TABLES: [&str; 8] = [
    "CREATE TABLE IF NOT EXISTS aeolian_schema (version BIGINT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS pieces (
        id TEXT PRIMARY KEY, title TEXT NOT NULL, starred BIGINT NOT NULL, trashed BIGINT NOT NULL,
        created BIGINT NOT NULL, updated BIGINT NOT NULL, version BIGINT NOT NULL, facts TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS pieces_by_time ON pieces (updated)",
    "CREATE TABLE IF NOT EXISTS versions (
        piece TEXT NOT NULL, version BIGINT NOT NULL, saved BIGINT NOT NULL, source TEXT NOT NULL, facts TEXT NOT NULL,
        making TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (piece, version))",
    "CREATE TABLE IF NOT EXISTS jobs (
        id TEXT PRIMARY KEY, idempotency TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, state TEXT NOT NULL,
        created BIGINT NOT NULL, started BIGINT NOT NULL, finished BIGINT NOT NULL,
        verb TEXT NOT NULL, told TEXT NOT NULL, origin TEXT NOT NULL, request TEXT NOT NULL, wanted BIGINT NOT NULL,
        done BIGINT NOT NULL, total BIGINT NOT NULL, preview TEXT NOT NULL,
        attempts BIGINT NOT NULL, owner TEXT NOT NULL, lease BIGINT NOT NULL,
        unfinished TEXT NOT NULL, ranking TEXT NOT NULL, error TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, created)",
    "CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (created)",
    "CREATE TABLE IF NOT EXISTS candidates (
        job TEXT NOT NULL, idx BIGINT NOT NULL, made BIGINT NOT NULL, seed TEXT NOT NULL, source TEXT NOT NULL,
        key_name TEXT NOT NULL, marks TEXT NOT NULL, making TEXT NOT NULL, new_notes TEXT NOT NULL,
        starred BIGINT NOT NULL, rejected BIGINT NOT NULL, saved TEXT NOT NULL, PRIMARY KEY (job, idx))",
];

/// Where everything is kept; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    is_sqlite: bool,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be opened.
    #[error("the database cannot be opened: {0}")]
    Open(#[from] sqlx::Error),
    /// A later version of the program made it.
    #[error("the database is of version {found}, and this program knows version {SCHEMA}; a later Aeolian made it")]
    Later {
        /// Its version.
        found: i64,
    },
}

impl Store {
    /// Opens SQLite in a folder, making what is missing.
    pub async fn in_folder(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("aeolian.db");
        let encoded: String = path.to_string_lossy().bytes().map(percent_encoded).collect();
        Self::open(&format!("sqlite://{encoded}?mode=rwc")).await
    }

    /// Opens a database by its URL (`sqlite:` or `postgres:`), making what is missing.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let is_sqlite = url.starts_with("sqlite:");
        let pool = AnyPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(20))
            // A file does not go away; asking it before every call would double the way. A server elsewhere may have.
            .test_before_acquire(!is_sqlite)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if is_sqlite {
                        // Readers do not wait for the writer; what was committed outlives the process (not a power cut: FULL).
                        for pragma in ["busy_timeout = 10000", "journal_mode = WAL", "synchronous = NORMAL"] {
                            sqlx::query(&format!("PRAGMA {pragma}")).execute(&mut *connection).await?;
                        }
                    }
                    Ok(())
                })
            })
            .connect(url)
            .await?;
        let store = Self { pool, is_sqlite };
        store.make_tables().await?;
        Ok(store)
    }

    async fn make_tables(&self) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        if !self.is_sqlite {
            // Two workers that start together would both make the tables.
            sqlx::query("SELECT pg_advisory_xact_lock(4711)").execute(&mut *transaction).await?;
        }
        for table in TABLES {
            sqlx::query(table).execute(&mut *transaction).await?;
        }
        let found: Option<(i64,)> =
            sqlx::query_as("SELECT version FROM aeolian_schema").fetch_optional(&mut *transaction).await?;
        match found {
            None => {
                sqlx::query("INSERT INTO aeolian_schema (version) VALUES ($1)")
                    .bind(SCHEMA)
                    .execute(&mut *transaction)
                    .await?;
            }
            Some((found,)) if found > SCHEMA => return Err(StoreError::Later { found }),
            Some(_) => {}
        }
        transaction.commit().await?;
        Ok(())
    }

    /// "sqlite" or "postgresql".
    pub fn kind(&self) -> &'static str {
        if self.is_sqlite { "sqlite" } else { "postgresql" }
    }

    /// True when the database answers.
    pub async fn answers(&self) -> Result<(), ApiError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Waits for what is being written and closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A byte as it may stand in the path of a URL.
fn percent_encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
        b'\\' | b':' if cfg!(windows) => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_millis() as i64)
}

/// A new id: the time in milliseconds, so that ids sort by age, and 80 random bits.
pub fn new_id() -> String {
    format!("{:010x}{}", now(), random_hex::<10>())
}

/// So many random bytes in hexadecimal.
///
/// # Panics   on an operating system without random numbers
pub fn random_hex<const N: usize>() -> String {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text can be an id; others need not be looked up.
pub fn is_id(text: &str) -> bool {
    (16..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ids_and_differ() {
        let (a, b) = (new_id(), new_id());
        assert!(is_id(&a) && is_id(&b) && a != b);
        for wrong in ["", "../../etc/passwd", "ABCDEFABCDEFABCDEF", "0123456789abcde", &"a".repeat(41)] {
            assert!(!is_id(wrong), "{wrong}");
        }
    }

    #[test]
    fn folders_of_any_name_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("music & more? #1 %20 né");
        std::fs::create_dir(&inner).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            Store::in_folder(&inner).await.unwrap().answers().await.unwrap();
            Store::in_folder(&inner).await.unwrap().close().await;
        });
        assert!(inner.join("aeolian.db").exists());
    }
}
