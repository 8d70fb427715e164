//! Who may speak to the server: nobody by way of another site, and from elsewhere only with the token.
//!
//! A page of another site can make a browser send requests here. Against that: the Host must be the server's own (a name that
//! was pointed at 127.0.0.1 is not: DNS rebinding), a request that changes something must not come from another origin
//! (`Origin`, `Sec-Fetch-Site`), and its body must have a type that forms cannot send. Reading across sites is refused as well.
//! Programs that are no browsers send none of these headers and are let through.
//!
//! Source: OWASP "Cross-Site Request Forgery Prevention Cheat Sheet" (fetch metadata; verifying origin).

use crate::App;
use crate::error::{ApiError, Code};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, LOCATION, ORIGIN, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Instant;

/// The cookie that holds the token.
const COOKIE_NAME: &str = "aeolian_token";

/// Scripts and everything else only from here; WebAssembly may be compiled (decoders of SoundFonts are), inline styles may stand
/// on elements (notation is drawn with them), but neither inline scripts nor `eval`.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; style-src-attr 'unsafe-inline'; \
    img-src 'self' data: blob:; media-src 'self' blob: data:; font-src 'self' data:; connect-src 'self' blob: data:; \
    worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/// Who is let in.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// What must be shown; `None` on the loopback.
    pub token: Option<String>,
}

/// The layer around everything.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("(page)".to_owned(), |path| path.as_str().to_owned());
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = match app.guard.allows(&request) {
        Ok(None) => next.run(request).await,
        Ok(Some(entrance)) => entrance,
        Err(refusal) => refusal.into_response(),
    };
    let seconds = start.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    app.metrics.answered(method.as_str(), &route, status, seconds);
    tracing::debug!(%method, route, status, seconds, "answered");
    if response.status().is_server_error() {
        tracing::error!(%method, route, status, "answered with a fault");
    }
    secure(response.headers_mut(), is_api);
    response
}

impl Guard {
    /// `None` to go on; an answer where a token in the address is to become a cookie.
    fn allows(&self, request: &Request) -> Result<Option<Response>, ApiError> {
        let headers = request.headers();
        let host = header(headers, HOST).unwrap_or_default();
        if self.token.is_none() && !is_loopback(host) {
            let sentence = "this server answers only to localhost and 127.0.0.1; bind it to another address to reach it by another name";
            return Err(ApiError::new(Code::CrossSite, sentence));
        }
        self.refuse_other_sites(request, host)?;
        let Some(token) = &self.token else { return Ok(None) };
        if let Some(shown) = token_in_query(request.uri().query().unwrap_or_default())
            && request.method() == Method::GET
            && is_equal(shown, token)
        {
            return Ok(Some(entrance(token)));
        }
        // Whether it lives is no secret, and Docker's health check has no token.
        if request.uri().path() == "/api/health" && request.method() == Method::GET {
            return Ok(None);
        }
        let bearer = header(headers, AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let cookie = header(headers, COOKIE).and_then(cookie_value);
        if [bearer, cookie].into_iter().flatten().any(|shown| is_equal(shown.trim(), token)) {
            return Ok(None);
        }
        let sentence = "a token is needed: open the address that the server printed, or send it as a bearer token";
        Err(ApiError::new(Code::Unauthorised, sentence))
    }

    fn refuse_other_sites(&self, request: &Request, host: &str) -> Result<(), ApiError> {
        let headers = request.headers();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let is_page = !request.uri().path().starts_with("/api/");
        if reads && is_page {
            return Ok(());
        }
        let site = header(headers, HeaderName::from_static("sec-fetch-site"));
        let from_elsewhere = matches!(site, Some("cross-site" | "same-site"));
        let other_origin = match header(headers, ORIGIN) {
            None => false,
            Some(origin) => origin.split_once("://").is_none_or(|(_, authority)| !authority.eq_ignore_ascii_case(host)),
        };
        if from_elsewhere || other_origin {
            return Err(ApiError::new(Code::CrossSite, "another site may not do this"));
        }
        Ok(())
    }
}

/// Sends to the studio without the token in the address, which histories would keep.
fn entrance(token: &str) -> Response {
    let cookie = format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Strict");
    let headers = [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie), (CACHE_CONTROL, "no-store".to_owned())];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// localhost, 127.0.0.1 or [::1], with any port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn token_in_query(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("token="))
}

