//! Documents, whole and broken.

use serde_json::{Value, json};

use super::{BasePath, Options, rest_api};
use crate::model::RestApi;

fn read(document: &str) -> RestApi {
    rest_api("abc123defg", document.as_bytes(), Options::default()).unwrap()
}

fn errors(document: &str) -> String {
    rest_api("abc123defg", document.as_bytes(), Options::default()).unwrap_err().join("\n")
}

fn method(api: &RestApi, path: &str, verb: &str) -> Value {
    let resource = api.resources.iter().find(|resource| resource.path == path).unwrap();
    serde_json::to_value(&resource.methods[verb]).unwrap()
}

const SWAGGER: &str = r##"{
  "swagger": "2.0",
  "info": {"title": "Shop", "version": "1.0", "description": "Sells pets"},
  "basePath": "/v1/shop",
  "consumes": ["application/json"],
  "tags": [{"name": "team", "x-amazon-apigateway-tag-value": "blue"}, {"name": "pets"}],
  "x-amazon-apigateway-api-key-source": "AUTHORIZER",
  "x-amazon-apigateway-minimum-compression-size": 1024,
  "x-amazon-apigateway-binary-media-types": ["image/png"],
  "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": []},
  "x-amazon-apigateway-request-validators": {
    "all": {"validateRequestBody": true, "validateRequestParameters": true}, "none": {}},
  "x-amazon-apigateway-request-validator": "all",
  "x-amazon-apigateway-gateway-responses": {
    "UNAUTHORIZED": {"responseParameters": {"gatewayresponse.header.X": "'y'"}}},
  "parameters": {"limit": {"name": "limit", "in": "query", "required": false, "type": "string"}},
  "responses": {"Missing": {"description": "none", "schema": {"$ref": "#/definitions/Error"}}},
  "paths": {
    "/pets": {
      "parameters": [{"$ref": "#/parameters/limit"}, {"name": "X-Trace", "in": "header", "required": true, "type": "string"}],
      "post": {
        "operationId": "CreatePet",
        "parameters": [{"in": "body", "name": "pet", "required": true, "schema": {"$ref": "#/definitions/Pet"}}],
        "produces": ["application/json", "application/xml"],
        "responses": {
          "201": {"description": "made", "schema": {"$ref": "#/definitions/Pet"}, "headers": {"Location": {"type": "string"}}},
          "404": {"$ref": "#/responses/Missing"},
          "default": {"description": "left out"}},
        "security": [{"keys": [], "custom": []}],
        "x-amazon-apigateway-request-validator": "none",
        "x-amazon-apigateway-integration": {
          "type": "http", "httpMethod": "POST", "uri": "http://example.com/pets", "connectionType": "VPC_LINK", "connectionId": "abc",
          "credentials": "arn:aws:iam::123456789012:role/r", "passthroughBehavior": "when_no_templates",
          "contentHandling": "CONVERT_TO_TEXT", "timeoutInMillis": 5000, "cacheNamespace": "n",
          "cacheKeyParameters": ["method.request.querystring.limit"],
          "requestParameters": {"integration.request.querystring.limit": "method.request.querystring.limit"},
          "requestTemplates": {"application/json": "$input.body", "text/plain": null},
          "tlsConfig": {"insecureSkipVerification": true},
          "responses": {
            "default": {"statusCode": "201", "responseTemplates": {"application/json": "x"},
              "responseParameters": {"method.response.header.Location": "integration.response.header.Location"}},
            "4\\d\\d": {"statusCode": 404, "contentHandling": "convert_to_binary"}}}}},
    "/pets/{id}": {
      "x-amazon-apigateway-any-method": {
        "security": [{"pool": ["read"]}],
        "parameters": [{"name": "id", "in": "path", "required": true, "type": "string"}],
        "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Pet"}}}},
        "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}}}},
    "/open": {"get": {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}}}
  },
  "securityDefinitions": {
    "keys": {"type": "apiKey", "name": "x-api-key", "in": "header"},
    "custom": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
      "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations",
        "authorizerCredentials": "arn:aws:iam::123456789012:role/a", "identityValidationExpression": "^x-", "authorizerResultTtlInSeconds": 60}},
    "pool": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
      "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["arn:aws:cognito-idp:us-east-1:1:userpool/p"]}}
  },
  "definitions": {
    "Pet": {"type": "object", "properties": {"name": {"type": "string"}, "parent": {"$ref": "#/definitions/Pet"}, "kind": {"$ref": "#/definitions/Kind"}}},
    "Kind": {"type": "string", "enum": ["cat", "dog"]},
    "Error": {"type": "object"},
    "not-a-name": {"type": "string"}
  },
  "x-amazon-apigateway-documentation": {
    "version": "1.0.3",
    "documentationParts": [{"location": {"type": "API"}, "properties": {"description": "All of it"}}]}
}"##;

