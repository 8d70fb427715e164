//! Parts of a request, whose refusals are sentences in JSON like all others.

use crate::error::{ApiError, Code};
use crate::store::is_id;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(ApiError::new(Code::MediaType, "the body must be JSON, with content-type: application/json"))
            }
            Err(JsonRejection::JsonDataError(error)) => Err(unreadable(&error.body_text())),
            Err(JsonRejection::JsonSyntaxError(error)) => Err(unreadable(&error.body_text())),
            Err(other) => Err(too_large_or(other.status(), &other.body_text())),
        }
    }
}

/// What serde says, without the words around it; a field where the path begins with one.
fn unreadable(text: &str) -> ApiError {
    let said =
        ["Failed to deserialize the JSON body into the target type: ", "Failed to parse the request body as JSON: "];
    let text = said.iter().find_map(|words| text.strip_prefix(words)).unwrap_or(text);
    let shown: String = text.chars().take(300).collect();
    let error = ApiError::new(Code::BadRequest, format!("the body cannot be read: {shown}"));
    let path = text.split(':').next().unwrap_or_default();
    let field = path.split(['.', '[']).next().unwrap_or_default();
    let is_name = !field.is_empty() && field.len() < 40 && field.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_name { error.in_field(field) } else { error }
}

fn too_large_or(status: StatusCode, text: &str) -> ApiError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::new(Code::TooLarge, "the body is larger than this server takes")
    } else {
        ApiError::new(Code::BadRequest, format!("the body cannot be read: {text}"))
    }
}

/// The whole body, and its type without parameters, in lower case.
pub struct Body {
    /// The bytes.
    pub bytes: Bytes,
    /// The media type, or "".
    pub media_type: String,
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
        let refused = |error: BytesRejection| too_large_or(error.status(), &error.body_text());
        let bytes = Bytes::from_request(request, state).await.map_err(refused)?;
        Ok(Self { bytes, media_type })
    }
}

impl Body {
    /// Refuses types that a form of another site could send without being asked.
    pub fn of_types(self, allowed: &[&str]) -> Result<Self, ApiError> {
        if allowed.contains(&self.media_type.as_str()) {
            return Ok(self);
        }
        Err(ApiError::new(Code::MediaType, format!("the body's content-type must be one of {}", allowed.join(", "))))
    }

    /// Reads it as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.bytes).map_err(|error| unreadable(&error.to_string()))
    }
}

/// An id in the path. What cannot be an id is not found, without asking the database.
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let all = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let path = all.map_err(|_| ApiError::not_found("thing"))?;
        let id = path.0.into_iter().find(|(name, _)| name == "id").map(|(_, id)| id).unwrap_or_default();
        if is_id(&id) { Ok(Self(id)) } else { Err(ApiError::not_found("id")) }
    }
}

/// What stands in the path under some name.
pub struct InPath(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for InPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let all = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        all.map(|path| Self(path.0)).map_err(|_| ApiError::not_found("thing"))
    }
}

impl InPath {
    /// As text.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// As a number; what is none is not found.
    pub fn number(&self, name: &str) -> Result<usize, ApiError> {
        // Database numbers are signed and 64 bits wide.
        let number = self.text(name).parse::<u32>();
        number.map(|n| n as usize).map_err(|_| ApiError::not_found(name))
    }
}

/// What stands after the question mark.
pub struct InQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for InQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(error) => {
                let text = error.body_text();
                let shown = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
                Err(ApiError::new(Code::BadRequest, format!("the address cannot be read: {shown}")))
            }
        }
    }
}

/// How many of a list: 1 to `most`, or as many as usual.
pub fn within(asked: Option<i64>, usual: i64, most: i64) -> Result<i64, ApiError> {
    let limit = asked.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(ApiError::new(Code::BadRequest, format!("limit can be 1 to {most}, not {limit}")).in_field("limit"))
}
