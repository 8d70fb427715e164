//! The studio's page and what belongs to it, as they were built, inside the binary.

use crate::error::ApiError;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

/// `web/dist` as it was when this program was built; empty where there was none.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Studio;

const NOT_BUILT_IN: &str = "<!doctype html><html lang=\"en\"><title>Aeolian</title><p>Aeolian is running, but the studio's page was \
    not built into this program (build web/ first, then this); <a href=\"/api/docs\">the interface for programs</a> is here.</p></html>";

/// Any path that is no route: a file of the studio, or its page, which finds its way by itself.
pub async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path == "api" {
        return ApiError::not_found("route").into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return ApiError::new(crate::error::Code::Method, "pages are only read").into_response();
    }
    if let Some(file) = Studio::get(path) {
        let lasting = if has_digest(path) { "public, max-age=31536000, immutable" } else { "no-cache" };
        return answer(path, &file, lasting, &headers);
    }
    // A missing script must not be answered with a page.
    if path.rsplit('/').next().is_some_and(|name| name.contains('.')) && path != "index.html" {
        return ApiError::not_found("file").into_response();
    }
    match Studio::get("index.html") {
        Some(file) => answer("index.html", &file, "no-cache", &headers),
        None => ([(CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT_IN).into_response(),
    }
}

fn answer(path: &str, file: &rust_embed::EmbeddedFile, lasting: &'static str, headers: &HeaderMap) -> Response {
    let tag: String = file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let common =
        [(CACHE_CONTROL, lasting.to_owned()), (ETAG, tag.clone()), (CONTENT_TYPE, media_type(path).to_owned())];
    if headers.get(IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, file.data.clone()).into_response()
}

/// Whether a name tells its contents, as Vite's do where it is asked to: "index-BfF3kQ2a.js". Such a file never changes.
fn has_digest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let digest = stem.rsplit_once('-').map_or("", |(_, digest)| digest);
    digest.len() == 8
        && digest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && digest.bytes().any(|b| !b.is_ascii_lowercase())
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_digest_last() {
        assert!(has_digest("studio/index-BfF3kQ2a.js") && has_digest("assets/a-b-DkE_2xQz.css"));
        for name in ["index.html", "studio/index.js", "studio/piano-keyboard.js", "studio/opensheetmusicdisplay.min.js"]
        {
            assert!(!has_digest(name), "{name}");
        }
    }
}
