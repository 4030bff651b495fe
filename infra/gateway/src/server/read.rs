//! Reads a request to its end, within bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};

use super::head::{HeadTape, text};
use super::listener::Client;
use super::{ClientRequest, Headers};

/// DynamoDB accepts 16 MB in one request, the most of all services; an API's own bound (10 MB) is checked by its plane.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What Lambda accepts where a deployment package may be in the request: 50 MB in base64.
const MAX_PACKAGE: usize = 69_905_067;

/// A client that stays silent this long within a body is dropped.
const BODY_PAUSE: Duration = Duration::from_secs(30);

/// Why a request could not be read; with what is known of one whose body is too large.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("the request body is larger than {MAX_BODY} bytes")]
    TooLarge(Box<ClientRequest>),
    #[error("Request must be smaller than {MAX_PACKAGE} bytes for the {0} operation")]
    PackageTooLarge(&'static str),
    #[error("the request body stopped for {} seconds", BODY_PAUSE.as_secs())]
    TooSlow,
    #[error("the request body has no end, or is not encoded as its headers say")]
    Broken,
}

/// Reads `request` to its end.
pub(super) async fn read(
    request: http::Request<Incoming>,
    tape: &HeadTape,
    client: Client,
    port: u16,
) -> Result<ClientRequest, ReadError> {
    let (parts, body) = request.into_parts();
    let headers = tape.headers_of(&parts).unwrap_or_else(|| {
        Headers(parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect())
    });
    let package = package_operation(parts.method == http::Method::PUT, parts.uri.path());
    let mut request = ClientRequest {
        raw_path: match parts.uri.path() {
            "" => "/".to_owned(),
            path => path.to_owned(),
        },
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: addressed(headers, &parts.uri),
        method: parts.method,
        body: Bytes::new(),
        source_ip: client.address.ip(),
        port,
        secure: client.secure,
    };
    let max = if package.is_some() { MAX_PACKAGE } else { MAX_BODY };
    request.body = match (read_body(body, max).await, package) {
        (Ok(body), _) => body,
        (Err(BodyError::TooLarge), Some(operation)) => return Err(ReadError::PackageTooLarge(operation)),
        (Err(BodyError::TooLarge), None) => return Err(ReadError::TooLarge(Box::new(request))),
        (Err(BodyError::TooSlow), _) => return Err(ReadError::TooSlow),
        (Err(BodyError::Broken), _) => return Err(ReadError::Broken),
    };
    tape.rewind();
    Ok(request)
}

/// A request line that names a host (`GET http://host/path`) counts and the Host header does not (RFC 9112, section 3.2.2):
/// who is meant must not depend on which of the two is looked at.
fn addressed(mut headers: Headers, uri: &http::Uri) -> Headers {
    if let Some(authority) = uri.authority() {
        let host = authority.as_str().rsplit('@').next().unwrap_or_default().to_owned();
        headers.0.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
        headers.0.push(("Host".to_owned(), host));
    }
    headers
}

/// The operation of Lambda's control plane that a path is for, if a deployment package may be in its body.
fn package_operation(is_put: bool, path: &str) -> Option<&'static str> {
    let rest = path.strip_prefix("/2015-03-31/functions")?;
    match rest.trim_end_matches('/') {
        "" => Some("CreateFunction"),
        rest if is_put && rest.ends_with("/code") => Some("UpdateFunctionCode"),
        _ => None,
    }
}

/// Why a body could not be read.
enum BodyError {
    TooLarge,
    TooSlow,
    Broken,
}

async fn read_body(mut body: Incoming, max: usize) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > max as u64 {
        return Err(BodyError::TooLarge);
    }
    let mut whole: Option<Bytes> = None;
    let mut pieces = BytesMut::new();
    loop {
        let frame = match tokio::time::timeout(BODY_PAUSE, body.frame()).await {
            Err(_) => return Err(BodyError::TooSlow),
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(BodyError::Broken),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        // Most bodies come in one piece, and that piece needs no copy.
        match (whole.take(), pieces.is_empty()) {
            (None, true) => whole = Some(data),
            (first, _) => {
                pieces.extend_from_slice(&first.unwrap_or_default());
                pieces.extend_from_slice(&data);
            }
        }
        if whole.as_ref().map_or(pieces.len(), Bytes::len) > max {
            return Err(BodyError::TooLarge);
        }
    }
    Ok(whole.unwrap_or_else(|| pieces.freeze()))
}
