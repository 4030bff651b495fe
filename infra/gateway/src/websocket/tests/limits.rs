//! How connections end: limits, close codes, and what `$disconnect` is told.

use std::time::Duration;

use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::support::{Client, Server, answer};

const KB: usize = 1024;

async fn send_frame(client: &mut Client, opcode: Data, payload: impl Into<Bytes>, is_final: bool) {
    let frame = Frame::message(payload.into(), OpCode::Data(opcode), is_final);
    // A server that has already closed may have reset the connection: what it said before that is what is tested.
    let _ = client.0.send(Message::Frame(frame)).await;
}

fn ended_with(event: &Value) -> (u64, &str) {
    let context = &event["requestContext"];
    (context["disconnectStatusCode"].as_u64().unwrap(), context["disconnectReason"].as_str().unwrap())
}

#[tokio::test]
async fn the_disconnect_event_is_that_of_aws() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    let connect = server.event("CONNECT").await;
    client.0.close(None).await.unwrap();
    let event = server.event("DISCONNECT").await;
    let keys: Vec<&String> = event.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["headers", "multiValueHeaders", "requestContext", "isBase64Encoded"]);
    let host = format!("chatapi.execute-api.localhost:{}", server.address.port());
    assert_eq!(event["headers"], json!({ "Host": host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" }));
    assert_eq!(event["multiValueHeaders"]["Host"], json!([host]));
    assert_eq!(ended_with(&event), (1005, "Client-side close frame status not set"));
    assert_eq!(event["requestContext"]["routeKey"], "$disconnect");
    assert_eq!(event["requestContext"]["connectionId"], connect["requestContext"]["connectionId"]);
}

#[tokio::test]
async fn a_clients_code_and_reason_are_passed_on() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    client.0.close(Some(CloseFrame { code: 4001.into(), reason: "signed out".into() })).await.unwrap();
    assert_eq!(client.closed().await, (4001, "signed out".to_owned()));
    assert_eq!(ended_with(&server.event("DISCONNECT").await), (4001, "signed out"));
}

#[tokio::test]
async fn a_lost_connection_is_1006() {
    let mut server = Server::start().await;
    drop(server.connect().await);
    assert_eq!(ended_with(&server.event("DISCONNECT").await), (1006, "Connection Closed Abnormally"));
    assert_eq!(server.connections.count(), 0);
}

#[tokio::test]
async fn the_connection_is_gone_when_disconnect_runs() {
    let mut server = Server::start().await;
    let connections = server.connections.clone();
    let (seen, mut counts) = tokio::sync::mpsc::unbounded_channel();
    server.functions.set("$disconnect", move |_| {
        seen.send(connections.count()).unwrap();
        async { answer(json!({})) }
    });
    drop(server.connect().await);
    server.event("DISCONNECT").await;
    assert_eq!(counts.recv().await, Some(0));
}

#[tokio::test]
async fn binary_closes_1003() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    client.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(client.closed().await.0, 1003);
    assert_eq!(ended_with(&server.event("DISCONNECT").await).0, 1003);
}

#[tokio::test]
async fn a_frame_may_have_32_kb_and_no_more() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    client.send("x".repeat(32 * KB)).await;
    assert!(client.text().await.contains("Forbidden"), "taken, and without a route");
    client.send("x".repeat(32 * KB + 1)).await;
    assert_eq!(client.closed().await.0, 1009);
    assert_eq!(ended_with(&server.event("DISCONNECT").await), (1009, "Message too long"));
}

