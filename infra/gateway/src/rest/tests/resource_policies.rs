//! The API's own policy, alone and with each kind of authorization.

use super::*;
use crate::authorize::jwt_testing::{OwnPool, TestKey};
use crate::control::testing::{control_with_directory, put_user_policy, user};
use crate::model::EndpointConfiguration;
use crate::proxy::testing::policy as answer;
use crate::signature::testing::{Signer, TEST};

const MASKED: &str = "arn:aws:execute-api:us-east-1:********0000:userapi/prod/GET/a/b";
const NONE: &str = "because no resource-based policy allows the execute-api:Invoke action";
const DENIED: &str = "with an explicit deny in a resource-based policy";
const TOKEN: (&str, &str) = ("Authorization", "t");

fn statement(effect: &str, resource: &str) -> Value {
    json!({"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource})
}

/// `GET /a/{id}` under a policy of these statements.
fn declared(statements: Value) -> RestApi {
    let mut api = api(&[("GET /a/{id}", "f"), ("POST /a/{id}", "f")]);
    api.policy = Some(json!({"Version": "2012-10-17", "Statement": statements}).to_string());
    api
}

fn refused(user: &str, why: &str) -> String {
    let text = format!("User: {user} is not authorized to perform: execute-api:Invoke on resource: {MASKED} {why}");
    json!({ "Message": text }).to_string()
}

#[track_caller]
fn assert_denied(reply: &Reply, user: &str, why: &str) {
    assert_error(reply, 403, &refused(user, why), "AccessDeniedException");
}

#[tokio::test]
async fn alone_it_has_to_allow() {
    let from = |operator: &str, network: &str| {
        let mut statement = statement("Allow", "execute-api:/prod/*");
        statement["Condition"] = json!({ operator: {"aws:SourceIp": network} });
        statement
    };
    let vpc = |effect: &str, operator: &str| {
        let mut statement = statement(effect, "*");
        statement["Condition"] = json!({ operator: {"aws:SourceVpce": "vpce-1"} });
        statement
    };
    for (statements, why) in [
        (json!([statement("Allow", "*")]), None),
        (json!(statement("Allow", "execute-api:/prod/GET/a/*")), None),
        (json!([statement("Allow", "arn:aws:execute-api:us-east-1:000000000000:userapi/prod/GET/a/?")]), None),
        (json!([statement("Allow", "execute-api:/dev/*"), statement("Allow", "execute-api:/prod/POST/*")]), Some(NONE)),
        (json!([]), Some(NONE)),
        (json!([statement("Allow", "*"), statement("Deny", "execute-api:/*/GET/a/b")]), Some(DENIED)),
        (json!([from("IpAddress", "127.0.0.0/8")]), None),
        (json!([from("IpAddress", "192.0.2.0/24")]), Some(NONE)),
        (json!([from("NotIpAddress", "127.0.0.1")]), Some(NONE)),
        // No request comes from a VPC, and what cannot be evaluated opens nothing.
        (json!([vpc("Allow", "StringEquals")]), Some(NONE)),
        (json!([statement("Allow", "*"), vpc("Deny", "StringNotEquals")]), Some(DENIED)),
        (json!([vpc("Allow", "StringIsLike")]), Some(NONE)),
        (json!([statement("Allow", "*"), vpc("Deny", "StringIsLike")]), Some(DENIED)),
        (
            json!([{"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "*", "Resource": "*"}]),
            Some(NONE),
        ),
    ] {
        let plane = Plane::new(&declared(statements.clone()), [("f", ok())]);
        let reply = plane.get("/prod/a/b/", &[]).await;
        match why {
            Some(why) => assert_denied(&reply, "anonymous", why),
            None => assert_eq!(reply.status(), 200, "{statements}"),
        }
    }
    let long = format!("/prod/a/{}", "x".repeat(1_600));
    let plane = Plane::new(&declared(json!([statement("Allow", "*")])), [("f", ok())]);
    assert_eq!(plane.get(&long, &[]).await.status(), 414);
    assert_eq!(plane.get("/prod/nowhere", &[]).await.status(), 403, "routed before anything is asked");
}

#[tokio::test]
async fn with_a_lambda_authorizer_one_allows_for_both_and_either_denies() {
    let explicit = "User is not authorized to access this resource with an explicit deny in an identity-based policy";
    let implicit = "User is not authorized to access this resource because no identity-based policy allows the \
                    execute-api:Invoke action";
    let message = |text: &str| Some(json!({ "Message": text }).to_string());
    let (allow, silent) = (json!([statement("Allow", "*")]), json!([statement("Allow", "execute-api:/dev/*")]));
    let deny = json!([statement("Deny", "*"), statement("Allow", "*")]);
    let says = |effect: &str, resource: &str| Answer::Json(answer(effect, resource, json!({})));
    for (by_authorizer, by_policy, refusal, asked) in [
        (says("Allow", "*"), &allow, None, 1),
        (says("Allow", "*"), &silent, None, 1),
        (says("Allow", "*"), &deny, Some(refused("anonymous", DENIED)), 0),
        (says("Allow", "x"), &allow, None, 1),
        (says("Allow", "x"), &silent, message(implicit), 1),
        (says("Deny", "*"), &allow, message(explicit), 1),
        (says("Deny", "*"), &silent, message(explicit), 1),
        (says("Deny", "*"), &deny, Some(refused("anonymous", DENIED)), 0),
    ] {
        let mut api = declared(by_policy.clone());
        guard(&mut api, AuthorizerType::Token, "method.request.header.Authorization", 0);
        let plane = Plane::new(&api, [("f", ok()), ("auth", by_authorizer)]);
        let reply = plane.get("/prod/a/b", &[TOKEN]).await;
        match refusal {
            Some(body) => assert_error(&reply, 403, &body, "AccessDeniedException"),
            None => assert_eq!(reply.status(), 200),
        }
        assert_eq!(plane.fake.count("auth"), asked);
    }
}

#[tokio::test]
async fn with_a_user_pool_the_token_comes_first_and_then_it_has_to_allow() {
    const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abcdefghi";
    for (statements, why) in [
        (json!([statement("Allow", "*")]), None),
        (json!([]), Some(NONE)),
        (json!([statement("Allow", "*"), statement("Deny", "*")]), Some(DENIED)),
    ] {
        let mut api = declared(statements);
        guard(&mut api, AuthorizerType::CognitoUserPools, "method.request.header.Authorization", 300);
        api.authorizers["a1"].provider_arns =
            vec!["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abcdefghi".to_owned()];
        method(&mut api, "GET /a/{id}").authorization_type = "COGNITO_USER_POOLS".to_owned();
        method(&mut api, "POST /a/{id}").authorization_type = "COGNITO_USER_POOLS".to_owned();
        let plane = Plane::new(&api, [("f", ok())]);
        plane.gateway.issuers.set_own(Arc::new(OwnPool { issuer: POOL, revoked: "gone" }));
        let exp = plane.gateway.clock.now() / 1_000 + 3_600;
        let token = TestKey::token(&json!({"iss": POOL, "token_use": "id", "aud": "c", "sub": "u", "exp": exp}));
        let reply = plane.get("/prod/a/b", &[("Authorization", &token)]).await;
        match why {
            Some(why) => assert_denied(&reply, "anonymous", why),
            None => assert_eq!(reply.status(), 200),
        }
        let without = plane.get("/prod/a/b", &[]).await;
        assert_error(&without, 401, r#"{"message":"Unauthorized"}"#, "UnauthorizedException");
    }
}

#[tokio::test]
async fn with_iam_the_callers_policies_and_the_apis_are_read_together() {
    let ada = "arn:aws:iam::000000000000:user/ada";
    let to = |principal: Value| json!([{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "*", "Resource": "*"}]);
    let own = |effect: &str| {
        let statement = json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"});
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let identity = "because no identity-based policy allows the execute-api:Invoke action";
    for (by_identity, by_policy, why) in [
        (None, to(json!(ada)), None),
        (None, to(json!("*")), None),
        // To an account: it still has to let its users.
        (None, to(json!("000000000000")), Some(identity)),
        (None, json!([]), Some(identity)),
        (Some("Allow"), json!([]), None),
        (Some("Allow"), json!([statement("Deny", "*")]), Some(DENIED)),
        (Some("Deny"), to(json!(ada)), Some("with an explicit deny in an identity-based policy")),
    ] {
        let mut api = declared(by_policy.clone());
        method(&mut api, "GET /a/{id}").authorization_type = "AWS_IAM".to_owned();
        let plane = Plane::new(&api, [("f", ok())]);
        let control = control_with_directory();
        plane.gateway.iam.ask(control.shared_directory());
        let (key, secret) = user(&control, "ada", None).await;
        if let Some(effect) = by_identity {
            put_user_policy(&control, "ada", &own(effect)).await;
        }
        let signer = Signer { key: &key, secret: &secret, ..TEST };
        let signed = signer.sign(request("GET", "/prod/a/b", &[]), plane.gateway.clock.now());
        let reply = plane.send(signed).await;
        match why {
            Some(why) => assert_denied(&reply, ada, why),
            None => assert_eq!(reply.status(), 200, "{by_policy}"),
        }
        let unsigned = plane.get("/prod/a/b", &[]).await;
        let missing = r#"{"message":"Missing Authentication Token"}"#;
        assert_error(&unsigned, 403, missing, "MissingAuthenticationTokenException");
    }
}

#[test]
fn a_policy_of_no_use_is_not_deployed() {
    let told = |api: &RestApi| compile(api, &api.stages["prod"]).unwrap_err().to_string();
    let mut api = declared(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
    let expected =
        "userapi: policy: Invalid policy document: a policy statement needs one of Principal and NotPrincipal";
    assert_eq!(told(&api), expected);
    api.policy = Some("{".to_owned());
    assert!(told(&api).starts_with("userapi: policy: Invalid policy document: it is no JSON: "));
    api.policy = None;
    api.endpoint_configuration =
        Some(EndpointConfiguration { types: vec!["PRIVATE".to_owned()], ..EndpointConfiguration::default() });
    assert_eq!(told(&api), "userapi: policy: Private REST API doesn't have a resource policy attached to it");
}
