//! Answers of the gateway's own, as an API's owner wants them.

use super::*;
use crate::model::{AccessLogSettings, GatewayResponse};
use crate::proxy::testing::policy;
use crate::telemetry::testing::{DESTINATION, lines};

const TOKEN: (&str, &str) = ("Authorization", "t");
const BUILT_IN: &str = r#"{"message":$context.error.messageString}"#;

fn response(status: Option<&str>, headers: &[(&str, &str)], templates: &[(&str, &str)]) -> GatewayResponse {
    let owned = |pairs: &[(&str, &str)], prefix: &str| {
        pairs.iter().map(|(name, value)| (format!("{prefix}{name}"), (*value).to_owned())).collect()
    };
    GatewayResponse {
        status_code: status.map(str::to_owned),
        response_parameters: owned(headers, "gatewayresponse.header."),
        response_templates: owned(templates, ""),
        ..GatewayResponse::default()
    }
}

/// `GET /users/{id}` behind an authorizer that answers `answer`.
fn plane(responses: &[(&str, GatewayResponse)], answer: Answer) -> Plane {
    let mut api = api(&[("GET /users/{id}", "f"), ("GET /open", "f")]);
    guard(&mut api, AuthorizerType::Token, "method.request.header.Authorization", 0);
    method(&mut api, "GET /open").authorization_type = "NONE".to_owned();
    api.gateway_responses = responses.iter().map(|(kind, response)| ((*kind).to_owned(), response.clone())).collect();
    api.stages["prod"].variables.insert("support".to_owned(), "desk@example.com".to_owned());
    let settings = AccessLogSettings {
        format: Some("$context.status $context.error.message $context.responseLength".to_owned()),
        destination_arn: Some(DESTINATION.to_owned()),
    };
    api.stages["prod"].access_log_settings = Some(settings);
    Plane::new(&api, [("f", ok()), ("auth", answer)])
}

fn deny(context: Value) -> Answer {
    Answer::Json(policy("Deny", "*", context))
}

