//! Execution logs: what AWS writes of a request, by the level of its method.

use super::*;
use crate::model::{ApiKey, MethodSetting};
use crate::proxy::testing::policy;
use crate::telemetry::Stream;
use crate::throttle::testing::{Plans, key, plan};

fn logged(api: &mut RestApi, pattern: &str, level: &str, data_trace_enabled: bool) {
    let setting =
        MethodSetting { logging_level: Some(level.to_owned()), data_trace_enabled, ..MethodSetting::default() };
    api.stages["prod"].method_settings.insert(pattern.to_owned(), setting);
}

/// The lines of all streams of the stage's group, in order; each without the id in front of it, which is `id` elsewhere.
fn lines_of(gateway: &Gateway, group: &str) -> Vec<String> {
    let read = |group: &crate::telemetry::Group| {
        let mut events: Vec<_> = group.streams.values().flat_map(Stream::events).cloned().collect();
        events.sort_by_key(|event| event.position());
        events
    };
    let events = gateway.telemetry.logs().group(group, read).unwrap_or_default();
    let line = |message: &str| {
        let (id, text) = message.strip_prefix('(').unwrap().split_once(") ").unwrap();
        assert_eq!(id.len(), 36, "{message}");
        text.replace(id, "id")
    };
    events.iter().map(|event| line(&event.message)).collect()
}

fn lines(plane: &Plane) -> Vec<String> {
    lines_of(&plane.gateway, "API-Gateway-Execution-Logs_userapi/prod")
}

/// `line`, whose end after `label` is another each time.
fn cut_after(line: &str, label: &str) -> String {
    if line.starts_with(label) { label.to_owned() } else { line.to_owned() }
}

