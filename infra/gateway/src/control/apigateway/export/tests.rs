//! What is exported is what was imported.

use serde_json::{Value, json};

use super::super::super::Control;
use super::super::super::testing::{control, request, rest, send};
use super::super::super::world::lock;
use crate::model::{Deployment, RestApi, Stage};

const DOCUMENT: &str = r##"{
  "openapi": "3.0.1",
  "info": {"title": "Shop", "version": "1.0", "description": "Sells \"pets\""},
  "tags": [{"name": "team", "x-amazon-apigateway-tag-value": "blue"}],
  "paths": {
    "/pets/{id}": {
      "get": {
        "operationId": "GetPet",
        "parameters": [{"name": "id", "in": "path", "required": true}, {"name": "page", "in": "query"}, {"name": "X-A", "in": "header", "required": true}],
        "responses": {"200": {"headers": {"X-B": {}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}, "404": {}},
        "security": [{"guard": []}, {"keys": []}],
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-integration": {"type": "AWS", "httpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:dynamodb:action/GetItem",
          "credentials": "arn:aws:iam::123456789012:role/r", "requestTemplates": {"application/json": "{\"a\": \"$input.params('id')\"}\n"},
          "requestParameters": {"integration.request.header.X": "'y'"}, "passthroughBehavior": "never", "timeoutInMillis": 1000,
          "cacheKeyParameters": ["method.request.path.id"], "contentHandling": "CONVERT_TO_TEXT",
          "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "x"}, "responseParameters": {"method.response.header.X-B": "'b'"}},
            ".*Missing.*": {"statusCode": "404"}}}},
      "put": {
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
        "security": [{"sig": []}],
        "x-amazon-apigateway-integration": {"type": "HTTP_PROXY", "httpMethod": "ANY", "uri": "https://example.com", "connectionType": "VPC_LINK", "connectionId": "l", "integrationTarget": "arn:aws:elasticloadbalancing:x", "responseTransferMode": "STREAM", "cacheNamespace": "n", "tlsConfig": {"insecureSkipVerification": true}}}},
    "/{proxy+}": {"x-amazon-apigateway-any-method": {
        "security": [{"pool": ["read"]}, {"asks": []}].slice,
        "x-amazon-apigateway-integration": {"type": "mock"}}}
  },
  "components": {
    "schemas": {"Pet": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Pet"}}}},
    "securitySchemes": {
      "keys": {"type": "apiKey", "name": "x-api-key", "in": "header"},
      "sig": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
      "guard": {"type": "apiKey", "name": "Token", "in": "header", "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations", "identityValidationExpression": "^x", "authorizerResultTtlInSeconds": 0}},
      "asks": {"type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {"type": "request", "identitySource": "method.request.header.A, context.path", "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations"}},
      "pool": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["arn:aws:cognito-idp:us-east-1:1:userpool/p"]}}}
  },
  "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": true}},
  "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.X": "'y'"}}},
  "x-amazon-apigateway-binary-media-types": ["image/png"],
  "x-amazon-apigateway-minimum-compression-size": 10,
  "x-amazon-apigateway-api-key-source": "AUTHORIZER",
  "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}]},
  "x-amazon-apigateway-security-policy": "SecurityPolicy_TLS13_1_3_2025_09",
  "x-amazon-apigateway-endpoint-access-mode": "STRICT",
  "x-amazon-apigateway-endpoint-configuration": {"types": ["PRIVATE"], "ipAddressType": "dualstack", "vpcEndpointIds": ["vpce-1"], "disableExecuteApiEndpoint": true},
  "x-amazon-apigateway-documentation": {"version": "1", "documentationParts": [
    {"location": {"type": "API"}, "properties": {"description": "All of it"}},
    {"location": {"type": "METHOD", "path": "/pets/{id}", "method": "GET"}, "properties": {"summary": "One"}}]}
}"##;

async fn imported(control: &Control, document: impl Into<bytes::Bytes>) -> RestApi {
    let reply = send(control, request("apigateway", "us-east-1", "POST", "/restapis?mode=import", &[], document)).await;
    let made: Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(reply.status(), 201, "{made}");
    let world = control.default_world().unwrap();
    let state = lock(&world.apigateway);
    state.apis.get(made["id"].as_str().unwrap()).unwrap().clone()
}

/// Deploys the API to the stage `prod`, as `create-deployment` does.
fn deploy(control: &Control, api: &RestApi) {
    let world = control.default_world().unwrap();
    let mut state = lock(&world.apigateway);
    let deployment = Deployment { id: "d".to_owned(), snapshot: api.clone().into(), ..Deployment::default() };
    state.deployments.insert(format!("{}/d", api.id), deployment).unwrap();
    let stage = Stage {
        stage_name: "prod".to_owned(),
        deployment_id: "d".to_owned(),
        documentation_version: Some("1".to_owned()),
        ..Stage::default()
    };
    let added = state.apis.update(&api.id, |api| {
        api.stages.insert("prod".to_owned(), stage);
        // Later changes are no part of what was deployed.
        "Changed".clone_into(&mut api.name);
        Ok(())
    });
    added.unwrap().unwrap();
}

