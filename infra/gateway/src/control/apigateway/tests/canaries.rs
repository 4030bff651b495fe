//! Caches and canaries of stages, as those meet them who call the API.

use std::sync::Arc;

use super::*;
use crate::proxy::testing::{Answer, Fake, ok, request, text};
use crate::server::Plane;

/// An API with `GET /` of the function `f` on the stage `dev`.
struct Served {
    f: Fixture,
    fake: Arc<Fake>,
    first: String,
}

impl Served {
    async fn new() -> Served {
        let fake = Fake::new([("f", ok())]);
        let f = Fixture::on(control_with(fake.clone())).await;
        f.method(&f.root, "GET").await;
        let first = f.deploy(json!({"stageName": "dev"})).await;
        Served { f, fake, first }
    }

    async fn get(&self) -> (u16, String) {
        let Some(Plane::Rest(plane)) = self.f.control.published().get(self.f.api.trim_start_matches("/restapis/"))
        else {
            return (0, String::new());
        };
        let reply = crate::rest::serve(&plane, "/dev", request("GET", "/dev", &[])).await;
        (reply.status().as_u16(), text(&reply).to_owned())
    }

    /// The deployment, the variable `v` and `isCanaryRequest` that the function is told.
    async fn served(&self) -> (Value, Value, Value) {
        assert_eq!(self.get().await.0, 200);
        let event = self.fake.event("f");
        let context = &event["requestContext"];
        (context["deploymentId"].clone(), event["stageVariables"]["v"].clone(), context["isCanaryRequest"].clone())
    }

    fn says(&self, body: &str) {
        self.fake.answer("f", Answer::Json(json!({"statusCode": 200, "body": body})));
    }

    async fn set(&self, operations: &[(&str, &str)]) -> Value {
        let operations = operations.iter().map(|(path, value)| json!({"op": "replace", "path": path, "value": value}));
        self.f.patch("/stages/dev", Value::Array(operations.collect())).await
    }
}

#[tokio::test]
async fn a_canary_is_deployed_promoted_and_removed() {
    let s = Served::new().await;
    s.set(&[("/variables/v", "base")]).await;
    assert_eq!(s.served().await, (json!(s.first), json!("base"), Value::Null));
    let canary = json!({"stageName": "dev", "canarySettings": {"percentTraffic": 100.0,
        "stageVariableOverrides": {"v": "canary"}}});
    let second = s.f.deploy(canary).await;
    assert_eq!(s.served().await, (json!(second), json!("canary"), json!(true)));
    s.set(&[("/canarySettings/percentTraffic", "0.0")]).await;
    assert_eq!(s.served().await, (json!(s.first), json!("base"), json!(false)));

    let copy = |from: &str, path: &str| json!({"op": "copy", "from": from, "path": path});
    let promote = json!([{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "0.0"},
        copy("/canarySettings/stageVariableOverrides", "/variables"),
        copy("/canarySettings/deploymentId", "/deploymentId")]);
    s.f.patch("/stages/dev", promote).await;
    assert_eq!(s.served().await, (json!(second), json!("canary"), json!(false)));
    s.f.patch("/stages/dev", json!([{"op": "remove", "path": "/canarySettings"}])).await;
    assert_eq!(s.served().await, (json!(second), json!("canary"), Value::Null));
    // Back to what was deployed before.
    s.set(&[("/deploymentId", &s.first)]).await;
    assert_eq!(s.served().await, (json!(s.first), json!("canary"), Value::Null));
}

#[tokio::test]
async fn stages_are_made_with_canaries_of_deployments_that_there_are() {
    let s = Served::new().await;
    let stage =
        |name: &str, canary: Value| json!({"stageName": name, "deploymentId": s.first, "canarySettings": canary});
    assert_eq!(
        s.f.refused("POST", "/stages", stage("s1", json!({"deploymentId": "none", "percentTraffic": 1.0}))).await,
        (400, "Deployment id does not exist".to_owned())
    );
    let made = s.f.ok("POST", "/stages", stage("s2", json!({"percentTraffic": 12.5}))).await;
    let expected = json!({"deploymentId": s.first, "percentTraffic": 12.5, "useStageCache": false});
    assert_eq!(made["canarySettings"], expected);
    for percent in [-0.1, 100.1] {
        let refused = s.f.refused("POST", "/stages", stage("s3", json!({"percentTraffic": percent}))).await;
        assert_eq!(refused.0, 400, "{percent}");
    }
    // Each of these makes a canary where there is none.
    let made = s.set(&[("/canarySettings/deploymentId", &s.first)]).await;
    let expected = json!({"deploymentId": s.first, "percentTraffic": 0.0, "useStageCache": false});
    assert_eq!(made["canarySettings"], expected);
    s.f.patch("/stages/dev", json!([{"op": "remove", "path": "/canarySettings"}])).await;
    let made = s.set(&[("/canarySettings/stageVariableOverrides/x", "1")]).await;
    assert_eq!(made["canarySettings"]["stageVariableOverrides"], json!({"x": "1"}));
    let remove = json!([{"op": "remove", "path": "/canarySettings/stageVariableOverrides/x"}]);
    assert_eq!(s.f.patch("/stages/dev", remove).await["canarySettings"], expected);
    // Copying overrides that are none leaves the variables as they are.
    let copy = json!([{"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"},
        {"op": "replace", "path": "/variables/kept", "value": "1"}]);
    assert_eq!(s.f.patch("/stages/dev", copy).await["variables"], json!({"kept": "1"}));
    let again = json!([{"op": "remove", "path": "/canarySettings"}]);
    s.f.patch("/stages/dev", again.clone()).await;
    assert_eq!(
        s.f.patch_refused("/stages/dev", again).await,
        (
            400,
            "Cannot remove method setting canarySettings because there is no method setting for this method "
                .to_owned()
        )
    );
}

