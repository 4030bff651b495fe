//! What SAM adds to a REST API: preflight methods, and statements of its policy.

use serde_json::{Value, json};

use super::*;
use crate::model::{Method, RestApi};

/// An API with `properties`, and a function with these events.
fn template(properties: &str, events: &str) -> String {
    format!(
        r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: prod
{properties}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: fn
      Runtime: provided.al2023
      Events:
{events}
"
    )
}

const EVENTS: &str = "
        List: { Type: Api, Properties: { RestApiId: !Ref Api, Path: /users, Method: get } }
        Make: { Type: Api, Properties: { RestApiId: !Ref Api, Path: /users, Method: post } }
        Rest: { Type: Api, Properties: { RestApiId: !Ref Api, Path: '/files/{proxy+}', Method: any } }
        Own: { Type: Api, Properties: { RestApiId: !Ref Api, Path: /own, Method: options } }";

fn api(properties: &str, events: &str) -> RestApi {
    let loaded = Stack::new().load(&template(properties, events));
    assert_eq!(unsupported(&loaded), [""; 0]);
    loaded.model.rest_apis["api"].clone()
}

fn method(api: &RestApi, path: &str, verb: &str) -> Option<Method> {
    api.resources.iter().find(|resource| resource.path == path)?.methods.get(verb).cloned()
}

fn preflight(api: &RestApi, path: &str) -> Value {
    serde_json::to_value(method(api, path, "OPTIONS")).unwrap()
}

#[test]
fn cors_answers_options_on_every_path_that_does_not() {
    let api = api("      Cors: \"'https://example.com'\"", EVENTS);
    let methods = |allowed: &str| {
        json!({
            "httpMethod": "OPTIONS", "authorizationType": "NONE", "apiKeyRequired": false,
            "methodResponses": {"200": {"statusCode": "200", "responseParameters": {
                "method.response.header.Access-Control-Allow-Origin": false,
                "method.response.header.Access-Control-Allow-Methods": false,
            }}},
            "methodIntegration": {
                "type": "MOCK", "requestTemplates": {"application/json": "{\n  \"statusCode\" : 200\n}\n"},
                "passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29_000, "cacheKeyParameters": [],
                "integrationResponses": {"200": {"statusCode": "200",
                    "responseTemplates": {"application/json": "{}\n"},
                    "responseParameters": {
                        "method.response.header.Access-Control-Allow-Origin": "'https://example.com'",
                        "method.response.header.Access-Control-Allow-Methods": allowed,
                    }}},
            },
        })
    };
    for (path, allowed) in
        [("/users", "'GET,OPTIONS,POST'"), ("/files/{proxy+}", "'DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT'")]
    {
        let mut found = preflight(&api, path);
        found["methodIntegration"].as_object_mut().unwrap().remove("cacheNamespace").unwrap();
        assert_eq!(found, methods(allowed), "{path}");
    }
    assert_eq!(preflight(&api, "/own")["methodIntegration"]["type"], "AWS_PROXY");
    assert_eq!(method(&api, "/files", "OPTIONS"), None, "no path of a document's");
}

#[test]
fn cors_says_what_it_is_told_to() {
    let cors = "      Cors: { AllowOrigin: \"'https://example.com'\", AllowHeaders: \"'X-A'\", AllowMethods: \"'GET'\", \
                MaxAge: \"'600'\", AllowCredentials: true }";
    let found = preflight(&api(cors, EVENTS), "/users");
    let values = &found["methodIntegration"]["integrationResponses"]["200"]["responseParameters"];
    let header = |name: &str, value: &str| (format!("method.response.header.Access-Control-{name}"), json!(value));
    let expected: serde_json::Map<String, Value> = [
        header("Allow-Origin", "'https://example.com'"),
        header("Allow-Headers", "'X-A'"),
        header("Allow-Methods", "'GET'"),
        header("Max-Age", "'600'"),
        header("Allow-Credentials", "'true'"),
    ]
    .into_iter()
    .collect();
    assert_eq!(values, &Value::Object(expected));
    assert_eq!(
        preflight(&api("      Cors: { MaxAge: 5 }", EVENTS), "/users")["methodIntegration"]["integrationResponses"]["200"]
            ["responseParameters"]["method.response.header.Access-Control-Allow-Origin"],
        "'*'"
    );
}

#[test]
fn a_preflight_asks_for_what_other_methods_do_unless_told_otherwise() {
    let auth = |more: &str| {
        format!("      Cors: \"'*'\"\n      Auth: {{ DefaultAuthorizer: AWS_IAM, ApiKeyRequired: true{more} }}")
    };
    for (more, authorization, key) in [
        ("", "AWS_IAM", true),
        (", AddDefaultAuthorizerToCorsPreflight: false", "NONE", true),
        (", AddApiKeyRequiredToCorsPreflight: false", "AWS_IAM", false),
        (", AddDefaultAuthorizerToCorsPreflight: false, AddApiKeyRequiredToCorsPreflight: false", "NONE", false),
    ] {
        let found = preflight(&api(&auth(more), EVENTS), "/users");
        assert_eq!(
            (&found["authorizationType"], &found["apiKeyRequired"]),
            (&json!(authorization), &json!(key)),
            "{more}"
        );
    }
}