async fn export(control: &Control, id: &str, kind: &str, query: &str, accept: &str) -> (u16, String, String) {
    let path = format!("/restapis/{id}/stages/prod/exports/{kind}{query}");
    let reply = send(control, request("apigateway", "us-east-1", "GET", &path, &[("Accept", accept)], "")).await;
    let header =
        |name: &str| reply.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let disposition = header("content-disposition");
    (reply.status().as_u16(), disposition, String::from_utf8(reply.body().to_vec()).unwrap())
}

/// An API without what differs with its id: ids, and models' addresses.
fn comparable(api: &RestApi) -> Value {
    let mut text = serde_json::to_string(api).unwrap().replace(&api.id, "ID");
    let ids = api.resources.iter().map(|resource| (&resource.id, &resource.path));
    let ids = ids.chain(api.authorizers.values().map(|authorizer| (&authorizer.id, &authorizer.name)));
    let ids = ids.chain(api.models.values().map(|model| (&model.id, &model.name)));
    for (id, name) in ids {
        text = text.replace(&format!("\"{id}\""), &format!("\"of {name}\""));
    }
    for validator in api.request_validators.values() {
        text = text.replace(&validator.id, "validator");
    }
    for (number, id) in api.documentation_parts.keys().enumerate() {
        text = text.replace(id, &format!("part {number}"));
    }
    let mut value: Value = serde_json::from_str(&text).unwrap();
    if let Some(version) = value.pointer_mut("/documentationVersions/1/createdDate") {
        *version = json!(0);
    }
    value["createdDate"] = json!(0);
    value
}

#[tokio::test]
async fn what_is_exported_imports_as_the_same_api() {
    let control = control();
    let document = DOCUMENT.replace(r#"[{"pool": ["read"]}, {"asks": []}].slice"#, r#"[{"pool": ["read"]}]"#);
    let first = imported(&control, document).await;
    deploy(&control, &first);
    for (kind, accept) in [
        ("oas30", "application/json"),
        ("oas30", "application/yaml"),
        ("swagger", "application/json"),
        ("swagger", "application/yaml"),
    ] {
        let (status, disposition, body) =
            export(&control, &first.id, kind, "?extensions=apigateway,documentation", accept).await;
        assert_eq!(status, 200, "{body}");
        let ending = accept.rsplit_once('/').unwrap().1;
        assert_eq!(disposition, format!("attachment; filename=\"{kind}_1970-01-01T00:00:00Z.{ending}\""));
        let second = imported(&control, body).await;
        assert_eq!(comparable(&second), comparable(&first), "{kind} {accept}");
    }
}

#[tokio::test]
async fn extensions_are_written_where_they_are_asked_for() {
    let control = control();
    let document = DOCUMENT.replace(r#"[{"pool": ["read"]}, {"asks": []}].slice"#, r#"[{"asks": []}]"#);
    let api = imported(&control, document).await;
    deploy(&control, &api);
    let read = async |query: &str| {
        let (status, _, body) = export(&control, &api.id, "swagger", query, "application/json").await;
        assert_eq!(status, 200, "{body}");
        body
    };
    let bare = read("").await;
    assert!(!bare.contains("x-amazon-apigateway-i") && !bare.contains("x-amazon-apigateway-authorizer"), "{bare}");
    let document: Value = serde_json::from_str(&bare).unwrap();
    assert_eq!(document["host"], format!("{}.execute-api.us-east-1.amazonaws.com", api.id));
    assert_eq!((&document["basePath"], &document["schemes"]), (&json!("/prod"), &json!(["https"])));
    assert_eq!(document["info"], json!({"description": "Sells \"pets\"", "version": "1.0", "title": "Shop"}));
    assert_eq!(
        document["paths"]["/pets/{id}"]["put"],
        json!({"consumes": ["application/json"], "security": [{"sigv4": []}],
            "parameters": [{"in": "body", "name": "Pet", "required": true, "schema": {"$ref": "#/definitions/Pet"}}]})
    );
    assert_eq!(document["definitions"]["Pet"]["properties"]["next"]["$ref"], "#/definitions/Pet");
    let some = read("?extensions=integrations").await;
    assert!(some.contains("x-amazon-apigateway-integration") && !some.contains("gateway-responses"));
    for (kind, query, accept, expected) in [
        ("raml", "", "application/json", "No API exporter for type 'raml'"),
        ("swagger", "?extensions=magic", "application/json", "Invalid extension 'magic' specified"),
        ("swagger", "", "text/html", "Invalid Accept 'text/html' specified"),
    ] {
        let (status, _, body) = export(&control, &api.id, kind, query, accept).await;
        assert!(status == 400 && body.contains(expected), "{body}");
    }
    let (status, body) =
        rest(&control, "apigateway", "GET", &format!("/restapis/{}/stages/none/exports/swagger", api.id), json!(null))
            .await;
    assert_eq!((status, body["message"].as_str().unwrap()), (404, "Invalid Stage identifier specified"));
    let (_, types) = rest(&control, "apigateway", "GET", "/sdktypes", json!(null)).await;
    assert_eq!(types["item"].as_array().unwrap().len(), 6);
    let (status, body) =
        rest(&control, "apigateway", "GET", &format!("/restapis/{}/stages/prod/sdks/java", api.id), json!(null)).await;
    assert!(status == 400 && body["message"].as_str().unwrap().contains("generates no SDKs"), "{body}");
}
