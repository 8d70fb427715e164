//! The studio and the HTTP interface behind it: jobs in a durable queue, a library in which nothing is overwritten, sound, files.
//!
//! A request becomes an [`order`], an order a row of the queue ([`store::jobs`]); a [`work`]er draws its candidates and tells
//! who listens ([`live`]); [`routes`] are glue. Everything is under the [`guard`]. [`serve`] runs it all until it is told to
//! stop; [`router`](routes::router) alone can be tested without a socket.
//!
//! `docs/decisions/0010-server.md` says why it is as it is.

pub mod assets;
pub mod catalogue;
pub mod docs;
pub mod error;
pub mod extract;
pub mod files;
pub mod guard;
pub mod heard;
pub mod live;
pub mod making;
pub mod metrics;
pub mod order;
pub mod piece;
mod priority;
pub mod routes;
pub mod settings;
mod sounds;
pub mod store;
pub mod tell;
pub mod work;
pub mod zip;

pub use error::ApiError;
pub use settings::{Limits, Settings, user_data_folder};
pub use store::Store;

use files::FileFormat;
use guard::Guard;
use live::Hub;
use metrics::Metrics;
use sounds::Sounds;
use std::future::Future;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use store::{StoreError, random_hex};
use tokio::sync::{Semaphore, watch};
use work::Workshop;

/// Sounds that are made at once: each uses all cores for a moment.
const RENDERINGS: usize = 2;
/// Notes that are written down within a millisecond.
const FEW_NOTES: usize = 2000;
/// How long connections may last when the program stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// What every handler needs; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// What handlers share.
pub struct Shared {
    /// The database.
    pub store: Store,
    /// Jobs as they happen.
    pub hub: Arc<Hub>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Who is let in.
    pub guard: Guard,
    /// What is too much.
    pub limits: Limits,
    /// Turns true when the program is to stop.
    pub leaving: watch::Receiver<bool>,
    workshop: Arc<Workshop>,
    rendering: Semaphore,
    sounds: Sounds,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Wakes a worker.
    fn bell(&self) {
        self.workshop.bell.notify_one();
    }

