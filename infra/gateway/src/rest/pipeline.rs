//! The way of a request through a REST API, stage by stage, in AWS's order.

use std::sync::OnceLock;

use super::error::GatewayError;
use super::{authorize, cache, compression, journal, limits, parse, respond, route, validate};
use crate::clock::EpochMillis;
use crate::gateway::Gateway;
use crate::ids;
use crate::server::{ClientRequest, Reply, RestPlane};
use crate::telemetry::{ExecutionLog, Level, Trail};

/// What is known of a request before it is parsed, and still known when it has failed.
#[derive(Clone)]
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
    let (mut trail, unpacked) = (Trail::default(), OnceLock::new());
    let outcome = stages(&call, path, &mut trail, &unpacked).await;
    respond::tail(&call, outcome, &mut trail)
}

/// The same with all that there is to log, whatever the stage logs: for tests of a method.
pub(crate) async fn serve_logged(api: &RestPlane, path: &str, request: &ClientRequest) -> (Reply, Vec<String>) {
    let call = Call::new(api, request);
    let log = ExecutionLog::new(Level::Info, true, &call.gateway.clock, &call.request_id);
    let mut trail = Trail { log, ..Trail::default() };
    let unpacked = OnceLock::new();
    let outcome = stages(&call, path, &mut trail, &unpacked).await;
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

/// Any stage may end the request; whatever comes of it goes through the tail. `unpacked` is where a request stays that was sent
/// packed.
async fn stages<'a>(
    call: &Call<'a>,
    path: &'a str,
    trail: &mut Trail<'a>,
    unpacked: &'a OnceLock<ClientRequest>,
) -> Result<Reply, GatewayError> {
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
    // Not before it is known who asks: unpacking is work that anybody could make.
    let replaced = compression::unpacked(call.request).await?;
    let replaced = replaced.map(|request| Call { request: unpacked.get_or_init(|| request), ..call.clone() });
    let call = replaced.as_ref().unwrap_or(call);
    journal::execution(call, &authorized, &mut trail.log);
    validate::check(call, &authorized, trail)?;
    let reply = cache::answer(call, &authorized, api_key.as_ref(), trail).await?;
    let minimum = authorized.route.parsed.stage.minimum_compression_size;
    Ok(compression::packed(call.request, minimum, reply).await)
}
