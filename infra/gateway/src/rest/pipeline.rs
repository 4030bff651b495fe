//! The way of a request through a REST API, stage by stage, in AWS's order.

use super::error::GatewayError;
use super::{authorize, integrate, parse, respond, route};
use crate::clock::EpochMillis;
use crate::gateway::Gateway;
use crate::ids;
use crate::server::{ClientRequest, Reply, RestPlane};

/// What is known of a request before it is parsed, and still known when it has failed.
pub(super) struct Call<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) api: &'a RestPlane,
    pub(super) request: &'a ClientRequest,
    pub(super) source_ip: String,
    pub(super) request_id: String,
    pub(super) extended_request_id: String,
    pub(super) trace: String,
    pub(super) at: EpochMillis,
}

/// Serves one request. `path` is percent-encoded and begins with the stage: `/production/users/1`.
pub async fn serve(api: &RestPlane, path: &str, request: ClientRequest) -> Reply {
    let gateway = &api.gateway;
    let at = gateway.clock.now();
    let call = Call {
        gateway,
        api,
        source_ip: request.source_ip.to_string(),
        request_id: ids::request_id(),
        extended_request_id: ids::extended_id(),
        trace: ids::trace_header(request.headers.get("x-amzn-trace-id"), at),
        at,
        request: &request,
    };
    let outcome = stages(&call, path).await;
    respond::tail(&call, outcome)
}

/// Any stage may end the request; whatever comes of it goes through the tail.
async fn stages(call: &Call<'_>, path: &str) -> Result<Reply, GatewayError> {
    let parsed = parse::parse(call, path)?;
    let matched = route::route(call, parsed)?;
    let authorized = authorize::authorize(call, matched).await?;
    integrate::require_api_key(&authorized)?;
    let result = integrate::integrate(call, &authorized).await?;
    respond::map_response(call, &authorized, &result)
}
