//! Plans and keys made through the API, as those meet them who call an API's methods.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::super::Control;
use super::super::super::testing::rest;
use super::super::super::world::lock;
use crate::clock::parse_iso8601;
use crate::model::{ApiKey, Model, PlanStage, QuotaSettings, UsagePlan, UsagePlanKey};
use crate::proxy::testing::{Fake, lambda_uri, ok, request};
use crate::server::{Plane, Published};

const VALUE: &str = "the-value-of-the-first-key";

struct Fixture {
    control: Control,
    fake: Arc<Fake>,
    api: String,
    plan: String,
    key: String,
}

fn open(path: Option<&Path>, fake: &Arc<Fake>) -> Control {
    let gateway = fake.gateway();
    gateway.clock.set(parse_iso8601("2026-11-22T12:00:00Z").unwrap());
    Control::open(path, gateway, Arc::<Published>::default()).unwrap()
}

impl Fixture {
    /// An API with a method that requires a key, a plan of three requests a day for its stage, and a key in it.
    async fn new(path: Option<&Path>) -> Fixture {
        let fake = Fake::new([("f", ok())]);
        let control = open(path, &fake);
        let ok = async |method: &str, path: &str, body: Value| {
            let (status, answer) = rest(&control, "apigateway", method, path, body).await;
            assert!(status < 300, "{method} {path}: {status} {answer}");
            answer
        };
        let api = ok("POST", "/restapis", json!({"name": "a"})).await;
        let (api, root) = (api["id"].as_str().unwrap().to_owned(), api["rootResourceId"].as_str().unwrap());
        let method = format!("/restapis/{api}/resources/{root}/methods/GET");
        ok("PUT", &method, json!({"authorizationType": "NONE", "apiKeyRequired": true})).await;
        let integration = json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": lambda_uri("f")});
        ok("PUT", &format!("{method}/integration"), integration).await;
        ok("POST", &format!("/restapis/{api}/deployments"), json!({"stageName": "prod"})).await;
        let plan = json!({"name": "free", "quota": {"limit": 3, "period": "DAY"},
            "apiStages": [{"apiId": api, "stage": "prod"}]});
        let plan = ok("POST", "/usageplans", plan).await["id"].as_str().unwrap().to_owned();
        let key = ok("POST", "/apikeys", json!({"name": "k", "value": VALUE, "enabled": true})).await;
        let key = key["id"].as_str().unwrap().to_owned();
        ok("POST", &format!("/usageplans/{plan}/keys"), json!({"keyId": key, "keyType": "API_KEY"})).await;
        Fixture { control, fake, api, plan, key }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        rest(&self.control, "apigateway", method, path, body).await
    }

    async fn patch(&self, path: &str, op: &str, on: &str, value: &str) -> (u16, Value) {
        let body = json!({"patchOperations": [{"op": op, "path": on, "value": value}]});
        self.call("PATCH", path, body).await
    }

    /// The statuses of so many requests with the key.
    async fn statuses(&self, requests: usize) -> Vec<u16> {
        let Some(Plane::Rest(plane)) = self.control.published().get(&self.api) else { return Vec::new() };
        let mut statuses = Vec::new();
        for _ in 0..requests {
            let reply = crate::rest::serve(&plane, "/prod", request("GET", "/prod", &[("x-api-key", VALUE)])).await;
            statuses.push(reply.status().as_u16());
        }
        statuses
    }

    /// `[[used, remaining], …]` of the key from the 21st to the 23rd.
    async fn usage(&self) -> Value {
        let path = format!("/usageplans/{}/usage?startDate=2026-11-21&endDate=2026-11-23", self.plan);
        self.call("GET", &path, json!(null)).await.1["values"][&self.key].clone()
    }
}