#[tokio::test]
async fn the_whole_log_of_a_request() {
    let mut api = api(&[("GET /users/{id}", "f")]);
    guard(&mut api, AuthorizerType::Token, "method.request.header.Authorization", 0);
    logged(&mut api, "*/*", "INFO", true);
    let auth = Answer::Json(policy("Allow", "*", json!({"k": "v"})));
    let result = json!({"statusCode": 200, "headers": {"x-one": "1"}, "body": "ok"});
    let plane = Plane::new(&api, [("f", Answer::Json(result.clone())), ("auth", auth)]);
    let headers =
        [("Host", "h"), ("Authorization", "Bearer 0123456789"), ("X-Api-Key", "abcdefghij"), ("Cookie", "s=secret")];
    plane.get("/prod/users/7?a=b&c=%20d", &headers).await;
    let found: Vec<_> = lines(&plane)
        .iter()
        .map(|line| {
            let labels =
                ["Extended Request Id: ", "Endpoint request headers: {x-amzn-lambda-integration-tag=id, X-Amz-Date="];
            labels.iter().fold(line.clone(), |line, label| cut_after(&line, label))
        })
        .collect();
    let uri = |function: &str| {
        format!(
            "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:\
             {function}/invocations"
        )
    };
    let event = |line: &String| line.starts_with("Endpoint request body after transformations: {\"resource\"");
    let proxied = found.iter().find(|line| event(line)).unwrap();
    assert!(proxied.ends_with(" [TRUNCATED]"), "{proxied}");
    for secret in ["0123456789", "abcdefghij", "s=secret"] {
        assert!(found.iter().all(|line| !line.contains(secret)), "{secret}");
    }
    let answer = serde_json::to_string(&result).unwrap();
    let policy = serde_json::to_string(&policy("Allow", "*", json!({"k": "v"}))).unwrap();
    let expected = [
        "Extended Request Id: ".to_owned(),
        "Starting authorizer: a1 for request: id".to_owned(),
        "Incoming identity: ***********456789".to_owned(),
        format!("Endpoint request URI: {}", uri("auth")),
        "Endpoint request headers: {x-amzn-lambda-integration-tag=id, X-Amz-Date=".to_owned(),
        "Endpoint request body after transformations: {\"type\":\"TOKEN\",\"authorizationToken\":\"***********456789\",\
         \"methodArn\":\"arn:aws:execute-api:us-east-1:000000000000:userapi/prod/GET/users/7\"}"
            .to_owned(),
        format!("Sending request to {}", uri("auth")),
        format!("Authorizer result body before parsing: {policy}"),
        "Using valid authorizer policy for principal: **mo".to_owned(),
        "Successfully completed authorizer execution".to_owned(),
        "Verifying Usage Plan for request: id. API Key:  API Stage: userapi/prod".to_owned(),
        "API Key  authorized because method 'GET /users/{id}' does not require API Key. Request will not contribute to \
         throttle or quota limits"
            .to_owned(),
        "Usage Plan check succeeded for API Key  and API Stage userapi/prod".to_owned(),
        "Starting execution for request: id".to_owned(),
        "HTTP Method: GET, Resource Path: /users/7".to_owned(),
        "Method request path: {id=7}".to_owned(),
        "Method request query string: {a=b, c= d}".to_owned(),
        "Method request headers: {Host=h, Authorization=***********456789, X-Api-Key=*****fghij, Cookie=****cret}".to_owned(),
        "Method request body before transformations: ".to_owned(),
        format!("Endpoint request URI: {}", uri("f")),
        "Endpoint request headers: {x-amzn-lambda-integration-tag=id, X-Amz-Date=".to_owned(),
        proxied.clone(),
        format!("Sending request to {}", uri("f")),
        "Received response. Status: 200, Integration latency: 0 ms".to_owned(),
        format!("Endpoint response headers: {{Content-Type=application/json, Content-Length={}}}", answer.len()),
        format!("Endpoint response body before transformations: {answer}"),
        "Method response body after transformations: ok".to_owned(),
        "Method response headers: {X-One=1, Content-Type=application/json}".to_owned(),
        "Successfully completed execution".to_owned(),
        "Method completed with status: 200".to_owned(),
    ];
    let found: Vec<_> = found
        .iter()
        .map(|line| match line.starts_with("Received response. ") {
            true => "Received response. Status: 200, Integration latency: 0 ms".to_owned(),
            false => line.clone(),
        })
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn without_data_trace_there_are_neither_paths_nor_headers_nor_bodies() {
    let mut api = api(&[("ANY /users/{id}", "f"), ("GET /quiet", "f")]);
    logged(&mut api, "*/*", "OFF", false);
    logged(&mut api, "~1users~1{id}/POST", "INFO", false);
    let plane = Plane::new(&api, [("f", ok())]);
    plane.get("/prod/users/7", &[]).await;
    plane.get("/prod/quiet", &[]).await;
    plane.get("/prod/none", &[]).await;
    assert_eq!(lines(&plane), [""; 0]);
    plane.send(request("POST", "/prod/users/7?secret=1", &[("x-secret", "1")])).await;
    let lines = lines(&plane);
    assert_eq!(
        lines[1..],
        [
            "Verifying Usage Plan for request: id. API Key:  API Stage: userapi/prod",
            "API Key  authorized because method 'ANY /users/{id}' does not require API Key. Request will not contribute to \
             throttle or quota limits",
            "Usage Plan check succeeded for API Key  and API Stage userapi/prod",
            "Starting execution for request: id",
            "HTTP Method: POST, Resource Path: /users/7",
            "Successfully completed execution",
            "Method completed with status: 200",
        ]
    );
}

#[tokio::test]
async fn errors_alone_at_the_level_of_errors() {
    let mut api = api(&[("GET /users", "f"), ("GET /guarded", "f")]);
    let authorized = method(&mut api, "GET /guarded");
    (authorized.authorization_type, authorized.authorizer_id) = ("CUSTOM".to_owned(), Some("a1".to_owned()));
    let authorizer = Authorizer {
        id: "a1".to_owned(),
        authorizer_type: AuthorizerType::Token,
        authorizer_uri: Some(lambda_uri("auth")),
        identity_source: Some("method.request.header.Authorization".to_owned()),
        ..Authorizer::default()
    };
    api.authorizers.insert("a1".to_owned(), authorizer);
    logged(&mut api, "*/*", "ERROR", true);
    let plane = Plane::new(&api, [("f", ok()), ("auth", Answer::Raw(b"[]"))]);
    plane.get("/prod/users", &[]).await;
    assert_eq!(lines(&plane), [""; 0]);
    plane.fake.answer("f", Answer::Fails("out of luck"));
    plane.get("/prod/users", &[]).await;
    plane.fake.answer("f", Answer::Json(json!({"wrong": 1})));
    plane.get("/prod/users", &[]).await;
    plane.get("/prod/guarded", &[]).await;
    plane.get("/prod/guarded", &[("Authorization", "t")]).await;
    assert_eq!(
        lines(&plane),
        [
            "Lambda execution failed with status 200 due to customer function error: out of luck.",
            "Gateway response type: DEFAULT_5XX with status code: 502",
            "Execution failed due to configuration error: Malformed Lambda proxy response",
            "Gateway response type: DEFAULT_5XX with status code: 502",
            "Unauthorized request: id",
            "Gateway response type: UNAUTHORIZED with status code: 401",
            "Execution failed due to configuration error: Authorizer error",
            "Gateway response type: AUTHORIZER_CONFIGURATION_ERROR with status code: 500",
        ]
    );
}

#[tokio::test]
async fn keys_are_hidden_and_throttles_told() {
    let mut api = api(&[("GET /pets", "f")]);
    method(&mut api, "GET /pets").api_key_required = true;
    logged(&mut api, "*/*", "INFO", false);
    let plane = Plane::new(&api, [("f", ok())]);
    let plans = Plans::new(&plane.gateway.limits);
    let of_key: ApiKey = key("k1", "the-value-of-the-first-key");
    let mut limited = plan("p1", &["userapi/prod"]);
    limited.throttle = Some(crate::model::ThrottleSettings { rate_limit: 1.0, burst_limit: 1 });
    plans.set([of_key], [limited], &["p1/k1"]);
    let sent = [("x-api-key", "the-value-of-the-first-key")];
    plane.get("/prod/pets", &sent).await;
    plane.get("/prod/pets", &sent).await;
    plane.get("/prod/pets", &[("x-api-key", "another")]).await;
    let lines = lines(&plane);
    let masked = "********************st-key";
    let found: Vec<_> = lines.iter().filter(|line| line.contains("Key") || line.contains("Gateway response")).collect();
    assert_eq!(
        found,
        [
            &format!("Verifying Usage Plan for request: id. API Key: {masked} API Stage: userapi/prod"),
            &format!("Usage Plan check succeeded for API Key {masked} and API Stage userapi/prod"),
            &format!("Verifying Usage Plan for request: id. API Key: {masked} API Stage: userapi/prod"),
            "Key throttle limit exceeded for RestApi userapi, Stage prod, Resource r0, HttpMethod GET. Limit: 1.00 Burst: 1",
            "Gateway response type: THROTTLED with status code: 429",
            "Verifying Usage Plan for request: id. API Key: ****her API Stage: userapi/prod",
            "API Key ****her not authorized because method 'GET /pets' requires API Key and API Key is not associated with a \
             Usage Plan for API Stage userapi/prod: No Usage Plan found for key and API Stage",
            "Gateway response type: INVALID_API_KEY with status code: 403",
        ]
    );
    assert!(lines.contains(&"Method completed with status: 429".to_owned()));
}
