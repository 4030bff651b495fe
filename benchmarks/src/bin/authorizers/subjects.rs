//! What is measured: each an event, what answers it, and how the answer must look.

use std::sync::Arc;

use authorize_jwt::RequiredScopes;
use authorize_tier::TierKeys;
use aws_sdk_dynamodb::Client;
use ferrogate_fixtures::{World, jwt};
use ferrogate_shared::auth::sha256_hex;
use ferrogate_shared::bootstrap::EventFuture;
use ferrogate_shared::domain::{CustomerId, Tier, Usage};
use ferrogate_shared::store::CountRequest;
use ferrogate_shared::store::dynamodb::DynamoCustomers;
use ferrogate_shared::store::item::{Customer, Item, from_customer, number, text};
use serde_json::{Value, json};

use crate::{Failure, dynamodb, guide};

/// 2026-11-22T13:00:00Z, as the fixtures' clock says; the events have it too.
const NOW: i64 = 1_795_352_400_000;
const TODAY: &str = "2026-11-22";
const YESTERDAY: &str = "2026-11-21";
const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:u4tpc2xq8a/production/GET/data";
const KEY: &str = "4b0a8c552f1f0b7a9e10c0ffee";
const NEW_KEY: &str = "5b0a8c552f1f0b7a9e10c0ffee";
const USED_KEY: &str = "6b0a8c552f1f0b7a9e10c0ffee";
const TIERS: &str = "CustomerTiers";
const GUIDE: &str = "GuideCustomerTiers";

/// Something to measure.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) event: Value,
    pub(crate) answer: Box<dyn Fn(Value) -> EventFuture>,
    /// Whether an answer is right.
    pub(crate) is_right: fn(&Value) -> bool,
    /// The table and the item that is written anew before each invocation.
    pub(crate) before: Option<(&'static str, Item)>,
    /// Calls of DynamoDB that an invocation may make.
    pub(crate) most_calls: u64,
}

/// All of them, with their tables on this DynamoDB.
pub(crate) async fn all(client: &Client) -> Result<Vec<Subject>, Failure> {
    dynamodb::create(client, TIERS, "apiKeyHash").await?;
    dynamodb::create(client, GUIDE, "apiKey").await?;
    let within = customer(KEY, Tier::Premium, TODAY, 0)?;
    let first = customer(NEW_KEY, Tier::Premium, YESTERDAY, 5)?;
    dynamodb::put(client, TIERS, within.clone()).await?;
    dynamodb::put(client, TIERS, customer(USED_KEY, Tier::Free, TODAY, Tier::Free.daily_limit())?).await?;
    let of_the_guide = [
        ("apiKey".to_owned(), text(KEY)),
        ("customerId".to_owned(), text("acme")),
        ("tier".to_owned(), text(Tier::Premium.name())),
        ("requestsToday".to_owned(), number(0)),
    ];
    dynamodb::put(client, GUIDE, of_the_guide.into()).await?;

    let world = World::default();
    world.store.load("CustomerTiersTable", &within)?;
    let jwt: &'static _ = Box::leak(Box::new(authorize_jwt::Deps {
        verifier: world.verifier(),
        scopes: RequiredScopes::parse("GET /tokens = aws.cognito.signin.user.admin")?,
        clock: world.clock.clone(),
    }));
    let in_memory = tier_deps(&world, world.store.clone());
    let on_dynamodb = tier_deps(&world, Arc::new(DynamoCustomers::new(client.clone(), TIERS.to_owned())));
    let tier = |name, key, deps, is_right, most_calls| Subject {
        name,
        event: request_event("x-api-key", key),
        answer: Box::new(move |event| authorize_tier::handle(event, deps)),
        is_right,
        before: None,
        most_calls,
    };
    let client = client.clone();
    Ok(vec![
        Subject {
            name: "authorize-jwt, RS256",
            event: request_event("Authorization", &format!("Bearer {}", jwt::token(&jwt::access_claims()))),
            answer: Box::new(move |event| authorize_jwt::handle(event, jwt)),
            is_right: |answer| answer["context"]["userId"].is_string(),
            before: None,
            most_calls: 0,
        },
        tier("authorize-tier, table in memory", KEY, in_memory, is_counted, 0),
        tier("authorize-tier", KEY, on_dynamodb, is_counted, 1),
        Subject {
            before: Some((TIERS, first)),
            ..tier("authorize-tier, a day's first request", NEW_KEY, on_dynamodb, is_counted, 2)
        },
        tier("authorize-tier, quota used up", USED_KEY, on_dynamodb, is_exhausted, 1),
        Subject {
            name: "the guide's authorizer",
            event: json!({ "type": "TOKEN", "authorizationToken": KEY, "methodArn": ARN }),
            answer: Box::new(move |event| guide::handle(event, client.clone(), GUIDE)),
            is_right: |answer| answer["context"]["remainingQuota"].is_u64(),
            before: None,
            most_calls: 2,
        },
    ])
}

