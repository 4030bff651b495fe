//! A Lambda authorizer that counts: each request of a customer takes one of the UTC day's requests of the customer's tier.
//!
//! The customer is known by the API key in the header `X-Api-Key`, of which the table holds a hash. Counting, checking and
//! reading the tier are one conditional write; only a day's first request needs a second. Its answer must never be cached
//! (`authorizerResultTtlInSeconds: 0`), or requests would pass uncounted.
//!
//! | request | answer | what the client sees |
//! |---|---|---|
//! | within the quota | Allow, with the `usageIdentifierKey` of the tier | the answer of the function behind |
//! | beyond it | Allow, **without** a key, and the context for a body | 429: API Gateway misses the key |
//! | unknown key | Deny, `reason` | 403 |
//! | key switched off | Deny, `reason` | 403 |
//! | no key | the error `Unauthorized` | 401 |
//!
//! Why an exhausted customer is allowed: a Deny becomes a 403, and the API has one answer for all its denials. A request
//! that an authorizer allows without a usable API key becomes INVALID_API_KEY instead, an answer that no other route of the
//! API gives, and that is made a 429 with `Retry-After` in `infra/openapi/user-api.yaml`. The context says `exhausted`, so
//! that the function behind refuses too if ever a route forgets to require the key.

use std::{collections::HashMap, sync::Arc};

use ferrogate_shared::{
    auth::{
        policy::{self, Effect},
        sha256_hex,
    },
    bootstrap::EventFuture,
    clock::{Clock, SystemClock},
    config::Setup,
    domain::{Count, Tier, Timestamp, Usage, resets_at},
    store::CountRequest,
};
use serde::Deserialize;
use serde_json::Value;

/// The longest key that is looked up: what API Gateway allows its own.
const MAX_KEY_BYTES: usize = 128;

/// What the function may do: count a request.
pub struct Deps {
    /// Counts.
    pub customers: Arc<dyn CountRequest>,
    /// The API Gateway keys of the tiers, under which the usage plans throttle.
    pub tier_keys: TierKeys,
    /// Tells the time where the event does not.
    pub clock: Arc<dyn Clock>,
}

/// The value of each tier's API key at API Gateway.
#[derive(Clone, Debug)]
pub struct TierKeys {
    /// Free.
    pub free: String,
    /// Basic.
    pub basic: String,
    /// Premium.
    pub premium: String,
}

/// The dependencies, from the environment (`CUSTOMER_TIERS_TABLE`, `FREE_TIER_API_KEY`, `BASIC_TIER_API_KEY`,
/// `PREMIUM_TIER_API_KEY`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    let tier_keys = TierKeys {
        free: setup.required("FREE_TIER_API_KEY"),
        basic: setup.required("BASIC_TIER_API_KEY"),
        premium: setup.required("PREMIUM_TIER_API_KEY"),
    };
    Deps { customers: Arc::new(setup.customers()), tier_keys, clock: Arc::new(SystemClock) }
}

/// The event, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerEvent {
    method_arn: String,
    headers: Option<HashMap<String, Option<String>>>,
    request_context: RequestContext,
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
    #[error("this function expects the event of a REQUEST authorizer of a REST API")]
    UnknownEvent,
    #[error("the quota could not be checked")]
    Unchecked,
}

/// Answers one event.
pub fn handle(event: Value, deps: &'static Deps) -> EventFuture {
    Box::pin(async move {
        let event = AuthorizerEvent::deserialize(event).map_err(|_| Refusal::UnknownEvent)?;
        // The method alone and not the stage: nothing is cached, so that nothing else needs to be covered.
        policy::whole_stage(&event.method_arn).ok_or(Refusal::UnknownEvent)?;
        let key = api_key(&event).ok_or(Refusal::Unauthorized)?;
        // The day of the request is API Gateway's, which has one clock for everybody.
        let received = event.request_context.request_time_epoch.filter(|millis| *millis > 0);
        let now = received.map_or_else(|| deps.clock.now(), Timestamp::from_millis);
        let count = if key.len() > MAX_KEY_BYTES {
            Count::Unknown
        } else {
            deps.customers.count_request(&sha256_hex(key), now).await.map_err(|error| {
                tracing::error!(error = %error, "request not counted");
                Refusal::Unchecked
            })?
        };
        let deny = |reason| Ok(policy::answer("anonymous", Effect::Deny, &event.method_arn, &[("reason", reason)]));
        match count {
            Count::Counted(usage) => {
                watch(&usage);
                let key = usage.usage_key.as_deref().unwrap_or_else(|| deps.tier_keys.of(usage.tier));
                Ok(policy::with_usage_key(allow(&usage, &event.method_arn, now, false), key))
            }
            Count::Exhausted(usage) => Ok(allow(&usage, &event.method_arn, now, true)),
            Count::Disabled => deny("this API key is switched off"),
            Count::Unknown => deny("this API key is unknown"),
        }
    })
}

/// Nine tenths of a customer's day are used: the metric filter in `infra/template.yaml` counts this line, once for each
/// customer and day, and the alarm follows the metric.
fn watch(usage: &Usage) {
    if usage.reaches_nine_tenths() {
        let (customer, tier, limit) = (usage.customer_id.as_str(), usage.tier.name(), usage.tier.daily_limit());
        tracing::warn!(customer, tier, used = usage.used, limit, "quota nearly used up");
    }
}

