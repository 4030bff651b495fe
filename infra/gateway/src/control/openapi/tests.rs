//! Documents as generators of clients read them.

use serde_json::{Value, json};

use super::super::testing::{control, request, rest as call, send};
use super::*;

const REST: &str = r##"{
  "openapi": "3.0.1",
  "info": {"title": "Shop", "version": "1.0", "description": "Sells pets"},
  "tags": [{"name": "team", "x-amazon-apigateway-tag-value": "blue"}],
  "paths": {
    "/pets/{id}": {
      "put": {
        "operationId": "PutPet",
        "parameters": [{"name": "dry", "in": "query", "required": true}, {"name": "If-Match", "in": "header"}, {"name": "other", "in": "path"}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
        "responses": {"200": {"headers": {"ETag": {}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}, "404": {}},
        "security": [{"guard": []}, {"keys": []}],
        "x-amazon-apigateway-integration": {"type": "mock"}},
      "get": {
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
        "security": [{"sig": []}],
        "x-amazon-apigateway-integration": {"type": "mock"}}},
    "/{proxy+}": {
      "x-amazon-apigateway-any-method": {"operationId": "Rest", "security": [{"pool": ["read"]}], "x-amazon-apigateway-integration": {"type": "mock"}},
      "options": {"x-amazon-apigateway-integration": {"type": "mock"}}}
  },
  "components": {
    "schemas": {"Pet": {"$schema": "http://json-schema.org/draft-04/schema#", "id": "x", "type": ["object", "null"], "properties": {
      "id": {"type": ["string", "integer"]}, "next": {"$ref": "#/components/schemas/Pet"}}}},
    "securitySchemes": {
      "keys": {"type": "apiKey", "name": "x-api-key", "in": "header"},
      "sig": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
      "guard": {"type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {"type": "request", "identitySource": "context.path, method.request.querystring.key", "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations"}},
      "pool": {"type": "apiKey", "name": "Token", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abc"]}}}
  },
  "x-amazon-apigateway-binary-media-types": ["image/png"]
}"##;

async fn deployed(control: &Control, document: &str, stages: &[&str]) -> String {
    let reply =
        send(control, request("apigateway", "us-east-1", "POST", "/restapis?mode=import", &[], document.to_owned()))
            .await;
    let made: Value = serde_json::from_slice(reply.body()).unwrap();
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    for stage in stages {
        let path = format!("/restapis/{id}/deployments");
        let (status, answer) = call(control, "apigateway", "POST", &path, json!({ "stageName": stage })).await;
        assert_eq!(status, 201, "{answer}");
    }
    id
}

fn oas30(stage: Option<&str>) -> Asked<'_> {
    Asked { stage, ..Asked::default() }
}

#[tokio::test]
async fn a_rest_api_is_what_openapi_means() {
    let control = control();
    let id = deployed(&control, REST, &["prod", "dev"]).await;
    let document = control.openapi(&id, Asked::default()).unwrap();
    let response = |content: Value| json!({"description": "200 response", "headers": {"ETag": {"schema": {"type": "string"}}}, "content": content});
    let pet = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}});
    let path = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    let default = json!({"default": {"description": "Whatever the integration answers"}});
    let any = |verb: &str| json!({"operationId": format!("Rest_{verb}"), "parameters": [path("proxy")], "responses": default, "security": [{"pool": []}]});
    assert_eq!(
        document,
        json!({
            "openapi": "3.0.1",
            "info": {"description": "Sells pets", "version": "1.0", "title": "Shop"},
            "servers": [{"url": format!("http://127.0.0.1:4566/_aws/execute-api/{id}/prod")}],
            "paths": {
                "/pets/{id}": {
                    "put": {
                        "operationId": "PutPet",
                        "parameters": [
                            {"name": "dry", "in": "query", "required": true, "schema": {"type": "string"}},
                            {"name": "If-Match", "in": "header", "required": false, "schema": {"type": "string"}},
                            path("id"),
                        ],
                        "requestBody": {"content": pet, "required": true},
                        "responses": {"200": response(pet.clone()), "404": {"description": "404 response", "content": {}}},
                        "security": [{"guard": [], "api_key": []}],
                    },
                    "get": {"parameters": [path("id")], "responses": default, "security": [{"sigv4": []}]},
                },
                "/{proxy}": {
                    "options": {"parameters": [path("proxy")], "responses": default},
                    "delete": any("delete"), "get": any("get"), "head": any("head"), "patch": any("patch"),
                    "post": any("post"), "put": any("put"),
                },
            },
            "components": {
                "schemas": {"Pet": {"type": "object", "nullable": true, "properties": {
                    "id": {"anyOf": [{"type": "string"}, {"type": "integer"}]}, "next": {"$ref": "#/components/schemas/Pet"}}}},
                "securitySchemes": {
                    "guard": {"type": "apiKey", "name": "key", "in": "query"},
                    "pool": {"type": "apiKey", "name": "Token", "in": "header"},
                    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
                    "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header"},
                },
            },
        })
    );
    let authorizer_gives_keys =
        REST.replacen("\"x-amazon", "\"x-amazon-apigateway-api-key-source\": \"AUTHORIZER\", \"x-amazon", 1);
    let keyless = authorizer_gives_keys.replace(
        r#""tags": [{"name": "team", "x-amazon-apigateway-api-key-source": "AUTHORIZER", "#,
        r#""x-amazon-apigateway-api-key-source": "AUTHORIZER", "tags": [{"name": "team", "#,
    );
    let id = deployed(&control, &keyless, &["prod"]).await;
    let document = control.openapi(&id, Asked::default()).unwrap();
    assert_eq!(document["paths"]["/pets/{id}"]["put"]["security"], json!([{"guard": []}]));
    assert_eq!(document["components"]["securitySchemes"].get("api_key"), None);
}

