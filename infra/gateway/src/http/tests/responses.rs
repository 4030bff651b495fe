//! What a function's result becomes, in both formats.

use std::time::Duration;

use super::*;
use crate::lambda::InvokeError;
use crate::proxy::MAX_BODY_BYTES;

async fn reply(version: &str, answer: Answer) -> Reply {
    let mut declared = api(&["$default"]);
    declared.integrations[0].payload_format_version = version.to_owned();
    Plane::new(&declared, [("f", answer)]).get("/", &[]).await
}

#[tokio::test]
async fn a_result_without_a_status_is_a_body() {
    for (result, body) in [
        (&br#""Hello""#[..], "Hello"),
        (br#"{"message":"x"}"#, r#"{"message":"x"}"#),
        (b"[200]", "[200]"),
        (b"[1,2]", "[1,2]"),
        (b"5", "5"),
        (b"true", "true"),
        (b"null", "null"),
        (b"", ""),
    ] {
        let reply = reply("2.0", Answer::Raw(result)).await;
        assert_eq!((reply.status().as_u16(), text(&reply)), (200, body));
        assert_eq!(header(&reply, "content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn structured_results() {
    let result = json!({
        "statusCode": 201,
        "headers": {"Location": "/users/1", "X-Number": 5, "content-length": "999"},
        "cookies": ["a=1; HttpOnly", "b=2"],
        "multiValueHeaders": {"x-ignored": ["1"]},
        "body": "text",
        "extra": 1,
    });
    let reply = reply("2.0", Answer::Json(result)).await;
    assert_eq!((reply.status().as_u16(), text(&reply)), (201, "text"));
    assert_eq!(header(&reply, "location"), Some("/users/1"));
    assert_eq!(header(&reply, "x-number"), Some("5"));
    assert_eq!((header(&reply, "content-length"), header(&reply, "x-ignored")), (None, None));
    assert_eq!(header(&reply, "content-type"), Some("text/plain;charset=UTF-8"));
    let cookies: Vec<_> = reply.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; HttpOnly", "b=2"]);
    assert!(header(&reply, "apigw-requestid").is_some());
}

#[tokio::test]
async fn statuses_and_base64() {
    for (result, status, body) in [
        (json!({"statusCode": 200}), 200, &b""[..]),
        (json!({"statusCode": "204"}), 204, b""),
        (json!({"statusCode": 200, "body": "/wE=", "isBase64Encoded": true}), 200, b"\xff\x01"),
        (json!({"statusCode": 200, "body": "/wE=", "isBase64Encoded": false}), 200, b"/wE="),
    ] {
        for version in ["1.0", "2.0"] {
            let reply = reply(version, Answer::Json(result.clone())).await;
            assert_eq!((reply.status().as_u16(), reply.body().as_ref()), (status, body), "{result}");
        }
    }
}

#[tokio::test]
async fn malformed_results_are_500() {
    for result in [
        json!({"statusCode": "abc"}),
        json!({"statusCode": null}),
        json!({"statusCode": 99}),
        json!({"statusCode": 200, "body": {"a": 1}}),
        json!({"statusCode": 200, "headers": {"a": ["b"]}}),
        json!({"statusCode": 200, "headers": {"a": "b\nc"}}),
        json!({"statusCode": 200, "body": "!", "isBase64Encoded": true}),
    ] {
        for version in ["1.0", "2.0"] {
            assert_error(&reply(version, Answer::Json(result.clone())).await, 500, "Internal Server Error");
        }
    }
    assert_error(&reply("2.0", Answer::Raw(b"not json")).await, 500, "Internal Server Error");
    let bad_cookie = json!({"statusCode": 200, "cookies": ["a\nb"]});
    assert_error(&reply("2.0", Answer::Json(bad_cookie)).await, 500, "Internal Server Error");
    for result in [&b"{}"[..], b"\"Hello\"", b"null", b"", b"[200]"] {
        assert_error(&reply("1.0", Answer::Raw(result)).await, 500, "Internal Server Error");
    }
}

#[tokio::test]
async fn format_1_0_has_multi_value_headers() {
    let result = json!({"statusCode": 200, "headers": {"x": "solo"}, "multiValueHeaders": {"X": ["a", "b"]}});
    let reply = reply("1.0", Answer::Json(result)).await;
    let values: Vec<_> = reply.headers().get_all("x").iter().collect();
    assert_eq!(values, ["a", "b", "solo"]);
}

#[tokio::test]
async fn failures_of_the_function() {
    for answer in [
        Answer::Fails("boom"),
        Answer::Refused(InvokeError::NotFound("f".to_owned())),
        Answer::Refused(InvokeError::TooManyRequests { reason: "x" }),
    ] {
        assert_error(&reply("2.0", answer).await, 500, "Internal Server Error");
    }
    let too_large = Answer::Refused(InvokeError::RequestTooLarge(7));
    assert_error(&reply("2.0", too_large).await, 413, "Request Entity Too Large");
}

#[tokio::test(start_paused = true)]
async fn a_function_that_hangs_is_503() {
    assert_error(&reply("2.0", Answer::Hangs(Duration::from_secs(31))).await, 503, "Service Unavailable");
}

#[tokio::test]
async fn bodies_over_the_limits() {
    let plane = Plane::new(&api(&["$default"]), [("f", ok())]);
    for size in [MAX_BODY_BYTES + 1, MAX_BODY_BYTES] {
        let mut post = request("POST", "/", &[]);
        post.body = vec![b'x'; size].into();
        assert_error(&plane.send(post).await, 413, "Request Entity Too Large");
    }
    assert_eq!(plane.fake.count("f"), 0);
}
