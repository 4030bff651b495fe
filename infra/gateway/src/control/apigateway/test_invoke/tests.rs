//! Tests of tests: against a stand-in for Lambda.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::super::Control;
use super::super::super::testing::rest;
use super::super::super::world::lock;
use crate::authorize::jwt_testing::{OwnPool, TestKey};
use crate::model::{
    Authorizer, AuthorizerType, GatewayResponse, Integration, IntegrationType, Method, Resource, RestApi,
};
use crate::proxy::testing::{Answer, Fake, lambda_uri};

fn control(answers: impl IntoIterator<Item = (&'static str, Answer)>) -> (Control, Arc<Fake>) {
    let fake = Fake::new(answers);
    let control = Control::open(None, fake.gateway(), Arc::default()).unwrap();
    let integration = |kind| Integration {
        integration_type: kind,
        uri: Some(lambda_uri("${stageVariables.f}")),
        http_method: Some("POST".to_owned()),
        ..Integration::default()
    };
    let method = |verb: &str, integration: Option<Integration>| {
        let method = Method {
            http_method: verb.to_owned(),
            authorization_type: "CUSTOM".to_owned(),
            authorizer_id: Some("a".to_owned()),
            api_key_required: true,
            integration,
            ..Method::default()
        };
        (verb.to_owned(), method)
    };
    let resource = Resource {
        id: "r".to_owned(),
        path: "/pets/{id}".to_owned(),
        methods: [
            method("GET", Some(integration(IntegrationType::AwsProxy))),
            method("PUT", Some(integration(IntegrationType::Aws))),
            method("POST", None),
        ]
        .into(),
        ..Resource::default()
    };
    let authorizer = Authorizer {
        id: "a".to_owned(),
        name: "tokens".to_owned(),
        authorizer_type: AuthorizerType::Token,
        authorizer_uri: Some(lambda_uri("auth")),
        identity_source: Some("method.request.header.Authorization".to_owned()),
        authorizer_result_ttl_in_seconds: 300,
        ..Authorizer::default()
    };
    let api = RestApi {
        id: "api".to_owned(),
        resources: vec![resource.into()],
        authorizers: [("a".to_owned(), authorizer)].into(),
        ..RestApi::default()
    };
    lock(&control.default_world().unwrap().apigateway).apis.insert("api", api).unwrap();
    (control, fake)
}

/// The log's lines without request ids and times.
fn lines(answer: &Value) -> Vec<&str> {
    let log = answer["log"].as_str().unwrap();
    let mut lines = log.lines();
    assert!(lines.next().unwrap().starts_with("Execution log for request "));
    lines.map(|line| line.split_once(" : ").unwrap().1).collect()
}

#[tokio::test]
async fn a_method_answers_undeployed_and_without_authorizer_and_key() {
    let result = json!({"statusCode": 201, "body": "made", "headers": {"X-One": "1"}, "multiValueHeaders": {"X-Two": ["2", "3"]}});
    let (control, fake) = control([("f", Answer::Json(result))]);
    let path = "/restapis/api/resources/r/methods/GET";
    let body = json!({"pathWithQueryString": "/pets/7?a=b", "headers": {"X-A": "1"}, "body": "{}", "stageVariables": {"f": "f"},
        "multiValueHeaders": {"X-B": ["2", "3"]}});
    let (status, answer) = rest(&control, "apigateway", "POST", path, body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["status"], &answer["body"]), (&json!(201), &json!("made")));
    assert_eq!((&answer["headers"]["X-One"], &answer["multiValueHeaders"]["X-Two"]), (&json!("1"), &json!(["2", "3"])));
    assert_eq!(answer["headers"]["Content-Type"], "application/json");
    assert!(answer["latency"].is_u64());
    let event = fake.event("f");
    assert_eq!(event["pathParameters"], json!({"id": "7"}));
    assert_eq!((&event["requestContext"]["stage"], &event["path"]), (&json!("test-invoke-stage"), &json!("/pets/7")));
    assert_eq!(event["multiValueHeaders"]["X-B"], json!(["2", "3"]));
    let lines = lines(&answer);
    for expected in [
        "HTTP Method: GET, Resource Path: /pets/7",
        "Method request path: {id=7}",
        "Method request query string: {a=b}",
        "Method request headers: {X-A=1, X-B=2, X-B=3}",
        "Method request body before transformations: {}",
        "Method response body after transformations: made",
        "Successfully completed execution",
    ] {
        assert!(lines.contains(&expected), "{expected} in {lines:#?}");
    }
    assert_eq!(lines.last(), Some(&"Method completed with status: 201"));
}

