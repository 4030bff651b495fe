//! CORS as a function URL does it by itself.

use ::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, VARY,
};
use ::http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::model::UrlCors;
use crate::server::{ClientRequest, Reply};

/// The answer to a preflight; `None` if the request is none, or CORS is not configured: then the function is asked.
pub(super) fn preflight(cors: Option<&UrlCors>, request: &ClientRequest) -> Option<Reply> {
    let cors = cors?;
    let headers = &request.headers;
    let (origin, method) = (headers.get("origin")?, headers.get("access-control-request-method")?);
    if request.method != Method::OPTIONS {
        return None;
    }
    let mut reply = Reply::default();
    let asked = headers.get("access-control-request-headers").unwrap_or_default();
    let mut asked = asked.split(',').map(str::trim).filter(|name| !name.is_empty());
    let allowed = cors.allow_methods.iter().any(|allowed| allowed == "*" || allowed == method)
        && asked.all(|name| cors.allow_headers.iter().any(|known| known == "*" || known.eq_ignore_ascii_case(name)));
    if allowed && let Some(value) = allowed_origin(cors, origin) {
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

/// Adds what the request's origin may see.
pub(super) fn decorate(cors: Option<&UrlCors>, request: &ClientRequest, headers: &mut HeaderMap) {
    let (Some(cors), Some(origin)) = (cors, request.headers.get("origin")) else { return };
    let Some(value) = allowed_origin(cors, origin) else { return };
    origin_headers(headers, cors, value);
    list(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers);
}

/// Whether the URL sets a header itself where CORS is configured.
pub(super) fn is_cors_header(name: &HeaderName) -> bool {
    name.as_str().starts_with("access-control-")
}

fn origin_headers(headers: &mut HeaderMap, cors: &UrlCors, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if cors.allow_credentials == Some(true) {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

/// `*` where all are allowed and nobody may send credentials, otherwise the origin's own echo.
fn allowed_origin(cors: &UrlCors, origin: &str) -> Option<HeaderValue> {
    let all = cors.allow_origins.iter().any(|allowed| allowed == "*");
    if all && cors.allow_credentials != Some(true) {
        return Some(HeaderValue::from_static("*"));
    }
    let allowed = all || cors.allow_origins.iter().any(|allowed| allowed == origin);
    allowed.then(|| HeaderValue::from_str(origin).ok()).flatten()
}

fn list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if !values.is_empty()
        && let Ok(value) = HeaderValue::from_str(&values.join(","))
    {
        headers.insert(name, value);
    }
}