#[tokio::test]
async fn a_huge_frame_is_refused_by_its_header_and_the_code_still_arrives() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.0.send(Message::text("x".repeat(1024 * KB))).await.unwrap();
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn a_fragmented_message_may_have_128_kb_and_no_more() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    let start = r#"{"action":"send","pad":""#;
    let end = r#""}"#;
    let whole = format!("{start}{}{end}", "é".repeat((128 * KB - start.len() - end.len()) / 2));
    assert!(whole.len() >= 128 * KB - 1);
    let chunks: Vec<&[u8]> = whole.as_bytes().chunks(32 * KB).collect();
    for (i, chunk) in chunks.iter().enumerate() {
        let opcode = if i == 0 { Data::Text } else { Data::Continue };
        send_frame(&mut client, opcode, chunk.to_vec(), i + 1 == chunks.len()).await;
    }
    assert_eq!(server.event("MESSAGE").await["body"], whole);

    for i in 0..5 {
        let opcode = if i == 0 { Data::Text } else { Data::Continue };
        send_frame(&mut client, opcode, vec![b'x'; 32 * KB], i == 4).await;
    }
    assert_eq!(client.closed().await.0, 1009);
    assert_eq!(ended_with(&server.event("DISCONNECT").await).0, 1009);
}

#[tokio::test]
async fn text_that_is_no_utf8_closes_1007_and_broken_framing_1002() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    send_frame(&mut client, Data::Text, vec![0xff, 0xfe], true).await;
    assert_eq!(client.closed().await.0, 1007);
    assert_eq!(ended_with(&server.event("DISCONNECT").await).0, 1007);

    let mut client = server.connect().await;
    send_frame(&mut client, Data::Continue, "no beginning", true).await;
    assert_eq!(client.closed().await.0, 1002);
    assert_eq!(ended_with(&server.event("DISCONNECT").await).0, 1002);
}

#[tokio::test]
async fn ten_idle_minutes_end_a_connection_and_any_frame_starts_them_again() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        server.clock.advance(Duration::from_secs(9 * 60));
        client.0.send(Message::Ping("".into())).await.unwrap();
        assert!(matches!(client.next().await, Message::Pong(_)));
    }
    server.clock.advance(Duration::from_secs(10 * 60));
    assert_eq!(client.closed().await, (1001, "Going away".to_owned()));
    assert_eq!(ended_with(&server.event("DISCONNECT").await), (1001, "Going away"));
}

#[tokio::test]
async fn a_clock_moved_backwards_neither_ends_a_connection_nor_keeps_it_for_ever() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    server.clock.set(86_400_000);
    client.0.send(Message::Ping("".into())).await.unwrap();
    assert!(matches!(client.next().await, Message::Pong(_)));
    server.clock.advance(Duration::from_secs(9 * 60));
    client.0.send(Message::Ping("".into())).await.unwrap();
    assert!(matches!(client.next().await, Message::Pong(_)));
    server.clock.advance(Duration::from_secs(10 * 60));
    assert_eq!(client.closed().await, (1001, "Going away".to_owned()));
    assert_eq!(ended_with(&server.event("DISCONNECT").await), (1001, "Going away"));
}

#[tokio::test]
async fn two_hours_end_a_busy_connection() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    for minutes in (8..120).step_by(8) {
        server.clock.advance(Duration::from_secs(8 * 60));
        client.0.send(Message::Ping("".into())).await.unwrap();
        assert!(matches!(client.next().await, Message::Pong(_)), "after {minutes} minutes");
    }
    server.clock.advance(Duration::from_secs(8 * 60));
    assert_eq!(client.closed().await, (1001, "Going away".to_owned()));
    assert_eq!(ended_with(&server.event("DISCONNECT").await), (1001, "Going away"));
}

#[tokio::test]
async fn shutdown_closes_everybody_and_waits_for_disconnect() {
    let mut server = Server::start().await;
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let open = gate.clone();
    server.functions.set("$disconnect", move |_| {
        let gate = gate.clone();
        async move {
            gate.notified().await;
            answer(json!({}))
        }
    });
    let mut client = server.connect().await;
    assert_eq!(server.connections.close_all(1001, Duration::from_millis(1)).await, 1, "its $disconnect is not done");
    assert_eq!(client.closed().await, (1001, "Going away".to_owned()));
    assert_eq!(ended_with(&server.event("DISCONNECT").await), (1001, "Going away"));
    assert_eq!(server.refused("/production", &[]).await.0, 503);
    open.notify_one();
    drop(client);
    assert_eq!(server.connections.close_all(1001, Duration::from_secs(10)).await, 0);
}
