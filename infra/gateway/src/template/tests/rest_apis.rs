//! REST APIs: resource by resource in JSON, from OpenAPI, from SAM's events.

use crate::model::{AuthorizerType, IntegrationType, Method, RestApi};

use super::*;

fn method<'a>(api: &'a RestApi, path: &str, verb: &str) -> &'a Method {
    &api.resources.iter().find(|resource| resource.path == path).unwrap().methods[verb]
}

#[test]
fn a_json_template_with_resources_and_methods() {
    let mut stack = Stack::new();
    stack.template = "stack.json";
    let loaded = stack.load(
        r#"{
	"AWSTemplateFormatVersion": "2010-09-09",
	"Resources": {
		"PetMethod": {"Type": "AWS::ApiGateway::Method", "Properties": {
			"RestApiId": {"Ref": "Pets"}, "ResourceId": {"Ref": "Pet"}, "HttpMethod": "GET",
			"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Auth"}, "ApiKeyRequired": true,
			"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "TimeoutInMillis": 5000,
				"Uri": {"Fn::Join": ["", ["arn:aws:apigateway:", {"Ref": "AWS::Region"},
					":lambda:path/2015-03-31/functions/", {"Fn::GetAtt": ["Fn", "Arn"]}, "/invocations"]]}}}},
		"Pet": {"Type": "AWS::ApiGateway::Resource", "Properties": {
			"RestApiId": {"Ref": "Pets"}, "ParentId": {"Ref": "PetList"}, "PathPart": "{petId}"}},
		"PetList": {"Type": "AWS::ApiGateway::Resource", "Properties": {
			"RestApiId": {"Ref": "Pets"}, "ParentId": {"Fn::GetAtt": ["Pets", "RootResourceId"]}, "PathPart": "pets"}},
		"Status": {"Type": "AWS::ApiGateway::Method", "Properties": {
			"RestApiId": {"Ref": "Pets"}, "ResourceId": {"Fn::GetAtt": "Pets.RootResourceId"}, "HttpMethod": "ANY",
			"Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": "{\"statusCode\": 200}"}}}},
		"Pets": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "pets", "BinaryMediaTypes": ["image~1png"]}},
		"Auth": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {
			"RestApiId": {"Ref": "Pets"}, "Name": "auth", "Type": "TOKEN",
			"IdentitySource": "method.request.header.Authorization", "AuthorizerUri": "arn:x"}},
		"Deployed": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": "PetMethod", "Properties": {"RestApiId": {"Ref": "Pets"}}},
		"Live": {"Type": "AWS::ApiGateway::Stage", "Properties": {
			"RestApiId": {"Ref": "Pets"}, "DeploymentId": {"Ref": "Deployed"}, "StageName": "live", "Variables": {"v": 1},
			"MethodSettings": [{"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 5}]}},
		"Fn": {"Type": "AWS::Lambda::Function", "Properties": {
			"Code": "fn", "Runtime": "provided.al2023", "Handler": "x", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}},
		"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17"}}}
	}
}"#,
    );
    let api = &loaded.model.rest_apis["pets"];
    assert_eq!(api.binary_media_types, ["image/png"]);
    assert_eq!(api.resources[0].path, "/");
    let get = method(api, "/pets/{petId}", "GET");
    assert_eq!((get.authorization_type.as_str(), get.api_key_required), ("CUSTOM", true));
    assert_eq!(get.authorizer_id.as_deref(), Some("auth"));
    let integration = get.integration.as_ref().unwrap();
    assert_eq!((integration.integration_type, integration.timeout_in_millis), (IntegrationType::AwsProxy, 5000));
    assert!(integration.uri.as_deref().unwrap().contains(":function:Fn/invocations"));
    let mock = method(api, "/", "ANY").integration.as_ref().unwrap();
    assert_eq!(mock.integration_type, IntegrationType::Mock);
    assert_eq!(api.authorizers["auth"].authorizer_result_ttl_in_seconds, 300);
    let stage = &api.stages["live"];
    assert_eq!((stage.deployment_id.as_str(), stage.variables["v"].as_str()), ("deployed", "1"));
    assert_eq!(stage.method_settings["*/*"].throttling_rate_limit, Some(5.0));
    assert_eq!(unsupported(&loaded), [""; 0], "integrations are named when they are compiled");
}

