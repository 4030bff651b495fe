//! API keys, usage plans and throttles: who is let in, how often, and what the others are told.

use std::time::Duration;

use super::*;
use crate::model::{ApiKey, MethodSetting, QuotaSettings, ThrottleSettings, UsagePlan};
use crate::proxy::testing::policy;
use crate::throttle::testing::{Plans, key, plan};

const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;
const THROTTLED: &str = r#"{"message":"Too Many Requests"}"#;
const EXCEEDED: &str = r#"{"message":"Limit Exceeded"}"#;

/// The value of the key `k1`.
const KEY: (&str, &str) = ("x-api-key", "the-value-of-the-first-key");

/// `GET /pets` with a key, `POST /pets` with a key, `GET /open` without.
fn keyed() -> RestApi {
    let mut api = api(&[("GET /pets", "f"), ("POST /pets", "f"), ("GET /open", "f")]);
    for key in ["GET /pets", "POST /pets"] {
        method(&mut api, key).api_key_required = true;
    }
    api
}

fn with_plan(api: &RestApi, change: impl FnOnce(&mut UsagePlan)) -> (Plane, Plans) {
    let plane = Plane::new(api, [("f", ok())]);
    let plans = Plans::new(&plane.gateway.limits);
    let mut plan = plan("p1", &["userapi/prod"]);
    change(&mut plan);
    plans.set([key("k1", KEY.1), key("k2", "the-value-of-the-second-key")], [plan], &["p1/k1", "p1/k2"]);
    (plane, plans)
}

fn throttle(rate_limit: f64, burst_limit: i32) -> ThrottleSettings {
    ThrottleSettings { rate_limit, burst_limit }
}

fn quota(limit: i32, period: &str) -> Option<QuotaSettings> {
    Some(QuotaSettings { limit, offset: 0, period: period.to_owned() })
}

