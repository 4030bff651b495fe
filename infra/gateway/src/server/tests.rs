//! What clients should not send, as bytes on a socket: each gets a clear answer, nobody else notices, and nothing of it is
//! taken for something else on its way.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::testing::Stack;

const API: &str = "/_aws/execute-api/serverlessrestapi/Prod";

/// Everything that comes back for these bytes until the server closes. They should end in a request that asks for that.
async fn answers(stack: &Stack, bytes: &[u8]) -> String {
    let mut stream = stack.tcp().await;
    // The server may close before it has read all of it.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection stays open after {}", String::from_utf8_lossy(bytes));
    String::from_utf8_lossy(&answer).into_owned()
}

/// The statuses of all answers.
fn statuses(answer: &str) -> Vec<u16> {
    answer.split("HTTP/1.").skip(1).filter_map(|reply| reply.get(2..5)?.parse().ok()).collect()
}

fn get(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n").into_bytes()
}

/// The event of a request to this path, which a greedy resource takes.
async fn event(stack: &mut Stack, target: &str) -> Value {
    let answer = answers(stack, &get(&format!("{API}{target}"), "")).await;
    assert_eq!(statuses(&answer), [200], "{target}: {answer}");
    stack.events.recv().await.unwrap()
}

#[tokio::test]
async fn paths_arrive_as_they_were_sent() {
    let mut stack = Stack::start().await;
    for path in [
        "/any/a//b",
        "/any/./a",
        "/any/a/../b",
        "/any/../../hello",
        "/any/%2e%2e/hello",
        "/any/%2E%2E%2Fhello",
        "/any/a%2Fb",
        "/any/a%00b",
        "/any/%ff%fe",
        "/any/%",
        "/any/%zz",
        "/any/\u{e9}",
        "/any/a;b=c",
        "/any/a\\b",
        "/any/a|b{c}\"d",
    ] {
        let event = event(&mut stack, path).await;
        assert_eq!(event["path"], path);
        assert_eq!(event["resource"], "/any/{proxy+}");
        assert_eq!(event["pathParameters"]["proxy"], path.strip_prefix("/any/").unwrap());
        assert_eq!(event["requestContext"]["path"], format!("/Prod{path}"));
    }
    // None of these is another spelling of the resource that there is.
    for path in ["/%68ello", "/./hello", "/any/", "/any", "/x/../hello", "/HELLO", "/hello%2F", "/hello%00", "/hello/."]
    {
        let answer = answers(&stack, &get(&format!("{API}{path}"), "")).await;
        assert_eq!(statuses(&answer), [403], "{path}");
        assert!(answer.contains("Missing Authentication Token"), "{path}: {answer}");
    }
    // Nor a way into another API, stage or service.
    for path in ["/../../other/Prod/hello", "/../_ferrogate/clock", "/%2e%2e/%2e%2e/%2e%2e/_ferrogate/clock"] {
        let answer = answers(&stack, &get(&format!("{API}{path}"), "")).await;
        assert_eq!(statuses(&answer), [403], "{path}: {answer}");
    }
    for target in ["//_aws/execute-api/serverlessrestapi/Prod/hello", "/_aws/execute-api/../_ferrogate/clock", "/_aws"]
    {
        let answer = answers(&stack, &get(target, "")).await;
        assert_eq!(statuses(&answer), [404], "{target}: {answer}");
    }
    stack.running.shutdown().await;
}

