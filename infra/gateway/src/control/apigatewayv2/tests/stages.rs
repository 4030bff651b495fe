use super::*;

#[tokio::test]
async fn a_stage_has_the_members_of_aws() {
    let stack = Stack::new();
    let (http, chat) = (stack.http_api().await, stack.web_socket_api().await);
    let settings = [
        (&http, json!({"detailedMetricsEnabled": false})),
        (&chat, json!({"dataTraceEnabled": false, "detailedMetricsEnabled": false, "loggingLevel": "OFF"})),
    ];
    for (api, settings) in settings {
        let mut stage = stack.ok("POST", format!("{api}/stages"), json!({"stageName": "dev"})).await;
        let members = stage.as_object_mut().unwrap();
        assert!(members.remove("createdDate").is_some() && members.remove("lastUpdatedDate").is_some());
        let expected = json!({"stageName": "dev", "defaultRouteSettings": settings, "routeSettings": {},
            "stageVariables": {}, "tags": {}});
        assert_eq!(stage, expected);
    }
}

#[tokio::test]
async fn a_change_is_seen_after_a_deployment_and_not_before() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    let integration = stack.integration(&api).await;
    let nothing = stack.fails("POST", &format!("{api}/deployments"), json!({})).await;
    assert_eq!(nothing, (400, "Unable to deploy API because no routes exist in this API".to_owned()));
    stack.route(&api, "GET /one", &integration).await;
    stack.ok("POST", format!("{api}/stages"), json!({"stageName": "dev"})).await;
    assert_eq!(stack.get(api_id(&api), "/dev/one").await.0, 404, "nothing is deployed");

    let body = json!({"stageName": "dev", "description": "first"});
    let first = stack.ok("POST", format!("{api}/deployments"), body).await;
    assert_eq!((&first["deploymentStatus"], &first["autoDeployed"]), (&json!("DEPLOYED"), &json!(false)));
    let first = id(&first, "deploymentId");
    assert_eq!(seen(&stack.get(api_id(&api), "/dev/one").await), OK);
    stack.route(&api, "GET /two", &integration).await;
    assert_eq!(stack.get(api_id(&api), "/dev/two").await.0, 404, "it is not deployed");

    let second = id(&stack.ok("POST", format!("{api}/deployments"), json!({})).await, "deploymentId");
    assert_eq!(stack.get(api_id(&api), "/dev/two").await.0, 404, "no stage points at it");
    let stage = format!("{api}/stages/dev");
    stack.ok("PATCH", stage.as_str(), json!({"deploymentId": second})).await;
    assert_eq!(seen(&stack.get(api_id(&api), "/dev/two").await), OK);
    stack.ok("PATCH", stage.as_str(), json!({"deploymentId": first})).await;
    assert_eq!(stack.get(api_id(&api), "/dev/two").await.0, 404, "back");

    let listed = stack.ok("GET", format!("{api}/deployments"), Value::Null).await;
    assert_eq!(listed["items"][0]["deploymentId"], second);
    assert_eq!(listed["items"][1]["description"], "first");
    let served = stack.fails("DELETE", &format!("{api}/deployments/{first}"), Value::Null).await;
    assert_eq!(served, (400, "Active stages pointing to this deployment must be moved or deleted".to_owned()));
    stack.ok("PATCH", format!("{api}/deployments/{second}"), json!({"description": "second"})).await;
    stack.ok("DELETE", format!("{api}/deployments/{second}"), Value::Null).await;
    assert_eq!(stack.fails("GET", &format!("{api}/deployments/{second}"), Value::Null).await.0, 404);
    let missing = stack.fails("PATCH", &stage, json!({"deploymentId": second})).await;
    assert_eq!(missing, (404, format!("Invalid Deployment identifier specified {second}")));

    stack.ok("DELETE", stage.as_str(), Value::Null).await;
    assert_eq!(stack.get(api_id(&api), "/dev/one").await.0, 404);
    assert_eq!(stack.fails("GET", &stage, Value::Null).await, (404, "Invalid stage identifier specified".to_owned()));
}