const OPENAPI: &str = r"
openapi: 3.0.1
info: { title: From the document }
security: [{ Token: [] }]
paths:
  /users/{id}:
    parameters: [{ name: id, in: path }]
    get:
      operationId: getUser
      x-internal: true
      x-amazon-apigateway-integration: &lambda
        type: aws_proxy
        httpMethod: POST
        uri: { Fn::Sub: 'arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations' }
        responses: { default: { statusCode: '200' } }
    x-amazon-apigateway-any-method:
      security: []
      x-amazon-apigateway-integration: *lambda
  /http:
    get:
      security: [{ api_key: [] }]
      x-amazon-apigateway-request-validator: all
      x-amazon-apigateway-integration: { type: http_proxy, httpMethod: GET, uri: 'https://example.com' }
components:
  securitySchemes:
    api_key: { type: apiKey, name: x-api-key, in: header }
    Token:
      type: apiKey
      name: X-Token
      in: header
      x-amazon-apigateway-authtype: custom
      x-amazon-apigateway-authorizer:
        type: token
        authorizerUri: { Fn::Sub: 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations' }
        identityValidationExpression: '^Bearer .+$'
        authorizerResultTtlInSeconds: 0
x-amazon-apigateway-binary-media-types: ['image/*']
";

const INCLUDES: &str = r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: fn, Runtime: provided.al2023 }
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Variables: { color: blue }
      DefinitionBody:
        Fn::Transform: { Name: AWS::Include, Parameters: { Location: openapi/api.yaml } }
Outputs:
  Stage: { Value: !Ref ApiStage }
  Same: { Value: !Sub '${Api.Stage}' }
";

#[test]
fn an_included_openapi_document_is_resolved() {
    let loaded = Stack::new().file("openapi/api.yaml", OPENAPI).load(INCLUDES);
    let api = &loaded.model.rest_apis["api"];
    assert_eq!(api.name, "From the document");
    assert_eq!(api.binary_media_types, ["image/*"]);
    let get = method(api, "/users/{id}", "GET");
    assert_eq!((get.operation_name.as_deref(), get.authorization_type.as_str()), (Some("getUser"), "CUSTOM"));
    assert_eq!(
        get.integration.as_ref().unwrap().uri.as_deref(),
        Some(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:Fn/invocations"
        )
    );
    assert_eq!(method(api, "/users/{id}", "ANY").authorization_type, "NONE", "`security: []` opens a method");
    let key_only = method(api, "/http", "GET");
    assert_eq!((key_only.authorization_type.as_str(), key_only.api_key_required), ("NONE", true));
    let authorizer = &api.authorizers[get.authorizer_id.as_deref().unwrap()];
    assert_eq!(authorizer.authorizer_type, AuthorizerType::Token);
    assert_eq!(authorizer.identity_source.as_deref(), Some("method.request.header.X-Token"));
    assert_eq!(authorizer.authorizer_result_ttl_in_seconds, 0);
    assert_eq!(authorizer.identity_validation_expression.as_deref(), Some("^Bearer .+$"));
    assert_eq!(api.stages["v1"].variables["color"], "blue");
    assert_eq!((output(&loaded, "Stage"), output(&loaded, "Same")), ("v1", "v1"));
    assert_eq!(loaded.sources.len(), 2);
    assert_eq!(unsupported(&loaded), ["Api line 22"]);
    assert!(loaded.unsupported[0].reason.starts_with("Request validator 'all' is none of"), "{:?}", loaded.unsupported);
    assert!(loaded.unsupported[0].file.ends_with("openapi/api.yaml"), "the place is in the document");
}

