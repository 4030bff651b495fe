//! JWT authorizers: whose tokens pass, what the others are told, and what the function sees.

use jsonwebtoken::Algorithm;

use super::*;
use crate::authorize::jwt_testing::{Documents, ISSUER, OwnPool, TestKey, raw_token};
use crate::model::ApiAuthorizer;
use crate::telemetry::testing::{DESTINATION, lines};

const DESCRIBED: &str = "Bearer scope=\"\" error=\"invalid_token\" error_description=";

/// Routes `GET /open` without and `GET /scoped` with scopes, behind one JWT authorizer, and the issuer's documents.
struct Guarded {
    plane: Plane,
    documents: Arc<Documents>,
}

fn guarded(issuer: &str, source: &str, payload: &str) -> Guarded {
    let mut declared = api(&["GET /open", "GET /scoped"]);
    declared.integrations[0].payload_format_version = payload.to_owned();
    let authorizer = ApiAuthorizer {
        authorizer_id: "a1".to_owned(),
        name: "Tokens".to_owned(),
        authorizer_type: "JWT".to_owned(),
        identity_source: vec![source.to_owned()],
        jwt_configuration: Some(json!({"Issuer": issuer, "Audience": ["app", "web"]})),
        ..ApiAuthorizer::default()
    };
    declared.authorizers.insert("a1".to_owned(), authorizer);
    for route in declared.routes.values_mut() {
        (route.authorization_type, route.authorizer_id) = ("JWT".to_owned(), Some("a1".to_owned()));
    }
    declared.routes[1].authorization_scopes = vec!["users/read".to_owned(), "users/write".to_owned()];
    declared.stages["$default"].access_log_settings = Some(
        json!({"DestinationArn": DESTINATION, "Format": "$context.status $context.authorizer.claims.sub $context.authorizer.error"}),
    );
    let fake = Fake::new([("f", ok())]);
    let documents = Documents::of_issuer(&[TestKey::RsaOne.jwk("k1")]);
    let gateway = Gateway { issuers: documents.issuers(), ..fake.gateway() };
    let plane = HttpPlane::new(&*declared.api_id, gateway.clone());
    let plane =
        declared.stages.values().fold(plane, |plane, stage| plane.with_stage(compile(&declared, stage).unwrap()));
    Guarded { plane: Plane { plane, gateway, fake }, documents }
}

fn by_header() -> Guarded {
    guarded(ISSUER, "$request.header.Authorization", "2.0")
}

impl Guarded {
    fn seconds(&self) -> i64 {
        self.plane.gateway.clock.now() / 1_000
    }

