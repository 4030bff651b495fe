use serde_json::{Value, json};

use super::support::{Cognito, PASSWORD, claims, secret_hash};

#[tokio::test]
async fn tokens_have_cognitos_claims_and_the_pools_signature() {
    let cognito = Cognito::new().await;
    let made = cognito.user("ann").await;
    cognito.ok("CreateGroup", json!({ "GroupName": "admins", "Precedence": 1 })).await;
    cognito.ok("AdminAddUserToGroup", json!({ "Username": "ann", "GroupName": "admins" })).await;
    let tokens = cognito.sign_in("ann").await;
    assert_eq!((&tokens["TokenType"], &tokens["ExpiresIn"]), (&json!("Bearer"), &json!(3_600)));
    let issuer = format!("https://cognito-idp.us-east-1.amazonaws.com/{}", cognito.pool);
    let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
    for (token, kind) in [(&id, "id"), (&access, "access")] {
        assert_eq!((&token["token_use"], &token["iss"]), (&json!(kind), &json!(issuer)));
        assert_eq!((&token["sub"], &token["cognito:groups"]), (&made["UserSub"], &json!(["admins"])));
        assert_eq!(token["exp"].as_i64().unwrap() - token["iat"].as_i64().unwrap(), 3_600);
        assert!(["auth_time", "jti", "origin_jti", "event_id"].iter().all(|name| !token[*name].is_null()), "{token}");
    }
    assert_eq!((&id["aud"], &id["cognito:username"]), (&json!(cognito.client), &json!("ann")));
    assert_eq!((&access["client_id"], &access["username"]), (&json!(cognito.client), &json!("ann")));
    assert_eq!((&access["scope"], &access["aud"]), (&json!("aws.cognito.signin.user.admin"), &Value::Null));
    assert_ne!(id["jti"], access["jti"]);

    let own = cognito.control.own_issuers();
    let keys: Value = serde_json::from_str(&own.jwks(&issuer).unwrap()).unwrap();
    assert_eq!(keys, cognito.control.user_pool_document(&cognito.pool, "jwks.json").unwrap());
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["e"]), (&json!("RSA"), &json!("AQAB")));
    assert!(own.jwks(&format!("https://evil.example/{}", cognito.pool)).is_none());
    assert!(own.jwks("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other").is_none());
    let discovery = cognito.control.user_pool_document(&cognito.pool, "openid-configuration").unwrap();
    assert_eq!(discovery["issuer"], json!(issuer));
    assert!(discovery["jwks_uri"].as_str().unwrap().starts_with("http://localhost:4566/"), "{discovery}");
    assert!(!own.is_revoked(&issuer, access.as_object().unwrap()));
    cognito.ok("AdminUserGlobalSignOut", json!({ "Username": "ann" })).await;
    assert!(own.is_revoked(&issuer, access.as_object().unwrap()));
}

#[tokio::test]
async fn a_token_lasts_as_long_as_the_client_says_and_is_refreshed() {
    let units = json!({ "AccessToken": "minutes" });
    let client = json!({ "AccessTokenValidity": 10, "RefreshTokenValidity": 1, "TokenValidityUnits": units });
    let cognito = Cognito::with(json!({}), client).await;
    cognito.user("ann").await;
    let tokens = cognito.sign_in("ann").await;
    let get = |tokens: &Value| json!({ "AccessToken": tokens["AccessToken"] });
    let user = cognito.ok("GetUser", get(&tokens)).await;
    assert_eq!(user["Username"], json!("ann"));
    cognito.pass(600);
    let expired = cognito.refused("GetUser", get(&tokens)).await;
    assert_eq!(expired, "NotAuthorizedException: Access Token has expired");

    let answer = cognito.ok("InitiateAuth", Cognito::refresh_flow(&tokens["RefreshToken"])).await;
    let fresh = &answer["AuthenticationResult"];
    assert!(fresh["RefreshToken"].is_null(), "refresh tokens do not rotate");
    cognito.ok("GetUser", get(fresh)).await;
    let (old, new) = (claims(&tokens["AccessToken"]), claims(&fresh["AccessToken"]));
    assert_eq!((&old["origin_jti"], &old["auth_time"]), (&new["origin_jti"], &new["auth_time"]));
    cognito.pass(24 * 3_600);
    let over = cognito.refused("InitiateAuth", Cognito::refresh_flow(&tokens["RefreshToken"])).await;
    assert_eq!(over, "NotAuthorizedException: Refresh Token has expired");
    let forged = cognito.refused("InitiateAuth", Cognito::refresh_flow(&json!("AAAA"))).await;
    assert_eq!(forged, "NotAuthorizedException: Invalid Refresh Token");
}

