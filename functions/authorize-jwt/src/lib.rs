//! A Lambda authorizer for the JWTs of one issuer: this stack's user pool, or any other that publishes its keys.
//!
//! It serves the REQUEST event of REST APIs and of a WebSocket API's `$connect`, and answers with an IAM policy for the
//! whole stage, so that API Gateway may use one answer for all routes. Routes whose scope the token lacks are denied in the
//! same policy (`REQUIRED_SCOPES`). The context has `userId` (the token's `sub`), `username`, `role` and `scopes`.
//!
//! Who brings no good token gets 401, for which API Gateway wants an error whose text is exactly `Unauthorized`. Where
//! nobody can tell, because the issuer's keys cannot be had, it is 500 and not 401: a client must not throw a good token
//! away for it.

mod presented;
mod scopes;

use std::{collections::HashMap, sync::Arc};

use ferrogate_shared::{
    auth::{
        jwt::{Claims, JwtError, Verifier},
        policy::{self, Effect, Statement},
    },
    bootstrap::EventFuture,
    clock::{Clock, SystemClock},
    config::Setup,
    domain::Timestamp,
};
use serde::Deserialize;
use serde_json::Value;

pub use scopes::RequiredScopes;

/// What the function needs: the issuer's keys, and what the routes require.
pub struct Deps {
    /// Checks tokens.
    pub verifier: Verifier,
    /// Which routes require which scopes.
    pub scopes: RequiredScopes,
    /// Tells the time where the event does not.
    pub clock: Arc<dyn Clock>,
}

/// The dependencies, from the environment (`JWT_ISSUER` and others, see [`Verifier::from_setup`]; `REQUIRED_SCOPES`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    let scopes = setup.optional("REQUIRED_SCOPES").unwrap_or_default();
    let scopes = RequiredScopes::parse(&scopes).unwrap_or_else(|reason| {
        setup.refuse(format!("REQUIRED_SCOPES {reason}"));
        RequiredScopes::default()
    });
    Deps { verifier: Verifier::from_setup(setup), scopes, clock: Arc::new(SystemClock) }
}

/// The event, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerEvent {
    method_arn: String,
    headers: Option<HashMap<String, Option<String>>>,
    multi_value_headers: Option<HashMap<String, Vec<String>>>,
    query_string_parameters: Option<HashMap<String, Option<String>>>,
    multi_value_query_string_parameters: Option<HashMap<String, Vec<String>>>,
    request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    event_type: Option<String>,
    request_time_epoch: Option<i64>,
}

/// Why there is no policy. The texts are what API Gateway sees.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// API Gateway compares this text, to the letter.
    #[error("Unauthorized")]
    Unauthorized,
    #[error("this function expects the event of a REQUEST authorizer")]
    UnknownEvent,
    #[error("the token could not be checked")]
    Unchecked,
}

/// Answers one event.
pub fn handle(event: Value, deps: &'static Deps) -> EventFuture {
    Box::pin(async move {
        let event = AuthorizerEvent::deserialize(event).map_err(|_| Refusal::UnknownEvent)?;
        let stage = policy::whole_stage(&event.method_arn).ok_or(Refusal::UnknownEvent)?;
        let token = presented::token(&event).map_err(|reason| {
            tracing::info!(reason = %reason, "no token to check");
            Refusal::Unauthorized
        })?;
        // The moment of the request, as API Gateway has it: a token that was good then is good, however long the function
        // took to start.
        let received = event.request_context.request_time_epoch.filter(|millis| *millis > 0);
        let now = received.map_or_else(|| deps.clock.now(), Timestamp::from_millis);
        match deps.verifier.verify(&token, now).await {
            Ok(claims) => Ok(allow(&claims, &stage, deps)),
            Err(JwtError::Refused(flaw)) => {
                tracing::info!(reason = %flaw, "token refused");
                Err(Refusal::Unauthorized.into())
            }
            Err(error @ JwtError::Unavailable(_)) => {
                tracing::error!(error = %error, "token not checked");
                Err(Refusal::Unchecked.into())
            }
        }
    })
}

