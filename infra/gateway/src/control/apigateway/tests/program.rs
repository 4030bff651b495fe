//! What programs do: build, deploy, call, change, deploy again, start again.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::model::{Integration, IntegrationType, Method, Resource, RestApi, Stage};
use crate::proxy::testing::{Answer, Fake, lambda_uri, request, text};
use crate::rest;
use crate::server::{Plane, Published};

fn open(path: &Path, fake: &Arc<Fake>) -> Control {
    Control::open(Some(path), fake.gateway(), Arc::<Published>::default()).unwrap()
}

fn says(body: &str) -> Answer {
    Answer::Json(json!({"statusCode": 200, "body": body}))
}

/// The status and the body that a client of the API gets.
async fn get(control: &Control, api: &str, path: &str) -> (u16, String) {
    let Some(Plane::Rest(plane)) = control.published().get(api.trim_start_matches("/restapis/")) else {
        return (0, "not served".to_owned());
    };
    let reply = rest::serve(&plane, path, request("GET", path, &[])).await;
    (reply.status().as_u16(), text(&reply).to_owned())
}

#[tokio::test]
async fn a_program_of_the_guide_and_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("control.sqlite");
    let fake = Fake::new([("f", says("hello")), ("g", says("products"))]);
    let f = Fixture::on(open(&file, &fake)).await;
    let resources = f.ok("GET", "/resources", json!(null)).await;
    assert_eq!(resources["item"][0]["id"], json!(f.root));
    let users = f.resource(&f.root, "users").await;
    f.method(&users, "GET").await;
    assert_eq!(get(&f.control, &f.api, "dev/users").await.0, 0, "nothing is served before it is deployed");
    f.deploy(json!({"stageName": "dev"})).await;
    assert_eq!(get(&f.control, &f.api, "dev/users").await, (200, "hello".to_owned()));

    // A change is not served before it is deployed; a stage's variables are live.
    let products = f.resource(&f.root, "products").await;
    let path = format!("/resources/{products}/methods/GET");
    f.ok("PUT", &path, json!({"authorizationType": "NONE"})).await;
    let uri = lambda_uri("${stageVariables.name}");
    f.ok("PUT", &format!("{path}/integration"), json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": uri})).await;
    assert_eq!(get(&f.control, &f.api, "dev/products").await.0, 403);
    f.deploy(json!({"stageName": "dev", "variables": {"name": "f"}})).await;
    assert_eq!(get(&f.control, &f.api, "dev/products").await, (200, "hello".to_owned()));
    f.patch("/stages/dev", json!([{"op": "replace", "path": "/variables/name", "value": "g"}])).await;
    assert_eq!(get(&f.control, &f.api, "dev/products").await, (200, "products".to_owned()));

    // A second stage comes and goes without the first one noticing.
    let deployments = f.ok("GET", "/deployments", json!(null)).await;
    let first = deployments["item"][0]["id"].clone();
    f.ok("POST", "/stages", json!({"stageName": "old", "deploymentId": first})).await;
    assert_eq!(get(&f.control, &f.api, "old/products").await.0, 403);
    assert_eq!(get(&f.control, &f.api, "old/users").await.0, 200);
    f.ok("DELETE", "/stages/old", json!(null)).await;
    assert_eq!(get(&f.control, &f.api, "old/users").await.0, 403);

    let before = f.ok("GET", "/resources?embed=methods", json!(null)).await;
    let Fixture { control, api, root } = f;
    drop(control);
    let f = Fixture { control: open(&file, &fake), api, root };
    assert_eq!(f.ok("GET", "/resources?embed=methods", json!(null)).await, before);
    assert_eq!(f.ok("GET", "/deployments", json!(null)).await, deployments);
    assert_eq!(get(&f.control, &f.api, "dev/products").await, (200, "products".to_owned()));
}

