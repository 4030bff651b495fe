use super::*;

#[tokio::test]
async fn an_api_has_the_members_of_aws() {
    let stack = Stack::new();
    let mut api = stack.ok("POST", "/v2/apis", json!({"name": "a", "protocolType": "HTTP"})).await;
    let id = id(&api, "apiId");
    assert_eq!(id.len(), 10);
    assert!(api["createdDate"].as_str().unwrap().ends_with('Z'), "{api}");
    let members = api.as_object_mut().unwrap();
    members.remove("createdDate");
    let expected = json!({
        "apiEndpoint": format!("http://{id}.execute-api.localhost:4566"),
        "apiId": id,
        "apiKeySelectionExpression": "$request.header.x-api-key",
        "disableExecuteApiEndpoint": false,
        "ipAddressType": "ipv4",
        "name": "a",
        "protocolType": "HTTP",
        "routeSelectionExpression": "$request.method $request.path",
        "tags": {},
    });
    assert_eq!(api, expected);
    let web_socket = stack.web_socket_api().await;
    let api = stack.ok("GET", web_socket, Value::Null).await;
    assert!(api["apiEndpoint"].as_str().unwrap().starts_with("ws://"), "{api}");
}

#[tokio::test]
async fn an_api_is_listed_changed_and_deleted() {
    let stack = Stack::new();
    let (one, two) = (stack.http_api().await, stack.http_api().await);
    let first = stack.ok("GET", "/v2/apis?maxResults=1", Value::Null).await;
    assert_eq!(first["items"][0]["apiId"], api_id(&one));
    let token = first["nextToken"].as_str().unwrap();
    let second = stack.ok("GET", format!("/v2/apis?maxResults=1&nextToken={token}"), Value::Null).await;
    assert_eq!(second["items"][0]["apiId"], api_id(&two));
    assert!(second["nextToken"].is_null());

    let cors = json!({"allowOrigins": ["https://example.com"], "allowMethods": ["GET"], "maxAge": -1});
    let changed = json!({"name": "b", "description": "d", "version": "1", "corsConfiguration": cors});
    let api = stack.ok("PATCH", one.as_str(), changed).await;
    assert_eq!((&api["name"], &api["description"], &api["version"]), (&json!("b"), &json!("d"), &json!("1")));
    assert_eq!(
        api["corsConfiguration"],
        json!({"allowOrigins": ["https://example.com"], "allowMethods": ["GET"], "maxAge": -1, "allowCredentials": false})
    );
    let api = stack.ok("PATCH", one.as_str(), json!({"description": "", "version": ""})).await;
    assert!(api["description"].is_null() && api["version"].is_null() && api["name"] == "b", "{api}");
    stack.ok("DELETE", format!("{one}/cors"), Value::Null).await;
    assert!(stack.ok("GET", one.as_str(), Value::Null).await["corsConfiguration"].is_null());

    stack.ok("DELETE", one.as_str(), Value::Null).await;
    let gone = stack.fails("GET", &one, Value::Null).await;
    assert_eq!(gone, (404, format!("Invalid API identifier specified {}", api_id(&one))));
    assert!(stack.published.get(api_id(&one)).is_none() && stack.published.get(api_id(&two)).is_some());
}

#[tokio::test]
async fn another_region_knows_nothing_of_it() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    let request = testing::request("apigateway", "eu-west-1", "GET", &api, &[], "");
    assert_eq!(testing::send(&stack.control, request).await.status(), 404);
}

#[tokio::test]
async fn what_no_api_has_is_refused() {
    let stack = Stack::new();
    let refused = [
        (json!({"protocolType": "HTTP"}), "'name'"),
        (json!({"name": "", "protocolType": "HTTP"}), "greater than or equal to 1"),
        (json!({"name": "x".repeat(129), "protocolType": "HTTP"}), "less than or equal to 128"),
        (json!({"name": "a", "protocolType": "TCP"}), "enum value set"),
        (json!({"name": "a", "protocolType": "WEBSOCKET"}), "RouteSelectionExpression is a required"),
        (
            json!({"name": "a", "protocolType": "WEBSOCKET", "routeSelectionExpression": "$request.header.x"}),
            "RouteSelectionExpression",
        ),
        (
            json!({"name": "a", "protocolType": "HTTP", "routeSelectionExpression": "$request.body.a"}),
            "RouteSelectionExpression",
        ),
        (json!({"name": "a", "protocolType": "HTTP", "apiKeySelectionExpression": "x"}), "ApiKeySelectionExpression"),
        (json!({"name": "a", "protocolType": "HTTP", "routeKey": "GET /a"}), "Target"),
        (json!({"name": "a", "protocolType": "HTTP", "target": "ftp://x"}), "Invalid HTTP endpoint"),
        (json!({"name": "a", "protocolType": "HTTP", "tags": {"aws:x": "y"}}), "aws:"),
        (
            json!({"name": "a", "protocolType": "HTTP", "corsConfiguration": {"allowOrigins": ["*"], "allowCredentials": true}}),
            "AllowCredentials",
        ),
        (json!({"name": "a", "protocolType": "HTTP", "corsConfiguration": {"maxAge": 86_401}}), "86400"),
    ];
    for (body, message) in refused {
        let (status, said) = stack.fails("POST", "/v2/apis", body).await;
        assert!(status == 400 && said.contains(message), "{message}: {status} {said}");
    }
    for page in ["maxResults=0", "maxResults=x", "nextToken=x", "nextToken=eA"] {
        assert_eq!(stack.fails("GET", &format!("/v2/apis?{page}"), Value::Null).await.0, 400, "{page}");
    }
    assert_eq!(stack.ok("GET", "/v2/apis", Value::Null).await["items"], json!([]));
}
