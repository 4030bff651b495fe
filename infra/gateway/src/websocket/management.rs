//! The `@connections` API (`ApiGatewayManagementApi`): what functions write to clients through.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::MAX_MESSAGE_BYTES;
use super::connection::Connection;
use super::connections::Connections;
use super::ending::Ending;
use super::handshake::json_reply;
use super::outbox::QueueError;
use crate::authorize::{Action, IamDenial, IamRefusal, authorize_iam};
use crate::clock::iso8601;
use crate::ids;
use crate::server::{ClientRequest, Reply, WebSocketPlane};

/// Serves `/{stage}/@connections/{connectionId}`; `path` is that path as sent, percent-encoded.
pub async fn connections_api(
    api: &WebSocketPlane,
    connections: &Arc<Connections>,
    path: &str,
    request: ClientRequest,
) -> Reply {
    let mut reply = match serve(api, connections, path, request) {
        Ok(reply) => reply,
        Err(refusal) => refusal.into_reply(),
    };
    if let Ok(id) = HeaderValue::from_str(&ids::request_id()) {
        reply.headers_mut().insert("x-amzn-requestid", id);
    }
    reply
}

fn serve(
    api: &WebSocketPlane,
    connections: &Connections,
    path: &str,
    request: ClientRequest,
) -> Result<Reply, Refusal> {
    if !is_signed(&request) {
        return Err(Refusal::Forbidden);
    }
    let (stage, id) = target(path)?;
    if api.gateway.iam.checks_signatures() {
        let method_and_path = format!("{}/@connections/{id}", request.method);
        let arn = api.gateway.method_arn(&api.api_id, &stage, &method_and_path);
        authorize_iam(&api.gateway, &request, Action::ManageConnections, &arn, None).map_err(|refusal| {
            tracing::warn!(api = api.api_id, stage, reason = refusal.reason(), "a call of @connections is refused");
            Refusal::Iam(refusal)
        })?;
    }
    if !api.stages.contains_key(&stage) {
        return Err(Refusal::Forbidden);
    }
    // Callbacks share the account's throttle with all requests.
    if api.gateway.limits.admit(None, None, api.gateway.clock.now()).is_err() {
        return Err(Refusal::LimitExceeded);
    }
    if !matches!(request.method, Method::POST | Method::GET | Method::DELETE) {
        return Err(Refusal::MethodNotAllowed);
    }
    if !has_the_shape_of_an_id(&id) {
        return Err(Refusal::InvalidId(id));
    }
    if request.method == Method::POST && request.body.len() > MAX_MESSAGE_BYTES {
        return Err(Refusal::TooLarge);
    }
    let connection = connections
        .get(&id)
        .filter(|connection| connection.api_id == api.api_id && connection.stage == stage)
        .ok_or(Refusal::Gone)?;
    match request.method {
        Method::POST => post(&connection, request.body),
        Method::GET => Ok(get(&connection)),
        _ => {
            // Unreachable at once, although the socket takes a moment to close.
            connections.remove(&id);
            connection.end(Ending::Deleted);
            tracing::debug!(connection = id, at = api.gateway.clock.now(), "connection deleted");
            Ok(empty(StatusCode::NO_CONTENT))
        }
    }
}

fn post(connection: &Connection, body: Bytes) -> Result<Reply, Refusal> {
    // Clients get text frames only, so what is no UTF-8 cannot arrive as it is.
    let text = Utf8Bytes::try_from(body.clone()).unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned().into());
    match connection.outbox.try_send(text) {
        Ok(()) => Ok(empty(StatusCode::OK)),
        Err(QueueError::Closed) => Err(Refusal::Gone),
        Err(QueueError::Full) => {
            tracing::warn!(connection = connection.id, "post refused: the client reads too slowly");
            Err(Refusal::LimitExceeded)
        }
    }
}

fn get(connection: &Connection) -> Reply {
    let mut identity = json!({ "sourceIp": connection.source_ip });
    if let Some(user_agent) = &connection.user_agent {
        identity["userAgent"] = json!(user_agent);
    }
    let body = json!({
        "connectedAt": iso8601(connection.connected_at),
        "identity": identity,
        "lastActiveAt": iso8601(connection.last_active_at()),
    });
    json_reply(StatusCode::OK, body.to_string())
}