#[tokio::test]
async fn it_is_asked_for_by_stage_type_and_extensions() {
    let control = control();
    let id = deployed(&control, REST, &["prod", "dev"]).await;
    let dev = control.openapi(&id, oas30(Some("dev"))).unwrap();
    assert_eq!(dev["servers"][0]["url"], format!("http://127.0.0.1:4566/_aws/execute-api/{id}/dev"));
    let swagger = control.openapi(&id, Asked { kind: Some("swagger"), ..Asked::default() }).unwrap();
    assert_eq!(
        (&swagger["swagger"], &swagger["host"], &swagger["basePath"], &swagger["schemes"]),
        (&json!("2.0"), &json!("127.0.0.1:4566"), &json!(format!("/_aws/execute-api/{id}/prod")), &json!(["http"]))
    );
    let put = &swagger["paths"]["/pets/{id}"]["put"];
    assert_eq!(put["parameters"][3], json!({"name": "id", "in": "path", "required": true, "type": "string"}));
    assert_eq!(swagger["definitions"]["Pet"]["type"], json!(["object", "null"]));
    let whole = control.openapi(&id, Asked { extensions: Some("apigateway"), ..Asked::default() }).unwrap();
    assert_eq!(whole["x-amazon-apigateway-binary-media-types"], json!(["image/png"]));
    assert!(
        whole["paths"]["/{proxy+}"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"].is_object()
    );
    assert_eq!(whole["servers"][0]["url"], format!("http://127.0.0.1:4566/_aws/execute-api/{id}/prod"));

    let fails = |asked: Asked<'_>| control.openapi(&id, asked).unwrap_err();
    let invalid = |what: &str| NoDocument::Invalid(what.to_owned());
    assert_eq!(fails(Asked { kind: Some("raml"), ..Asked::default() }), invalid("the type is oas30 or swagger"));
    let NoDocument::Invalid(told) = fails(Asked { extensions: Some("magic"), ..Asked::default() }) else { panic!() };
    assert!(told.starts_with("Invalid extension 'magic' specified"), "{told}");
    let told = format!("nothing is deployed to the stage \"none\" of {id}; its stages: [prod, dev]");
    assert_eq!(fails(oas30(Some("none"))), NoDocument::NotFound(told));
    let told = "there is no API \"none\" here; GET /_ferrogate/apis lists those that are".to_owned();
    assert_eq!(control.openapi("none", Asked::default()).unwrap_err(), NoDocument::NotFound(told));
}

const HTTP: &str = r##"{
  "openapi": "3.0.1", "info": {"title": "Edge", "version": "7"},
  "paths": {
    "/items/{id}": {"get": {"operationId": "getItem", "security": [{"jwt": ["read"]}], "x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/f"}}},
    "/{proxy+}": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}, "x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/f"}}},
    "$default": {"x-amazon-apigateway-any-method": {"isDefaultRoute": true, "x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/f"}}}
  },
  "components": {
    "x-amazon-apigateway-integrations": {"f": {"type": "aws_proxy", "payloadFormatVersion": "2.0",
      "uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations"}},
    "securitySchemes": {"jwt": {"type": "oauth2", "x-amazon-apigateway-authorizer": {"type": "jwt", "identitySource": "$request.header.Authorization",
      "jwtConfiguration": {"issuer": "https://example.com", "audience": ["a"]}}}}
  },
  "x-amazon-apigateway-cors": {"allowOrigins": ["*"]}
}"##;