#[tokio::test]
async fn what_is_used_is_counted_shown_changed_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("control.sqlite");
    let f = Fixture::new(Some(&file)).await;
    assert_eq!(f.statuses(2).await, [200, 200]);
    assert_eq!(f.usage().await, json!([[0, 3], [2, 1], [0, 3]]));
    assert_eq!(f.statuses(2).await, [200, 429]);
    assert_eq!(f.usage().await, json!([[0, 3], [3, 0], [0, 3]]), "what is refused is not counted");
    let usage = format!("/usageplans/{}/keys/{}/usage", f.plan, f.key);
    let (status, updated) = f.patch(&usage, "replace", "/remaining", "2").await;
    assert_eq!((status, &updated["values"][&f.key]), (200, &json!([[3, 2]])));
    assert_eq!(f.statuses(1).await, [200]);

    f.control.keep_usage();
    let Fixture { control, fake, api, plan, key } = f;
    drop(control);
    let f = Fixture { control: open(Some(&file), &fake), fake, api, plan, key };
    assert_eq!(f.usage().await, json!([[0, 3], [4, 1], [0, 3]]));
    assert_eq!(f.statuses(2).await, [200, 429], "counts and grants survive a restart");
    f.control.clock().set(parse_iso8601("2026-11-23T00:00:00Z").unwrap());
    assert_eq!(f.statuses(4).await, [200, 200, 200, 429]);
    assert_eq!(f.usage().await, json!([[0, 3], [5, 0], [3, 0]]));
}

#[tokio::test]
async fn changes_are_seen_by_the_next_request() {
    let f = Fixture::new(None).await;
    let (plan, key) = (format!("/usageplans/{}", f.plan), format!("/apikeys/{}", f.key));
    assert_eq!(f.statuses(1).await, [200]);
    f.patch(&key, "replace", "/enabled", "false").await;
    assert_eq!(f.statuses(1).await, [403]);
    f.patch(&key, "replace", "/enabled", "true").await;
    f.patch(&plan, "replace", "/quota/limit", "2").await;
    assert_eq!(f.statuses(2).await, [200, 429]);
    f.patch(&plan, "remove", "/quota", "").await;
    for (on, value) in [("/throttle/rateLimit", "0.001"), ("/throttle/burstLimit", "1")] {
        assert_eq!(f.patch(&plan, "replace", on, value).await.0, 200);
    }
    assert_eq!(f.statuses(2).await, [200, 429]);
    f.patch(&plan, "remove", "/throttle", "").await;
    let stage = format!("/restapis/{}/stages/prod", f.api);
    f.patch(&stage, "replace", "/*/*/throttling/burstLimit", "0").await;
    assert_eq!(f.statuses(1).await, [429]);
    f.patch(&stage, "remove", "/*/*", "").await;
    assert_eq!(f.statuses(1).await, [200]);
    let in_plan = format!("{plan}/keys/{}", f.key);
    assert_eq!(f.call("DELETE", &in_plan, json!(null)).await.0, 202);
    assert_eq!(f.statuses(1).await, [403]);
    f.call("POST", &format!("{plan}/keys"), json!({"keyId": f.key, "keyType": "API_KEY"})).await;
    assert_eq!(f.statuses(1).await, [200]);
    assert_eq!(f.usage().await[1][0], 1, "a key that comes back begins anew");
    assert_eq!(f.call("DELETE", &key, json!(null)).await.0, 202);
    assert_eq!(f.statuses(1).await, [403]);
    assert_eq!(f.fake.count("f"), 5);
    f.control.reset().unwrap();
    assert_eq!(f.call("GET", "/usageplans", json!(null)).await.1, json!({"item": []}));
}

#[tokio::test]
async fn a_plan_does_not_take_a_stage_that_its_keys_have_a_plan_for() {
    let f = Fixture::new(None).await;
    let (_, other) = f.call("POST", "/usageplans", json!({"name": "other"})).await;
    let other = format!("/usageplans/{}", other["id"].as_str().unwrap());
    let join = json!({"keyId": f.key, "keyType": "API_KEY"});
    assert_eq!(f.call("POST", &format!("{other}/keys"), join).await.0, 201, "it is for no stage yet");
    let stage = format!("{}:prod", f.api);
    let (status, refused) = f.patch(&other, "add", "/apiStages", &stage).await;
    let message = format!("API Key {} is already in usage plan {} for the API stage {stage}", f.key, f.plan);
    assert_eq!((status, refused["message"].as_str().unwrap()), (409, message.as_str()));
    assert_eq!(f.call("DELETE", &format!("{other}/keys/{}", f.key), json!(null)).await.0, 202);
    assert_eq!(f.patch(&other, "add", "/apiStages", &stage).await.0, 200);
}

