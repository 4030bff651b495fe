//! Upgrades: who gets in, what `$connect` is told, and what a refused client hears.

use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::support::{Server, answer, api};
use crate::lambda::{Invocation, InvokeError};
use crate::websocket::Connections;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn upgrade_headers() -> Vec<(&'static str, &'static str)> {
    vec![
        ("upgrade", "websocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", KEY),
    ]
}

#[tokio::test]
async fn the_connect_event_is_that_of_aws() {
    let mut server = Server::start().await;
    let mut request = server.url("/production?userId=al%20ice&tag=a&tag=b").into_client_request().unwrap();
    request.headers_mut().insert("user-agent", "test/1".parse().unwrap());
    request.headers_mut().insert("x-forwarded-for", "10.0.0.1".parse().unwrap());
    let _client = connect_async(request).await.unwrap();

    let event = server.event("CONNECT").await;
    let keys: Vec<&String> = event.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "headers",
            "multiValueHeaders",
            "queryStringParameters",
            "multiValueQueryStringParameters",
            "requestContext",
            "isBase64Encoded"
        ]
    );
    assert_eq!(event["queryStringParameters"], json!({ "userId": "al ice", "tag": "b" }));
    assert_eq!(event["multiValueQueryStringParameters"]["tag"], json!(["a", "b"]));
    assert_eq!(event["isBase64Encoded"], false);
    let headers = event["headers"].as_object().unwrap();
    assert!(headers.contains_key("sec-websocket-key") && headers.contains_key("host"));
    assert!(!headers.contains_key("upgrade") && !headers.contains_key("connection"));
    assert_eq!(event["headers"]["X-Forwarded-For"], "10.0.0.1, 127.0.0.1");
    assert_eq!(event["multiValueHeaders"]["X-Forwarded-Proto"], json!(["http"]));
    assert_eq!(event["headers"]["X-Forwarded-Port"], server.address.port().to_string());
    assert!(event["headers"]["X-Amzn-Trace-Id"].as_str().unwrap().starts_with("Root=1-"));

    let context = &event["requestContext"];
    let mut keys: Vec<&str> = context.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "apiId",
            "connectedAt",
            "connectionId",
            "domainName",
            "eventType",
            "extendedRequestId",
            "identity",
            "messageDirection",
            "requestId",
            "requestTime",
            "requestTimeEpoch",
            "routeKey",
            "stage"
        ]
    );
    assert_eq!(context["routeKey"], "$connect");
    assert_eq!(context["stage"], "production");
    assert_eq!(context["apiId"], "chatapi");
    assert_eq!(context["messageDirection"], "IN");
    assert_eq!(context["domainName"], format!("chatapi.execute-api.localhost:{}", server.address.port()));
    assert_eq!(context["identity"], json!({ "userAgent": "test/1", "sourceIp": "127.0.0.1" }));
    assert_eq!(context["requestId"], context["extendedRequestId"]);
    assert!(context["connectedAt"].as_i64().unwrap() <= context["requestTimeEpoch"].as_i64().unwrap());
    assert_eq!(context["connectionId"].as_str().unwrap().len(), 16);
}

#[tokio::test]
async fn without_a_query_or_a_connect_route_everybody_gets_in() {
    let open = api(|api| {
        api.routes.shift_remove("$connect");
    });
    let server = Server::with(open, Connections::default()).await;
    connect_async(server.url("/production/")).await.unwrap();
    assert_eq!(server.connections.count(), 1);

    let no_integration = api(|api| api.routes["$connect"].integration_id = None);
    let server = Server::with(no_integration, Connections::default()).await;
    connect_async(server.url("/production")).await.unwrap();
}

#[tokio::test]
async fn stage_variables_reach_the_function() {
    let with_variables = api(|api| {
        api.stages["production"].stage_variables.insert("color".to_owned(), "blue".to_owned());
    });
    let mut server = Server::with(with_variables, Connections::default()).await;
    let _client = connect_async(server.url("/production")).await.unwrap();
    let event = server.event("CONNECT").await;
    assert_eq!(event["stageVariables"], json!({ "color": "blue" }));
    assert_eq!(event.get("queryStringParameters"), None);
}

