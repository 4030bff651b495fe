//! Tiers: each customer's requests of a UTC day, counted exactly.

use std::sync::Arc;

use ferrogate_tests::stack::{Stack, repository};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

/// Of `demo-free-key`, `demo-basic-key` and `demo-premium-key`, which the template seeds.
const HASHES: [&str; 3] = [
    "9f8cfdb17116bf0e2a44e071454f25594cb9b8737bf331e6a2f0b30550572f29",
    "4f6d8d54023de38a3bc2ca891c396e12d7cf000a3c5dbd9c2c1c73ef9b4f1c9b",
    "24fdfedfe3f3458eae8dfd32a021ba503cb73dca09e14591a41821f5f9af91fe",
];

/// moto checks a condition and writes in two steps, so that writers at the same time may all pass: there a condition is
/// proven by one client.
fn one_by_one() -> bool {
    std::env::var_os("FERROGATE_TEST_DYNAMODB_ONE_BY_ONE").is_some()
}

async fn ask(stack: &Stack, key: &str) -> Response {
    stack.client().get(stack.api("userapi/production/data")).header("X-Api-Key", key).send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
}

/// The UTC day by the stack's clock, at least ten minutes of which are left.
async fn today(stack: &Stack) -> String {
    loop {
        let answer = ask(stack, "demo-basic-key").await;
        let reset: i64 = header(&answer, "x-ratelimit-reset").parse().unwrap();
        let body: Value = answer.json().await.unwrap();
        let next = body["resetAt"].as_str().unwrap();
        let left = retry_after(stack, reset).await;
        if left > 600 {
            return day_before(next);
        }
        advance(stack, left + 1).await;
    }
}

/// How many seconds are left of the day, by the stack's clock: what a customer who has nothing left is told.
async fn retry_after(stack: &Stack, reset: i64) -> i64 {
    let row = json!({"apiKeyHash": {"S": HASHES[0]}, "customerId": {"S": "demo-free"}, "tier": {"S": "free"},
                     "status": {"S": "active"}, "day": {"S": "9999-12-31"}, "requestsToday": {"N": "100"}});
    stack.put("CustomerTiersTable", &row).await;
    let refused = ask(stack, "demo-free-key").await;
    let left: i64 = header(&refused, "retry-after").parse().unwrap();
    assert!(left <= 86_400 && reset > 0);
    left
}

/// The day before the one that begins at this moment (ISO 8601).
fn day_before(moment: &str) -> String {
    let (year, month, day) = (&moment[..4], &moment[5..7], &moment[8..10]);
    let (mut year, mut month, mut day): (i32, u32, u32) =
        (year.parse().unwrap(), month.parse().unwrap(), day.parse().unwrap());
    day -= 1;
    if day == 0 {
        month -= 1;
        if month == 0 {
            (year, month) = (year - 1, 12);
        }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        day = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
    }
    format!("{year:04}-{month:02}-{day:02}")
}

async fn advance(stack: &Stack, seconds: i64) {
    let clock = format!("{}/_ferrogate/clock", stack.endpoint());
    let moved = stack.client().post(clock).json(&json!({"advanceSeconds": seconds})).send().await.unwrap();
    assert_eq!(moved.status(), 200);
}

