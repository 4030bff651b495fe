//! Parts and versions, as clients see them.

use serde_json::{Value, json};

use super::super::super::Control;
use super::super::super::testing::{control, request, rest, send};
use super::super::super::world::lock;
use crate::model::{RestApi, Stage};

fn with_api() -> Control {
    let control = control();
    let stages = [("prod".to_owned(), Stage { stage_name: "prod".to_owned(), ..Stage::default() })].into();
    let api = RestApi { id: "api".to_owned(), stages, ..RestApi::default() };
    lock(&control.default_world().unwrap().apigateway).apis.insert("api", api).unwrap();
    control
}

#[tokio::test]
async fn parts_and_versions_live() {
    let control = with_api();
    let call = async |method: &str, path: &str, body: Value| rest(&control, "apigateway", method, path, body).await;
    let parts = "/restapis/api/documentation/parts";
    let versions = "/restapis/api/documentation/versions";
    assert_eq!(call("POST", versions, json!({"documentationVersion": "1"})).await.0, 400);
    let (status, made) =
        call("POST", parts, json!({"location": {"type": "METHOD", "path": "/a"}, "properties": "{\"x\": 1}"})).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["location"], json!({"type": "METHOD", "path": "/a", "method": "*"}));
    let part = format!("{parts}/{}", made["id"].as_str().unwrap());
    for (body, status, expected) in [
        (
            json!({"location": {"type": "METHOD", "path": "/a"}, "properties": "{}"}),
            409,
            "Documentation part already exists for the specified location: type 'METHOD', path '/a', method '*'",
        ),
        (
            json!({"location": {"type": "API"}, "properties": "text"}),
            400,
            "Documentation part properties must be a JSON object",
        ),
        (
            json!({"location": {"type": "API", "path": "/"}, "properties": "{}"}),
            400,
            "Invalid documentation part location: API has no path",
        ),
        (
            json!({"location": {"type": "MODEL"}, "properties": "{}"}),
            400,
            "Invalid documentation part location: MODEL needs a name",
        ),
    ] {
        let (found, answer) = call("POST", parts, body).await;
        assert_eq!((found, answer["message"].as_str().unwrap()), (status, expected));
    }
    let patch = |path: &str, value: &str| json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]});
    assert_eq!(call("PATCH", &part, patch("/properties", "{\"y\": 2}")).await.1["properties"], "{\"y\": 2}");
    let (status, refused) = call("PATCH", &part, patch("/location", "x")).await;
    assert_eq!(
        (status, refused["message"].as_str().unwrap()),
        (400, "Invalid patch path  '/location' specified for op 'replace'. Must be one of: [/properties]")
    );

    let (status, version) =
        call("POST", versions, json!({"documentationVersion": "1", "stageName": "prod", "description": "d"})).await;
    assert_eq!((status, &version["version"]), (201, &json!("1")));
    assert_eq!(call("POST", versions, json!({"documentationVersion": "1"})).await.0, 409);
    assert_eq!(call("PATCH", &format!("{versions}/1"), patch("/description", "e")).await.1["description"], "e");
    assert_eq!(call("DELETE", &format!("{versions}/1"), json!(null)).await.0, 400);
    assert_eq!(call("POST", versions, json!({"documentationVersion": "2"})).await.0, 201);
    assert_eq!(call("DELETE", &format!("{versions}/2"), json!(null)).await.0, 202);
    assert_eq!(
        call("GET", &format!("{versions}/2"), json!(null)).await.1["message"],
        "Invalid Documentation version identifier specified"
    );

    assert_eq!(call("DELETE", &part, json!(null)).await.0, 202);
    assert_eq!(call("GET", &part, json!(null)).await.1["message"], "Invalid Documentation part identifier specified");
    assert_eq!(call("GET", "/restapis/none/documentation/parts", json!(null)).await.0, 404);
}

#[tokio::test]
async fn parts_are_imported_over_or_into_those_there_are() {
    let control = with_api();
    let import = async |query: &str, parts: Value| {
        let document = json!({"swagger": "2.0", "info": {"title": "t"}, "x-amazon-apigateway-documentation": {"documentationParts": parts}});
        let path = format!("/restapis/api/documentation/parts?{query}");
        let reply = send(&control, request("apigateway", "us-east-1", "PUT", &path, &[], document.to_string())).await;
        (reply.status().as_u16(), serde_json::from_slice::<Value>(reply.body()).unwrap())
    };
    let api = json!({"location": {"type": "API"}, "properties": {"description": "a"}});
    let model = json!({"location": {"type": "MODEL", "name": "Pet"}, "properties": {"description": "p"}});
    let bad = json!({"location": {"type": "MODEL"}, "properties": {"description": "p"}});
    let (status, first) = import("mode=merge", json!([api, bad])).await;
    assert_eq!((status, first["ids"].as_array().unwrap().len()), (200, 1), "{first}");
    assert_eq!(first["warnings"], json!(["type 'MODEL': Invalid documentation part location: MODEL needs a name"]));
    assert_eq!(import("mode=merge&failonwarnings=true", json!([model, bad])).await.0, 400);
    let (_, merged) = import("mode=merge", json!([api, model])).await;
    assert_eq!(merged["ids"][0], first["ids"][0]);
    let (_, parts) =
        rest(&control, "apigateway", "GET", "/restapis/api/documentation/parts?type=MODEL", json!(null)).await;
    assert_eq!(parts["item"][0]["properties"], "{\"description\":\"p\"}");
    import("mode=overwrite", json!([model])).await;
    let (_, parts) = rest(&control, "apigateway", "GET", "/restapis/api/documentation/parts", json!(null)).await;
    assert_eq!(parts["item"].as_array().unwrap().len(), 1);
}
