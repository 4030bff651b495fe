//! The way of a request through an HTTP API, stage by stage, in AWS's order.

use super::error::GatewayError;
use super::{authorize, cors, integrate, respond, route};
use crate::clock::EpochMillis;
use crate::compile::http::HttpSnapshot;
use crate::gateway::Gateway;
use crate::ids;
use crate::server::{ClientRequest, HttpPlane, Reply};
use crate::telemetry::{IntegrationFacts, Trail};

/// What is known of a request before it is parsed, and still known when it has failed.
pub(super) struct Call<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) api: &'a HttpPlane,
    /// The stage that the path is for, if there is one.
    pub(super) stage: Option<&'a HttpSnapshot>,
    pub(super) request: &'a ClientRequest,
    pub(super) source_ip: String,
    pub(super) domain_name: String,
    /// `requestContext.requestId` and the header `apigw-requestid`.
    pub(super) request_id: String,
    pub(super) trace: String,
    pub(super) at: EpochMillis,
}

/// Serves one request. `path` is percent-encoded and begins with the stage's name, or has none for `$default`.
pub async fn serve(api: &HttpPlane, path: &str, request: ClientRequest) -> Reply {
    let gateway = &api.gateway;
    let at = gateway.clock.now();
    let path = if path.is_empty() { "/" } else { path };
    // Told first, because the stage has the CORS of every reply.
    let (stage, route_path) = route::stage(api, path);
    let call = Call {
        gateway,
        api,
        stage,
        source_ip: request.source_ip.to_string(),
        domain_name: gateway.domain_name(&api.api_id),
        request_id: ids::extended_id(),
        trace: ids::trace_header(request.headers.get("x-amzn-trace-id"), at),
        at,
        request: &request,
    };
    let mut trail = Trail { http_method: request.method.as_str(), path: path.into(), ..Trail::default() };
    if let Some(stage) = stage {
        (trail.stage, trail.stage_name) = (Some(&stage.telemetry), &stage.stage_name);
    }
    let outcome = stages(&call, path, route_path, &mut trail).await;
    respond::tail(&call, outcome, &trail)
}

/// Any stage may end the request; whatever comes of it goes through the tail.
async fn stages<'a>(
    call: &Call<'a>,
    path: &'a str,
    route_path: &'a str,
    trail: &mut Trail<'a>,
) -> Result<Reply, GatewayError> {
    let parsed = route::parse(call, path, route_path)?;
    if let Some(preflight) = cors::preflight(call) {
        return Ok(preflight);
    }
    let matched = route::route(parsed)?;
    (trail.route_key, trail.resource_path) = (&matched.route.route_key, &matched.route.path);
    let authorized = authorize::authorize(call, matched, trail).await?;
    trail.iam.clone_from(&authorized.iam);
    let began = call.gateway.clock.now();
    // There are no clients to tell apart: HTTP APIs have no API keys.
    let limit = authorized.route.route.limit.as_ref();
    call.gateway.limits.admit(None, limit, began).map_err(|_| GatewayError::TooManyRequests)?;
    let result = integrate::integrate(call, &authorized, trail).await;
    let latency_millis = call.gateway.clock.now() - began;
    let error = result.as_ref().err().map(|error| error.integration_error());
    trail.integration = Some(IntegrationFacts { latency_millis, status: None, error });
    let (format, result) = result?;
    let reply = respond::map_response(call, &authorized, format, &result);
    trail.integration = Some(match &reply {
        Ok(reply) => IntegrationFacts { latency_millis, status: Some(reply.status().as_u16()), error },
        Err(error) => IntegrationFacts { latency_millis, status: None, error: Some(error.integration_error()) },
    });
    reply
}
