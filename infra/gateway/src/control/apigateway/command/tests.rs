use serde_json::{Value, json};

use super::*;
use crate::control::testing::{control, rest};
use crate::model::{Integration, Method, Resource};

/// A control plane with the API `users` on `prod` and `dev`; its id.
async fn users() -> (Control, String) {
    let control = control();
    let id = made(&control, "users").await;
    for stage in ["prod", "dev"] {
        call(&control, "POST", &format!("/restapis/{id}/deployments"), json!({"stageName": stage})).await;
    }
    (control, id)
}

async fn call(control: &Control, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = rest(control, "apigateway", method, path, body).await;
    assert!(status < 300, "{method} {path}: {status} {answer}");
    answer
}

/// An API with `GET /` of this name; its id.
async fn made(control: &Control, name: &str) -> String {
    let api = call(control, "POST", "/restapis", json!({"name": name})).await;
    let id = api["id"].as_str().unwrap().to_owned();
    let method = format!("/restapis/{id}/resources/{}/methods/GET", api["rootResourceId"].as_str().unwrap());
    call(control, "PUT", &method, json!({"authorizationType": "NONE"})).await;
    call(control, "PUT", &format!("{method}/integration"), json!({"type": "MOCK"})).await;
    id
}

fn command(api: &str, stage: Option<&str>, act: StageAct) -> StageCommand {
    StageCommand { api: api.to_owned(), stage: stage.map(str::to_owned), region: None, act }
}

/// The lines of a command that concerns one stage.
fn lines(control: &Control, stage: &str, act: StageAct) -> Vec<String> {
    let report = control.command_stage(&command("users", Some(stage), act)).unwrap();
    let [done] = &report.stages[..] else { panic!("{report:?}") };
    assert_eq!(done.stage, stage);
    done.lines.clone()
}

fn set(settings: &[&str]) -> StageAct {
    StageAct::Set(settings.iter().map(|setting| (*setting).to_owned()).collect())
}

#[tokio::test]
async fn what_was_set_is_told_as_it_was_and_is() {
    let (control, id) = users().await;
    assert_eq!(
        lines(&control, "prod", set(&["variables/x=1", "description=mine"])),
        ["description: (none) → mine", "variables x: (none) → 1"]
    );
    assert_eq!(
        lines(&control, "prod", set(&["variables/x=2", "variables/y=3"])),
        ["variables x: 1 → 2", "variables y: (none) → 3"]
    );
    assert_eq!(lines(&control, "prod", set(&["variables/x=2"])), ["nothing to change: it is so already"]);
    assert_eq!(
        lines(&control, "prod", set(&["variables.x=", "variables.y="])),
        ["variables x: 2 → (none)", "variables y: 3 → (none)"]
    );
    lines(&control, "prod", set(&["throttling/rateLimit=20"]));
    assert_eq!(
        lines(&control, "prod", set(&["*/*/throttling/rateLimit=10"])),
        ["methodSettings */* throttlingRateLimit: 20.0 → 10.0"]
    );
    assert_eq!(
        lines(&control, "prod", set(&["cacheClusterEnabled=true", "cacheClusterSize=1.6"])),
        [
            "cacheClusterEnabled: false → true",
            "cacheClusterSize: (none) → 1.6",
            "cacheClusterStatus: NOT_AVAILABLE → AVAILABLE"
        ]
    );
    assert_eq!(
        lines(&control, "prod", set(&["GET / caching/enabled=true"])).len(),
        9,
        "a method's settings are made whole"
    );
    let stage = call(&control, "GET", &format!("/restapis/{id}/stages/prod"), json!(null)).await;
    assert_eq!(stage["methodSettings"]["~1/GET"]["throttlingRateLimit"], 10.0);
    let dev = call(&control, "GET", &format!("/restapis/{id}/stages/dev"), json!(null)).await;
    assert_eq!(dev["methodSettings"], json!({}));
}

#[tokio::test]
async fn what_is_wrong_changes_nothing() {
    let (control, id) = users().await;
    let refused =
        |settings: &[&str]| control.command_stage(&command("users", Some("prod"), set(settings))).unwrap_err();
    assert!(refused(&["variables/x=1", "nonsense=2"]).starts_with("Invalid method setting path: /nonsense."));
    assert!(refused(&["variables/x=1", "cacheClusterSize=3"]).starts_with("Invalid cache cluster size."));
    assert!(refused(&["variables/x=$LATEST"]).starts_with("Invalid stage variable value: $LATEST."));
    assert!(refused(&["variables/x"]).contains("PATH=VALUE"));
    let stage = call(&control, "GET", &format!("/restapis/{id}/stages/prod"), json!(null)).await;
    assert_eq!(stage.get("variables"), None);
}