#[tokio::test]
async fn what_fails_says_why() {
    let (control, _) = control([("f", Answer::Raw(b"[]"))]);
    let call = async |verb: &str, body| {
        rest(&control, "apigateway", "POST", &format!("/restapis/api/resources/r/methods/{verb}"), body).await
    };
    let (_, malformed) = call("GET", json!({"stageVariables": {"f": "f"}})).await;
    assert_eq!(malformed["status"], 502);
    assert!(
        lines(&malformed).contains(&"Execution failed due to configuration error: Malformed Lambda proxy response")
    );
    let (_, missing) = call("GET", json!({"stageVariables": {"f": "none"}})).await;
    assert_eq!(missing["status"], 500);
    let expected = "Execution failed due to configuration error: function none does not exist";
    assert!(lines(&missing).contains(&expected), "{missing}");
    let (status, answer) = call("POST", json!({})).await;
    assert_eq!((status, answer["message"].as_str().unwrap()), (404, "No integration defined for method"));
    let (status, answer) = call("DELETE", json!({})).await;
    assert_eq!((status, answer["message"].as_str().unwrap()), (404, "Invalid Method identifier specified"));
    let none = "/restapis/api/resources/none/methods/GET";
    let (status, answer) = rest(&control, "apigateway", "POST", none, json!({})).await;
    assert_eq!((status, answer["message"].as_str().unwrap()), (404, "Invalid Resource identifier specified"));
}

#[tokio::test]
async fn every_type_of_integration_tells_its_own_log() {
    let (control, _) = control([("f", Answer::Json(json!({"name": "Ada"})))]);
    let integrations = [
        (
            "MOCK",
            json!({
                "type": "MOCK",
                "requestTemplates": {"application/json": "{\"statusCode\": 201}"},
                "integrationResponses": {"201": {"selectionPattern": "201", "responseTemplates": {"application/json": "made $input.params('id')"}}},
            }),
        ),
        (
            "AWS",
            json!({
                "type": "AWS", "httpMethod": "POST", "uri": lambda_uri("f"),
                "requestTemplates": {"application/json": "{\"id\": \"$input.params('id')\"}"},
                "integrationResponses": {"201": {"responseTemplates": {"application/json": "$input.path('$.name')"}}},
            }),
        ),
        ("closed", json!({"type": "AWS", "httpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:sqs:path/q"})),
        ("failing", json!({"type": "MOCK", "requestTemplates": {"application/json": "{}"}})),
    ];
    let mut logs = Vec::new();
    for (_, integration) in integrations {
        let mut state = lock(&control.default_world().unwrap().apigateway).apis.get("api").unwrap().clone();
        let method = &mut state.resources[0].methods["GET"];
        method.integration = Some(serde_json::from_value(integration).unwrap());
        method.method_responses = [("201".to_owned(), Default::default())].into();
        lock(&control.default_world().unwrap().apigateway).apis.insert("api", state).unwrap();
        let body = json!({"pathWithQueryString": "/pets/7"});
        let (_, answer) = rest(&control, "apigateway", "POST", "/restapis/api/resources/r/methods/GET", body).await;
        let log: Vec<String> = lines(&answer)[6..].iter().map(|line| (*line).to_owned()).collect();
        logs.push((answer["status"].as_u64().unwrap(), answer["body"].as_str().unwrap().to_owned(), log));
    }
    let internal = r#"{"message":"Internal server error"}"#.to_owned();
    let done = |body: &str, headers: &str| {
        [
            format!("Method response body after transformations: {body}"),
            format!("Method response headers: {headers}"),
            "Successfully completed execution".to_owned(),
            "Method completed with status: 201".to_owned(),
        ]
    };
    let json = "{Content-Type=application/json}";
    assert_eq!(logs[0], (201, "made 7".to_owned(), done("made 7", json).to_vec()));
    let (status, body, log) = &logs[1];
    assert_eq!((*status, body.as_str()), (201, "Ada"));
    let uri = "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";
    assert_eq!(log[0], format!("Endpoint request URI: {uri}"));
    assert!(log[1].starts_with("Endpoint request headers: {"), "{log:#?}");
    assert_eq!(
        log[2..4],
        [
            "Endpoint request body after transformations: {\"id\": \"7\"}".to_owned(),
            format!("Sending request to {uri}")
        ]
    );
    assert!(log[4].starts_with("Received response. Status: 200, Integration latency: "), "{log:#?}");
    assert!(log[5].starts_with("Endpoint response headers: {x-amzn-RequestId="), "{log:#?}");
    assert_eq!(log[6], "Endpoint response body before transformations: {\"name\":\"Ada\"}");
    assert_eq!(log[7..], done("Ada", json));
    let failed = |reason: &str| {
        vec![
            format!("Execution failed due to configuration error: {reason}"),
            "Method completed with status: 500".to_owned(),
        ]
    };
    let (status, body, log) = &logs[2];
    assert_eq!((*status, body), (500, &internal));
    assert!(
        log[0].starts_with(
            "Execution failed due to configuration error: not supported: the AWS service `sqs` as a target"
        ),
        "{log:#?}"
    );
    let reason = "Unable to parse statusCode. It should be an integer that is defined in the request template.";
    assert_eq!(logs[3], (500, internal, failed(reason)));
}

