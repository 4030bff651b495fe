//! The three events of a WebSocket API, as its functions receive them.

use std::borrow::Cow;
use std::net::IpAddr;

use indexmap::IndexMap;
use serde::Serialize;

use super::ending::Ending;
use crate::authorize::IamCaller;
use crate::clock::{EpochMillis, request_time};
use crate::compile::websocket::Snapshot;
use crate::gateway::Gateway;
use crate::proxy::{All, Authorized, AuthorizerContextV1, Last, MultiMap, QueryPairs, is_signature};
use crate::server::ClientRequest;
use crate::throttle::SentKey;

/// What the `requestContext` of every event of one connection says about that connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    /// `connectionId`
    pub(super) connection_id: &'a str,
    /// `connectedAt`
    pub(super) connected_at: EpochMillis,
    /// `apiId`
    pub(super) api_id: &'a str,
    /// `identity.sourceIp`
    pub(super) source_ip: IpAddr,
    /// `identity.userAgent`
    pub(super) user_agent: Option<&'a str>,
    /// Who has signed the upgrade request.
    pub(super) iam: Option<&'a IamCaller>,
    /// The stage, with its variables.
    pub(super) stage: &'a Snapshot,
    /// What its authorizer answered when it connected.
    pub(super) authorizer: Option<&'a Authorized>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Last<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<All<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_string_parameters: Option<Last<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_query_string_parameters: Option<All<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_variables: Option<&'a IndexMap<String, String>>,
    request_context: Option<RequestContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    is_base64_encoded: bool,
}

/// The event of an authorizer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerEvent<'a> {
    r#type: &'static str,
    method_arn: &'a str,
    headers: Last<'a>,
    multi_value_headers: All<'a>,
    query_string_parameters: Last<'a>,
    multi_value_query_string_parameters: All<'a>,
    stage_variables: &'a IndexMap<String, String>,
    request_context: RequestContext<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    route_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_reason: Option<&'a str>,
    event_type: &'static str,
    extended_request_id: &'a str,
    request_time: String,
    message_direction: &'static str,
    stage: &'a str,
    connected_at: EpochMillis,
    request_time_epoch: EpochMillis,
    identity: Identity<'a>,
    request_id: &'a str,
    domain_name: String,
    connection_id: &'a str,
    api_id: &'a str,
    /// Where an authorizer let the connection in.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<AuthorizerContextV1<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    #[serde(flatten)]
    iam: Option<IamIdentity<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    source_ip: IpAddr,
}

/// What a signature says of the caller. Like all else in this context, it is left out where it is not known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IamIdentity<'a> {
    account_id: &'a str,
    access_key: &'a str,
    caller: &'a str,
    user: &'a str,
    user_arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_org_id: Option<&'a str>,
}

impl<'a> From<&'a IamCaller> for IamIdentity<'a> {
    fn from(caller: &'a IamCaller) -> Self {
        IamIdentity {
            account_id: &caller.account_id,
            access_key: &caller.access_key,
            caller: &caller.caller,
            user: &caller.user,
            user_arn: &caller.user_arn,
            principal_org_id: caller.principal_org_id.as_deref(),
        }
    }
}

/// The CONNECT event.
pub(super) fn connect(
    gateway: &Gateway,
    about: About<'_>,
    request: &ClientRequest,
    request_id: &str,
    trace_id: &str,
    api_key: Option<&SentKey<'_>>,
) -> Vec<u8> {
    let headers = connect_headers(request, trace_id, &["upgrade", "connection"]);
    let query = QueryPairs::parse(&request.raw_query, &['&']);
    let query = query.by_name();
    let mut event = Event {
        headers: Some(headers.last()),
        multi_value_headers: Some(headers.all()),
        query_string_parameters: query.non_empty().map(MultiMap::last),
        multi_value_query_string_parameters: query.non_empty().map(MultiMap::all),
        ..event(gateway, about, "$connect", "CONNECT", request_id)
    };
    if let (Some(context), Some(key)) = (&mut event.request_context, api_key) {
        (context.identity.api_key, context.identity.api_key_id) = (Some(key.value), Some(key.id()));
    }
    encode(&event)
}

