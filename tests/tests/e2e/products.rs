//! Products: seeded at the first start, open to everybody, over both APIs and every address of an API.

use ferrogate_tests::stack::Stack;
use reqwest::StatusCode;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn seeded_products_are_listed_and_read_over_both_apis() {
    let stack = Stack::start().await;
    for api in ["userapi/production", "edgeapi"] {
        let list = stack.client().get(stack.api(&format!("{api}/products"))).send().await.unwrap();
        assert_eq!(list.status(), StatusCode::OK);
        let list: Value = list.json().await.unwrap();
        let first = &list["products"][0];
        let id = first["productId"].as_str().unwrap();
        let one = stack.client().get(stack.api(&format!("{api}/products/{id}"))).send().await.unwrap();
        assert_eq!(&one.json::<Value>().await.unwrap(), first);
        let none = stack.client().get(stack.api(&format!("{api}/products/none"))).send().await.unwrap();
        assert_eq!(none.status(), StatusCode::NOT_FOUND);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_answers_by_path_by_host_and_at_the_guides_address() {
    let stack = Stack::start().await;
    let by_path = stack.client().get(stack.api("userapi/production/products")).send().await.unwrap();
    let by_path: Value = by_path.json().await.unwrap();
    let by_host = stack
        .client()
        .get(format!("{}/production/products", stack.endpoint()))
        .header("Host", format!("userapi.execute-api.localhost:{}", stack.port()));
    let guide = stack.client().get(format!("{}/restapis/userapi/production/_user_request_/products", stack.endpoint()));
    for request in [by_host, guide] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.json::<Value>().await.unwrap(), by_path);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_on_an_allowed_origin_passes_the_preflight() {
    let stack = Stack::start().await;
    let preflight = stack
        .client()
        .request(reqwest::Method::OPTIONS, stack.api("edgeapi/products"))
        .header("Origin", "http://localhost:3000")
        .header("Access-Control-Request-Method", "GET")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert!(preflight.headers().contains_key("access-control-allow-origin"));
    stack.stop().await;
}
