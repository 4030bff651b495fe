//! TOKEN and REQUEST authorizers: what they are asked, and what their answers mean.

use std::time::Duration;

use super::*;
use crate::lambda::InvokeError;
use crate::proxy::testing::policy;

const TOKEN: (&str, &str) = ("Authorization", "Bearer demo-token");
const HEADER: &str = "method.request.header.Authorization";
const ALL: &str = "arn:aws:execute-api:us-east-1:000000000000:userapi/prod/*/*";

fn guarded(kind: AuthorizerType, source: &str, ttl: u32, answer: Answer) -> Plane {
    let mut api = api(&[("GET /", "f"), ("GET /users/{userId}", "f"), ("DELETE /users/{userId}", "f")]);
    guard(&mut api, kind, source, ttl);
    Plane::new(&api, [("f", ok()), ("auth", answer)])
}

fn allow() -> Answer {
    Answer::Json(policy("Allow", ALL, json!({"userId": "u1", "n": 1, "admin": true})))
}

fn token(ttl: u32, answer: Answer) -> Plane {
    guarded(AuthorizerType::Token, HEADER, ttl, answer)
}

#[track_caller]
fn assert_unauthorized(reply: &Reply) {
    assert_error(reply, 401, r#"{"message":"Unauthorized"}"#, "UnauthorizedException");
}

#[tokio::test]
async fn a_token_authorizer_is_sent_three_keys() {
    let plane = token(0, allow());
    for (target, arn) in [
        ("/prod/users/a%2Fb/?q=1", "userapi/prod/GET/users/a%2Fb"),
        ("/prod/", "userapi/prod/GET/"),
        ("/prod//users/1", "userapi/prod/GET/users/1"),
    ] {
        assert_eq!(plane.get(target, &[TOKEN]).await.status(), 200, "{target}");
        let arn = format!("arn:aws:execute-api:us-east-1:000000000000:{arn}");
        let expected = json!({"type": "TOKEN", "authorizationToken": "Bearer demo-token", "methodArn": arn});
        assert_eq!(plane.fake.event("auth"), expected);
    }
}

#[tokio::test]
async fn the_integration_sees_the_context_as_strings() {
    let plane = token(0, allow());
    plane.get("/prod", &[TOKEN]).await;
    let authorizer = plane.fake.event("f")["requestContext"]["authorizer"].clone();
    assert!(authorizer["integrationLatency"].is_u64());
    assert_eq!(
        without(authorizer, &["integrationLatency"]),
        json!({"principalId": "demo", "userId": "u1", "n": "1", "admin": "true"})
    );
}

#[tokio::test]
async fn a_request_authorizer_is_sent_the_request() {
    let sources = "method.request.header.X-Auth, method.request.querystring.k,context.httpMethod, stageVariables.v";
    let mut api = api(&[("GET /users/{userId}", "f")]);
    guard(&mut api, AuthorizerType::Request, sources, 300);
    api.stages["prod"].variables.insert("v".to_owned(), "1".to_owned());
    let plane = Plane::new(&api, [("f", ok()), ("auth", allow())]);
    let mut get = request("GET", "/prod/users/7?k=x", &[("x-auth", "t")]);
    get.body = "ignored".into();
    assert_eq!(plane.send(get.clone()).await.status(), 200);
    let event = plane.fake.event("auth");
    assert_eq!(event["type"], "REQUEST");
    assert_eq!(event["methodArn"], "arn:aws:execute-api:us-east-1:000000000000:userapi/prod/GET/users/7");
    assert_eq!(event["headers"]["x-auth"], "t");
    assert_eq!(event["multiValueHeaders"]["x-auth"], json!(["t"]));
    assert_eq!(event["queryStringParameters"], json!({"k": "x"}));
    assert_eq!(event["multiValueQueryStringParameters"], json!({"k": ["x"]}));
    assert_eq!(event["pathParameters"], json!({"userId": "7"}));
    assert_eq!(event["stageVariables"], json!({"v": "1"}));
    assert_eq!(event["requestContext"]["resourcePath"], "/users/{userId}");
    assert_eq!(event["requestContext"]["path"], "/prod/users/7");
    for absent in ["body", "authorizationToken", "identitySource", "version", "isBase64Encoded"] {
        assert_eq!(event.get(absent), None, "{absent}");
    }
    plane.send(get).await;
    assert_eq!(plane.fake.count("auth"), 1, "the same identity is cached");
    let reply = plane.get("/prod/users/7", &[("x-auth", "t")]).await;
    assert_unauthorized(&reply);
    assert_unauthorized(&plane.get("/prod/users/7?k=", &[("x-auth", "t")]).await);
    assert_eq!(plane.get("/prod/users/7?k=y", &[("x-auth", "t")]).await.status(), 200);
    assert_eq!(plane.fake.count("auth"), 2, "another identity is not");
}

#[tokio::test]
async fn a_missing_identity_is_refused_without_a_call() {
    for ttl in [0, 300] {
        let plane = token(ttl, allow());
        assert_unauthorized(&plane.get("/prod", &[]).await);
        assert_unauthorized(&plane.get("/prod", &[("Authorization", "")]).await);
        assert_eq!(plane.fake.count("auth"), 0);
    }
}

#[tokio::test]
async fn the_validation_expression_must_match_the_whole_token() {
    let mut api = api(&[("GET /", "f")]);
    guard(&mut api, AuthorizerType::Token, HEADER, 0);
    api.authorizers["a1"].identity_validation_expression = Some("Bearer [-a-z]+".to_owned());
    let plane = Plane::new(&api, [("f", ok()), ("auth", allow())]);
    for bad in ["Bearer 1", "xBearer a", "Bearer a b"] {
        assert_unauthorized(&plane.get("/prod", &[("Authorization", bad)]).await);
    }
    assert_eq!(plane.fake.count("auth"), 0);
    assert_eq!(plane.get("/prod", &[TOKEN]).await.status(), 200);
}

#[tokio::test]
async fn denials_have_a_capital_message() {
    let reply = token(0, Answer::Json(policy("Deny", ALL, json!({})))).get("/prod", &[TOKEN]).await;
    assert_error(
        &reply,
        403,
        r#"{"Message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"}"#,
        "AccessDeniedException",
    );
    let elsewhere = "arn:aws:execute-api:us-east-1:000000000000:userapi/dev/*";
    let reply = token(0, Answer::Json(policy("Allow", elsewhere, json!({})))).get("/prod", &[TOKEN]).await;
    assert_error(
        &reply,
        403,
        r#"{"Message":"User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action"}"#,
        "AccessDeniedException",
    );
}

#[tokio::test]
async fn failures_of_the_authorizer() {
    let null = r#"{"message":null}"#;
    assert_unauthorized(&token(0, Answer::Fails("Unauthorized")).get("/prod", &[TOKEN]).await);
    for (answer, error_type) in [
        (Answer::Fails("unauthorized"), "AuthorizerFailureException"),
        (Answer::Fails("Error: Unauthorized"), "AuthorizerFailureException"),
        (Answer::Refused(InvokeError::Service("x".to_owned())), "AuthorizerFailureException"),
        (Answer::Refused(InvokeError::NotFound("x".to_owned())), "AuthorizerConfigurationException"),
        (Answer::Raw(b"null"), "AuthorizerConfigurationException"),
        (Answer::Raw(b"Unauthorized"), "AuthorizerConfigurationException"),
        (Answer::Json(json!({"principalId": "x"})), "AuthorizerConfigurationException"),
        (Answer::Json(json!({"isAuthorized": true})), "AuthorizerConfigurationException"),
        (Answer::Json(policy("Allow", ALL, json!({"list": [1]}))), "AuthorizerConfigurationException"),
        (Answer::Json(policy("Allow", ALL, json!({"null": null}))), "AuthorizerConfigurationException"),
        (Answer::Json(policy("Perhaps", ALL, json!({}))), "AuthorizerConfigurationException"),
    ] {
        let plane = token(300, answer);
        for _ in 0..2 {
            let reply = plane.get("/prod", &[TOKEN]).await;
            assert_error(&reply, 500, null, error_type);
            assert_eq!(plane.fake.count("f"), 0);
        }
        assert_eq!(plane.fake.count("auth"), 2, "failures are not cached");
    }
}

#[tokio::test(start_paused = true)]
async fn an_authorizer_that_hangs_fails() {
    let plane = token(0, Answer::Hangs(Duration::from_secs(30)));
    let reply = plane.get("/prod", &[TOKEN]).await;
    assert_error(&reply, 500, r#"{"message":null}"#, "AuthorizerFailureException");
}

#[tokio::test]
async fn one_cached_policy_holds_for_all_methods_of_a_stage() {
    let narrow = "arn:aws:execute-api:us-east-1:000000000000:userapi/*/GET/users/1";
    let plane = token(300, Answer::Json(policy("Allow", narrow, json!({}))));
    assert_eq!(plane.get("/prod/users/1", &[TOKEN]).await.status(), 200);
    assert_eq!(plane.get("/prod/users/2", &[TOKEN]).await.status(), 403, "the known trap of narrow policies");
    assert_eq!(plane.send(request("DELETE", "/prod/users/1", &[TOKEN])).await.status(), 403);
    assert_eq!(plane.fake.count("auth"), 1);
    assert_eq!(plane.fake.event("f")["requestContext"]["authorizer"]["principalId"], "demo");

    assert_eq!(plane.get("/dev/users/1", &[TOKEN]).await.status(), 200);
    assert_eq!(plane.fake.count("auth"), 2, "each stage has its own");
    assert_eq!(plane.get("/prod/users/1", &[("Authorization", "other")]).await.status(), 200);
    assert_eq!(plane.fake.count("auth"), 3);

    plane.gateway.clock.advance(Duration::from_secs(300));
    plane.fake.answer("auth", Answer::Json(policy("Deny", "*", json!({}))));
    assert_eq!(plane.get("/prod/users/1", &[TOKEN]).await.status(), 403);
    plane.fake.answer("auth", allow());
    assert_eq!(plane.get("/prod/users/1", &[TOKEN]).await.status(), 403, "denials are cached too");
    assert_eq!(plane.fake.count("auth"), 4);
}

#[tokio::test]
async fn without_a_ttl_every_request_asks() {
    let plane = token(0, allow());
    for _ in 0..3 {
        plane.get("/prod", &[TOKEN]).await;
    }
    assert_eq!(plane.fake.count("auth"), 3);
}

#[tokio::test]
async fn an_arn_has_its_limit() {
    let plane = token(0, allow());
    let reply = plane.get(&format!("/prod/users/{}", "x".repeat(1_600)), &[TOKEN]).await;
    assert_error(&reply, 414, r#"{"message":"Request URI too long"}"#, "BadRequestException");
}

#[tokio::test]
async fn a_policy_over_the_limits_is_a_configuration_error() {
    let long = format!("arn:aws:execute-api:us-east-1:000000000000:userapi/{}", "x".repeat(512));
    for answer in [policy("Allow", &long, json!({})), policy("Allow", ALL, json!({"k": "x".repeat(70_000)}))] {
        let reply = token(0, Answer::Json(answer)).get("/prod", &[TOKEN]).await;
        assert_error(&reply, 500, r#"{"message":null}"#, "AuthorizerConfigurationException");
    }
}

#[tokio::test]
async fn conditions_are_of_the_request_and_of_the_moment() {
    let conditional = |condition: Value| {
        let mut answer = policy("Allow", ALL, json!({}));
        answer["policyDocument"]["Statement"][0]["Condition"] = condition;
        token(300, Answer::Json(answer))
    };
    let plane =
        conditional(json!({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "StringLike": {"aws:UserAgent": "app/*"}}));
    assert_eq!(plane.get("/prod", &[TOKEN, ("User-Agent", "app/1")]).await.status(), 200);
    assert_eq!(
        plane.get("/prod", &[TOKEN, ("User-Agent", "bot")]).await.status(),
        403,
        "the cached policy is asked anew"
    );
    assert_eq!(plane.get("/prod", &[TOKEN]).await.status(), 403);
    assert_eq!(plane.fake.count("auth"), 1);

    let clock = crate::clock::Clock::default();
    let end = clock.now() / 1_000 + 60;
    let plane = conditional(json!({"NumericLessThan": {"aws:EpochTime": end}}));
    assert_eq!(plane.get("/prod", &[TOKEN]).await.status(), 200);
    plane.gateway.clock.advance(Duration::from_secs(61));
    assert_eq!(plane.get("/prod", &[TOKEN]).await.status(), 403, "time goes on for a cached policy");
}

#[tokio::test]
async fn a_request_authorizer_without_sources_and_cache_asks_each_time() {
    let plane = guarded(AuthorizerType::Request, "", 0, allow());
    for _ in 0..2 {
        assert_eq!(plane.get("/prod", &[]).await.status(), 200);
    }
    assert_eq!(plane.fake.count("auth"), 2);
}

#[tokio::test]
async fn a_policy_sees_the_path_that_is_routed() {
    let mut api = api(&[("GET /{proxy+}", "f")]);
    guard(&mut api, AuthorizerType::Request, "method.request.header.Authorization", 0);
    let open = Answer::Json(policy("Allow", ALL, json!({})));
    let plane = Plane::new(&api, [("f", ok()), ("auth", open)]);
    for path in ["admin/x", "admin//x", "admin/./x", "a/../admin/x", "admin%2Fx", "%61dmin/x", "a%00b", "%ff", "\u{e9}"]
    {
        for sent in
            [format!("/prod/{path}"), format!("/prod//{path}"), format!("/prod/{path}/"), format!("//prod/{path}")]
        {
            assert_eq!(plane.get(&sent, &[("Authorization", "t")]).await.status(), 200, "{sent}");
            let arn = plane.fake.event("auth")["methodArn"].as_str().unwrap().to_owned();
            assert_eq!(arn.split_once("/prod/GET/").unwrap().1, path, "{sent}");
            assert_eq!(plane.fake.event("f")["pathParameters"]["proxy"], path, "{sent}");
        }
    }
}
