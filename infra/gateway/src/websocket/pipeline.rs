//! What happens to a connection, in API Gateway's order.
//!
//! - connect: `stage → handshake → authorize → API key and limits → integrate $connect → open`
//! - message: `select route → limits → integrate → answer`
//! - disconnect: `integrate $disconnect`

use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use hyper::upgrade::OnUpgrade;
use percent_encoding::percent_decode_str;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::MAX_MESSAGE_BYTES;
use super::authorize::{Connect, authorize};
use super::connection::{Admitted, Connection};
use super::connections::{Connections, Place};
use super::ending::Ending;
use super::event::{self, About};
use super::frames::error_text;
use super::handshake::{Handshake, json_reply, refuse};
use super::integrate::{Failure, ProxyResult, call};
use super::limits;
use super::observe::{Observed, called};
use super::session::Session;
use super::socket;
use crate::authorize::IamCaller;
use crate::compile::websocket::{Route, Snapshot, Target};
use crate::ids;
use crate::proxy::{Authorized, Malformed};
use crate::server::{ClientRequest, Reply, WebSocketPlane};
use crate::telemetry::{ConnectionFacts, IntegrationFacts};

/// The longest URL of a WebSocket API.
const MAX_URL_CHARS: usize = 4_096;

/// Serves a request to a stage of a WebSocket API that is not one to `@connections`: an upgrade, or a mistake.
///
/// `path` begins with the stage. On 101 a task of its own drives the socket as soon as the reply has been sent. The
/// `$connect` function runs to its end even if the client goes away meanwhile (and this future is dropped): what it has
/// stored is then undone by `$disconnect`.
pub async fn connect(
    api: &Arc<WebSocketPlane>,
    connections: &Arc<Connections>,
    path: &str,
    request: ClientRequest,
    upgrade: OnUpgrade,
) -> Reply {
    let Some(stage) = stage(api, path) else {
        return refuse(StatusCode::FORBIDDEN, "Forbidden");
    };
    if request.raw_path.len() + request.raw_query.len() > MAX_URL_CHARS {
        return refuse(StatusCode::URI_TOO_LONG, "Request URI too long");
    }
    let handshake = match Handshake::read(&request) {
        Ok(handshake) => handshake,
        Err(reply) => return *reply,
    };
    if connections.is_closing() {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    }
    let Some(place) = connections.reserve() else {
        tracing::warn!(api = api.api_id, "connect refused: too many open connections");
        return refuse(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    };
    let candidate = Candidate {
        connections: connections.clone(),
        api: api.clone(),
        stage,
        place,
        id: ids::extended_id(),
        request_id: ids::extended_id(),
    };
    let opened = tokio::spawn(candidate.open(handshake, request, upgrade)).await;
    opened.unwrap_or_else(|error| {
        tracing::error!(%error, "connect panicked");
        refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
    })
}

/// The stage that a path names: `/{stage}`, with nothing behind it.
fn stage(api: &WebSocketPlane, path: &str) -> Option<Arc<Snapshot>> {
    let name = path.strip_prefix('/')?;
    let name = percent_decode_str(name.strip_suffix('/').unwrap_or(name)).decode_utf8().ok()?;
    api.stages.get(&*name).cloned()
}

/// What a connect leaves for those who watch, however it ends.
#[derive(Default)]
struct CameOf {
    integration: Option<IntegrationFacts>,
    authorizer: Option<Authorized>,
}

/// A client between its upgrade request and its open socket.
struct Candidate {
    connections: Arc<Connections>,
    api: Arc<WebSocketPlane>,
    stage: Arc<Snapshot>,
    place: Place,
    id: String,
    request_id: String,
}

impl Candidate {
    async fn open(self, handshake: Handshake, request: ClientRequest, upgrade: OnUpgrade) -> Reply {
        let connected_at = self.api.gateway.clock.now();
        let (api, stage) = (Arc::clone(&self.api), Arc::clone(&self.stage));
        let (id, request_id) = (self.id.clone(), self.request_id.clone());
        let (source_ip, user_agent) = (request.source_ip, request.headers.get("user-agent").map(str::to_owned));
        let trace = ids::trace_header(request.headers.get("x-amzn-trace-id"), connected_at);
        let mut came_of = CameOf::default();
        let reply = self.accept(handshake, request, upgrade, connected_at, &trace, &mut came_of).await;
        Observed {
            gateway: &api.gateway,
            stage: &stage,
            api_id: &api.api_id,
            connection: ConnectionFacts { id: &id, connected_at, event_type: "CONNECT" },
            route_key: "$connect",
            request_id: &request_id,
            trace: &trace,
            began_at: connected_at,
            source_ip,
            user_agent: user_agent.as_deref(),
            // The connection is what a client of an access log wants to know of, not the protocol's switch.
            status: if reply.status() == StatusCode::SWITCHING_PROTOCOLS { 200 } else { reply.status().as_u16() },
            body: reply.body(),
            integration: came_of.integration,
            authorizer: came_of.authorizer,
        }
        .observe();
        reply
    }

    async fn accept(
        self,
        handshake: Handshake,
        request: ClientRequest,
        upgrade: OnUpgrade,
        connected_at: i64,
        trace: &str,
        came_of: &mut CameOf,
    ) -> Reply {
        let (accepted, iam) = match self.stage.routes.get("$connect") {
            // Without the route every client is let in.
            None => match limits::connect(&self.api, &self.stage, None, &request, None) {
                Ok(_) => Default::default(),
                Err(refusal) => return self.refuse(&refusal),
            },
            Some(route) => match self.ask(route, &request, connected_at, trace, came_of).await {
                Ok(result) => result,
                Err(reply) => return reply,
            },
        };
        let Some(reply) = handshake.accept(accepted.protocol.as_deref()) else {
            return self.fail(&malformed("Sec-WebSocket-Protocol cannot be sent as a header"));
        };
        let (connection, inbox) = Connection::new(
            self.id,
            self.api.api_id.clone(),
            self.stage.stage_name.clone(),
            connected_at,
            request.source_ip,
            request.headers.get("user-agent").map(str::to_owned),
            Admitted { iam, authorizer: came_of.authorizer.clone() },
        );
        let session = Session {
            gateway: self.api.gateway.clone(),
            connections: self.connections,
            connection: Arc::new(connection),
            connected_to: self.stage,
            _place: Arc::new(self.place),
        };
        // Reachable before the client hears that it is connected, so that nothing it causes can come too early.
        session.connections.insert(session.connection.clone());
        tokio::spawn(socket::drive(session, upgrade, inbox));
        reply
    }

    /// Asks `$connect`; the error is the reply that refuses the client.
    async fn ask(
        &self,
        route: &Route,
        request: &ClientRequest,
        connected_at: i64,
        trace_id: &str,
        came_of: &mut CameOf,
    ) -> Result<(ProxyResult, Option<IamCaller>), Reply> {
        let mut about = About {
            connection_id: &self.id,
            connected_at,
            api_id: &self.api.api_id,
            source_ip: request.source_ip,
            user_agent: request.headers.get("user-agent"),
            iam: None,
            stage: &self.stage,
            authorizer: None,
        };
        let (gateway, request_id) = (&self.api.gateway, &*self.request_id);
        let connect = Connect { gateway, about, request, request_id, trace: trace_id };
        let iam = authorize(connect, route, &mut came_of.authorizer).await.map_err(|refusal| {
            tracing::warn!(
                api = self.api.api_id,
                stage = self.stage.stage_name,
                reason = refusal.reason,
                "connect refused"
            );
            self.reply(refusal.status, public_text(refusal.status))
        })?;
        let answer = came_of.authorizer.as_ref();
        let key = answer.and_then(|authorized| authorized.grant.usage_identifier_key.as_deref());
        let api_key = limits::connect(&self.api, &self.stage, Some(route), request, key);
        let api_key = api_key.map_err(|refusal| self.refuse(&refusal))?;
        if route.target == Target::Nothing {
            return Ok((ProxyResult::default(), iam));
        }
        about.authorizer = came_of.authorizer.as_ref();
        about.iam = iam.as_ref();
        let event = event::connect(&self.api.gateway, about, request, &self.request_id, trace_id, api_key.as_ref());
        let began_at = self.api.gateway.clock.now();
        let result = call(&self.api.gateway, route, event, trace_id).await;
        came_of.integration = Some(called(&self.api.gateway, began_at, &result, |result| result.status.as_u16()));
        let result = result.map_err(|failure| self.fail(&failure))?;
        if result.status.is_success() {
            return Ok((result, iam));
        }
        // The function's words stay here: AWS does not say that they reach the client.
        Err(self.reply(result.status, public_text(result.status)))
    }

    fn refuse(&self, refusal: &limits::Refusal) -> Reply {
        let (api, stage) = (&self.api.api_id, &self.stage.stage_name);
        tracing::debug!(api, stage, reason = refusal.message(), "connect refused");
        self.reply(refusal.status(), refusal.message())
    }

    fn fail(&self, failure: &Failure) -> Reply {
        tracing::warn!(api = self.api.api_id, stage = self.stage.stage_name, route = "$connect", %failure, "connect failed");
        self.reply(failure.status(), failure.message())
    }

    fn reply(&self, status: StatusCode, message: &str) -> Reply {
        let mut reply = json_reply(status, error_text(message, &self.id, &self.request_id));
        if let Ok(value) = HeaderValue::from_str(&self.request_id) {
            reply.headers_mut().insert("x-amzn-requestid", value);
        }
        reply
    }
}

fn malformed(reason: impl Into<String>) -> Failure {
    Failure::Malformed(Malformed(reason.into()))
}

/// The gateway's own words for a status that refuses a connect.
fn public_text(status: StatusCode) -> &'static str {
    if status.is_server_error() { "Internal server error" } else { status.canonical_reason().unwrap_or("Forbidden") }
}

