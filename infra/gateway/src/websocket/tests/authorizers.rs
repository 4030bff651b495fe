//! REQUEST authorizers of `$connect`: what they are asked, and what their answers mean for the connection.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::support::{Client, Outcome, Server, answer, api};
use crate::lambda::{Invocation, InvokeError};
use crate::model::ApiAuthorizer;
use crate::proxy::testing::{lambda_uri, policy};
use crate::websocket::Connections;

const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:chatapi/production/$connect";

async fn guarded(sources: &[&str], answers: impl Fn() -> Outcome + Send + Sync + 'static) -> Server {
    let guarded = api(|api| {
        let authorizer = ApiAuthorizer {
            authorizer_id: "a1".to_owned(),
            name: "Tokens".to_owned(),
            authorizer_type: "REQUEST".to_owned(),
            authorizer_uri: Some(lambda_uri("auth")),
            identity_source: sources.iter().map(|source| (*source).to_owned()).collect(),
            ..ApiAuthorizer::default()
        };
        api.authorizers.insert("a1".to_owned(), authorizer);
        let connect = &mut api.routes["$connect"];
        (connect.authorization_type, connect.authorizer_id) = ("CUSTOM".to_owned(), Some("a1".to_owned()));
        api.stages["production"].stage_variables.insert("color".to_owned(), "blue".to_owned());
    });
    let server = Server::with(guarded, Connections::default()).await;
    let answers = Arc::new(answers);
    server.functions.set("auth", move |_| {
        let answers = Arc::clone(&answers);
        async move { answers() }
    });
    server
}

fn allow(context: Value) -> Outcome {
    answer(policy("Allow", ARN, context))
}

fn failed(message: &str) -> Outcome {
    Ok(Invocation {
        payload: json!({"errorMessage": message, "errorType": "E"}).to_string().into(),
        function_error: Some("Unhandled".to_owned()),
        ..Invocation::default()
    })
}

#[tokio::test]
async fn the_authorizer_is_shown_the_upgrade() {
    let sources =
        ["route.request.header.Auth", "route.request.querystring.token", "stageVariables.color", "context.routeKey"];
    let mut server = guarded(&sources, || allow(json!({}))).await;
    let mut request = server.url("/production?token=t%201&a=1&a=2").into_client_request().unwrap();
    request.headers_mut().insert("auth", "secret".parse().unwrap());
    connect_async(request).await.unwrap();
    let event = server.events.recv().await.unwrap();
    let mut keys: Vec<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "headers",
            "methodArn",
            "multiValueHeaders",
            "multiValueQueryStringParameters",
            "queryStringParameters",
            "requestContext",
            "stageVariables",
            "type"
        ]
    );
    assert_eq!((&event["type"], &event["methodArn"]), (&json!("REQUEST"), &json!(ARN)));
    assert_eq!((&event["headers"]["upgrade"], &event["headers"]["auth"]), (&json!("websocket"), &json!("secret")));
    assert!(event["headers"]["connection"].is_string() && event["headers"]["sec-websocket-key"].is_string());
    assert_eq!(event["queryStringParameters"], json!({"token": "t 1", "a": "2"}));
    assert_eq!(event["multiValueQueryStringParameters"]["a"], json!(["1", "2"]));
    assert_eq!(event["stageVariables"], json!({"color": "blue"}));
    let context = &event["requestContext"];
    assert_eq!((&context["routeKey"], &context["eventType"]), (&json!("$connect"), &json!("CONNECT")));
    assert_eq!(context["connectionId"], server.event("CONNECT").await["requestContext"]["connectionId"]);
    assert_eq!(context.get("authorizer"), None);
    assert_eq!(
        &*server.functions.callers()[0].source_arn,
        "arn:aws:execute-api:us-east-1:000000000000:chatapi/authorizers/a1"
    );
}

