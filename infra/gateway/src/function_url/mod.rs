//! Function URLs: an HTTP address for one function, without an API around it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>

mod cors;
mod event;
#[cfg(test)]
mod tests;

use ::http::header::{CONTENT_TYPE, SET_COOKIE};
use ::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::control::UrlTarget;
use crate::ids;
use crate::lambda::{InvokeError, InvokeRequest};
use crate::proxy::{HeaderValues, Malformed, decode_base64, header_pairs, is_object, status_code};
use crate::server::{ClientRequest, Reply};

/// Lambda's bound for what is sent to a function URL.
const MAX_BODY: usize = 6 * 1024 * 1024;

/// Answers one request to a function URL; `path` is percent-encoded and begins with a slash. `signed` says whether the
/// request names somebody who signs it.
pub(crate) async fn serve(target: &UrlTarget, path: &str, request: &ClientRequest, signed: bool) -> Reply {
    let request_id = ids::request_id();
    let mut reply = match cors::preflight(target.url.cors.as_ref(), request) {
        Some(preflight) => preflight,
        None => {
            let mut reply = answer(target, path, request, signed, &request_id).await;
            cors::decorate(target.url.cors.as_ref(), request, reply.headers_mut());
            reply
        }
    };
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        reply.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    reply
}

async fn answer(target: &UrlTarget, path: &str, request: &ClientRequest, signed: bool, request_id: &str) -> Reply {
    let may = if target.url.auth_type == "NONE" { target.open } else { signed };
    if !may {
        if target.url.auth_type == "NONE" {
            tracing::warn!(
                "the policy of {0} does not let everybody use its URL; allow it with: aws lambda add-permission --function-name \
                 {0} --statement-id url --action lambda:InvokeFunctionUrl --principal '*' --function-url-auth-type NONE",
                target.function
            );
        }
        return error(StatusCode::FORBIDDEN, "Forbidden");
    }
    if request.body.len() > MAX_BODY {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
    }
    let trace = ids::trace_header(request.headers.get("x-amzn-trace-id"), target.gateway.clock.now());
    let event = match event::event(target, path, request, request_id, &trace) {
        Ok(event) => event,
        Err(failure) => {
            tracing::error!(function = target.function, error = %failure, "the event of a function URL cannot be written");
            return error(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        }
    };
    let invoke =
        InvokeRequest { qualifier: target.qualifier.clone(), trace_id: Some(trace), ..InvokeRequest::sync(event) };
    let invocation = match target.gateway.lambda.invoke(&target.function, invoke).await {
        Ok(invocation) => invocation,
        Err(InvokeError::TooManyRequests { .. }) => return error(StatusCode::TOO_MANY_REQUESTS, "Rate Exceeded."),
        Err(InvokeError::RequestTooLarge(_)) => return error(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
        Err(failure) => {
            tracing::error!(function = target.function, error = %failure, "a function URL cannot call its function");
            return error(StatusCode::BAD_GATEWAY, "Internal Server Error");
        }
    };
    if invocation.function_error.is_some() {
        tracing::warn!(function = target.function, "the function behind a URL has failed");
        return error(StatusCode::BAD_GATEWAY, "Internal Server Error");
    }
    match response(&invocation.payload, target.url.cors.is_some()) {
        Ok(reply) => reply,
        Err(malformed) => {
            tracing::warn!(function = target.function, "malformed response to a function URL: {malformed}");
            error(StatusCode::BAD_GATEWAY, "Internal Server Error")
        }
    }
}

/// Lambda's own answer.
fn error(status: StatusCode, message: &str) -> Reply {
    let mut reply = Reply::new(serde_json::json!({ "Message": message }).to_string().into());
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// A structured result; keys that mean nothing here are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Structured {
    status_code: Option<Value>,
    headers: Option<HeaderValues>,
    cookies: Option<Vec<String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// A function's result as a response: what has `statusCode` is one, anything else is the body of a 200.
fn response(result: &[u8], own_cors: bool) -> Result<Reply, Malformed> {
    let structured = is_object(result).then(|| serde_json::from_slice::<Structured>(result));
    let Some(Ok(Structured { status_code: Some(status), headers, cookies, body, is_base64_encoded })) = structured
    else {
        if let Some(Err(wrong)) = structured
            && wrong.is_data()
        {
            return Err(Malformed("a field has the wrong type".to_owned()));
        }
        let body = match serde_json::from_slice(result) {
            Err(_) if result.trim_ascii().is_empty() => Bytes::new(),
            Err(_) => return Err(Malformed("the function's result is not JSON".to_owned())),
            Ok(Value::String(text)) => Bytes::from(text),
            Ok(_) => Bytes::copy_from_slice(result),
        };
        let mut reply = Response::new(body);
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Ok(reply);
    };
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status_code(Some(&status))?;
    let out = reply.headers_mut();
    for (name, value) in header_pairs(headers, None, true)? {
        let hop = matches!(
            name.as_str(),
            "connection" | "content-length" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade"
        );
        let replaced = own_cors && cors::is_cors_header(&name);
        if !hop && !replaced {
            out.append(name, value);
        }
    }
    for cookie in cookies.into_iter().flatten() {
        let cookie = HeaderValue::from_str(&cookie).map_err(|_| Malformed("a cookie cannot be sent".to_owned()))?;
        out.append(SET_COOKIE, cookie);
    }
    if !out.contains_key(CONTENT_TYPE) {
        out.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let body = body.unwrap_or_default();
    *reply.body_mut() = if is_base64_encoded == Some(true) {
        decode_base64(&body).ok_or_else(|| Malformed("isBase64Encoded is true but body is not base64".to_owned()))?
    } else {
        Bytes::from(body)
    };
    Ok(reply)
}
