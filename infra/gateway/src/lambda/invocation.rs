//! What it takes to call a function, and what comes back: the contract between the data planes and whoever runs the
//! functions (this process, `cargo lambda watch`, or AWS).

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

/// `X-Amz-Invocation-Type`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvocationType {
    /// Wait for the result.
    #[default]
    RequestResponse,
    /// Queue it and answer 202 at once.
    Event,
    /// Check that it could be invoked, answer 204.
    DryRun,
}

/// The service that calls a function, as the function's policy knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// `apigateway.amazonaws.com`
    pub principal: &'static str,
    /// `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD}/{path}` or the like: what `aws:SourceArn` is.
    pub source_arn: Arc<str>,
    /// The account of the source: what `aws:SourceAccount` is.
    pub source_account: Arc<str>,
}

/// One call of a function.
#[derive(Clone, Debug, Default)]
pub struct InvokeRequest {
    /// The event, JSON.
    pub payload: Bytes,
    /// How to call.
    pub invocation_type: InvocationType,
    /// Whether the caller wants the last 4 KB of the log (`X-Amz-Log-Type: Tail`).
    pub tail_log: bool,
    /// `X-Amzn-Trace-Id` to hand to the function.
    pub trace_id: Option<String>,
    /// `X-Amz-Client-Context`, still base64.
    pub client_context: Option<String>,
    /// `Qualifier`: `$LATEST`, a version or an alias.
    pub qualifier: Option<String>,
    /// The service on whose behalf it is; none where a client calls by itself.
    pub caller: Option<Caller>,
    /// Where the response goes piece by piece if the function streams it. The invocation's payload is then empty, and comes
    /// when all of it has been written. Whoever runs the functions may not be able to: then the payload is the response.
    pub response_stream: Option<mpsc::Sender<Bytes>>,
}

impl InvokeRequest {
    /// A synchronous call with this event.
    pub fn sync(payload: impl Into<Bytes>) -> Self {
        InvokeRequest { payload: payload.into(), ..Self::default() }
    }
}

/// What a call came to. A function that failed is an `Invocation` too, with `function_error` set.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// The function's result, or the error object (`errorMessage`, `errorType`, …).
    pub payload: Bytes,
    /// `X-Amz-Function-Error`: `Unhandled` when the function failed.
    pub function_error: Option<String>,
    /// `X-Amz-Executed-Version`
    pub executed_version: String,
    /// The invocation's request id.
    pub request_id: String,
    /// The last 4 KB of the log, when asked for.
    pub log_tail: Option<Bytes>,
}

/// Why a function was not run at all: the errors of Lambda's Invoke API.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InvokeError {
    /// 404 `ResourceNotFoundException`
    #[error("Function not found: {0}")]
    NotFound(String),
    /// 400 `InvalidParameterValueException`
    #[error("{0}")]
    InvalidParameter(String),
    /// 400 `InvalidRequestContentException`
    #[error("Could not parse request body into json: {0}")]
    InvalidRequestContent(String),
    /// 413 `RequestTooLargeException`
    #[error("{0} byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)")]
    RequestTooLarge(usize),
    /// 429 `TooManyRequestsException`
    #[error("Rate Exceeded.")]
    TooManyRequests {
        /// `Reason`: `ReservedFunctionConcurrentInvocationLimitExceeded` or `ConcurrentInvocationLimitExceeded`.
        reason: &'static str,
    },
    /// 403 `AccessDeniedException`: the function's policy does not let the caller invoke it; the text is for the log.
    #[error("{0}")]
    AccessDenied(String),
    /// 500 `ServiceException`; the text is for the log, not for a client.
    #[error("{0}")]
    Service(String),
}

/// Whoever can call a function by name, ARN or partial ARN.
pub trait Invoke: Send + Sync + 'static {
    /// Calls `function`. Returns when the function has answered (`RequestResponse`) or the event is queued (`Event`).
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        request: InvokeRequest,
    ) -> BoxFuture<'a, Result<Invocation, InvokeError>>;

    /// Whoever calls functions on behalf of another account and region; `None` where accounts are not told apart.
    fn for_world(&self, account: &str, region: &str) -> Option<Arc<dyn Invoke>> {
        let _ = (account, region);
        None
    }
}
