//! Which method answers, and what is said when none does.

use super::*;
use crate::signature::testing::TEST;

const MISSING: &str = r#"{"message":"Missing Authentication Token"}"#;

async fn routed(plane: &Plane, verb: &str, target: &str) -> Option<(String, Value)> {
    let reply = plane.send(request(verb, target, &[])).await;
    if reply.status() != 200 {
        assert_error(&reply, 403, MISSING, "MissingAuthenticationTokenException");
        return None;
    }
    let event = plane.fake.event(text(&reply));
    Some((event["resource"].as_str().unwrap().to_owned(), event["pathParameters"].clone()))
}

fn plane(methods: &[&'static str]) -> Plane {
    let methods: Vec<_> = methods.iter().map(|key| (*key, "f")).collect();
    Plane::new(&api(&methods), [("f", Answer::Json(json!({"body": "f"})))])
}

fn to(resource: &str, parameters: Value) -> Option<(String, Value)> {
    Some((resource.to_owned(), parameters))
}

#[tokio::test]
async fn path_and_method_match_together() {
    let plane = plane(&["POST /test", "ANY /test/{x}", "GET /test/{x}", "OPTIONS /{proxy+}"]);
    assert_eq!(routed(&plane, "OPTIONS", "/prod/test").await, to("/{proxy+}", json!({"proxy": "test"})));
    assert_eq!(routed(&plane, "POST", "/prod/test").await, to("/test", Value::Null));
    assert_eq!(routed(&plane, "GET", "/prod/test").await, None);
    assert_eq!(routed(&plane, "PUT", "/prod/test/1").await, to("/test/{x}", json!({"x": "1"})));
    assert_eq!(routed(&plane, "TRACE", "/prod/test/1").await, None, "ANY is seven verbs");
    assert_eq!(routed(&plane, "HEAD", "/prod/nothing").await, None, "HEAD is not GET");
}

#[tokio::test]
async fn matching_backtracks() {
    let plane = plane(&["GET /part1/hardcoded-value", "GET /{param+}"]);
    assert_eq!(routed(&plane, "GET", "/prod/part1/hardcoded-value").await, to("/part1/hardcoded-value", Value::Null));
    assert_eq!(
        routed(&plane, "GET", "/prod/part1/random-value").await,
        to("/{param+}", json!({"param": "part1/random-value"}))
    );
}

#[tokio::test]
async fn slashes_and_escapes() {
    let plane = plane(&["GET /", "GET /{proxy+}", "GET /users/{userId}"]);
    for (target, resource, parameters, path, context_path) in [
        ("/prod", "/", Value::Null, "/", "/prod"),
        ("/prod/", "/", Value::Null, "/", "/prod/"),
        ("/prod/proxy-value/", "/{proxy+}", json!({"proxy": "proxy-value"}), "/proxy-value/", "/prod/proxy-value/"),
        ("/prod/a//b", "/{proxy+}", json!({"proxy": "a//b"}), "/a//b", "/prod/a//b"),
        ("/prod//a", "/{proxy+}", json!({"proxy": "a"}), "/a", "/prod//a"),
        ("//prod/a", "/{proxy+}", json!({"proxy": "a"}), "/a", "/prod/a"),
        (
            "/prod/users/test%2Balias@gmail.com",
            "/users/{userId}",
            json!({"userId": "test%2Balias@gmail.com"}),
            "/users/test%2Balias@gmail.com",
            "/prod/users/test%2Balias@gmail.com",
        ),
        ("/prod/users/a%2Fb", "/users/{userId}", json!({"userId": "a%2Fb"}), "/users/a%2Fb", "/prod/users/a%2Fb"),
        (
            "/prod/users/%25%zz%",
            "/users/{userId}",
            json!({"userId": "%25%zz%"}),
            "/users/%25%zz%",
            "/prod/users/%25%zz%",
        ),
        ("/prod/users/é", "/users/{userId}", json!({"userId": "é"}), "/users/é", "/prod/users/é"),
    ] {
        assert_eq!(routed(&plane, "GET", target).await, to(resource, parameters), "{target}");
        let event = plane.fake.event("f");
        assert_eq!(
            (&event["path"], &event["requestContext"]["path"]),
            (&json!(path), &json!(context_path)),
            "{target}"
        );
    }
}

#[tokio::test]
async fn an_unknown_stage_is_forbidden() {
    let plane = plane(&["GET /"]);
    for target in ["/", "", "/nothing", "/production/", "/é/x"] {
        let reply = plane.get(target, &[]).await;
        assert_error(&reply, 403, r#"{"message":"Forbidden"}"#, "ForbiddenException");
    }
}

#[tokio::test]
async fn an_unknown_path_with_a_token_is_taken_for_a_bad_signature() {
    let plane = plane(&["GET /"]);
    let reply = plane.get("/prod/nothing", &[("authorization", "Bearer demo-token")]).await;
    assert_error(
        &reply,
        403,
        r#"{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'aek/VvYI/7gBA/viIAVkCUelhHVAsk7l9UefNTFgKZY='."}"#,
        "IncompleteSignatureException",
    );
    let signed = "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c";
    let reply = plane.get("/prod/nothing", &[("Authorization", signed)]).await;
    assert_error(&reply, 403, MISSING, "MissingAuthenticationTokenException");
}

#[tokio::test]
async fn a_verb_can_be_overridden() {
    let plane = plane(&["DELETE /a"]);
    let reply = plane.send(request("POST", "/prod/a", &[("X-HTTP-Method-Override", "DELETE")])).await;
    assert_eq!((reply.status().as_u16(), plane.fake.event("f")["httpMethod"].clone()), (200, json!("DELETE")));
    let reply = plane.send(request("POST", "/prod/a", &[("X-HTTP-Method-Override", "drop")])).await;
    assert_error(&reply, 403, MISSING, "MissingAuthenticationTokenException");
}

#[tokio::test]
async fn what_cannot_be_checked_is_refused() {
    let mut api = api(&[("GET /key", "f"), ("GET /iam", "f")]);
    method(&mut api, "GET /key").api_key_required = true;
    method(&mut api, "GET /iam").authorization_type = "AWS_IAM".to_owned();
    let plane = Plane::new(&api, [("f", ok())]);
    let reply = plane.get("/prod/key", &[("x-api-key", "k")]).await;
    assert_error(&reply, 403, r#"{"message":"Forbidden"}"#, "ForbiddenException");
    let reply = plane.get("/prod/iam", &[]).await;
    assert_error(&reply, 403, MISSING, "MissingAuthenticationTokenException");
    let reply = plane.get("/prod/iam", &[("Authorization", "")]).await;
    assert_error(
        &reply,
        403,
        r#"{"message":"Authorization header cannot be empty: ''"}"#,
        "IncompleteSignatureException",
    );
    let invalid = r#"{"message":"The security token included in the request is invalid."}"#;
    // Nobody is known to this plane.
    let reply = plane.send(TEST.sign(request("GET", "/prod/iam", &[]), plane.gateway.clock.now())).await;
    assert_error(&reply, 403, invalid, "UnrecognizedClientException");
    assert_eq!(plane.fake.count("f"), 0);
}

#[tokio::test]
async fn cognito_methods_are_closed() {
    let mut api = api(&[("GET /", "f")]);
    guard(&mut api, AuthorizerType::CognitoUserPools, "method.request.header.Authorization", 300);
    method(&mut api, "GET /").authorization_type = "COGNITO_USER_POOLS".to_owned();
    let plane = Plane::new(&api, [("f", ok())]);
    for headers in [&[][..], &[("Authorization", "Bearer x.y.z")]] {
        let reply = plane.get("/prod", headers).await;
        assert_error(&reply, 401, r#"{"message":"Unauthorized"}"#, "UnauthorizedException");
    }
    assert_eq!(plane.fake.count("f"), 0);
}