fn allow(usage: &Usage, method_arn: &str, now: Timestamp, exhausted: bool) -> Value {
    let reset = resets_at(now);
    // Rounded up: who comes back after so many seconds must not be a moment too early.
    let retry_after = (reset.millis() - now.millis() + 999) / 1000;
    let (limit, remaining) = (usage.tier.daily_limit().to_string(), usage.remaining().to_string());
    let context = [
        ("customerId", usage.customer_id.as_str()),
        ("tier", usage.tier.name()),
        ("limit", &limit),
        ("remainingQuota", &remaining),
        ("resetAt", &reset.iso()),
        ("retryAfter", &retry_after.to_string()),
        ("exhausted", if exhausted { "true" } else { "false" }),
    ];
    policy::answer(usage.customer_id.as_str(), Effect::Allow, method_arn, &context)
}

/// The key in the header `X-Api-Key`, if there is one.
fn api_key(event: &AuthorizerEvent) -> Option<&str> {
    let headers = event.headers.as_ref()?;
    let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-api-key"));
    found.and_then(|(_, value)| value.as_deref()).map(str::trim).filter(|key| !key.is_empty())
}

impl TierKeys {
    fn of(&self, tier: Tier) -> &str {
        match tier {
            Tier::Free => &self.free,
            Tier::Basic => &self.basic,
            Tier::Premium => &self.premium,
        }
    }
}

#[cfg(test)]
mod tests {
    use ferrogate_fixtures::World;
    use ferrogate_shared::{
        domain::CustomerId,
        store::{
            StoreError, StoreFuture,
            item::{Customer, from_customer},
        },
    };
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:u4tpc2xq8a/production/GET/data";
    /// 2026-11-22T13:00:00Z
    const NOW: i64 = 1_795_352_400_000;

    fn deps_in(world: &World) -> Deps {
        let tier_keys = TierKeys {
            free: "free0000000000000000".into(),
            basic: "basic000000000000000".into(),
            premium: "premium0000000000000".into(),
        };
        Deps { customers: world.store.clone(), tier_keys, clock: world.clock.clone() }
    }

    fn event(key: &str, at: i64) -> Value {
        json!({
            "type": "REQUEST", "methodArn": ARN, "headers": {"x-api-key": key},
            "requestContext": {"requestTimeEpoch": at},
        })
    }

    fn world(tier: Tier, day: &str, used: u64) -> World {
        let world = World::default();
        let usage = Usage { customer_id: CustomerId::parse("acme").unwrap(), tier, used, usage_key: None };
        let customer = Customer { usage, active: true, day: Some(day.into()) };
        world.store.load("CustomerTiersTable", &from_customer(&sha256_hex("acme-key"), &customer)).unwrap();
        world
    }

    fn ask(world: &World, at: i64) -> Value {
        let deps: &'static Deps = Box::leak(Box::new(deps_in(world)));
        ferrogate_fixtures::block_on(handle(event("acme-key", at), deps)).unwrap()
    }

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::event("authorize-tier", deps_in, handle);
    }

    #[test]
    fn of_many_that_race_for_the_last_requests_exactly_so_many_pass() {
        let world = world(Tier::Basic, "2026-11-22", 9_990);
        let deps: &'static Deps = Box::leak(Box::new(deps_in(&world)));
        let passed = ferrogate_fixtures::block_on(async move {
            let mut tasks = Vec::new();
            for _ in 0..64 {
                tasks.push(handle(event("acme-key", NOW), deps));
            }
            let mut passed = 0;
            for task in tasks {
                passed += usize::from(task.await.unwrap()["usageIdentifierKey"].is_string());
            }
            passed
        });
        assert_eq!(passed, 10);
        let item = &world.store.dump("CustomerTiersTable")[0];
        assert_eq!(item["requestsToday"].as_n().unwrap(), "10000");
    }

    #[test]
    fn the_day_ends_at_midnight_by_the_clock_of_the_request() {
        let world = world(Tier::Free, "2026-11-22", 99);
        let midnight = NOW + 11 * 3_600_000;
        let last = ask(&world, midnight - 1);
        assert_eq!(last["context"]["remainingQuota"], "0");
        let refused = ask(&world, midnight - 1);
        assert_eq!(refused["context"]["exhausted"], "true");
        assert_eq!(refused["context"]["retryAfter"], "1");
        assert_eq!(refused["context"]["resetAt"], "2026-11-23T00:00:00.000Z");
        assert!(refused.get("usageIdentifierKey").is_none());
        assert_eq!(ask(&world, midnight)["context"]["remainingQuota"], "99");
        // A clock that is set back begins no day again.
        assert_eq!(ask(&world, midnight - 1)["context"]["remainingQuota"], "98");
    }

    #[test]
    fn a_store_that_fails_lets_nobody_pass_and_says_nothing_internal() {
        struct Down;
        impl CountRequest for Down {
            fn count_request<'a>(&'a self, _: &'a str, _: Timestamp) -> StoreFuture<'a, Count> {
                Box::pin(async { Err(StoreError::Failed("table CustomerTiers-XYZ".into())) })
            }
        }
        let deps = Deps { customers: Arc::new(Down), ..deps_in(&World::default()) };
        let deps: &'static Deps = Box::leak(Box::new(deps));
        let outcome = ferrogate_fixtures::block_on(handle(event("acme-key", NOW), deps));
        assert_eq!(outcome.unwrap_err().to_string(), "the quota could not be checked");
    }
}
