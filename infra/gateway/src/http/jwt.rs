//! JWT authorizers: the identity source, the signature, the claims, the scopes, in AWS's order.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>

use std::sync::Arc;

use serde_json::{Map, Value};

use super::authorize::facts;
use super::error::GatewayError;
use super::pipeline::Call;
use super::route::MatchedRoute;
use crate::authorize::{
    Grant, TokenClaims, Unverified, VerifyError, bearer, check_audience, check_times, has_scope, identity_value,
    scopes, v2_claims,
};
use crate::compile::JwtAuthorizer;
use crate::proxy::Authorized;
use crate::telemetry::Trail;

/// Whose token the request has, and whether it is one for this route.
pub(super) async fn authorize<'a>(
    call: &Call<'a>,
    route: &MatchedRoute<'a>,
    authorizer: &JwtAuthorizer,
    trail: &mut Trail<'a>,
) -> Result<Authorized, GatewayError> {
    let token = identity_value(&authorizer.source, &facts(call, route));
    let token = token.map(bearer).filter(|token| !token.is_empty()).ok_or(GatewayError::UnauthorizedBearer)?;
    let claims = match verify(call, authorizer, token).await {
        Ok(claims) => claims,
        Err(error) => {
            tracing::info!(authorizer = authorizer.name, route = route.route.route_key, "token refused: {error}");
            trail.authorizer_error = Some(error.to_string());
            return Err(GatewayError::InvalidToken(error));
        }
    };
    let wanted = &route.route.authorization_scopes;
    // As far as is known AWS shows the token's own scopes, and null where the route asks for none.
    let shown = if wanted.is_empty() { Value::Null } else { scopes(&claims).into() };
    let token = TokenClaims { claims: v2_claims(&claims), scopes: Some(shown) };
    let authorized = Authorized { grant: Arc::new(Grant::token(token)), latency_millis: 0 };
    trail.authorizer = Some(authorized.clone());
    if wanted.is_empty() || has_scope(&claims, wanted) {
        return Ok(authorized);
    }
    trail.authorizer_error = Some("insufficient_scope".to_owned());
    Err(GatewayError::InsufficientScope)
}

async fn verify(call: &Call<'_>, authorizer: &JwtAuthorizer, token: &str) -> Result<Map<String, Value>, VerifyError> {
    let token = Unverified::parse(token)?;
    // Told before anybody is asked for keys; a forged claim gains nothing by it.
    if token.claimed_issuer() != Some(&authorizer.issuer) {
        return Err(VerifyError::Issuer);
    }
    let claims = call.gateway.issuers.verify(&authorizer.issuer, &token, &call.gateway.clock).await?;
    if !token.is_rs() {
        let name = &authorizer.name;
        tracing::warn!(
            authorizer = name,
            "a token is accepted that AWS would refuse: it knows RS256, RS384 and RS512 only"
        );
    }
    check_times(&claims, call.at)?;
    check_audience(&claims, &authorizer.audience)?;
    Ok(claims)
}
