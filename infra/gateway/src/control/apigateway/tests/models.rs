//! Models.

use super::*;

#[tokio::test]
async fn models_are_checked_as_on_aws() {
    let f = Fixture::new().await;
    let create = |name: &str, schema: Value| {
        let body = json!({"name": name, "contentType": "application/json", "schema": schema});
        let f = &f;
        async move { f.call("POST", "/models", body).await }
    };
    let schema = json!({"title": "A", "type": "object"}).to_string();
    let (status, model) = create("A", json!(schema)).await;
    assert_eq!((status, model["id"].as_str().unwrap().len()), (201, 6));
    let message = |(_, body): (u16, Value)| body["message"].as_str().unwrap().to_owned();
    assert_eq!(message(create("A", json!(schema)).await), "Model name already exists for this REST API");
    assert_eq!(message(create("", json!(schema)).await), "Model name must be non-empty");
    let empty = "Model schema must have at least 1 property or array items defined";
    assert_eq!(message(create("B", json!("")).await), empty);
    assert_eq!(message(create("B", json!(null)).await), empty);
    assert!(message(create("B", json!("{")).await).starts_with("Invalid model specified: Validation Result"));
    let refused = |operations: Value| {
        let f = &f;
        async move { f.patch_refused("/models/A", operations).await.1 }
    };
    assert_eq!(refused(json!([{"op": "replace", "path": "/schema", "value": ""}])).await, empty);
    assert_eq!(
        refused(json!([{"op": "add", "path": "/wrong-path", "value": "x"}])).await,
        "Invalid patch path  '/wrong-path' specified for op 'add'. Please choose supported operations"
    );
    assert_eq!(
        refused(json!([{"op": "replace", "path": "/name", "value": "x"}])).await,
        "Invalid patch path  '/name' specified for op 'replace'. Must be one of: [/description, /schema]"
    );
    let unknown = (404, "Invalid model name specified: C".to_owned());
    assert_eq!(f.refused("GET", "/models/C", json!(null)).await, unknown);
    assert_eq!(f.refused("DELETE", "/models/C", json!(null)).await, unknown);
}

#[tokio::test]
async fn a_model_in_use_cannot_be_deleted() {
    let f = Fixture::new().await;
    f.ok("POST", "/models", json!({"name": "A", "contentType": "application/json", "schema": "{\"type\":\"object\"}"}))
        .await;
    let test = f.resource(&f.root, "test").await;
    let body = json!({"authorizationType": "NONE", "requestModels": {"application/json": "A"}});
    for id in [&f.root, &test] {
        f.ok("PUT", &format!("/resources/{id}/methods/ANY"), body.clone()).await;
    }
    let in_use = |at: &str| (409, format!("Cannot delete model 'A', is referenced in method request: {at}"));
    assert_eq!(f.refused("DELETE", "/models/A", json!(null)).await, in_use("/test/ANY"));
    let path = format!("/resources/{test}/methods/ANY");
    let changed = f.patch(&path, json!([{"op": "remove", "path": "/requestModels/application~1json"}])).await;
    assert!(changed.get("requestModels").is_none());
    assert_eq!(f.refused("DELETE", "/models/A", json!(null)).await, in_use("//ANY"));
    f.ok("DELETE", &format!("/resources/{}/methods/ANY", f.root), json!(null)).await;
    assert_eq!(f.call("DELETE", "/models/A", json!(null)).await.0, 202);
}

#[tokio::test]
async fn references_are_put_in_and_a_template_made() {
    let f = Fixture::new().await;
    let id = f.api.trim_start_matches("/restapis/");
    let reference = format!("https://apigateway.amazonaws.com/restapis/{id}/models/Error");
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}, "e": {"$ref": reference}}}).to_string();
    f.ok("POST", "/models", json!({"name": "A", "contentType": "application/json", "schema": schema})).await;
    let flat = f.ok("GET", "/models/A?flatten=true", json!(null)).await;
    let flat: Value = serde_json::from_str(flat["schema"].as_str().unwrap()).unwrap();
    assert_eq!(flat["properties"]["e"]["properties"]["message"]["type"], "string");
    let template = f.ok("GET", "/models/A/default_template", json!(null)).await;
    assert_eq!(
        template["value"],
        "#set($inputRoot = $input.path('$'))\n{\n  \"n\" : 42,\n  \"e\" : {\n    \"message\" : \"foo\"\n  }\n}"
    );
    let unknown = json!({"name": "B", "contentType": "application/json", "schema":
        json!({"$ref": format!("https://apigateway.amazonaws.com/restapis/{id}/models/No")}).to_string()});
    assert_eq!(f.refused("POST", "/models", unknown).await.0, 400);
}