#[tokio::test]
async fn an_authorizer_gives_its_policy_whatever_it_says() {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*"}]});
    let (control, fake) =
        control([("auth", Answer::Json(json!({"principalId": "user-42", "policyDocument": policy})))]);
    let call = async |headers: Value| {
        rest(&control, "apigateway", "POST", "/restapis/api/authorizers/a", json!({"headers": headers})).await
    };
    let (status, answer) = call(json!({"Authorization": "token"})).await;
    assert_eq!(
        (status, &answer["clientStatus"], &answer["principalId"]),
        (200, &json!(200), &json!("user-42")),
        "{answer}"
    );
    assert_eq!(serde_json::from_str::<Value>(answer["policy"].as_str().unwrap()).unwrap(), policy);
    assert!(lines(&answer).contains(&"Using valid authorizer policy for principal: ****-42"));
    let arn = "arn:aws:execute-api:us-east-1:000000000000:api/ESTestInvoke-stage/GET/";
    assert_eq!(fake.event("auth"), json!({"type": "TOKEN", "authorizationToken": "token", "methodArn": arn}));
    let (_, unidentified) = call(json!({})).await;
    assert_eq!((&unidentified["clientStatus"], unidentified.get("policy")), (&json!(401), None));
    fake.answer("auth", Answer::Fails("Unauthorized"));
    assert_eq!(call(json!({"Authorization": "other"})).await.1["clientStatus"], 401);
    fake.answer("auth", Answer::Json(json!({"nonsense": true})));
    assert_eq!(call(json!({"Authorization": "other"})).await.1["clientStatus"], 500);
    let (status, missing) = rest(&control, "apigateway", "POST", "/restapis/api/authorizers/none", json!({})).await;
    assert_eq!((status, missing["message"].as_str().unwrap()), (404, "Invalid Authorizer identifier specified"));
}

#[tokio::test]
async fn an_authorizer_of_a_user_pool_gives_the_claims() {
    const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abcdefghi";
    let (control, _) = control([]);
    let world = control.default_world().unwrap();
    world.gateway.issuers.set_own(Arc::new(OwnPool { issuer: POOL, revoked: "" }));
    let authorizer = Authorizer {
        id: "p".to_owned(),
        name: "pool".to_owned(),
        authorizer_type: AuthorizerType::CognitoUserPools,
        provider_arns: vec!["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abcdefghi".to_owned()],
        ..Authorizer::default()
    };
    let api = RestApi {
        id: "pools".to_owned(),
        authorizers: [("p".to_owned(), authorizer)].into(),
        gateway_responses: [(
            "UNAUTHORIZED".to_owned(),
            GatewayResponse { status_code: Some("418".to_owned()), ..GatewayResponse::default() },
        )]
        .into(),
        ..RestApi::default()
    };
    lock(&world.apigateway).apis.insert("pools", api).unwrap();
    let token = TestKey::token(&json!({"iss": POOL, "token_use": "id", "sub": "u1", "exp": 9_999_999_999_i64}));
    let call = async |token: &str| {
        let body = json!({"headers": {"Authorization": token}});
        rest(&control, "apigateway", "POST", "/restapis/pools/authorizers/p", body).await.1
    };
    let answer = call(&token).await;
    assert_eq!((&answer["clientStatus"], &answer["claims"]["sub"]), (&json!(200), &json!("u1")), "{answer}");
    let refused = call("nonsense").await;
    assert_eq!((&refused["clientStatus"], refused.get("claims")), (&json!(401), None), "{refused}");
}
