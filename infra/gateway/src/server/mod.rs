//! The one port in front of everything: reads requests, tells them apart by host and path, hands them on.

mod address;
mod admin;
mod browser;
mod dispatch;
mod export;
mod head;
mod hosted;
mod listener;
mod metrics;
mod planes;
mod published;
mod read;
mod request;
mod tls;

pub use admin::{ApiEntry, FunctionEntry, Overview, RouteEntry, TableEntry};
pub use dispatch::{Describe, Reset, Services};
pub use listener::{Server, bind};
pub use planes::{ApiPlane, HttpPlane, Plane, RestPlane, StageSnapshot, WebSocketPlane};
pub use published::{Planes, Published};
pub use request::{ClientRequest, Headers, Reply};
pub use tls::{Tls, TlsError};

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;

/// A JSON reply of Ferrogate's own (not of an emulated service).
pub(crate) fn json_reply(status: StatusCode, body: &impl serde::Serialize) -> Reply {
    // Everything given to this function is made of strings, numbers and lists; serialising those cannot fail.
    let body = serde_json::to_vec_pretty(body).unwrap_or_default();
    let mut reply = Reply::new(Bytes::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    reply
}

/// A reply of Ferrogate's own that says what is wrong.
pub(crate) fn message_reply(status: StatusCode, message: &str) -> Reply {
    json_reply(status, &serde_json::json!({ "message": message }))
}
