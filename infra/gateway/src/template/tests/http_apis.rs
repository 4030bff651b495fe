//! HTTP APIs: SAM's, with auth and CORS; quick create; OpenAPI.

use crate::model::Api;

use super::*;

fn route<'a>(api: &'a Api, key: &str) -> &'a crate::model::Route {
    api.routes.values().find(|route| route.route_key == key).unwrap_or_else(|| panic!("no {key} in {:?}", api.routes))
}

const SAM: &str = r"
Transform: AWS::Serverless-2016-10-31
Globals:
  HttpApi:
    CorsConfiguration: { AllowOrigins: ['https://example.com'], AllowMethods: [GET], MaxAge: 600, AllowCredentials: true }
Resources:
  Edge:
    Type: AWS::Serverless::HttpApi
    Properties:
      StageVariables: { v: '1' }
      Auth:
        DefaultAuthorizer: Lambda
        Authorizers:
          Lambda:
            FunctionArn: !GetAtt Fn.Arn
            AuthorizerPayloadFormatVersion: '2.0'
            EnableSimpleResponses: true
            Identity: { Headers: [Authorization], QueryStrings: [token] }
          Jwt:
            JwtConfiguration: { issuer: 'https://issuer', audience: [me] }
            IdentitySource: $request.header.Authorization
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      CodeUri: fn
      Events:
        Users: { Type: HttpApi, Properties: { ApiId: !Ref Edge, Path: '/users/{id}', Method: get, TimeoutInMillis: 1000 } }
        Open: { Type: HttpApi, Properties: { ApiId: !Ref Edge, Path: /open, Method: post, PayloadFormatVersion: '1.0', Auth: { Authorizer: NONE } } }
        Me: { Type: HttpApi, Properties: { ApiId: !Ref Edge, Path: /me, Auth: { Authorizer: Jwt, AuthorizationScopes: [read] } } }
        Rest: { Type: HttpApi, Properties: { ApiId: !Ref Edge } }
Outputs:
  Url: { Value: !GetAtt Edge.ApiEndpoint }
  Stage: { Value: !Ref EdgeApiGatewayDefaultStage }
";

#[test]
fn sam_http_apis_with_auth_and_cors() {
    let loaded = Stack::new().load(SAM);
    let api = &loaded.model.apis["edge"];
    let cors = api.cors_configuration.as_ref().unwrap();
    assert_eq!(
        (cors.allow_origins[0].as_str(), cors.max_age, cors.allow_credentials),
        ("https://example.com", Some(600), true)
    );
    let stage = &api.stages["$default"];
    assert_eq!((stage.auto_deploy, stage.stage_variables["v"].as_str()), (true, "1"));
    let users = route(api, "GET /users/{id}");
    let integration = &api.integrations[users.integration_id.as_deref().unwrap()];
    assert_eq!((integration.payload_format_version.as_str(), integration.timeout_in_millis), ("2.0", 1000));
    let authorizer = &api.authorizers[users.authorizer_id.as_deref().unwrap()];
    assert_eq!(authorizer.identity_source, ["$request.header.Authorization", "$request.querystring.token"]);
    assert!(authorizer.enable_simple_responses);
    assert_eq!(authorizer.authorizer_result_ttl_in_seconds, 0, "nothing is cached that nobody asked for");
    let open = route(api, "POST /open");
    assert_eq!((open.authorization_type.as_str(), open.authorizer_id.as_deref()), ("NONE", None));
    let me = route(api, "ANY /me");
    assert_eq!((me.authorization_type.as_str(), me.authorization_scopes[0].as_str()), ("JWT", "read"));
    assert_eq!(route(api, "$default").authorization_type, "CUSTOM", "the default authorizer covers the catch-all too");
    assert_eq!(output(&loaded, "Url"), "https://edge.execute-api.us-east-1.amazonaws.com");
    assert_eq!(output(&loaded, "Stage"), "$default");
    assert_eq!(unsupported(&loaded), [""; 0], "what a token is checked with is said where the API is compiled");
}

#[test]
fn cors_as_a_boolean_or_one_origin() {
    for (written, origin) in [("true", "*"), ("\"'https://a.example'\"", "https://a.example")] {
        let text = SAM.replace(
            "{ AllowOrigins: ['https://example.com'], AllowMethods: [GET], MaxAge: 600, AllowCredentials: true }",
            written,
        );
        let loaded = Stack::new().load(&text);
        assert_eq!(loaded.model.apis["edge"].cors_configuration.as_ref().unwrap().allow_origins, [origin]);
    }
}

#[test]
fn quick_create_and_openapi_without_sam() {
    let loaded = Stack::new().load(
        r"
Resources:
  Quick:
    Type: AWS::ApiGatewayV2::Api
    Properties: { Name: quick, ProtocolType: HTTP, Target: !GetAtt Fn.Arn }
  Documented:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Body:
        openapi: 3.0.1
        info: { title: documented }
        x-amazon-apigateway-cors: { allowOrigins: ['*'] }
        paths:
          /a/{b}:
            get:
              security: [{ L: [] }]
              x-amazon-apigateway-integration: { $ref: '#/components/x-amazon-apigateway-integrations/fn' }
          /$default:
            x-amazon-apigateway-any-method:
              isDefaultRoute: true
              x-amazon-apigateway-integration: { $ref: '#/components/x-amazon-apigateway-integrations/fn' }
        components:
          x-amazon-apigateway-integrations:
            fn: { type: AWS_PROXY, httpMethod: POST, uri: !GetAtt Fn.Arn, payloadFormatVersion: '2.0' }
          securitySchemes:
            L:
              type: apiKey
              in: header
              name: Authorization
              x-amazon-apigateway-authorizer:
                type: request
                identitySource: '$request.header.Authorization, $context.routeKey'
                authorizerUri: arn:x
                authorizerPayloadFormatVersion: '1.0'
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: { ApiId: !Ref Documented, StageName: beta, AutoDeploy: true, DefaultRouteSettings: { DetailedMetricsEnabled: true } }
  Fn:
    Type: AWS::Lambda::Function
    Properties: { Code: fn, Runtime: provided.al2023, Role: arn:x }
",
    );
    assert_eq!(unsupported(&loaded), [""; 0]);
    let quick = &loaded.model.apis["quick"];
    let catch_all = route(quick, "$default");
    assert_eq!(quick.integrations[catch_all.integration_id.as_deref().unwrap()].payload_format_version, "2.0");
    assert!(quick.stages["$default"].auto_deploy);
    let api = &loaded.model.apis["documented"];
    assert_eq!(api.name, "documented");
    let get = route(api, "GET /a/{b}");
    assert_eq!(
        api.authorizers[get.authorizer_id.as_deref().unwrap()].identity_source,
        ["$request.header.Authorization", "$context.routeKey"]
    );
    assert_eq!(route(api, "$default").authorization_type, "NONE");
    assert!(api.stages["beta"].auto_deploy);
}

#[test]
fn routes_that_differ_in_names_alone_are_refused() {
    let text = SAM.replace("Path: /open, Method: post", "Path: '/users/{name}', Method: get");
    assert_eq!(
        Stack::new().errors(&text),
        ["template.yaml:29:70: the route 'GET /users/{name}' is declared a second time (first in line 28)"]
    );
}
