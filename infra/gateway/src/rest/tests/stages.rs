//! A stage serves its own deployment, an API has its own account and region, and its functions know who calls.

use super::*;
use crate::lambda::{Caller, InvokeError};
use crate::proxy::testing::policy;

#[tokio::test]
async fn each_stage_serves_its_own_deployment() {
    let fake = Fake::new([("old", ok()), ("new", ok())]);
    let first = api(&[("GET /users", "old")]);
    let mut second = api(&[("GET /users", "new"), ("GET /products", "new")]);
    second.stages["dev"].deployment_id = "d2".to_owned();
    second.binary_media_types = vec!["*/*".to_owned()];
    let plane = RestPlane::new("userapi", fake.gateway())
        .with_stage(compile(&first, &first.stages["prod"]).unwrap())
        .with_stage(compile(&second, &second.stages["dev"]).unwrap());
    let get = async |plane: &RestPlane, path: &str| serve(plane, path, request("GET", path, &[])).await;

    assert_eq!(get(&plane, "/prod/users").await.status(), 200);
    let context = fake.event("old")["requestContext"].take();
    assert_eq!((&context["stage"], &context["deploymentId"]), (&json!("prod"), &json!("d1")));
    assert_eq!(get(&plane, "/prod/products").await.status(), 403, "not deployed there");
    assert_eq!(get(&plane, "/dev/products").await.status(), 200);
    let context = fake.event("new")["requestContext"].take();
    assert_eq!((&context["stage"], &context["deploymentId"]), (&json!("dev"), &json!("d2")));

    let kept = plane.stages["prod"].clone();
    let plane = plane.without_stage("dev").with_stage(compile(&second, &second.stages["prod"]).unwrap());
    assert!(!Arc::ptr_eq(&kept, &plane.stages["prod"]));
    assert_eq!(get(&plane, "/prod/products").await.status(), 200, "deployed now");
    let gone = get(&plane, "/dev/users").await;
    assert_error(&gone, 403, r#"{"message":"Forbidden"}"#, "ForbiddenException");
}

#[tokio::test]
async fn an_address_that_is_closed_answers_nobody() {
    let mut declared = api(&[("GET /users", "f")]);
    declared.disable_execute_api_endpoint = true;
    declared.gateway_responses.insert(
        "DEFAULT_4XX".to_owned(),
        crate::model::GatewayResponse { status_code: Some("418".to_owned()), ..Default::default() },
    );
    let plane = Plane::new(&declared, [("f", ok())]);
    for path in ["/prod/users", "/dev/users", "/prod/none"] {
        let refused = plane.get(path, &[]).await;
        assert_error(&refused, 403, r#"{"message":"Forbidden"}"#, "ForbiddenException");
    }
    assert_eq!(plane.fake.count("f"), 0);
    assert!(plane.plane.warnings()[0].ends_with("every request is answered with 403"));
}

#[tokio::test]
async fn one_function_has_an_alias_for_each_stage() {
    let mut declared = api(&[("GET /users", "f"), ("GET /named", "f")]);
    let uri = |function: &str| Some(lambda_uri(function));
    method(&mut declared, "GET /users").integration.as_mut().unwrap().uri = uri("f:${stageVariables.lambdaAlias}");
    method(&mut declared, "GET /named").integration.as_mut().unwrap().uri = uri("${stageVariables.name}");
    for (stage, alias, name) in [("prod", "live", "stable"), ("dev", "7", "next")] {
        declared.stages[stage].variables =
            [("lambdaAlias".to_owned(), alias.to_owned()), ("name".to_owned(), name.to_owned())].into();
    }
    let plane = Plane::new(&declared, ["f", "live", "7", "stable", "next"].map(|name| (name, ok())));
    for (stage, alias, name) in [("prod", "live", "stable"), ("dev", "7", "next")] {
        assert_eq!(plane.get(&format!("/{stage}/users"), &[]).await.status(), 200);
        assert_eq!(plane.fake.qualifier("f").as_deref(), Some(alias));
        assert_eq!(plane.fake.event("f")["stageVariables"]["lambdaAlias"], alias);
        assert_eq!(plane.get(&format!("/{stage}/named"), &[]).await.status(), 200);
        assert_eq!(plane.fake.count(name), 1);
    }
    // An unknown variable is empty, so that the whole names no function.
    let mut without = declared.clone();
    without.stages["prod"].variables.clear();
    let plane = Plane::new(&without, [("f", ok())]);
    assert_eq!(plane.get("/prod/named", &[]).await.status(), 500);
}

#[tokio::test]
async fn an_api_has_its_own_account_and_region() {
    let mut declared = api(&[("ANY /users/{userId}", "f")]);
    guard(&mut declared, AuthorizerType::Token, "method.request.header.Authorization", 0);
    let mut plane = Plane::new(&declared, [("f", ok()), ("auth", Answer::Json(policy("Allow", "*", json!({}))))]);
    plane.gateway.region = "eu-west-1".into();
    plane.gateway.account_id = "111122223333".into();
    plane.plane = published(&declared, &plane.gateway);
    let reply = plane.get("/prod/users/1", &[("Authorization", "t")]).await;
    assert_eq!(reply.status(), 200);

    let method = "arn:aws:execute-api:eu-west-1:111122223333:userapi/prod/GET/users/1";
    assert_eq!(plane.fake.event("auth")["methodArn"], method);
    assert_eq!(plane.fake.event("f")["requestContext"]["accountId"], "111122223333");
    let caller = |resource: &str| Caller {
        principal: "apigateway.amazonaws.com",
        source_arn: format!("arn:aws:execute-api:eu-west-1:111122223333:userapi/{resource}").into(),
        source_account: "111122223333".into(),
    };
    assert_eq!(plane.fake.caller("f"), caller("prod/*/users/{userId}"));
    assert_eq!(plane.fake.caller("auth"), caller("authorizers/a1"));
    // The function's own account and region are those of its ARN, whoever calls it.
    assert_eq!(plane.fake.identifier("f"), "arn:aws:lambda:us-east-1:000000000000:function:f");
}

#[tokio::test]
async fn a_function_that_does_not_let_the_api_call_it() {
    let denied = || Answer::Refused(InvokeError::AccessDenied("no statement".to_owned()));
    let mut declared = api(&[("GET /", "f")]);
    let reply = Plane::new(&declared, [("f", denied())]).get("/prod/", &[]).await;
    assert_error(&reply, 500, r#"{"message":"Internal server error"}"#, "InternalServerErrorException");

    guard(&mut declared, AuthorizerType::Token, "method.request.header.Authorization", 0);
    let plane = Plane::new(&declared, [("f", ok()), ("auth", denied())]);
    let reply = plane.get("/prod/", &[("Authorization", "t")]).await;
    assert_error(&reply, 500, r#"{"message":null}"#, "AuthorizerConfigurationException");
    assert_eq!(plane.fake.count("f"), 0);
}
