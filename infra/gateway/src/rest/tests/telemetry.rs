//! Access logs and metrics: every outcome leaves a line and is counted.

use super::*;
use crate::model::{AccessLogSettings, MethodSetting};
use crate::proxy::testing::policy;
use crate::telemetry::testing::{DESTINATION, lines, sum};

fn logged(api: &mut RestApi, format: &str) {
    api.name = "Users".to_owned();
    api.stages["prod"].access_log_settings =
        Some(AccessLogSettings { format: Some(format.to_owned()), destination_arn: Some(DESTINATION.to_owned()) });
}

#[tokio::test]
async fn every_outcome_is_logged() {
    let mut api = api(&[("GET /users/{id}", "f")]);
    guard(&mut api, AuthorizerType::Token, "method.request.header.Authorization", 0);
    logged(
        &mut api,
        "$context.httpMethod $context.path $context.resourcePath $context.status $context.responseLength \
         $context.error.messageString $context.error.responseType $context.integration.status \
         $context.authorizer.principalId $context.authorizer.k $context.identity.sourceIp $context.stage $context.apiId \
         $context.deploymentId $context.nothing",
    );
    let auth = Answer::Json(policy("Allow", "*", json!({"k": "v"})));
    let plane = Plane::new(&api, [("f", ok()), ("auth", auth)]);
    plane.get("/prod/users/1?a=b", &[("Authorization", "t")]).await;
    plane.get("/prod/users/1", &[]).await;
    plane.get("/prod/none", &[]).await;
    plane.fake.answer("f", Answer::Json(json!({"wrong": 1})));
    plane.get("/prod/users/2", &[("Authorization", "t")]).await;
    // Neither a stage without a log nor one that does not exist has lines.
    plane.get("/dev/users/1", &[("Authorization", "t")]).await;
    plane.get("/absent/users/1", &[]).await;
    let same = "127.0.0.1 prod userapi d1 -";
    assert_eq!(
        lines(&plane.gateway),
        [
            format!("GET /prod/users/1 /users/{{id}} 200 2 - - 200 demo v {same}"),
            format!("GET /prod/users/1 /users/{{id}} 401 26 \"Unauthorized\" UNAUTHORIZED - - - {same}"),
            format!(
                "GET /prod/none - 403 42 \"Missing Authentication Token\" MISSING_AUTHENTICATION_TOKEN - - - {same}"
            ),
            format!("GET /prod/users/2 /users/{{id}} 502 35 \"Internal server error\" DEFAULT_5XX - demo v {same}"),
        ]
    );
}

#[tokio::test]
async fn requests_are_counted_for_the_api_the_stage_and_detailed_methods() {
    let mut api = api(&[("GET /users/{id}", "f"), ("GET /plain", "f")]);
    api.name = "Users".to_owned();
    let detailed = MethodSetting { metrics_enabled: true, ..MethodSetting::default() };
    api.stages["prod"].method_settings.insert("~1users~1{id}/GET".to_owned(), detailed);
    let plane = Plane::new(&api, [("f", ok())]);
    plane.get("/prod/users/1", &[]).await;
    plane.get("/prod/plain", &[]).await;
    plane.get("/prod/none", &[]).await;
    plane.get("/dev/plain", &[]).await;
    plane.fake.answer("f", Answer::Fails("broken"));
    plane.get("/prod/plain", &[]).await;
    let sum = |name, dimensions: &[_]| sum(&plane.gateway, name, dimensions);
    let stage = [("ApiName", "Users"), ("Stage", "prod")];
    assert_eq!(sum("Count", &[("ApiName", "Users")]), Some(5.0));
    assert_eq!(sum("Count", &stage), Some(4.0));
    assert_eq!((sum("4XXError", &stage), sum("5XXError", &stage)), (Some(1.0), Some(1.0)));
    assert!(sum("Latency", &stage).is_some() && sum("IntegrationLatency", &stage).is_some());
    let method = [("ApiName", "Users"), ("Method", "GET"), ("Resource", "/users/{id}"), ("Stage", "prod")];
    assert_eq!(sum("Count", &method), Some(1.0));
    assert_eq!(
        sum("Count", &[("ApiName", "Users"), ("Method", "GET"), ("Resource", "/plain"), ("Stage", "prod")]),
        None
    );
}

#[test]
fn a_destination_that_is_no_log_group_is_told() {
    let mut api = api(&[("GET /a", "f")]);
    logged(&mut api, "$context.requestId");
    api.stages["prod"].access_log_settings.as_mut().unwrap().destination_arn =
        Some("arn:aws:firehose:us-east-1:0:deliverystream/amazon-apigateway-x".to_owned());
    let warnings = compile(&api, &api.stages["prod"]).unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("accessLogSettings: access logs go to log groups"), "{}", warnings[0]);
}
