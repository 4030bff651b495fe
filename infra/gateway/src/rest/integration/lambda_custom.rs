//! `AWS` to a function: templates make its event, and its result becomes the response by way of the integration responses.

use ::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::super::error::GatewayError;
use super::mapping::{MappedRequest, Mapping};
use super::response::{EndpointAnswer, respond_mapped};
use super::{Facts, may_call};
use crate::compile::FunctionRef;
use crate::compile::rest::{Credentials, Mapped};
use crate::lambda::{Invocation, InvocationType, InvokeError, InvokeRequest};
use crate::proxy::{CallError, invoke};
use crate::server::{Headers, Reply};
use crate::telemetry::{ExecutionLog, Trail};

pub(super) async fn answer(
    mut mapping: Mapping<'_>,
    declared: &Mapped<FunctionRef>,
    facts: &mut Facts<'_>,
    trail: &mut Trail<'_>,
) -> Result<Reply, GatewayError> {
    may_call(&mapping, declared.credentials, &mut trail.log)?;
    let mapped = mapping.request(&declared.request, &mut trail.log)?;
    let (answer, selector) = invoked(&mapping, declared, mapped, facts, trail).await?;
    respond_mapped(&mut mapping, &declared.response, &selector, answer, &mut trail.log)
}

/// What Lambda answers, and the error message of a function that failed; empty for one that did not.
async fn invoked(
    mapping: &Mapping<'_>,
    declared: &Mapped<FunctionRef>,
    mapped: MappedRequest,
    facts: &mut Facts<'_>,
    trail: &mut Trail<'_>,
) -> Result<(EndpointAnswer, String), GatewayError> {
    let (call, source) = (mapping.values.call, &mapping.values.authorized.route.method.source);
    let (function, log) = (&declared.target, &mut trail.log);
    log.function_called(call.gateway, function, source, &mapped.body);
    let request = request(mapping, mapped, log)?;
    let kind = request.invocation_type;
    let source = (declared.credentials == Credentials::Method).then_some(source);
    facts.call();
    let outcome = invoke(call.gateway, function, source, request, declared.timeout).await;
    let millis = facts.answered();
    let invocation = outcome.map_err(|error| refused(mapping, &error, log))?;
    trail.endpoint_request_id = Some(invocation.request_id.clone()).filter(|id| !id.is_empty());
    let selector = error_message(kind, &invocation);
    let failed = invocation.function_error.is_some();
    let answer = answered(kind, invocation);
    facts.status(answer.status);
    trail.endpoint_status = Some(answer.status);
    log.endpoint_answered(answer.status, millis, answer.headers.iter(), &answer.body);
    if failed {
        log.failed(&format!("Lambda execution failed with status 200 due to customer function error: {selector}."));
    }
    Ok((answer, selector))
}

/// The call that the mapped headers and the body ask for.
fn request(
    mapping: &Mapping<'_>,
    mapped: MappedRequest,
    log: &mut ExecutionLog,
) -> Result<InvokeRequest, GatewayError> {
    let header = |name: &str| text(&mapped.headers, name);
    let invocation_type = match header("x-amz-invocation-type") {
        None | Some("RequestResponse") => InvocationType::RequestResponse,
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        Some(_) => {
            return Err(mapping
                .values
                .unusable(log, "X-Amz-Invocation-Type must be one of Event, RequestResponse, DryRun"));
        }
    };
    let (tail_log, client_context) =
        (header("x-amz-log-type") == Some("Tail"), header("x-amz-client-context").map(str::to_owned));
    // A function that is sent nothing gets an empty event.
    let payload = if mapped.body.is_empty() { Bytes::from_static(b"{}") } else { mapped.body };
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        let error = InvokeError::InvalidRequestContent(error.to_string()).to_string();
        log.error(|| format!("Execution failed: {error}"));
        return Err(GatewayError::InvalidEvent(error));
    }
    let trace_id = Some(mapping.values.call.trace.clone());
    Ok(InvokeRequest { invocation_type, tail_log, client_context, trace_id, ..InvokeRequest::sync(payload) })
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Lambda has not run the function. Its own words may name what a client must not know; they are for the log.
fn refused(mapping: &Mapping<'_>, error: &CallError, log: &mut ExecutionLog) -> GatewayError {
    super::failed(&mapping.values.authorized.route, &error.to_string());
    log.function_failed(error);
    match error {
        CallError::TimedOut { .. } => GatewayError::IntegrationTimeout,
        CallError::TooLarge(_) => GatewayError::RequestTooLong,
        CallError::NotFound(_)
        | CallError::AccessDenied { .. }
        | CallError::Invoke { .. }
        | CallError::Function { .. } => GatewayError::IntegrationFailure,
    }
}

fn error_message(kind: InvocationType, invocation: &Invocation) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Failure {
        error_message: Value,
    }
    if kind != InvocationType::RequestResponse || invocation.function_error.is_none() {
        return String::new();
    }
    match serde_json::from_slice(&invocation.payload).map(|Failure { error_message }| error_message) {
        Ok(Value::String(message)) => message,
        Ok(Value::Null) | Err(_) => String::new(),
        Ok(other) => other.to_string(),
    }
}

/// The answer of Lambda's Invoke, with the headers that a mapping may name.
fn answered(kind: InvocationType, invocation: Invocation) -> EndpointAnswer {
    let mut headers = vec![("x-amzn-RequestId".to_owned(), invocation.request_id)];
    let mut header = |name: &str, value: String| headers.push((name.to_owned(), value));
    if !invocation.executed_version.is_empty() {
        header("X-Amz-Executed-Version", invocation.executed_version);
    }
    if let Some(error) = invocation.function_error {
        header("X-Amz-Function-Error", error);
    }
    if let Some(tail) = invocation.log_tail {
        header("X-Amz-Log-Result", STANDARD.encode(tail));
    }
    let (status, body) = match kind {
        InvocationType::RequestResponse => {
            header("Content-Type", "application/json".to_owned());
            (200, invocation.payload)
        }
        InvocationType::Event => (202, Bytes::new()),
        InvocationType::DryRun => (204, Bytes::new()),
    };
    EndpointAnswer { status, headers: Headers(headers), body }
}