#[tokio::test]
async fn an_http_api_has_its_routes_and_what_they_ask_for() {
    let control = control();
    let (status, made) = call(&control, "apigateway", "PUT", "/v2/apis", json!({ "body": HTTP })).await;
    assert_eq!(status, 201, "{made}");
    let id = made["apiId"].as_str().unwrap().to_owned();
    let stage = json!({"stageName": "$default", "autoDeploy": true});
    assert_eq!(call(&control, "apigateway", "POST", &format!("/v2/apis/{id}/stages"), stage).await.0, 201);
    let document = control.openapi(&id, Asked::default()).unwrap();
    let path = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    let responses = |route: &str| json!({"default": {"description": format!("Default response for {route}")}});
    assert_eq!(document["servers"], json!([{"url": format!("http://127.0.0.1:4566/_aws/execute-api/{id}")}]));
    assert_eq!(
        document["paths"]["/items/{id}"],
        json!({"get": {"operationId": "getItem", "parameters": [path("id")], "responses": responses("GET /items/{id}"), "security": [{"jwt": []}]}})
    );
    let rest = document["paths"]["/{proxy}"].as_object().unwrap();
    assert_eq!(rest.len(), 7);
    assert_eq!(
        rest["post"],
        json!({"parameters": [path("proxy")], "responses": responses("ANY /{proxy+}"), "security": [{"sigv4": []}]})
    );
    assert_eq!(
        document["components"]["securitySchemes"],
        json!({"jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header"}})
    );
    let text = document.to_string();
    assert!(!text.contains("x-amazon") && !text.contains("$default"), "{text}");
    let whole = control.openapi(&id, Asked { extensions: Some("apigateway"), ..Asked::default() }).unwrap();
    assert!(whole["x-amazon-apigateway-cors"].is_object());
    let told = control.openapi(&id, Asked { kind: Some("swagger"), ..Asked::default() }).unwrap_err();
    assert_eq!(told, NoDocument::Invalid("HTTP APIs have documents of the type oas30 only".to_owned()));
}

#[tokio::test]
async fn all_that_is_served_is_listed() {
    let control = control();
    let id = deployed(&control, REST, &["prod", "dev"]).await;
    deployed(&control, REST, &[]).await;
    let chat = json!({"name": "Chat", "protocolType": "WEBSOCKET", "routeSelectionExpression": "$request.body.action"});
    let (_, chat) = call(&control, "apigateway", "POST", "/v2/apis", chat).await;
    let chat = chat["apiId"].as_str().unwrap();
    let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";
    let of_chat = async |what: &str, body: Value| {
        let (status, made) = call(&control, "apigateway", "POST", &format!("/v2/apis/{chat}/{what}"), body).await;
        assert_eq!(status, 201, "{made}");
        made
    };
    let integration = of_chat("integrations", json!({"integrationType": "AWS_PROXY", "integrationUri": uri})).await;
    let target = format!("integrations/{}", integration["integrationId"].as_str().unwrap());
    of_chat("routes", json!({"routeKey": "$default", "target": target})).await;
    of_chat("stages", json!({"stageName": "live", "autoDeploy": true})).await;
    let listed = serde_json::to_value(control.served_apis()).unwrap();
    let stage = |name: &str| {
        json!({"name": name, "url": format!("http://127.0.0.1:4566/_aws/execute-api/{id}/{name}"),
            "openapi": format!("http://127.0.0.1:4566/_ferrogate/apis/{id}/openapi.json?stage={name}")})
    };
    assert_eq!(
        listed,
        json!([
            {"id": id, "name": "Shop", "protocol": "REST", "account": "000000000000", "region": "us-east-1",
                "stages": [stage("prod"), stage("dev")]},
            {"id": chat, "name": "Chat", "protocol": "WEBSOCKET", "account": "000000000000", "region": "us-east-1",
                "stages": [{"name": "live", "url": format!("ws://127.0.0.1:4566/_aws/execute-api/{chat}/live")}]},
        ])
    );
    let told = control.openapi(chat, Asked::default()).unwrap_err();
    assert_eq!(told, NoDocument::Invalid("WebSocket APIs have no OpenAPI document".to_owned()));
}
