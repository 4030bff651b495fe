//! The last stages: a function's result becomes the response, inferred where it is none, and the tail that every
//! outcome passes.

use ::http::header::{CONTENT_TYPE, SET_COOKIE};
use ::http::{HeaderValue, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::authorize::AuthorizedRequest;
use super::cors;
use super::error::GatewayError;
use super::pipeline::Call;
use crate::compile::http::PayloadFormat;
use crate::proxy::{HeaderValues, Malformed, decode_base64, header_pairs, is_object, status_code};
use crate::server::Reply;
use crate::telemetry::{ErrorFacts, Exchange, Trail};

/// A structured result; keys that mean nothing here are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProxyResult {
    status_code: Value,
    headers: Option<HeaderValues>,
    /// Format 1.0 only.
    multi_value_headers: Option<HeaderValues>,
    /// Format 2.0 only.
    cookies: Option<Vec<String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// Turns the result into the response.
pub(super) fn map_response(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    format: PayloadFormat,
    result: &[u8],
) -> Result<Reply, GatewayError> {
    let reply = match format {
        PayloadFormat::V1 => structured(call, format, result),
        PayloadFormat::V2 if has_status(result) => structured(call, format, result),
        PayloadFormat::V2 => infer(result),
    };
    reply.map_err(|malformed| {
        let route = &authorized.route;
        tracing::warn!(
            route = route.route.route_key,
            method = route.parsed.http_method,
            "malformed response: {}",
            malformed.0
        );
        GatewayError::InternalServerError
    })
}

fn has_status(result: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        #[serde(rename = "statusCode")]
        _status_code: serde::de::IgnoredAny,
    }
    is_object(result) && serde_json::from_slice::<Status>(result).is_ok()
}

/// A result without `statusCode` is the body of a 200.
fn infer(result: &[u8]) -> Result<Reply, Malformed> {
    let body = match serde_json::from_slice(result) {
        // A custom runtime may answer nothing at all.
        Err(_) if result.trim_ascii().is_empty() => Bytes::new(),
        Err(_) => return Err(Malformed("the function's result is not JSON".to_owned())),
        Ok(Value::String(text)) => Bytes::from(text),
        Ok(_) => Bytes::copy_from_slice(result),
    };
    let mut reply = Response::new(body);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(reply)
}

fn structured(call: &Call<'_>, format: PayloadFormat, result: &[u8]) -> Result<Reply, Malformed> {
    if !is_object(result) {
        return Err(Malformed("the function's result is not a JSON object".to_owned()));
    }
    let result: ProxyResult = serde_json::from_slice(result).map_err(|error| {
        let why =
            if error.is_data() { "statusCode is missing, or a field has the wrong type" } else { "it is not JSON" };
        Malformed(format!("the function's result is no response: {why}"))
    })?;
    let status = match &result.status_code {
        Value::Null => return Err(Malformed("statusCode is null".to_owned())),
        status => status_code(Some(status))?,
    };
    let (multi, cookies) = match format {
        PayloadFormat::V1 => (result.multi_value_headers, None),
        PayloadFormat::V2 => (None, result.cookies),
    };
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    for (name, value) in header_pairs(result.headers, multi, true)? {
        let hop = matches!(
            name.as_str(),
            "connection" | "content-length" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade"
        );
        let replaced = call.stage.is_some_and(|stage| stage.cors.is_some()) && cors::is_cors_header(&name);
        if !hop && !replaced {
            headers.append(name, value);
        }
    }
    for cookie in cookies.into_iter().flatten() {
        let cookie = HeaderValue::from_str(&cookie).map_err(|_| Malformed("a cookie cannot be sent".to_owned()))?;
        headers.append(SET_COOKIE, cookie);
    }
    let body = result.body.unwrap_or_default();
    let body = if result.is_base64_encoded == Some(true) {
        decode_base64(&body).ok_or_else(|| Malformed("isBase64Encoded is true but body is not base64".to_owned()))?
    } else {
        Bytes::from(body)
    };
    // The default type is what is reported of AWS; a response without a body needs none.
    if !body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    *reply.body_mut() = body;
    Ok(reply)
}

/// What every reply carries, whatever came of the request.
pub(super) fn tail(call: &Call<'_>, outcome: Result<Reply, GatewayError>, trail: &Trail<'_>) -> Reply {
    let error = outcome.as_ref().err().map(|_| ErrorFacts { response_type: "", body: None });
    let mut reply = outcome.unwrap_or_else(GatewayError::reply);
    // A preflight has its CORS headers, or is refused by having none.
    if cors::preflight_of(call).is_none() {
        cors::decorate(call, reply.headers_mut());
    }
    // The id is base64.
    if let Ok(id) = HeaderValue::from_str(&call.request_id) {
        reply.headers_mut().insert("apigw-requestid", id);
    }
    Exchange {
        gateway: call.gateway,
        api_id: &call.api.api_id,
        request_id: &call.request_id,
        extended_request_id: "",
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
    .observe();
    reply
}
