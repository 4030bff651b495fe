//! Imports as clients send them.

use serde_json::{Value, json};

use super::super::super::Control;
use super::super::super::testing::{control, request, send};
use super::super::super::world::lock;
use crate::model::{RestApi, Stage};

async fn sent(control: &Control, method: &str, path: &str, document: impl Into<bytes::Bytes>) -> (u16, Value) {
    let reply = send(control, request("apigateway", "us-east-1", method, path, &[], document)).await;
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
}

fn api(control: &Control, id: &str) -> RestApi {
    lock(&control.default_world().unwrap().apigateway).apis.get(id).unwrap().clone()
}

fn change(control: &Control, id: &str, change: impl FnOnce(&mut RestApi)) {
    let world = control.default_world().unwrap();
    let changed = lock(&world.apigateway).apis.update(id, |api| {
        change(api);
        Ok(())
    });
    changed.unwrap().unwrap();
}

fn paths(api: &RestApi) -> Vec<&str> {
    api.resources.iter().map(|resource| resource.path.as_str()).collect()
}

const FIRST: &str = "
openapi: 3.0.1
info: {title: One, version: '1', description: d}
servers: [{url: 'https://x.example.com/base/v2'}]
paths:
  /a: {get: {security: [{guard: []}], x-amazon-apigateway-request-validator: body, x-amazon-apigateway-integration: {type: mock}}}
  /a/b: {get: {x-amazon-apigateway-integration: {type: mock}}}
x-amazon-apigateway-request-validators: {body: {validateRequestBody: true}}
components:
  schemas: {Pet: {type: object}, Old: {type: string}}
  securitySchemes:
    guard:
      type: apiKey
      name: Authorization
      in: header
      x-amazon-apigateway-authtype: custom
      x-amazon-apigateway-authorizer: {type: token, authorizerUri: 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations'}
";

const SECOND: &str = "
openapi: 3.0.1
info: {title: Two, version: '2'}
paths:
  /a: {post: {security: [{guard: []}], x-amazon-apigateway-integration: {type: mock}}}
  /c: {get: {x-amazon-apigateway-integration: {type: mock}}}
components:
  schemas: {Pet: {type: array}}
  securitySchemes:
    guard:
      type: apiKey
      name: Token
      in: header
      x-amazon-apigateway-authtype: custom
      x-amazon-apigateway-authorizer: {type: token, authorizerUri: 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/g/invocations'}
";

#[tokio::test]
async fn an_import_answers_with_the_api() {
    let control = control();
    let path = "/restapis?mode=import&basepath=prepend&endpointConfigurationTypes=REGIONAL";
    let (status, made) = sent(&control, "POST", path, FIRST).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    let root = api(&control, id).resources[0].id.clone();
    let created = made["createdDate"].clone();
    assert_eq!(
        made,
        json!({"id": id, "name": "One", "version": "1", "description": "d", "createdDate": created, "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"}, "disableExecuteApiEndpoint": false,
            "rootResourceId": root})
    );
    assert_eq!(paths(&api(&control, id)), ["/", "/base", "/base/v2", "/base/v2/a", "/base/v2/a/b"]);
}

#[tokio::test]
async fn merging_adds_and_overwriting_replaces_and_both_keep_ids() {
    let control = control();
    let (_, made) = sent(&control, "POST", "/restapis?mode=import", FIRST).await;
    let id = made["id"].as_str().unwrap().to_owned();
    change(&control, &id, |api| {
        api.stages.insert("prod".to_owned(), Stage::default());
        // As one made by hand would be: with an id of its own.
        let (_, mut authorizer) = api.authorizers.shift_remove_index(0).unwrap();
        "mine".clone_into(&mut authorizer.id);
        api.authorizers.insert("mine".to_owned(), authorizer);
    });
    let before = api(&control, &id);

    let (status, merged) = sent(&control, "PUT", &format!("/restapis/{id}?mode=merge"), SECOND).await;
    assert_eq!((status, &merged["name"]), (200, &json!("Two")), "{merged}");
    let after = api(&control, &id);
    assert_eq!(paths(&after), ["/", "/a", "/a/b", "/c"]);
    let a = &after.resources[1];
    assert_eq!(a.id, before.resources[1].id);
    assert_eq!(a.methods.keys().collect::<Vec<_>>(), ["GET", "POST"]);
    assert_eq!(a.methods["POST"].authorizer_id.as_deref(), Some("mine"));
    assert_eq!(after.authorizers["mine"].identity_source.as_deref(), Some("method.request.header.Token"));
    assert_eq!(after.models.keys().collect::<Vec<_>>(), ["Pet", "Old"]);
    assert!(after.models["Pet"].schema.as_ref().unwrap().contains("array"));
    assert_eq!(
        (after.models["Pet"].id.as_str(), after.description.as_deref()),
        (before.models["Pet"].id.as_str(), Some("d"))
    );

    let (status, _) = sent(&control, "PUT", &format!("/restapis/{id}?mode=overwrite"), SECOND).await;
    assert_eq!(status, 200);
    let after = api(&control, &id);
    assert_eq!(paths(&after), ["/", "/a", "/c"]);
    assert_eq!(after.resources[1].id, before.resources[1].id);
    assert_eq!(after.resources[1].methods.keys().collect::<Vec<_>>(), ["POST"]);
    assert_eq!(after.resources[1].methods["POST"].authorizer_id.as_deref(), Some("mine"));
    assert_eq!(after.models.keys().collect::<Vec<_>>(), ["Pet"]);
    assert!(after.request_validators.is_empty());
    assert_eq!(after.description, None);
    assert!(after.stages.contains_key("prod"));
}

#[tokio::test]
async fn broken_documents_change_nothing() {
    let control = control();
    let (_, made) = sent(&control, "POST", "/restapis?mode=import", FIRST).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let before = api(&control, &id);
    let warns = r##"{"swagger": "2.0", "info": {"title": "t"}, "paths": {"/a": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/No"}}}}}}}"##;
    let circle = r##"{"swagger": "2.0", "info": {"title": "t"}, "responses": {"a": {"$ref": "#/responses/a"}},
        "paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/responses/a"}}}}}}"##;
    for (path, document, expected) in [
        (
            format!("/restapis/{id}?mode=merge&failonwarnings=true"),
            warns,
            "Warnings found during import:\n\tReference to model 'No' not found. Ignoring.",
        ),
        (
            format!("/restapis/{id}?mode=overwrite"),
            circle,
            "Errors found during import:\n\t$ref '#/responses/a' leads back to itself (line 1",
        ),
        (format!("/restapis/{id}?mode=merge&basepath=middle"), FIRST, "Invalid basepath 'middle' specified"),
        (
            format!("/restapis/{id}?mode=merge"),
            r#"{"swagger": "2.0", "paths": {}}"#,
            "Errors found during import:\n\tThe document needs `info`",
        ),
        (format!("/restapis/{id}?mode=merge"), "nonsense", "Errors found during import:\n\tdocument must be a mapping"),
    ] {
        let (status, answer) = sent(&control, "PUT", &path, document).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer["message"].as_str().unwrap().starts_with(expected), "{answer}");
        assert_eq!(api(&control, &id), before);
    }
    let (status, answer) = sent(&control, "PUT", "/restapis/none?mode=merge", FIRST).await;
    assert_eq!(
        (status, answer["message"].as_str().unwrap()),
        (404, "Invalid API identifier specified 000000000000:none")
    );
    let (status, warned) = sent(&control, "PUT", &format!("/restapis/{id}?mode=merge"), warns).await;
    assert_eq!((status, &warned["warnings"]), (200, &json!(["Reference to model 'No' not found. Ignoring."])));
}

