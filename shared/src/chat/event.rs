//! The events of a WebSocket API and the replies to them.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    domain::{ConnectionId, Invalid, Timestamp},
    errors::AppError,
};

/// A CONNECT, MESSAGE or DISCONNECT event, as far as the functions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketEvent {
    /// The connection that it is about.
    pub connection_id: ConnectionId,
    /// When the connection was made.
    pub connected_at: Timestamp,
    /// The query string; of a CONNECT alone.
    pub query: HashMap<String, String>,
    /// The text that the client sent; of a MESSAGE alone.
    pub body: String,
    /// Lambda's id of this invocation.
    pub request_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEvent {
    request_context: WireContext,
    #[serde(default)]
    query_string_parameters: Option<HashMap<String, String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireContext {
    connection_id: String,
    connected_at: i64,
}

impl SocketEvent {
    /// Reads an event as API Gateway sends it.
    pub fn read(event: Value, request_id: String) -> Result<Self, lambda_runtime::Error> {
        let wire: WireEvent = serde_json::from_value(event)
            .map_err(|error| format!("this function expects the event of a WebSocket API: {error}"))?;
        let mut body = wire.body.unwrap_or_default();
        if wire.is_base64_encoded {
            let bytes = STANDARD.decode(&body).map_err(|error| format!("the event's body is not base64: {error}"))?;
            // What is no text is no message either: the replacement characters fail to parse as JSON.
            body = String::from_utf8_lossy(&bytes).into_owned();
        }
        Ok(SocketEvent {
            connection_id: ConnectionId::parse(&wire.request_context.connection_id)
                .map_err(|invalid: Invalid| format!("the event's connectionId {invalid}"))?,
            connected_at: Timestamp::from_millis(wire.request_context.connected_at),
            query: wire.query_string_parameters.unwrap_or_default(),
            body,
            request_id,
        })
    }
}

/// A reply. For `$connect` the status decides whether the connection opens; the body reaches the client only on a route
/// with a route response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketReply {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<HashMap<&'static str, &'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

impl SocketReply {
    /// Done, nothing to say.
    pub fn ok() -> Self {
        SocketReply { status_code: 200, headers: None, body: None }
    }

    /// A status with a JSON body.
    pub fn json(status_code: u16, body: &Value) -> Self {
        let headers = HashMap::from([("Content-Type", "application/json")]);
        SocketReply { status_code, headers: Some(headers), body: Some(body.to_string()) }
    }

    /// An error as the whole reply, logged here. What a `$connect` is refused with.
    pub fn refusal(error: &AppError, request_id: &str) -> Self {
        error.log();
        SocketReply::json(error.status(), &error.body(request_id))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_a_message_event() {
        let event = json!({
            "requestContext": {"connectionId": "c=", "connectedAt": 5, "routeKey": "$default"},
            "body": "aGk=", "isBase64Encoded": true,
        });
        let event = SocketEvent::read(event, "r".into()).unwrap();
        assert_eq!((event.body.as_str(), event.connected_at.millis()), ("hi", 5));
        assert!(event.query.is_empty());
    }

    #[test]
    fn says_what_an_event_lacks() {
        let error = SocketEvent::read(json!({"requestContext": {}}), String::new()).unwrap_err();
        assert!(error.to_string().contains("connectionId"), "{error}");
        assert!(SocketEvent::read(json!({"body": "x"}), String::new()).is_err());
    }

    #[test]
    fn a_reply_leaves_out_what_it_does_not_say() {
        assert_eq!(serde_json::to_value(SocketReply::ok()).unwrap(), json!({"statusCode": 200}));
        let refusal = SocketReply::refusal(&AppError::field("roomId", "is required"), "r");
        assert_eq!(serde_json::to_value(refusal).unwrap()["statusCode"], 400);
    }
}
