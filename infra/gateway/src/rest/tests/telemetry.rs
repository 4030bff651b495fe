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
async fn the_formats_of_awss_console_are_rendered() {
    let clf = r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime]"$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId"#;
    let json = r#"{ "requestId":"$context.requestId", "ip": "$context.identity.sourceIp", "caller":"$context.identity.caller", "user":"$context.identity.user", "requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod", "resourcePath":"$context.resourcePath", "status":"$context.status", "protocol":"$context.protocol", "responseLength":"$context.responseLength" }"#;
    let xml = r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>"#;
    let csv = "$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId";
    let rendered = async |format: &str| {
        let mut api = api(&[("GET /users/{id}", "f")]);
        logged(&mut api, format);
        let plane = Plane::new(&api, [("f", ok())]);
        plane.gateway.clock.set(1_795_352_220_000);
        let reply = plane.get("/prod/users/1", &[]).await;
        let id = crate::proxy::testing::header(&reply, "x-amzn-requestid").unwrap();
        let lines = lines(&plane.gateway);
        assert_eq!(lines.len(), 1);
        let time = regex::Regex::new(r"22/Nov/2026:12:57:0\d \+0000").unwrap();
        assert!(time.is_match(&lines[0]), "{}", lines[0]);
        time.replace(&lines[0].replace(id, "ID"), "TIME").into_owned()
    };
    assert_eq!(rendered(clf).await, r#"127.0.0.1 - - [TIME]"GET /users/{id} HTTP/1.1" 200 2 ID"#);
    assert_eq!(
        serde_json::from_str::<Value>(&rendered(json).await).unwrap(),
        json!({"requestId": "ID", "ip": "127.0.0.1", "caller": "-", "user": "-", "requestTime": "TIME", "httpMethod": "GET",
            "resourcePath": "/users/{id}", "status": "200", "protocol": "HTTP/1.1", "responseLength": "2"})
    );
    assert_eq!(
        rendered(xml).await,
        r#"<request id="ID"> <ip>127.0.0.1</ip> <caller>-</caller> <user>-</user> <requestTime>TIME</requestTime> <httpMethod>GET</httpMethod> <resourcePath>/users/{id}</resourcePath> <status>200</status> <protocol>HTTP/1.1</protocol> <responseLength>2</responseLength> </request>"#
    );
    assert_eq!(rendered(csv).await, "127.0.0.1,-,-,TIME,GET,/users/{id},HTTP/1.1,200,2,ID");
}

#[tokio::test]
async fn every_phase_says_what_came_of_it() {
    let mut api = api(&[("GET /a", "f")]);
    guard(&mut api, AuthorizerType::Token, "method.request.header.Authorization", 0);
    logged(
        &mut api,
        "$context.authorizer.status/$context.authorizer.error $context.authorize.status/$context.authorize.error \
         $context.authenticate.status $context.integration.status/$context.integration.integrationStatus/\
         $context.integrationStatus/$context.integration.requestId $context.waf.status $context.isCanaryRequest \
         $context.endpointType $context.customDomain.basePathMatched $context.error.validationErrorString",
    );
    let plane = Plane::new(&api, [("f", Answer::Json(json!({"statusCode": 404}))), ("auth", ok())]);
    let rest = "- - EDGE - -";
    let token = [("Authorization", "t")];
    for (answer, headers, expected) in [
        (Answer::Json(policy("Allow", "*", json!({}))), &token[..], format!("200/- 200/- - 404/200/200/- {rest}")),
        (
            Answer::Json(policy("Deny", "*", json!({}))),
            &token[..],
            format!(
                "200/- 403/User is not authorized to access this resource with an explicit deny in an identity-based policy - \
                 -/-/-/- {rest}"
            ),
        ),
        (Answer::Fails("Unauthorized"), &token[..], format!("401/Unauthorized -/- - -/-/-/- {rest}")),
        (Answer::Fails("x"), &token[..], format!("500/function auth failed: E -/- - -/-/-/- {rest}")),
        (ok(), &[], format!("401/- -/- - -/-/-/- {rest}")),
    ] {
        plane.fake.answer("auth", answer);
        plane.get("/prod/a", headers).await;
        assert_eq!(lines(&plane.gateway).last(), Some(&expected));
    }
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
    assert!(warnings[0].contains("Firehose"), "{}", warnings[0]);
}