#[tokio::test]
async fn every_event_of_the_connection_has_the_context_as_strings() {
    let mut server =
        guarded(&[], || allow(json!({"userId": "u1", "n": 1, "admin": true, "principalId": "forged"}))).await;
    let (stream, _) = connect_async(server.url("/production")).await.unwrap();
    let mut client = Client(stream);
    client.send(r#"{"action":"send"}"#).await;
    let mut seen = Vec::new();
    // The authorizer's own event is a CONNECT too, the first.
    server.event("CONNECT").await;
    for event_type in ["CONNECT", "MESSAGE"] {
        seen.push(server.event(event_type).await);
    }
    drop(client);
    seen.push(server.event("DISCONNECT").await);
    for event in seen {
        let mut authorizer = event["requestContext"]["authorizer"].clone();
        let latency = authorizer.as_object_mut().unwrap().remove("integrationLatency");
        assert!(latency.is_some_and(|latency| latency.is_u64()));
        assert_eq!(authorizer, json!({"principalId": "demo", "userId": "u1", "n": "1", "admin": "true"}));
    }
}

#[tokio::test]
async fn a_missing_identity_is_401_without_a_call() {
    let mut server = guarded(&["route.request.querystring.token"], || allow(json!({}))).await;
    for target in ["/production", "/production?token=", "/production?Token=x"] {
        let (status, body) = server.refused(target, &[("token", "x")]).await;
        assert_eq!(status, 401, "{target}");
        assert!(body.starts_with(r#"{"message": "Unauthorized""#), "{body}");
    }
    assert!(server.events.try_recv().is_err(), "nobody was called");
}

#[tokio::test]
async fn nothing_is_cached() {
    let server = guarded(&["route.request.querystring.token"], || allow(json!({}))).await;
    for _ in 0..2 {
        connect_async(server.url("/production?token=t")).await.unwrap();
    }
    let asked =
        server.functions.callers().iter().filter(|caller| caller.source_arn.ends_with("authorizers/a1")).count();
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn answers_that_let_nobody_in() {
    type Answers = fn() -> Outcome;
    let answers: [(Answers, u16); 12] = [
        (|| failed("Unauthorized"), 401),
        (|| answer(policy("Deny", "*", json!({}))), 403),
        (|| answer(policy("Allow", "arn:aws:execute-api:*:*:other/*", json!({}))), 403),
        (|| failed("crashed"), 500),
        (|| Err(InvokeError::NotFound("auth".to_owned())), 500),
        (|| Err(InvokeError::Service("x".to_owned())), 500),
        (|| answer(Value::Null), 500),
        (|| answer(json!({"isAuthorized": true})), 500),
        (|| answer(json!({"policyDocument": {"Statement": []}})), 500),
        (|| answer(policy("Allow", "*", json!({"list": [1]}))), 500),
        (|| answer(policy("Allow", "*", json!({"k": "x".repeat(8_192)}))), 500),
        (|| answer(policy("Allow", &"x".repeat(513), json!({}))), 500),
    ];
    for (index, (answers, expected)) in answers.into_iter().enumerate() {
        let mut server = guarded(&[], answers).await;
        let (status, body) = server.refused("/production", &[]).await;
        assert_eq!(status, expected, "answer {index}");
        let message = match expected {
            401 => "Unauthorized",
            403 => "Forbidden",
            _ => "Internal server error",
        };
        assert!(body.starts_with(&format!(r#"{{"message": "{message}""#)), "{body}");
        assert_eq!(server.events.recv().await.unwrap()["type"], "REQUEST");
        assert!(server.events.try_recv().is_err(), "$connect is not asked");
        assert_eq!(server.connections.count(), 0);
    }
}

#[tokio::test]
async fn an_authorizer_that_cannot_be_asked_lets_nobody_in() {
    let server = guarded(&["$request.header.Authorization"], || allow(json!({}))).await;
    assert_eq!(server.refused("/production", &[("authorization", "t")]).await.0, 500, "no source of WebSocket APIs");
}

#[tokio::test]
async fn an_authorizer_that_hangs_fails() {
    let server = guarded(&[], || allow(json!({}))).await;
    server.functions.set("auth", |_| std::future::pending());
    let refused = server.refused("/production", &[]);
    tokio::pin!(refused);
    // Only the time to wait is skipped: the network is real.
    loop {
        tokio::select! {
            (status, _) = &mut refused => break assert_eq!(status, 500),
            () = tokio::task::yield_now(), if server.functions.callers().is_empty() => {}
            () = skip(), if !server.functions.callers().is_empty() => {}
        }
    }
}

/// Lets the authorizer's patience run out.
async fn skip() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(30)).await;
    tokio::time::resume();
}