fn row(hash: &str, tier: &str, day: &str, used: u64) -> Value {
    json!({"apiKeyHash": {"S": hash}, "customerId": {"S": format!("demo-{tier}")}, "tier": {"S": tier},
           "status": {"S": "active"}, "day": {"S": day}, "requestsToday": {"N": used.to_string()}})
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_says_what_is_left_of_the_day() {
    let stack = Stack::start().await;
    for (key, tier, limit) in [
        ("demo-free-key", "free", 100),
        ("demo-basic-key", "basic", 10_000),
        ("demo-premium-key", "premium", 1_000_000),
    ] {
        for used in 1..=3 {
            let answer = ask(&stack, key).await;
            assert_eq!(answer.status(), StatusCode::OK, "{tier}");
            assert_eq!(header(&answer, "x-ratelimit-tier"), tier);
            assert_eq!(header(&answer, "x-ratelimit-limit"), limit.to_string());
            assert_eq!(header(&answer, "x-ratelimit-remaining"), (limit - used).to_string());
            assert_eq!(header(&answer, "x-ratelimit-reset").parse::<i64>().unwrap() % 86_400, 0);
        }
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_clients_that_race_for_a_thousand_requests_exactly_a_thousand_pass() {
    let (clients, requests, places) = if one_by_one() { (1, 120, 100) } else { (64, 17, 1_000) };
    let stack = Arc::new(Stack::start().await);
    let day = today(&stack).await;
    stack.put("CustomerTiersTable", &row(HASHES[2], "premium", &day, 1_000_000 - places)).await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let stack = stack.clone();
        racing.spawn(async move {
            let mut counts = (0, 0);
            for _ in 0..requests {
                let answer = ask(&stack, "demo-premium-key").await;
                match answer.status().as_u16() {
                    200 => counts.0 += 1,
                    429 => {
                        let left: u64 = header(&answer, "retry-after").parse().unwrap();
                        assert!((1..=86_400).contains(&left));
                        counts.1 += 1;
                    }
                    other => panic!("{other}: {:?}", answer.text().await),
                }
            }
            counts
        });
    }
    let counts = racing.join_all().await;
    let (passed, refused) = counts.iter().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    assert_eq!((passed, refused), (places, clients * requests - places));
    let items = stack.items("CustomerTiersTable").await;
    let item = items.iter().find(|item| item["apiKeyHash"]["S"] == HASHES[2]).unwrap();
    assert_eq!(item["requestsToday"]["N"], "1000000", "a refused request is not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_customer_is_told_when_and_is_served_again_from_midnight_on() {
    let stack = Stack::start().await;
    let day = today(&stack).await;
    stack.put("CustomerTiersTable", &row(HASHES[0], "free", &day, 99)).await;
    let last = ask(&stack, "demo-free-key").await;
    assert_eq!((last.status(), header(&last, "x-ratelimit-remaining")), (StatusCode::OK, "0"));

    let refused = ask(&stack, "demo-free-key").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let left: i64 = header(&refused, "retry-after").parse().unwrap();
    let body: Value = refused.json().await.unwrap();
    assert_eq!((&body["code"], &body["tier"]), (&json!("QuotaExceeded"), &json!("free")));
    assert!(body["resetAt"].as_str().unwrap().ends_with("T00:00:00.000Z"), "{body}");

    advance(&stack, left).await;
    let next = ask(&stack, "demo-free-key").await;
    assert_eq!((next.status(), header(&next, "x-ratelimit-remaining")), (StatusCode::OK, "99"));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_good_key_is_told_which_it_is() {
    let stack = Stack::start().await;
    let without = stack.client().get(stack.api("userapi/production/data")).send().await.unwrap();
    assert_eq!(without.status(), StatusCode::UNAUTHORIZED);
    let mut disabled = row(HASHES[1], "basic", "2026-11-22", 1);
    disabled["status"] = json!({"S": "disabled"});
    stack.put("CustomerTiersTable", &disabled).await;
    for (key, reason) in [
        ("demo-basic-key", "this API key is switched off"),
        ("made-up", "this API key is unknown"),
        (&"x".repeat(200), "this API key is unknown"),
    ] {
        let refused = ask(&stack, key).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{key}");
        assert_eq!(refused.json::<Value>().await.unwrap()["reason"], reason, "{key}");
    }
    // Who knows the key that API Gateway counts under gains nothing by it.
    let stack_key = "premium00000000000000000000000000000000";
    assert_eq!(ask(&stack, stack_key).await.status(), StatusCode::FORBIDDEN);
    stack.stop().await;
}

/// The write itself, without anything of the gateway's in the way but the Invoke API.
#[tokio::test(flavor = "multi_thread")]
async fn the_condition_of_the_write_alone_keeps_the_quota() {
    let stack = Arc::new(Stack::start().await);
    // Of `acme-demo-key`, which the event has; its day is the event's.
    let hash = "8676d15d94dabdd1283e6c407e2bb08a7b5c13b4e3667d4795c17172e080a3d4";
    stack.put("CustomerTiersTable", &row(hash, "basic", "2026-11-22", 9_960)).await;
    let event = std::fs::read_to_string(repository().join("events/authorize-tier/within.json")).unwrap();
    let mut invocations = tokio::task::JoinSet::new();
    let at_once = Arc::new(tokio::sync::Semaphore::new(if one_by_one() { 1 } else { 64 }));
    for _ in 0..64 {
        let (stack, event, at_once) = (stack.clone(), event.clone(), at_once.clone());
        invocations.spawn(async move {
            let _turn = at_once.acquire_owned().await.unwrap();
            let url = format!("{}/2015-03-31/functions/authorize-tier/invocations", stack.endpoint());
            let answer = stack.client().post(url).body(event).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            match (&answer["usageIdentifierKey"], answer["context"]["exhausted"].as_str()) {
                (Value::String(_), Some("false")) => 1,
                (Value::Null, Some("true")) => 0,
                _ => panic!("{answer}"),
            }
        });
    }
    assert_eq!(invocations.join_all().await.iter().sum::<i32>(), 40);
    let items = stack.items("CustomerTiersTable").await;
    let item = items.iter().find(|item| item["apiKeyHash"]["S"] == hash).unwrap();
    assert_eq!(item["requestsToday"]["N"], "10000");
}
