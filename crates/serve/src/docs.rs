//! The interface described: an OpenAPI document made from the handlers and types themselves, and a page of it to read.

use crate::error::ApiError;
use crate::live::{PreviewEvent, ProgressEvent};
use crate::routes::{jobs, library, pieces, service, unsaved};
use crate::tell::{CancelledEvent, CandidateJson, DoneEvent, QueuedEvent};
use serde_json::Value;
use std::fmt::Write;
use utoipa::OpenApi;

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Aeolian",
        description = "A composer on your own machine. Times are in twelfths of a quarter. What cannot be done is refused with \
            {\"error\": {\"code\", \"sentence\", \"field\"}}.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        service::health,
        service::metrics,
        service::openapi,
        service::docs,
        service::verbs,
        jobs::create,
        jobs::check,
        jobs::list,
        jobs::show,
        jobs::cancel,
        jobs::events,
        jobs::mark,
        jobs::file,
        pieces::list,
        pieces::create,
        pieces::show,
        pieces::save,
        pieces::mark,
        pieces::versions,
        pieces::file,
        pieces::stems,
        library::export,
        library::import,
        unsaved::read,
        unsaved::convert,
        unsaved::render,
        unsaved::analyze,
        unsaved::chords,
    ),
    components(schemas(QueuedEvent, ProgressEvent, PreviewEvent, CandidateJson, DoneEvent, CancelledEvent))
)]
struct Api;

/// The OpenAPI document.
pub fn api() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}\
    code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f3f3f0;padding:.7rem;overflow:auto}\
    summary{cursor:pointer;padding:.3rem 0}b{display:inline-block;min-width:4.5rem}\
    @media(prefers-color-scheme:dark){body{color:#e8e8e4;background:#17181a}pre{background:#232427}a{color:#9cc4ff}}";

/// A page of the document, without scripts.
pub fn page(api: &utoipa::openapi::OpenApi) -> Result<String, ApiError> {
    let document: Value = serde_json::to_value(api).map_err(ApiError::internal)?;
    let mut html = String::new();
    let mut add = |line: std::fmt::Arguments<'_>| writeln!(html, "{line}").expect("a string takes everything");
    add(format_args!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Aeolian: the interface for programs</title>"
    ));
    add(format_args!("<meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style>"));
    add(format_args!(
        "<h1>Aeolian: the interface for programs</h1><p>{}</p>",
        escaped(text(&document["info"]["description"]))
    ));
    add(format_args!("<p>The same as <a href=\"/api/openapi.json\">OpenAPI</a>.</p>"));
    let empty = serde_json::Map::new();
    let methods = ["get", "post", "put", "patch", "delete"];
    for (path, operations) in document["paths"].as_object().unwrap_or(&empty) {
        for (method, operation) in methods.iter().filter_map(|m| operations.get(*m).map(|o| (m, o))) {
            let sentence = [text(&operation["summary"]), text(&operation["description"])];
            let sentence = sentence.into_iter().find(|s| !s.is_empty()).unwrap_or_default();
            add(format_args!(
                "<details><summary><b>{}</b> <code>{}</code> {}</summary><pre>{}</pre></details>",
                method.to_uppercase(),
                escaped(path),
                escaped(sentence),
                escaped(&pretty(operation))
            ));
        }
    }
    add(format_args!("<h2>Types</h2>"));
    for (name, schema) in document["components"]["schemas"].as_object().unwrap_or(&empty) {
        let sentence = escaped(text(&schema["description"]));
        let schema = escaped(&pretty(schema));
        add(format_args!(
            "<details id=\"{name}\"><summary><code>{name}</code> {sentence}</summary><pre>{schema}</pre></details>"
        ));
    }
    add(format_args!("</html>"));
    Ok(html)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described_and_no_type_is_missing() {
        let text = api().to_json().unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        for path in
            ["/api/jobs", "/api/jobs/{id}/events", "/api/pieces/{id}", "/api/library", "/api/render", "/api/chords"]
        {
            assert!(document["paths"][path].is_object(), "{path}");
        }
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name} is used and not described");
        }
        assert!(page(&api()).unwrap().contains("/api/jobs/{id}/events"));
    }
}