#[test]
fn cors_that_no_browser_or_sam_takes_is_refused() {
    let errors = |properties: &str| Stack::new().errors(&template(properties, EVENTS)).join("\n");
    let told = errors("      Cors: { AllowCredentials: true }");
    assert!(told.contains("Api.Cors.AllowCredentials cannot be true when AllowOrigin is"), "{told}");
    let told = errors("      DefinitionUri: api.yaml\n      Cors: \"'*'\"");
    assert!(told.contains("Api.Cors works only with a definition in DefinitionBody"), "{told}");
}

fn policy(properties: &str, events: &str) -> Value {
    serde_json::from_str(&api(properties, events).policy.unwrap_or("null".to_owned())).unwrap()
}

#[test]
fn lists_become_statements_about_every_path() {
    let all = "
      Cors: \"'*'\"
      Auth:
        ResourcePolicy:
          AwsAccountWhitelist: ['111111111111']
          AwsAccountBlacklist: ['222222222222']
          IpRangeWhitelist: [10.0.0.0/8]
          IpRangeBlacklist: 10.9.0.0/16
          SourceVpcWhitelist: [vpc-1, vpce-2, other]
          IntrinsicVpceWhitelist: [vpce-3]
          SourceVpcBlacklist: [vpc-4]
          IntrinsicVpcBlacklist: [vpc-5]
          CustomStatements:
            - { Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/prod/GET/x' }";
    let events = "
        One: { Type: Api, Properties: { RestApiId: !Ref Api, Path: '/a/{id}', Method: get } }";
    let resources = json!(["execute-api:/prod/GET/a/*", "execute-api:/prod/OPTIONS/a/*"]);
    let statement = |effect: &str, principal: Value, condition: Value| {
        let mut statement =
            json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources, "Principal": principal});
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        statement
    };
    let deny = |condition: Value| statement("Deny", json!("*"), condition);
    assert_eq!(
        policy(all, events),
        json!({"Version": "2012-10-17", "Statement": [
            statement("Allow", json!({"AWS": ["111111111111"]}), Value::Null),
            statement("Deny", json!({"AWS": ["222222222222"]}), Value::Null),
            statement("Allow", json!("*"), Value::Null),
            deny(json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}})),
            deny(json!({"IpAddress": {"aws:SourceIp": ["10.9.0.0/16"]}})),
            deny(json!({"StringEquals": {"aws:SourceVpc": ["vpc-4", "vpc-5"]}})),
            deny(json!({"StringNotEquals": {"aws:SourceVpc": ["vpc-1"], "aws:SourceVpce": ["vpce-2", "vpce-3"]}})),
            {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/prod/GET/x"},
        ]})
    );
    assert_eq!(policy("", events), Value::Null);
}

#[test]
fn an_events_own_list_is_about_its_path() {
    let events = "
        List: { Type: Api, Properties: { RestApiId: !Ref Api, Path: /users, Method: get } }
        Make:
          Type: Api
          Properties:
            { RestApiId: !Ref Api, Path: /users, Method: post, Auth: { ResourcePolicy: { IpRangeBlacklist: [10.0.0.1] } } }
        Rest: { Type: Api, Properties: { RestApiId: !Ref Api, Path: '/{proxy+}', Method: any } }";
    let resources = json!(["execute-api:/prod/GET/users", "execute-api:/prod/POST/users"]);
    let found = policy("", events);
    assert_eq!(found["Statement"].as_array().unwrap().len(), 2);
    assert_eq!(found["Statement"][1]["Resource"], resources);
    // A document's policy stays, and gets the event's beside it.
    let document = "
      MergeDefinitions: true
      DefinitionBody:
        openapi: 3.0.1
        info: { title: t }
        paths: {}
        x-amazon-apigateway-policy:
          Version: '2012-10-17'
          Statement: { Effect: Allow, Principal: '*', Action: 'execute-api:*', Resource: '*' }";
    let found = policy(document, events);
    assert_eq!(found["Statement"].as_array().unwrap().len(), 3);
    assert_eq!(found["Statement"][0]["Action"], "execute-api:*");
}

#[test]
fn gateway_responses_carry_their_headers() {
    let responses = "
      GatewayResponses:
        DEFAULT_4XX:
          StatusCode: 418
          ResponseParameters:
            Headers: { Access-Control-Allow-Origin: \"'*'\" }
          ResponseTemplates: { application/json: '{}' }";
    let api = api(responses, EVENTS);
    assert_eq!(
        serde_json::to_value(&api.gateway_responses["DEFAULT_4XX"]).unwrap(),
        json!({"responseType": "DEFAULT_4XX", "statusCode": "418", "defaultResponse": false,
            "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
            "responseTemplates": {"application/json": "{}"}})
    );
}
