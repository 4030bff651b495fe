//! The stages around what a method is integrated with: its request, its answer, and the method's response out of that. One
//! file for each type of integration.

mod backend;
mod content;
mod lambda_proxy;
mod mapping;
mod request_parameters;
mod request_values;
mod response;

pub use self::backend::Backends;

use super::authorize::AuthorizedRequest;
use super::error::GatewayError;
use super::pipeline::Call;
use super::route::MatchedRoute;
use crate::compile::rest::RestIntegration;
use crate::server::Reply;
use crate::telemetry::{IntegrationFacts, Trail};
use crate::throttle::SentKey;

/// The method's response, or the gateway's own answer where there is none.
pub(super) async fn answer<'a>(
    call: &Call<'a>,
    authorized: &AuthorizedRequest<'a>,
    api_key: Option<&SentKey<'_>>,
    trail: &mut Trail<'a>,
) -> Result<Reply, GatewayError> {
    let route = &authorized.route;
    let began = call.gateway.clock.now();
    match &route.method.integration {
        RestIntegration::LambdaProxy { function, timeout } => {
            let result = lambda_proxy::invoke(call, authorized, api_key, function, *timeout).await;
            let latency_millis = call.gateway.clock.now() - began;
            let reply = result.and_then(|result| lambda_proxy::map_response(call, authorized, &result));
            trail.integration = Some(IntegrationFacts {
                latency_millis,
                status: reply.as_ref().ok().map(|reply| reply.status().as_u16()),
                error: reply.as_ref().err().map(GatewayError::integration_error),
            });
            reply
        }
        RestIntegration::Unsupported(reason) => {
            failed(route, &format!("not supported: {reason}"));
            let error = GatewayError::IntegrationFailure;
            let latency_millis = call.gateway.clock.now() - began;
            trail.integration =
                Some(IntegrationFacts { latency_millis, status: None, error: Some(error.integration_error()) });
            Err(error)
        }
    }
}

/// Says in the log why a client gets an error of the gateway's instead of the integration's answer.
fn failed(route: &MatchedRoute<'_>, reason: &str) {
    tracing::warn!(method = route.parsed.http_method, resource = route.resource.path, "integration failed: {reason}");
}
