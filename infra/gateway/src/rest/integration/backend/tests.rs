//! The client against endpoints that behave, and such that do not.

use std::time::Duration;

use super::testing::{Does, Endpoint, response};
use super::*;

const ENOUGH: Duration = Duration::from_secs(20);

async fn ask(uri: &str, timeout: Duration) -> Result<Response<Bytes>, BackendError> {
    let request = Request::get(uri).body(Bytes::new()).unwrap();
    Backends::default().send(request, true, timeout).await
}

async fn met(does: Does) -> BackendError {
    let endpoint = Endpoint::new(does).await;
    ask(&endpoint.url("/"), ENOUGH).await.unwrap_err()
}

fn head(text: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{text}\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn a_redirect_is_a_response() {
    let endpoint = Endpoint::answering("302 Found", &[("Location", "http://127.0.0.1:1/")], b"there").await;
    let answer = ask(&endpoint.url("/a?b=c"), ENOUGH).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (302, &b"there"[..]));
    assert!(endpoint.request().starts_with("GET /a?b=c HTTP/1.1\r\n"), "{}", endpoint.request());
}

#[tokio::test]
async fn connections_are_kept() {
    let endpoint = Endpoint::answering("200 OK", &[], b"1").await;
    let backends = Backends::default();
    for _ in 0..5 {
        let request = Request::get(endpoint.url("/")).body(Bytes::new()).unwrap();
        assert_eq!(backends.send(request, true, ENOUGH).await.unwrap().body(), "1");
    }
    assert_eq!((endpoint.count(), endpoint.connections()), (5, 1));
}

#[tokio::test]
async fn broken_responses_are_network_errors() {
    for does in [
        Does::AnswersAndCloses(Vec::new()),
        Does::AnswersAndResets(Vec::new()),
        Does::AnswersAndCloses(head("Content-Length: 100\r\n\r\nhalf")),
        Does::AnswersAndResets(head("Content-Length: 100\r\n\r\nhalf")),
        Does::AnswersAndCloses(b"HTTP/1.1 200 OK\r\nContent-Len".to_vec()),
        Does::AnswersAndCloses(head("Transfer-Encoding: chunked\r\n\r\n5\r\nhel")),
        Does::AnswersAndCloses(head("Transfer-Encoding: chunked\r\n\r\nzz\r\nhello")),
        Does::AnswersAndCloses(head("Content-Length: 1\r\nContent-Length: 2")),
        Does::AnswersAndCloses(head("Content-Length: many")),
        Does::AnswersAndCloses(head("Bad Name: x\r\nContent-Length: 0")),
        Does::AnswersAndCloses(head("X: \u{1}\r\nContent-Length: 0")),
        Does::AnswersAndCloses(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
        Does::AnswersAndCloses(b"HTTP/1.1 999999 No\r\n\r\n".to_vec()),
        Does::AnswersAndCloses(response("777 No", &[], b"")),
        Does::AnswersAndCloses(response(
            "101 Switching Protocols",
            &[("Upgrade", "x"), ("Connection", "upgrade")],
            b"",
        )),
    ] {
        let (Does::AnswersAndCloses(bytes) | Does::AnswersAndResets(bytes)) = &does else { continue };
        let text = String::from_utf8_lossy(bytes).into_owned();
        let error = met(does).await;
        assert!(matches!(error, BackendError::Network(_)), "{text}: {error:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_a_network_error() {
    let endpoint = Endpoint::answering("200 OK", &[], b"").await;
    let url = endpoint.url("/");
    drop(endpoint);
    // The listener is gone when its task has ended.
    while tokio::net::TcpStream::connect(&url[7..url.len() - 1]).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let error = ask(&url, ENOUGH).await.unwrap_err();
    assert!(matches!(&error, BackendError::Network(text) if text.contains("refused")), "{error:?}");
}

#[tokio::test]
async fn a_hanging_endpoint_times_out_wherever_it_hangs() {
    let brief = Duration::from_millis(50);
    for bytes in [Vec::new(), b"HTTP/1.1 200 OK\r\nX".to_vec(), head("Content-Length: 9\r\n\r\nhalf")] {
        let endpoint = Endpoint::new(Does::AnswersAndHangs(bytes)).await;
        assert_eq!(ask(&endpoint.url("/"), brief).await.unwrap_err(), BackendError::TimedOut(brief));
    }
}

#[tokio::test]
async fn what_is_over_ten_megabytes_is_not_read() {
    assert_eq!(
        met(Does::Floods(head("Content-Length: 104857600"))).await.to_string(),
        "Integration response of reported length 104857600 is larger than allowed maximum of 10485760 bytes."
    );
    assert_eq!(met(Does::Floods(head("Connection: close"))).await, BackendError::TooLarge(None));
    let endpoint = Endpoint::answering("200 OK", &[], &vec![b'x'; MAX_RESPONSE_BYTES]).await;
    assert_eq!(ask(&endpoint.url("/"), ENOUGH).await.unwrap().body().len(), MAX_RESPONSE_BYTES);
    let over = Endpoint::answering("200 OK", &[], &vec![b'x'; MAX_RESPONSE_BYTES + 1]).await;
    assert!(matches!(ask(&over.url("/"), ENOUGH).await, Err(BackendError::TooLarge(Some(10_485_761)))));
}

#[tokio::test]
async fn endless_heads_are_not_read() {
    let mut endless = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
    endless.extend_from_slice(&[b'x'; 1_000]);
    assert!(matches!(met(Does::Floods(endless)).await, BackendError::Network(_)));
}

#[tokio::test]
async fn closed_addresses_and_unknown_names_are_told() {
    let error = ask("http://169.254.169.254/latest/meta-data/", ENOUGH).await.unwrap_err();
    assert!(matches!(&error, BackendError::Address(text) if text.contains("--allow-link-local")), "{error:?}");
    let error = ask("http://ferrogate.invalid/", ENOUGH).await.unwrap_err();
    assert!(matches!(&error, BackendError::Address(text) if text.contains("ferrogate.invalid")), "{error:?}");
}
