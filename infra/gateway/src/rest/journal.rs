//! The execution log at the stages of the pipeline: what is logged before and behind a method's integration.

use super::authorize::AuthorizedRequest;
use super::pipeline::Call;
use super::route::MatchedRoute;
use crate::server::Reply;
use crate::telemetry::{ExecutionLog, MethodRequest, Trail};

/// Begins the log of a request whose method is known, where the stage logs that method.
pub(super) fn begin(call: &Call<'_>, matched: &MatchedRoute<'_>, trail: &mut Trail<'_>) {
    // A test of a method is logged in any case.
    if !trail.log.is_on() {
        let Some((level, data_trace)) = matched.method.logging.of(matched.parsed.http_method) else { return };
        trail.log = ExecutionLog::new(level, data_trace, &call.gateway.clock, &call.request_id);
    }
    trail.log.hide_secrets_of(call.request.headers.iter());
    trail.log.began(&call.extended_request_id);
}

/// The request goes to its integration.
pub(super) fn execution(call: &Call<'_>, authorized: &AuthorizedRequest<'_>, log: &mut ExecutionLog) {
    if !log.is_on() {
        return;
    }
    let parsed = &authorized.route.parsed;
    let query: Vec<_> = parsed.query.iter().collect();
    let headers: Vec<_> = call.request.headers.iter().collect();
    log.execution_began(&MethodRequest {
        http_method: parsed.http_method,
        path: parsed.path,
        path_parameters: &authorized.route.path_parameters,
        query: &query,
        headers: &headers,
        body: &call.request.body,
    });
}

/// The reply is the client's; `response_type` is there where it is the gateway's own.
pub(super) fn end(call: &Call<'_>, reply: &Reply, response_type: Option<&str>, trail: &mut Trail<'_>) {
    if !trail.log.is_on() {
        return;
    }
    let (status, body) = (reply.status().as_u16(), reply.body());
    let headers = reply.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
    match response_type {
        None => trail.log.completed(status, headers, body, trail.endpoint_request_id.as_deref()),
        Some(response_type) => trail.log.refused(response_type, status, headers, body),
    }
    if let Some(stage) = trail.stage {
        stage.log_execution(call.gateway, trail.canary == Some(true), &trail.log);
    }
}
