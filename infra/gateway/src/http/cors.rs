//! CORS as an HTTP API does it by itself: it answers preflights, and its headers replace the integration's own.

use ::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use ::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;

use super::pipeline::Call;
use crate::model::CorsConfiguration;
use crate::server::Reply;

/// The reply to a preflight; `None` if the request is none, or CORS is not configured.
///
/// AWS does not document what it answers to an origin, method or header that is not allowed; here it is the same 204
/// without CORS headers, which every browser takes as a refusal.
pub(super) fn preflight(call: &Call<'_>) -> Option<Reply> {
    let cors = call.stage?.cors.as_ref()?;
    let (origin, method) = preflight_of(call)?;
    let headers = &call.request.headers;
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = StatusCode::NO_CONTENT;
    let requested = headers.get("access-control-request-headers").unwrap_or_default();
    let requested = requested.split(',').map(str::trim).filter(|name| !name.is_empty());
    let allowed = cors.allow_methods.iter().any(|m| m == "*" || m == method)
        && requested.into_iter().all(|name| listed(&cors.allow_headers, name));
    if let (Some(value), true) = (allowed_origin(cors, origin), allowed) {
        let out = reply.headers_mut();
        origin_headers(out, cors, value);
        list(out, ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods);
        list(out, ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers);
        if let Some(seconds) = cors.max_age {
            out.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
        }
    }
    Some(reply)
}

/// Which origin asks whether it may use which method; `None` if the request is no preflight.
pub(super) fn preflight_of<'a>(call: &Call<'a>) -> Option<(&'a str, &'a str)> {
    let headers = &call.request.headers;
    (call.request.method == ::http::Method::OPTIONS)
        .then_some((headers.get("origin")?, headers.get("access-control-request-method")?))
}

/// Adds to any reply but a preflight's what its origin may see. Headers that the integration set are gone by now.
pub(super) fn decorate(call: &Call<'_>, headers: &mut HeaderMap) {
    let cors = call.stage.and_then(|stage| stage.cors.as_ref());
    let (Some(cors), Some(origin)) = (cors, call.request.headers.get("origin")) else { return };
    let Some(value) = allowed_origin(cors, origin) else { return };
    origin_headers(headers, cors, value);
    list(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers);
}

/// Whether `name` is a CORS header, which the gateway alone sets where CORS is configured.
pub(super) fn is_cors_header(name: &HeaderName) -> bool {
    name.as_str().starts_with("access-control-")
}

fn origin_headers(headers: &mut HeaderMap, cors: &CorsConfiguration, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if cors.allow_credentials {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

/// What `access-control-allow-origin` says to this origin: `*` where all are allowed, otherwise its own echo.
fn allowed_origin(cors: &CorsConfiguration, origin: &str) -> Option<HeaderValue> {
    if cors.allow_origins.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    let matches = |allowed: &String| match allowed.split_once('*') {
        None => allowed == origin,
        // `https://*` and `https://*.example.com`: the star stands for something in a host, never for a path.
        Some((before, after)) => origin
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|star| !star.is_empty() && !star.contains('/')),
    };
    cors.allow_origins.iter().any(matches).then(|| HeaderValue::from_str(origin).ok()).flatten()
}

fn listed(allowed: &[String], name: &str) -> bool {
    allowed.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(name))
}

fn list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    // The compiler has checked that each value can be sent.
    if !values.is_empty()
        && let Ok(value) = HeaderValue::from_str(&values.join(","))
    {
        headers.insert(name, value);
    }
}