impl Session {
    fn about<'a>(&'a self, stage: &'a Snapshot) -> About<'a> {
        let connection = &*self.connection;
        About {
            connection_id: &connection.id,
            connected_at: connection.connected_at,
            api_id: &connection.api_id,
            source_ip: connection.source_ip,
            user_agent: connection.user_agent.as_deref(),
            iam: connection.admitted.iam.as_ref(),
            stage,
            authorizer: connection.admitted.authorizer.as_ref(),
        }
    }

    /// One message of the client, from its text to what the client gets for it.
    pub(super) async fn message(self, text: Utf8Bytes) {
        let stage = self.newest();
        let request_id = ids::extended_id();
        let began_at = self.gateway.clock.now();
        let trace_id = ids::trace_header(None, began_at);
        let Some(route) = select_route(&stage, &text) else {
            let answer = error_text("Forbidden", &self.connection.id, &request_id);
            let event = Event { kind: "MESSAGE", route_key: "", request_id: &request_id, trace: &trace_id, began_at };
            self.observe(&stage, event, StatusCode::FORBIDDEN, answer.as_bytes(), None);
            return self.answer(answer).await;
        };
        if self.gateway.limits.admit(None, route.limit.as_ref(), began_at).is_err() {
            let answer = error_text("Too Many Requests", &self.connection.id, &request_id);
            let event =
                Event { kind: "MESSAGE", route_key: &route.key, request_id: &request_id, trace: &trace_id, began_at };
            self.observe(&stage, event, StatusCode::TOO_MANY_REQUESTS, answer.as_bytes(), None);
            return self.answer(answer).await;
        }
        let event = event::message(&self.gateway, self.about(&stage), &route.key, &text, &request_id);
        // The event holds the message now; the buffer it came in need not wait for the function.
        drop(text);
        let called_at = self.gateway.clock.now();
        let outcome =
            call(&self.gateway, route, event, &trace_id).await.and_then(|result| two_way_answer(route, result));
        let integration = called(&self.gateway, called_at, &outcome, |_| 200);
        let (status, answer) = match outcome {
            Ok(answer) => (StatusCode::OK, answer),
            Err(failure) => {
                self.log(route, &failure);
                (failure.status(), Some(error_text(failure.message(), &self.connection.id, &request_id)))
            }
        };
        let event =
            Event { kind: "MESSAGE", route_key: &route.key, request_id: &request_id, trace: &trace_id, began_at };
        self.observe(&stage, event, status, answer.as_deref().unwrap_or_default().as_bytes(), Some(integration));
        if let Some(answer) = answer {
            self.answer(answer).await;
        }
    }