#[tokio::test]
async fn what_is_not_known_is_named_and_left_out() {
    let control = control();
    let document = r#"{"swagger": "2.0", "info": {"title": "t"}, "x-internal": 1, "x-amazon-apigateway-magic": {},
      "paths": {"/a": {"x-amazon-apigateway-other": 1, "get": {"x-amazon-apigateway-authe": {},
        "x-amazon-apigateway-integration": {"type": "mock", "requestTemplate": {}, "responses": {"default": {"statusCode": "200", "headers": {}}}}}}},
      "definitions": {"List": {"type": "array", "minItems": 1, "items": {"properties": {"minItems": {"type": "string", "maxItems": 2}}}}},
      "x-amazon-apigateway-cors": {"allowOrigins": ["*"]},
      "x-amazon-apigateway-importexport-version": "1.0"}"#;
    let (status, made) = sent(&control, "POST", "/restapis?mode=import", document).await;
    assert_eq!(status, 201, "{made}");
    let mut warnings: Vec<&str> =
        made["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    warnings.sort_unstable();
    assert_eq!(
        warnings,
        [
            "maxItems is not part of a model that is imported. Ignoring.",
            "minItems is not part of a model that is imported. Ignoring.",
            "paths./a.get.x-amazon-apigateway-authe is not known. Ignoring. (line 2)",
            "paths./a.get.x-amazon-apigateway-integration.requestTemplate is not known. Ignoring. (line 3)",
            "paths./a.get.x-amazon-apigateway-integration.responses.default.headers is not known. Ignoring. (line 3)",
            "paths./a.x-amazon-apigateway-other is not known. Ignoring. (line 2)",
            "x-amazon-apigateway-cors is not known. Ignoring. (line 5)",
            "x-amazon-apigateway-magic is not known. Ignoring. (line 1)",
        ]
    );
    let api = api(&control, made["id"].as_str().unwrap());
    let schema: Value = serde_json::from_str(api.models["List"].schema.as_deref().unwrap()).unwrap();
    assert_eq!(schema, json!({"type": "array", "items": {"properties": {"minItems": {"type": "string"}}}}));
}
