//! Messages: routing, events, error frames, two-way answers.

use std::sync::Arc;

use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::support::{Server, answer, api};
use crate::lambda::{Invocation, InvokeError};
use crate::websocket::Connections;

/// The exact frame for these ids.
fn frame(message: &str, connection_id: &str, got: &str) -> String {
    let request_id = serde_json::from_str::<Value>(got).unwrap()["requestId"].as_str().unwrap().to_owned();
    assert_eq!(request_id.len(), 16);
    format!(r#"{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}"#)
}

#[tokio::test]
async fn the_message_event_is_that_of_aws() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    let connect = server.event("CONNECT").await;
    let text = r#"{"action":"send","message":"é \" \\"}"#;
    client.send(text).await;
    let event = server.event("MESSAGE").await;
    let keys: Vec<&String> = event.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["requestContext", "body", "isBase64Encoded"]);
    assert_eq!(event["body"], text);
    let context = &event["requestContext"];
    assert_eq!(context["routeKey"], "send");
    assert_eq!(context["messageId"].as_str().unwrap().len(), 16);
    for same in ["connectionId", "connectedAt", "apiId", "stage", "domainName", "identity"] {
        assert_eq!(context[same], connect["requestContext"][same], "{same}");
    }
    assert_ne!(context["requestId"], connect["requestContext"]["requestId"]);
}

#[tokio::test]
async fn error_frames_have_exact_bytes_and_leave_the_connection_open() {
    let timing = api(|api| api.integrations["send"].timeout_in_millis = 50);
    let mut server = Server::with(timing, Connections::default()).await;
    let mut client = server.connect().await;
    let id = server.event("CONNECT").await["requestContext"]["connectionId"].as_str().unwrap().to_owned();

    for text in
        ["not json", r#"{"action":"unknown"}"#, r#"{"action":"$connect"}"#, r#"{"action":"$disconnect"}"#, "{}", ""]
    {
        client.send(text).await;
        let got = client.text().await;
        assert_eq!(got, frame("Forbidden", &id, &got), "{text}");
    }
    client.send(r#"{"action":"web"}"#).await;
    let got = client.text().await;
    assert_eq!(got, frame("Internal server error", &id, &got));

    let outcomes: Vec<fn() -> super::support::Outcome> = vec![
        || Ok(Invocation { function_error: Some("Unhandled".to_owned()), ..Invocation::default() }),
        || Err(InvokeError::NotFound("send".to_owned())),
        || Err(InvokeError::TooManyRequests { reason: "ConcurrentInvocationLimitExceeded" }),
        || answer(Value::Null),
        || answer(json!("done")),
    ];
    for outcome in outcomes {
        server.functions.set("send", move |_| async move { outcome() });
        client.send(r#"{"action":"send"}"#).await;
        let got = client.text().await;
        assert_eq!(got, frame("Internal server error", &id, &got));
    }
    server.functions.set("send", |_| std::future::pending());
    client.send(r#"{"action":"send"}"#).await;
    let got = client.text().await;
    assert_eq!(got, frame("Endpoint request timed out", &id, &got));
    assert_eq!(server.connections.count(), 1);
}

#[tokio::test]
async fn what_matches_no_route_goes_to_default() {
    let with_default = api(|api| {
        let mut route = api.routes["ask"].clone();
        route.route_key = "$default".to_owned();
        route.integration_id = Some("send".to_owned());
        api.routes.insert("$default".to_owned(), route);
    });
    let mut server = Server::with(with_default, Connections::default()).await;
    let mut client = server.connect().await;
    for text in ["plain text", r#"{"action":"unknown"}"#, r#"{"action":"$connect"}"#] {
        client.send(text).await;
        let event = server.event("MESSAGE").await;
        assert_eq!((&event["requestContext"]["routeKey"], &event["body"]), (&json!("$default"), &json!(text)));
    }
}

#[tokio::test]
async fn only_a_two_way_route_answers_with_the_body() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    let large = "x".repeat(100_000);
    let answers = [
        json!({ "statusCode": 200, "body": "hello" }),
        json!({ "statusCode": 500, "body": "my own error" }),
        json!({ "statusCode": 200, "body": large.clone() }),
    ];
    for result in answers {
        let expected = result["body"].as_str().unwrap().to_owned();
        server.functions.set("ask", move |_| {
            let result = result.clone();
            async move { answer(result) }
        });
        client.send(r#"{"action":"ask"}"#).await;
        assert_eq!(client.text().await, expected);
    }

    server.functions.set("send", |_| async { answer(json!({ "statusCode": 200, "body": "dropped" })) });
    client.send(r#"{"action":"send"}"#).await;
    for silent in [json!({ "statusCode": 200 }), json!({ "statusCode": 200, "body": "" })] {
        server.functions.set("ask", move |_| {
            let silent = silent.clone();
            async move { answer(silent) }
        });
        client.send(r#"{"action":"ask"}"#).await;
    }
    for _ in 0..3 {
        server.event("MESSAGE").await;
    }
    server.functions.set("ask", |_| async { answer(json!({ "body": "x".repeat(200_000) })) });
    client.send(r#"{"action":"ask"}"#).await;
    assert!(client.text().await.contains("Internal server error"), "nothing came before it");
}

#[tokio::test]
async fn messages_begin_in_order_and_run_side_by_side() {
    let mut server = Server::start().await;
    let gate = Arc::new(tokio::sync::Barrier::new(50));
    server.functions.set("ask", move |event: Value| {
        let gate = gate.clone();
        async move {
            // Opens only when all fifty are under way at once.
            gate.wait().await;
            answer(json!({ "body": event["body"] }))
        }
    });
    let mut client = server.connect().await;
    for n in 0..50 {
        client.send(json!({ "action": "ask", "n": n }).to_string()).await;
    }
    for n in 0..50 {
        let event = server.event("MESSAGE").await;
        assert_eq!(serde_json::from_str::<Value>(event["body"].as_str().unwrap()).unwrap()["n"], n);
    }
    for _ in 0..50 {
        client.text().await;
    }
}

#[tokio::test]
async fn a_message_outlives_its_client() {
    let mut server = Server::start().await;
    let (done, mut finished) = tokio::sync::mpsc::unbounded_channel();
    let gate = Arc::new(tokio::sync::Notify::new());
    let open = gate.clone();
    server.functions.set("send", move |_| {
        let (gate, done) = (gate.clone(), done.clone());
        async move {
            gate.notified().await;
            done.send(()).unwrap();
            answer(json!({}))
        }
    });
    let mut client = server.connect().await;
    client.send(r#"{"action":"send"}"#).await;
    server.event("MESSAGE").await;
    drop(client);
    server.event("DISCONNECT").await;
    open.notify_one();
    finished.recv().await.unwrap();
}

#[tokio::test]
async fn pings_are_answered() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.0.send(Message::Ping("beat".into())).await.unwrap();
    assert_eq!(client.next().await, Message::Pong("beat".into()));
}

#[tokio::test]
async fn a_new_deployment_serves_open_connections() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    server.publish(&api(|api| {
        let mut route = api.routes["ask"].clone();
        route.route_key = "added".to_owned();
        api.routes.insert("added".to_owned(), route);
    }));
    client.send(r#"{"action":"added"}"#).await;
    assert_eq!(server.event("MESSAGE").await["requestContext"]["routeKey"], "added");

    server.connections.withdraw("chatapi");
    assert_eq!(client.closed().await, (1001, "Going away".to_owned()));
    server.event("DISCONNECT").await;
}
