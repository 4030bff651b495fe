//! Answers: JSON, headers, entity tags.

use lambda_http::{
    Body, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use serde_json::Value;

use crate::domain::Version;

/// A JSON answer. Never to be kept by a cache unless a caller says otherwise.
pub fn json(status: u16, body: &Value) -> Response<Body> {
    let mut response = empty(status);
    *response.body_mut() = Body::Text(body.to_string());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer without a body.
pub fn empty(status: u16) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    // A status out of range can only be a programming error, which the client sees as one.
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Sets a header. A value that no header can carry (a line break) is left out rather than sent broken.
pub fn with_header(mut response: Response<Body>, name: &'static str, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}

/// The entity tag of a version: strong, as two versions of a user are never byte for byte alike.
pub fn etag(version: Version) -> String {
    format!("\"{version}\"")
}
