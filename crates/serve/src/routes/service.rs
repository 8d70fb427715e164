//! The server itself: health, figures, and what it can do.

use crate::App;
use crate::catalogue::Catalogue;
use crate::docs::{api, page};
use crate::error::{ApiError, ErrorBody};
use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// "ok".
    pub status: String,
    /// The program's version.
    pub version: String,
    /// "sqlite" or "postgresql".
    pub database: String,
    /// Jobs.
    pub jobs: JobCounts,
}

/// Jobs by state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobCounts {
    /// Waiting.
    pub queued: i64,
    /// At work.
    pub running: i64,
}

/// Says whether the server and its database answer.
#[utoipa::path(get, path = "/api/health", tag = "service",
    responses((status = 200, body = Health), (status = "default", body = ErrorBody)))]
pub async fn health(State(app): State<App>) -> Result<Json<Health>, ApiError> {
    let (queued, running) = app.store.count_jobs().await?;
    Ok(Json(Health {
        status: "ok".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        database: app.store.kind().into(),
        jobs: JobCounts { queued, running },
    }))
}

/// Figures in Prometheus's text format.
#[utoipa::path(get, path = "/api/metrics", tag = "service",
    responses((status = 200, body = String, content_type = "text/plain"), (status = "default", body = ErrorBody)))]
pub async fn metrics(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    let (queued, running) = app.store.count_jobs().await?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.text(queued, running)))
}

/// This interface as an OpenAPI document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "service",
    responses((status = 200, body = Object), (status = "default", body = ErrorBody)))]
pub async fn openapi() -> Result<impl IntoResponse, ApiError> {
    let text = api().to_json().map_err(ApiError::internal)?;
    Ok(([(CONTENT_TYPE, "application/json")], text))
}

/// This interface as a page to read.
#[utoipa::path(get, path = "/api/docs", tag = "service",
    responses((status = 200, body = String, content_type = "text/html"), (status = "default", body = ErrorBody)))]
pub async fn docs() -> Result<impl IntoResponse, ApiError> {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)];
    Ok((headers, page(&api())?))
}

/// Verbs, fields, lanes, moods, defaults and limits: what a page needs to ask for music.
#[utoipa::path(get, path = "/api/verbs", tag = "service",
    responses((status = 200, body = Catalogue), (status = "default", body = ErrorBody)))]
pub async fn verbs(State(app): State<App>) -> Json<Catalogue> {
    Json(Catalogue::new(&app.limits))
}
