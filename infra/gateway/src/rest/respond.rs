//! The last stages: a function's result becomes the response, and the tail that every outcome passes.

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderName, HeaderValue, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::authorize::AuthorizedRequest;
use super::customise::customise;
use super::error::GatewayError;
use super::pipeline::Call;
use crate::proxy::{HeaderValues, Malformed, decode_base64, header_pairs, is_object, status_code};
use crate::server::Reply;
use crate::telemetry::{ErrorFacts, Exchange, Trail};

/// What a function may answer: these keys and no others.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProxyResult {
    status_code: Option<Value>,
    headers: Option<HeaderValues>,
    multi_value_headers: Option<HeaderValues>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// Turns the result into the response.
pub(super) fn map_response(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    result: &[u8],
) -> Result<Reply, GatewayError> {
    let failed = |reason: &str| {
        let route = &authorized.route;
        tracing::warn!(
            method = route.parsed.http_method,
            resource = route.resource.path,
            "malformed response: {reason}"
        );
    };
    let (mut reply, body, base64) = read(result).map_err(|malformed| {
        failed(&malformed.0);
        GatewayError::MalformedProxyResponse
    })?;
    // What the response says it is does not matter here: the client decides by its Accept header.
    let binary = &authorized.route.parsed.stage.binary_media_types;
    *reply.body_mut() = if base64 && binary.matches(call.request.headers.get("accept")) {
        decode_base64(&body).ok_or_else(|| {
            failed("isBase64Encoded is true but body is not base64");
            GatewayError::IntegrationFailure
        })?
    } else {
        Bytes::from(body)
    };
    if !reply.headers().contains_key(CONTENT_TYPE) {
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(reply)
}

fn read(result: &[u8]) -> Result<(Reply, String, bool), Malformed> {
    if !is_object(result) {
        return Err(diagnose(result));
    }
    let result: ProxyResult = serde_json::from_slice(result).map_err(|_| diagnose(result))?;
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status_code(result.status_code.as_ref())?;
    // Numbers are refused: recordings of AWS have strings and booleans only.
    for (name, value) in header_pairs(result.headers, result.multi_value_headers, false)? {
        match treatment(name.as_str()) {
            Treatment::Pass => {
                reply.headers_mut().append(name, value);
            }
            Treatment::Drop => {}
            Treatment::Remap(remapped) => {
                reply.headers_mut().append(HeaderName::from_static(remapped), value);
            }
        }
    }
    Ok((reply, result.body.unwrap_or_default(), result.is_base64_encoded.unwrap_or_default()))
}

enum Treatment {
    Pass,
    Drop,
    Remap(&'static str),
}

/// API Gateway's table of headers that a function may not simply set.
fn treatment(name: &str) -> Treatment {
    match name {
        "authorization" => Treatment::Remap("x-amzn-remapped-authorization"),
        "connection" => Treatment::Remap("x-amzn-remapped-connection"),
        "content-md5" => Treatment::Remap("x-amzn-remapped-content-md5"),
        "date" => Treatment::Remap("x-amzn-remapped-date"),
        "max-forwards" => Treatment::Remap("x-amzn-remapped-max-forwards"),
        "server" => Treatment::Remap("x-amzn-remapped-server"),
        "user-agent" => Treatment::Remap("x-amzn-remapped-user-agent"),
        "www-authenticate" => Treatment::Remap("x-amzn-remapped-www-authenticate"),
        // Recomputed from the body that is sent.
        "content-length" => Treatment::Drop,
        "expect" | "host" | "proxy-authenticate" | "te" | "trailer" | "transfer-encoding" | "upgrade" | "via" => {
            Treatment::Drop
        }
        _ => Treatment::Pass,
    }
}

/// Says what is wrong with a result that is no [`ProxyResult`], without quoting its values.
fn diagnose(result: &[u8]) -> Malformed {
    const KEYS: [&str; 5] = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];
    Malformed(match serde_json::from_slice(result) {
        Err(_) => "the function's result is not JSON".to_owned(),
        Ok(Value::Object(result)) => match result.keys().find(|key| !KEYS.contains(&key.as_str())) {
            Some(key) => format!("the key {key:?} is not allowed; only {} are", KEYS.join(", ")),
            None => "headers must be objects, body a string and isBase64Encoded a boolean".to_owned(),
        },
        Ok(_) => "the function's result is not a JSON object".to_owned(),
    })
}

/// What every reply carries, whatever came of the request.
pub(super) fn tail(call: &Call<'_>, outcome: Result<Reply, GatewayError>, trail: &Trail<'_>) -> Reply {
    // Only what an integration answered is traced.
    let (mut reply, trace, own) = match outcome {
        Ok(reply) => (reply, Some(&call.trace), None),
        Err(error) => {
            let own = error.reply();
            let response_type = error.response_type();
            (custom(call, own.clone(), response_type, trail), None, Some((own.into_body(), response_type)))
        }
    };
    let error = own.as_ref().map(|(body, response_type)| ErrorFacts { response_type, body: Some(body) });
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
    let responses = call.api.stages.get(trail.stage_name).map(|stage| &stage.gateway_responses);
    match responses.filter(|responses| !responses.is_empty()) {
        Some(responses) if !matches!(response_type, "" | "REQUEST_TOO_LARGE") => {
            let (body, reply) = (own.body().clone(), own.clone());
            let error = ErrorFacts { response_type, body: Some(&body) };
            customise(call, responses, response_type, &exchange(call, &own, Some(error), trail), reply)
        }
        _ => own,
    }
}

fn exchange<'a>(
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
