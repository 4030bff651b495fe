//! `AWS_PROXY`: the whole request goes to a function, and its result becomes the response.

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderValue, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::super::authorize::AuthorizedRequest;
use super::super::error::GatewayError;
use super::super::event;
use super::super::pipeline::Call;
use super::{Facts, failed};
use crate::compile::SourceArn;
use crate::compile::rest::{Credentials, LambdaProxy};
use crate::proxy::{
    CallError, HeaderValues, Integrated, Malformed, call_traced, decode_base64, header_pairs, is_object,
    name_for_client, status_code,
};
use crate::server::Reply;
use crate::telemetry::{ExecutionLog, Trail};
use crate::throttle::SentKey;

/// Calls the function and makes the response of its result.
pub(super) async fn answer(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    api_key: Option<&SentKey<'_>>,
    declared: &LambdaProxy,
    facts: &mut Facts<'_>,
    trail: &mut Trail<'_>,
) -> Result<Reply, GatewayError> {
    let result = invoke(call, authorized, api_key, declared, trail).await;
    facts.answered();
    map_response(call, authorized, &result?, &mut trail.log)
}

/// Calls the function; its result as it came.
async fn invoke(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    api_key: Option<&SentKey<'_>>,
    declared: &LambdaProxy,
    trail: &mut Trail<'_>,
) -> Result<Bytes, GatewayError> {
    let (event, source) = event_for(call, authorized, api_key, declared, &mut trail.log)?;
    let began = call.gateway.clock.now();
    let mut result = call_traced(call.gateway, &declared.function, source, event, &call.trace, declared.timeout).await;
    if let Ok(answered) = &result {
        trail.log.function_answered(call.gateway.clock.now() - began, &answered.payload);
    }
    trail.endpoint_answered(&mut result);
    result.map(|answered| answered.payload).map_err(|error| refused(authorized, &error, &mut trail.log))
}

/// The event that the function is called with, and the method that calls it where the function's policy is to be asked.
pub(super) fn event_for<'a>(
    call: &Call<'_>,
    authorized: &'a AuthorizedRequest<'_>,
    api_key: Option<&SentKey<'_>>,
    declared: &LambdaProxy,
    log: &mut ExecutionLog,
) -> Result<(Vec<u8>, Option<&'a SourceArn>), GatewayError> {
    let route = &authorized.route;
    let event = event::proxy(call, authorized, api_key).map_err(|error| {
        failed(route, &format!("the event could not be written: {error}"));
        GatewayError::IntegrationFailure
    })?;
    let source = &route.method.source;
    log.function_called(call.gateway, &declared.function, source, &event);
    Ok((event, (declared.credentials == Credentials::Method).then_some(source)))
}

/// The function has given no result.
pub(super) fn refused(authorized: &AuthorizedRequest<'_>, error: &CallError, log: &mut ExecutionLog) -> GatewayError {
    failed(&authorized.route, &error.to_string());
    log.function_failed(error);
    match error {
        CallError::TimedOut { .. } => GatewayError::IntegrationTimeout,
        CallError::TooLarge(_) => GatewayError::RequestTooLong,
        CallError::NotFound(_) | CallError::AccessDenied { .. } => GatewayError::IntegrationFailure,
        CallError::Invoke { .. } | CallError::Function { .. } => GatewayError::MalformedProxyResponse,
    }
}

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
fn map_response(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    result: &[u8],
    log: &mut ExecutionLog,
) -> Result<Reply, GatewayError> {
    let mut failed = |reason: &str| {
        failed(&authorized.route, &format!("malformed response: {reason}"));
        log.failed("Execution failed due to configuration error: Malformed Lambda proxy response");
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
        if let Some(name) = name_for_client(Integrated::LambdaProxy, name) {
            reply.headers_mut().append(name, value);
        }
    }
    Ok((reply, result.body.unwrap_or_default(), result.is_base64_encoded.unwrap_or_default()))
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
