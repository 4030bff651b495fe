//! Whole programs, as the guide and others write them.

use super::*;
use crate::model::{Api, ApiIntegration, ApiStage, Model, Route};

#[tokio::test]
async fn the_guides_http_api_serves_at_once() {
    let stack = Stack::new();
    let body = json!({"name": "MyHTTPAPI", "protocolType": "HTTP", "corsConfiguration": {
        "allowOrigins": ["https://example.com"], "allowMethods": ["GET", "POST", "PUT", "DELETE"],
        "allowHeaders": ["Content-Type", "Authorization"], "maxAge": 86_400}});
    let api = format!("/v2/apis/{}", id(&stack.ok("POST", "/v2/apis", body).await, "apiId"));
    let integration = stack.integration(&api).await;
    stack.route(&api, "GET /users", &integration).await;
    stack.ok("POST", format!("{api}/stages"), json!({"stageName": "$default", "autoDeploy": true})).await;
    assert_eq!(seen(&stack.get(api_id(&api), "/users").await), OK);
    assert_eq!(stack.fake.event("f")["version"], "2.0");
    // Routes that come after the stage serve at once too.
    stack.route(&api, "GET /later", &integration).await;
    assert_eq!(seen(&stack.get(api_id(&api), "/later").await), OK);
}

#[tokio::test]
async fn the_guides_web_socket_api_is_served() {
    let stack = Stack::new();
    let api = stack.web_socket_api().await;
    for key in ["$connect", "$disconnect", "$default", "sendMessage"] {
        let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
        let body = json!({"integrationType": "AWS_PROXY", "integrationUri": uri});
        let integration = id(&stack.ok("POST", format!("{api}/integrations"), body).await, "integrationId");
        stack.route(&api, key, &integration).await;
    }
    stack.ok("POST", format!("{api}/stages"), json!({"stageName": "production", "autoDeploy": true})).await;
    let Some(Plane::WebSocket(plane)) = stack.published.get(api_id(&api)) else { panic!("it is not published") };
    let stage = &plane.stages["production"];
    let mut keys: Vec<_> = stage.routes.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["$connect", "$default", "$disconnect", "sendMessage"]);
    assert_eq!(stage.warnings, Vec::<String>::new());
}

#[tokio::test]
async fn quick_create_serves_in_one_call() {
    let stack = Stack::new();
    let body = json!({"name": "q", "protocolType": "HTTP", "target": FUNCTION, "routeKey": "GET /hello"});
    let api = format!("/v2/apis/{}", id(&stack.ok("POST", "/v2/apis", body).await, "apiId"));
    assert_eq!(seen(&stack.get(api_id(&api), "/hello").await), OK);
    let integration = &stack.ok("GET", format!("{api}/integrations"), Value::Null).await["items"][0];
    assert_eq!(
        (&integration["payloadFormatVersion"], &integration["apiGatewayManaged"]),
        (&json!("2.0"), &json!(true))
    );
    let stage = stack.ok("GET", format!("{api}/stages/$default"), Value::Null).await;
    assert_eq!((&stage["autoDeploy"], &stage["apiGatewayManaged"]), (&json!(true), &json!(true)));
    let other = "arn:aws:lambda:us-east-1:000000000000:function:g";
    stack.fake.answer("g", ok());
    stack.ok("PATCH", api.as_str(), json!({"target": other, "routeKey": "$default"})).await;
    assert_eq!(seen(&stack.get(api_id(&api), "/anything").await), OK);
    assert_eq!(stack.fake.count("g"), 1);
    let url = json!({"name": "u", "protocolType": "HTTP", "target": "https://example.com/"});
    let api = format!("/v2/apis/{}", id(&stack.ok("POST", "/v2/apis", url).await, "apiId"));
    let integration = &stack.ok("GET", format!("{api}/integrations"), Value::Null).await["items"][0];
    assert_eq!(
        (&integration["integrationType"], &integration["integrationMethod"]),
        (&json!("HTTP_PROXY"), &json!("ANY"))
    );
}

#[tokio::test]
async fn what_was_created_and_deployed_serves_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sqlite");
    let stack = Stack::open(Some(&path));
    let api = stack.http_api().await;
    let integration = stack.integration(&api).await;
    stack.route(&api, "GET /one", &integration).await;
    stack.ok("POST", format!("{api}/stages"), json!({"stageName": "dev"})).await;
    stack.ok("POST", format!("{api}/deployments"), json!({"stageName": "dev"})).await;
    stack.route(&api, "GET /two", &integration).await;
    let before = stack.ok("GET", format!("{api}/routes"), Value::Null).await;
    drop(stack);
    let stack = Stack::open(Some(&path));
    assert_eq!(stack.ok("GET", format!("{api}/routes"), Value::Null).await, before);
    assert_eq!(seen(&stack.get(api_id(&api), "/dev/one").await), OK);
    assert_eq!(stack.get(api_id(&api), "/dev/two").await.0, 404, "it was never deployed");
    stack.ok("DELETE", api.as_str(), Value::Null).await;
    drop(stack);
    let stack = Stack::open(Some(&path));
    assert_eq!(stack.ok("GET", "/v2/apis", Value::Null).await["items"], json!([]));
    assert!(stack.published.all().is_empty());
}

#[tokio::test]
async fn a_templates_api_is_listed_changed_and_taken_away_with_it() {
    let stack = Stack::new();
    let mut api = Api {
        api_id: "edgeapi".to_owned(),
        logical_id: Some("EdgeApi".to_owned()),
        name: "edge".to_owned(),
        route_selection_expression: "$request.method $request.path".to_owned(),
        ..Api::default()
    };
    let integration = ApiIntegration {
        integration_id: "i".to_owned(),
        integration_uri: Some(FUNCTION.to_owned()),
        ..ApiIntegration::default()
    };
    api.integrations.insert("i".to_owned(), integration);
    let route = Route {
        route_id: "r".to_owned(),
        route_key: "GET /one".to_owned(),
        integration_id: Some("i".to_owned()),
        authorization_type: "NONE".to_owned(),
        ..Route::default()
    };
    api.routes.insert("r".to_owned(), route);
    let stage = ApiStage { stage_name: "$default".to_owned(), auto_deploy: true, ..ApiStage::default() };
    api.stages.insert("$default".to_owned(), stage);
    let mut model = Model::default();
    model.apis.insert("edgeapi".to_owned(), api);
    stack.control.declare_apis(&model.apis).unwrap();

    let listed = stack.ok("GET", "/v2/apis", Value::Null).await;
    assert_eq!(listed["items"][0]["apiId"], "edgeapi");
    let stage = stack.ok("GET", "/v2/apis/edgeapi/stages/$default", Value::Null).await;
    let deployment = id(&stage, "deploymentId");
    stack.ok("GET", format!("/v2/apis/edgeapi/deployments/{deployment}"), Value::Null).await;
    stack.route("/v2/apis/edgeapi", "GET /two", "i").await;
    assert_eq!(seen(&stack.get("edgeapi", "/two").await), OK);

    stack.control.declare_apis(&model.apis).unwrap();
    let routes = stack.ok("GET", "/v2/apis/edgeapi/routes", Value::Null).await;
    assert_eq!(routes["items"].as_array().unwrap().len(), 1, "the template says what there is");
    stack.control.declare_apis(&indexmap::IndexMap::new()).unwrap();
    assert_eq!(stack.fails("GET", "/v2/apis/edgeapi", Value::Null).await.0, 404);
}
