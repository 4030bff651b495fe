//! What a function's result becomes.

use std::time::Duration;

use super::*;
use crate::lambda::InvokeError;
use crate::proxy::MAX_BODY_BYTES;

const INTERNAL: &str = r#"{"message":"Internal server error"}"#;
const INTERNAL_TYPE: &str = "InternalServerErrorException";

async fn reply(result: Value) -> Reply {
    Plane::answering(Answer::Json(result)).get("/prod", &[]).await
}

#[tokio::test]
async fn results_that_are_responses() {
    for (result, status, body) in [
        (json!({}), 200, ""),
        (json!({"statusCode": 200}), 200, ""),
        (json!({"statusCode": "201"}), 201, ""),
        (json!({"headers": {"a": "b"}}), 200, ""),
        (json!({"headers": null, "multiValueHeaders": null, "body": null, "isBase64Encoded": null}), 200, ""),
        (json!({"statusCode": 404, "body": "none"}), 404, "none"),
        (json!({"body": "aGk=", "isBase64Encoded": true}), 200, "aGk="),
    ] {
        let reply = reply(result.clone()).await;
        assert_eq!((reply.status().as_u16(), text(&reply)), (status, body), "{result}");
        assert_eq!(header(&reply, "content-type"), Some("application/json"), "{result}");
        assert_eq!(header(&reply, "x-amzn-errortype"), None);
        for name in ["x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"] {
            assert!(header(&reply, name).is_some(), "{name}");
        }
    }
}

#[tokio::test]
async fn results_that_are_none() {
    for result in [
        json!({"statusCode": 200, "cookies": []}),
        json!({"message": "x"}),
        json!({"statusCode": "abc"}),
        json!({"statusCode": 1000}),
        json!({"statusCode": 101}),
        json!({"statusCode": -1}),
        json!({"statusCode": 200.5}),
        json!({"statusCode": [200]}),
        json!({"multiValueHeaders": {"a": "b"}}),
        json!({"multiValueHeaders": {"a": [["b"]]}}),
        json!({"headers": {"a": 1}}),
        json!({"headers": {"a": ["b"]}}),
        json!({"headers": {"a\n": "b"}}),
        json!({"headers": {"a": "b\r\nc: d"}}),
        json!({"headers": []}),
        json!({"body": {"a": 1}}),
        json!({"body": 1}),
        json!({"isBase64Encoded": "true"}),
        json!("text"),
        json!([200]),
        json!([200, {}, {}, "body", false]),
        json!(null),
    ] {
        assert_error(&reply(result.clone()).await, 502, INTERNAL, INTERNAL_TYPE);
    }
    for raw in [&b""[..], b"hello", b"{", b"\xff"] {
        assert_error(&Plane::answering(Answer::Raw(raw)).get("/prod", &[]).await, 502, INTERNAL, INTERNAL_TYPE);
    }
}

