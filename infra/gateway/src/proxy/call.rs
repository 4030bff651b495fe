//! Calls a function within a time limit.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use crate::compile::FunctionRef;
use crate::gateway::Gateway;
use crate::lambda::{InvokeError, InvokeRequest};

/// Lambda's bound of a synchronous event: tighter than API Gateway's own.
const MAX_EVENT_BYTES: usize = 6_291_556;

/// Why there is no result.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The function took longer than the caller waits. It is not stopped by that.
    #[error("no answer from {function} within {} ms", limit.as_millis())]
    TimedOut {
        /// The function.
        function: String,
        /// How long it was given.
        limit: Duration,
    },
    /// The event is over Lambda's bound.
    #[error("the event for {0} is over Lambda's 6 MB")]
    TooLarge(String),
    /// There is no such function.
    #[error("function {0} does not exist")]
    NotFound(String),
    /// The function could not be run.
    #[error("function {function} could not be called: {source}")]
    Invoke {
        /// The function.
        function: String,
        /// Lambda's error.
        source: InvokeError,
    },
    /// The function ran and failed.
    #[error("function {function} failed: {error_type}")]
    Function {
        /// The function.
        function: String,
        /// `errorType`, for the log.
        error_type: String,
        /// `errorMessage`; it may hold anything, so it is compared and never shown.
        message: String,
    },
}

/// Calls `target` with `event` and gives its result.
pub(crate) async fn call(
    gateway: &Gateway,
    target: &FunctionRef,
    event: Vec<u8>,
    trace: &str,
    limit: Duration,
) -> Result<Bytes, CallError> {
    let function = || target.function.clone();
    if event.len() > MAX_EVENT_BYTES {
        return Err(CallError::TooLarge(function()));
    }
    let request = InvokeRequest {
        trace_id: Some(trace.to_owned()),
        qualifier: target.qualifier.clone(),
        ..InvokeRequest::sync(event)
    };
    let invocation = match tokio::time::timeout(limit, gateway.lambda.invoke(&target.function, request)).await {
        Err(_) => return Err(CallError::TimedOut { function: function(), limit }),
        Ok(Err(InvokeError::RequestTooLarge(_))) => return Err(CallError::TooLarge(function())),
        Ok(Err(InvokeError::NotFound(_))) => return Err(CallError::NotFound(function())),
        Ok(Err(source)) => return Err(CallError::Invoke { function: function(), source }),
        Ok(Ok(invocation)) => invocation,
    };
    if invocation.function_error.is_some() {
        let error: ErrorObject = serde_json::from_slice(&invocation.payload).unwrap_or_default();
        return Err(CallError::Function {
            function: function(),
            error_type: error.error_type,
            message: error.error_message,
        });
    }
    Ok(invocation.payload)
}

/// What a failed function leaves.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ErrorObject {
    error_type: String,
    error_message: String,
}
