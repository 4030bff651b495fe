//! The stages around what a method is integrated with: its request, its answer, and the method's response out of that. One
//! file for each type of integration; what the non-proxy ones have in common is in `mapping` and `response`.

mod content;
mod facts;
mod lambda_custom;
mod lambda_proxy;
mod mapping;
mod mock;
mod pseudo_json;
mod request_parameters;
mod request_values;
mod response;
mod service;

use self::facts::Facts;
use self::mapping::Mapping;
use super::authorize::AuthorizedRequest;
use super::error::GatewayError;
use super::pipeline::Call;
use super::route::MatchedRoute;
use crate::compile::rest::{Credentials, RestIntegration};
use crate::server::Reply;
use crate::telemetry::{ExecutionLog, Trail};
use crate::throttle::SentKey;

/// The method's response, or the gateway's own answer where there is none.
pub(super) async fn answer<'a>(
    call: &Call<'a>,
    authorized: &AuthorizedRequest<'a>,
    api_key: Option<&SentKey<'_>>,
    trail: &mut Trail<'a>,
) -> Result<Reply, GatewayError> {
    let route = &authorized.route;
    let mut facts = Facts::begin(&call.gateway.clock);
    let mapping = || Mapping::new(call, authorized, api_key);
    let reply = match &route.method.integration {
        RestIntegration::LambdaProxy(declared) => {
            lambda_proxy::answer(call, authorized, api_key, declared, &mut facts, trail).await
        }
        RestIntegration::Lambda(declared) => lambda_custom::answer(mapping(), declared, &mut facts, trail).await,
        RestIntegration::Service(declared) => service::answer(mapping(), declared, &mut facts, trail).await,
        // Nothing is called, so there is nothing to measure or to trace.
        RestIntegration::Mock(declared) => return mock::answer(mapping(), declared, &mut trail.log),
        RestIntegration::Unsupported(reason) => {
            Err(mapping().values.unusable(&mut trail.log, &format!("not supported: {reason}")))
        }
    };
    trail.traced = reply.is_ok();
    trail.integration = Some(facts.end(&reply));
    reply
}

/// Whether a caller's own credentials are there, where the integration is to be called with them.
fn may_call(mapping: &Mapping<'_>, credentials: Credentials, log: &mut ExecutionLog) -> Result<(), GatewayError> {
    if credentials == Credentials::Caller && mapping.values.authorized.iam.is_none() {
        return Err(mapping.values.unusable(
            log,
            "the integration is called with the caller's credentials, and the method's authorization is not AWS_IAM",
        ));
    }
    Ok(())
}

/// Says in the log why a client gets an error of the gateway's instead of the integration's answer.
fn failed(route: &MatchedRoute<'_>, reason: &str) {
    tracing::warn!(method = route.parsed.http_method, resource = route.resource.path, "integration failed: {reason}");
}