#[tokio::test]
async fn what_is_revoked_is_refused() {
    let cognito = Cognito::new().await;
    cognito.user("ann").await;
    let (one, other) = (cognito.sign_in("ann").await, cognito.sign_in("ann").await);
    let get = |tokens: &Value| json!({ "AccessToken": tokens["AccessToken"] });
    cognito.ok("RevokeToken", json!({ "Token": one["RefreshToken"] })).await;
    let revoked = "NotAuthorizedException: Access Token has been revoked";
    assert_eq!(cognito.refused("GetUser", get(&one)).await, revoked);
    let refresh = cognito.refused("InitiateAuth", Cognito::refresh_flow(&one["RefreshToken"])).await;
    assert_eq!(refresh, "NotAuthorizedException: Refresh Token has been revoked");
    cognito.ok("GetUser", get(&other)).await;
    cognito.ok("GlobalSignOut", get(&other)).await;
    assert_eq!(cognito.refused("GetUser", get(&other)).await, revoked);
    // A sign-in in the same second is none of those.
    cognito.ok("GetUser", get(&cognito.sign_in("ann").await)).await;
}

#[tokio::test]
async fn an_altered_token_is_no_token() {
    let cognito = Cognito::new().await;
    cognito.user("ann").await;
    let tokens = cognito.sign_in("ann").await;
    let access = tokens["AccessToken"].as_str().unwrap();
    let (head, rest) = access.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let flipped = format!("{head}.{payload}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    let id = tokens["IdToken"].as_str().unwrap();
    let cut = &access[..access.len() - 4];
    for wrong in [flipped.as_str(), id, cut, "a.b.c", "x", &format!("{head}.{payload}.")] {
        let refused = cognito.refused("GetUser", json!({ "AccessToken": wrong })).await;
        assert_eq!(refused, "NotAuthorizedException: Invalid Access Token", "{wrong}");
    }
}

#[tokio::test]
async fn a_client_with_a_secret_must_know_it() {
    let cognito = Cognito::new().await;
    cognito.user("ann").await;
    let client = cognito.new_client(json!({ "GenerateSecret": true })).await;
    let (id, secret) = (client["ClientId"].as_str().unwrap(), client["ClientSecret"].as_str().unwrap());
    let sign_in = |hash: Option<String>| {
        let mut body = Cognito::password_flow("ann", PASSWORD);
        body["ClientId"] = id.into();
        if let Some(hash) = hash {
            body["AuthParameters"]["SECRET_HASH"] = hash.into();
        }
        body
    };
    let without = cognito.refused("InitiateAuth", sign_in(None)).await;
    let said =
        format!("NotAuthorizedException: Client {id} is configured with secret but SECRET_HASH was not received");
    assert_eq!(without, said);
    let wrong = cognito.refused("InitiateAuth", sign_in(Some(secret_hash("guess", "ann", id)))).await;
    assert_eq!(wrong, format!("NotAuthorizedException: Unable to verify secret hash for client {id}"));
    let hash = secret_hash(secret, "ann", id);
    let tokens = cognito.ok("InitiateAuth", sign_in(Some(hash.clone()))).await["AuthenticationResult"].clone();
    let mut refresh = Cognito::refresh_flow(&tokens["RefreshToken"]);
    refresh["ClientId"] = id.into();
    cognito.refused("InitiateAuth", refresh.clone()).await;
    refresh["AuthParameters"]["SECRET_HASH"] = hash.into();
    cognito.ok("InitiateAuth", refresh).await;
    // A token is its own client's.
    let other = cognito.refused("InitiateAuth", Cognito::refresh_flow(&tokens["RefreshToken"])).await;
    assert_eq!(other, "NotAuthorizedException: Invalid Refresh Token");
    let body = json!({ "ClientId": id, "RefreshToken": tokens["RefreshToken"], "ClientSecret": secret });
    let answer = cognito.ok("GetTokensFromRefreshToken", body).await;
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string(), "{answer}");
    let unproved = cognito.refused("RevokeToken", json!({ "ClientId": id, "Token": tokens["RefreshToken"] })).await;
    assert_eq!(unproved, "UnauthorizedException: Invalid client secret");
}

#[tokio::test]
async fn only_the_flows_of_the_client_sign_in() {
    let cognito = Cognito::with(json!({}), json!({ "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"] })).await;
    let flow = |flow: &str| json!({ "AuthFlow": flow, "AuthParameters": { "USERNAME": "a", "PASSWORD": "b" } });
    for (name, said) in [
        ("USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH flow not enabled for this client"),
        ("USER_SRP_AUTH", "USER_SRP_AUTH is not enabled for the client."),
        ("ADMIN_USER_PASSWORD_AUTH", "Initiate Auth method not supported."),
    ] {
        let refused = cognito.refused("InitiateAuth", flow(name)).await;
        assert_eq!(refused, format!("InvalidParameterException: {said}"));
    }
    let custom = cognito.refused("InitiateAuth", flow("CUSTOM_AUTH")).await;
    assert!(custom.starts_with("InvalidParameterException: Ferrogate has no CUSTOM_AUTH"), "{custom}");
}
