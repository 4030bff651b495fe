//! Stages.

use super::*;

async fn staged() -> (Fixture, String) {
    let f = Fixture::new().await;
    f.method(&f.root, "GET").await;
    let deployment = f.deploy(json!({"stageName": "dev"})).await;
    (f, deployment)
}

#[tokio::test]
async fn a_stage_has_the_shape_of_aws() {
    let (f, deployment) = staged().await;
    let body =
        json!({"stageName": "s1", "deploymentId": deployment, "description": "my stage", "variables": {"a": "b"}});
    let mut stage = f.ok("POST", "/stages", body.clone()).await;
    assert_eq!(f.ok("GET", "/stages/s1", json!(null)).await, stage);
    for date in ["createdDate", "lastUpdatedDate"] {
        assert!(stage.as_object_mut().unwrap().remove(date).unwrap().is_number());
    }
    let expected = json!({"stageName": "s1", "deploymentId": deployment, "description": "my stage", "variables": {"a": "b"},
        "cacheClusterEnabled": false, "cacheClusterStatus": "NOT_AVAILABLE", "methodSettings": {}, "tracingEnabled": false});
    assert_eq!(stage, expected);
    assert_eq!(f.refused("POST", "/stages", body).await, (409, "Stage already exists".to_owned()));
    let unknown = json!({"stageName": "s2", "deploymentId": "x"});
    assert_eq!(f.refused("POST", "/stages", unknown).await, (400, "Deployment id does not exist".to_owned()));
    let named = json!({"stageName": "s 2", "deploymentId": deployment});
    assert_eq!(f.refused("POST", "/stages", named).await.0, 400);
    let all = f.ok("GET", "/stages", json!(null)).await;
    assert_eq!(all["item"].as_array().unwrap().len(), 2);
    assert_eq!(f.call("DELETE", "/stages/s1", json!(null)).await.0, 202);
    assert_eq!(
        f.refused("GET", "/stages/s1", json!(null)).await,
        (404, "Invalid Stage identifier specified".to_owned())
    );
}

