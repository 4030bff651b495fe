//! Who may call: people of the stack's own user pool, their tokens, and those who only pretend.

use ferrogate_fixtures::Algorithm;
use ferrogate_fixtures::jwt::{Signer, sign};
use ferrogate_tests::chat::{ChatClient, bearer, subprotocol};
use ferrogate_tests::people::{Person, claims, header};
use ferrogate_tests::stack::Stack;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite;

const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;

fn request(stack: &Stack, method: Method, path: &str, token: &str) -> reqwest::RequestBuilder {
    stack.client().request(method, stack.api(path)).bearer_auth(token)
}

async fn status(stack: &Stack, method: Method, path: &str, token: &str) -> u16 {
    request(stack, method, path, token).send().await.unwrap().status().as_u16()
}

async fn handshake(stack: &Stack, query: &str, headers: &[(&'static str, String)]) -> u16 {
    match ChatClient::try_connect(stack, query, headers).await {
        Ok(_) => 101,
        Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{query}: {other}"),
    }
}

async fn advance(stack: &Stack, seconds: i64) {
    let clock = format!("{}/_ferrogate/clock", stack.endpoint());
    let moved = stack.client().post(clock).json(&json!({"advanceSeconds": seconds})).send().await.unwrap();
    assert_eq!(moved.status(), 200);
}

/// A good token and what pretends to be one.
fn forgeries(person: &Person) -> Vec<(&'static str, String)> {
    let (said, kid) = (claims(&person.token), header(&person.token)["kid"].as_str().unwrap().to_owned());
    let with = |name: &str, value: Value| {
        let mut claims = said.clone();
        claims[name] = value;
        claims
    };
    let (head, signature) = person.token.rsplit_once('.').unwrap();
    let swapped = sign(Signer::Stranger, Algorithm::RS256, &kid, &with("cognito:groups", json!(["admin"])));
    let swapped = format!("{}.{signature}", swapped.rsplit_once('.').unwrap().0);
    vec![
        ("other claims under a good signature", swapped),
        ("a stranger's key under the issuer's name", sign(Signer::Stranger, Algorithm::RS256, &kid, &said)),
        ("a key that nobody has", sign(Signer::Stranger, Algorithm::RS256, "nobody", &said)),
        ("the public key as a secret", sign(Signer::PublicAsSecret, Algorithm::HS256, &kid, &said)),
        ("no signature", format!("{head}.")),
        ("half a signature", format!("{head}.{}", &signature[..signature.len() / 2])),
        ("an id token", person.id_token.clone()),
        ("no token", "nonsense".to_owned()),
        ("a huge one", format!("{head}.{}", "A".repeat(8_200))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_is_known_by_each_authorizer() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let root = stack.admin("root").await;
    for path in ["edgeapi/me?userId=root", "userapi/production/me?userId=root"] {
        for (person, role) in [(&ada, "user"), (&root, "admin")] {
            let me = request(&stack, Method::GET, path, &person.token).send().await.unwrap();
            assert_eq!(me.status(), StatusCode::OK, "{path}");
            let me: Value = me.json().await.unwrap();
            assert_eq!((&me["userId"], &me["username"]), (&json!(person.user_id), &json!(person.username)), "{path}");
            assert_eq!((&me["role"], &me["profile"]), (&json!(role), &Value::Null), "{path}");
        }
        assert_eq!(status(&stack, Method::GET, path, "nonsense").await, 401, "{path}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_good_opens_nothing() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    assert_eq!(status(&stack, Method::GET, "userapi/production/tokens", &ada.token).await, 200);
    for (what, token) in forgeries(&ada) {
        if token.len() < 8_000 {
            let refused = request(&stack, Method::GET, "userapi/production/tokens", &token).send().await.unwrap();
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{what}");
            assert_eq!(refused.text().await.unwrap(), UNAUTHORIZED, "{what}");
            // An id token is good, but it has no scopes, and the route asks for one.
            let of_edge_api = if what == "an id token" { 403 } else { 401 };
            assert_eq!(status(&stack, Method::GET, "edgeapi/me", &token).await, of_edge_api, "{what}");
        }
        for headers in [bearer(&token), subprotocol(&token)] {
            assert_eq!(handshake(&stack, "?roomId=lobby", &headers).await, 401, "{what}");
        }
    }
    let without = stack.client().get(stack.api("userapi/production/tokens")).send().await.unwrap();
    assert_eq!(without.status(), StatusCode::UNAUTHORIZED);
    assert!(stack.items("ConnectionsTable").await.is_empty());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_when_its_hour_has_passed() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    assert_eq!(handshake(&stack, "?roomId=lobby", &bearer(&ada.token)).await, 101);
    // An hour and the leeway, and the minute for which an answer may be cached.
    advance(&stack, 3_600 + 60 + 61).await;
    assert_eq!(status(&stack, Method::GET, "userapi/production/tokens", &ada.token).await, 401);
    assert_eq!(handshake(&stack, "?roomId=lobby", &bearer(&ada.token)).await, 401);
    let again = stack.person("ada").await;
    assert_eq!(again.user_id, ada.user_id);
    assert_eq!(handshake(&stack, "?roomId=lobby", &bearer(&again.token)).await, 101);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_connection_is_whose_token_opened_it() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.person("ada").await, stack.person("bob").await);
    assert_eq!(handshake(&stack, "?roomId=lobby&userId=ada", &[]).await, 401);
    let query = format!("?roomId=lobby&token={}", ada.token);
    assert_eq!(handshake(&stack, &query, &subprotocol(&bob.token)).await, 401, "two tokens are none");

    let mut browser =
        ChatClient::try_connect(&stack, "?roomId=lobby&userId=bob", &subprotocol(&ada.token)).await.unwrap();
    assert_eq!(browser.subprotocol.as_deref(), Some("ferrogate.chat"), "and never the token");
    let plain = ChatClient::try_connect(&stack, &query, &[]).await.unwrap();
    assert_eq!(plain.subprotocol, None);
    browser.send(&json!({"action": "sendMessage", "message": "hi", "userId": "bob", "username": "bob"})).await;
    let message = browser.next_of_type("message").await;
    assert_eq!((&message["userId"], &message["username"]), (&json!(ada.user_id), &json!("ada")));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_ones_own_are_made_listed_used_and_revoked() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.person("ada").await, stack.person("bob").await);
    let tokens = "userapi/production/tokens";
    let wanted = json!({"name": "ci", "expiresInDays": 7});
    let created = request(&stack, Method::POST, tokens, &ada.token).json(&wanted).send().await.unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    let created: Value = created.json().await.unwrap();
    let (secret, id) = (created["token"].as_str().unwrap(), created["tokenId"].as_str().unwrap());

    // It stands for its owner, who is no admin: their own record, which there is none of, and nobody else's.
    let own = format!("userapi/production/users/{}", ada.user_id);
    assert_eq!(status(&stack, Method::GET, &own, secret).await, 404);
    assert_eq!(status(&stack, Method::GET, "userapi/production/users", secret).await, 403);
    let list = request(&stack, Method::GET, tokens, &ada.token).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!((&list["tokens"][0]["tokenId"], &list["tokens"][0]["name"]), (&json!(id), &json!("ci")));
    assert!(list["tokens"][0]["lastUsedAt"].is_string() && !list.to_string().contains(secret), "{list}");

    // An access token makes tokens; a token does not.
    assert_eq!(status(&stack, Method::GET, tokens, secret).await, 401);
    assert_eq!(status(&stack, Method::DELETE, &format!("{tokens}/{id}"), &bob.token).await, 404);
    let admin = json!({"name": "root", "role": "admin"});
    let refused = request(&stack, Method::POST, tokens, &ada.token).json(&admin).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);

    assert_eq!(status(&stack, Method::DELETE, &format!("{tokens}/{id}"), &ada.token).await, 204);
    // For as long as the authorizer's answer is cached.
    advance(&stack, 301).await;
    assert_eq!(status(&stack, Method::GET, &own, secret).await, 401);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_change_themselves_and_admins_anyone() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let body = json!({"userId": ada.user_id, "username": "ada", "email": "ada@example.com"});
    let created = stack.request(Method::POST, "userapi/production/users").json(&body).send().await.unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    let other = json!({"username": "bob", "email": "bob@example.com"});
    let other = stack.request(Method::POST, "userapi/production/users").json(&other).send().await.unwrap();
    let bob = other.json::<Value>().await.unwrap()["userId"].as_str().unwrap().to_owned();

    let token = json!({"name": "own"});
    let token =
        request(&stack, Method::POST, "userapi/production/tokens", &ada.token).json(&token).send().await.unwrap();
    let token = token.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
    for api in ["userapi/production", "edgeapi"] {
        let put = |id: &str, email: &str| {
            let body = json!({"username": "renamed", "email": email});
            request(&stack, Method::PUT, &format!("{api}/users/{id}"), &token).json(&body).send()
        };
        assert_eq!(put(&ada.user_id, "ada@example.com").await.unwrap().status(), 200, "{api}");
        let refused = put(&bob, "bob@example.com").await.unwrap();
        assert_eq!(refused.status(), 403, "{api}");
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], "Forbidden");
        assert_eq!(put("nobody", "bob@example.com").await.unwrap().status(), 403, "{api}");
        // An address that is in use and one that is not: the same answer.
        let (taken, free) = (put(&ada.user_id, "bob@example.com"), put(&ada.user_id, "free@example.com"));
        let (taken, free) = (taken.await.unwrap(), free.await.unwrap());
        assert_eq!((taken.status(), free.status()), (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
        let message = |body: Value| body["message"].clone();
        assert_eq!(message(taken.json().await.unwrap()), message(free.json().await.unwrap()));
        let signed_up = json!({"username": "eve", "email": "bob@example.com"});
        let create = request(&stack, Method::POST, &format!("{api}/users"), &token).json(&signed_up).send().await;
        assert_eq!(create.unwrap().status(), 403, "{api}");
        assert_eq!(status(&stack, Method::DELETE, &format!("{api}/users/{bob}"), &token).await, 403, "{api}");
    }
    assert_eq!(status(&stack, Method::DELETE, &format!("edgeapi/users/{}", ada.user_id), &token).await, 204);
    assert_eq!(status(&stack, Method::DELETE, &format!("edgeapi/users/{bob}"), "demo-token").await, 204);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_route_takes_signed_requests_alone() {
    let stack = Stack::start().await;
    let path = stack.api("userapi/production/operations/users");
    let unsigned = stack.client().get(path.clone()).send().await.unwrap();
    assert_eq!(unsigned.status(), StatusCode::FORBIDDEN);
    assert_eq!(unsigned.text().await.unwrap(), r#"{"message":"Missing Authentication Token"}"#);
    let token = stack.client().get(path).bearer_auth("demo-token").send().await.unwrap();
    assert_eq!(token.status(), StatusCode::FORBIDDEN);
    stack.stop().await;
}