#[tokio::test]
async fn a_cache_is_turned_on_flushed_and_off() {
    let s = Served::new().await;
    let stage = s.set(&[("/cacheClusterEnabled", "true"), ("/*/*/caching/enabled", "true")]).await;
    assert_eq!((&stage["cacheClusterStatus"], &stage["cacheClusterSize"]), (&json!("AVAILABLE"), &json!("0.5")));
    s.says("one");
    assert_eq!(s.get().await.1, "one");
    s.says("two");
    assert_eq!(s.get().await.1, "one");
    s.set(&[("/variables/v", "1")]).await;
    assert_eq!(s.get().await.1, "one", "a change of the stage forgets nothing");
    assert_eq!(s.f.call("DELETE", "/stages/dev/cache/authorizers", json!(null)).await.0, 202);
    assert_eq!(s.get().await.1, "one");
    assert_eq!(s.f.call("DELETE", "/stages/dev/cache/data", json!(null)).await.0, 202);
    assert_eq!(s.get().await.1, "two");
    s.says("three");
    s.set(&[("/~1/GET/caching/enabled", "false")]).await;
    assert_eq!(s.get().await.1, "three");
    s.set(&[("/~1/GET/caching/enabled", "true")]).await;
    assert_eq!(s.get().await.1, "two", "it is there still");
    s.f.deploy(json!({"stageName": "dev"})).await;
    assert_eq!(s.get().await.1, "three", "another deployment");
    s.says("four");
    s.set(&[("/cacheClusterSize", "1.6")]).await;
    assert_eq!(s.get().await.1, "four", "another cluster");
    let stage = s.set(&[("/cacheClusterEnabled", "false")]).await;
    assert_eq!(stage["cacheClusterStatus"], "NOT_AVAILABLE");
    s.says("five");
    assert_eq!(s.get().await.1, "five");
}

#[tokio::test]
async fn variables_have_the_bounds_of_aws() {
    let s = Served::new().await;
    let refused = |name: &str, value: &str| {
        let path = format!("/variables/{name}");
        let operations = json!([{"op": "replace", "path": path, "value": value}]);
        let f = &s.f;
        async move { f.patch_refused("/stages/dev", operations).await }
    };
    let name = |name: &str| {
        (400, format!("Invalid stage variable name: {name}.  Please use names with only word characters."))
    };
    let value = |value: &str| {
        let symbols = "' ', -', '.', '_', ':', '/', '?', '&', '=', and ','.";
        let text = "Please use values with alphanumeric characters and the symbols";
        (400, format!("Invalid stage variable value: {value}.  {text} {symbols}"))
    };
    assert_eq!(refused("owner:name", "x").await, name("owner:name"));
    assert_eq!(refused(&"n".repeat(65), "x").await, name(&"n".repeat(65)));
    assert_eq!(refused("v", "$LATEST").await, value("$LATEST"));
    assert_eq!(refused("v", "").await, value(""));
    assert_eq!(refused("v", &"x".repeat(513)).await, value(&"x".repeat(513)));
    let full: Vec<_> = (0..100)
        .map(|n| json!({"op": "replace", "path": format!("/variables/v{n}"), "value": "A-Za-z0-9-._~:/?#&=,"}))
        .collect();
    let stage = s.f.patch("/stages/dev", Value::Array(full)).await;
    assert_eq!(stage["variables"].as_object().unwrap().len(), 100);
    let (status, message) = refused("one_more", "x").await;
    assert_eq!((status, message.contains("100 stage variables at most")), (429, true), "{message}");
}
