//! The stages from API key to integration: what a method asks for before its function is called, and the call.

use bytes::Bytes;

use super::authorize::AuthorizedRequest;
use super::error::GatewayError;
use super::event;
use super::pipeline::Call;
use crate::compile::rest::RestIntegration;
use crate::proxy::{CallError, call as call_function};

/// There are no API keys yet, so no key is a valid one: a method that requires one is closed.
pub(super) fn require_api_key(authorized: &AuthorizedRequest<'_>) -> Result<(), GatewayError> {
    let route = &authorized.route;
    if route.method.api_key_required {
        tracing::warn!(
            method = route.parsed.http_method,
            resource = route.resource.path,
            "request refused: the method requires an API key, and API keys are not supported yet"
        );
        return Err(GatewayError::Forbidden);
    }
    Ok(())
}

/// Calls what the method is integrated with; its result as it came.
pub(super) async fn integrate(call: &Call<'_>, authorized: &AuthorizedRequest<'_>) -> Result<Bytes, GatewayError> {
    let route = &authorized.route;
    let failed = |reason: &str| {
        tracing::warn!(
            method = route.parsed.http_method,
            resource = route.resource.path,
            "integration failed: {reason}"
        );
    };
    let (function, timeout) = match &route.method.integration {
        RestIntegration::LambdaProxy { function, timeout } => (function, *timeout),
        RestIntegration::Unsupported(reason) => {
            failed(&format!("not supported: {reason}"));
            return Err(GatewayError::IntegrationFailure);
        }
    };
    let event = event::proxy(call, authorized).map_err(|error| {
        failed(&format!("the event could not be written: {error}"));
        GatewayError::IntegrationFailure
    })?;
    let result = call_function(call.gateway, function, &route.method.source, event, &call.trace, timeout).await;
    result.map_err(|error| {
        failed(&error.to_string());
        match error {
            CallError::TimedOut { .. } => GatewayError::IntegrationTimeout,
            CallError::TooLarge(_) => GatewayError::RequestTooLong,
            CallError::NotFound(_) | CallError::AccessDenied { .. } => GatewayError::IntegrationFailure,
            CallError::Invoke { .. } | CallError::Function { .. } => GatewayError::MalformedProxyResponse,
        }
    })
}
