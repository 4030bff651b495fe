//! The opening handshake of RFC 6455: what a client must send, and the 101 it gets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Method, Response, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::server::{ClientRequest, Reply};

/// What a valid upgrade request asks for.
#[derive(Debug)]
pub(super) struct Handshake {
    accept: String,
    offers_protocols: bool,
}

impl Handshake {
    /// Checks an upgrade request; the error is the reply to give.
    pub(super) fn read(request: &ClientRequest) -> Result<Handshake, Box<Reply>> {
        let headers = &request.headers;
        let has_token = |name, token: &str| {
            headers.get_all(name).flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
        };
        if request.method != Method::GET || !has_token("upgrade", "websocket") || !has_token("connection", "upgrade") {
            let mut reply = refuse(StatusCode::UPGRADE_REQUIRED, "Upgrade Required");
            reply.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
            reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            return Err(Box::new(reply));
        }
        if headers.get("sec-websocket-version") != Some("13") {
            let mut reply = refuse(StatusCode::BAD_REQUEST, "Bad Request");
            reply.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            return Err(Box::new(reply));
        }
        let key = headers.get("sec-websocket-key").unwrap_or_default().trim();
        if STANDARD.decode(key).map(|nonce| nonce.len()) != Ok(16) {
            return Err(Box::new(refuse(StatusCode::BAD_REQUEST, "Bad Request")));
        }
        Ok(Handshake {
            accept: derive_accept_key(key.as_bytes()),
            offers_protocols: headers.get("sec-websocket-protocol").is_some(),
        })
    }

    /// The reply that opens the socket. A sub-protocol is the `$connect` function's choice alone, and is told only to a
    /// client that offered some. Extensions (`permessage-deflate`) are never accepted.
    ///
    /// Returns `None` if the function chose a value that cannot be sent.
    pub(super) fn accept(&self, protocol: Option<&str>) -> Option<Reply> {
        let mut reply = Response::new(Bytes::new());
        *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = reply.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(&self.accept).ok()?);
        if let Some(protocol) = protocol.filter(|_| self.offers_protocols) {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(protocol).ok()?);
        }
        Some(reply)
    }
}

/// A refusal before the connection has an id.
pub(super) fn refuse(status: StatusCode, message: &str) -> Reply {
    json_reply(status, format!(r#"{{"message":"{message}"}}"#))
}

/// A reply with a JSON body.
pub(super) fn json_reply(status: StatusCode, body: String) -> Reply {
    let mut reply = Response::new(Bytes::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}
