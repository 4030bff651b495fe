//! The third stage: may this caller call this method? What cannot be checked is refused.

use std::time::Duration;

use super::error::GatewayError;
use super::event;
use super::pipeline::Call;
use super::route::MatchedRoute;
use super::{signature, user_pools};
use crate::authorize::{
    Action, ConditionKeys, ContextFacts, Decision, IamCaller, RequestFacts, authorize_iam, identity_values,
};
use crate::compile::rest::RestAuthorization;
use crate::compile::{AuthorizerPayload, LambdaAuthorizer};
use crate::proxy::{Authorized, AuthorizerFailure, CallError, ask};
use crate::telemetry::Trail;

/// A request that may go on.
#[derive(Debug)]
pub(super) struct AuthorizedRequest<'a> {
    pub(super) route: MatchedRoute<'a>,
    /// The authorizer's answer, on methods that have one.
    pub(super) authorizer: Option<Authorized>,
    /// Who has signed it, on methods that ask for it.
    pub(super) iam: Option<IamCaller>,
}

/// How long a Lambda authorizer of a REST API may take.
const AUTHORIZER_TIMEOUT: Duration = Duration::from_secs(29);
/// The longest ARN of an authorized method.
const MAX_ARN_BYTES: usize = 1_600;

pub(super) async fn authorize<'a>(
    call: &Call<'a>,
    route: MatchedRoute<'a>,
    trail: &mut Trail<'a>,
) -> Result<AuthorizedRequest<'a>, GatewayError> {
    let mut iam = None;
    let authorizer = match route.method.authorization {
        RestAuthorization::None => None,
        RestAuthorization::Custom(index) => match route.parsed.stage.authorizers.get(index) {
            Some(authorizer) => Some(ask_lambda(call, &route, authorizer, trail).await?),
            // The compiler made the index from this very list; without its authorizer a method is closed.
            None => return Err(GatewayError::AuthorizerConfiguration),
        },
        RestAuthorization::CognitoUserPools(index) => match route.parsed.stage.user_pools.get(index) {
            Some(Ok(authorizer)) => Some(user_pools::authorize(call, &route, authorizer, trail).await?),
            Some(Err(reason)) => {
                refused(&route, reason);
                return Err(GatewayError::Unauthorized);
            }
            None => return Err(GatewayError::Unauthorized),
        },
        RestAuthorization::AwsIam => {
            iam = Some(signed(call, &route)?);
            None
        }
    };
    Ok(AuthorizedRequest { route, authorizer, iam })
}

/// Who has signed the request, if that caller may.
fn signed(call: &Call<'_>, route: &MatchedRoute<'_>) -> Result<IamCaller, GatewayError> {
    let parsed = &route.parsed;
    let method_and_path = format!("{}/{}", parsed.http_method, parsed.route_path());
    let arn = call.gateway.method_arn(&call.api.api_id, &parsed.stage.stage_name, &method_and_path);
    if arn.len() > MAX_ARN_BYTES {
        return Err(GatewayError::UriTooLong);
    }
    authorize_iam(call.gateway, call.request, Action::Invoke, &arn).map_err(|refusal| {
        refused(route, &refusal.reason());
        signature::refused(&refusal)
    })
}

fn refused(route: &MatchedRoute<'_>, reason: &str) {
    tracing::warn!(method = route.parsed.http_method, resource = route.resource.path, "request refused: {reason}");
}

/// What identity sources may name.
pub(super) fn facts<'f>(call: &'f Call<'_>, route: &'f MatchedRoute<'_>, domain_name: &'f str) -> RequestFacts<'f> {
    let parsed = &route.parsed;
    RequestFacts {
        headers: &call.request.headers,
        query: &parsed.query,
        stage_variables: &parsed.stage.variables,
        context: ContextFacts {
            account_id: &call.gateway.account_id,
            api_id: &call.api.api_id,
            domain_name,
            http_method: parsed.http_method,
            path: &parsed.context_path,
            resource_id: &route.resource.id,
            resource_path: &route.resource.path,
            source_ip: &call.source_ip,
            stage: &parsed.stage.stage_name,
            ..ContextFacts::default()
        },
    }
}

async fn ask_lambda<'a>(
    call: &Call<'a>,
    route: &MatchedRoute<'a>,
    authorizer: &LambdaAuthorizer,
    trail: &mut Trail<'a>,
) -> Result<Authorized, GatewayError> {
    let parsed = &route.parsed;
    let domain_name = call.gateway.domain_name(&call.api.api_id);
    let facts = facts(call, route, &domain_name);
    let log = &mut trail.log;
    let id = authorizer.source.last_part();
    let Some(identity) = identity_values(&authorizer.identity_sources, &facts) else {
        log.authorizer_began(id, &[]);
        log.unauthorized();
        return Err(GatewayError::Unauthorized);
    };
    log.authorizer_began(id, &identity);
    if let (Some(expression), Some(token)) = (&authorizer.validation, identity.first())
        && !expression.is_match(token)
    {
        log.unauthorized();
        return Err(GatewayError::Unauthorized);
    }

    let method_and_path = format!("{}/{}", parsed.http_method, parsed.route_path());
    let arn = call.gateway.method_arn(&call.api.api_id, &parsed.stage.stage_name, &method_and_path);
    if arn.len() > MAX_ARN_BYTES {
        return Err(GatewayError::UriTooLong);
    }
    let event = || match (authorizer.payload, identity.first()) {
        (AuthorizerPayload::RestToken, Some(token)) => event::token(token, &arn),
        _ => event::request(call, route, &arn, &domain_name),
    };
    let answer = ask(call.gateway, authorizer, &identity, event, &call.trace, AUTHORIZER_TIMEOUT, log).await;
    let authorized = answer.map_err(|failure| {
        let error = failed(authorizer, &failure);
        if error == GatewayError::Unauthorized {
            log.unauthorized();
            trail.authorizer_error = Some("Unauthorized".to_owned());
        } else {
            log.authorizer_failed();
            trail.authorizer_error = Some(failure.to_string());
        }
        error
    })?;
    log.authorizer_answered(authorized.grant.principal_id.as_deref());
    // Whatever it says: gateway responses and logs show its context to those whom it refuses, too.
    trail.authorizer = Some(authorized.clone());
    let keys = ConditionKeys::of(call.request, &call.source_ip, &call.gateway.region, call.at);
    match authorized.grant.decide(&arn, &keys) {
        Decision::Allow => Ok(authorized),
        Decision::ExplicitDeny => Err(GatewayError::AccessDenied { explicit: true }),
        Decision::ImplicitDeny => Err(GatewayError::AccessDenied { explicit: false }),
    }
}

/// A function that fails with exactly `Unauthorized` says 401; all else is the API's fault, not the caller's.
fn failed(authorizer: &LambdaAuthorizer, failure: &AuthorizerFailure) -> GatewayError {
    if let AuthorizerFailure::Call(CallError::Function { message, .. }) = failure
        && message == "Unauthorized"
    {
        return GatewayError::Unauthorized;
    }
    tracing::warn!(authorizer = authorizer.name, "authorizer failed: {failure}");
    match failure {
        AuthorizerFailure::NoFunction(_)
        | AuthorizerFailure::Answer(_)
        | AuthorizerFailure::Call(CallError::NotFound(_) | CallError::AccessDenied { .. }) => {
            GatewayError::AuthorizerConfiguration
        }
        AuthorizerFailure::Call(_) | AuthorizerFailure::Event(_) => GatewayError::AuthorizerFailure,
    }
}
