//! Calling a route's function, and reading the proxy result it answers with.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::compile::websocket::{Route, Target};
use crate::gateway::Gateway;
use crate::proxy::{CallError, HeaderValues, Malformed, call as call_function, is_object, status_code};

/// What a function answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ProxyResult {
    /// `statusCode`; 200 where the function left it out.
    pub(super) status: StatusCode,
    /// The value of its `Sec-WebSocket-Protocol` header.
    pub(super) protocol: Option<String>,
    /// `body`
    pub(super) body: Option<String>,
}

/// Why an integration gave no result. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The route has no function to call.
    #[error("the route cannot be called: {0}")]
    NotCallable(String),
    /// The function was not run, or failed, or was too slow.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The function's answer is no proxy result.
    #[error("the function's result is malformed: {0}")]
    Malformed(#[from] Malformed),
}

impl Failure {
    /// What the client is told.
    pub(super) fn message(&self) -> &'static str {
        match self {
            Failure::Call(CallError::TimedOut { .. }) => "Endpoint request timed out",
            _ => "Internal server error",
        }
    }

    /// The handshake's status if this happened to `$connect`.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Failure::Call(CallError::TimedOut { .. }) => StatusCode::GATEWAY_TIMEOUT,
            Failure::Call(CallError::Function { .. }) | Failure::Malformed(_) => StatusCode::BAD_GATEWAY,
            Failure::Call(
                CallError::NotFound(_)
                | CallError::AccessDenied { .. }
                | CallError::TooLarge(_)
                | CallError::Invoke { .. },
            )
            | Failure::NotCallable(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Calls the route's function with `event`.
///
/// The timeout counts real time: it is the function that is slow, whatever the gateway's clock has been moved to.
pub(super) async fn call(
    gateway: &Gateway,
    route: &Route,
    event: Vec<u8>,
    trace: &str,
) -> Result<ProxyResult, Failure> {
    let (function, timeout) = match &route.target {
        Target::Lambda { function, timeout } => (function, *timeout),
        Target::Unsupported(reason) => return Err(Failure::NotCallable(reason.clone())),
        Target::Nothing => return Err(Failure::NotCallable("it has no integration".to_owned())),
    };
    Ok(read(&call_function(gateway, function, &route.source, event, trace, timeout).await?)?)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawResult {
    status_code: Option<Value>,
    headers: Option<HeaderValues>,
    multi_value_headers: Option<HeaderValues>,
    body: Option<String>,
}

/// Reads a proxy result. Unlike REST APIs, unknown keys are let pass: nothing is known of AWS refusing them here.
fn read(result: &[u8]) -> Result<ProxyResult, Malformed> {
    if !is_object(result) {
        return Err(Malformed("it is not a JSON object".to_owned()));
    }
    // The position is worth knowing, the result's own text does not belong in a log.
    let malformed = |error: serde_json::Error| {
        Malformed(format!("no proxy result at line {} column {}", error.line(), error.column()))
    };
    let raw: RawResult = serde_json::from_slice(result).map_err(malformed)?;
    let status = status_code(raw.status_code.as_ref())?;
    let first = |value: &Value| match value {
        Value::Array(values) => values.first().and_then(Value::as_str).map(str::to_owned),
        value => value.as_str().map(str::to_owned),
    };
    let headers = raw.headers.iter().chain(&raw.multi_value_headers).flatten();
    let protocol = headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))
        .find_map(|(_, value)| first(value));
    Ok(ProxyResult { status, protocol, body: raw.body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(payload: &str) -> Result<ProxyResult, Malformed> {
        read(payload.as_bytes())
    }

    #[test]
    fn proxy_results() {
        let ok = |status: u16, body: Option<&str>| ProxyResult {
            status: status.try_into().unwrap(),
            protocol: None,
            body: body.map(str::to_owned),
        };
        assert_eq!(result(r#"{"statusCode":200}"#).unwrap(), ok(200, None));
        assert_eq!(result(r#"{"statusCode":"201","body":"x"}"#).unwrap(), ok(201, Some("x")));
        assert_eq!(result(r#"{"body":null,"isBase64Encoded":false,"other":1}"#).unwrap(), ok(200, None));
        for headers in [
            r#"{"headers":{"sec-websocket-protocol":"chat"}}"#,
            r#"{"multiValueHeaders":{"Sec-WebSocket-Protocol":["chat"]}}"#,
        ] {
            assert_eq!(result(headers).unwrap().protocol.as_deref(), Some("chat"));
        }
    }

    #[test]
    fn what_is_no_proxy_result_is_malformed() {
        for payload in [
            "null",
            "[]",
            r#"[200, null, null, "a body"]"#,
            "\"ok\"",
            "",
            "{",
            r#"{"statusCode":"abc"}"#,
            r#"{"statusCode":9}"#,
            r#"{"statusCode":true}"#,
            r#"{"statusCode":200,"body":{"a":1}}"#,
        ] {
            let failure = Failure::from(result(payload).expect_err(payload));
            assert_eq!((failure.status(), failure.message()), (StatusCode::BAD_GATEWAY, "Internal server error"));
        }
    }
}