#[tokio::test]
async fn apis_go_by_id_name_and_logical_id_and_are_listed_where_none_does() {
    let (control, id) = users().await;
    let other = made(&control, "orders").await;
    let find = |name: &str, stage: Option<&str>| {
        let report = control.command_stage(&command(name, stage, set(&["description=x"])))?;
        Ok::<_, String>((report.api, report.stages.into_iter().map(|done| done.stage).collect::<Vec<_>>()))
    };
    for name in [&id, "users"] {
        assert_eq!(find(name, Some("dev")), Ok((format!("users ({id})"), vec!["dev".to_owned()])));
    }
    let list = format!("users ({id}), orders ({other})");
    assert_eq!(find("user", None), Err(format!("there is no REST API \"user\" in us-east-1 here; there are: {list}")));
    assert_eq!(find("users", None), Err(format!("which stage of users ({id})? Its stages are: prod, dev")));
    assert_eq!(find("users", Some("x")), Err(format!("users ({id}) has no stage \"x\"; its stages are: prod, dev")));
    assert_eq!(find("orders", None), Err(format!("orders ({other}) has no stage: deploy it to one first")));
    call(&control, "POST", &format!("/restapis/{other}/deployments"), json!({"stageName": "only"})).await;
    assert_eq!(find("orders", None).unwrap().1, ["only"], "where there is one it need not be named");
    let second = made(&control, "users").await;
    let several =
        format!("\"users\" is the name of several REST APIs: name one by its id: users ({id}), users ({second})");
    assert_eq!(find("users", Some("dev")), Err(several));
    let elsewhere = StageCommand { region: Some("eu-west-1".to_owned()), ..command("users", None, set(&["a=b"])) };
    assert_eq!(
        control.command_stage(&elsewhere),
        Err("there is no REST API \"users\": there is none at all in eu-west-1 here".to_owned())
    );
}

#[tokio::test]
async fn a_canary_is_made_promoted_and_ended() {
    let (control, id) = users().await;
    let none = control.command_stage(&command("users", None, StageAct::PromoteCanary { remove: false }));
    let how = "has no canary; make one with `ferrogate canary set users STAGE --percent N`";
    assert_eq!(none, Err(format!("users ({id}) {how}")));
    let none = control.command_stage(&command("users", Some("dev"), StageAct::RemoveCanary));
    assert_eq!(none, Err(format!("users ({id}), stage dev, {how}")));

    let deployed = call(&control, "POST", &format!("/restapis/{id}/deployments"), json!({})).await;
    let next = deployed["id"].as_str().unwrap();
    let stage = call(&control, "GET", &format!("/restapis/{id}/stages/prod"), json!(null)).await;
    let first = stage["deploymentId"].as_str().unwrap();
    let canary = |percent, variable: Option<&str>, deployment: Option<&str>| StageAct::SetCanary {
        percent,
        variables: variable.map(|value| ("v".to_owned(), value.to_owned())).into_iter().collect(),
        deployment: deployment.map(str::to_owned),
    };
    let made = [
        format!("canarySettings deploymentId: (none) → {next}"),
        "canarySettings percentTraffic: (none) → 12.5".to_owned(),
        "canarySettings stageVariableOverrides v: (none) → 2".to_owned(),
        "canarySettings useStageCache: (none) → false".to_owned(),
    ];
    assert_eq!(lines(&control, "prod", canary(Some(12.5), Some("2"), Some(next))), made);
    assert_eq!(lines(&control, "prod", canary(Some(50.0), None, None)), ["canarySettings percentTraffic: 12.5 → 50.0"]);
    let wrong = control.command_stage(&command("users", Some("prod"), canary(Some(101.0), None, None)));
    assert_eq!(wrong, Err("Canary percentTraffic must be between 0.0 and 100.0".to_owned()));

    // The one stage that has a canary need not be named.
    let report = control.command_stage(&command("users", None, StageAct::PromoteCanary { remove: false })).unwrap();
    let promoted = [
        "canarySettings percentTraffic: 50.0 → 0.0".to_owned(),
        format!("deploymentId: {first} → {next}"),
        "variables v: (none) → 2".to_owned(),
    ];
    assert_eq!((report.stages[0].stage.as_str(), &report.stages[0].lines[..]), ("prod", &promoted[..]));
    let stays =
        "The canary stays, with no share of the requests, as on AWS; `ferrogate canary remove users prod` ends it.";
    assert_eq!(report.notes, [stays]);
    let ended = lines(&control, "prod", StageAct::RemoveCanary);
    assert_eq!(ended.len(), 4, "{ended:?}");
    assert!(ended.contains(&"canarySettings percentTraffic: 0.0 → (none)".to_owned()), "{ended:?}");

    lines(&control, "dev", canary(Some(100.0), Some("3"), Some(next)));
    let report = control.command_stage(&command("users", None, StageAct::PromoteCanary { remove: true })).unwrap();
    assert_eq!(report.notes, [""; 0]);
    let dev = call(&control, "GET", &format!("/restapis/{id}/stages/dev"), json!(null)).await;
    assert_eq!((&dev["deploymentId"], &dev["variables"]), (&json!(next), &json!({"v": "3"})));
    assert_eq!(dev.get("canarySettings"), None);
}