#[test]
fn short_forms_in_an_include_are_pointed_out() {
    let document = OPENAPI
        .replace("{ Fn::Sub: 'arn:${AWS::Partition}", "!Sub 'arn:${AWS::Partition}")
        .replace("/invocations' }\n        responses", "/invocations'\n        responses");
    let loaded = Stack::new().file("openapi/api.yaml", &document).load(INCLUDES);
    assert_eq!(unsupported(&loaded)[0], "Api DefinitionBody line 14");
    assert!(loaded.unsupported[0].reason.contains("write `Fn::Sub:`"));
}

#[test]
fn broken_documents_say_where_in_them() {
    for (from, to, expected) in [
        (
            "security: []",
            "security: [{ Tokn: [] }]",
            "openapi/api.yaml:17:20: Api.DefinitionBody.paths./users/{id}.x-amazon-apigateway-any-method.security: there is no authorizer 'Tokn' in this API; did you mean 'Token'?",
        ),
        (
            "${Fn.Arn}/invocations' }\n        responses",
            "${Fm.Arn}/invocations' }\n        responses",
            "openapi/api.yaml:14:25: Api.DefinitionBody.paths./users/{id}.get.x-amazon-apigateway-integration.uri: there is no parameter or resource 'Fm'; did you mean 'Fn'?",
        ),
        (
            "  /http:",
            "  /{other}:\n    get: { x-amazon-apigateway-integration: *lambda }\n  /{third}:",
            "openapi/api.yaml:22:5: /{third}: A sibling ({other}) of this resource already has a variable path part -- only one is allowed",
        ),
        (
            "openapi: 3.0.1",
            "openapi: 3.1.0",
            "openapi/api.yaml:2:10: Api.DefinitionBody.openapi must be 3.0.x, which is what API Gateway imports, not '3.1.0'",
        ),
        (
            "type: http_proxy",
            "type: lambda",
            "openapi/api.yaml:23:48: Api.DefinitionBody.paths./http.get.x-amazon-apigateway-integration.type must be one of AWS_PROXY, AWS, HTTP_PROXY, HTTP, MOCK, not 'lambda'",
        ),
    ] {
        let errors = Stack::new().file("openapi/api.yaml", &OPENAPI.replace(from, to)).errors(INCLUDES);
        assert!(errors.contains(&expected.to_owned()), "{from}: {errors:#?}");
    }
    assert_eq!(Stack::new().errors(INCLUDES), ["template.yaml:13:70: openapi/api.yaml does not exist"]);
}

#[test]
fn definition_uri_is_swagger_too_and_takes_no_functions() {
    let template = INCLUDES.replace(
        "DefinitionBody:\n        Fn::Transform: { Name: AWS::Include, Parameters: { Location: openapi/api.yaml } }",
        "DefinitionUri: swagger.json",
    );
    let swagger = r#"{"swagger": "2.0", "info": {"title": "t"}, "basePath": "/x", "paths": {"/a/": {"get": {
        "security": [{"sig": []}, {"api_key": []}],
        "x-amazon-apigateway-integration": {"type": "AWS_PROXY", "httpMethod": "POST", "uri": "arn:x"}}}},
        "securityDefinitions": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "sig": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}}}"#;
    let loaded = Stack::new().file("swagger.json", swagger).load(&template);
    let get = method(&loaded.model.rest_apis["api"], "/a", "GET");
    assert_eq!((get.authorization_type.as_str(), get.api_key_required), ("AWS_IAM", true));
    let errors =
        Stack::new().file("swagger.json", &swagger.replace("\"arn:x\"", "{\"Ref\": \"Fn\"}")).errors(&template);
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].starts_with("swagger.json:3:95: Api.DefinitionUri: AWS resolves no intrinsic functions"),
        "{errors:?}"
    );
}