fn allow(claims: &Claims, stage: &str, deps: &Deps) -> Value {
    let mut statements: Vec<Statement> = vec![(Effect::Allow, vec![stage.to_owned()])];
    let denied = deps.scopes.denied(stage, &claims.scopes);
    if !denied.is_empty() {
        statements.push((Effect::Deny, denied));
    }
    let scopes = claims.scopes.join(" ");
    let mut context =
        vec![("userId", claims.user_id.as_str()), ("role", claims.role.name()), ("scopes", scopes.as_str())];
    if let Some(username) = &claims.username {
        context.push(("username", username));
    }
    policy::statements(claims.user_id.as_str(), &statements, &context)
}

#[cfg(test)]
mod tests {
    use ferrogate_fixtures::{World, jwt};
    use ferrogate_shared::auth::jwt::{Expected, HttpFetch, KeySource, Location};
    use serde_json::json;

    use super::*;

    const SCOPES: &str = "GET /tokens = aws.cognito.signin.user.admin; $connect = aws.cognito.signin.user.admin";

    fn deps_in(world: &World) -> Deps {
        Deps { verifier: world.verifier(), scopes: RequiredScopes::parse(SCOPES).unwrap(), clock: world.clock.clone() }
    }

    fn outcome(deps: Deps, event: Value) -> Result<Value, String> {
        let deps: &'static Deps = Box::leak(Box::new(deps));
        ferrogate_fixtures::block_on(handle(event, deps)).map_err(|error| error.to_string())
    }

    fn event(token: &str, at: i64) -> Value {
        json!({
            "type": "REQUEST",
            "methodArn": "arn:aws:execute-api:us-east-1:123456789012:u4tpc2xq8a/production/GET/tokens",
            "headers": {"Authorization": format!("Bearer {token}")},
            "requestContext": {"requestTimeEpoch": at},
        })
    }

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::event("authorize-jwt", deps_in, handle);
    }

    #[test]
    fn a_token_holds_by_the_clock_of_the_request() {
        let token = jwt::token(&jwt::access_claims());
        let at = |millis| outcome(deps_in(&World::default()), event(&token, millis));
        let expires = 1_795_355_100_000;
        assert!(at(expires + 59_999).is_ok());
        assert_eq!(at(expires + 60_000), Err("Unauthorized".into()));
    }

    #[test]
    fn a_scope_that_is_missing_is_denied_in_the_policy_of_the_whole_stage() {
        let mut claims = jwt::access_claims();
        claims["scope"] = "openid".into();
        let answer = outcome(deps_in(&World::default()), event(&jwt::token(&claims), 1_795_352_400_000)).unwrap();
        let statements = &answer["policyDocument"]["Statement"];
        assert_eq!(statements[0]["Effect"], "Allow");
        assert_eq!(statements[1]["Effect"], "Deny");
        assert_eq!(
            statements[1]["Resource"],
            json!([
                "arn:aws:execute-api:us-east-1:123456789012:u4tpc2xq8a/production/GET/tokens",
                "arn:aws:execute-api:us-east-1:123456789012:u4tpc2xq8a/production/$connect",
            ])
        );
    }

    #[test]
    fn an_issuer_that_cannot_be_reached_makes_no_token_bad() {
        let world = World::default();
        let expected = Expected { issuer: jwt::ISSUER.into(), audiences: vec![jwt::CLIENT.into()], token_use: None };
        // Nothing listens there, and nothing may be asked there either.
        let location = Location::Jwks("http://issuer.invalid/jwks".into());
        let keys = KeySource::new(Arc::new(HttpFetch::default()), location, world.clock.clone());
        let deps = Deps { verifier: Verifier::new(expected, keys), ..deps_in(&world) };
        let token = jwt::token(&jwt::access_claims());
        assert_eq!(outcome(deps, event(&token, 1_795_352_400_000)), Err("the token could not be checked".into()));
    }
}
