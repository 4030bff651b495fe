//! AWS's JSON 1.0 protocol as DynamoDB speaks it: targets, credentials, ids, checksums, errors.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use dynoxide::DynoxideError;
use dynoxide::auth_material::{self, AuthMaterial};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;

use super::dispatch::Operation;
use crate::server::{ClientRequest, Reply};

const TARGETS: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];
/// DynamoDB's bound on a request.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Which operation a request asks for, if it may be run; the error is the reply to give.
pub(super) fn operation(request: &ClientRequest) -> Result<Operation, Box<Reply>> {
    let target = request.headers.get("x-amz-target").unwrap_or_default();
    let name = TARGETS.iter().find_map(|prefix| target.strip_prefix(prefix));
    let Some(operation) = name.and_then(Operation::named) else {
        if let Some(name) = name {
            tell_once(name);
        }
        let message = match name {
            Some(name) => format!("{name} is not an operation that the embedded DynamoDB supports"),
            None => format!("X-Amz-Target `{target}` names no DynamoDB operation"),
        };
        return Err(Box::new(coral_error(StatusCode::BAD_REQUEST, "UnknownOperationException", &message)));
    };
    // Presence and form alone: signatures are not verified until the identity issue brings keys to verify them with.
    let material = AuthMaterial {
        authorization: request.headers.get("authorization"),
        query: &request.raw_query,
        has_date_header: request.headers.get("x-amz-date").is_some() || request.headers.get("date").is_some(),
    };
    if let Some(refusal) = auth_material::validate(material) {
        return Err(Box::new(reply(StatusCode::BAD_REQUEST, refusal.into())));
    }
    if request.body.len() > MAX_BODY_BYTES {
        let message = format!("The request has {} bytes, more than the {MAX_BODY_BYTES} allowed", request.body.len());
        return Err(Box::new(coral_error(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message)));
    }
    Ok(operation)
}

/// Logs an operation that is not here, once: a client that polls would fill the log.
fn tell_once(operation: &str) {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    /// Each is a name of the client's choosing.
    const MAX_TOLD: usize = 256;
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.len() < MAX_TOLD && operation.len() <= 128 && told.insert(operation.to_owned()) {
        tracing::warn!(operation, "an operation of DynamoDB's that is not supported was called");
    }
}

/// A successful answer.
pub(super) fn ok(body: Vec<u8>) -> Reply {
    reply(StatusCode::OK, body.into())
}

/// Why an operation is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// By the database.
    #[error("{0}")]
    Database(#[from] DynoxideError),
    /// By the streams, in a kind that the database does not have.
    #[error("{kind}: {message}")]
    Stream { kind: &'static str, message: &'static str },
}

impl Refusal {
    /// The HTTP status of its reply.
    pub(super) fn status_code(&self) -> u16 {
        match self {
            Refusal::Database(error) => error.status_code(),
            Refusal::Stream { .. } => 400,
        }
    }
}

/// An operation's error.
pub(super) fn refusal(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::Database(error) => database_error(error),
        Refusal::Stream { kind, message } => error(StatusCode::BAD_REQUEST, kind, message),
    }
}

/// An error of DynamoDB's own namespace.
pub(in crate::services) fn error(status: StatusCode, kind: &str, message: &str) -> Reply {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": message });
    reply(status, body.to_string().into())
}

fn database_error(error: &DynoxideError) -> Reply {
    let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        // Its text is the database's own and belongs in the log.
        return internal_error();
    }
    reply(status, error.to_json().into())
}

/// The error that says nothing internal.
pub(in crate::services) fn internal_error() -> Reply {
    let message = "The request processing has failed because of an unknown error, exception or failure.";
    error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message)
}

fn coral_error(status: StatusCode, kind: &str, message: &str) -> Reply {
    let body = json!({ "__type": format!("com.amazon.coral.service#{kind}"), "message": message });
    reply(status, body.to_string().into())
}

fn reply(status: StatusCode, body: Bytes) -> Reply {
    let checksum = HeaderValue::from(crc32fast::hash(&body));
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    headers.insert("x-amz-crc32", checksum);
    if let Ok(id) = HeaderValue::from_str(&request_id()) {
        headers.insert("x-amzn-requestid", id);
    }
    reply
}

/// DynamoDB's own form of a request id: 52 capitals and digits.
fn request_id() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(52).map(|c| c.to_ascii_uppercase()).collect()
}
