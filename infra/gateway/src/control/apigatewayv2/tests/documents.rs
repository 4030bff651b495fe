use super::*;

fn document() -> String {
    json!({
        "openapi": "3.0.1",
        "info": {"title": "Shop", "version": "7"},
        "servers": [{"url": "https://x.test/{basePath}", "variables": {"basePath": {"default": "a/b"}}}],
        "paths": {
            "/items/{id}": {"get": {"x-amazon-apigateway-integration":
                {"type": "aws_proxy", "uri": FUNCTION, "payloadFormatVersion": "2.0"}}},
            "$default": {"x-amazon-apigateway-any-method": {"isDefaultRoute": true, "x-amazon-apigateway-integration":
                {"type": "aws_proxy", "uri": FUNCTION, "payloadFormatVersion": "2.0"}}},
        },
        "x-amazon-apigateway-cors": {"allowOrigins": ["*"]},
    })
    .to_string()
}

async fn keys(stack: &Stack, api: &str) -> Vec<String> {
    let routes = stack.ok("GET", format!("{api}/routes"), Value::Null).await;
    routes["items"].as_array().unwrap().iter().map(|route| id(route, "routeKey")).collect()
}

#[tokio::test]
async fn an_api_is_imported_and_imported_again() {
    let stack = Stack::new();
    let api = stack.ok("PUT", "/v2/apis", json!({"body": document()})).await;
    assert_eq!((&api["name"], &api["version"]), (&json!("Shop"), &json!("7")));
    assert_eq!(api["corsConfiguration"]["allowOrigins"], json!(["*"]));
    let path = format!("/v2/apis/{}", id(&api, "apiId"));
    assert_eq!(keys(&stack, &path).await, ["GET /items/{id}", "$default"]);
    stack.ok("POST", format!("{path}/stages"), json!({"stageName": "$default", "autoDeploy": true})).await;
    assert_eq!(seen(&stack.get(api_id(&path), "/items/1").await), OK);

    let (status, again) = stack.call("PUT", &format!("{path}?basepath=prepend"), json!({"body": document()})).await;
    assert_eq!((status, &again["apiId"], &again["createdDate"]), (201, &api["apiId"], &api["createdDate"]));
    assert_eq!(keys(&stack, &path).await, ["GET /a/b/items/{id}", "$default"]);
    stack.get(api_id(&path), "/a/b/items/1").await;
    assert_eq!(stack.fake.event("f")["routeKey"], "GET /a/b/items/{id}", "the stage followed");
}

#[tokio::test]
async fn what_cannot_be_imported_is_told_with_its_place() {
    let stack = Stack::new();
    let (status, message) =
        stack.fails("PUT", "/v2/apis", json!({"body": "openapi: 3.0.1\npaths: {/a: {get: {}}}"})).await;
    assert!(status == 400 && message.starts_with("Errors found during import:\n\t2:"), "{message}");
    let strange = document().replace("\"isDefaultRoute\":true", "\"isDefaultRoute\":true,\"x-amazon-new\":1");
    let (status, message) = stack.fails("PUT", "/v2/apis?failOnWarnings=true", json!({"body": strange})).await;
    assert!(status == 400 && message.starts_with("Warnings found during import:\n\t"), "{message}");
    let warned = stack.ok("PUT", "/v2/apis", json!({"body": strange})).await;
    assert_eq!(warned["warnings"].as_array().unwrap().len(), 1, "{warned}");
    assert_eq!(stack.fails("PUT", "/v2/apis?basepath=x", json!({"body": document()})).await.0, 400);
    let chat = stack.web_socket_api().await;
    assert_eq!(stack.fails("PUT", &chat, json!({"body": document()})).await.0, 400);
    assert_eq!(stack.fails("PUT", "/v2/apis/none", json!({"body": document()})).await.0, 404);
}

#[tokio::test]
async fn what_is_exported_can_be_imported() {
    let stack = Stack::new();
    let api = format!("/v2/apis/{}", id(&stack.ok("PUT", "/v2/apis", json!({"body": document()})).await, "apiId"));
    let body = json!({"name": "j", "authorizerType": "JWT", "identitySource": ["$request.header.Authorization"],
        "jwtConfiguration": {"audience": ["me"], "issuer": "https://issuer.test"}});
    let authorizer = id(&stack.ok("POST", format!("{api}/authorizers"), body).await, "authorizerId");
    let route = json!({"routeKey": "POST /signed", "authorizationType": "JWT", "authorizerId": authorizer,
        "authorizationScopes": ["write"], "target": format!("integrations/{}", stack.integration(&api).await)});
    stack.ok("POST", format!("{api}/routes"), route).await;
    for kind in ["JSON", "YAML"] {
        let path = format!("{api}/exports/OAS30?outputType={kind}");
        let request = testing::request("apigateway", "us-east-1", "GET", &path, &[], "");
        let reply = testing::send(&stack.control, request).await;
        assert_eq!(reply.status(), 200);
        let text = String::from_utf8(reply.body().to_vec()).unwrap();
        let again = stack.ok("PUT", "/v2/apis", json!({"body": text})).await;
        let again = format!("/v2/apis/{}", id(&again, "apiId"));
        assert_eq!(keys(&stack, &again).await, ["GET /items/{id}", "$default", "POST /signed"], "{text}");
        let routes = stack.ok("GET", format!("{again}/routes"), Value::Null).await;
        assert_eq!(routes["items"][2]["authorizationType"], "JWT");
        assert_eq!(routes["items"][2]["authorizationScopes"], json!(["write"]));
    }
    let plain = format!("{api}/exports/OAS30?outputType=JSON&includeExtensions=false");
    let exported = stack.ok("GET", plain, Value::Null).await;
    assert!(!exported.to_string().contains("x-amazon"), "{exported}");
    for bad in [
        "exports/OAS20?outputType=JSON",
        "exports/OAS30?outputType=XML",
        "exports/OAS30?outputType=JSON&exportVersion=2",
    ] {
        assert_eq!(stack.fails("GET", &format!("{api}/{bad}"), Value::Null).await.0, 400, "{bad}");
    }
    assert_eq!(
        stack.fails("GET", &format!("{api}/exports/OAS30?outputType=JSON&stageName=x"), Value::Null).await.0,
        404
    );
}