/// The stage and the connection id of a path.
fn target(path: &str) -> Result<(String, String), Refusal> {
    let decode = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let mut segments = path.strip_prefix('/').unwrap_or(path).splitn(3, '/');
    let (stage, connections, id) = (segments.next(), segments.next(), segments.next());
    match (stage, connections.map(decode).as_deref(), id) {
        (Some(stage), Some("@connections"), Some(id)) if !id.is_empty() => Ok((decode(stage), decode(id))),
        _ => Err(Refusal::NotFound),
    }
}

/// Fifteen characters of base64 and a `=`.
fn has_the_shape_of_an_id(id: &str) -> bool {
    id.strip_suffix('=').is_some_and(|id| {
        id.len() == 15 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'))
    })
}

/// Whether the call carries a SigV4 signature for `execute-api`, in its header or its query.
///
/// Its presence is required even where signatures are not checked, because AWS refuses unsigned calls: code that forgets to
/// sign must fail here too, not after deployment.
fn is_signed(request: &ClientRequest) -> bool {
    let in_scope = |credential: &str| credential.trim().ends_with("/execute-api/aws4_request");
    if let Some(header) = request.headers.get("authorization") {
        let Some((algorithm, rest)) = header.split_once(' ') else { return false };
        let field = |name: &str| rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        return algorithm.starts_with("AWS4-")
            && field("Credential").is_some_and(in_scope)
            && field("SignedHeaders").is_some()
            && field("Signature").is_some();
    }
    let parameter = |name: &str| {
        let value = request.raw_query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.map(|value| percent_decode_str(value).decode_utf8_lossy().into_owned())
    };
    parameter("X-Amz-Algorithm").is_some_and(|algorithm| algorithm.starts_with("AWS4-"))
        && parameter("X-Amz-Credential").is_some_and(|credential| in_scope(&credential))
        && parameter("X-Amz-Signature").is_some()
}

/// The errors of the API.
#[derive(Debug)]
enum Refusal {
    InvalidId(String),
    Iam(IamRefusal),
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Gone,
    TooLarge,
    LimitExceeded,
}

impl Refusal {
    fn into_reply(self) -> Reply {
        let (status, kind, message) = match self {
            Refusal::InvalidId(id) => {
                (StatusCode::BAD_REQUEST, "BadRequestException", Some(format!("Invalid connectionId: {id}")))
            }
            Refusal::Iam(IamRefusal::Signature(refusal)) => {
                (StatusCode::FORBIDDEN, refusal.code(), Some(refusal.message().into_owned()))
            }
            // With a capital, as the other answers of this kind; the text is a guess by analogy.
            Refusal::Iam(IamRefusal::Denied(denial)) => {
                let IamDenial { user_arn, resource, .. } = &*denial;
                let action = "execute-api:ManageConnections";
                let text = format!("User: {user_arn} is not authorized to perform: {action} on resource: {resource}");
                (StatusCode::FORBIDDEN, "AccessDeniedException", Some(text))
            }
            Refusal::Forbidden => (StatusCode::FORBIDDEN, "ForbiddenException", Some("Forbidden".to_owned())),
            Refusal::NotFound => (StatusCode::NOT_FOUND, "NotFoundException", Some("Not Found".to_owned())),
            Refusal::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowedException", Some("Method Not Allowed".to_owned()))
            }
            // AWS sends no body with this one.
            Refusal::Gone => (StatusCode::GONE, "GoneException", None),
            Refusal::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException", Some("Message too long".to_owned()))
            }
            Refusal::LimitExceeded => {
                (StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", Some("Rate exceeded".to_owned()))
            }
        };
        let mut reply = match message {
            Some(message) => json_reply(status, json!({ "message": message }).to_string()),
            None => empty(status),
        };
        reply.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(kind));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            reply.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST, DELETE"));
        }
        reply
    }
}

fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status;
    reply
}
