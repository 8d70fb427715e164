//! What goes wrong, as a client sees it: a stable code, one sentence, and the field it is about. The log keeps the rest.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kinds of refusal; each has its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 400: it cannot be read.
    BadRequest,
    /// 401: the token is missing or wrong.
    Unauthorised,
    /// 403: another site asks.
    CrossSite,
    /// 404: there is no such thing.
    NotFound,
    /// 405: not in this way.
    Method,
    /// 409: it disagrees with what is there.
    Conflict,
    /// 413: too much at once.
    TooLarge,
    /// 415: another kind of body is needed.
    MediaType,
    /// 422: readable, but not possible.
    CannotBeMet,
    /// 429: too many at once.
    TooMany,
    /// 500: a fault of the program.
    Internal,
    /// 503: the program is stopping.
    Stopping,
}

impl Code {
    /// Its HTTP status.
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::CannotBeMet => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[error("{sentence}")]
pub struct ApiError {
    /// Which kind.
    pub code: Code,
    /// What is wrong and what is allowed, in one sentence.
    pub sentence: String,
    /// The field of the request that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ApiError,
}

impl ApiError {
    /// A refusal about nothing in particular.
    pub fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into(), field: None }
    }

    /// The same, about a field.
    pub fn in_field(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// 422 about a field.
    pub fn cannot(field: &str, sentence: impl Into<String>) -> Self {
        Self::new(Code::CannotBeMet, sentence).in_field(field)
    }

    /// 404.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    /// 500; the cause goes to the log, not to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "a fault");
        Self::new(Code::Internal, "something went wrong inside the program; its log says what")
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(format_args!("database: {error}"))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.code.status(), Json(ErrorBody { error: self })).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_as_documented() {
        let error = ApiError::cannot("bars", "no");
        let text = serde_json::to_string(&ErrorBody { error: error.clone() }).unwrap();
        assert_eq!(text, r#"{"error":{"code":"cannot_be_met","sentence":"no","field":"bars"}}"#);
        assert_eq!(error.code.status(), 422);
        assert!(!serde_json::to_string(&ApiError::not_found("piece")).unwrap().contains("field"));
    }
}
