//! AWS to a function: its event by template, its result by integration responses.

use std::time::Duration;

use super::*;
use crate::lambda::{InvocationType, InvokeError};

#[tokio::test]
async fn templates_make_the_event_and_the_response() {
    let integration = lambda(json!({
        "requestTemplates": {"application/json": "{\"userId\": \"$input.params('userId')\", \"action\": \"get\"}"},
        "integrationResponses": {"200": {"responseTemplates": {"application/json": "{\"user\": $input.json('$')}"}}},
    }));
    let plane = plane("/users/{userId}", integration, Answer::Json(json!({"name": "Ada"})));
    let reply = plane.get("/prod/users/7", &[]).await;
    assert_eq!(outcome(&reply), (200, r#"{"user": {"name":"Ada"}}"#));
    assert_eq!(plane.fake.event("f"), json!({"userId": "7", "action": "get"}));
    assert!(header(&reply, "x-amzn-trace-id").is_some());
    let caller = plane.fake.caller("f");
    assert_eq!(&*caller.source_arn, "arn:aws:execute-api:us-east-1:000000000000:userapi/prod/*/users/{userId}");
}

#[tokio::test]
async fn without_templates_bodies_pass_as_they_are() {
    let plane = plane("/", lambda(json!({})), Answer::Json(json!([1, {"a": null}])));
    let reply = plane.send(post("/prod", &[("Content-Type", "text/x")], b"{\"a\": [1]}")).await;
    assert_eq!(outcome(&reply), (200, r#"[1,{"a":null}]"#));
    assert_eq!(plane.fake.event("f"), json!({"a": [1]}));
    plane.get("/prod", &[]).await;
    assert_eq!(plane.fake.event("f"), json!({}), "nothing is an empty event");
    let reply = plane.send(post("/prod", &[], b"not json")).await;
    assert_eq!(reply.status(), 400);
    assert!(text(&reply).starts_with(r#"{"message":"Could not parse request body into json: "#), "{}", text(&reply));
    assert_eq!(plane.fake.count("f"), 2);
}

#[tokio::test]
async fn patterns_match_the_whole_error_message() {
    let responses = json!({
        "200": {},
        "400": {"selectionPattern": "\\[BadRequest\\].*", "responseTemplates": {"application/json": "$input.path('$.errorMessage')"}},
        "404": {"selectionPattern": "not found|gone"},
        "418": {"selectionPattern": "200"},
        "500": {"selectionPattern": "(\\n|.)*line two(\\n|.)*"},
    });
    let plane = plane("/", lambda(json!({"integrationResponses": responses})), ok());
    for (message, status) in [
        ("[BadRequest] name", 400),
        ("xx [BadRequest] name", 200),
        ("not found", 404),
        ("gone", 404),
        ("gone away", 200),
        ("[BadRequest] a\nb", 200),
        ("line one\nline two", 500),
        ("", 200),
    ] {
        plane.fake.answer("f", Answer::Fails(message));
        let reply = plane.get("/prod", &[]).await;
        assert_eq!(reply.status(), status, "{message:?}");
        let expected = match status {
            400 => message.to_owned(),
            // What no response maps is a success with the error in its body.
            _ => json!({"errorMessage": message, "errorType": "E"}).to_string(),
        };
        assert_eq!(text(&reply), expected);
    }
    plane.fake.answer("f", Answer::Json(json!({"errorMessage": "gone"})));
    assert_eq!(plane.get("/prod", &[]).await.status(), 200, "the function has not failed");
}

#[tokio::test]
async fn an_empty_message_matches_what_may_be_empty() {
    for (pattern, normal, failed) in [(".*", 201, 201), (".+", 200, 201), ("", 200, 200)] {
        let responses = json!({"200": {}, "201": {"selectionPattern": pattern}});
        let plane = plane("/", lambda(json!({"integrationResponses": responses})), ok());
        assert_eq!(plane.get("/prod", &[]).await.status(), normal, "{pattern}");
        plane.fake.answer("f", Answer::Fails("boom"));
        assert_eq!(plane.get("/prod", &[]).await.status(), failed, "{pattern}");
    }
}

#[tokio::test]
async fn an_error_without_a_response_is_a_mistake_of_the_api() {
    let responses = json!({"404": {"selectionPattern": "none"}});
    let plane = plane("/", lambda(json!({"integrationResponses": responses})), Answer::Fails("boom"));
    assert_error(&plane.get("/prod", &[]).await, 500, INTERNAL, INTERNAL_TYPE);
}

#[tokio::test]
async fn a_header_makes_the_call_asynchronous() {
    let integration = lambda(json!({
        "requestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
        "integrationResponses": {"202": {"responseTemplates": {"application/json": "{\"accepted\": true}"}}},
    }));
    let plane_of = |integration| plane("/", integration, Answer::Json(json!({})));
    let queued = plane_of(integration);
    let reply = queued.send(post("/prod", &[], b"{\"job\": 1}")).await;
    assert_eq!(outcome(&reply), (202, r#"{"accepted": true}"#));
    assert_eq!((queued.fake.invocation_type("f"), queued.fake.event("f")), (InvocationType::Event, json!({"job": 1})));
    let chosen = plane_of(lambda(json!({
        "requestParameters": {"integration.request.header.X-Amz-Invocation-Type": "method.request.header.InvocationType"},
    })));
    for (sent, expected) in [("Event", InvocationType::Event), ("RequestResponse", InvocationType::RequestResponse)] {
        assert_eq!(chosen.get("/prod", &[("InvocationType", sent)]).await.status(), 200);
        assert_eq!(chosen.fake.invocation_type("f"), expected);
    }
    chosen.get("/prod", &[]).await;
    assert_eq!(chosen.fake.invocation_type("f"), InvocationType::RequestResponse);
    assert_error(&chosen.get("/prod", &[("InvocationType", "Now")]).await, 500, INTERNAL, INTERNAL_TYPE);
}

#[tokio::test]
async fn what_lambda_refuses_is_not_the_clients_business() {
    for error in [
        InvokeError::NotFound("x".to_owned()),
        InvokeError::AccessDenied("no statement".to_owned()),
        InvokeError::TooManyRequests { reason: "x" },
        InvokeError::Service("x".to_owned()),
    ] {
        let plane = plane("/", lambda(json!({})), Answer::Refused(error));
        assert_error(&plane.get("/prod", &[]).await, 500, INTERNAL, INTERNAL_TYPE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_has_the_time_that_is_declared() {
    let plane = plane("/", lambda(json!({"timeoutInMillis": 50})), Answer::Hangs(Duration::from_millis(51)));
    let reply = plane.get("/prod", &[]).await;
    assert_error(&reply, 504, r#"{"message":"Endpoint request timed out"}"#, INTERNAL_TYPE);
    plane.fake.answer("f", Answer::Hangs(Duration::from_millis(49)));
    assert_eq!(plane.get("/prod", &[]).await.status(), 200);
}

#[tokio::test]
async fn an_event_over_lambdas_bound_is_too_long() {
    let integration = lambda(json!({"requestTemplates": {"application/json": "{\"a\": \"$input.body$input.body\"}"}}));
    let plane = plane("/", integration, ok());
    let mut request = request("POST", "/prod", &[]);
    request.body = vec![b'x'; 4_000_000].into();
    assert_error(&plane.send(request).await, 413, r#"{"message":"Request Too Long"}"#, "RequestTooLargeException");
    assert_eq!(plane.fake.count("f"), 0);
}

#[tokio::test]
async fn with_a_role_no_policy_of_the_function_is_asked() {
    let role = json!({"credentials": "arn:aws:iam::000000000000:role/invoke"});
    let by_role = plane("/", lambda(role), ok());
    assert_eq!(by_role.get("/prod", &[]).await.status(), 200);
    assert_eq!(by_role.fake.caller_if_any("f"), None);
    // Nobody has signed the request, so there are no caller's credentials.
    let by_caller = plane("/", lambda(json!({"credentials": "arn:aws:iam::*:user/*"})), ok());
    assert_error(&by_caller.get("/prod", &[]).await, 500, INTERNAL, INTERNAL_TYPE);
}
