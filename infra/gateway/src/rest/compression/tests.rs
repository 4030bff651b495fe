//! Packed requests and responses through the whole plane.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::json;

use super::super::tests::{Plane, api, assert_error};
use crate::proxy::MAX_BODY_BYTES;
use crate::proxy::testing::{Answer, header, ok, request, text};
use crate::server::Reply;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

async fn send(plane: &Plane, codings: &[&str], body: Vec<u8>) -> Reply {
    let headers: Vec<_> = codings.iter().map(|coding| ("Content-Encoding", *coding)).collect();
    let mut sent = request("POST", "/prod/a", &headers);
    sent.body = body.into();
    plane.send(sent).await
}

#[tokio::test]
async fn a_packed_request_arrives_unpacked() {
    let plane = Plane::answering(ok());
    for (coding, packed) in [
        ("gzip", gzip(b"{\"a\":1}")),
        ("GZip ", gzip(b"{\"a\":1}")),
        ("deflate", deflate(b"{\"a\":1}")),
        ("identity", b"{\"a\":1}".to_vec()),
    ] {
        assert_eq!(send(&plane, &[coding], packed).await.status(), 200, "{coding}");
        let event = plane.fake.event("f");
        assert_eq!(event["body"], "{\"a\":1}", "{coding}");
        // By API Gateway's table a function gets the header as it was sent.
        assert_eq!(event["headers"]["Content-Encoding"], coding);
    }
    assert_eq!(send(&plane, &["gzip"], Vec::new()).await.status(), 200, "nothing was packed");
    // Large enough to be unpacked elsewhere.
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::alphanumeric() as u8).take(200_000).collect();
    assert_eq!(send(&plane, &["gzip"], gzip(&noise)).await.status(), 200);
    assert_eq!(plane.fake.event("f")["body"].as_str().unwrap().as_bytes(), noise);
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_415() {
    let plane = Plane::answering(ok());
    let half = {
        let whole = gzip(b"hello, hello, hello");
        whole[..whole.len() - 9].to_vec()
    };
    for (codings, body) in [
        (&["gzip"][..], b"no gzip".to_vec()),
        (&["gzip"], half),
        (&["deflate"], gzip(b"x")),
        (&["br"], b"x".to_vec()),
        (&["gzip, gzip"], gzip(&gzip(b"x"))),
        (&["gzip", "gzip"], gzip(&gzip(b"x"))),
        (&[""], b"x".to_vec()),
    ] {
        let reply = send(&plane, codings, body).await;
        assert_error(&reply, 415, r#"{"message":"Unsupported Media Type"}"#, "BadRequestException");
    }
    assert_eq!(plane.fake.count("f"), 0);
}

#[tokio::test]
async fn a_bomb_is_too_large_and_no_more() {
    let plane = Plane::answering(ok());
    let bomb = gzip(&vec![0; 12 * 1024 * 1024]);
    let reply = send(&plane, &["gzip"], bomb).await;
    assert_eq!((reply.status().as_u16(), text(&reply)), (413, "HTTP content length exceeded 10485760 bytes."));
    let reply = send(&plane, &["deflate"], deflate(&vec![0; MAX_BODY_BYTES + 1])).await;
    assert_eq!(reply.status(), 413);
}

/// A plane that packs from `minimum` on, whose function answers `answer`.
fn packing(minimum: Option<u32>, answer: serde_json::Value) -> Plane {
    let mut api = api(&[("ANY /{proxy+}", "f")]);
    api.minimum_compression_size = minimum;
    Plane::new(&api, [("f", Answer::Json(answer))])
}

fn unpacked(body: &Bytes, coding: &str) -> String {
    let mut out = String::new();
    match coding {
        "gzip" => GzDecoder::new(&body[..]).read_to_string(&mut out),
        _ => ZlibDecoder::new(&body[..]).read_to_string(&mut out),
    }
    .unwrap();
    out
}

#[tokio::test]
async fn responses_are_packed_from_a_size_on() {
    let body = "x".repeat(1_000);
    let answer = json!({"body": body, "headers": {"content-type": "text/plain"}});
    for (minimum, accept, expected) in [
        (Some(1_000), "gzip", Some("gzip")),
        (Some(1_000), "deflate", Some("deflate")),
        (Some(0), "gzip;q=0.2, deflate;q=0.9", Some("deflate")),
        (Some(1_001), "gzip", None),
        (Some(0), "br", None),
        (Some(0), "identity;q=0", None),
        (None, "gzip", None),
    ] {
        let plane = packing(minimum, answer.clone());
        let reply = plane.get("/prod/a", &[("Accept-Encoding", accept)]).await;
        assert_eq!(header(&reply, "content-encoding"), expected, "{minimum:?} {accept}");
        assert_eq!(header(&reply, "content-type"), Some("text/plain"));
        match expected {
            Some(coding) => assert_eq!(unpacked(reply.body(), coding), body),
            None => assert_eq!(text(&reply), body),
        }
    }
    let plane = packing(Some(0), answer);
    assert_eq!(header(&plane.get("/prod/a", &[]).await, "content-encoding"), None, "nobody asked for it");
    let large = "y".repeat(1_000_000);
    let plane = packing(Some(0), json!({ "body": large }));
    assert_eq!(unpacked(plane.get("/prod/a", &[("Accept-Encoding", "*")]).await.body(), "gzip"), large);
}

#[tokio::test]
async fn some_responses_are_never_packed() {
    let accept = [("Accept-Encoding", "gzip")];
    let own = packing(Some(0), json!({"body": "packed already", "headers": {"Content-Encoding": "br"}}));
    let reply = own.get("/prod/a", &accept).await;
    assert_eq!((header(&reply, "content-encoding"), text(&reply)), (Some("br"), "packed already"));
    for (status, body) in [(204, "x"), (304, "x"), (200, "")] {
        let plane = packing(Some(0), json!({"statusCode": status, "body": body}));
        assert_eq!(header(&plane.get("/prod/a", &accept).await, "content-encoding"), None, "{status}");
    }
    // The gateway's own answers.
    let plane = packing(Some(0), json!("no response"));
    let reply = plane.get("/prod/a", &accept).await;
    assert_eq!((reply.status().as_u16(), header(&reply, "content-encoding")), (502, None));
}