#[test]
fn a_document_becomes_an_api_whole() {
    let api = read(SWAGGER);
    assert_eq!(
        (api.name.as_str(), api.version.as_deref(), api.description.as_deref()),
        ("Shop", Some("1.0"), Some("Sells pets"))
    );
    assert_eq!(api.api_key_source.as_deref(), Some("AUTHORIZER"));
    assert_eq!(api.minimum_compression_size, Some(1024));
    assert_eq!(api.binary_media_types, ["image/png"]);
    assert_eq!(api.policy.as_deref(), Some(r#"{"Version":"2012-10-17","Statement":[]}"#));
    assert_eq!(api.tags.get("team").map(String::as_str), Some("blue"));
    assert_eq!(api.tags.len(), 1);
    let response = &api.gateway_responses["UNAUTHORIZED"];
    assert_eq!(response.status_code.as_deref(), Some("401"));
    assert_eq!(response.response_templates["application/json"], "{\"message\":$context.error.messageString}");
    let authorizers: Vec<_> = api.authorizers.values().collect();
    assert_eq!(authorizers[0].identity_source.as_deref(), Some("method.request.header.Authorization"));
    assert_eq!(authorizers[0].authorizer_credentials.as_deref(), Some("arn:aws:iam::123456789012:role/a"));
    assert_eq!(authorizers[0].auth_type.as_deref(), Some("custom"));
    assert_eq!(authorizers[1].provider_arns, ["arn:aws:cognito-idp:us-east-1:1:userpool/p"]);
    let validator =
        |name: &str| api.request_validators.values().find(|v| v.name.as_deref() == Some(name)).unwrap().id.clone();
    assert_eq!(
        method(&api, "/pets", "POST"),
        json!({
            "httpMethod": "POST", "authorizationType": "CUSTOM", "authorizerId": authorizers[0].id, "apiKeyRequired": true,
            "operationName": "CreatePet", "requestValidatorId": validator("none"),
            "requestParameters": {"method.request.querystring.limit": false, "method.request.header.X-Trace": true},
            "requestModels": {"application/json": "Pet"},
            "methodResponses": {
                "201": {"statusCode": "201", "responseParameters": {"method.response.header.Location": false},
                    "responseModels": {"application/json": "Pet", "application/xml": "Pet"}},
                "404": {"statusCode": "404", "responseModels": {"application/json": "Error", "application/xml": "Error"}}},
            "methodIntegration": {
                "type": "HTTP", "httpMethod": "POST", "uri": "http://example.com/pets", "connectionType": "VPC_LINK",
                "connectionId": "abc", "credentials": "arn:aws:iam::123456789012:role/r",
                "requestParameters": {"integration.request.querystring.limit": "method.request.querystring.limit"},
                "requestTemplates": {"application/json": "$input.body", "text/plain": null},
                "passthroughBehavior": "WHEN_NO_TEMPLATES", "contentHandling": "CONVERT_TO_TEXT", "timeoutInMillis": 5000,
                "cacheNamespace": "n", "cacheKeyParameters": ["method.request.querystring.limit"],
                "integrationResponses": {
                    "201": {"statusCode": "201", "responseTemplates": {"application/json": "x"},
                        "responseParameters": {"method.response.header.Location": "integration.response.header.Location"}},
                    "404": {"statusCode": "404", "selectionPattern": "4\\d\\d", "contentHandling": "CONVERT_TO_BINARY"}},
                "tlsConfig": {"insecureSkipVerification": true}}
        })
    );
    let any = method(&api, "/pets/{id}", "ANY");
    assert_eq!(any["authorizationType"], "COGNITO_USER_POOLS");
    assert_eq!(any["authorizationScopes"], json!(["read"]));
    assert_eq!(any["requestParameters"], json!({"method.request.path.id": true}));
    assert_eq!(any["requestValidatorId"], validator("all"));
    let inline = any["methodResponses"]["200"]["responseModels"]["application/json"].as_str().unwrap();
    assert!(inline.starts_with("MODEL") && inline.len() == 11, "{inline}");
    let pet: Value = serde_json::from_str(api.models["Pet"].schema.as_deref().unwrap()).unwrap();
    let address = "https://apigateway.amazonaws.com/restapis/abc123defg/models/Pet";
    assert_eq!(pet["properties"]["parent"]["$ref"], address);
    assert_eq!(method(&api, "/open", "GET")["authorizationType"], "AWS_IAM");
    assert_eq!(method(&api, "/open", "GET").get("methodIntegration"), None);
    let part = api.documentation_parts.values().next().unwrap();
    assert_eq!((part.location.part_type.as_str(), part.properties.as_str()), ("API", r#"{"description":"All of it"}"#));
    assert_eq!(api.documentation_versions["1.0.3"].documentation_parts.len(), 1);
    assert_eq!(
        api.warnings,
        [
            "Model name must be alphanumeric: not-a-name",
            "Ignoring response 'default' on method 'POST /pets': it is no status code"
        ]
    );
}

#[test]
fn yaml_of_openapi_3_is_read_alike() {
    let api = read(
        "openapi: 3.0.1
info: {title: Shop, version: '2'}
servers:
  - url: https://example.com/{base}/x
    variables: {base: {default: prod}}
    x-amazon-apigateway-endpoint-configuration: {vpcEndpointIds: [vpce-1], disableExecuteApiEndpoint: true}
paths:
  /a:
    put:
      requestBody: {$ref: '#/components/requestBodies/Pet'}
      responses:
        '200':
          description: ok
          headers: {X-Rate: {schema: {type: integer}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}
      security: [{sig: []}]
      x-amazon-apigateway-integration: {type: AWS_PROXY, httpMethod: POST, uri: 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations'}
components:
  requestBodies: {Pet: {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
  schemas: {Pet: {type: object}}
  securitySchemes:
    sig: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}
",
    );
    let put = method(&api, "/a", "PUT");
    assert_eq!(put["authorizationType"], "AWS_IAM");
    assert_eq!(put["requestModels"], json!({"application/json": "Pet"}));
    assert_eq!(
        put["methodResponses"]["200"],
        json!({"statusCode": "200", "responseParameters": {"method.response.header.X-Rate": false},
            "responseModels": {"application/json": "Pet"}})
    );
    assert_eq!(put["methodIntegration"]["passthroughBehavior"], "WHEN_NO_MATCH");
    assert!(api.disable_execute_api_endpoint);
    assert_eq!(api.endpoint_configuration.unwrap().vpc_endpoint_ids, ["vpce-1"]);
}

#[test]
fn the_base_path_goes_where_it_is_told() {
    let document = r#"{"swagger": "2.0", "basePath": "/a/b/c", "info": {"title": "t"}, "paths": {"/e": {"get": {}}}}"#;
    for (base_path, expected) in
        [(BasePath::Ignore, "/e"), (BasePath::Prepend, "/a/b/c/e"), (BasePath::Split, "/b/c/e")]
    {
        let options = Options { base_path, ..Options::default() };
        let api = rest_api("a", document.as_bytes(), options).unwrap();
        assert_eq!(api.resources.last().unwrap().path, expected);
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let in_get = |get: &str| {
        format!(
            r##"{{"swagger": "2.0", "info": {{"title": "t"}},
"parameters": {{"x": {{"$ref": "#/parameters/y"}}, "y": {{"$ref": "#/parameters/x"}}}},
"paths": {{"/e": {{"get": {get}}}}}}}"##
        )
    };
    for (document, expected) in [
        (
            in_get(r##"{"parameters": [{"$ref": "#/parameters/x"}]}"##),
            "$ref '#/parameters/x' leads back to itself (line 2, column",
        ),
        (
            in_get(r##"{"parameters": [{"$ref": "#/parameters/z"}]}"##),
            "$ref '#/parameters/z' leads to nothing in this document (line 3, column",
        ),
        (in_get(r##"{"parameters": [{"$ref": "other.yaml#/z"}]}"##), "$ref 'other.yaml#/z' is not in this document"),
        (
            in_get(r##"{"responses": {"200": {"schema": {"properties": {"a": {"$ref": "http://example.com/x"}}}}}}"##),
            "$ref 'http://example.com/x' names no model: a schema may refer to '#/definitions/{name}' alone (line 3",
        ),
        (
            in_get(r#"{"x-amazon-apigateway-integration": {"type": "http", "httpMethod": "GET", "uri": "ftp://x"}}"#),
            "Unable to put integration on 'GET' for resource at path '/e': Invalid HTTP endpoint specified for URI (line 3",
        ),
        (
            in_get(r#"{"x-amazon-apigateway-integration": {"type": "soap"}}"#),
            "must be one of AWS_PROXY, AWS, HTTP_PROXY, HTTP, MOCK, not 'soap'",
        ),
        (in_get(r#"{"parameters": [{"name": "a", "in": "nowhere"}]}"#), "not 'nowhere'"),
        ("{".to_owned(), "(line "),
        (String::new(), "the body is empty"),
        ("[]".to_owned(), "must be a mapping, not a list"),
        (r#"{"openapi": "3.1.0", "paths": {}}"#.to_owned(), "must be 3.0.x"),
        (r#"{"swagger": "2.0", "info": {"title": "t"}}"#.to_owned(), "needs `paths`"),
        (format!("{{\"swagger\": \"2.0\", \"a\": {}1{}}}", "[".repeat(200), "]".repeat(200)), "nested deeper than"),
        ("x: !Sub y".to_owned(), "has no CloudFormation functions"),
        (" ".repeat(10 * 1024 * 1024), "the document has 10 MB, and API Gateway takes 6 MB at most"),
    ] {
        let told = errors(&document);
        assert!(told.contains(expected), "{told}\n{expected}");
    }
    let api = read(&in_get(r#"{"x-amazon-apigateway-request-validator": "none"}"#));
    assert_eq!(api.warnings, ["Request validator 'none' is none of x-amazon-apigateway-request-validators. Ignoring."]);
    let api = read(&in_get(r##"{"responses": {"200": {"schema": {"$ref": "#/definitions/None"}}}}"##));
    assert_eq!(api.warnings, ["Reference to model 'None' not found. Ignoring."]);
}
