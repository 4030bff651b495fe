//! Templates in the shapes that other people's have, started as their owners would and called: `tests/projects`.

use ferrogate::Ferrogate;
use ferrogate_tests::chat::ChatClient;
use ferrogate_tests::peers;
use ferrogate_tests::stack::{Stack, isolated, repository};
use serde_json::{Value, json};

async fn project(name: &str) -> Stack {
    let template = repository().join("tests/projects").join(name).join("template.yaml");
    Stack::with(isolated(Ferrogate::from_template(template))).await
}

/// Whether Python and Node.js are here; said loudly where they are not.
fn have(program: &str) -> bool {
    peers::find(program, &format!("install {program}")).is_some()
}

async fn get(stack: &Stack, path: &str) -> (u16, Value) {
    answer(stack.client().get(stack.api(path))).await
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inline_swagger_document_is_a_rest_api() {
    if !have("python3") {
        return;
    }
    let stack = project("swagger").await;
    assert_eq!(get(&stack, "petsapi/v1/pets/7").await, (200, json!({"pet": "7"})));
    let post = |body: Value| answer(stack.client().post(stack.api("petsapi/v1/pets")).json(&body));
    assert_eq!(post(json!({"name": "Rex"})).await, (201, json!({"created": true})));
    assert_eq!(post(json!({"name": ""})).await, (400, json!({"message": "Invalid request body"})));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_implicit_api_of_events_is_served() {
    if !have("node") {
        return;
    }
    let stack = project("implicit").await;
    let hello = json!({"message": "Hello, Ada", "method": "GET", "rest": null});
    assert_eq!(get(&stack, "serverlessrestapi/Prod/hello?name=Ada").await, (200, hello));
    let put = stack.client().put(stack.api("serverlessrestapi/Prod/hello/a/b"));
    assert_eq!(answer(put).await, (200, json!({"message": "Hello, world", "method": "PUT", "rest": "a/b"})));
    let preflight = stack.client().request(reqwest::Method::OPTIONS, stack.api("serverlessrestapi/Prod/hello"));
    let preflight = preflight.send().await.unwrap();
    assert_eq!(preflight.status(), 200);
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jwt_authorizer_whose_issuer_does_not_answer_lets_nobody_in() {
    if !have("node") {
        return;
    }
    let stack = project("http-jwt").await;
    let unauthorized = (401, json!({"message": "Unauthorized"}));
    assert_eq!(get(&stack, "api/me").await, unauthorized);
    // {"alg":"RS256"}.{"iss":"http://127.0.0.1:9/issuer","aud":"app"}
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjkvaXNzdWVyIiwiYXVkIjoiYXBwIn0.c2ln";
    let with_token = stack.client().get(stack.api("api/me")).bearer_auth(token);
    assert_eq!(answer(with_token).await, unauthorized);
    assert_eq!(get(&stack, "api/health").await, (200, json!({"route": "GET /health"})));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_api_of_cloudformations_own_resources_is_served() {
    if !have("python3") {
        return;
    }
    let stack = project("websocket").await;
    let mut client = ChatClient::connect_to(&stack, "socket/Prod?key=let-me-in").await;
    client.send(&json!({"action": "echo", "text": "hello"})).await;
    assert_eq!(client.next_frame().await, json!({"echo": "hello"}));
    client.close().await;
    let upgrade = stack.client().get(stack.api("socket/Prod")).header("Connection", "Upgrade");
    let upgrade = upgrade.header("Upgrade", "websocket").header("Sec-WebSocket-Version", "13");
    let refused = upgrade.header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==").send().await.unwrap();
    assert_eq!(refused.status(), 403);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_handlers_in_a_package_share_its_code() {
    if !have("python3") {
        return;
    }
    let stack = project("python").await;
    let post = |body: Value| answer(stack.client().post(stack.api("ordersapi/prod/orders")).json(&body));
    let (status, said) = post(json!({"lines": [{"item": "tea", "count": 2}, {"item": "cake", "count": 1}]})).await;
    assert_eq!((status, &said["total"]), (201, &json!(11)));
    assert_eq!(
        post(json!({"lines": [{"item": "gold", "count": 1}]})).await,
        (400, json!({"message": "unknown: gold"}))
    );
    // The same function at its own URL, whose address is among the template's outputs.
    let url = stack.output("CreateOrderUrl");
    let host = url.strip_prefix("http://").and_then(|url| url.strip_suffix('/')).unwrap();
    let order = json!({"lines": [{"item": "tea", "count": 1}]});
    let at_its_url = stack.client().post(stack.endpoint()).header("Host", host).json(&order);
    assert_eq!(answer(at_its_url).await.0, 201);
    assert_eq!(get(&stack, "ordersapi/prod/fail").await, (502, json!({"message": "Internal server error"})));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_handlers_are_modules_of_both_kinds() {
    if !have("node") {
        return;
    }
    let stack = project("node").await;
    assert_eq!(get(&stack, "serverlesshttpapi/notes").await, (200, json!(["milk", "bread"])));
    assert_eq!(get(&stack, "serverlesshttpapi/notes/2").await, (200, json!({"note": "bread"})));
    assert_eq!(get(&stack, "serverlesshttpapi/notes/3").await, (404, json!("no such note")));
    assert_eq!(get(&stack, "serverlesshttpapi/else").await, (200, json!("callback of /else")));
    let request = stack.client().get(stack.api("serverlesshttpapi/notes")).header("Origin", "https://example.com");
    let headers = request.send().await.unwrap().headers().clone();
    assert_eq!(headers["access-control-allow-origin"], "https://example.com");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_api_of_cloudformations_own_resources_is_served() {
    if !have("node") {
        return;
    }
    let stack = project("plain").await;
    assert_eq!(get(&stack, "api/test/hello").await, (200, json!("hello in green")));
    assert_eq!(get(&stack, "api/test/else").await.0, 403);
    stack.stop().await;
}
