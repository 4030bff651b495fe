//! `COGNITO_USER_POOLS`: whose tokens pass, and what the function sees of them.

use jsonwebtoken::Algorithm;

use super::*;
use crate::authorize::jwt_testing::{OwnPool, TestKey};

const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abcdefghi";
const ARN: &str = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abcdefghi";

/// `GET /id` without and `GET /access` with scopes.
fn guarded(expression: Option<&str>) -> Plane {
    let mut api = api(&[("GET /id", "f"), ("GET /access", "f")]);
    guard(&mut api, AuthorizerType::CognitoUserPools, "method.request.header.Authorization", 300);
    api.authorizers["a1"].provider_arns = vec![ARN.to_owned()];
    api.authorizers["a1"].identity_validation_expression = expression.map(str::to_owned);
    for key in ["GET /id", "GET /access"] {
        method(&mut api, key).authorization_type = "COGNITO_USER_POOLS".to_owned();
    }
    method(&mut api, "GET /access").authorization_scopes = vec!["users/read".to_owned()];
    Plane::new(&api, [("f", ok())])
}

fn with_pool(expression: Option<&str>) -> Plane {
    let plane = guarded(expression);
    plane.gateway.issuers.set_own(Arc::new(OwnPool { issuer: POOL, revoked: "gone" }));
    plane
}

fn claims(plane: &Plane, change: Value) -> Value {
    let exp = plane.gateway.clock.now() / 1_000 + 3_600;
    let mut claims = json!({"iss": POOL, "token_use": "id", "aud": "client", "sub": "u1", "exp": exp});
    claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    claims
}

async fn get(plane: &Plane, path: &str, change: Value) -> Reply {
    let token = TestKey::token(&claims(plane, change));
    plane.get(path, &[("Authorization", &token)]).await
}

#[track_caller]
fn assert_unauthorized(reply: &Reply) {
    assert_error(reply, 401, r#"{"message":"Unauthorized"}"#, "UnauthorizedException");
}

#[tokio::test]
async fn the_function_sees_the_claims() {
    let plane = with_pool(None);
    let token = TestKey::token(&claims(
        &plane,
        json!({"cognito:groups": ["a", "b"], "email_verified": true, "exp": 9_999_999_999_i64}),
    ));
    for value in [token.clone(), format!("Bearer {token}")] {
        assert_eq!(plane.get("/prod/id", &[("Authorization", &value)]).await.status(), 200);
    }
    assert_eq!(
        plane.fake.event("f")["requestContext"]["authorizer"],
        json!({"claims": {
            "iss": POOL, "token_use": "id", "aud": "client", "sub": "u1", "exp": "9999999999", "cognito:groups": "a,b",
            "email_verified": "true",
        }})
    );
}

#[tokio::test]
async fn methods_take_id_tokens_without_and_access_tokens_with_scopes() {
    let plane = with_pool(None);
    let access = json!({"token_use": "access", "scope": "users/read"});
    assert_eq!(get(&plane, "/prod/access", access.clone()).await.status(), 200);
    assert_unauthorized(&get(&plane, "/prod/id", access).await);
    assert_unauthorized(&get(&plane, "/prod/access", json!({})).await);
    assert_unauthorized(&get(&plane, "/prod/access", json!({"scope": "users/read"})).await);
    assert_unauthorized(&get(&plane, "/prod/access", json!({"token_use": "access", "scope": "users"})).await);
    assert_eq!(plane.fake.count("f"), 1);
}

#[tokio::test]
async fn what_is_not_the_pools_is_refused() {
    let plane = with_pool(None);
    assert_unauthorized(&plane.get("/prod/id", &[]).await);
    assert_unauthorized(&plane.get("/prod/id", &[("Authorization", "nonsense")]).await);
    assert_unauthorized(
        &get(&plane, "/prod/id", json!({"iss": "https://cognito-idp.us-east-1.amazonaws.com/other"})).await,
    );
    assert_unauthorized(&get(&plane, "/prod/id", json!({"jti": "gone"})).await);
    let forged = TestKey::RsaTwo.sign(Algorithm::RS256, Some("k1"), &claims(&plane, json!({})));
    assert_unauthorized(&plane.get("/prod/id", &[("Authorization", &forged)]).await);
    let expired = get(&plane, "/prod/id", json!({"exp": 1})).await;
    assert_error(&expired, 401, r#"{"message":"The incoming token has expired"}"#, "UnauthorizedException");
    assert_eq!(plane.fake.count("f"), 0);
}

#[tokio::test]
async fn the_validation_expression_is_of_the_audience() {
    let plane = with_pool(Some("cli[a-z]+"));
    assert_eq!(get(&plane, "/prod/id", json!({})).await.status(), 200);
    assert_unauthorized(&get(&plane, "/prod/id", json!({"aud": "client2"})).await);
    let access = json!({"token_use": "access", "scope": "users/read", "aud": null});
    assert_unauthorized(&get(&plane, "/prod/access", access).await);
}

#[tokio::test]
async fn a_pool_that_is_not_here_lets_nobody_in() {
    assert_unauthorized(&get(&guarded(None), "/prod/id", json!({})).await);
}
