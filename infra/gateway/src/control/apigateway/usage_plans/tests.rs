//! Plans, their keys and their usage, as clients see them.

use serde_json::{Value, json};

use super::super::super::Control;
use super::super::super::testing::{control, rest};
use super::super::super::world::lock;
use crate::model::{RestApi, Stage};

/// An API `api` with the stages `prod` and `dev`.
fn with_api() -> Control {
    let control = control();
    let stages =
        ["prod", "dev"].map(|name| (name.to_owned(), Stage { stage_name: name.to_owned(), ..Stage::default() }));
    let api = RestApi { id: "api".to_owned(), stages: stages.into(), ..RestApi::default() };
    lock(&control.default_world().unwrap().apigateway).apis.insert("api", api).unwrap();
    control
}

async fn call(control: &Control, method: &str, path: &str, body: Value) -> (u16, Value) {
    rest(control, "apigateway", method, path, body).await
}

fn patch(op: &str, path: &str, value: &str) -> Value {
    json!({"patchOperations": [{"op": op, "path": path, "value": value}]})
}

#[tokio::test]
async fn a_plan_lives() {
    let control = with_api();
    let body = json!({"name": "free", "description": "d", "throttle": {"rateLimit": 2.5, "burstLimit": 1},
        "quota": {"limit": 10, "period": "DAY"}, "apiStages": [{"apiId": "api", "stage": "prod"}]});
    let (status, plan) = call(&control, "POST", "/usageplans", body).await;
    assert_eq!(status, 201);
    let id = plan["id"].as_str().unwrap();
    assert_eq!(
        plan,
        json!({"id": id, "name": "free", "description": "d", "apiStages": [{"apiId": "api", "stage": "prod"}],
            "throttle": {"rateLimit": 2.5, "burstLimit": 1}, "quota": {"limit": 10, "offset": 0, "period": "DAY"}})
    );
    let path = format!("/usageplans/{id}");
    for (op, on, value) in [
        ("replace", "/name", "basic"),
        ("replace", "/productCode", "code"),
        ("add", "/apiStages", "api:dev"),
        ("add", "/apiStages/api:prod/throttle/~1pets~1{id}/GET/rateLimit", "3.5"),
        ("replace", "/apiStages/api:prod/throttle/~1pets~1{id}/GET/burstLimit", "4"),
        ("replace", "/quota/limit", "20"),
        ("remove", "/throttle", ""),
    ] {
        let (status, changed) = call(&control, "PATCH", &path, patch(op, on, value)).await;
        assert_eq!(status, 200, "{changed}");
    }
    let (_, plan) = call(&control, "GET", &path, json!(null)).await;
    assert_eq!(
        plan,
        json!({"id": id, "name": "basic", "description": "d", "productCode": "code",
            "apiStages": [{"apiId": "api", "stage": "prod",
                "throttle": {"/pets/{id}/GET": {"rateLimit": 3.5, "burstLimit": 4}}}, {"apiId": "api", "stage": "dev"}],
            "quota": {"limit": 20, "offset": 0, "period": "DAY"}})
    );
    let (status, refused) = call(&control, "DELETE", &path, json!(null)).await;
    let message =
        format!("Cannot delete Usage Plan {id} because there are API Stages associated with it, including api:prod");
    assert_eq!((status, refused["message"].as_str().unwrap()), (400, message.as_str()));
    call(&control, "PATCH", &path, patch("remove", "/apiStages", "api:prod")).await;
    call(&control, "PATCH", &path, patch("remove", "/apiStages", "api:dev")).await;
    assert_eq!(call(&control, "DELETE", &path, json!(null)).await.0, 202);
    assert_eq!(call(&control, "GET", &path, json!(null)).await.1["message"], "Invalid Usage Plan ID specified");
}