    /// Tells the `$disconnect` function, whose result interests nobody. It is not throttled, though AWS may drop it then:
    /// whoever cleans up after connections should be able to.
    pub(super) async fn disconnected(&self, ending: &Ending) {
        let stage = self.newest();
        let began_at = self.gateway.clock.now();
        let (request_id, trace_id) = (ids::extended_id(), ids::trace_header(None, began_at));
        let (mut status, mut integration) = (StatusCode::OK, None);
        if let Some(route) = stage.routes.get("$disconnect").filter(|route| route.target != Target::Nothing) {
            let event = event::disconnect(&self.gateway, self.about(&stage), ending, &request_id);
            let outcome = call(&self.gateway, route, event, &trace_id).await;
            integration = Some(called(&self.gateway, began_at, &outcome, |result| result.status.as_u16()));
            if let Err(failure) = outcome {
                status = failure.status();
                self.log(route, &failure);
            }
        }
        let event =
            Event { kind: "DISCONNECT", route_key: "$disconnect", request_id: &request_id, trace: &trace_id, began_at };
        self.observe(&stage, event, status, &[], integration);
    }

    fn observe(
        &self,
        stage: &Snapshot,
        event: Event<'_>,
        status: StatusCode,
        body: &[u8],
        integration: Option<IntegrationFacts>,
    ) {
        let connection = &*self.connection;
        Observed {
            gateway: &self.gateway,
            stage,
            api_id: &connection.api_id,
            connection: ConnectionFacts {
                id: &connection.id,
                connected_at: connection.connected_at,
                event_type: event.kind,
            },
            route_key: event.route_key,
            request_id: event.request_id,
            trace: event.trace,
            began_at: event.began_at,
            source_ip: connection.source_ip,
            user_agent: connection.user_agent.as_deref(),
            status: status.as_u16(),
            body,
            integration,
            authorizer: connection.admitted.authorizer.clone(),
        }
        .observe();
    }

