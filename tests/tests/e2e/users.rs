//! Users over the REST API and the HTTP API: the same functions, payload 1.0 and 2.0.

use ferrogate_tests::stack::Stack;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The two APIs that route to the user functions.
const APIS: [&str; 2] = ["userapi/production", "edgeapi"];

async fn create(stack: &Stack, api: &str, user: &Value) -> reqwest::Response {
    stack.request(Method::POST, &format!("{api}/users")).json(user).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_created_read_changed_and_deleted_over_both_apis() {
    let stack = Stack::start().await;
    for (api, name) in APIS.iter().zip(["alice", "bob"]) {
        let body = json!({"username": name, "email": format!("{name}@example.com"), "age": 30});
        let created = create(&stack, api, &body).await;
        assert_eq!(created.status(), StatusCode::CREATED);
        // Relative to the request, so that it holds on every address of the API.
        let location = created.url().join(created.headers()["location"].to_str().unwrap()).unwrap();
        let etag = created.headers()["etag"].to_str().unwrap().to_owned();
        let user: Value = created.json().await.unwrap();
        let id = user["userId"].as_str().unwrap();
        assert_eq!(location, stack.api(&format!("{api}/users/{id}")));
        assert_eq!((&user["username"], &user["age"]), (&json!(name), &json!(30)));

        let path = format!("{api}/users/{id}");
        let read = stack.request(Method::GET, &path).send().await.unwrap();
        assert_eq!((read.status(), read.headers()["etag"].to_str().unwrap()), (StatusCode::OK, etag.as_str()));
        assert_eq!(read.json::<Value>().await.unwrap(), user);

        let change = json!({"username": format!("{name}2"), "email": format!("{name}@example.com")});
        let changed = stack.request(Method::PUT, &path).header("If-Match", &etag).json(&change).send().await.unwrap();
        assert_eq!(changed.status(), StatusCode::OK);
        assert_ne!(changed.headers()["etag"].to_str().unwrap(), etag);

        let stale = stack.request(Method::PUT, &path).header("If-Match", &etag).json(&change).send().await.unwrap();
        assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);

        let deleted = stack.request(Method::DELETE, &path).send().await.unwrap();
        assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
        let gone = stack.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(gone.status(), StatusCode::NOT_FOUND);

        // The address is free again once its user is gone.
        assert_eq!(create(&stack, api, &body).await.status(), StatusCode::CREATED);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_is_named_with_its_reason() {
    let stack = Stack::start().await;
    // What a schema cannot say is the function's to refuse, over either API.
    let invisible = json!({"username": "a\u{200b}da", "email": "nobody@-.example", "age": 18});
    let wrong = json!({"username": "ab", "email": "nobody", "age": 17});
    for (api, user, expected) in [
        (APIS[0], &invisible, &["username", "email"][..]),
        (APIS[1], &invisible, &["username", "email"]),
        (APIS[1], &wrong, &["username", "email", "age"]),
    ] {
        let refused = create(&stack, api, user).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        let body: Value = refused.json().await.unwrap();
        let fields: Vec<_> = body["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
        assert_eq!(fields, expected, "{api}: {body}");
        assert!(body["errors"].as_array().unwrap().iter().all(|error| error["reason"].is_string()));
    }
    // What it can say is refused before the function is asked.
    let refused = create(&stack, APIS[0], &wrong).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let id = refused.headers()["x-amzn-requestid"].to_str().unwrap().to_owned();
    let body: Value = refused.json().await.unwrap();
    let reason = "[numeric instance is lower than the required minimum (minimum: 18, found: 17), ECMA 262 regex \
                  \"^[^@]+@[^@]+[.][^@]+$\" does not match input string \"nobody\", string \"ab\" is too short (length: 2, \
                  required minimum: 3)]";
    assert_eq!(
        body,
        json!({"message": "Invalid request body", "code": "InvalidBody", "reason": reason, "requestId": id})
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_belongs_to_one_user_even_when_many_ask_at_once() {
    let stack = Stack::start().await;
    let body = json!({"username": "racer", "email": "Racer@Example.com"});
    let answers = futures_util::future::join_all((0..8).map(|_| create(&stack, "userapi/production", &body))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    let again = create(&stack, "edgeapi", &json!({"username": "other", "email": "racer@example.com"})).await;
    assert_eq!(again.status(), StatusCode::CONFLICT, "an address differs not by its case");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_user_once() {
    let stack = Stack::start().await;
    for n in 0..7 {
        let user = json!({"username": format!("user{n}"), "email": format!("user{n}@example.com")});
        assert_eq!(create(&stack, "userapi/production", &user).await.status(), StatusCode::CREATED);
    }
    let (mut seen, mut token, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let mut request = stack.request(Method::GET, "userapi/production/users").query(&[("limit", "3")]);
        if let Some(token) = &token {
            request = request.query(&[("nextToken", token)]);
        }
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        let users = page["users"].as_array().unwrap();
        assert!(users.len() <= 3);
        seen.extend(users.iter().map(|user| user["username"].as_str().unwrap().to_owned()));
        pages += 1;
        token = page["nextToken"].as_str().map(str::to_owned);
        if token.is_none() || pages > 10 {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, (0..7).map(|n| format!("user{n}")).collect::<Vec<_>>());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_good_token_reaches_the_users() {
    let stack = Stack::start().await;
    let rest = stack.api("userapi/production/users");
    let without = stack.client().get(rest.clone()).send().await.unwrap();
    assert_eq!(without.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(without.headers()["x-amzn-errortype"], "UnauthorizedException");
    assert_eq!(without.text().await.unwrap(), r#"{"message":"Unauthorized"}"#);
    for token in ["Bearer wrong", "Bearer ", "demo-token", "Basic ZGVtbw=="] {
        let wrong = stack.client().get(rest.clone()).header("Authorization", token).send().await.unwrap();
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED, "{token}");
    }
    let edge = stack.api("edgeapi/users");
    let without = stack.client().get(edge.clone()).send().await.unwrap();
    assert_eq!(without.status(), StatusCode::UNAUTHORIZED);
    let wrong = stack.client().get(edge).bearer_auth("wrong").send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rest_answers_carry_the_ids_that_aws_gives() {
    let stack = Stack::start().await;
    let answer = stack.request(Method::GET, "userapi/production/users").send().await.unwrap();
    for header in ["x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"] {
        assert!(answer.headers().contains_key(header), "{header}");
    }
    let edge = stack.request(Method::GET, "edgeapi/users").send().await.unwrap();
    assert!(edge.headers().contains_key("apigw-requestid"));
    stack.stop().await;
}