#[tokio::test]
async fn what_is_no_plan_is_refused() {
    let control = with_api();
    for (body, status, expected) in [
        (
            json!({"name": "p", "quota": {"limit": 1, "offset": 1, "period": "DAY"}}),
            400,
            "Usage Plan quota offset must be zero in the DAY period",
        ),
        (
            json!({"name": "p", "quota": {"limit": 1, "offset": 7, "period": "WEEK"}}),
            400,
            "Usage Plan quota offset must be between zero and 6 inclusive in the WEEK period",
        ),
        (
            json!({"name": "p", "apiStages": [{"apiId": "no", "stage": "prod"}]}),
            404,
            "Invalid API identifier specified 000000000000:no",
        ),
        (json!({"name": "p", "apiStages": [{"apiId": "api", "stage": "no"}]}), 404, "API Stage not found: api:no"),
    ] {
        let (found, answer) = call(&control, "POST", "/usageplans", body).await;
        assert_eq!((found, answer["message"].as_str().unwrap()), (status, expected));
    }
    let (_, plan) = call(&control, "POST", "/usageplans", json!({"name": "p"})).await;
    let id = plan["id"].as_str().unwrap();
    let path = format!("/usageplans/{id}");
    for (op, on, value, status, expected) in [
        ("add", "/apiStages", "nonsense", 400, "Invalid API Stage specified".to_owned()),
        ("add", "/apiStages", "api:no", 404, "API Stage not found: api:no".to_owned()),
        (
            "remove",
            "/apiStages",
            "api:no",
            404,
            format!("Invalid API Stage {{api: api, stage: no}} specified for usageplan {id}"),
        ),
        (
            "replace",
            "/quota/limit",
            "ten",
            400,
            "Invalid patch value 'ten' specified for path '/quota/limit'".to_owned(),
        ),
        ("remove", "/name", "", 400, "Invalid patch path  '/name' specified for op 'remove'.".to_owned()),
    ] {
        let (found, answer) = call(&control, "PATCH", &path, patch(op, on, value)).await;
        assert_eq!(found, status);
        assert!(answer["message"].as_str().unwrap().starts_with(&expected), "{answer}");
    }
    assert_eq!(call(&control, "GET", &path, json!(null)).await.1, json!({"id": id, "name": "p", "apiStages": []}));
}

#[tokio::test]
async fn keys_join_and_leave_a_plan_and_have_a_usage() {
    let control = with_api();
    let body =
        json!({"name": "p", "quota": {"limit": 10, "period": "DAY"}, "apiStages": [{"apiId": "api", "stage": "prod"}]});
    let (_, plan) = call(&control, "POST", "/usageplans", body.clone()).await;
    let (_, other) = call(&control, "POST", "/usageplans", body).await;
    let (_, key) = call(&control, "POST", "/apikeys", json!({"name": "k", "enabled": true})).await;
    let (plan, other, key_id) =
        (plan["id"].as_str().unwrap(), other["id"].as_str().unwrap(), key["id"].as_str().unwrap());
    let keys = format!("/usageplans/{plan}/keys");
    let join = json!({"keyId": key_id, "keyType": "API_KEY"});
    let (status, joined) = call(&control, "POST", &keys, join.clone()).await;
    assert_eq!((status, &joined), (201, &json!({"id": key_id, "type": "API_KEY", "value": key["value"], "name": "k"})));
    assert_eq!(call(&control, "POST", &keys, join.clone()).await.0, 409);
    assert_eq!(call(&control, "POST", &format!("/usageplans/{other}/keys"), join).await.0, 409);
    let (_, listed) = call(&control, "GET", &keys, json!(null)).await;
    assert_eq!(listed, json!({"item": [joined]}));
    let (_, plans) = call(&control, "GET", &format!("/usageplans?keyId={key_id}"), json!(null)).await;
    assert_eq!(plans["item"].as_array().unwrap().len(), 1);
    for (body, status, expected) in [
        (json!({"keyId": key_id, "keyType": "OTHER"}), 400, "Invalid key type specified. Must be one of: [API_KEY]"),
        (json!({"keyId": "none", "keyType": "API_KEY"}), 404, "Invalid API Key identifier specified"),
    ] {
        let (found, answer) = call(&control, "POST", &keys, body).await;
        assert_eq!((found, answer["message"].as_str().unwrap()), (status, expected));
    }

    let usage = format!("/usageplans/{plan}/usage?startDate=2026-11-01&endDate=2026-11-02");
    let (_, none) = call(&control, "GET", &usage, json!(null)).await;
    assert_eq!(none, json!({"usagePlanId": plan, "startDate": "2026-11-01", "endDate": "2026-11-02", "values": {}}));
    let update = format!("{keys}/{key_id}/usage");
    let (status, updated) = call(&control, "PATCH", &update, patch("replace", "/remaining", "3")).await;
    assert_eq!((status, &updated["values"][key_id]), (200, &json!([[0, 3]])));
    let today = updated["startDate"].as_str().unwrap();
    let (_, shown) =
        call(&control, "GET", &format!("/usageplans/{plan}/usage?startDate={today}&endDate={today}"), json!(null))
            .await;
    assert_eq!(shown["values"][key_id], json!([[0, 3]]));
    for query in [
        "startDate=x&endDate=2026-11-02",
        "startDate=2026-11-02&endDate=2026-11-01",
        "startDate=2020-01-01&endDate=2026-11-01",
    ] {
        assert_eq!(call(&control, "GET", &format!("/usageplans/{plan}/usage?{query}"), json!(null)).await.0, 400);
    }
    assert_eq!(call(&control, "PATCH", &update, patch("replace", "/remaining", "-1")).await.0, 400);
    assert_eq!(call(&control, "DELETE", &format!("{keys}/{key_id}"), json!(null)).await.0, 202);
    assert_eq!(call(&control, "GET", &format!("{keys}/{key_id}"), json!(null)).await.0, 404);
}
