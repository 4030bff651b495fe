//! `GET /data`: what customers pay for by the request.
//!
//! 200 with `X-RateLimit-Tier`, `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (seconds since 1970),
//! as `authorize-tier` has counted. 429 if it says that the day is used up: API Gateway answers that itself as long as the
//! route requires an API key, and this is the second lock on the door.

use ferrogate_shared::{
    Body, Request, Response,
    bootstrap::HttpFuture,
    config::Setup,
    domain::{Tier, Timestamp},
    errors::AppError,
    request::authorizer_text,
    response,
};
use serde_json::json;

/// What the function needs: nothing but the event.
pub struct Deps;

/// The dependencies: none.
pub fn deps(_: &mut Setup<'_>) -> Deps {
    Deps
}

/// Answers one request.
pub fn handle(request: Request, _: &'static Deps) -> HttpFuture {
    Box::pin(async move {
        let quota = Quota::of(&request)?;
        if quota.exhausted {
            return Err(AppError::QuotaExceeded {
                tier: quota.tier.name().to_owned(),
                limit: quota.limit,
                resets_at: quota.resets_at,
                retry_after: quota.retry_after,
            });
        }
        Ok(answer(&quota))
    })
}

/// What the authorizer has counted.
struct Quota {
    tier: Tier,
    limit: u64,
    remaining: u64,
    resets_at: Timestamp,
    retry_after: u64,
    exhausted: bool,
}

impl Quota {
    /// From the authorizer's context. A route without `authorize-tier` serves nobody.
    fn of(request: &Request) -> Result<Quota, AppError> {
        let missing = |name: &str| AppError::Internal(format!("the authorizer's context has no good {name}"));
        let text = |name: &'static str| authorizer_text(request, name).ok_or(AppError::Unauthenticated);
        let number = |name: &'static str| text(name)?.parse::<u64>().map_err(|_| missing(name));
        Ok(Quota {
            tier: Tier::named(&text("tier")?).ok_or_else(|| missing("tier"))?,
            limit: number("limit")?,
            remaining: number("remainingQuota")?,
            resets_at: Timestamp::parse_iso(&text("resetAt")?).map_err(|_| missing("resetAt"))?,
            retry_after: number("retryAfter")?,
            exhausted: text("exhausted")? != "false",
        })
    }
}

fn answer(quota: &Quota) -> Response<Body> {
    let body = json!({
        "data": "Every request of the day counts once, and this one was yours.",
        "tier": quota.tier.name(),
        "limit": quota.limit,
        "remaining": quota.remaining,
        "resetAt": quota.resets_at.iso(),
    });
    let mut response = response::json(200, &body);
    for (name, value) in [
        ("x-ratelimit-tier", quota.tier.name().to_owned()),
        ("x-ratelimit-limit", quota.limit.to_string()),
        ("x-ratelimit-remaining", quota.remaining.to_string()),
        ("x-ratelimit-reset", quota.resets_at.seconds().to_string()),
    ] {
        response = response::with_header(response, name, &value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http("get-data", |_| Deps, handle);
    }
}
