//! The chat: `$connect`, `sendMessage`, `listMembers`, `$default`, `$disconnect`, between real clients.

use ferrogate_tests::chat::{ChatClient, bearer};
use ferrogate_tests::sign;
use ferrogate_tests::stack::Stack;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message};

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_chat_and_see_each_other_come_and_go() {
    let stack = Stack::start().await;
    let mut alice = ChatClient::connect(&stack, "alice", "lobby").await;
    let mut bob = ChatClient::connect(&stack, "bob", "lobby").await;
    let joined = alice.next_frame().await;
    assert_eq!((&joined["type"], &joined["username"]), (&json!("user_joined"), &json!("bob")));

    bob.send(&json!({"action": "sendMessage", "message": "hello, alice ✓"})).await;
    let (at_alice, at_bob) = (alice.next_of_type("message").await, bob.next_of_type("message").await);
    assert_eq!(at_alice, at_bob);
    assert_eq!((&at_alice["username"], &at_alice["message"]), (&json!("bob"), &json!("hello, alice ✓")));
    assert!(at_alice["messageId"].is_string() && at_alice["timestamp"].is_string());

    bob.send(&json!({"action": "listMembers"})).await;
    let members = bob.next_of_type("members").await;
    let mut names: Vec<_> =
        members["members"].as_array().unwrap().iter().map(|m| m["username"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["alice", "bob"]);

    bob.close().await;
    let left = alice.next_of_type("user_left").await;
    assert_eq!((&left["username"], &left["connections"]), (&json!("bob"), &json!(0)));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_hears_nothing_of_another() {
    let stack = Stack::start().await;
    let mut here = ChatClient::connect(&stack, "alice", "here").await;
    let mut there = ChatClient::connect(&stack, "bob", "there").await;
    there.send(&json!({"action": "sendMessage", "message": "there"})).await;
    there.next_of_type("message").await;
    here.send(&json!({"action": "sendMessage", "message": "here"})).await;
    assert_eq!(here.next_frame().await["message"], "here");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_sent_in_the_same_instant_are_all_kept() {
    let stack = Stack::start().await;
    let mut alice = ChatClient::connect(&stack, "alice", "lobby").await;
    for n in 0..20 {
        alice.send(&json!({"action": "sendMessage", "message": format!("m{n}")})).await;
    }
    let mut ids = std::collections::HashSet::new();
    for _ in 0..20 {
        ids.insert(alice.next_of_type("message").await["messageId"].to_string());
    }
    assert_eq!(ids.len(), 20);
    assert_eq!(stack.items("MessagesTable").await.len(), 20);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_gone_is_pruned_by_the_next_broadcast() {
    let stack = Stack::start().await;
    let mut alice = ChatClient::connect(&stack, "alice", "lobby").await;
    // A connection that API Gateway lost without a `$disconnect`, as it may.
    let ghost = json!({"connectionId": {"S": "TX0qLdBPjoECJ3A="}, "userId": {"S": "ghost"}, "roomId": {"S": "lobby"},
                "connectedAt": {"N": "1"}, "ttl": {"N": "9999999999"}});
    stack.put("ConnectionsTable", &ghost).await;
    alice.send(&json!({"action": "sendMessage", "message": "anyone?"})).await;
    alice.next_of_type("message").await;
    // The sender's own copy may arrive before the ghost's answer: a second message is handled after the first prune
    // has been asked for, and the table is read until it shows the outcome.
    loop {
        let left = stack.items("ConnectionsTable").await;
        if left.len() == 1 {
            assert_eq!(left[0]["username"]["S"], "alice");
            break;
        }
        tokio::task::yield_now().await;
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_handled_gets_a_clear_frame() {
    let stack = Stack::start().await;
    let mut alice = ChatClient::connect(&stack, "alice", "lobby").await;
    for text in ["no json", "{}", r#"{"action":"dance"}"#, r#"{"action":"$connect"}"#, "[1]"] {
        alice.send_text(text).await;
        let error = alice.next_of_type("error").await;
        assert!(error["message"].is_string(), "{text}: {error}");
        assert_eq!(error["actions"], json!(["sendMessage", "listMembers"]), "{text}");
    }
    for wrong in [
        json!({"action": "sendMessage"}),
        json!({"action": "sendMessage", "message": ""}),
        json!({"action": "sendMessage", "message": 5}),
        json!({"action": "sendMessage", "message": "x".repeat(4_001)}),
    ] {
        alice.send(&wrong).await;
        let error = alice.next_of_type("error").await;
        assert_eq!(error["errors"][0]["field"], "message", "{error}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_close_the_connection_with_their_codes() {
    let stack = Stack::start().await;
    let mut binary = ChatClient::connect(&stack, "alice", "lobby").await;
    futures_util::SinkExt::send(&mut binary.socket, Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(binary.closed().await.0, 1003);

    let mut large = ChatClient::connect(&stack, "bob", "lobby").await;
    large.send_text(&"x".repeat(33 * 1024)).await;
    assert_eq!(large.closed().await.0, 1009);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_ends_after_ten_minutes_and_its_room_is_told() {
    let stack = Stack::start().await;
    let mut silent = ChatClient::connect(&stack, "alice", "lobby").await;
    advance(&stack, 5 * 60).await;
    let mut other = ChatClient::connect(&stack, "bob", "lobby").await;
    advance(&stack, 5 * 60 + 1).await;
    // Bob's own arrival was sent to her five minutes ago: traffic in either direction keeps a connection.
    silent.next_of_type("user_joined").await;
    advance(&stack, 5 * 60).await;
    assert_eq!(silent.closed().await, (1001, "Going away".to_owned()));
    // Bob's time is over at the same moment. Where the news of her comes first, it keeps him for ten minutes more.
    let closed = match other.closed_unless(|text| text.contains("user_left")).await {
        Some(closed) => closed,
        None => {
            advance(&stack, 10 * 60 + 1).await;
            other.closed().await
        }
    };
    assert_eq!(closed.0, 1001);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_without_a_room_is_refused() {
    let stack = Stack::start().await;
    let alice = stack.person("alice").await;
    for query in ["", "?userId=alice", "?roomId=", "?roomId=%0A"] {
        match ChatClient::try_connect(&stack, query, &bearer(&alice.token)).await {
            Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 400, "{query}"),
            other => panic!("{query}: {:?}", other.map(|_| "connected")),
        }
    }
    assert!(stack.items("ConnectionsTable").await.is_empty());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connections_api_answers_for_the_open_and_the_gone() {
    let stack = Stack::start().await;
    let mut alice = ChatClient::connect(&stack, "alice", "lobby").await;
    let id = stack.items("ConnectionsTable").await[0]["connectionId"]["S"].as_str().unwrap().to_owned();
    let address = stack.api(&format!("chatapi/production/@connections/{}", id.replace('=', "%3D")));
    let signed = |method, body: &str| sign::signed(stack.client(), method, address.as_str(), "execute-api", &[], body);
    assert_eq!(signed(reqwest::Method::POST, "{\"type\":\"hi\"}").send().await.unwrap().status(), 200);
    assert_eq!(alice.next_frame().await["type"], "hi");
    let described: Value = signed(reqwest::Method::GET, "").send().await.unwrap().json().await.unwrap();
    assert!(described["connectedAt"].is_string() && described["identity"]["sourceIp"] == "127.0.0.1", "{described}");
    assert_eq!(signed(reqwest::Method::POST, &"x".repeat(128 * 1024 + 1)).send().await.unwrap().status(), 413);
    assert_eq!(signed(reqwest::Method::DELETE, "").send().await.unwrap().status(), 204);
    alice.closed().await;
    assert_eq!(signed(reqwest::Method::POST, "late").send().await.unwrap().status(), 410);
    stack.stop().await;
}

async fn advance(stack: &Stack, seconds: u32) {
    let moved = stack
        .client()
        .post(format!("{}/_ferrogate/clock", stack.endpoint()))
        .json(&json!({"advanceSeconds": seconds}))
        .send()
        .await
        .unwrap();
    assert_eq!(moved.status(), 200);
}