fn cookie_value(cookies: &str) -> Option<&str> {
    cookies.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}

/// Equality in a time that does not tell how much is equal: digests are compared, not the texts.
fn is_equal(shown: &str, token: &str) -> bool {
    blake3::hash(shown.as_bytes()) == blake3::hash(token.as_bytes())
}

fn secure(headers: &mut HeaderMap, is_api: bool) {
    let fixed = HeaderValue::from_static;
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(fixed(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(X_FRAME_OPTIONS, fixed("DENY"));
    headers.insert(REFERRER_POLICY, fixed("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), fixed("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin"));
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        fixed("camera=(), microphone=(), geolocation=(), payment=(), usb=(), midi=(self)"),
    );
    if is_api {
        headers.entry(CACHE_CONTROL).or_insert(fixed("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
        let builder = Request::builder().method(method).uri(path);
        headers.iter().fold(builder, |b, (name, value)| b.header(*name, *value)).body(Body::empty()).unwrap()
    }

    fn code(guard: &Guard, method: &str, path: &str, headers: &[(&str, &str)]) -> Option<Code> {
        guard.allows(&request(method, path, headers)).err().map(|e| e.code)
    }

    #[test]
    fn other_names_are_refused_on_the_loopback() {
        let guard = Guard::default();
        for own in ["localhost", "localhost:7654", "127.0.0.1:1", "[::1]:7654", "LOCALHOST:80"] {
            assert_eq!(code(&guard, "GET", "/", &[("host", own)]), None, "{own}");
        }
        for other in ["evil.example", "127.0.0.1.evil.example:7654", "localhost.evil.example", "", "10.0.0.1:7654"] {
            assert_eq!(code(&guard, "GET", "/", &[("host", other)]), Some(Code::CrossSite), "{other}");
        }
    }

    #[test]
    fn other_sites_change_and_read_nothing() {
        let guard = Guard::default();
        let host = ("host", "127.0.0.1:7654");
        let refused = |method: &str, path: &str, name: &str, value: &str| {
            code(&guard, method, path, &[host, (name, value)]) == Some(Code::CrossSite)
        };
        for method in ["POST", "PUT", "PATCH", "DELETE", "GET"] {
            for origin in ["https://evil.example", "null", "http://127.0.0.1:7655", "http://localhost:7654", "x"] {
                assert!(refused(method, "/api/pieces", "origin", origin), "{method} {origin}");
            }
            for site in ["cross-site", "same-site"] {
                assert!(refused(method, "/api/pieces", "sec-fetch-site", site), "{method} {site}");
            }
            assert!(!refused(method, "/api/pieces", "origin", "http://127.0.0.1:7654"));
            assert!(!refused(method, "/api/pieces", "sec-fetch-site", "same-origin"));
        }
        assert!(!refused("GET", "/", "sec-fetch-site", "cross-site"), "a link may lead to the studio");
        assert!(refused("POST", "/", "sec-fetch-site", "cross-site"));
    }

    #[test]
    fn a_token_opens_and_nothing_else_does() {
        let guard = Guard { token: Some("secret".into()) };
        let host = ("host", "studio.example");
        let shut = Some(Code::Unauthorised);
        assert_eq!(code(&guard, "GET", "/", &[host]), shut);
        assert_eq!(code(&guard, "GET", "/api/health", &[host]), None);
        assert_eq!(code(&guard, "POST", "/api/health", &[host]), shut);
        for (name, value, expected) in [
            ("authorization", "Bearer secret", None),
            ("authorization", "Bearer secre", shut),
            ("authorization", "secret", shut),
            ("cookie", "a=b; aeolian_token=secret", None),
            ("cookie", "aeolian_token=", shut),
            ("cookie", "xaeolian_token=secret", shut),
        ] {
            assert_eq!(code(&guard, "GET", "/api/pieces", &[host, (name, value)]), expected, "{name}: {value}");
        }
        let entered = guard.allows(&request("GET", "//evil.example/?token=secret", &[host])).unwrap().unwrap();
        assert_eq!(
            (entered.status(), &entered.headers()[LOCATION]),
            (StatusCode::SEE_OTHER, &HeaderValue::from_static("/"))
        );
        assert!(entered.headers()[SET_COOKIE].to_str().unwrap().contains("SameSite=Strict"));
        assert_eq!(code(&guard, "POST", "/api/jobs?token=secret", &[host]), shut, "only a GET turns it into a cookie");
    }
}
