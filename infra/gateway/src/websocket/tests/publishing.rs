//! APIs and stages that come and go beside open connections.

use std::sync::Arc;

use serde_json::json;

use super::support::{Client, Server, answer, api, plane};
use crate::lambda::InvokeError;
use crate::model::{Api, ApiStage};
use crate::websocket::Connections;

const GOING_AWAY: u16 = 1001;

/// `chatapi` with the stages `production` and `staging`.
fn two_stages() -> Api {
    api(|api| {
        let staging = ApiStage { stage_name: "staging".to_owned(), ..ApiStage::default() };
        api.stages.insert("staging".to_owned(), staging);
    })
}

async fn connect(server: &Server, stage: &str) -> Client {
    Client(tokio_tungstenite::connect_async(server.url(&format!("/{stage}"))).await.unwrap().0)
}

/// Whether a message still gets its answer.
async fn is_answered(server: &Server, client: &mut Client) -> bool {
    server.functions.set("ask", |_| async { answer(json!({ "statusCode": 200, "body": "here" })) });
    client.send(r#"{"action":"ask"}"#).await;
    client.text().await == "here"
}

#[tokio::test]
async fn an_api_comes_and_goes_without_the_connections_of_another() {
    let connections = Arc::new(Connections::default());
    let chat = Server::beside(api(|_| {}), connections.clone()).await;
    let mut other = Server::beside(api(|api| api.api_id = "other".to_owned()), connections.clone()).await;
    let (mut mine, mut theirs) = (chat.connect().await, other.connect().await);

    connections.withdraw("other");
    assert_eq!(theirs.closed().await.0, GOING_AWAY);
    let event = other.event("DISCONNECT").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], GOING_AWAY);
    assert!(is_answered(&chat, &mut mine).await);

    other.publish(&api(|api| api.api_id = "other".to_owned()));
    let mut again = other.connect().await;
    assert!(is_answered(&other, &mut again).await && is_answered(&chat, &mut mine).await);
}

#[tokio::test]
async fn a_stage_goes_without_the_connections_of_another() {
    let server = Server::with(two_stages(), Connections::default()).await;
    let (mut kept, mut gone) = (connect(&server, "production").await, connect(&server, "staging").await);
    let without = plane(&two_stages(), &server.gateway).as_ref().clone().without_stage("staging");
    server.connections.publish(Arc::new(without));
    assert_eq!(gone.closed().await.0, GOING_AWAY);
    assert!(is_answered(&server, &mut kept).await);
}

#[tokio::test]
async fn each_stage_serves_its_own_deployment() {
    let mut server = Server::with(two_stages(), Connections::default()).await;
    let (mut old, mut new) = (connect(&server, "production").await, connect(&server, "staging").await);
    let mut changed = two_stages();
    changed.route_selection_expression = "$request.body.verb".to_owned();
    let deployed = crate::compile::websocket::Snapshot::compile(&changed, &changed.stages["staging"]).unwrap();
    let planes = plane(&two_stages(), &server.gateway).as_ref().clone().with_stage(deployed);
    server.connections.publish(Arc::new(planes));
    for (client, stage) in [(&mut old, "production"), (&mut new, "staging")] {
        let (by_action, by_verb) = if stage == "production" { ("send", "ask") } else { ("ask", "send") };
        client.send(json!({ "action": by_action, "verb": by_verb }).to_string()).await;
        let context = server.event("MESSAGE").await["requestContext"].take();
        assert_eq!((&context["stage"], &context["routeKey"]), (&json!(stage), &json!("send")));
    }
}

#[tokio::test]
async fn an_api_that_goes_while_a_client_connects_does_not_keep_it() {
    let mut server = Server::start().await;
    let gate = Arc::new(tokio::sync::Notify::new());
    let opened = gate.clone();
    server.functions.set("$connect", move |_| {
        let gate = gate.clone();
        async move {
            gate.notified().await;
            answer(json!({ "statusCode": 200 }))
        }
    });
    let client = tokio::spawn(tokio_tungstenite::connect_async(server.url("/production")));
    server.event("CONNECT").await;
    server.connections.withdraw("chatapi");
    opened.notify_one();
    let mut client = Client(client.await.unwrap().unwrap().0);
    assert_eq!(client.closed().await.0, GOING_AWAY);
    server.event("DISCONNECT").await;
}

#[tokio::test]
async fn a_function_that_does_not_let_the_api_call_it_is_a_failed_integration() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let denied = |_| async { Err(InvokeError::AccessDenied("no statement".to_owned())) };
    server.functions.set("ask", denied);
    client.send(r#"{"action":"ask"}"#).await;
    let frame = client.text().await;
    assert!(frame.starts_with(r#"{"message": "Internal server error", "#), "{frame}");
    server.functions.set("$connect", denied);
    assert_eq!(server.refused("/production", &[]).await.0, 500);
    let callers = server.functions.callers();
    let ask = "arn:aws:execute-api:us-east-1:000000000000:chatapi/production/ask";
    assert!(callers.iter().any(|caller| &*caller.source_arn == ask), "{callers:?}");
}