#[test]
fn an_implicit_api_gathers_the_events_of_all_functions() {
    let loaded = Stack::new().load(
        r"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
    CodeUri: fn
    Timeout: 10
    Environment: { Variables: { A: global, B: global } }
    Architectures: [arm64]
  Api:
    BinaryMediaTypes: [image~1png]
Resources:
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 20
      Environment: { Variables: { B: local } }
      Events:
        Get: { Type: Api, Properties: { Path: '/things/{id}', Method: get } }
        Any: { Type: Api, Properties: { Path: /, Method: any } }
        Tick: { Type: Schedule, Properties: { Schedule: rate(1 minute) } }
  Writer:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: writer
      Events:
        Post: { Type: Api, Properties: { Path: /things, Method: POST } }
Outputs:
  Url: { Value: !Sub 'https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/${ServerlessRestApiProdStage}/' }
",
    );
    let api = &loaded.model.rest_apis["serverlessrestapi"];
    assert_eq!(method(api, "/things/{id}", "GET").authorization_type, "NONE");
    let uri = method(api, "/things", "POST").integration.as_ref().unwrap().uri.as_deref().unwrap();
    assert!(uri.contains(":function:writer/invocations"), "{uri}");
    assert!(method(api, "/", "ANY").integration.is_some());
    assert_eq!(api.binary_media_types, ["image/png"]);
    assert!(api.stages.contains_key("Prod"));
    let reader = &loaded.model.functions["Reader"];
    assert_eq!(reader.timeout, 20);
    assert_eq!((reader.environment["A"].as_str(), reader.environment["B"].as_str()), ("global", "local"));
    assert_eq!(output(&loaded, "Url"), "https://serverlessrestapi.execute-api.us-east-1.amazonaws.com/Prod/");
    assert_eq!(unsupported(&loaded), ["Reader Events.Tick line 21"]);
}

const AUTHORIZED: &str = r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: prod
      Auth:
        DefaultAuthorizer: Token
        Authorizers:
          Token:
            FunctionArn: !GetAtt Fn.Arn
            Identity: { Header: X-Token, ReauthorizeEvery: 60 }
          Request:
            FunctionArn: !GetAtt Fn.Arn
            FunctionPayloadType: REQUEST
            Identity: { Headers: [A, B], QueryStrings: [q] }
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      CodeUri: fn
      Events:
        Closed: { Type: Api, Properties: { RestApiId: !Ref Api, Path: /closed, Method: get } }
        Open: { Type: Api, Properties: { RestApiId: !Ref Api, Path: /open, Method: get, Auth: { Authorizer: NONE } } }
        Other: { Type: Api, Properties: { RestApiId: !Ref Api, Path: /other, Method: get, Auth: { Authorizer: Request, ApiKeyRequired: true } } }
";

#[test]
fn sam_authorizers_and_the_default_one() {
    let loaded = Stack::new().load(AUTHORIZED);
    let api = &loaded.model.rest_apis["api"];
    let authorizer = |path: &str| &api.authorizers[method(api, path, "GET").authorizer_id.as_deref().unwrap()];
    let token = authorizer("/closed");
    assert_eq!(token.identity_source.as_deref(), Some("method.request.header.X-Token"));
    assert_eq!(token.authorizer_result_ttl_in_seconds, 60);
    assert_eq!(method(api, "/open", "GET").authorization_type, "NONE");
    let request = authorizer("/other");
    assert_eq!(request.authorizer_type, AuthorizerType::Request);
    assert_eq!(
        request.identity_source.as_deref(),
        Some("method.request.header.A,method.request.header.B,method.request.querystring.q")
    );
    assert!(method(api, "/other", "GET").api_key_required);
    assert_eq!(unsupported(&loaded), [""; 0]);

    let keyed =
        Stack::new().load(&AUTHORIZED.replace("        DefaultAuthorizer: Token\n", "        ApiKeyRequired: true\n"));
    let api = &keyed.model.rest_apis["api"];
    for path in ["/closed", "/open", "/other"] {
        assert!(method(api, path, "GET").api_key_required, "{path}");
    }
}

