//! The third stage: may this caller call this method? What cannot be checked is refused.

use std::time::Duration;

use super::error::GatewayError;
use super::event;
use super::pipeline::Call;
use super::route::MatchedRoute;
use super::{signature, user_pools};
use crate::authorize::{
    Action, ApiCaller, ConditionKeys, ContextFacts, Decision, IamCaller, RequestFacts, ResourcePolicy, authorize_iam,
    identity_values,
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
    let policy = route.parsed.stage.policy.as_ref();
    let authorizer = match route.method.authorization {
        RestAuthorization::None => {
            policy.map_or(Ok(()), |policy| allowed(call, &route, policy))?;
            None
        }
        RestAuthorization::Custom(index) => match route.parsed.stage.authorizers.get(index) {
            Some(authorizer) => {
                // What the policy denies reaches no authorizer; what it allows, an authorizer may pass over in silence.
                let by_policy = policy.map(|policy| decide(call, &route, policy)).transpose()?;
                if by_policy == Some(Decision::ExplicitDeny) {
                    return Err(denied(call, &route, Decision::ExplicitDeny));
                }
                Some(ask_lambda(call, &route, authorizer, by_policy == Some(Decision::Allow), trail).await?)
            }
            // The compiler made the index from this very list; without its authorizer a method is closed.
            None => return Err(GatewayError::AuthorizerConfiguration),
        },
        RestAuthorization::CognitoUserPools(index) => match route.parsed.stage.user_pools.get(index) {
            Some(Ok(authorizer)) => {
                let authorized = user_pools::authorize(call, &route, authorizer, trail).await?;
                // The token first; then the policy on its own.
                policy.map_or(Ok(()), |policy| allowed(call, &route, policy))?;
                Some(authorized)
            }
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

/// The ARN of the method as it is called.
fn method_arn(call: &Call<'_>, route: &MatchedRoute<'_>) -> Result<String, GatewayError> {
    let parsed = &route.parsed;
    let method_and_path = format!("{}/{}", parsed.http_method, parsed.route_path());
    let arn = call.gateway.method_arn(&call.api.api_id, &parsed.stage.stage_name, &method_and_path);
    if arn.len() > MAX_ARN_BYTES { Err(GatewayError::UriTooLong) } else { Ok(arn) }
}

/// What the API's policy says of a caller who has not signed.
fn decide(call: &Call<'_>, route: &MatchedRoute<'_>, policy: &ResourcePolicy) -> Result<Decision, GatewayError> {
    let keys = ConditionKeys::of(call.request, &call.source_ip, &call.gateway.region, call.at);
    Ok(policy.decide(ApiCaller::Anonymous, &method_arn(call, route)?, &keys))
}

/// Lets a caller pass who has not signed, if the API's policy allows it in so many words.
fn allowed(call: &Call<'_>, route: &MatchedRoute<'_>, policy: &ResourcePolicy) -> Result<(), GatewayError> {
    match decide(call, route, policy)? {
        Decision::Allow => Ok(()),
        refusal => Err(denied(call, route, refusal)),
    }
}

/// The API's policy says no.
fn denied(call: &Call<'_>, route: &MatchedRoute<'_>, decision: Decision) -> GatewayError {
    let why = match decision {
        Decision::ExplicitDeny => "with an explicit deny in a resource-based policy",
        _ => "because no resource-based policy allows the execute-api:Invoke action",
    };
    refused(route, why);
    match method_arn(call, route) {
        Ok(arn) => GatewayError::NotAuthorized(signature::not_authorized("anonymous", &arn, why)),
        Err(error) => error,
    }
}

/// Who has signed the request, if that caller may.
fn signed(call: &Call<'_>, route: &MatchedRoute<'_>) -> Result<IamCaller, GatewayError> {
    let arn = method_arn(call, route)?;
    let policy = route.parsed.stage.policy.as_ref();
    authorize_iam(call.gateway, call.request, Action::Invoke, &arn, policy).map_err(|refusal| {
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

/// `by_policy`: the API's own policy allows the call, and a silent authorizer does not take that back.
async fn ask_lambda<'a>(
    call: &Call<'a>,
    route: &MatchedRoute<'a>,
    authorizer: &LambdaAuthorizer,
    by_policy: bool,
    trail: &mut Trail<'a>,
) -> Result<Authorized, GatewayError> {
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

    let arn = method_arn(call, route)?;
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
        Decision::ImplicitDeny if by_policy => Ok(authorized),
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
