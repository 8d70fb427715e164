//! What can be asked for, by address. Every handler is glue: body in, one call, JSON out.

pub mod jobs;
pub mod library;
pub mod pieces;
pub mod service;
pub mod unsaved;

use crate::App;
use crate::error::{ApiError, Code};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, patch, post};

/// Every route, under the guard and with gzip where it helps.
pub fn router(app: App) -> Router {
    use tower_http::compression::CompressionLayer;
    use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
    // Sound and archives are as small as they get, and events must not wait in a buffer (the default leaves those alone).
    let worthwhile = DefaultPredicate::new()
        .and(NotForContentType::const_new("audio/"))
        .and(NotForContentType::const_new("application/zip"));
    let import = post(library::import).layer(DefaultBodyLimit::max(app.limits.import_bytes));
    Router::new()
        .route("/api/health", get(service::health))
        .route("/api/metrics", get(service::metrics))
        .route("/api/openapi.json", get(service::openapi))
        .route("/api/docs", get(service::docs))
        .route("/api/verbs", get(service::verbs))
        .route("/api/jobs", get(jobs::list).post(jobs::create))
        .route("/api/jobs/{id}", get(jobs::show).delete(jobs::cancel))
        .route("/api/jobs/{id}/events", get(jobs::events))
        .route("/api/jobs/{id}/candidates/{index}", patch(jobs::mark))
        .route("/api/jobs/{id}/candidates/{index}/{file}", get(jobs::file))
        .route("/api/check", post(jobs::check))
        .route("/api/pieces", get(pieces::list).post(pieces::create))
        .route("/api/pieces/{id}", get(pieces::show).put(pieces::save).patch(pieces::mark))
        .route("/api/pieces/{id}/versions", get(pieces::versions))
        .route("/api/pieces/{id}/stems.zip", get(pieces::stems))
        .route("/api/pieces/{id}/{file}", get(pieces::file))
        .route("/api/library.zip", get(library::export))
        .route("/api/library", import)
        .route("/api/read", post(unsaved::read))
        .route("/api/convert", post(unsaved::convert))
        .route("/api/render", post(unsaved::render))
        .route("/api/analyze", post(unsaved::analyze))
        .route("/api/chords", post(unsaved::chords))
        .fallback(crate::assets::page)
        .method_not_allowed_fallback(|| async { ApiError::new(Code::Method, "this address is not used in this way") })
        .layer(CompressionLayer::new().compress_when(worthwhile))
        .layer(DefaultBodyLimit::max(app.limits.body_bytes))
        .layer(axum::middleware::from_fn_with_state(app.clone(), crate::guard::guard))
        .with_state(app)
}
