//! The `@connections` API, and a receiver that does not read.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::support::{SIGNED, Server, answer, api, plane};
use crate::clock::iso8601;
use crate::server::{ClientRequest, Headers};
use crate::websocket::{Connections, connections_api};

async fn connected(server: &mut Server) -> (super::support::Client, String) {
    let client = server.connect().await;
    let event = server.event("CONNECT").await;
    (client, event["requestContext"]["connectionId"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn post_get_and_delete() {
    let mut server = Server::start().await;
    let (mut client, id) = connected(&mut server).await;

    let posted = server.call("POST", &id, "hello").await;
    assert_eq!((posted.status(), posted.body().len()), (StatusCode::OK, 0));
    assert_eq!(client.text().await, "hello");

    let got = server.call("GET", &id, "").await;
    assert_eq!(got.status(), 200);
    let got: Value = serde_json::from_slice(got.body()).unwrap();
    assert_eq!(got["identity"], json!({ "sourceIp": "127.0.0.1" }));
    let now = iso8601(server.clock.now());
    for time in [&got["connectedAt"], &got["lastActiveAt"]] {
        assert_eq!(time.as_str().unwrap()[..10], now[..10]);
    }

    server.call("POST", &id, "bye").await;
    let deleted = server.call("DELETE", &id, "").await;
    assert_eq!((deleted.status(), deleted.body().len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(client.text().await, "bye", "what was posted before comes before the close");
    assert_eq!(client.closed().await.0, 1000);
    let event = server.event("DISCONNECT").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1000);

    for method in ["POST", "GET", "DELETE"] {
        let gone = server.call(method, &id, "").await;
        assert_eq!((gone.status(), gone.body().len()), (StatusCode::GONE, 0));
        assert_eq!(gone.headers()["x-amzn-errortype"], "GoneException");
    }
}

#[tokio::test]
async fn errors_have_status_type_and_message() {
    let mut server = Server::start().await;
    let (_client, id) = connected(&mut server).await;
    let encoded = id.replace('=', "%3D").replace('/', "%2F");
    let signed = &[("authorization", SIGNED)][..];
    let here = format!("/production/@connections/{encoded}");
    let for_lambda = SIGNED.replace("execute-api", "lambda");
    for (method, path, headers, status, kind) in [
        ("POST", here.clone(), &[][..], 403, "ForbiddenException"),
        ("POST", here.clone(), &[("authorization", "Bearer x")][..], 403, "ForbiddenException"),
        ("POST", here.clone(), &[("authorization", &*for_lambda)][..], 403, "ForbiddenException"),
        ("POST", format!("/staging/@connections/{encoded}"), signed, 403, "ForbiddenException"),
        ("PUT", here.clone(), signed, 405, "MethodNotAllowedException"),
        ("POST", "/production/@connections/".to_owned(), signed, 404, "NotFoundException"),
        ("POST", "/production/@connections".to_owned(), signed, 404, "NotFoundException"),
        ("GET", "/production/@connections/a%20b".to_owned(), signed, 400, "BadRequestException"),
        ("GET", "/production/@connections/AAAAAAAAAAAAAAA%3D".to_owned(), signed, 410, "GoneException"),
    ] {
        let reply = server.http(method, &path, headers, "x").await;
        assert_eq!(reply.status(), status, "{method} {path}");
        assert_eq!(reply.headers()["x-amzn-errortype"], kind);
        assert!(reply.headers().contains_key("x-amzn-requestid"));
    }
    let invalid = server.call("GET", "nobody", "").await;
    assert_eq!(&invalid.body()[..], br#"{"message":"Invalid connectionId: nobody"}"#);
    let query = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k%2F20261122%2Fus-east-1%2Fexecute-api%2Faws4_request\
                 &X-Amz-Signature=00";
    assert_eq!(server.http("GET", &format!("{here}{query}"), &[], "").await.status(), 200);
}

#[tokio::test]
async fn a_message_may_have_128_kb_and_long_ones_come_in_fragments() {
    let mut server = Server::start().await;
    let (mut client, id) = connected(&mut server).await;
    let largest = "é".repeat(64 * 1024);
    assert_eq!(server.call("POST", &id, largest.clone()).await.status(), 200);
    assert_eq!(client.text().await, largest);
    let refused = server.call("POST", &id, format!("{largest}x")).await;
    assert_eq!(refused.status(), 413);
    assert_eq!(refused.headers()["x-amzn-errortype"], "PayloadTooLargeException");
    server.call("POST", &id, vec![b'a', 0xff]).await;
    assert_eq!(client.text().await, "a\u{fffd}");
}

#[tokio::test]
async fn a_connection_cannot_be_posted_to_from_its_own_connect_or_from_another_api() {
    let mut server = Server::start().await;
    let (gateway, connections) = (server.gateway.clone(), server.connections.clone());
    let (status, mut statuses) = tokio::sync::mpsc::unbounded_channel();
    server.functions.set("$connect", move |event: Value| {
        let (gateway, connections, status) = (gateway.clone(), connections.clone(), status.clone());
        async move {
            let id = event["requestContext"]["connectionId"].as_str().unwrap();
            let reply = post(&gateway, &connections, "chatapi", id).await;
            status.send(reply).unwrap();
            answer(json!({ "statusCode": 200 }))
        }
    });
    let (_client, id) = connected(&mut server).await;
    assert_eq!(statuses.recv().await.unwrap(), 410);
    assert_eq!(post(&server.gateway, &server.connections, "chatapi", &id).await, 200);
    assert_eq!(post(&server.gateway, &server.connections, "other", &id).await, 410);
}

async fn post(
    gateway: &crate::gateway::Gateway,
    connections: &std::sync::Arc<Connections>,
    api_id: &str,
    id: &str,
) -> StatusCode {
    let request = ClientRequest {
        method: http::Method::POST,
        raw_path: String::new(),
        raw_query: String::new(),
        headers: Headers(vec![("Authorization".to_owned(), SIGNED.to_owned())]),
        body: "x".into(),
        source_ip: [127, 0, 0, 1].into(),
        port: 0,
        secure: false,
    };
    let api = plane(&api(|api| api.api_id = api_id.to_owned()), gateway);
    let path = format!("/production/@connections/{}", id.replace('/', "%2F"));
    connections_api(&api, connections, &path, request).await.status()
}

#[tokio::test]
async fn a_receiver_that_does_not_read_delays_nobody_and_is_refused_at_the_bound() {
    let mut server = Server::start().await;
    let (_stuck, stuck_id) = connected(&mut server).await;
    let (mut reader, reader_id) = connected(&mut server).await;
    let message = "x".repeat(100 * 1024);
    let mut refused = None;
    for n in 0..1_000 {
        let reply = server.call("POST", &stuck_id, message.clone()).await;
        if reply.status() == 429 {
            assert_eq!(reply.headers()["x-amzn-errortype"], "LimitExceededException");
            refused = Some(n);
            break;
        }
    }
    assert!(refused.is_some());
    server.call("POST", &reader_id, "still here").await;
    assert_eq!(reader.text().await, "still here");
    // And it becomes idle, although it is posted to.
    server.clock.advance(Duration::from_secs(10 * 60 + 5));
    let mut ended = Vec::new();
    for _ in 0..2 {
        let event = server.event("DISCONNECT").await;
        assert_eq!(event["requestContext"]["disconnectStatusCode"], 1001);
        ended.push(event["requestContext"]["connectionId"].as_str().unwrap().to_owned());
    }
    assert!(ended.contains(&stuck_id), "the one that does not read is idle too");
}