    /// Computes on a thread that may take its time.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(ApiError::internal("a computation panicked")))
    }

    /// Writes so many notes down as JSON: few on the spot, because to another thread and back is a long way on a computer that is
    /// busy composing; many (milliseconds) on a thread that may take its time.
    async fn compute_notes<T: Send + 'static>(
        &self,
        notes: usize,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        if notes <= FEW_NOTES { work() } else { self.compute(work).await }
    }

    /// Computes what takes seconds and much memory: only a few at a time.
    async fn render<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let _turn = self.rendering.acquire().await.map_err(ApiError::internal)?;
        self.compute(work).await
    }

    /// A file that never changes; sounds are kept for a while, because players ask for them piece by piece.
    async fn made_once(
        &self,
        key: String,
        format: FileFormat,
        work: impl FnOnce() -> Result<Vec<u8>, ApiError> + Send + 'static,
    ) -> Result<axum::body::Bytes, ApiError> {
        if !routes::pieces::is_costly(format) {
            return Ok(self.compute(work).await?.into());
        }
        if let Some(kept) = self.sounds.find(&key) {
            return Ok(kept);
        }
        let bytes = axum::body::Bytes::from(self.render(work).await?);
        self.sounds.keep(key, bytes.clone());
        Ok(bytes)
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The folder for data cannot be used.
    #[error("the folder {folder} cannot be used: {source}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// Another server has it.
    #[error("another Aeolian is at work on {folder}; stop it first, or say another folder with --data")]
    Taken {
        /// The folder.
        folder: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address is taken, or is none of this machine's.
    #[error("the address {address} cannot be used: {source}")]
    Address {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The socket failed.
    #[error("the server stopped: {0}")]
    Io(#[from] std::io::Error),
    /// Something of the queue.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// A server that listens.
pub struct Server {
    listener: tokio::net::TcpListener,
    app: App,
    workers: usize,
    token: Option<String>,
    leave: watch::Sender<bool>,
    /// Held as long as the folder is this server's.
    _lock: Option<std::fs::File>,
}

impl Server {
    /// Opens the database, takes back what a server before this one left, and binds the address.
    pub async fn bind(settings: Settings) -> Result<Self, ServeError> {
        let (store, lock) = open(&settings).await?;
        let is_local = settings.address.ip().is_loopback();
        let token = settings.token.clone().or_else(|| (!is_local).then(random_hex::<16>));
        let (leave, leaving) = watch::channel(false);
        let (hub, metrics) = (Arc::new(Hub::default()), Arc::new(Metrics::default()));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.threads.max(1));
        let pool = pool.start_handler(|_| priority::step_back()).build().map_err(std::io::Error::other)?;
        let workshop = Arc::new(Workshop {
            store: store.clone(),
            hub: hub.clone(),
            metrics: metrics.clone(),
            bell: tokio::sync::Notify::new(),
            leaving: leaving.clone(),
            job_seconds: settings.limits.job_seconds,
            pool: Arc::new(pool),
        });
        let app = App(Arc::new(Shared {
            store,
            hub,
            metrics,
            guard: Guard { token: token.clone() },
            limits: settings.limits.clone(),
            leaving,
            workshop,
            rendering: Semaphore::new(RENDERINGS),
            sounds: Sounds::default(),
        }));
        let address = settings.address;
        let listener = tokio::net::TcpListener::bind(address).await;
        let listener = listener.map_err(|source| ServeError::Address { address, source })?;
        Ok(Self { listener, app, workers: settings.workers, token, leave, _lock: lock })
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What opens the studio in a browser: the address, with the token if one is needed.
    pub fn url(&self) -> std::io::Result<String> {
        let address = self.address()?;
        Ok(match &self.token {
            Some(token) => format!("http://{address}/?token={token}"),
            None => format!("http://{address}/"),
        })
    }

    /// Serves until `stop` is ready; then no job is begun any more, those at work go back to the queue, and connections end.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        let Self { listener, app, workers, leave, _lock, .. } = self;
        let workers: Vec<_> = (0..workers).map(|_| tokio::spawn(app.workshop.clone().work())).collect();
        // The model is read while the page loads.
        tokio::task::spawn_blocking(|| work::composer(&aeolian_compose::Request::default().denoiser).map(drop));
        let mut leaving = app.leaving.clone();
        let graceful = async move {
            // An error would mean that the sender is gone, and with it the server.
            let _ = leaving.wait_for(|&leaving| leaving).await;
        };
        let server = axum::serve(listener, routes::router(app.clone())).with_graceful_shutdown(graceful);
        let serving = tokio::spawn(async move { server.await });
        stop.await;
        tracing::info!("stopping");
        leave.send_replace(true);
        for worker in workers {
            let _ = worker.await;
        }
        match tokio::time::timeout(FAREWELL, serving).await {
            Ok(Ok(ended)) => ended?,
            // Whoever still reads after that reads no more.
            Ok(Err(_)) | Err(_) => tracing::warn!("some connections were cut"),
        }
        app.store.close().await;
        Ok(())
    }
}

/// The database, and the lock of its folder.
async fn open(settings: &Settings) -> Result<(Store, Option<std::fs::File>), ServeError> {
    if let Some(url) = &settings.database {
        return Ok((Store::open(url).await?, None));
    }
    let folder = settings.data.display().to_string();
    let failed = |source| ServeError::Folder { folder: folder.clone(), source };
    std::fs::create_dir_all(&settings.data).map_err(failed)?;
    let options = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(settings.data.join("lock"));
    let lock = options.map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Err(ServeError::Taken { folder }),
        Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
    }
    let store = Store::in_folder(&settings.data).await?;
    let orphans = store.give_back_all().await?;
    if orphans > 0 {
        tracing::warn!(jobs = orphans, "jobs of a server that was killed go on");
    }
    Ok((store, Some(lock)))
}

/// Until somebody presses Ctrl-C or the system asks to stop.
pub async fn asked_to_stop() {
    let interrupt = async {
        // Without signals it runs until it is killed, which it survives.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// Serves until it is asked to stop, on a runtime of its own. `ready` is told the address for a browser.
pub fn serve(settings: Settings, ready: impl FnOnce(&str)) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Server::bind(settings).await?;
        ready(&server.url()?);
        server.run(asked_to_stop()).await
    })
}

/// Structured logs to standard error, as `AEOLIAN_LOG` says ("info" if it says nothing).
pub fn log(as_json: bool) {
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = || EnvFilter::try_from_env("AEOLIAN_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let builder = fmt().with_env_filter(filter()).with_writer(std::io::stderr).with_target(false);
    // Set up twice (in tests) the first stays.
    let _ = if as_json { builder.json().try_init() } else { builder.with_ansi(false).try_init() };
}
