//! Access logs and metrics: each event of a connection leaves a line and is counted.

use serde_json::json;

use super::support::{Server, answer, api};
use crate::lambda::InvokeError;
use crate::telemetry::testing::{DESTINATION, lines, sum};
use crate::websocket::Connections;

#[tokio::test]
async fn every_event_is_logged_and_counted() {
    let logged = api(|api| {
        api.stages[0].access_log_settings = Some(json!({
            "DestinationArn": DESTINATION,
            "Format": "$context.eventType $context.routeKey $context.status $context.connectionId $context.integrationStatus",
        }));
    });
    let mut server = Server::with(logged, Connections::default()).await;
    server.functions.set("ask", |_| async { answer(json!({"statusCode": 200, "body": "answer"})) });
    let mut client = server.connect().await;
    let id = server.event("CONNECT").await["requestContext"]["connectionId"].as_str().unwrap().to_owned();
    client.send(r#"{"action":"ask"}"#).await;
    client.text().await;
    client.send("nothing").await;
    client.text().await;
    server.functions.set("ask", |_| async { Err(InvokeError::NotFound("ask".to_owned())) });
    client.send(r#"{"action":"ask"}"#).await;
    client.text().await;
    drop(client);
    server.event("DISCONNECT").await;
    let gateway = server.gateway.clone();
    while lines(&gateway).len() < 5 {
        tokio::task::yield_now().await;
    }
    let mut found = lines(&gateway);
    // Events of one millisecond are in the order they ended.
    found.sort();
    assert_eq!(
        found,
        [
            format!("CONNECT $connect 200 {id} 200"),
            format!("DISCONNECT $disconnect 200 {id} 200"),
            format!("MESSAGE - 403 {id} -"),
            format!("MESSAGE ask 200 {id} 200"),
            format!("MESSAGE ask 500 {id} -"),
        ]
    );
    let sum = |name| sum(&gateway, name, &[("ApiId", "chatapi"), ("Stage", "production")]);
    assert_eq!((sum("ConnectCount"), sum("MessageCount")), (Some(1.0), Some(3.0)));
    assert_eq!((sum("ClientError"), sum("IntegrationError"), sum("ExecutionError")), (Some(1.0), Some(1.0), Some(0.0)));
}