fn tier_deps(world: &World, customers: Arc<dyn CountRequest>) -> &'static authorize_tier::Deps {
    let tier_keys = TierKeys {
        free: "free0000000000000000".to_owned(),
        basic: "basic000000000000000".to_owned(),
        premium: "premium0000000000000".to_owned(),
    };
    Box::leak(Box::new(authorize_tier::Deps { customers, tier_keys, clock: world.clock.clone() }))
}

fn is_counted(answer: &Value) -> bool {
    answer["usageIdentifierKey"].is_string()
}

fn is_exhausted(answer: &Value) -> bool {
    answer["context"]["exhausted"] == "true"
}

fn customer(key: &str, tier: Tier, day: &str, used: u64) -> Result<Item, Failure> {
    let customer_id = CustomerId::parse("acme").map_err(|invalid| invalid.0)?;
    let usage = Usage { customer_id, tier, used, usage_key: None };
    Ok(from_customer(&sha256_hex(key), &Customer { usage, active: true, day: Some(day.to_owned()) }))
}

/// The event of a REQUEST authorizer, with all that API Gateway sends for a short request.
fn request_event(header: &str, value: &str) -> Value {
    let headers = [
        ("Accept", "*/*"),
        (header, value),
        ("Host", "u4tpc2xq8a.execute-api.us-east-1.amazonaws.com"),
        ("User-Agent", "curl/8.14.1"),
        ("X-Amzn-Trace-Id", "Root=1-6b0196d0-31489056e0914d59ae3add79"),
        ("X-Forwarded-For", "203.0.113.42"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ];
    let (mut single, mut several) = (serde_json::Map::new(), serde_json::Map::new());
    for (name, value) in headers {
        single.insert(name.to_owned(), json!(value));
        several.insert(name.to_owned(), json!([value]));
    }
    json!({
        "type": "REQUEST",
        "methodArn": ARN,
        "resource": "/data",
        "path": "/data",
        "httpMethod": "GET",
        "headers": single,
        "multiValueHeaders": several,
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        "pathParameters": {},
        "stageVariables": {},
        "requestContext": {
            "resourceId": "aee128",
            "resourcePath": "/data",
            "httpMethod": "GET",
            "extendedRequestId": "0rzAwqsUNuc3Beg=",
            "requestTime": "22/Nov/2026:13:00:00 +0000",
            "path": "/production/data",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "production",
            "requestTimeEpoch": NOW,
            "requestId": "7f2c1c6e-53a6-4a8b-9f0e-2b7a6f1d3c55",
            "identity": { "sourceIp": "203.0.113.42", "userAgent": "curl/8.14.1" },
            "domainName": "u4tpc2xq8a.execute-api.us-east-1.amazonaws.com",
            "apiId": "u4tpc2xq8a",
        },
    })
}