    async fn answer(&self, text: String) {
        self.connection.outbox.send(text.into()).await;
    }

    fn log(&self, route: &Route, failure: &Failure) {
        let Connection { api_id, stage, id, .. } = &*self.connection;
        tracing::warn!(api = api_id, stage, route = route.key, connection = id, %failure, "integration failed");
    }
}

/// An event of an open connection, for those who watch.
struct Event<'a> {
    kind: &'static str,
    route_key: &'a str,
    request_id: &'a str,
    trace: &'a str,
    began_at: i64,
}

/// The route that a message names, or else `$default`. No message names a `$` route.
fn select_route<'a>(stage: &'a Snapshot, text: &str) -> Option<&'a Route> {
    let key = stage.selection.evaluate(text).filter(|key| !key.starts_with('$'));
    key.and_then(|key| stage.routes.get(&key)).or_else(|| stage.routes.get("$default"))
}

/// The body for the client, if the route has a route response and the function a body; its status does not matter.
fn two_way_answer(route: &Route, result: ProxyResult) -> Result<Option<String>, Failure> {
    match result.body.filter(|body| route.two_way && !body.is_empty()) {
        Some(body) if body.len() > MAX_MESSAGE_BYTES => {
            Err(malformed(format!("its body has {} bytes, more than a message may have", body.len())))
        }
        body => Ok(body),
    }
}
