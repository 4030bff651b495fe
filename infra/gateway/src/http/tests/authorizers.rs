//! Lambda authorizers in both formats.

use std::time::Duration;

use super::*;
use crate::lambda::InvokeError;
use crate::model::ApiAuthorizer;
use crate::proxy::testing::{lambda_uri, policy};

const TOKEN: (&str, &str) = ("authorization", "Bearer t");
const ALL: &str = "arn:aws:execute-api:us-east-1:000000000000:api/*";

fn guarded(version: &str, simple: bool, sources: &[&str], ttl: u32, answer: Answer) -> Plane {
    let mut declared = api(&["GET /users/{userId}", "POST /users", "$default"]);
    let authorizer = ApiAuthorizer {
        authorizer_id: "a1".to_owned(),
        name: "Edge".to_owned(),
        authorizer_type: "REQUEST".to_owned(),
        authorizer_uri: Some(lambda_uri("auth")),
        identity_source: sources.iter().map(|source| (*source).to_owned()).collect(),
        authorizer_payload_format_version: Some(version.to_owned()),
        authorizer_result_ttl_in_seconds: ttl,
        enable_simple_responses: simple,
        jwt_configuration: None,
        ..ApiAuthorizer::default()
    };
    declared.authorizers.insert("a1".to_owned(), authorizer);
    for route in declared.routes.values_mut() {
        (route.authorization_type, route.authorizer_id) = ("CUSTOM".to_owned(), Some("a1".to_owned()));
    }
    Plane::new(&declared, [("f", ok()), ("auth", answer)])
}

fn allow(context: Value) -> Answer {
    Answer::Json(policy("Allow", ALL, context))
}

#[tokio::test]
async fn payload_1_0_with_a_policy() {
    let context = json!({"userId": "u1", "n": 1, "list": [true]});
    let sources = ["$request.header.Authorization", "$request.querystring.k"];
    let plane = guarded("1.0", false, &sources, 0, allow(context.clone()));
    assert_eq!(plane.get("/dev/users/a%2Fb?k=v", &[TOKEN]).await.status(), 200);
    let event = plane.fake.event("auth");
    assert_eq!((&event["version"], &event["type"]), (&json!("1.0"), &json!("REQUEST")));
    assert_eq!(event["methodArn"], "arn:aws:execute-api:us-east-1:000000000000:api/dev/GET/users/a/b");
    assert_eq!(event["identitySource"], "Bearer t,v");
    assert_eq!(event["authorizationToken"], "Bearer t,v");
    assert_eq!((&event["resource"], &event["path"]), (&json!("/users/{userId}"), &json!("/dev/users/a/b")));
    assert_eq!(event["httpMethod"], "GET");
    assert_eq!(event["headers"]["Authorization"], "Bearer t");
    assert_eq!(event["queryStringParameters"], json!({"k": "v"}));
    assert_eq!(event["pathParameters"], json!({"userId": "a/b"}));
    assert_eq!(event["stageVariables"], json!({}));
    assert_eq!(event["requestContext"]["identity"]["sourceIp"], "127.0.0.1");
    assert_eq!(event.get("body"), None);
    assert_eq!(plane.fake.event("f")["requestContext"]["authorizer"], json!({ "lambda": context }), "types are kept");
}

#[tokio::test]
async fn payload_2_0_with_a_policy() {
    let plane = guarded("2.0", false, &["$request.header.Authorization"], 0, allow(json!({})));
    let reply = plane.get("/users/1?a=b", &[TOKEN, ("cookie", "c=1")]).await;
    assert_eq!(reply.status(), 200);
    let event = plane.fake.event("auth");
    assert_eq!((&event["version"], &event["type"]), (&json!("2.0"), &json!("REQUEST")));
    assert_eq!(event["routeArn"], "arn:aws:execute-api:us-east-1:000000000000:api/$default/GET/users/1");
    assert_eq!(event["identitySource"], json!(["Bearer t"]));
    assert_eq!(event["routeKey"], "GET /users/{userId}");
    assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/users/1"), &json!("a=b")));
    assert_eq!(event["cookies"], json!(["c=1"]));
    assert_eq!(event["headers"]["authorization"], "Bearer t");
    assert_eq!(event["queryStringParameters"], json!({"a": "b"}));
    assert_eq!(event["pathParameters"], json!({"userId": "1"}));
    assert_eq!(event["requestContext"]["http"]["method"], "GET");
    assert_eq!(event["requestContext"].get("authorizer"), None);
}