#[test]
fn a_wrong_authorizer_a_double_route_and_a_circle_are_refused() {
    let errors = Stack::new().errors(&AUTHORIZED.replace("Authorizer: Request", "Authorizer: Requst"));
    assert_eq!(
        errors,
        [
            "template.yaml:26:111: Fn.Events.Other.Properties.Auth.Authorizer: there is no authorizer 'Requst' in this API; did you mean 'Request'?"
        ]
    );
    let errors = Stack::new().errors(&AUTHORIZED.replace("Path: /open", "Path: /closed"));
    assert_eq!(errors, ["template.yaml:25:69: GET /closed is declared a second time (first in line 24)"]);
    let circle = AUTHORIZED
        .replace("      CodeUri: fn\n", "      CodeUri: fn\n      Environment: { Variables: { URL: !Ref Api } }\n");
    let errors = Stack::new().errors(&circle);
    assert!(
        errors.iter().any(|error| error.contains("Circular dependency between resources: Api -> Fn -> Api")),
        "{errors:?}"
    );
}

#[test]
fn a_definition_may_be_a_file_of_this_machine() {
    const DOCUMENT: &str = r#"{"openapi": "3.0.1", "info": {"title": "Of a file"}, "x-amazon-apigateway-security-policy": "TLS_1_2",
      "paths": {"/a": {"get": {"x-amazon-apigateway-integration":
        {"type": "http_proxy", "httpMethod": "GET", "uri": "https://example.com", "payloadFormatVersion": "1.0"}}}}}"#;
    const BOTH: &str = r"
Resources:
  Rest: { Type: AWS::ApiGateway::RestApi, Properties: { BodyS3Location: ./api.json, EndpointAccessMode: STRICT } }
  Edge: { Type: AWS::ApiGatewayV2::Api, Properties: { ProtocolType: HTTP, BodyS3Location: api.json } }
";
    let loaded = Stack::new().file("api.json", DOCUMENT).load(BOTH);
    let api = &loaded.model.rest_apis["rest"];
    assert_eq!((api.name.as_str(), api.security_policy.as_deref()), ("Of a file", Some("TLS_1_2")));
    assert_eq!(api.endpoint_access_mode.as_deref(), Some("STRICT"));
    assert_eq!(method(api, "/a", "GET").integration.as_ref().unwrap().uri.as_deref(), Some("https://example.com"));
    assert_eq!(loaded.model.apis["edge"].routes.values().next().unwrap().route_key, "GET /a");
    let errors = |properties: &str| {
        let text = format!("Resources:\n  Rest: {{ Type: AWS::ApiGateway::RestApi, Properties: {properties} }}");
        Stack::new().file("api.json", DOCUMENT).errors(&text).join("\n")
    };
    for (properties, expected) in [
        ("{ BodyS3Location: { Bucket: b, Key: k } }", "Rest.BodyS3Location is not a local file"),
        ("{ BodyS3Location: 's3://b/k' }", "Rest.BodyS3Location is not a local file"),
        ("{ BodyS3Location: gone.json }", "gone.json does not exist"),
        ("{ BodyS3Location: api.json, Body: { } }", "Rest.BodyS3Location cannot stand beside Body"),
    ] {
        let told = errors(properties);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn an_event_that_streams_is_integrated_by_the_uri_of_streams() {
    let stack = Stack::new().file("fn/bootstrap", "");
    let loaded = stack.load(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: fn
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: fn/
      Events:
        Get:
          Type: Api
          Properties: {Path: /stream, Method: get, ResponseTransferMode: RESPONSE_STREAM}
",
    );
    let integration =
        method(&loaded.model.rest_apis["serverlessrestapi"], "/stream", "GET").integration.as_ref().unwrap();
    assert_eq!(
        integration.uri.as_deref(),
        Some(
            "arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/arn:aws:lambda:us-east-1:000000000000:function:fn/response-streaming-invocations"
        )
    );
    assert_eq!(integration.response_transfer_mode.as_deref(), Some("STREAM"));
    assert!(loaded.unsupported.is_empty(), "{:?}", loaded.unsupported);
}
