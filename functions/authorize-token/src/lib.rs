//! A Lambda authorizer for opaque bearer tokens.
//!
//! It serves the TOKEN event of REST APIs and the REQUEST event, payload format 1.0, of HTTP APIs, and answers both
//! with an IAM policy for the whole stage and the context `userId`, `role`.
//!
//! The last use of a token is recorded, to the hour, so that its owner can tell which of them are still needed.
//!
//! Who brings no good token gets 401 from a REST API, which takes an error whose text is exactly `Unauthorized` for
//! that. An HTTP API would make a 500 of any error, so it is answered with a policy that denies: 403, the best there is.

use std::sync::Arc;

use ferrogate_shared::{
    auth::{
        bearer_token, is_token,
        policy::{self, Effect},
        token_hash,
    },
    bootstrap::EventFuture,
    clock::{Clock, SystemClock},
    config::Setup,
    domain::{ApiToken, Timestamp},
    store::{FindToken, RecordTokenUse, StoreError},
};
use serde::Deserialize;
use serde_json::Value;

/// What the function may do: look up a token, and note its use.
pub struct Deps {
    /// Finds a token by its hash.
    pub tokens: Arc<dyn FindToken>,
    /// Notes its use.
    pub uses: Arc<dyn RecordTokenUse>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// The dependencies, from the environment (`API_TOKENS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    let tokens = Arc::new(setup.tokens());
    Deps { tokens: tokens.clone(), uses: tokens, clock: Arc::new(SystemClock) }
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
    /// Only the REQUEST event has one.
    request_context: Option<RequestContext>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    request_time_epoch: Option<i64>,
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
        // The moment of the request, where the event says it.
        let received = event.request_context.and_then(|context| context.request_time_epoch);
        let now = received.filter(|millis| *millis > 0).map_or_else(|| deps.clock.now(), Timestamp::from_millis);
        let token = find(&event.authorization_token, now, deps).await.map_err(|error| {
            tracing::error!(error = %error, "token lookup failed");
            Refusal::Unchecked
        })?;
        match token {
            Some(ApiToken { user_id, role, .. }) => {
                let context = [("userId", user_id.as_str()), ("role", role.name())];
                Ok(policy::answer(user_id.as_str(), Effect::Allow, &resource, &context))
            }
            None if is_http_api => Ok(policy::answer("anonymous", Effect::Deny, &resource, &[])),
            None => Err(Refusal::Unauthorized.into()),
        }
    })
}

/// Whom the header's token stands for, if it still does. Time to live removes a token up to days late, so the clock
/// decides.
async fn find(header: &str, now: Timestamp, deps: &Deps) -> Result<Option<ApiToken>, StoreError> {
    let Some(token) = bearer_token(header) else { return Ok(None) };
    let hash = token_hash(token);
    let found = deps.tokens.find_token(&hash).await?;
    let Some(token) = found.filter(|token| is_token(token, &hash) && now < token.expires_at) else { return Ok(None) };
    if token.records_use(now)
        && let Err(error) = deps.uses.record_token_use(&hash, now).await
    {
        // Nobody is kept out for want of a note.
        tracing::warn!(error = %error, "the use of a token was not recorded");
    }
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use ferrogate_shared::{
        clock::FixedClock,
        domain::{Role, TokenHash, UserId},
        store::StoreFuture,
    };
    use serde_json::json;

    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::event(
            "authorize-token",
            |world| Deps { tokens: world.store.clone(), uses: world.store.clone(), clock: world.clock.clone() },
            handle,
        );
    }

    struct Tokens(Result<Option<ApiToken>, StoreError>);

    impl FindToken for Tokens {
        fn find_token<'a>(&'a self, _: &'a TokenHash) -> StoreFuture<'a, Option<ApiToken>> {
            let found = self.0.clone();
            Box::pin(async move { found })
        }
    }

    /// Counts the notes, and fails to write each of them.
    #[derive(Default)]
    struct Uses(std::sync::atomic::AtomicUsize);

    impl RecordTokenUse for Uses {
        fn record_token_use<'a>(&'a self, _: &'a TokenHash, _: Timestamp) -> StoreFuture<'a, ()> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Box::pin(async { Err(StoreError::Busy("no".into())) })
        }
    }

    fn token(last_used_at: Option<i64>) -> ApiToken {
        ApiToken {
            hash: token_hash("t"),
            user_id: UserId::parse("demo").unwrap(),
            role: Role::Admin,
            name: None,
            created_at: None,
            last_used_at: last_used_at.map(Timestamp::from_millis),
            expires_at: Timestamp::from_millis(10_000_000),
        }
    }

    fn at(now: i64, tokens: Tokens) -> Result<Value, String> {
        noted(now, tokens).0
    }

    fn noted(now: i64, tokens: Tokens) -> (Result<Value, String>, usize) {
        let (clock, uses) = (Arc::new(FixedClock(Timestamp::from_millis(now))), Arc::new(Uses::default()));
        let deps = Deps { tokens: Arc::new(tokens), uses: uses.clone(), clock };
        let event = json!({
            "type": "TOKEN",
            "authorizationToken": "Bearer t",
            "methodArn": "arn:aws:execute-api:us-east-1:1:a/s/GET/",
        });
        let deps: &'static Deps = Box::leak(Box::new(deps));
        let outcome = ferrogate_fixtures::block_on(handle(event, deps)).map_err(|error| error.to_string());
        (outcome, uses.0.load(std::sync::atomic::Ordering::SeqCst))
    }

    #[test]
    fn a_token_holds_until_the_moment_it_expires() {
        let token = || Tokens(Ok(Some(token(None))));
        assert!(at(9_999_999, token()).is_ok());
        assert_eq!(at(10_000_000, token()), Err("Unauthorized".into()));
    }

    #[test]
    fn a_use_is_noted_once_an_hour_and_a_note_that_fails_keeps_nobody_out() {
        for (last, notes) in [(None, 1), (Some(3_600_000), 0), (Some(3_401_000), 0), (Some(3_400_000), 1)] {
            let (outcome, noted) = noted(7_000_000, Tokens(Ok(Some(token(last)))));
            assert!(outcome.is_ok());
            assert_eq!(noted, notes, "{last:?}");
        }
    }

    #[test]
    fn a_store_that_finds_another_token_opens_nothing() {
        let other = ApiToken { hash: token_hash("another"), ..token(None) };
        assert_eq!(at(0, Tokens(Ok(Some(other)))), Err("Unauthorized".into()));
    }

    #[test]
    fn a_lookup_that_fails_is_no_401_and_says_nothing_internal() {
        let outcome = at(0, Tokens(Err(StoreError::Failed("table ApiTokens-XYZ".into()))));
        assert_eq!(outcome, Err("the token could not be checked".into()));
    }
}
