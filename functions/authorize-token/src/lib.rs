//! A Lambda authorizer for opaque bearer tokens.
//!
//! It serves the TOKEN event of REST APIs and the REQUEST event, payload format 1.0, of HTTP APIs, and answers both
//! with an IAM policy for the whole stage and the context `userId`, `role`.
//!
//! Who brings no good token gets 401 from a REST API, which takes an error whose text is exactly `Unauthorized` for
//! that. An HTTP API would make a 500 of any error, so it is answered with a policy that denies: 403, the best there is.

use std::sync::Arc;

use ferrogate_shared::{
    auth::{
        bearer_token,
        policy::{self, Effect},
        token_hash,
    },
    bootstrap::EventFuture,
    clock::{Clock, SystemClock},
    config::Setup,
    domain::ApiToken,
    store::{FindToken, StoreError},
};
use serde::Deserialize;
use serde_json::Value;

/// What the function may do: look up a token.
pub struct Deps {
    /// Finds a token by its hash.
    pub tokens: Arc<dyn FindToken>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// The dependencies, from the environment (`API_TOKENS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { tokens: Arc::new(setup.tokens()), clock: Arc::new(SystemClock) }
}

/// Either event, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerEvent {
    /// Only HTTP APIs say which payload format they speak.
    version: Option<String>,
    #[serde(default)]
    authorization_token: String,
    method_arn: String,
}

/// Why there is no policy. The texts are what API Gateway sees.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// API Gateway compares this text, to the letter.
    #[error("Unauthorized")]
    Unauthorized,
    #[error("this function expects the event of a TOKEN authorizer, or of a REQUEST authorizer in payload format 1.0")]
    UnknownEvent,
    #[error("the token could not be checked")]
    Unchecked,
}

/// Answers one event.
pub fn handle(event: Value, deps: &'static Deps) -> EventFuture {
    Box::pin(async move {
        let event = AuthorizerEvent::deserialize(event).map_err(|_| Refusal::UnknownEvent)?;
        let resource = policy::whole_stage(&event.method_arn).ok_or(Refusal::UnknownEvent)?;
        let is_http_api = match event.version.as_deref() {
            None => false,
            Some("1.0") => true,
            Some(_) => return Err(Refusal::UnknownEvent.into()),
        };
        let token = find(&event.authorization_token, deps).await.map_err(|error| {
            tracing::error!(error = %error, "token lookup failed");
            Refusal::Unchecked
        })?;
        match token {
            Some(ApiToken { user_id, role, .. }) => {
                let context = [("userId", user_id.as_str()), ("role", role.as_str())];
                Ok(policy::answer(user_id.as_str(), Effect::Allow, &resource, &context))
            }
            None if is_http_api => Ok(policy::answer("anonymous", Effect::Deny, &resource, &[])),
            None => Err(Refusal::Unauthorized.into()),
        }
    })
}

/// Whom the header's token stands for, if it still does. Time to live removes a token up to days late, so the clock
/// decides.
async fn find(header: &str, deps: &Deps) -> Result<Option<ApiToken>, StoreError> {
    let Some(token) = bearer_token(header) else { return Ok(None) };
    let found = deps.tokens.find_token(&token_hash(token)).await?;
    Ok(found.filter(|token| deps.clock.now() < token.expires_at))
}

#[cfg(test)]
mod tests {
    use ferrogate_shared::{clock::FixedClock, domain::Timestamp, store::StoreFuture};
    use serde_json::json;

    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::event(
            "authorize-token",
            |world| Deps { tokens: world.store.clone(), clock: world.clock.clone() },
            handle,
        );
    }

    struct Tokens(Result<Option<ApiToken>, StoreError>);

    impl FindToken for Tokens {
        fn find_token<'a>(&'a self, _: &'a str) -> StoreFuture<'a, Option<ApiToken>> {
            let found = self.0.clone();
            Box::pin(async move { found })
        }
    }

    fn at(now: i64, tokens: Tokens) -> Result<Value, String> {
        let deps = Deps { tokens: Arc::new(tokens), clock: Arc::new(FixedClock(Timestamp::from_millis(now))) };
        let event = json!({
            "type": "TOKEN",
            "authorizationToken": "Bearer t",
            "methodArn": "arn:aws:execute-api:us-east-1:1:a/s/GET/",
        });
        let deps: &'static Deps = Box::leak(Box::new(deps));
        ferrogate_fixtures::block_on(handle(event, deps)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_holds_until_the_moment_it_expires() {
        let token = || {
            Tokens(Ok(Some(ApiToken {
                user_id: ferrogate_shared::domain::UserId::parse("demo").unwrap(),
                role: "admin".into(),
                expires_at: Timestamp::from_millis(10_000),
            })))
        };
        assert!(at(9_999, token()).is_ok());
        assert_eq!(at(10_000, token()), Err("Unauthorized".into()));
    }

    #[test]
    fn a_lookup_that_fails_is_no_401_and_says_nothing_internal() {
        let outcome = at(0, Tokens(Err(StoreError::Failed("table ApiTokens-XYZ".into()))));
        assert_eq!(outcome, Err("the token could not be checked".into()));
    }
}
