//! Responses that begin before they are whole.

use std::sync::Arc;

use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::http::integrated;
use super::*;
use crate::server::{BodyStream, is_streamed, taken, whole};

const INTERNAL: &str = r#"{"message":"Internal server error"}"#;
const TYPE: &str = "InternalServerErrorException";

/// `GET /` to the function `f`, by the URI of streams.
fn streaming() -> RestApi {
    let mut api = api(&[("GET /", "f")]);
    let integration = method(&mut api, "GET /").integration.as_mut().unwrap();
    let uri = integration.uri.take().unwrap().replace("/2015-03-31/", "/2021-11-15/");
    integration.uri = Some(uri.replace("/invocations", "/response-streaming-invocations"));
    integration.response_transfer_mode = Some("STREAM".to_owned());
    api
}

fn plane(pieces: Vec<&'static [u8]>, fails: bool) -> (Plane, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    (Plane::new(&streaming(), [("f", Answer::Streams(Arc::clone(&gate), pieces, fails))]), gate)
}

async fn piece(body: &mut BodyStream) -> Option<String> {
    let frame = body.frame().await?.unwrap();
    Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn a_functions_response_begins_before_it_ends() {
    let metadata: &[u8] =
        br#"{"statusCode": 201, "headers": {"X-Own": "1", "Content-Length": "9"}, "cookies": ["a=1", "b=2"]}"#;
    let (plane, gate) = plane(vec![metadata, b"\0\0\0\0", b"\0\0\0\0one", b"two", b"three"], false);
    gate.add_permits(3);
    let mut reply = plane.get("/prod", &[]).await;
    assert_eq!((reply.status().as_u16(), header(&reply, "x-own")), (201, Some("1")));
    assert_eq!(header(&reply, "content-type"), Some("application/json"));
    assert_eq!(header(&reply, "content-length"), None);
    assert_eq!(reply.headers().get_all("set-cookie").iter().count(), 2);
    assert!(is_streamed(&reply) && header(&reply, "x-amzn-requestid").is_some());
    // The function has not written more than this.
    let mut body = taken(&mut reply).unwrap();
    assert_eq!(piece(&mut body).await.as_deref(), Some("one"));
    gate.add_permits(1);
    assert_eq!(piece(&mut body).await.as_deref(), Some("two"));
    gate.add_permits(1);
    assert_eq!(piece(&mut body).await.as_deref(), Some("three"));
    assert_eq!(piece(&mut body).await, None);
}

#[tokio::test]
async fn a_function_that_fails_on_the_way_cuts_its_response() {
    let (plane, gate) = plane(vec![b"{}\0\0\0\0\0\0\0\0one"], true);
    gate.add_permits(1);
    let mut reply = plane.get("/prod", &[]).await;
    assert_eq!(reply.status(), 200);
    let mut body = taken(&mut reply).unwrap();
    assert_eq!(piece(&mut body).await.as_deref(), Some("one"));
    assert!(body.frame().await.unwrap().is_err(), "the client must not take it for all");
}

#[tokio::test]
async fn what_is_not_of_the_format_is_500() {
    let long: &'static [u8] = vec![b' '; 20_000].leak();
    for pieces in [
        vec![&b"{\"statusCode\": 200}"[..]],
        vec![b"{}\0\0\0\0\0\0\0"],
        vec![],
        vec![b"no json\0\0\0\0\0\0\0\0x"],
        vec![b"[]\0\0\0\0\0\0\0\0x"],
        vec![b"{\"body\": \"x\"}\0\0\0\0\0\0\0\0x"],
        vec![b"{\"statusCode\": 99}\0\0\0\0\0\0\0\0x"],
        vec![b"{\"headers\": {\"a\": \"b\\r\\nc: d\"}}\0\0\0\0\0\0\0\0x"],
        vec![b"{\"cookies\": [\"a\\n\"]}\0\0\0\0\0\0\0\0x"],
        vec![long, b"{}\0\0\0\0\0\0\0\0x"],
    ] {
        let (plane, gate) = plane(pieces.clone(), false);
        gate.add_permits(8);
        assert_error(&plane.get("/prod", &[]).await, 500, INTERNAL, TYPE);
    }
    let (plane, gate) = plane(vec![b"{}"], true);
    gate.add_permits(1);
    assert_error(&plane.get("/prod", &[]).await, 502, INTERNAL, TYPE);
}

#[tokio::test]
async fn whoever_cannot_stream_gives_all_of_it_at_once() {
    let plane = Plane::new(&streaming(), [("f", Answer::Raw(b"{\"statusCode\":202}\0\0\0\0\0\0\0\0all of it"))]);
    let reply = whole(plane.get("/prod", &[]).await).await;
    assert_eq!((reply.status().as_u16(), text(&reply)), (202, "all of it"));
    plane.fake.answer("f", Answer::Json(json!({"statusCode": 200, "body": "a whole response"})));
    assert_error(&plane.get("/prod", &[]).await, 500, INTERNAL, TYPE);
    plane.fake.answer("f", Answer::Fails("boom"));
    assert_error(&plane.get("/prod", &[]).await, 502, INTERNAL, TYPE);
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_the_integrations_time() {
    let (plane, _never) = plane(vec![b"{}"], false);
    assert_error(&plane.get("/prod", &[]).await, 504, r#"{"message":"Endpoint request timed out"}"#, TYPE);
}

#[tokio::test]
async fn an_endpoints_response_begins_before_it_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let gate = Arc::new(Semaphore::new(0));
    let waits = Arc::clone(&gate);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4_096]).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Own: 1\r\n\r\n3\r\none\r\n")
            .await
            .unwrap();
        waits.acquire().await.unwrap().forget();
        stream.write_all(b"3\r\ntwo\r\n").await.unwrap();
        // And then it is gone.
    });
    let api = integrated(IntegrationType::HttpProxy, url, |integration, _| {
        integration.response_transfer_mode = Some("STREAM".to_owned());
    });
    let mut reply = Plane::new(&api, []).get("/prod/a", &[]).await;
    assert_eq!((reply.status().as_u16(), header(&reply, "x-own")), (200, Some("1")));
    let mut body = taken(&mut reply).unwrap();
    assert_eq!(piece(&mut body).await.as_deref(), Some("one"));
    gate.add_permits(1);
    assert_eq!(piece(&mut body).await.as_deref(), Some("two"));
    assert!(body.frame().await.unwrap().is_err(), "half a response is not a whole one");
}
