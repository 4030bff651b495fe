//! Deployments.

use super::*;
use crate::proxy::testing::{request, text};
use crate::server::Plane;

#[tokio::test]
async fn what_cannot_be_deployed_is_said() {
    let f = Fixture::new().await;
    assert_eq!(
        f.refused("POST", "/deployments", json!({})).await,
        (400, "The REST API doesn't contain any methods".to_owned())
    );
    f.ok("PUT", &format!("/resources/{}/methods/GET", f.root), json!({"authorizationType": "NONE"})).await;
    assert_eq!(
        f.refused("POST", "/deployments", json!({})).await,
        (400, "No integration defined for method".to_owned())
    );
    let bad = json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": "${stageVariables.function"});
    f.ok("PUT", &format!("/resources/{}/methods/GET/integration", f.root), bad).await;
    let (status, message) = f.refused("POST", "/deployments", json!({"stageName": "dev"})).await;
    assert_eq!(status, 400);
    assert!(message.contains("GET /"), "{message}");
    assert_eq!(f.ok("GET", "/deployments", json!(null)).await["item"], json!([]));
}

#[tokio::test]
async fn a_deployment_is_the_api_as_it_was() {
    let f = Fixture::new().await;
    f.method(&f.root, "GET").await;
    let id = f.deploy(json!({"description": "first"})).await;
    assert_eq!(id.len(), 6);
    f.method(&f.root, "POST").await;
    let shown = f.ok("GET", &format!("/deployments/{id}?embed=apisummary"), json!(null)).await;
    assert_eq!(shown["description"], "first");
    let expected = json!({"/": {"GET": {"authorizationType": "NONE", "apiKeyRequired": false}}});
    assert_eq!(shown["apiSummary"], expected);
    let plain = f.ok("GET", &format!("/deployments/{id}"), json!(null)).await;
    assert!(plain.get("apiSummary").is_none());
    let changed =
        f.patch(&format!("/deployments/{id}"), json!([{"op": "replace", "path": "/description", "value": "1"}])).await;
    assert_eq!(changed["description"], "1");
}

#[tokio::test]
async fn a_deployment_that_is_served_cannot_be_deleted() {
    let f = Fixture::new().await;
    f.method(&f.root, "GET").await;
    let first = f.deploy(json!({"stageName": "dev", "variables": {"a": "1"}, "tracingEnabled": true})).await;
    let active = (400, "Active stages pointing to this deployment must be moved or deleted".to_owned());
    assert_eq!(f.refused("DELETE", &format!("/deployments/{first}"), json!(null)).await, active);
    let second = f.deploy(json!({"stageName": "dev"})).await;
    let stage = f.ok("GET", "/stages/dev", json!(null)).await;
    assert_eq!((&stage["deploymentId"], &stage["variables"]), (&json!(second), &json!({"a": "1"})));
    assert_eq!(stage["tracingEnabled"], true);
    assert_eq!(f.call("DELETE", &format!("/deployments/{first}"), json!(null)).await.0, 202);
    assert_eq!(
        f.refused("GET", &format!("/deployments/{first}"), json!(null)).await,
        (404, "Invalid Deployment identifier specified".to_owned())
    );
}

#[tokio::test]
async fn a_canary_leaves_the_stage_its_deployment() {
    let f = Fixture::new().await;
    f.method(&f.root, "GET").await;
    let canary = |stage: Value| {
        let mut body = json!({"canarySettings": {"percentTraffic": 10.0, "stageVariableOverrides": {"v": "canary"}}});
        if !stage.is_null() {
            body["stageName"] = stage;
        }
        body
    };
    let start = "Invalid deployment content specified.";
    let named = "Non null and non empty stageName must be provided for canary deployment. Provided value is ";
    assert_eq!(f.refused("POST", "/deployments", canary(json!(null))).await.1, format!("{start}{named}null"));
    assert_eq!(f.refused("POST", "/deployments", canary(json!(""))).await.1, format!("{start}{named}"));
    assert_eq!(
        f.refused("POST", "/deployments", canary(json!("x"))).await.1,
        format!("{start}Stage x must already be created before making a canary release deployment")
    );
    let first = f.deploy(json!({"stageName": "dev"})).await;
    let second = f.deploy(canary(json!("dev"))).await;
    let stage = f.ok("GET", "/stages/dev", json!(null)).await;
    assert_eq!(stage["deploymentId"], json!(first));
    let expected = json!({"deploymentId": second, "percentTraffic": 10.0, "useStageCache": false,
        "stageVariableOverrides": {"v": "canary"}});
    assert_eq!(stage["canarySettings"], expected);
    assert_eq!(f.call("DELETE", &format!("/deployments/{second}"), json!(null)).await.0, 400);
}

#[tokio::test]
async fn what_does_not_parse_is_not_deployed_and_what_was_deployed_goes_on() {
    let f = Fixture::new().await;
    let method = format!("/resources/{}/methods/GET", f.root);
    f.ok("PUT", &method, json!({"authorizationType": "NONE"})).await;
    f.ok("PUT", &format!("{method}/responses/200"), json!({})).await;
    let put = async |template: &str| {
        let mock = json!({"type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}});
        f.ok("PUT", &format!("{method}/integration"), mock).await;
        let response = json!({"responseTemplates": {"application/json": template}});
        f.ok("PUT", &format!("{method}/integration/responses/200"), response).await;
    };
    put("whole").await;
    f.deploy(json!({"stageName": "dev"})).await;
    put("one\n  #if(").await;
    let id = f.api.trim_start_matches("/restapis/");
    let expected =
        format!("{id}: GET /: integration response 200: responseTemplates for application/json: line 2, column ");
    for body in [json!({"stageName": "dev"}), json!({})] {
        let (status, message) = f.refused("POST", "/deployments", body).await;
        assert!(status == 400 && message.starts_with(&expected), "{message}");
    }
    let Some(Plane::Rest(plane)) = f.control.published().get(id) else { panic!("it is published") };
    let reply = crate::rest::serve(&plane, "/dev", request("GET", "/dev", &[])).await;
    assert_eq!((reply.status().as_u16(), text(&reply)), (200, "whole"));
}
