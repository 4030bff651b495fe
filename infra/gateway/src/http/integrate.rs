//! The fourth stage: the call of what a route is integrated with.

use bytes::Bytes;

use super::authorize::AuthorizedRequest;
use super::error::GatewayError;
use super::event;
use super::pipeline::Call;
use crate::compile::http::{HttpIntegration, PayloadFormat};
use crate::proxy::{CallError, call_traced};
use crate::telemetry::Trail;

/// Calls the route's function; its result as it came, and the format in which it is to be read.
pub(super) async fn integrate(
    call: &Call<'_>,
    authorized: &AuthorizedRequest<'_>,
    trail: &mut Trail<'_>,
) -> Result<(PayloadFormat, Bytes), GatewayError> {
    let route = authorized.route.route;
    let failed = |reason: &str| {
        tracing::warn!(
            route = route.route_key,
            method = authorized.route.parsed.http_method,
            "integration failed: {reason}"
        );
    };
    let (function, timeout, format) = match &route.integration {
        HttpIntegration::LambdaProxy { function, timeout, payload } => (function, *timeout, *payload),
        HttpIntegration::Unsupported(reason) => {
            failed(&format!("not supported: {reason}"));
            return Err(GatewayError::InternalServerError);
        }
    };
    let event = match format {
        PayloadFormat::V1 => event::proxy_v1(call, authorized),
        PayloadFormat::V2 => event::proxy_v2(call, authorized),
    };
    let event = event.map_err(|error| {
        failed(&format!("the event could not be written: {error}"));
        GatewayError::InternalServerError
    })?;
    let mut result = call_traced(call.gateway, function, &route.source, event, &call.trace, timeout).await;
    trail.endpoint_answered(&mut result);
    let result = result.map_err(|error| {
        failed(&error.to_string());
        match error {
            CallError::TimedOut { .. } => GatewayError::ServiceUnavailable,
            CallError::TooLarge(_) => GatewayError::RequestEntityTooLarge,
            CallError::NotFound(_)
            | CallError::AccessDenied { .. }
            | CallError::Invoke { .. }
            | CallError::Function { .. } => GatewayError::InternalServerError,
        }
    })?;
    Ok((format, result.payload))
}