fn declared() -> RestApi {
    let integration = Integration {
        integration_type: IntegrationType::AwsProxy,
        uri: Some(lambda_uri("f")),
        http_method: Some("POST".to_owned()),
        ..Integration::default()
    };
    let method = Method {
        http_method: "GET".to_owned(),
        authorization_type: "NONE".to_owned(),
        integration: Some(integration),
        ..Method::default()
    };
    let root = Resource {
        id: "root".to_owned(),
        path: "/".to_owned(),
        methods: [("GET".to_owned(), method)].into(),
        ..Resource::default()
    };
    let stage = Stage { stage_name: "dev".to_owned(), deployment_id: "d1".to_owned(), ..Stage::default() };
    RestApi {
        id: "userapi".to_owned(),
        name: "UserApi".to_owned(),
        resources: vec![root.into()],
        stages: [("dev".to_owned(), stage)].into(),
        ..RestApi::default()
    }
}

#[tokio::test]
async fn what_a_template_declares_is_listed_changed_and_deployed_like_the_rest() {
    let fake = Fake::new([("f", says("hello"))]);
    let control = Control::open(None, fake.gateway(), Arc::<Published>::default()).unwrap();
    let apis: indexmap::IndexMap<_, _> = [("userapi".to_owned(), declared())].into();
    control.declare_rest_apis(&apis).unwrap();
    let f = Fixture { control, api: "/restapis/userapi".to_owned(), root: "root".to_owned() };
    let api = f.ok("GET", "", json!(null)).await;
    assert_eq!((&api["rootResourceId"], &api["apiKeySource"]), (&json!("root"), &json!("HEADER")));
    assert_eq!(f.ok("GET", "/models/Empty", json!(null)).await["contentType"], "application/json");
    assert_eq!(f.ok("GET", "/deployments/d1", json!(null)).await["id"], "d1");
    let more = f.resource("root", "more").await;
    f.method(&more, "GET").await;
    f.deploy(json!({"stageName": "dev"})).await;
    assert_eq!(get(&f.control, &f.api, "dev/more").await, (200, "hello".to_owned()));
    // The template, deployed anew, has the last word.
    f.control.declare_rest_apis(&apis).unwrap();
    assert_eq!(f.ok("GET", "/resources", json!(null)).await["item"].as_array().unwrap().len(), 1);
    assert_eq!(f.ok("GET", "/deployments", json!(null)).await["item"].as_array().unwrap().len(), 1);
    f.control.declare_rest_apis(&indexmap::IndexMap::new()).unwrap();
    assert_eq!(f.call("GET", "", json!(null)).await.0, 404);
}

#[tokio::test]
async fn a_flush_makes_a_stage_ask_its_authorizers_again() {
    let allow = crate::proxy::testing::policy("Allow", "*", json!({}));
    let fake = Fake::new([("f", says("hello")), ("auth", Answer::Json(allow))]);
    let f = Fixture::on(Control::open(None, fake.gateway(), Arc::default()).unwrap()).await;
    let authorizer = json!({"name": "tokens", "type": "TOKEN", "authorizerUri": lambda_uri("auth"),
        "identitySource": "method.request.header.Authorization"});
    let authorizer = f.ok("POST", "/authorizers", authorizer).await["id"].clone();
    let users = f.resource(&f.root, "users").await;
    let path = format!("/resources/{users}/methods/GET");
    f.ok("PUT", &path, json!({"authorizationType": "CUSTOM", "authorizerId": authorizer})).await;
    let integration = json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": lambda_uri("f")});
    f.ok("PUT", &format!("{path}/integration"), integration).await;
    f.deploy(json!({"stageName": "dev"})).await;
    let get = async || {
        let Some(Plane::Rest(plane)) = f.control.published().get(f.api.trim_start_matches("/restapis/")) else {
            panic!()
        };
        let reply = rest::serve(&plane, "dev/users", request("GET", "dev/users", &[("Authorization", "t")])).await;
        assert_eq!(reply.status(), 200);
        fake.count("auth")
    };
    assert_eq!((get().await, get().await), (1, 1));
    assert_eq!(f.call("DELETE", "/stages/dev/cache/authorizers", json!(null)).await.0, 202);
    assert_eq!((get().await, get().await), (2, 2));
}