#[tokio::test]
async fn what_is_no_upgrade_is_told_so() {
    let server = Server::start().await;
    let plain = server.http("GET", "/production", &[], "").await;
    assert_eq!(plain.status(), 426);
    assert_eq!(plain.headers()["upgrade"], "websocket");
    let post = server.http("POST", "/production", &upgrade_headers(), "").await;
    assert_eq!(post.status(), 426);

    for (name, value) in [("sec-websocket-version", "8"), ("sec-websocket-key", "short"), ("sec-websocket-key", "")] {
        let mut headers = upgrade_headers();
        headers.retain(|(header, _)| *header != name);
        headers.push((name, value));
        assert_eq!(server.http("GET", "/production", &headers, "").await.status(), 400, "{name}: {value}");
    }
    for path in ["/staging", "/", "/production/more"] {
        let reply = server.http("GET", path, &upgrade_headers(), "").await;
        assert_eq!((reply.status().as_u16(), &reply.body()[..]), (403, &br#"{"message":"Forbidden"}"#[..]), "{path}");
    }
    let long = format!("/production?q={}", "x".repeat(4_096));
    assert_eq!(server.http("GET", &long, &upgrade_headers(), "").await.status(), 414);
    assert_eq!(server.connections.count(), 0);
}

#[tokio::test]
async fn the_accept_key_is_derived_and_extensions_are_not_taken() {
    let server = Server::start().await;
    let mut headers = upgrade_headers();
    headers.push(("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"));
    let reply = server.http("GET", "/production", &headers, "").await;
    assert_eq!(reply.status(), 101);
    assert_eq!(reply.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(!reply.headers().contains_key("sec-websocket-extensions"));
}

#[tokio::test]
async fn the_status_of_connect_decides() {
    let server = Server::start().await;
    for (result, status) in [
        (json!({ "statusCode": 401, "body": "secret" }), 401),
        (json!({ "statusCode": 403 }), 403),
        (json!({ "statusCode": 302 }), 302),
        (json!({ "statusCode": 500 }), 500),
        (json!({ "statusCode": 101 }), 502),
        (Value::Null, 502),
        (json!({ "statusCode": "no" }), 502),
    ] {
        server.functions.set("$connect", move |_| {
            let result = result.clone();
            async move { answer(result) }
        });
        let (refused, body) = server.refused("/production", &[]).await;
        assert_eq!(refused, status);
        assert!(!body.contains("secret"), "{body}");
        assert!(serde_json::from_str::<Value>(&body).unwrap()["connectionId"].is_string());
    }
    server.functions.set("$connect", |_| async {
        Ok(Invocation { function_error: Some("Unhandled".to_owned()), ..Invocation::default() })
    });
    let (status, body) = server.refused("/production", &[]).await;
    assert_eq!(status, 502);
    assert!(body.starts_with(r#"{"message": "Internal server error", "connectionId":""#), "{body}");
    server.functions.set("$connect", |_| async { Err(InvokeError::NotFound("f".to_owned())) });
    assert_eq!(server.refused("/production", &[]).await.0, 500);
    assert_eq!(server.connections.count(), 0);

    server.functions.set("$connect", |_| async { answer(json!({ "statusCode": 204 })) });
    server.connect().await;
}

#[tokio::test]
async fn a_slow_connect_times_out() {
    let slow = api(|api| api.integrations["$connect"].timeout_in_millis = 50);
    let server = Server::with(slow, Connections::default()).await;
    server.functions.set("$connect", |_| std::future::pending());
    let (status, body) = server.refused("/production", &[]).await;
    assert_eq!(status, 504);
    assert!(body.contains("Endpoint request timed out"), "{body}");
}

#[tokio::test]
async fn the_function_chooses_the_sub_protocol() {
    let server = Server::start().await;
    server.functions.set("$connect", |_| async {
        answer(json!({ "statusCode": 200, "headers": { "Sec-WebSocket-Protocol": "chat.v2" } }))
    });
    let mut headers = upgrade_headers();
    let reply = server.http("GET", "/production", &headers, "").await;
    assert!(!reply.headers().contains_key("sec-websocket-protocol"), "it was not asked for");
    headers.push(("sec-websocket-protocol", "chat.v1, chat.v2"));
    let reply = server.http("GET", "/production", &headers, "").await;
    assert_eq!(reply.headers()["sec-websocket-protocol"], "chat.v2");

    server.functions.set("$connect", |_| async {
        answer(json!({ "statusCode": 200, "headers": { "Sec-WebSocket-Protocol": "a\nb" } }))
    });
    assert_eq!(server.http("GET", "/production", &headers, "").await.status(), 502);
}

#[tokio::test]
async fn a_route_that_cannot_be_guarded_lets_nobody_in() {
    for (authorization, status) in [("CUSTOM", 500), ("AWS_IAM", 403), ("JWT", 500)] {
        let closed = api(|api| api.routes["$connect"].authorization_type = authorization.to_owned());
        let mut server = Server::with(closed, Connections::default()).await;
        assert_eq!(server.refused("/production", &[]).await.0, status, "{authorization}");
        assert!(server.events.try_recv().is_err(), "the function must not run");
    }
    let web = api(|api| api.integrations["$connect"].integration_type = crate::model::IntegrationType::Mock);
    let server = Server::with(web, Connections::default()).await;
    assert_eq!(server.refused("/production", &[]).await.0, 500);
}

#[tokio::test]
async fn the_number_of_connections_is_bounded() {
    let server = Server::with(api(|_| {}), Connections::with_max(1)).await;
    let first = server.connect().await;
    assert_eq!(server.refused("/production", &[]).await, (429, r#"{"message":"Too Many Requests"}"#.to_owned()));
    drop(first);
    while connect_async(server.url("/production")).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_during_connect_is_disconnected() {
    let mut server = Server::start().await;
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let opened = gate.clone();
    server.functions.set("$connect", move |_| {
        let gate = gate.clone();
        async move {
            gate.notified().await;
            answer(json!({ "statusCode": 200 }))
        }
    });
    let client = tokio::spawn(connect_async(server.url("/production")));
    let id = server.event("CONNECT").await["requestContext"]["connectionId"].clone();
    client.abort();
    opened.notify_one();
    let event = server.event("DISCONNECT").await;
    assert_eq!(event["requestContext"]["connectionId"], id);
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1006);
}
