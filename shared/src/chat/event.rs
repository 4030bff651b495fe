//! The events of a WebSocket API and the replies to them.

use std::{borrow::Cow, collections::HashMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    domain::{ChatName, ChatUserId, ConnectionId, Invalid, Timestamp},
    errors::AppError,
};

/// A CONNECT, MESSAGE or DISCONNECT event, as far as the functions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketEvent {
    /// The connection that it is about.
    pub connection_id: ConnectionId,
    /// When the connection was made.
    pub connected_at: Timestamp,
    /// Whose the connection is, as the authorizer of `$connect` has verified it; `None` if the route has none.
    pub user: Option<SocketUser>,
    /// The subprotocols that the client offers, in its order; of a CONNECT alone.
    pub subprotocols: Vec<String>,
    /// The query string; of a CONNECT alone.
    pub query: HashMap<String, String>,
    /// The text that the client sent; of a MESSAGE alone.
    pub body: String,
    /// Lambda's id of this invocation.
    pub request_id: String,
}

/// A verified user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketUser {
    /// The user's id.
    pub user_id: ChatUserId,
    /// What the user is called. Somebody without a name, or with one that a chat cannot show, is called by the id.
    pub username: ChatName,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEvent {
    request_context: WireContext,
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
    #[serde(default)]
    multi_value_headers: Option<HashMap<String, Vec<String>>>,
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
    #[serde(default)]
    authorizer: Option<HashMap<String, Value>>,
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
        let subprotocols = subprotocols(wire.headers.unwrap_or_default(), wire.multi_value_headers.unwrap_or_default());
        Ok(SocketEvent {
            user: wire.request_context.authorizer.as_ref().and_then(user),
            subprotocols,
            connection_id: ConnectionId::parse(&wire.request_context.connection_id)
                .map_err(|invalid: Invalid| format!("the event's connectionId {invalid}"))?,
            connected_at: Timestamp::from_millis(wire.request_context.connected_at),
            query: wire.query_string_parameters.unwrap_or_default(),
            body,
            request_id,
        })
    }
}

/// Whom the authorizer's context names.
fn user(context: &HashMap<String, Value>) -> Option<SocketUser> {
    let text = |name: &str| context.get(name).and_then(Value::as_str);
    let user_id = ChatUserId::parse(text("userId")?).ok()?;
    let named = text("username").and_then(|name| ChatName::parse(name).ok());
    let username = named.or_else(|| ChatName::parse(user_id.as_str()).ok())?;
    Some(SocketUser { user_id, username })
}

/// All values of `Sec-WebSocket-Protocol`, which is a list and may be sent in several headers.
fn subprotocols(single: HashMap<String, String>, multiple: HashMap<String, Vec<String>>) -> Vec<String> {
    let is_it = |name: &str| name.eq_ignore_ascii_case("sec-websocket-protocol");
    let several: Vec<String> = multiple.into_iter().filter(|(name, _)| is_it(name)).flat_map(|(_, all)| all).collect();
    let values = if several.is_empty() {
        single.into_iter().filter(|(name, _)| is_it(name)).map(|(_, value)| value).collect()
    } else {
        several
    };
    let offered = values.iter().flat_map(|value| value.split(','));
    offered.map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// A reply. For `$connect` the status decides whether the connection opens; the body reaches the client only on a route
/// with a route response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketReply {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<HashMap<&'static str, Cow<'static, str>>>,
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
        let headers = HashMap::from([("Content-Type", "application/json".into())]);
        SocketReply { status_code, headers: Some(headers), body: Some(body.to_string()) }
    }

    /// Opens the connection with this subprotocol, one of those that the client offers.
    pub fn with_subprotocol(subprotocol: &str) -> Self {
        let headers = HashMap::from([("Sec-WebSocket-Protocol", Cow::Owned(subprotocol.to_owned()))]);
        SocketReply { headers: Some(headers), ..SocketReply::ok() }
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
    fn the_user_is_whom_the_authorizer_names_and_nobody_else() {
        let read = |authorizer: Value| {
            let event = json!({
                "requestContext": {"connectionId": "c=", "connectedAt": 5, "authorizer": authorizer},
                "queryStringParameters": {"userId": "mallory"}, "headers": {"userId": "mallory"},
            });
            SocketEvent::read(event, "r".into()).unwrap().user
        };
        let ada = read(json!({"userId": "u-1", "username": "Ada"})).unwrap();
        assert_eq!((ada.user_id.as_str(), ada.username.as_str()), ("u-1", "Ada"));
        // A name that shows as another one is none.
        let odd = read(json!({"userId": "u-1", "username": "A\u{202E}da"})).unwrap();
        assert_eq!(odd.username.as_str(), "u-1");
        for nobody in [Value::Null, json!({}), json!({"principalId": "u-1"}), json!({"userId": ""})] {
            assert_eq!(read(nobody), None);
        }
    }

    #[test]
    fn subprotocols_are_a_list_in_whatever_header() {
        let read = |headers: Value| {
            let event = json!({"requestContext": {"connectionId": "c=", "connectedAt": 5}, "headers": headers});
            SocketEvent::read(event, "r".into()).unwrap().subprotocols
        };
        assert_eq!(read(json!({"sec-websocket-protocol": "a,b , c"})), ["a", "b", "c"]);
        assert!(read(json!({"Host": "h"})).is_empty());
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