#[tokio::test]
async fn settings_of_methods_begin_with_those_of_all() {
    let (f, _) = staged().await;
    let set = |path: &str, value: &str| json!({"op": "replace", "path": path, "value": value});
    let stage = f
        .patch(
            "/stages/dev",
            json!([
                set("/*/*/throttling/burstLimit", "123"),
                set("/*/*/caching/enabled", "true"),
                set("/~1users~1{id}/GET/throttling/rateLimit", "7.5"),
                set("/tracingEnabled", "true"),
                set("/variables/v", "x"),
                set("/cacheClusterEnabled", "true"),
                set("/cacheClusterSize", "1.6")
            ]),
        )
        .await;
    let all = json!({"cacheDataEncrypted": false, "cacheTtlInSeconds": 300, "cachingEnabled": true,
        "dataTraceEnabled": false, "metricsEnabled": false, "requireAuthorizationForCacheControl": true,
        "throttlingBurstLimit": 123, "throttlingRateLimit": 10000.0,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER"});
    assert_eq!(stage["methodSettings"]["*/*"], all);
    let mut own = all.clone();
    own["throttlingRateLimit"] = json!(7.5);
    assert_eq!(stage["methodSettings"]["~1users~1{id}/GET"], own);
    assert_eq!((&stage["tracingEnabled"], &stage["variables"]), (&json!(true), &json!({"v": "x"})));
    assert_eq!((&stage["cacheClusterStatus"], &stage["cacheClusterSize"]), (&json!("AVAILABLE"), &json!("1.6")));
    // The same method however its path is written.
    let stage = f.patch("/stages/dev", json!([set("/users/{id}/GET/caching/ttlInSeconds", "60")])).await;
    assert_eq!(stage["methodSettings"].as_object().unwrap().len(), 2);
    assert_eq!(stage["methodSettings"]["~1users~1{id}/GET"]["cacheTtlInSeconds"], 60);
    let stage = f.patch("/stages/dev", json!([{"op": "remove", "path": "/*/*"}])).await;
    assert!(stage["methodSettings"].get("*/*").is_none());
    assert_eq!(
        f.patch_refused("/stages/dev", json!([{"op": "remove", "path": "/*/*"}])).await.1,
        "Cannot remove method setting */* because there is no method setting for this method "
    );
}

#[tokio::test]
async fn paths_that_aws_does_not_know_are_refused_in_its_words() {
    let (f, _) = staged().await;
    for path in [
        "/throttle/rateLimit",
        "/throttle/*/GET/rateLimit",
        "/tags/tag1",
        "/documentation_version",
        "/canarySettings",
        "/canarySettings/badPath",
        "/users/ANY/caching/enabled",
        "/users/*/caching/enabled",
        "/users/GET/caching/nothing",
    ] {
        let (status, message) =
            f.patch_refused("/stages/dev", json!([{"op": "replace", "path": path, "value": "1"}])).await;
        assert_eq!(status, 400);
        let start = format!("Invalid method setting path: {path}. Must be one of: [/deploymentId, /description, ");
        assert!(message.starts_with(&start), "{message}");
        assert!(
            message.contains(
                "/{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit\
                 /{resourcePath}/{httpMethod}/caching/ttlInSeconds, "
            ) && message.ends_with(", /variables/{variable_name}, /tracingEnabled]"),
            "{message}"
        );
    }
    let variable = json!([{"op": "replace", "path": "/variables/a", "value": "no spaces"}]);
    assert_eq!(f.patch_refused("/stages/dev", variable).await.0, 400);
}

#[tokio::test]
async fn a_canary_is_promoted_by_copies() {
    let (f, first) = staged().await;
    let second = f.deploy(json!({})).await;
    let patch = |operations: Value| f.patch("/stages/dev", operations);
    let refused = |operations: Value| {
        let f = &f;
        async move { f.patch_refused("/stages/dev", operations).await.1 }
    };
    let copy = |from: &str, path: &str| json!({"op": "copy", "from": from, "path": path});
    let (deployment, overrides) = ("/canarySettings/deploymentId", "/canarySettings/stageVariableOverrides");
    assert_eq!(
        refused(json!([copy(deployment, "/deploymentId")])).await,
        "Promotion not available. Canary does not exist."
    );
    assert_eq!(
        refused(json!([copy("/variables", overrides)])).await,
        "Invalid copy operation with path: /canarySettings/stageVariableOverrides and from /variables. Valid copy:path \
         are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, \
         /canarySettings/stageVariableOverrides]"
    );
    assert_eq!(
        refused(json!([{"op": "add", "path": deployment, "value": second}])).await,
        "Invalid add operation with path: /canarySettings/deploymentId"
    );
    assert_eq!(
        refused(json!([{"op": "replace", "path": deployment, "value": "x"}])).await,
        "Deployment id does not exist"
    );
    assert_eq!(
        refused(json!([{"op": "remove", "path": overrides}])).await,
        "Cannot remove method setting canarySettings/stageVariableOverrides because there is no method setting for this method "
    );
    let stage = patch(json!([{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "50"}])).await;
    let expected = json!({"deploymentId": first, "percentTraffic": 50.0, "useStageCache": false});
    assert_eq!(stage["canarySettings"], expected);
    patch(json!([{"op": "replace", "path": deployment, "value": second},
        {"op": "replace", "path": "/canarySettings/stageVariableOverrides/v", "value": "canary"},
        {"op": "replace", "path": "/variables/w", "value": "base"}]))
    .await;
    let stage = patch(json!([{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "0.0"},
        copy(overrides, "/variables"), copy(deployment, "/deploymentId")]))
    .await;
    assert_eq!(stage["deploymentId"], json!(second));
    assert_eq!(stage["variables"], json!({"w": "base", "v": "canary"}));
    assert_eq!(stage["canarySettings"]["stageVariableOverrides"], json!({"v": "canary"}));
    let stage = patch(json!([{"op": "remove", "path": "/canarySettings"}])).await;
    assert!(stage.get("canarySettings").is_none());
}

#[tokio::test]
async fn caches_are_flushed() {
    let (f, _) = staged().await;
    assert_eq!(f.call("DELETE", "/stages/dev/cache/data", json!(null)).await.0, 202);
    assert_eq!(f.call("DELETE", "/stages/dev/cache/authorizers", json!(null)).await.0, 202);
    assert_eq!(f.call("DELETE", "/stages/no/cache/data", json!(null)).await.0, 404);
}

#[tokio::test]
async fn an_api_has_ten_stages() {
    let (f, deployment) = staged().await;
    for number in 1..10 {
        f.ok("POST", "/stages", json!({"stageName": format!("s{number}"), "deploymentId": deployment})).await;
    }
    let full = (429, "Maximum number of stages for this API has been reached.".to_owned());
    assert_eq!(f.refused("POST", "/stages", json!({"stageName": "more", "deploymentId": deployment})).await, full);
    assert_eq!(f.refused("POST", "/deployments", json!({"stageName": "more"})).await, full);
    f.deploy(json!({"stageName": "s1"})).await;
}