#[tokio::test]
async fn simple_answers() {
    let yes = Answer::Json(json!({"isAuthorized": true, "context": {"n": 1}}));
    let plane = guarded("2.0", true, &[], 0, yes);
    assert_eq!(plane.get("/users/1", &[]).await.status(), 200);
    assert_eq!(plane.fake.event("f")["requestContext"]["authorizer"], json!({"lambda": {"n": 1}}));
    plane.fake.answer("auth", Answer::Json(json!({"isAuthorized": false})));
    assert_error(&plane.get("/users/1", &[]).await, 403, "Forbidden");
    plane.fake.answer("auth", allow(json!({})));
    assert_error(&plane.get("/users/1", &[]).await, 500, "Internal Server Error");
}

#[tokio::test]
async fn a_missing_identity_is_401_without_a_call() {
    for ttl in [0, 300] {
        let plane = guarded("1.0", false, &["$request.header.Authorization"], ttl, allow(json!({})));
        assert_error(&plane.get("/users/1", &[]).await, 401, "Unauthorized");
        assert_error(&plane.get("/users/1", &[("authorization", "")]).await, 401, "Unauthorized");
        assert_eq!(plane.fake.count("auth"), 0);
    }
}

#[tokio::test]
async fn denials_are_forbidden() {
    for answer in [policy("Deny", "*", json!({})), policy("Allow", "arn:aws:execute-api:*:*:other/*", json!({}))] {
        let plane = guarded("1.0", false, &["$request.header.Authorization"], 0, Answer::Json(answer));
        assert_error(&plane.get("/users/1", &[TOKEN]).await, 403, "Forbidden");
        assert_eq!(plane.fake.count("f"), 0);
    }
}

#[tokio::test]
async fn an_encoded_letter_does_not_pass_a_deny() {
    let deny = json!({
        "principalId": "p",
        "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*/GET/users/bob"},
        ]},
    });
    let plane = guarded("1.0", false, &["$request.header.Authorization"], 0, Answer::Json(deny));
    for target in ["/users/bob", "/users/%62ob"] {
        assert_error(&plane.get(target, &[TOKEN]).await, 403, "Forbidden");
    }
    assert_eq!(plane.get("/users/alice", &[TOKEN]).await.status(), 200);
}

#[tokio::test]
async fn failures_are_500_and_not_cached() {
    for answer in [
        Answer::Fails("Unauthorized"),
        Answer::Refused(InvokeError::NotFound("auth".to_owned())),
        Answer::Raw(b"null"),
        Answer::Json(json!({"isAuthorized": true})),
        Answer::Json(json!({"principalId": "p"})),
    ] {
        let plane = guarded("2.0", false, &["$request.header.Authorization"], 300, answer);
        for _ in 0..2 {
            assert_error(&plane.get("/users/1", &[TOKEN]).await, 500, "Internal Server Error");
        }
        assert_eq!((plane.fake.count("auth"), plane.fake.count("f")), (2, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_authorizer_has_ten_seconds() {
    let plane = guarded("1.0", false, &[], 0, Answer::Hangs(Duration::from_millis(10_001)));
    assert_error(&plane.get("/users/1", &[]).await, 500, "Internal Server Error");
}

#[tokio::test]
async fn answers_are_cached_by_identity_for_all_routes() {
    let plane = guarded("1.0", false, &["$request.header.Authorization"], 300, allow(json!({})));
    for target in ["/users/1", "/users/2", "/else"] {
        assert_eq!(plane.get(target, &[TOKEN]).await.status(), 200);
    }
    assert_eq!(plane.fake.count("auth"), 1);
    plane.get("/users/1", &[("authorization", "other")]).await;
    assert_eq!(plane.fake.count("auth"), 2);
    plane.get("/dev/users/1", &[TOKEN]).await;
    assert_eq!(plane.fake.count("auth"), 3, "each stage has its own");
    plane.gateway.clock.advance(Duration::from_secs(300));
    plane.get("/users/1", &[TOKEN]).await;
    assert_eq!(plane.fake.count("auth"), 4);

    let by_route = ["$request.header.Authorization", "$context.routeKey"];
    let plane = guarded("1.0", false, &by_route, 300, allow(json!({})));
    for target in ["/users/1", "/users/2", "/else"] {
        plane.get(target, &[TOKEN]).await;
    }
    assert_eq!(plane.fake.count("auth"), 2);

    let plane = guarded("1.0", false, &[], 300, allow(json!({})));
    for _ in 0..2 {
        plane.get("/users/1", &[TOKEN]).await;
    }
    assert_eq!(plane.fake.count("auth"), 2, "without identity sources nothing is cached");
}
