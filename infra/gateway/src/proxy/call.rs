//! Calls a function within a time limit.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use crate::compile::{FunctionRef, SourceArn};
use crate::gateway::Gateway;
use crate::lambda::{Caller, Invocation, InvokeError, InvokeRequest};

/// Lambda's bound of a synchronous event: tighter than API Gateway's own.
const MAX_EVENT_BYTES: usize = 6_291_556;

/// API Gateway, as policies of functions name it.
const PRINCIPAL: &str = "apigateway.amazonaws.com";

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
    /// The function's policy does not let this API call it.
    #[error(
        "function {function} does not let {source_arn} invoke it ({reason}); allow it with: aws lambda add-permission \
         --function-name {function}{qualifier} --statement-id apigateway-{} --action lambda:InvokeFunction --principal \
         {PRINCIPAL} --source-arn '{source_arn}'",
        statement_id(source_arn)
    )]
    AccessDenied {
        /// The function.
        function: String,
        /// ` --qualifier {qualifier}`, or nothing.
        qualifier: String,
        /// The method, route or authorizer that calls.
        source_arn: Arc<str>,
        /// Lambda's own words.
        reason: String,
    },
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

/// A statement id that is the same for the same source, and made of the characters that one may have.
fn statement_id(source_arn: &str) -> String {
    let resource = source_arn.splitn(6, ':').nth(5).unwrap_or_default();
    let id: String = resource.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(80).collect();
    id.trim_end_matches('-').to_owned()
}

/// A function's result.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) payload: Bytes,
    /// Lambda's own id of the call; empty where whoever runs the functions has none.
    pub(crate) request_id: String,
}

/// Calls `target` with `event` and gives its result. On whose behalf: see [`invoke`].
pub(crate) async fn call<'s>(
    gateway: &Gateway,
    target: &FunctionRef,
    source: impl Into<Option<&'s SourceArn>>,
    event: Vec<u8>,
    trace: &str,
    limit: Duration,
) -> Result<Bytes, CallError> {
    call_traced(gateway, target, source, event, trace, limit).await.map(|answered| answered.payload)
}

/// Like [`call`], with the id that the call had.
pub(crate) async fn call_traced<'s>(
    gateway: &Gateway,
    target: &FunctionRef,
    source: impl Into<Option<&'s SourceArn>>,
    event: Vec<u8>,
    trace: &str,
    limit: Duration,
) -> Result<Answered, CallError> {
    let request = InvokeRequest { trace_id: Some(trace.to_owned()), ..InvokeRequest::sync(event) };
    let invocation = invoke(gateway, target, source.into(), request, limit).await?;
    if invocation.function_error.is_some() {
        let error: ErrorObject = serde_json::from_slice(&invocation.payload).unwrap_or_default();
        return Err(CallError::Function {
            function: target.function.clone(),
            error_type: error.error_type,
            message: error.error_message,
        });
    }
    Ok(Answered { payload: invocation.payload, request_id: invocation.request_id })
}

/// Calls `target`, and gives what came of it: a function that failed is no error here. It is called on behalf of `source`, whom
/// the function's policy must let in, or without one in the name of a role, whose policies are not modelled.
pub(crate) async fn invoke(
    gateway: &Gateway,
    target: &FunctionRef,
    source: Option<&SourceArn>,
    request: InvokeRequest,
    limit: Duration,
) -> Result<Invocation, CallError> {
    let function = || target.function.clone();
    if request.payload.len() > MAX_EVENT_BYTES {
        return Err(CallError::TooLarge(function()));
    }
    let within = |source: &SourceArn| source.within(&gateway.region, &gateway.account_id);
    let request = InvokeRequest {
        qualifier: target.qualifier.clone(),
        caller: source.map(|source| Caller {
            principal: PRINCIPAL,
            source_arn: within(source),
            source_account: gateway.account_id.clone(),
        }),
        ..request
    };
    match tokio::time::timeout(limit, gateway.lambda.invoke(target.identifier(), request)).await {
        Err(_) => Err(CallError::TimedOut { function: function(), limit }),
        Ok(Err(InvokeError::RequestTooLarge(_))) => Err(CallError::TooLarge(function())),
        Ok(Err(InvokeError::NotFound(_))) => Err(CallError::NotFound(function())),
        Ok(Err(InvokeError::AccessDenied(reason))) => Err(CallError::AccessDenied {
            function: function(),
            qualifier: target.qualifier.as_ref().map(|q| format!(" --qualifier {q}")).unwrap_or_default(),
            source_arn: source.map(within).unwrap_or_default(),
            reason,
        }),
        Ok(Err(source)) => Err(CallError::Invoke { function: function(), source }),
        Ok(Ok(invocation)) => Ok(invocation),
    }
}

/// What a failed function leaves.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ErrorObject {
    error_type: String,
    error_message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::testing::{Answer, Fake};

    #[tokio::test]
    async fn who_may_not_call_is_told_how_to_be_let_in() {
        let fake = Fake::new([("f", Answer::Refused(InvokeError::AccessDenied("no statement allows it".to_owned())))]);
        let function = FunctionRef::new(Some("000000000000"), Some("us-east-1"), "f", Some("live"));
        let source = SourceArn::new("api/prod/GET/users/{id}".to_owned());
        let called = call(&fake.gateway(), &function, &source, b"{}".to_vec(), "Root=1", Duration::from_secs(1)).await;
        assert_eq!(
            called.unwrap_err().to_string(),
            "function f does not let arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/users/{id} invoke it (no \
             statement allows it); allow it with: aws lambda add-permission --function-name f --qualifier live \
             --statement-id apigateway-api-prod-GET-users--id --action lambda:InvokeFunction --principal \
             apigateway.amazonaws.com --source-arn \
             'arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/users/{id}'"
        );
    }
}