#[tokio::test]
async fn a_refusal_tells_what_the_authorizer_knows() {
    let exhausted = response(
        Some("429"),
        &[("Retry-After", "context.authorizer.retryAfter"), ("X-Tier", "'free'")],
        &[("application/json", r#"{"message":"Quota exceeded","resetsAt":"$context.authorizer.resetsAt"}"#)],
    );
    let context = json!({"retryAfter": 3_600, "resetsAt": "2026-11-23T00:00:00Z"});
    let plane = plane(&[("ACCESS_DENIED", exhausted)], deny(context));
    let reply = plane.get("/prod/users/1", &[TOKEN]).await;
    assert_eq!(reply.status(), 429);
    assert_eq!(text(&reply), r#"{"message":"Quota exceeded","resetsAt":"2026-11-23T00:00:00Z"}"#);
    assert_eq!((header(&reply, "retry-after"), header(&reply, "x-tier")), (Some("3600"), Some("free")));
    assert_eq!(header(&reply, "x-amzn-errortype"), Some("AccessDeniedException"));
    assert!(header(&reply, "x-amzn-requestid").is_some());
    let own = "User is not authorized to access this resource with an explicit deny in an identity-based policy";
    assert_eq!(lines(&plane.gateway), [format!("429 {own} {}", text(&reply).len())]);
}

#[tokio::test]
async fn headers_and_bodies_are_made_of_the_request() {
    let everything = response(
        None,
        &[
            ("X-Id", "method.request.path.id"),
            ("X-Query", "method.request.querystring.q"),
            ("X-From", "method.request.header.Origin"),
            ("X-Support", "stageVariables.support"),
            ("X-Absent", "method.request.header.Absent"),
            ("Content-Type", "'text/plain'"),
        ],
        &[(
            "application/json",
            "$context.error.responseType|$context.error.message|$context.identity.sourceIp|$context.stage|$stageVariables.support|$context.status|$context.nothing|",
        )],
    );
    let plane = plane(&[("UNAUTHORIZED", everything)], Answer::Fails("Unauthorized"));
    let reply = plane.get("/prod/users/a%2Fb?q=x%20y", &[TOKEN, ("origin", "https://app.example")]).await;
    assert_eq!(reply.status(), 401);
    assert_eq!(text(&reply), "UNAUTHORIZED|Unauthorized|127.0.0.1|prod|desk@example.com|401||");
    let expected = [
        ("x-id", Some("a%2Fb")),
        ("x-query", Some("x y")),
        ("x-from", Some("https://app.example")),
        ("x-support", Some("desk@example.com")),
        ("x-absent", None),
        ("content-type", Some("text/plain")),
    ];
    for (name, value) in expected {
        assert_eq!(header(&reply, name), value, "{name}");
    }
}

#[tokio::test]
async fn what_a_client_sends_splits_no_header() {
    let echo = response(None, &[("X-Query", "method.request.querystring.q")], &[]);
    let plane = plane(&[("UNAUTHORIZED", echo)], deny(json!({})));
    let reply = plane.get("/prod/users/1?q=a%0D%0ASet-Cookie:%20x", &[]).await;
    assert_eq!((reply.status().as_u16(), header(&reply, "x-query")), (401, None));
    assert_eq!(header(&reply, "set-cookie"), None);
}

#[tokio::test]
async fn a_type_without_its_own_response_takes_that_of_its_class() {
    let class = response(None, &[("Access-Control-Allow-Origin", "'*'")], &[("application/json", BUILT_IN)]);
    let server = response(Some("599"), &[], &[("application/json", r#"{"m":$context.error.messageString}"#)]);
    let own = response(Some("418"), &[], &[("application/json", "own")]);
    let responses = [("DEFAULT_4XX", class), ("DEFAULT_5XX", server), ("MISSING_AUTHENTICATION_TOKEN", own)];
    let plane = plane(&responses, deny(json!({})));
    let reply = plane.get("/prod/users/1", &[TOKEN]).await;
    assert_eq!(
        (reply.status().as_u16(), text(&reply)),
        (
            403,
            r#"{"Message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"}"#
        ),
        "the built-in template keeps the built-in body"
    );
    assert_eq!(header(&reply, "access-control-allow-origin"), Some("*"));
    let reply = plane.get("/prod/none", &[]).await;
    assert_eq!((reply.status().as_u16(), text(&reply)), (418, "own"));
    assert_eq!(header(&reply, "access-control-allow-origin"), None);
    plane.fake.answer("f", Answer::Json(json!({"wrong": 1})));
    let reply = plane.get("/prod/open", &[]).await;
    assert_eq!((reply.status().as_u16(), text(&reply)), (599, r#"{"m":"Internal server error"}"#));
    plane.fake.answer("auth", Answer::Raw(b"nonsense"));
    let reply = plane.get("/prod/users/1", &[TOKEN]).await;
    assert_eq!((reply.status().as_u16(), text(&reply)), (599, r#"{"m":null}"#));

    let reply = plane.get("/absent/users/1", &[]).await;
    assert_error(&reply, 403, r#"{"message":"Forbidden"}"#, "ForbiddenException");
    plane.fake.answer("f", ok());
    let reply = plane.get("/prod/open", &[]).await;
    assert_eq!((reply.status().as_u16(), text(&reply)), (200, "ok"), "a function's own answer is nobody else's");
}

#[tokio::test]
async fn the_client_chooses_among_content_types() {
    let templates = [("application/xml", "<e>$context.error.message</e>"), ("application/json", "json")];
    let plane = plane(&[("DEFAULT_4XX", response(None, &[], &templates))], deny(json!({})));
    for (accept, content_type, body) in [
        ("application/xml", "application/xml", "<e>Unauthorized</e>"),
        ("application/json", "application/json", "json"),
        ("text/html", "application/json", "json"),
    ] {
        let reply = plane.get("/prod/users/1", &[("Accept", accept)]).await;
        assert_eq!((header(&reply, "content-type"), text(&reply)), (Some(content_type), body), "{accept}");
    }
}