    /// Claims that pass, with these instead.
    fn claims(&self, change: Value) -> Value {
        let now = self.seconds();
        let mut claims = json!({"iss": ISSUER, "aud": "app", "sub": "u1", "iat": now, "exp": now + 3_600});
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    async fn get(&self, path: &str, token: &str) -> Reply {
        self.plane.get(path, &[("authorization", &format!("Bearer {token}"))]).await
    }

    async fn with(&self, change: Value) -> Reply {
        self.get("/open", &TestKey::token(&self.claims(change))).await
    }
}

#[track_caller]
fn assert_invalid(reply: &Reply, description: &str) {
    assert_error(reply, 401, "Unauthorized");
    assert_eq!(header(reply, "www-authenticate").unwrap(), format!("{DESCRIBED}\"{description}\""));
}

#[tokio::test]
async fn the_function_sees_the_claims_as_strings() {
    let guarded = by_header();
    let exp = guarded.seconds() + 3_600;
    let groups = json!({"groups": ["a", "b"], "admin": true, "iat": null});
    assert_eq!(guarded.with(groups).await.status(), 200);
    let claims = json!({
        "iss": ISSUER, "aud": "app", "sub": "u1", "exp": exp.to_string(), "groups": "[a b]", "admin": "true",
    });
    let authorizer = guarded.plane.fake.event("f")["requestContext"]["authorizer"].clone();
    assert_eq!(authorizer, json!({"jwt": {"claims": claims, "scopes": null}}));

    let old = self::guarded(ISSUER, "$request.header.Authorization", "1.0");
    let token = TestKey::token(&old.claims(json!({"scope": "users/read x", "iat": null, "exp": exp})));
    assert_eq!(old.get("/scoped", &token).await.status(), 200);
    let claims = json!({"iss": ISSUER, "aud": "app", "sub": "u1", "exp": exp.to_string(), "scope": "users/read x"});
    let authorizer = old.plane.fake.event("f")["requestContext"]["authorizer"].clone();
    assert_eq!(authorizer, json!({"claims": claims, "scopes": ["users/read", "x"]}));
}

#[tokio::test]
async fn a_token_stands_where_the_identity_source_says() {
    let guarded = by_header();
    let token = TestKey::token(&guarded.claims(json!({})));
    for value in [token.clone(), format!("Bearer {token}"), format!("bearer {token}")] {
        assert_eq!(guarded.plane.get("/open", &[("Authorization", &value)]).await.status(), 200);
    }
    let query = self::guarded(ISSUER, "$request.querystring.token", "2.0");
    assert_eq!(query.plane.get(&format!("/open?token={token}"), &[]).await.status(), 200);
    let reply = query.get("/open", &token).await;
    assert_error(&reply, 401, "Unauthorized");
    assert_eq!(header(&reply, "www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn who_has_no_token_is_told_the_scheme() {
    let guarded = by_header();
    for headers in [&[][..], &[("authorization", "")], &[("authorization", "Bearer ")]] {
        let reply = guarded.plane.get("/open", headers).await;
        assert_error(&reply, 401, "Unauthorized");
        assert!(header(&reply, "www-authenticate").is_some_and(|value| value.starts_with("Bearer")), "{headers:?}");
    }
    assert_eq!((guarded.plane.fake.count("f"), guarded.documents.asked_for_keys()), (0, 0));
}

#[tokio::test]
async fn claims_that_do_not_fit_are_refused() {
    let guarded = by_header();
    let now = guarded.seconds();
    assert_invalid(&guarded.with(json!({"iss": "https://evil.example"})).await, "issuer does not match");
    assert_invalid(&guarded.with(json!({"iss": format!("{ISSUER}/")})).await, "issuer does not match");
    assert_eq!(guarded.documents.asked_for_keys(), 0, "nobody is asked for the sake of another's token");
    for audience in [json!({"aud": "other"}), json!({"aud": null}), json!({"aud": "other", "client_id": "app"})] {
        assert_invalid(&guarded.with(audience).await, "the token does not have a valid audience");
    }
    assert_invalid(&guarded.with(json!({"exp": now - 1})).await, "the token has expired");
    assert_invalid(&guarded.with(json!({"exp": null})).await, "the token has expired");
    assert_invalid(&guarded.with(json!({"nbf": now + 60})).await, "the token is not valid yet");
    assert_invalid(&guarded.with(json!({"iat": now + 60})).await, "the token is not valid yet");
    assert_eq!(guarded.plane.fake.count("f"), 0);
    assert_eq!(guarded.with(json!({"aud": null, "client_id": "web"})).await.status(), 200);
    assert_eq!(guarded.with(json!({"aud": ["x", "web"], "nbf": now - 1})).await.status(), 200);
}

#[tokio::test]
async fn a_token_expires_by_the_gateways_clock() {
    let guarded = by_header();
    let token = TestKey::token(&guarded.claims(json!({})));
    assert_eq!(guarded.get("/open", &token).await.status(), 200);
    guarded.plane.gateway.clock.advance(std::time::Duration::from_secs(3_600));
    assert_invalid(&guarded.get("/open", &token).await, "the token has expired");
}

#[tokio::test]
async fn forgeries_are_refused() {
    let guarded = by_header();
    let claims = guarded.claims(json!({}));
    let wrong_key = TestKey::RsaTwo.sign(Algorithm::RS256, Some("k1"), &claims);
    assert_invalid(&guarded.get("/open", &wrong_key).await, "the token's signature is invalid");
    let unknown = TestKey::RsaTwo.sign(Algorithm::RS256, Some("k9"), &claims);
    assert_invalid(&guarded.get("/open", &unknown).await, "the token's signing key is unknown");
    for alg in ["none", "HS256"] {
        let forged = raw_token(&json!({"alg": alg, "kid": "k1"}), &claims, "c2ln");
        assert_invalid(&guarded.get("/open", &forged).await, "the token's signing method is invalid");
    }
    assert_invalid(&guarded.get("/open", "opaque").await, "token contains an invalid number of segments");
    assert_invalid(&guarded.get("/open", "a.b.c").await, "the token cannot be decoded");
    assert_eq!(guarded.plane.fake.count("f"), 0);
}

#[tokio::test]
async fn a_route_asks_for_one_of_its_scopes() {
    let guarded = by_header();
    for (claims, status) in [
        (json!({"scope": "users/write other"}), 200),
        (json!({"scp": ["users/read"]}), 200),
        (json!({"scope": "other"}), 403),
        (json!({}), 403),
    ] {
        let reply = guarded.get("/scoped", &TestKey::token(&guarded.claims(claims.clone()))).await;
        assert_eq!(reply.status(), status, "{claims}");
        if status == 403 {
            assert_error(&reply, 403, "Forbidden");
            assert!(header(&reply, "www-authenticate").unwrap().contains("error=\"insufficient_scope\""));
        }
    }
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_lets_nobody_in() {
    let guarded = by_header();
    guarded.documents.set_keys(Ok("<html>"));
    assert_invalid(&guarded.with(json!({})).await, "OIDC discovery endpoint communication error");
    let refused = self::guarded("http://issuer.example", "$request.header.Authorization", "2.0");
    let token = TestKey::token(&refused.claims(json!({"iss": "http://issuer.example"})));
    assert_error(&refused.get("/open", &token).await, 401, "Unauthorized");
    assert!(refused.plane.plane.warnings()[0].contains("neither https nor http on this machine"));
}

#[tokio::test]
async fn keys_of_own_user_pools_are_not_asked_for() {
    const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abcdefghi";
    let guarded = guarded(POOL, "$request.header.Authorization", "2.0");
    let pool = Arc::new(OwnPool { issuer: POOL, revoked: "gone" });
    assert!(guarded.plane.gateway.issuers.set_own(pool.clone()) && !guarded.plane.gateway.issuers.set_own(pool));
    assert_eq!(guarded.with(json!({"iss": POOL})).await.status(), 200);
    assert_invalid(&guarded.with(json!({"iss": POOL, "jti": "gone"})).await, "the token has been revoked");
    assert_eq!(guarded.documents.asked_for_keys(), 0);
}

#[tokio::test]
async fn logs_say_who_came_and_why_not() {
    let guarded = by_header();
    guarded.with(json!({})).await;
    guarded.with(json!({"aud": "x"})).await;
    assert_eq!(lines(&guarded.plane.gateway), ["200 u1 -", "401 - the token does not have a valid audience"]);
}
