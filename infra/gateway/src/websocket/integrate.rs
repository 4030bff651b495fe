//! Calling a route's function, and reading the proxy result it answers with.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::compile::websocket::{Route, Target};
use crate::lambda::{Invocation, Invoke, InvokeError, InvokeRequest};

/// What a function answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ProxyResult {
    /// `statusCode`; 200 where the function left it out.
    pub(super) status: u16,
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
    /// Lambda would not run the function.
    #[error("the function could not be invoked: {0}")]
    Invoke(#[from] InvokeError),
    /// The function failed; its own log says why.
    #[error("the function failed ({0})")]
    Function(String),
    /// The function's answer is no proxy result.
    #[error("the function's result is malformed: {0}")]
    Malformed(String),
    /// No answer within the integration's timeout.
    #[error("the function did not answer within {0:?}")]
    TimedOut(std::time::Duration),
}

impl Failure {
    /// What the client is told.
    pub(super) fn message(&self) -> &'static str {
        match self {
            Failure::TimedOut(_) => "Endpoint request timed out",
            _ => "Internal server error",
        }
    }

    /// The handshake's status if this happened to `$connect`.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Failure::NotCallable(_) | Failure::Invoke(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Failure::Function(_) | Failure::Malformed(_) => StatusCode::BAD_GATEWAY,
            Failure::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// Calls the route's function with `event`.
///
/// The timeout counts real time: it is the function that is slow, whatever the gateway's clock has been moved to. As on
/// AWS a function that misses it is not stopped, only no longer waited for.
pub(super) async fn call(
    lambda: Arc<dyn Invoke>,
    route: &Route,
    event: Vec<u8>,
    trace_id: String,
) -> Result<ProxyResult, Failure> {
    let (function, timeout) = match &route.target {
        Target::Lambda { function, timeout } => (function.clone(), *timeout),
        Target::Unsupported(reason) => return Err(Failure::NotCallable(reason.clone())),
        Target::Nothing => return Err(Failure::NotCallable("it has no integration".to_owned())),
    };
    let mut invocation = Box::pin(async move {
        let request =
            InvokeRequest { trace_id: Some(trace_id), qualifier: function.qualifier, ..InvokeRequest::sync(event) };
        lambda.invoke(&function.name, request).await
    });
    match tokio::time::timeout(timeout, &mut invocation).await {
        Ok(outcome) => read(&outcome?),
        Err(_) => {
            tokio::spawn(invocation);
            Err(Failure::TimedOut(timeout))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawResult {
    status_code: Option<Value>,
    headers: Option<Map<String, Value>>,
    multi_value_headers: Option<Map<String, Value>>,
    body: Option<String>,
}

/// Reads a proxy result. Unlike REST APIs, unknown keys are let pass: nothing is known of AWS refusing them here.
fn read(invocation: &Invocation) -> Result<ProxyResult, Failure> {
    if let Some(kind) = &invocation.function_error {
        return Err(Failure::Function(kind.clone()));
    }
    // The position is worth knowing, the result's own text does not belong in a log.
    let malformed = |error: serde_json::Error| {
        Failure::Malformed(format!("no proxy result at line {} column {}", error.line(), error.column()))
    };
    let raw: RawResult = serde_json::from_slice(&invocation.payload).map_err(malformed)?;
    let status = match &raw.status_code {
        None | Some(Value::Null) => Some(200),
        Some(Value::Number(number)) => number.as_u64().and_then(|n| u16::try_from(n).ok()),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    let status = status
        .filter(|status| (100..600).contains(status))
        .ok_or_else(|| Failure::Malformed("statusCode is not a status".to_owned()))?;
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

    fn result(payload: &'static str) -> Result<ProxyResult, Failure> {
        read(&Invocation { payload: payload.into(), ..Invocation::default() })
    }

    #[test]
    fn proxy_results() {
        let ok = |status, body: Option<&str>| ProxyResult { status, protocol: None, body: body.map(str::to_owned) };
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
            "\"ok\"",
            "",
            "{",
            r#"{"statusCode":"abc"}"#,
            r#"{"statusCode":9}"#,
            r#"{"statusCode":true}"#,
            r#"{"statusCode":200,"body":{"a":1}}"#,
        ] {
            let failure = result(payload).unwrap_err();
            assert!(matches!(failure, Failure::Malformed(_)), "{payload}");
            assert_eq!(failure.status(), StatusCode::BAD_GATEWAY);
        }
    }
}