/// The statuses of so many requests.
async fn statuses(plane: &Plane, target: &str, headers: &[(&str, &str)], requests: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..requests {
        statuses.push(plane.get(target, headers).await.status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn a_key_of_a_plan_for_the_stage_lets_in_and_the_function_sees_it() {
    let (plane, _plans) = with_plan(&keyed(), |_| {});
    assert_eq!(plane.get("/prod/pets", &[("X-API-Key", KEY.1)]).await.status(), 200);
    let identity = plane.fake.event("f")["requestContext"]["identity"].clone();
    assert_eq!((&identity["apiKey"], &identity["apiKeyId"]), (&json!(KEY.1), &json!("k1")));
    // Where none is required it is not looked at.
    assert_eq!(plane.get("/prod/open", &[KEY]).await.status(), 200);
    let identity = plane.fake.event("f")["requestContext"]["identity"].clone();
    assert_eq!((identity.get("apiKey"), identity.get("apiKeyId")), (None, None));
    assert_eq!(plane.get("/prod/open", &[("x-api-key", "wrong")]).await.status(), 200);
}

#[tokio::test]
async fn everything_else_is_forbidden_alike() {
    let (plane, plans) = with_plan(&keyed(), |_| {});
    let first = KEY;
    for (target, headers) in [
        ("/prod/pets", &[][..]),
        ("/prod/pets", &[("x-api-key", "")]),
        ("/prod/pets", &[("x-api-key", "k1")]),
        ("/prod/pets", &[("x-api-key", "the-value-of-no-key-at-all")]),
        ("/prod/pets", &[("Authorization", KEY.1)]),
        ("/prod/pets?x-api-key=the-value-of-the-first-key", &[]),
        ("/dev/pets", &[first]),
    ] {
        assert_error(&plane.get(target, headers).await, 403, FORBIDDEN, "ForbiddenException");
    }
    plans.change_keys(|keys| keys[0].enabled = false);
    assert_error(&plane.get("/prod/pets", &[KEY]).await, 403, FORBIDDEN, "ForbiddenException");
    plans.change_keys(|keys| keys[0].enabled = true);
    assert_eq!(plane.get("/prod/pets", &[KEY]).await.status(), 200, "plans and keys are live");
    plans.change(|plans| plans[0].api_stages.clear());
    assert_error(&plane.get("/prod/pets", &[KEY]).await, 403, FORBIDDEN, "ForbiddenException");
    assert_eq!(plane.fake.count("f"), 1);
}

#[tokio::test]
async fn a_keys_throttle_is_its_own() {
    let (plane, plans) = with_plan(&keyed(), |plan| plan.throttle = Some(throttle(1.0, 2)));
    assert_eq!(statuses(&plane, "/prod/pets", &[KEY], 3).await, [200, 200, 429]);
    let refused = plane.get("/prod/pets", &[KEY]).await;
    assert_error(&refused, 429, THROTTLED, "TooManyRequestsException");
    assert_eq!(header(&refused, "retry-after"), None);
    let second = ("x-api-key", "the-value-of-the-second-key");
    assert_eq!(plane.get("/prod/pets", &[second]).await.status(), 200);
    assert_eq!(plane.get("/prod/open", &[]).await.status(), 200);
    plane.gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(statuses(&plane, "/prod/pets", &[KEY], 2).await, [200, 429]);
    plans.change(|plans| plans[0].throttle = None);
    assert_eq!(plane.get("/prod/pets", &[KEY]).await.status(), 200);
}

#[tokio::test]
async fn a_method_of_a_plan_has_a_throttle_of_its_own() {
    let (plane, _plans) = with_plan(&keyed(), |plan| {
        plan.throttle = Some(throttle(1.0, 1));
        plan.api_stages[0].throttle = [("/pets/GET".to_owned(), throttle(1.0, 2))].into();
    });
    assert_eq!(statuses(&plane, "/prod/pets", &[KEY], 3).await, [200, 200, 429]);
    let post = || plane.send(request("POST", "/prod/pets", &[KEY]));
    assert_eq!((post().await.status().as_u16(), post().await.status().as_u16()), (200, 429));
}

#[tokio::test]
async fn a_quota_ends_and_begins_again_at_midnight() {
    let (plane, _plans) = with_plan(&keyed(), |plan| plan.quota = quota(2, "DAY"));
    plane.gateway.clock.set(crate::clock::parse_iso8601("2026-11-22T23:00:00Z").unwrap());
    assert_eq!(statuses(&plane, "/prod/pets", &[KEY], 3).await, [200, 200, 429]);
    assert_error(&plane.get("/prod/pets", &[KEY]).await, 429, EXCEEDED, "LimitExceededException");
    plane.gateway.clock.set(crate::clock::parse_iso8601("2026-11-23").unwrap());
    assert_eq!(statuses(&plane, "/prod/pets", &[KEY], 3).await, [200, 200, 429]);
    plane.gateway.clock.set(crate::clock::parse_iso8601("2026-11-22T12:00:00Z").unwrap());
    assert_eq!(plane.get("/prod/pets", &[KEY]).await.status(), 429, "a clock moved backwards gives nothing back");
}

#[tokio::test]
async fn what_fails_behind_the_gateway_counts_and_what_it_refuses_does_not() {
    let mut api = keyed();
    guard(&mut api, AuthorizerType::Token, "method.request.header.Authorization", 0);
    let (plane, _plans) = with_plan(&api, |plan| plan.quota = quota(2, "MONTH"));
    plane.fake.answer("auth", Answer::Json(policy("Deny", "*", json!({}))));
    let token = ("Authorization", "t");
    assert_eq!(statuses(&plane, "/prod/pets", &[KEY, token], 5).await, [403; 5]);
    plane.fake.answer("auth", Answer::Json(policy("Allow", "*", json!({}))));
    plane.fake.answer("f", Answer::Fails("no"));
    assert_eq!(statuses(&plane, "/prod/pets", &[KEY, token], 3).await, [502, 502, 429]);
}

#[tokio::test]
async fn an_authorizer_may_say_the_key() {
    let mut api = keyed();
    api.api_key_source = Some("AUTHORIZER".to_owned());
    guard(&mut api, AuthorizerType::Token, "method.request.header.Authorization", 0);
    let (plane, _plans) = with_plan(&api, |plan| plan.throttle = Some(throttle(1.0, 1)));
    let answers = |usage_key: Value| {
        let mut answer = policy("Allow", "*", json!({}));
        answer["usageIdentifierKey"] = usage_key;
        Answer::Json(answer)
    };
    let token = ("Authorization", "t");
    plane.fake.answer("auth", answers(json!(KEY.1)));
    // The caller's own header is not asked.
    assert_eq!(statuses(&plane, "/prod/pets", &[token, ("x-api-key", "x")], 2).await, [200, 429]);
    assert_eq!(plane.fake.event("f")["requestContext"]["identity"]["apiKeyId"], "k1");
    for usage_key in [json!("unknown"), json!(null)] {
        plane.fake.answer("auth", answers(usage_key));
        let refused = plane.get("/prod/pets", &[token, ("x-api-key", "the-value-of-the-second-key")]).await;
        assert_error(&refused, 403, FORBIDDEN, "ForbiddenException");
    }
    plane.fake.answer("auth", answers(json!(["k"])));
    assert_eq!(plane.get("/prod/pets", &[token]).await.status(), 500);
}

fn setting(rate: Option<f64>, burst: Option<i32>) -> MethodSetting {
    MethodSetting { throttling_rate_limit: rate, throttling_burst_limit: burst, ..MethodSetting::default() }
}

#[tokio::test]
async fn a_stage_limits_its_methods() {
    let mut api = api(&[("GET /", "f"), ("ANY /pets/{id}", "f"), ("GET /other", "f")]);
    let settings = &mut api.stages["prod"].method_settings;
    settings.insert("*/*".to_owned(), setting(Some(1.0), Some(2)));
    settings.insert("~1pets~1{id}/GET".to_owned(), setting(None, Some(1)));
    settings.insert("~1/GET".to_owned(), setting(Some(0.0), Some(0)));
    let plane = Plane::new(&api, [("f", ok())]);
    assert_error(&plane.get("/prod", &[]).await, 429, THROTTLED, "TooManyRequestsException");
    assert_eq!(statuses(&plane, "/prod/pets/1", &[], 2).await, [200, 429]);
    assert_eq!(plane.get("/prod/pets/2", &[]).await.status(), 429, "of the method, whatever its parameters are");
    let post = || plane.send(request("POST", "/prod/pets/1", &[]));
    assert_eq!(
        [post().await.status(), post().await.status(), post().await.status()].map(|status| status.as_u16()),
        [200, 200, 429]
    );
    assert_eq!(statuses(&plane, "/prod/other", &[], 3).await, [200, 200, 429]);
    assert_eq!(statuses(&plane, "/dev/other", &[], 5).await, [200; 5]);
    plane.gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(statuses(&plane, "/prod/pets/1", &[], 2).await, [200, 429]);
}

#[tokio::test]
async fn a_deployment_leaves_the_buckets_as_they_are() {
    let mut api = api(&[("GET /", "f")]);
    api.stages["prod"].method_settings.insert("*/*".to_owned(), setting(Some(1.0), Some(2)));
    let mut plane = Plane::new(&api, [("f", ok())]);
    assert_eq!(statuses(&plane, "/prod", &[], 3).await, [200, 200, 429]);
    plane.plane = published(&api, &plane.gateway);
    assert_eq!(plane.get("/prod", &[]).await.status(), 429);
    api.stages["prod"].method_settings.clear();
    plane.plane = published(&api, &plane.gateway);
    assert_eq!(statuses(&plane, "/prod", &[], 5).await, [200; 5], "settings are live");
}

#[tokio::test]
async fn all_apis_of_an_account_share_its_throttle() {
    let plane = Plane::new(&api(&[("GET /", "f")]), [("f", ok())]);
    // From a minute ahead, so that it does not fill while the request comes.
    let later = plane.gateway.clock.now() + 60_000;
    while plane.gateway.limits.admit(None, None, later).is_ok() {}
    assert_error(&plane.get("/prod", &[]).await, 429, THROTTLED, "TooManyRequestsException");
    plane.gateway.clock.advance(Duration::from_secs(120));
    assert_eq!(plane.get("/prod", &[]).await.status(), 200);
}

#[tokio::test]
async fn throttled_requests_are_logged_and_counted() {
    use crate::model::AccessLogSettings;
    use crate::telemetry::testing::{DESTINATION, lines, sum};
    let mut api = keyed();
    api.name = "Pets".to_owned();
    let format = "$context.status $context.error.responseType $context.identity.apiKeyId $context.identity.apiKey";
    api.stages["prod"].access_log_settings =
        Some(AccessLogSettings { format: Some(format.to_owned()), destination_arn: Some(DESTINATION.to_owned()) });
    let (plane, plans) = with_plan(&api, |plan| plan.quota = quota(2, "DAY"));
    statuses(&plane, "/prod/pets", &[KEY], 3).await;
    plans.change(|plans| plans[0].throttle = Some(throttle(0.0, 0)));
    statuses(&plane, "/prod/pets", &[KEY], 1).await;
    statuses(&plane, "/prod/pets", &[], 1).await;
    assert_eq!(
        lines(&plane.gateway),
        ["200 - k1 -", "200 - k1 -", "429 QUOTA_EXCEEDED k1 -", "429 THROTTLED k1 -", "403 INVALID_API_KEY - -"]
    );
    let of = |metric| sum(&plane.gateway, metric, &[("ApiName", "Pets")]);
    assert_eq!((of("Count"), of("4XXError"), of("5XXError")), (Some(5.0), Some(3.0), Some(0.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_that_race_for_a_quota_of_a_thousand_get_a_thousand() {
    let (plane, _plans) = with_plan(&keyed(), |plan| plan.quota = quota(1_000, "DAY"));
    plane.gateway.clock.set(crate::clock::parse_iso8601("2026-11-22T01:00:00Z").unwrap());
    let plane = std::sync::Arc::new(plane);
    let clients = (0..64).map(|_| {
        let plane = std::sync::Arc::clone(&plane);
        tokio::spawn(async move { statuses(&plane, "/prod/pets", &[KEY], 20).await })
    });
    let answers = futures_util::future::join_all(clients.collect::<Vec<_>>()).await;
    let answers: Vec<u16> = answers.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1_000);
    assert_eq!(plane.fake.count("f"), 1_000);
}

#[tokio::test]
async fn a_plan_without_stages_lets_nobody_in() {
    let plane = Plane::new(&keyed(), [("f", ok())]);
    let plans = Plans::new(&plane.gateway.limits);
    plans.set([key("k1", KEY.1), ApiKey { value: None, ..key("k2", "") }], [plan("p1", &[])], &["p1/k1", "p1/k2"]);
    assert_error(&plane.get("/prod/pets", &[KEY]).await, 403, FORBIDDEN, "ForbiddenException");
}