/// The event of the REQUEST authorizer of `$connect`. Unlike the function, it is shown the headers of the upgrade.
pub(super) fn authorizer(
    gateway: &Gateway,
    about: About<'_>,
    request: &ClientRequest,
    request_id: &str,
    arn: &str,
    trace_id: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let headers = connect_headers(request, trace_id, &[]);
    let query = QueryPairs::parse(&request.raw_query, &['&']);
    let query = query.by_name();
    serde_json::to_vec(&AuthorizerEvent {
        r#type: "REQUEST",
        method_arn: arn,
        headers: headers.last(),
        multi_value_headers: headers.all(),
        query_string_parameters: query.last(),
        multi_value_query_string_parameters: query.all(),
        stage_variables: &about.stage.variables,
        request_context: context(gateway, about, "$connect", "CONNECT", request_id),
    })
}

/// The MESSAGE event.
pub(super) fn message(gateway: &Gateway, about: About<'_>, route_key: &str, body: &str, request_id: &str) -> Vec<u8> {
    let mut event = Event { body: Some(body), ..event(gateway, about, route_key, "MESSAGE", request_id) };
    if let Some(context) = &mut event.request_context {
        context.message_id = Some(crate::ids::extended_id());
    }
    encode(&event)
}

/// The DISCONNECT event.
pub(super) fn disconnect(gateway: &Gateway, about: About<'_>, ending: &Ending, request_id: &str) -> Vec<u8> {
    let host = gateway.domain_name(about.api_id);
    let mut headers = MultiMap::default();
    for (name, value) in [("Host", &*host), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")] {
        headers.push(name, value);
    }
    let mut event = Event {
        headers: Some(headers.last()),
        multi_value_headers: Some(headers.all()),
        ..event(gateway, about, "$disconnect", "DISCONNECT", request_id)
    };
    if let Some(context) = &mut event.request_context {
        context.disconnect_status_code = Some(ending.status_code());
        context.disconnect_reason = Some(ending.reason());
    }
    encode(&event)
}

fn event<'a>(
    gateway: &Gateway,
    about: About<'a>,
    route_key: &'a str,
    event_type: &'static str,
    request_id: &'a str,
) -> Event<'a> {
    let variables = &about.stage.variables;
    Event {
        stage_variables: (!variables.is_empty()).then_some(variables),
        request_context: Some(context(gateway, about, route_key, event_type, request_id)),
        ..Event::default()
    }
}

fn context<'a>(
    gateway: &Gateway,
    about: About<'a>,
    route_key: &'a str,
    event_type: &'static str,
    request_id: &'a str,
) -> RequestContext<'a> {
    let now = gateway.clock.now();
    RequestContext {
        route_key,
        message_id: None,
        disconnect_status_code: None,
        disconnect_reason: None,
        event_type,
        extended_request_id: request_id,
        request_time: request_time(now),
        message_direction: "IN",
        stage: &about.stage.stage_name,
        connected_at: about.connected_at,
        request_time_epoch: now,
        identity: Identity {
            iam: about.iam.map(IamIdentity::from),
            api_key: None,
            api_key_id: None,
            user_agent: about.user_agent,
            source_ip: about.source_ip,
        },
        request_id,
        domain_name: gateway.domain_name(about.api_id),
        connection_id: about.connection_id,
        api_id: about.api_id,
        authorizer: about.authorizer.map(|a| AuthorizerContextV1 { grant: &a.grant, latency_millis: a.latency_millis }),
    }
}

fn encode(event: &Event<'_>) -> Vec<u8> {
    // Strings, numbers and maps with string keys: serialising them into memory cannot fail.
    serde_json::to_vec(event).unwrap_or_default()
}

/// The client's headers as sent, but for those `without`, and with what API Gateway adds.
fn connect_headers<'a>(request: &'a ClientRequest, trace_id: &'a str, without: &[&str]) -> MultiMap<'a> {
    const REPLACED: [&str; 4] = ["x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"];
    let kept = request
        .headers
        .iter()
        .filter(|(name, value)| {
            let left_out = REPLACED.iter().chain(without).any(|replaced| replaced.eq_ignore_ascii_case(name));
            !left_out && !is_signature(name, value)
        })
        .map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)));
    let mut headers = MultiMap::exact(kept);
    headers.push_forwarded(request, trace_id);
    headers
}
