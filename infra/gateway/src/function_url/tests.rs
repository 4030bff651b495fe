//! Events and responses of function URLs.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::lambda::{Invocation, Invoke};
use crate::model::FunctionUrl;
use crate::server::Headers;

/// Keeps the event and gives a fixed answer.
struct Fake {
    event: Mutex<Value>,
    answer: Result<Invocation, InvokeError>,
}

impl Invoke for Fake {
    fn invoke<'a>(&'a self, _: &'a str, request: InvokeRequest) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        *self.event.lock().unwrap() = serde_json::from_slice(&request.payload).unwrap();
        let answer = self.answer.clone();
        async move { answer }.boxed()
    }
}

fn target(answer: Result<Invocation, InvokeError>) -> (UrlTarget, Arc<Fake>) {
    let fake = Arc::new(Fake { event: Mutex::default(), answer });
    let clock = Clock::default();
    let gateway = Gateway {
        iam: crate::authorize::Iam::default(),
        telemetry: crate::telemetry::Telemetry::in_memory(&clock),
        issuers: Default::default(),
        hosted: Default::default(),
        clock,
        lambda: fake.clone(),
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        port: 4566,
        limits: crate::throttle::Limits::default(),
        caches: Default::default(),
        chance: Default::default(),
    };
    let url = FunctionUrl {
        url_id: "id".to_owned(),
        auth_type: "NONE".to_owned(),
        invoke_mode: "BUFFERED".to_owned(),
        cors: None,
        creation_time: 0,
        last_modified_time: 0,
    };
    (UrlTarget { gateway, function: "f".to_owned(), qualifier: None, url, open: true }, fake)
}

fn answer(payload: &str) -> Result<Invocation, InvokeError> {
    Ok(Invocation { payload: payload.to_owned().into(), ..Invocation::default() })
}

fn post(body: &'static str) -> ClientRequest {
    let headers = [
        ("Host", "id.lambda-url.us-east-1.localhost:4566"),
        ("Content-Type", "text/plain"),
        ("Cookie", "a=1; b=2"),
        ("User-Agent", "test"),
        ("X-Many", "1"),
        ("X-Many", "2"),
    ];
    ClientRequest {
        method: ::http::Method::POST,
        raw_path: "/a%20b".to_owned(),
        raw_query: "x=1&x=2&y=%C3%BC".to_owned(),
        headers: Headers(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()),
        body: body.into(),
        source_ip: [127, 0, 0, 1].into(),
        port: 4566,
        secure: false,
    }
}

#[tokio::test]
async fn the_event_is_that_of_payload_format_2() {
    let (target, fake) = target(answer("1"));
    let reply = serve(&target, "/a%20b", &post("hello"), false).await;
    assert_eq!(reply.status(), 200);
    let event = fake.event.lock().unwrap().clone();
    let context = &event["requestContext"];
    assert_eq!(reply.headers()["x-amzn-requestid"], context["requestId"].as_str().unwrap());
    let expected = json!({
        "accountId": "anonymous", "apiId": "id", "domainName": "id.lambda-url.us-east-1.localhost:4566",
        "domainPrefix": "id", "http": { "method": "POST", "path": "/a b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
            "userAgent": "test" },
        "requestId": context["requestId"], "routeKey": "$default", "stage": "$default", "time": context["time"],
        "timeEpoch": context["timeEpoch"],
    });
    assert_eq!(*context, expected);
    assert_eq!(event["version"], "2.0");
    assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/a b"), &json!("x=1&x=2&y=%C3%BC")));
    assert_eq!(event["queryStringParameters"], json!({ "x": "1,2", "y": "ü" }));
    assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("hello"), &json!(false)));
    assert_eq!(event["headers"]["x-many"], "1,2");
    assert!(event["headers"].get("cookie").is_none());
}

#[tokio::test]
async fn results_become_responses() {
    for (result, status, content_type, body) in [
        (r#"{"statusCode":201,"headers":{"X-A":"b"},"body":"ok"}"#, 201, "application/json", "ok"),
        (
            r#"{"statusCode":200,"headers":{"Content-Type":"text/html"},"body":"PGI+","isBase64Encoded":true}"#,
            200,
            "text/html",
            "<b>",
        ),
        (r#"{"hello":"world"}"#, 200, "application/json", r#"{"hello":"world"}"#),
        (r#""text""#, 200, "application/json", "text"),
        ("null", 200, "application/json", "null"),
        (r#"{"statusCode":"x"}"#, 502, "application/json", r#"{"Message":"Internal Server Error"}"#),
        (r#"{"statusCode":200,"body":7}"#, 502, "application/json", r#"{"Message":"Internal Server Error"}"#),
    ] {
        let (target, _) = target(answer(result));
        let reply = serve(&target, "/", &post(""), false).await;
        let text = String::from_utf8(reply.body().to_vec()).unwrap();
        let seen = (reply.status().as_u16(), reply.headers()["content-type"].to_str().unwrap(), text.as_str());
        assert_eq!(seen, (status, content_type, body), "{result}");
    }
    let (target, _) = target(answer(r#"{"statusCode":200,"cookies":["a=1","b=2"]}"#));
    let reply = serve(&target, "/", &post(""), false).await;
    assert_eq!(reply.headers().get_all("set-cookie").iter().count(), 2);
}

#[tokio::test]
async fn failures_are_told_as_lambda_tells_them() {
    let failed = Invocation { function_error: Some("Unhandled".to_owned()), ..Invocation::default() };
    let throttled = InvokeError::TooManyRequests { reason: "ReservedFunctionConcurrentInvocationLimitExceeded" };
    for (outcome, status) in
        [(Ok(failed), 502), (Err(throttled), 429), (Err(InvokeError::NotFound(String::new())), 502)]
    {
        let (target, _) = target(outcome);
        assert_eq!(serve(&target, "/", &post(""), false).await.status(), status);
    }
    let (mut closed, _) = target(answer("1"));
    closed.open = false;
    assert_eq!(serve(&closed, "/", &post(""), false).await.body(), r#"{"Message":"Forbidden"}"#);
}
