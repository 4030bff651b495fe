//! `COGNITO_USER_POOLS`: tokens of user pools, verified with the pools' own keys.
//!
//! A method without scopes takes ID tokens, one with scopes takes access tokens that have one of them.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html>

use std::sync::Arc;

use serde_json::{Map, Value};

use super::authorize::facts;
use super::error::GatewayError;
use super::pipeline::Call;
use super::route::MatchedRoute;
use crate::authorize::{
    Grant, TokenClaims, Unverified, VerifyError, bearer, check_times, has_scope, identity_value, rest_claims,
};
use crate::compile::UserPoolAuthorizer;
use crate::proxy::Authorized;
use crate::telemetry::Trail;

/// Why a token is refused.
enum Refused {
    /// It cannot be believed.
    Token(VerifyError),
    /// It says nothing wrong, and not what the method asks for.
    Claims(&'static str),
    /// Its pool is none that is here.
    ForeignPool,
}

/// Whose token the request has.
pub(super) async fn authorize<'a>(
    call: &Call<'a>,
    route: &MatchedRoute<'a>,
    authorizer: &UserPoolAuthorizer,
    trail: &mut Trail<'a>,
) -> Result<Authorized, GatewayError> {
    let domain_name = call.gateway.domain_name(&call.api.api_id);
    let token = identity_value(&authorizer.source, &facts(call, route, &domain_name));
    let log = &mut trail.log;
    let Some(token) = token.map(bearer).filter(|token| !token.is_empty()) else {
        log.authorizer_began(&authorizer.id, &[]);
        log.unauthorized();
        return Err(GatewayError::Unauthorized);
    };
    log.authorizer_began(&authorizer.id, &[token]);
    let refused = match verify(call, route, authorizer, token).await {
        Ok(claims) => {
            log.token_believed(&claims);
            let token = TokenClaims { claims: rest_claims(&claims), scopes: None };
            let authorized = Authorized { grant: Arc::new(Grant::token(token)), latency_millis: 0 };
            trail.authorizer = Some(authorized.clone());
            return Ok(authorized);
        }
        Err(refused) => refused,
    };
    let reason = match &refused {
        Refused::Token(error) => error.to_string(),
        Refused::Claims(reason) => (*reason).to_owned(),
        Refused::ForeignPool => {
            tracing::warn!(
                authorizer = authorizer.name,
                pools = authorizer.issuers.join(", "),
                "tokens are refused: the user pool is not one of this gateway's, and no other is asked"
            );
            "the user pool is not here".to_owned()
        }
    };
    tracing::info!(authorizer = authorizer.name, method = route.parsed.http_method, "token refused: {reason}");
    log.unauthorized();
    trail.authorizer_error = Some(reason);
    Err(match refused {
        Refused::Token(VerifyError::Expired) => GatewayError::IncomingTokenExpired,
        _ => GatewayError::Unauthorized,
    })
}

async fn verify(
    call: &Call<'_>,
    route: &MatchedRoute<'_>,
    authorizer: &UserPoolAuthorizer,
    token: &str,
) -> Result<Map<String, Value>, Refused> {
    let issuers = &call.gateway.issuers;
    let token = Unverified::parse(token).map_err(Refused::Token)?;
    let issuer = authorizer.issuers.iter().find(|issuer| token.claimed_issuer() == Some(issuer));
    let issuer = issuer.ok_or(Refused::Token(VerifyError::Issuer))?;
    if !issuers.is_own(issuer) {
        return Err(Refused::ForeignPool);
    }
    let claims = issuers.verify(issuer, &token, &call.gateway.clock).await.map_err(Refused::Token)?;
    check_times(&claims, call.at).map_err(Refused::Token)?;
    let scopes = &route.method.authorization_scopes;
    let wanted = if scopes.is_empty() { "id" } else { "access" };
    if claims.get("token_use").and_then(Value::as_str) != Some(wanted) {
        return Err(Refused::Claims("the method takes ID tokens without, and access tokens with authorizationScopes"));
    }
    if !scopes.is_empty() && !has_scope(&claims, scopes) {
        return Err(Refused::Claims("the token has none of the method's authorizationScopes"));
    }
    if let Some(expression) = &authorizer.validation
        && !claims.get("aud").and_then(Value::as_str).is_some_and(|audience| expression.is_match(audience))
    {
        return Err(Refused::Claims("aud does not match identityValidationExpression"));
    }
    Ok(claims)
}
