//! Asks a Lambda authorizer about a caller, or its cache: the part that REST and HTTP APIs have in common. What an
//! answer means for the client is said by each plane.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::call::{CallError, call};
use crate::authorize::{AnswerError, CacheKey, Grant};
use crate::compile::{AuthorizerPayload, LambdaAuthorizer};
use crate::gateway::Gateway;
use crate::telemetry::ExecutionLog;

/// A well-formed answer: what it says about this request is still to be decided.
#[derive(Clone, Debug)]
pub(crate) struct Authorized {
    /// The answer.
    pub(crate) grant: Arc<Grant>,
    /// Milliseconds that the function took; 0 from the cache.
    pub(crate) latency_millis: u64,
}

/// Why there is no well-formed answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorizerFailure {
    /// The stage's authorizer names no function.
    #[error("{0}")]
    NoFunction(String),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The answer has a bad shape.
    #[error("{0}")]
    Answer(#[from] AnswerError),
    /// The event could not be written.
    #[error("the authorizer's event could not be written: {0}")]
    Event(#[from] serde_json::Error),
}

/// The authorizer's answer for the caller that `identity` identifies. `event` is built only if the cache has none; `log` is
/// told what the function was sent and what it answered.
pub(crate) async fn ask(
    gateway: &Gateway,
    authorizer: &LambdaAuthorizer,
    identity: &[&str],
    event: impl FnOnce() -> Result<Vec<u8>, serde_json::Error>,
    trace: &str,
    limit: Duration,
    log: &mut ExecutionLog,
) -> Result<Authorized, AuthorizerFailure> {
    let cached = authorizer.cache.as_ref().map(|cache| (cache, CacheKey::of(identity.iter().copied())));
    if let Some((cache, key)) = &cached
        && let Some(grant) = cache.get(key, &gateway.clock)
    {
        return Ok(Authorized { grant, latency_millis: 0 });
    }
    let function = authorizer.function.as_ref().map_err(|reason| AuthorizerFailure::NoFunction(reason.clone()))?;
    let started = Instant::now();
    let event = event()?;
    log.function_called(gateway, function, &authorizer.source, &event);
    let payload = call(gateway, function, &authorizer.source, event, trace, limit).await?;
    log.authorizer_result(&payload);
    let latency_millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let grant = Arc::new(match authorizer.payload {
        AuthorizerPayload::RestToken | AuthorizerPayload::RestRequest => Grant::rest(&payload),
        AuthorizerPayload::HttpV1 | AuthorizerPayload::HttpV2 { simple: false } => Grant::policy(&payload),
        AuthorizerPayload::HttpV2 { simple: true } => Grant::simple(&payload),
        AuthorizerPayload::WebSocket => Grant::web_socket(&payload),
    }?);
    if let Some((cache, key)) = cached {
        cache.insert(key, Arc::clone(&grant), &gateway.clock);
    }
    Ok(Authorized { grant, latency_millis })
}
