//! What a REST API does without functions and around them, on the application's own: mocks, templates, services, backends,
//! validation, the cache, stage variables, canaries, the resource policy.

use ferrogate_tests::sign::signed;
use ferrogate_tests::stack::{Stack, own_template};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

async fn get(stack: &Stack, path: &str) -> Response {
    stack.client().get(stack.api(&format!("userapi/production{path}"))).send().await.unwrap()
}

async fn answer(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// Changes the stage through AWS's API: `update-stage`.
async fn update_stage(stack: &Stack, operations: Value) {
    let url = format!("{}/restapis/userapi/stages/production", stack.endpoint());
    let body = json!({ "patchOperations": operations }).to_string();
    let headers = [("content-type", "application/json")];
    let changed = signed(stack.client(), Method::PATCH, &url, "apigateway", &headers, body).send().await.unwrap();
    let status = changed.status();
    assert_eq!(status, StatusCode::OK, "{}", changed.text().await.unwrap());
}

async fn advance(stack: &Stack, seconds: i64) {
    let clock = format!("{}/_ferrogate/clock", stack.endpoint());
    let moved = stack.client().post(clock).json(&json!({"advanceSeconds": seconds})).send().await.unwrap();
    assert_eq!(moved.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mock_says_how_the_api_is_by_a_stage_variable() {
    let stack = Stack::start().await;
    let status = get(&stack, "/status").await;
    assert_eq!(header(&status, "access-control-allow-origin"), Some("*"));
    assert_eq!(header(&status, "x-amzn-trace-id"), None, "nothing is behind it");
    assert_eq!(answer(status).await, (200, json!({"status": "in service", "release": "stable"})));
    let preflight =
        stack.client().request(Method::OPTIONS, stack.api("userapi/production/status")).send().await.unwrap();
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&preflight, "access-control-allow-methods"), Some("GET,OPTIONS"));

    update_stage(&stack, json!([{"op": "replace", "path": "/variables/maintenance", "value": "true"}])).await;
    let status = get(&stack, "/status").await;
    assert_eq!(header(&status, "retry-after"), Some("300"));
    assert_eq!(answer(status).await, (503, json!({"status": "API under maintenance", "release": "stable"})));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_gets_its_share_and_its_variables() {
    let stack = Stack::start().await;
    let release = async || {
        let (status, body) = answer(get(&stack, "/status").await).await;
        assert_eq!(status, 200);
        body["release"].as_str().unwrap().to_owned()
    };
    let percent = async |percent: &str| {
        let operation = json!([{"op": "replace", "path": "/canarySettings/percentTraffic", "value": percent}]);
        update_stage(&stack, operation).await;
    };
    percent("100.0").await;
    assert_eq!(release().await, "canary");
    percent("50.0").await;
    let mut canaries = 0;
    for _ in 0..200 {
        canaries += usize::from(release().await == "canary");
    }
    // Fewer or more come by chance once in 10^12 runs.
    assert!((50..=150).contains(&canaries), "{canaries} of 200");
    percent("0.0").await;
    assert_eq!(release().await, "stable");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_knows_no_http_is_called_through_templates() {
    let stack = Stack::start().await;
    let products = answer(get(&stack, "/products").await).await.1;
    let product = &products["products"][0];
    let id = product["productId"].as_str().unwrap();
    let quote = get(&stack, &format!("/products/{id}/quote?quantity=3")).await;
    assert_eq!(header(&quote, "x-release"), Some("stable"));
    let request_id = header(&quote, "x-amzn-requestid").unwrap().to_owned();
    let cents = product["priceCents"].as_u64().unwrap();
    let quoted = json!({
        "productId": id, "name": product["name"], "quantity": 3, "unitPriceCents": cents, "totalCents": 3 * cents,
        "currency": product["currency"],
    });
    assert_eq!(answer(quote).await, (200, json!({"quote": quoted, "requestId": request_id})));

    let refused = async |path: &str| {
        let (status, body) = answer(get(&stack, path).await).await;
        (status, body["message"].as_str().unwrap().to_owned())
    };
    let of = |status: u16, message: &str| (status, message.to_owned());
    let number = "quantity must be a whole number from 1 to 1000000";
    assert_eq!(refused(&format!("/products/{id}/quote?quantity=many")).await, of(400, number));
    // Neither the template's nor JSON's quotes let anything out of its place.
    assert_eq!(refused(&format!("/products/{id}/quote?quantity=%22%7D'%5C")).await, of(400, number));
    assert_eq!(refused("/products/none/quote?quantity=1").await, of(404, "no such product"));
    let missing = "Missing required request parameters: [quantity]";
    assert_eq!(refused(&format!("/products/{id}/quote")).await, of(400, missing));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_service_is_called_as_it_is_and_mapped() {
    let stack = Stack::start().await;
    let (_, products) = answer(get(&stack, "/products?limit=2").await).await;
    assert_eq!(answer(get(&stack, "/catalog?limit=2").await).await, (200, products.clone()));
    let (status, refusal) = answer(get(&stack, "/catalog?limit=none").await).await;
    assert_eq!((status, &refusal["code"]), (400, &json!("ValidationFailed")), "what a proxy answers is handed through");

    let product = &products["products"][0];
    let id = product["productId"].as_str().unwrap();
    let cents = product["priceCents"].as_u64().unwrap();
    let price = format!("{}.{:02} {}", cents / 100, cents % 100, product["currency"].as_str().unwrap());
    let line = json!({"productId": id, "name": product["name"], "price": price});
    assert_eq!(answer(get(&stack, &format!("/catalog/{id}")).await).await, (200, line));
    assert_eq!(answer(get(&stack, "/catalog/none").await).await, (404, json!({"message": "No such product"})));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_goes_into_its_table_without_a_function() {
    let stack = Stack::start().await;
    let send = async |content_type: &str, body: String| {
        let request = stack.client().post(stack.api("userapi/production/feedback"));
        answer(request.header("content-type", content_type).body(body).send().await.unwrap()).await
    };
    let text = "Good: \"sturdy\", it's\nheavy $context.requestId #set($x = 1) 重い";
    let (status, kept) = send("application/json", json!({"rating": 5, "text": text}).to_string()).await;
    assert_eq!(status, 202, "{kept}");
    let items = stack.items("FeedbackTable").await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["feedbackId"]["S"], kept["feedbackId"]);
    assert_eq!((&items[0]["rating"]["N"], &items[0]["text"]["S"]), (&json!("5"), &json!(text)));
    assert!(items[0]["receivedAt"]["N"].as_str().unwrap().parse::<u64>().is_ok());

    for body in [
        json!({"rating": 6, "text": "x"}).to_string(),
        json!({"rating": 5}).to_string(),
        json!({"rating": 5, "text": "x", "more": 1}).to_string(),
        json!({"rating": "5\"}, \"more\": {\"N\": \"1", "text": "x"}).to_string(),
        "{\"rating\"".to_owned(),
        String::new(),
    ] {
        let (status, refusal) = send("application/json", body.clone()).await;
        assert_eq!((status, &refusal["message"]), (400, &json!("Invalid request body")), "{body}");
        assert_eq!(refusal["code"], "InvalidBody", "{refusal}");
    }
    let unsupported = (415, json!({"message": "Unsupported Media Type"}));
    assert_eq!(send("text/plain", "fine".to_owned()).await, unsupported);
    assert_eq!(stack.items("FeedbackTable").await.len(), 1);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_cached_for_a_minute_under_its_own_id() {
    let stack = Stack::start().await;
    let product = json!({
        "productId": {"S": "p-cached"}, "name": {"S": "Bellows"}, "description": {"S": "Bellows."},
        "priceCents": {"N": "9900"}, "currency": {"S": "EUR"},
    });
    stack.put("ProductsTable", &product).await;
    let first = answer(get(&stack, "/products/p-cached").await).await;
    assert_eq!(first.0, 200);
    let delete = json!({"TableName": stack.table("ProductsTable"), "Key": {"productId": {"S": "p-cached"}}});
    stack.dynamodb("DeleteItem", &delete).await;
    assert_eq!(answer(get(&stack, "/products/p-cached").await).await, first);
    // The key is the product's id and nothing else.
    assert_eq!(answer(get(&stack, "/products/p-cached?x=1").await).await, first);
    assert_eq!(get(&stack, "/products/p-other").await.status(), StatusCode::NOT_FOUND);

    // Nobody who has not signed may throw it away.
    let path = stack.api("userapi/production/products/p-cached");
    let unsigned = stack.client().get(path).header("cache-control", "max-age=0").send().await.unwrap();
    let warning = "199 Cache-control headers were ignored because the caller was unauthorized.";
    assert_eq!(header(&unsigned, "warning"), Some(warning));
    assert_eq!(answer(unsigned).await, first);

    advance(&stack, 61).await;
    assert_eq!(get(&stack, "/products/p-cached").await.status(), StatusCode::NOT_FOUND);
    // What is not there is not kept.
    stack.put("ProductsTable", &product).await;
    assert_eq!(answer(get(&stack, "/products/p-cached").await).await, first);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_may_be_called_from_the_networks_that_the_policy_names() {
    let stack = Stack::with(own_template().parameter("OperationsNetworks", "203.0.113.0/24")).await;
    let url = format!("{}/_aws/execute-api/userapi/production/operations/users", stack.endpoint());
    let refused = signed(stack.client(), Method::GET, &url, "execute-api", &[], "").send().await.unwrap();
    assert_eq!(header(&refused, "x-amzn-errortype"), Some("AccessDeniedException"));
    let (status, body) = answer(refused).await;
    assert_eq!(status, 403);
    assert!(body["Message"].as_str().unwrap().contains("with an explicit deny"), "{body}");
    assert_eq!(get(&stack, "/products").await.status(), StatusCode::OK, "the policy is of /operations alone");
    stack.stop().await;
}