#[tokio::test]
async fn a_stage_that_goes_leaves_its_plans() {
    let f = Fixture::new(None).await;
    let plan = format!("/usageplans/{}", f.plan);
    assert_eq!(f.call("DELETE", &plan, json!(null)).await.0, 400);
    assert_eq!(f.call("DELETE", &format!("/restapis/{}/stages/prod", f.api), json!(null)).await.0, 202);
    assert_eq!(f.call("GET", &plan, json!(null)).await.1["apiStages"], json!([]));
    assert_eq!(f.call("DELETE", &plan, json!(null)).await.0, 202);
    let f = Fixture::new(None).await;
    assert_eq!(f.call("DELETE", &format!("/restapis/{}", f.api), json!(null)).await.0, 202);
    assert_eq!(f.call("GET", &format!("/usageplans/{}", f.plan), json!(null)).await.1["apiStages"], json!([]));
}

#[tokio::test]
async fn what_a_template_declares_is_listed_and_lets_in() {
    let f = Fixture::new(None).await;
    let declared = |limit| {
        let key = ApiKey {
            id: "declared".to_owned(),
            value: Some("the-value-of-a-templates-key".to_owned()),
            enabled: true,
            ..ApiKey::default()
        };
        let stage = PlanStage { api_id: f.api.clone(), stage: "prod".to_owned(), ..PlanStage::default() };
        let quota = QuotaSettings { limit, offset: 0, period: "DAY".to_owned() };
        let plan =
            UsagePlan { id: "plan".to_owned(), api_stages: vec![stage], quota: Some(quota), ..UsagePlan::default() };
        let mut model = Model::default();
        model.api_keys.insert("declared".to_owned(), key);
        model.usage_plans.insert("plan".to_owned(), plan);
        model.usage_plan_keys.insert("plan/declared".to_owned(), UsagePlanKey::default());
        model
    };
    let status = async || {
        let Some(Plane::Rest(plane)) = f.control.published().get(&f.api) else { return 0 };
        let key = [("x-api-key", "the-value-of-a-templates-key")];
        crate::rest::serve(&plane, "/prod", request("GET", "/prod", &key)).await.status().as_u16()
    };
    assert_eq!(status().await, 403);
    f.control.declare_plans(&declared(1)).unwrap();
    assert_eq!((status().await, status().await), (200, 429));
    f.control.declare_plans(&declared(2)).unwrap();
    assert_eq!((status().await, status().await), (200, 429), "a deployment keeps what was used");
    let listed = f.call("GET", "/apikeys?includeValues=true", json!(null)).await.1;
    let ids: Vec<_> = listed["item"].as_array().unwrap().iter().map(|key| key["id"].clone()).collect();
    assert_eq!(ids, [json!(f.key), json!("declared")]);
    let usage = "/usageplans/plan/usage?startDate=2026-11-22&endDate=2026-11-22";
    assert_eq!(f.call("GET", usage, json!(null)).await.1["values"]["declared"], json!([[2, 0]]));
    f.control.declare_plans(&Model::default()).unwrap();
    assert_eq!(status().await, 403);
    assert_eq!(f.call("GET", "/usageplans/plan", json!(null)).await.0, 404);
    assert_eq!(f.statuses(1).await, [200], "what was created stays");
}

#[tokio::test]
async fn a_request_does_not_wait_for_whoever_changes_plans() {
    let f = Fixture::new(None).await;
    assert_eq!(f.statuses(2).await, [200, 200]);
    let world = f.control.default_world().unwrap();
    {
        let _changing = lock(&world.registry);
        let limits = &world.gateway.limits;
        let client = limits.client(VALUE, &f.api, "prod", &[]);
        assert_eq!(limits.admit(client.as_ref(), None, f.control.clock().now()), Ok(()));
    }
    assert_eq!(f.usage().await[1], json!([3, 0]));
}