#[tokio::test]
async fn request_lines_that_are_none() {
    let stack = Stack::start().await;
    let host = "Host: localhost\r\nConnection: close\r\n\r\n";
    for line in [
        &b"GET"[..],
        b"GET /a b HTTP/1.1",
        b"GET / HTTP/9.9",
        b"GET /\xff\xfe HTTP/1.1",
        b"GET /a\x00b HTTP/1.1",
        b"GET /a\x7fb HTTP/1.1",
        b"GET http:// HTTP/1.1",
        b"G\xc3\xa9T / HTTP/1.1",
        b"G\x01T / HTTP/1.1",
        b" / HTTP/1.1",
    ] {
        let answer = answers(&stack, &[line, b"\r\n", host.as_bytes()].concat()).await;
        assert_eq!(statuses(&answer), [400], "{}: {answer}", String::from_utf8_lossy(line));
    }
    // Targets of other forms, and no host at all.
    for (request, status) in [
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        ("OPTIONS * HTTP/1.1\r\nHost: serverlessrestapi.execute-api.localhost\r\nConnection: close\r\n\r\n", 403),
        ("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n", 403),
        ("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        ("GET / HTTP/1.0\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n", 403),
    ] {
        assert_eq!(statuses(&answers(&stack, request.as_bytes()).await), [status], "{request}");
    }
    stack.running.shutdown().await;
}

#[tokio::test]
async fn the_host_of_an_absolute_target_is_the_one_that_counts() {
    let mut stack = Stack::start().await;
    let own = "http://serverlessrestapi.execute-api.localhost/Prod/hello?a=b";
    let answer = answers(&stack, &get(own, "")).await;
    assert_eq!(statuses(&answer), [200], "{answer}");
    let event = stack.events.recv().await.unwrap();
    assert_eq!((&event["path"], &event["queryStringParameters"]["a"]), (&"/hello".into(), &"b".into()));
    assert_eq!(event["headers"]["Host"], "serverlessrestapi.execute-api.localhost");
    for foreign in ["http://evil.example/_ferrogate/clock", "http://localhost@evil.example/_ferrogate/clock"] {
        let answer = answers(&stack, &get(foreign, "")).await;
        assert_eq!(statuses(&answer), [403], "{foreign}: {answer}");
        assert!(answer.contains("names another machine"), "{answer}");
    }
    stack.running.shutdown().await;
}

#[tokio::test]
async fn long_urls_and_headers_are_refused() {
    let stack = Stack::start().await;
    let url = |length: usize| format!("{API}/any/{}", "x".repeat(length - "/Prod/any/".len()));
    for (length, status) in [(8_192, 200), (8_193, 414), (60_000, 414), (70_000, 414)] {
        let answer = answers(&stack, &get(&url(length), "")).await;
        assert_eq!(statuses(&answer), [status], "{length}");
    }
    // `Host: localhost` and `Connection: close` are 36 bytes of it, as they are counted.
    let header = |length: usize| format!("X-Long: {}\r\n", "x".repeat(length));
    for (length, status) in [(10_240 - 36 - 10 + 1, 431), (60_000, 431), (1_000_000, 431)] {
        let answer = answers(&stack, &get(&format!("{API}/any/a"), &header(length))).await;
        assert_eq!(statuses(&answer), [status], "{length}");
    }
    let many: String = (0..200).map(|number| format!("X-{number}: 1\r\n")).collect();
    assert_eq!(statuses(&answers(&stack, &get(&format!("{API}/any/a"), &many)).await), [431]);
    stack.running.shutdown().await;
}

#[tokio::test]
async fn headers_that_are_none_are_refused() {
    let stack = Stack::start().await;
    for header in [
        "Bad Name: x\r\n",
        "Name : x\r\n",
        ": x\r\n",
        "no colon\r\n",
        "X: a\r\n folded\r\n",
        "X: a\u{0}b\r\n",
        "X: a\rb\r\n",
        "X\u{e9}: a\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 1, 2\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
    ] {
        let answer = answers(&stack, &get(&format!("{API}/any/a"), header)).await;
        assert_eq!(statuses(&answer), [400], "{header:?}: {answer}");
    }
    stack.running.shutdown().await;
}

#[tokio::test]
async fn a_body_has_one_end() {
    let mut stack = Stack::start().await;
    let post = |headers: &str, body: &str| {
        format!("POST {API}/any/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n{body}").into_bytes()
    };
    for body in
        ["zz\r\nhello", "-1\r\nx", "5\r\nhello0\r\n\r\n", "fffffffffffffffff\r\nx", "5 5\r\nhello\r\n0\r\n\r\n", "\r\n"]
    {
        let answer = answers(&stack, &post("Transfer-Encoding: chunked\r\n", body)).await;
        assert_eq!(statuses(&answer), [400], "{body:?}: {answer}");
    }
    // The chunks are what counts, and the request that somebody could see behind the shorter end is none.
    let smuggled = format!("5\r\nhello\r\n0\r\n\r\nGET {API}/any/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n");
    for headers in
        ["Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"]
    {
        let answer = answers(&stack, &post(headers, &smuggled)).await;
        assert_eq!(statuses(&answer), [200], "{headers}: {answer}");
        assert_eq!(stack.events.recv().await.unwrap()["body"], "hello");
    }
    let answer = answers(&stack, &post("Content-Length: 2\r\nContent-Length: 2\r\n", "hi")).await;
    assert_eq!(statuses(&answer), [200], "the same length twice is one length");
    assert_eq!(stack.events.recv().await.unwrap()["body"], "hi");
    assert!(stack.events.try_recv().is_err(), "nothing was smuggled");

    // Half a body, and then the client is gone: nobody is called.
    let mut stream = stack.tcp().await;
    stream.write_all(&post("Content-Length: 100\r\n", "half")).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(matches!(statuses(&answer)[..], [] | [400]), "{answer}");
    assert!(stack.events.try_recv().is_err());
    stack.running.shutdown().await;
}

#[tokio::test]
async fn a_body_over_every_bound_is_refused_in_the_apis_words() {
    let stack = Stack::start().await;
    let post = |path: &str| {
        let head = "Host: localhost\r\nConnection: close\r\nContent-Length: 20000000\r\n";
        format!("POST {path} HTTP/1.1\r\n{head}\r\n").into_bytes()
    };
    let answer = answers(&stack, &post(&format!("{API}/any/a"))).await;
    assert_eq!(statuses(&answer), [413]);
    assert!(answer.ends_with("\r\n\r\nHTTP content length exceeded 10485760 bytes."), "{answer}");
    let answer = answers(&stack, &post("/_ferrogate/clock")).await;
    assert_eq!(statuses(&answer), [413]);
    assert!(answer.contains("larger than 16777216 bytes"), "{answer}");
    stack.running.shutdown().await;
}
