//! The way of a request through a REST API, stage by stage, in AWS's order.

use super::error::GatewayError;
use super::{authorize, cache, journal, limits, parse, respond, route};
use crate::clock::EpochMillis;
use crate::gateway::Gateway;
use crate::ids;
use crate::server::{ClientRequest, Reply, RestPlane};
use crate::telemetry::{ExecutionLog, Level, Trail};

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
    let call = Call::new(api, &request);
    let mut trail = Trail::default();
    let outcome = stages(&call, path, &mut trail).await;
    respond::tail(&call, outcome, &mut trail)
}

/// The same with all that there is to log, whatever the stage logs: for tests of a method.
pub(crate) async fn serve_logged(api: &RestPlane, path: &str, request: &ClientRequest) -> (Reply, Vec<String>) {
    let call = Call::new(api, request);
    let log = ExecutionLog::new(Level::Info, true, &call.gateway.clock, &call.request_id);
    let mut trail = Trail { log, ..Trail::default() };
    let outcome = stages(&call, path, &mut trail).await;
    let reply = respond::tail(&call, outcome, &mut trail);
    (reply, trail.log.lines().iter().map(|line| line.text.clone()).collect())
}

impl<'a> Call<'a> {
    fn new(api: &'a RestPlane, request: &'a ClientRequest) -> Self {
        let gateway = &api.gateway;
        let at = gateway.clock.now();
        Call {
            gateway,
            api,
            source_ip: request.source_ip.to_string(),
            request_id: ids::request_id(),
            extended_request_id: ids::extended_id(),
            trace: ids::trace_header(request.headers.get("x-amzn-trace-id"), at),
            at,
            request,
        }
    }
}

/// Any stage may end the request; whatever comes of it goes through the tail.
async fn stages<'a>(call: &Call<'a>, path: &'a str, trail: &mut Trail<'a>) -> Result<Reply, GatewayError> {
    let parsed = parse::parse(call, path)?;
    trail.stage = Some(&parsed.stage.telemetry);
    trail.stage_name = &parsed.stage.stage_name;
    trail.deployment_id = &parsed.stage.deployment_id;
    trail.canary = parsed.stage.is_canary;
    trail.http_method = parsed.http_method;
    trail.path = path.into();
    let matched = route::route(call, parsed)?;
    trail.resource_id = &matched.resource.id;
    trail.resource_path = &matched.resource.path;
    if !matched.parsed.stage.gateway_responses.is_empty() {
        trail.path_parameters.clone_from(&matched.path_parameters);
    }
    journal::begin(call, &matched, trail);
    let authorized = authorize::authorize(call, matched, trail).await?;
    trail.iam.clone_from(&authorized.iam);
    let api_key = limits::admit(call, &authorized, trail)?;
    journal::execution(call, &authorized, &mut trail.log);
    cache::answer(call, &authorized, api_key.as_ref(), trail).await
}
