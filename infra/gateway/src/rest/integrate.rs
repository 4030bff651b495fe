//! The stage that calls what the method is integrated with.

use bytes::Bytes;

use super::authorize::AuthorizedRequest;
use super::error::GatewayError;
use super::event;
use super::pipeline::Call;
use crate::compile::rest::RestIntegration;
use crate::proxy::{CallError, call as call_function};
use crate::throttle::SentKey;

/// Calls what the method is integrated with; its result as it came.
pub(super) async fn integrate(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    api_key: Option<&SentKey<'_>>,
) -> Result<Bytes, GatewayError> {
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
    let event = event::proxy(call, authorized, api_key).map_err(|error| {
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