#[tokio::test]
async fn a_flush_says_of_each_stage_what_it_forgot() {
    let (control, id) = users().await;
    lines(&control, "prod", set(&["cacheClusterEnabled=true"]));
    let flush = |stage: Option<&str>| {
        let report = control.command_stage(&command("users", stage, StageAct::FlushCache)).unwrap();
        report.stages.into_iter().map(|done| format!("{}: {}", done.stage, done.lines.join(", "))).collect::<Vec<_>>()
    };
    let none = "dev: has no cache (cacheClusterEnabled is false): nothing to forget";
    assert_eq!(flush(None), ["prod: 0 responses forgotten", none]);
    let Some(crate::server::Plane::Rest(plane)) = control.published().get(&id) else { panic!("it is served") };
    let cache = plane.stages["prod"].cache().unwrap();
    let keep = |name: &str| {
        let crate::response_cache::Found::Lead(lead) = cache.find(crate::authorize::CacheKey::of([name]), 0) else {
            panic!("nobody asks for it")
        };
        lead.end(crate::response_cache::Kept::of(&crate::server::Reply::default(), 0, 1_000));
    };
    keep("a");
    assert_eq!(flush(Some("prod")), ["prod: 1 response forgotten"]);
    keep("a");
    keep("b");
    assert_eq!(flush(Some("prod")), ["prod: 2 responses forgotten"]);
    assert_eq!(flush(Some("dev")), [none]);
    let empty = made(&control, "empty").await;
    assert_eq!(
        control.command_stage(&command("empty", None, StageAct::FlushCache)),
        Err(format!("empty ({empty}) has no stage: deploy it to one first"))
    );
}

#[tokio::test]
async fn what_a_template_declares_is_told_to_count_again() {
    let control = control();
    let mock = Method { http_method: "GET".to_owned(), integration: Some(Integration::default()), ..Method::default() };
    let root = Resource {
        id: "r".to_owned(),
        path: "/".to_owned(),
        methods: [("GET".to_owned(), mock)].into(),
        ..Resource::default()
    };
    let stage = Stage { stage_name: "prod".to_owned(), deployment_id: "d".to_owned(), ..Stage::default() };
    let api = RestApi {
        id: "userapi".to_owned(),
        logical_id: Some("UserApi".to_owned()),
        name: "users".to_owned(),
        resources: vec![root.into()],
        stages: [("prod".to_owned(), stage)].into(),
        ..RestApi::default()
    };
    let template = [("userapi".to_owned(), api)].into();
    control.declare_rest_apis(&template).unwrap();
    for name in ["userapi", "UserApi", "users"] {
        let report = control.command_stage(&command(name, None, set(&["variables/v=1"]))).unwrap();
        assert_eq!((report.api.as_str(), report.stages[0].stage.as_str()), ("UserApi (userapi)", "prod"));
        assert!(report.notes[0].starts_with("The template declares this stage: "), "{:?}", report.notes);
    }
    let variables =
        async || call(&control, "GET", "/restapis/userapi/stages/prod", json!(null)).await.get("variables").cloned();
    assert_eq!(variables().await, Some(json!({"v": "1"})));
    control.declare_rest_apis(&template).unwrap();
    assert_eq!(variables().await, None);
}
