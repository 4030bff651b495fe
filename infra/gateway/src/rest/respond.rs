//! The tail that every outcome passes.

use ::http::HeaderValue;

use super::customise::customise;
use super::error::GatewayError;
use super::journal;
use super::pipeline::Call;
use crate::server::Reply;
use crate::telemetry::{ErrorFacts, Exchange, Trail};

/// What every reply carries, whatever came of the request.
pub(super) fn tail(call: &Call<'_>, outcome: Result<Reply, GatewayError>, trail: &mut Trail<'_>) -> Reply {
    let (mut reply, trace, own) = match outcome {
        Ok(reply) => (reply, trail.traced.then_some(&call.trace), None),
        Err(error) => {
            let own = error.reply();
            let response_type = error.response_type();
            (custom(call, own.clone(), response_type, trail), None, Some((own.into_body(), response_type)))
        }
    };
    let error = own.as_ref().map(|(body, response_type)| ErrorFacts { response_type, body: Some(body) });
    // What follows is of AWS's edge, which the log does not tell of.
    journal::end(call, &reply, error.map(|error| error.response_type), trail);
    let mut set = |name: &'static str, value: &str| {
        // Ids and the trace are printable: the latter keeps of the client's own header what was a header already.
        if let Ok(value) = HeaderValue::from_str(value) {
            reply.headers_mut().insert(name, value);
        }
    };
    set("x-amzn-requestid", &call.request_id);
    set("x-amz-apigw-id", &call.extended_request_id);
    if let Some(trace) = trace {
        set("x-amzn-trace-id", trace);
    }
    exchange(call, &reply, error, trail).observe();
    reply
}

/// The gateway's own answer as the API customises it. What comes before an API is looked at has no type, and what is too
/// large cannot be customised.
fn custom(call: &Call<'_>, own: Reply, response_type: &'static str, trail: &Trail<'_>) -> Reply {
    let responses = call.api.stages.get(trail.stage_name).map(|stage| &stage.served(trail.canary).gateway_responses);
    match responses.filter(|responses| !responses.is_empty()) {
        Some(responses) if !matches!(response_type, "" | "REQUEST_TOO_LARGE") => {
            let (body, reply) = (own.body().clone(), own.clone());
            let error = ErrorFacts { response_type, body: Some(&body) };
            customise(call, responses, response_type, &exchange(call, &own, Some(error), trail), reply)
        }
        _ => own,
    }
}

pub(super) fn exchange<'a>(
    call: &'a Call<'_>,
    reply: &'a Reply,
    error: Option<ErrorFacts<'a>>,
    trail: &'a Trail<'a>,
) -> Exchange<'a> {
    Exchange {
        gateway: call.gateway,
        api_id: &call.api.api_id,
        request_id: &call.request_id,
        extended_request_id: &call.extended_request_id,
        trace: &call.trace,
        began_at: call.at,
        ended_at: call.gateway.clock.now(),
        source_ip: &call.source_ip,
        user_agent: call.request.headers.get("user-agent"),
        status: reply.status().as_u16(),
        body: reply.body(),
        error,
        connection: None,
        trail,
    }
}
