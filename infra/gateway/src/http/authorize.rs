//! The third stage: may this caller call this route? What cannot be checked is refused.

use std::time::Duration;

use super::error::GatewayError;
use super::pipeline::Call;
use super::route::MatchedRoute;
use super::{event, jwt};
use crate::authorize::{
    Action, ConditionKeys, ContextFacts, Decision, IamCaller, RequestFacts, authorize_iam, identity_values,
};
use crate::compile::http::HttpAuthorization;
use crate::compile::{AuthorizerPayload, LambdaAuthorizer};
use crate::proxy::{Authorized, ask};
use crate::telemetry::Trail;

/// A request that may go on.
#[derive(Debug)]
pub(super) struct AuthorizedRequest<'a> {
    pub(super) route: MatchedRoute<'a>,
    /// The authorizer's answer, on routes that have one.
    pub(super) authorizer: Option<Authorized>,
    /// Who has signed it, on routes that ask for it.
    pub(super) iam: Option<IamCaller>,
}

/// How long a Lambda authorizer of an HTTP API may take.
const AUTHORIZER_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn authorize<'a>(
    call: &Call<'a>,
    route: MatchedRoute<'a>,
    trail: &mut Trail<'a>,
) -> Result<AuthorizedRequest<'a>, GatewayError> {
    let refused = |reason: &str| tracing::warn!(route = route.route.route_key, "request refused: {reason}");
    let mut iam = None;
    let authorizer = match route.route.authorization {
        HttpAuthorization::None => None,
        HttpAuthorization::Custom(index) => match route.parsed.stage.authorizers.get(index) {
            Some(authorizer) => Some(ask_lambda(call, &route, authorizer, trail).await?),
            // The compiler made the index from this very list; without its authorizer a route is closed.
            None => return Err(GatewayError::InternalServerError),
        },
        HttpAuthorization::Jwt(index) => match route.parsed.stage.jwt_authorizers.get(index) {
            Some(Ok(authorizer)) => Some(jwt::authorize(call, &route, authorizer, trail).await?),
            Some(Err(reason)) => {
                refused(reason);
                return Err(GatewayError::UnauthorizedBearer);
            }
            None => return Err(GatewayError::UnauthorizedBearer),
        },
        HttpAuthorization::AwsIam => {
            iam = Some(signed(call, &route)?);
            None
        }
    };
    Ok(AuthorizedRequest { route, authorizer, iam })
}

/// Who has signed the request, if that caller may. The client is told no more than that it may not.
fn signed(call: &Call<'_>, route: &MatchedRoute<'_>) -> Result<IamCaller, GatewayError> {
    let arn = route_arn(call, route);
    authorize_iam(call.gateway, call.request, Action::Invoke, &arn).map_err(|refusal| {
        let reason = refusal.reason();
        tracing::warn!(route = route.route.route_key, reason, "request refused");
        GatewayError::Forbidden
    })
}

/// The ARN that policies are asked for.
fn route_arn(call: &Call<'_>, route: &MatchedRoute<'_>) -> String {
    let parsed = &route.parsed;
    // The decoded path, because that is what the function gets: a policy must not be passed by encoding a letter.
    let path = crate::proxy::decode_path(parsed.route_path);
    let method_and_path = format!("{}/{}", parsed.http_method, path.strip_prefix('/').unwrap_or(&path));
    call.gateway.method_arn(&call.api.api_id, &parsed.stage.stage_name, &method_and_path)
}

/// What identity sources may name.
pub(super) fn facts<'f>(call: &'f Call<'_>, route: &'f MatchedRoute<'_>) -> RequestFacts<'f> {
    let parsed = &route.parsed;
    RequestFacts {
        headers: &call.request.headers,
        query: &parsed.query,
        stage_variables: &parsed.stage.variables,
        context: ContextFacts {
            account_id: &call.gateway.account_id,
            api_id: &call.api.api_id,
            domain_name: &call.domain_name,
            http_method: parsed.http_method,
            path: &parsed.raw_path,
            resource_path: &route.route.path,
            route_key: &route.route.route_key,
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
    let facts = facts(call, route);
    let identity = identity_values(&authorizer.identity_sources, &facts).ok_or(GatewayError::Unauthorized)?;
    let arn = route_arn(call, route);
    let event = || match authorizer.payload {
        AuthorizerPayload::HttpV2 { .. } => event::authorizer_v2(call, route, &arn, &identity),
        _ => event::authorizer_v1(call, route, &arn, &identity),
    };
    match ask(call.gateway, authorizer, &identity, event, &call.trace, AUTHORIZER_TIMEOUT, &mut trail.log).await {
        // Only REST APIs know the error `Unauthorized`: here every failure is the API's.
        Err(failure) => {
            tracing::warn!(authorizer = authorizer.name, "authorizer failed: {failure}");
            Err(GatewayError::InternalServerError)
        }
        Ok(authorized) => {
            trail.authorizer = Some(authorized.clone());
            let keys = ConditionKeys::of(call.request, &call.source_ip, &call.gateway.region, call.at);
            match authorized.grant.decide(&arn, &keys) {
                Decision::Allow => Ok(authorized),
                Decision::ExplicitDeny | Decision::ImplicitDeny => Err(GatewayError::Forbidden),
            }
        }
    }
}