#[tokio::test]
async fn failures_of_the_function() {
    for (answer, status) in [
        (Answer::Fails("boom"), 502),
        (Answer::Refused(InvokeError::TooManyRequests { reason: "x" }), 502),
        (Answer::Refused(InvokeError::Service("x".to_owned())), 502),
        (Answer::Refused(InvokeError::NotFound("x".to_owned())), 500),
    ] {
        assert_error(&Plane::answering(answer).get("/prod", &[]).await, status, INTERNAL, INTERNAL_TYPE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_hangs_times_out() {
    let plane = Plane::answering(Answer::Hangs(Duration::from_millis(29_001)));
    let reply = plane.get("/prod", &[]).await;
    assert_error(&reply, 504, r#"{"message":"Endpoint request timed out"}"#, INTERNAL_TYPE);
    plane.fake.answer("f", Answer::Hangs(Duration::from_millis(28_999)));
    assert_eq!(plane.get("/prod", &[]).await.status(), 200);
}

#[tokio::test]
async fn bodies_over_the_limits() {
    let plane = Plane::answering(ok());
    let mut post = request("POST", "/prod", &[]);
    post.body = vec![b'x'; MAX_BODY_BYTES + 1].into();
    let reply = plane.send(post.clone()).await;
    assert_eq!(reply.status(), 413);
    assert_eq!(text(&reply), "HTTP content length exceeded 10485760 bytes.");
    assert_eq!((header(&reply, "content-type"), header(&reply, "x-amzn-errortype")), (Some("text/plain"), None));
    assert!(header(&reply, "x-amzn-requestid").is_some());

    post.body = vec![b'x'; MAX_BODY_BYTES].into();
    let reply = plane.send(post.clone()).await;
    assert_error(&reply, 413, r#"{"message":"Request Too Long"}"#, "RequestTooLargeException");
    post.body = vec![b'x'; 6_000_000].into();
    assert_eq!(plane.send(post).await.status(), 200);
    assert_eq!(plane.fake.count("f"), 1);
    plane.fake.answer("f", Answer::Refused(InvokeError::RequestTooLarge(7)));
    assert_eq!(plane.get("/prod", &[]).await.status(), 413);
}

#[tokio::test]
async fn headers_merge_and_repeat() {
    let reply = reply(json!({
        "headers": {"X-Name": "value-solo", "content-type": "text/html", "x-yes": true},
        "multiValueHeaders": {"x-name": ["value-multi", "second"], "set-cookie": ["a=1", "b=2"]},
    }))
    .await;
    let all = |name: &str| -> Vec<&str> { reply.headers().get_all(name).iter().map(|v| v.to_str().unwrap()).collect() };
    assert_eq!(all("x-name"), ["value-multi", "second", "value-solo"]);
    assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(all("content-type"), ["text/html"]);
    assert_eq!(all("x-yes"), ["true"]);
}

#[tokio::test]
async fn some_headers_are_remapped_or_dropped() {
    let remapped = [
        "Authorization",
        "Connection",
        "Content-MD5",
        "Date",
        "Max-Forwards",
        "Server",
        "User-Agent",
        "WWW-Authenticate",
    ];
    let dropped = [
        "Content-Length",
        "Expect",
        "Host",
        "Proxy-Authenticate",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Via",
    ];
    let passed = ["Accept", "Age", "Content-Encoding", "ETag", "Location", "Pragma", "X-Amzn-ErrorType"];
    let headers: serde_json::Map<_, _> =
        remapped.iter().chain(&dropped).chain(&passed).map(|name| ((*name).to_owned(), json!("v"))).collect();
    let reply = reply(json!({ "headers": headers })).await;
    for name in remapped {
        assert_eq!(header(&reply, &format!("x-amzn-remapped-{name}")), Some("v"), "{name}");
        assert_eq!(header(&reply, name), None, "{name}");
    }
    for name in dropped {
        assert_eq!(header(&reply, name), None, "{name}");
    }
    for name in passed {
        assert_eq!(header(&reply, name), Some("v"), "{name}");
    }
}

#[tokio::test]
async fn the_gateways_own_ids_win() {
    let reply = reply(json!({"headers": {"x-amzn-RequestId": "mine", "x-amzn-trace-id": "mine"}})).await;
    assert_ne!(header(&reply, "x-amzn-requestid"), Some("mine"));
    assert!(header(&reply, "x-amzn-trace-id").unwrap().starts_with("Root=1-"));
}

#[tokio::test]
async fn base64_is_decoded_for_those_who_accept_binary() {
    let mut api = api(&[("ANY /{proxy+}", "f")]);
    api.binary_media_types = vec!["image/png".to_owned()];
    let plane = Plane::new(&api, []);
    let answer = |body: &str, base64: bool| {
        Answer::Json(json!({"body": body, "isBase64Encoded": base64, "headers": {"content-type": "text/x"}}))
    };
    plane.fake.answer("f", answer("/wE=", true));
    let png = [("Accept", "image/png")];
    assert_eq!(plane.get("/prod/a", &png).await.body().as_ref(), b"\xff\x01");
    assert_eq!(text(&plane.get("/prod/a", &[("Accept", "text/html, image/png")]).await), "/wE=");
    assert_eq!(text(&plane.get("/prod/a", &[]).await), "/wE=");
    plane.fake.answer("f", answer("/wE=", false));
    assert_eq!(text(&plane.get("/prod/a", &png).await), "/wE=");
    plane.fake.answer("f", answer("not base64!", true));
    assert_error(&plane.get("/prod/a", &png).await, 500, INTERNAL, INTERNAL_TYPE);
}

#[tokio::test]
async fn unsupported_integrations_answer_500() {
    let mut api = api(&[("GET /mock", "f"), ("GET /none", "f"), ("GET /get", "f")]);
    method(&mut api, "GET /mock").integration.as_mut().unwrap().integration_type = IntegrationType::Mock;
    method(&mut api, "GET /none").integration = None;
    method(&mut api, "GET /get").integration.as_mut().unwrap().http_method = Some("GET".to_owned());
    let plane = Plane::new(&api, [("f", ok())]);
    for target in ["/prod/mock", "/prod/none", "/prod/get"] {
        assert_error(&plane.get(target, &[]).await, 500, INTERNAL, INTERNAL_TYPE);
    }
}