#[tokio::test]
async fn a_stage_that_deploys_by_itself_follows_every_change() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    let body = json!({"stageName": "$default", "autoDeploy": true});
    let stage = stack.ok("POST", format!("{api}/stages"), body).await;
    let message = "Deployment attempt failed: Unable to deploy API because no routes exist in this API";
    assert_eq!(stage["lastDeploymentStatusMessage"], message);
    assert!(stage["deploymentId"].is_null() && stage["autoDeploy"] == true, "{stage}");
    let integration = stack.integration(&api).await;
    let route = stack.route(&api, "GET /one", &integration).await;
    assert_eq!(seen(&stack.get(api_id(&api), "/one").await), OK);
    let stage = stack.ok("GET", format!("{api}/stages/$default"), Value::Null).await;
    let deployment = id(&stage, "deploymentId");
    let message = format!("Successfully deployed stage with deployment ID '{deployment}'");
    assert_eq!(stage["lastDeploymentStatusMessage"], message);
    let deployment = stack.ok("GET", format!("{api}/deployments/{deployment}"), Value::Null).await;
    assert_eq!(deployment["description"], "Automatic deployment triggered by changes to the Api configuration");
    assert_eq!(deployment["autoDeployed"], true);

    stack.ok("PATCH", format!("{api}/routes/{route}"), json!({"routeKey": "GET /moved"})).await;
    assert_eq!(seen(&stack.get(api_id(&api), "/moved").await), OK);
    assert_eq!(stack.get(api_id(&api), "/one").await.0, 404);
    for number in 0..20 {
        stack.route(&api, &format!("GET /{number}"), &integration).await;
    }
    let kept = stack.ok("GET", format!("{api}/deployments"), Value::Null).await["items"].as_array().unwrap().len();
    assert_eq!(kept, 11, "the one that is served, and the last of those that are not");
}

#[tokio::test]
async fn variables_are_seen_at_once_and_caches_are_emptied() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    let integration = stack.integration(&api).await;
    stack.route(&api, "GET /one", &integration).await;
    let body = json!({"stageName": "dev", "autoDeploy": true, "stageVariables": {"a": "1", "b": "2"}});
    stack.ok("POST", format!("{api}/stages"), body).await;
    let stage = stack.ok("PATCH", format!("{api}/stages/dev"), json!({"stageVariables": {"a": "", "c": "3"}})).await;
    assert_eq!(stage["stageVariables"], json!({"b": "2", "c": "3"}));
    stack.get(api_id(&api), "/dev/one").await;
    assert_eq!(stack.fake.event("f")["stageVariables"], json!({"b": "2", "c": "3"}));
    stack.ok("DELETE", format!("{api}/stages/dev/cache/authorizers"), Value::Null).await;
    assert_eq!(stack.fails("DELETE", &format!("{api}/stages/none/cache/authorizers"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn settings_of_routes_and_access_logs_come_and_go() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    let integration = stack.integration(&api).await;
    stack.route(&api, "GET /one", &integration).await;
    let body = json!({"stageName": "dev", "routeSettings": {"GET /one": {"throttlingBurstLimit": 5, "throttlingRateLimit": 0.5}},
        "accessLogSettings": {"destinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:l", "format": "$context.requestId"}});
    let stage = stack.ok("POST", format!("{api}/stages"), body.clone()).await;
    assert_eq!(
        (&stage["routeSettings"], &stage["accessLogSettings"]),
        (&body["routeSettings"], &body["accessLogSettings"])
    );
    stack.ok("DELETE", format!("{api}/stages/dev/accesslogsettings"), Value::Null).await;
    stack.ok("DELETE", format!("{api}/stages/dev/routesettings/GET%20%2Fone"), Value::Null).await;
    let stage = stack.ok("GET", format!("{api}/stages/dev"), Value::Null).await;
    assert!(stage["accessLogSettings"].is_null() && stage["routeSettings"] == json!({}), "{stage}");
}

#[tokio::test]
async fn what_no_stage_has_is_refused() {
    let stack = Stack::new();
    let (api, chat) = (stack.http_api().await, stack.web_socket_api().await);
    stack.ok("POST", format!("{api}/stages"), json!({"stageName": "dev"})).await;
    let taken = stack.fails("POST", &format!("{api}/stages"), json!({"stageName": "dev"})).await;
    assert_eq!(taken, (409, "Stage already exists".to_owned()));
    let unknown = json!({"stageName": "x", "routeSettings": {"GET /x": {"throttlingBurstLimit": 5}}});
    let missing = stack.fails("POST", &format!("{api}/stages"), unknown).await;
    assert_eq!(missing, (404, "Unable to find Route by key GET /x within the provided RouteSettings".to_owned()));
    let refused = [
        (&api, json!({"stageName": "a b"}), "Stage name only allows a-zA-Z0-9_-"),
        (&chat, json!({"stageName": "$default"}), "Stage name only allows a-zA-Z0-9_-"),
        (&api, json!({}), "stageName"),
        (&api, json!({"stageName": "x", "stageVariables": {"a-b": "c"}}), "stage variable name"),
        (&api, json!({"stageName": "x", "stageVariables": {"a": "{}"}}), "stage variable value"),
        (
            &api,
            json!({"stageName": "x", "defaultRouteSettings": {"loggingLevel": "INFO"}}),
            "Execution logs are not supported on protocolType HTTP",
        ),
    ];
    for (api, body, message) in refused {
        let (status, said) = stack.fails("POST", &format!("{api}/stages"), body).await;
        assert!(status == 400 && said.contains(message), "{message}: {status} {said}");
    }
    for number in 1..10 {
        stack.ok("POST", format!("{api}/stages"), json!({"stageName": format!("s{number}")})).await;
    }
    assert_eq!(stack.fails("POST", &format!("{api}/stages"), json!({"stageName": "s10"})).await.0, 429);
}
