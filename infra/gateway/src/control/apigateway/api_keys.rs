//! API keys, and their import from CSV.

use serde::Deserialize;
use serde_json::Value;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, no_such};
use super::page::{json, page};
use super::patch::{self, Op, Refusal, Rule, add_remove, replace};
use super::registry::Registry;
use crate::ids;
use crate::model::ApiKey;

mod csv;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateApiKey", create),
    op("GetApiKey", get),
    op("GetApiKeys", list),
    op("UpdateApiKey", update),
    op("DeleteApiKey", delete),
    op("ImportApiKeys", csv::import),
];

/// API keys of an account in a region.
const MOST: usize = 10_000;

const RULES: &[Rule<ApiKey>] = &[
    replace("/customerId", |key, patch| {
        key.customer_id = patch.optional();
        Ok(())
    }),
    replace("/description", |key, patch| {
        key.description = patch.optional();
        Ok(())
    }),
    replace("/enabled", |key, patch| {
        key.enabled = patch.boolean();
        Ok(())
    }),
    replace("/name", |key, patch| {
        key.name = patch.optional();
        Ok(())
    }),
    add_remove("/stages", |key, patch| {
        // A plan is what a stage has keys for now; this is the older list.
        if !patch.text().contains('/') {
            return Err(bad_request("Invalid stage identifier specified: it is {restApiId}/{stageName}"));
        }
        let value = patch.text().to_owned();
        patch.member(&mut key.stage_keys, &value);
        Ok(())
    }),
];

/// A key as callers see it: its value only if they ask for it.
fn described(key: &ApiKey, with_value: bool) -> Result<Value, ApiError> {
    let mut key = key.clone();
    if !with_value {
        key.value = None;
    }
    json(key)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StageKey {
    rest_api_id: Option<String>,
    stage_name: Option<String>,
}

fn create(call: &Call<'_>) -> Outcome {
    let stage_keys: Vec<StageKey> = match call.member("stageKeys") {
        Some(keys) => serde_json::from_value(keys.clone()).map_err(ApiError::internal)?,
        None => Vec::new(),
    };
    let mut stages = Vec::with_capacity(stage_keys.len());
    for key in stage_keys {
        let (api, stage) = (key.rest_api_id.unwrap_or_default(), key.stage_name.unwrap_or_default());
        let state = lock(&call.world.apigateway);
        if !state.apis.get(&api).is_some_and(|api| api.stages.contains_key(&stage)) {
            return Err(no_such("stage"));
        }
        stages.push(format!("{api}/{stage}"));
    }
    let now = call.now();
    let key = ApiKey {
        id: String::new(),
        value: call.optional_text("value").filter(|value| !value.is_empty()).map(str::to_owned),
        name: call.optional_text("name").map(str::to_owned),
        customer_id: call.optional_text("customerId").map(str::to_owned),
        description: call.optional_text("description").map(str::to_owned),
        enabled: call.boolean("enabled").unwrap_or(false),
        created_date: now,
        last_updated_date: now,
        stage_keys: stages,
        tags: call
            .member("tags")
            .cloned()
            .map(serde_json::from_value)
            .transpose()
            .map_err(ApiError::internal)?
            .unwrap_or_default(),
    };
    let key = add(&mut lock(&call.world.registry), key)?;
    Output::of(key)
}

/// Adds a key with a new id, and a value unless it has one.
fn add(registry: &mut Registry, mut key: ApiKey) -> Result<ApiKey, ApiError> {
    let value = key.value.get_or_insert_with(|| ids::short_id(40));
    check_value(value)?;
    if registry.api_keys.values().any(|other| other.value.as_ref() == Some(value)) {
        return Err(conflict("API Key already exists"));
    }
    if registry.api_keys.len() >= MOST {
        return Err(ApiError::new("LimitExceededException", "Maximum number of API keys exceeded"));
    }
    key.id = ids::short_id(10);
    registry.api_keys.insert(key.id.clone(), key.clone())?;
    Ok(key)
}

fn check_value(value: &str) -> Result<(), ApiError> {
    match value.chars().count() {
        0..20 => Err(bad_request("API Key value should be at least 20 characters")),
        20..=128 => Ok(()),
        _ => Err(bad_request("API Key value exceeds maximum size of 128 characters")),
    }
}

fn get(call: &Call<'_>) -> Outcome {
    let registry = lock(&call.world.registry);
    let key = registry.api_keys.get(call.text("apiKey")).ok_or_else(|| no_such("API Key"))?;
    Output::of(described(key, call.boolean("includeValue").unwrap_or(false))?)
}

fn list(call: &Call<'_>) -> Outcome {
    let registry = lock(&call.world.registry);
    let (name, customer) = (call.text("nameQuery"), call.optional_text("customerId"));
    let with_values = call.boolean("includeValues").unwrap_or(false);
    let found = registry.api_keys.iter().filter(|(_, key)| {
        key.name.as_deref().unwrap_or_default().starts_with(name)
            && customer.is_none_or(|customer| key.customer_id.as_deref() == Some(customer))
    });
    page(call, found, |key| described(key, with_values))
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let now = call.now();
    let mut registry = lock(&call.world.registry);
    let id = call.text("apiKey");
    let key = registry.api_keys.update(id, |key| {
        patch::apply(key, &operations, RULES, Refusal::Listed)?;
        key.last_updated_date = now;
        Ok(key.clone())
    });
    let key = key.unwrap_or_else(|| Err(no_such("API Key")))?;
    if operations.iter().any(|patch| patch.op == Op::Replace && patch.path == "/name") {
        let plans: Vec<_> = registry.plans_of(id).map(str::to_owned).collect();
        for plan in plans {
            let entry = format!("{plan}/{id}");
            registry
                .usage_plan_keys
                .update(&entry, |in_plan| {
                    in_plan.name.clone_from(&key.name);
                    Ok(())
                })
                .unwrap_or(Ok(()))?;
        }
    }
    Output::of(described(&key, false)?)
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut registry = lock(&call.world.registry);
    let id = call.text("apiKey");
    registry.api_keys.remove(id)?.ok_or_else(|| no_such("API Key"))?;
    let plans: Vec<_> = registry.plans_of(id).map(str::to_owned).collect();
    for plan in plans {
        let entry = format!("{plan}/{id}");
        registry.usage_plan_keys.remove(&entry)?;
        registry.forget_usage(call.world, &entry)?;
    }
    Ok(Output::empty())
}

impl Registry {
    /// The ids of the plans that a key is in.
    pub(super) fn plans_of(&self, key_id: &str) -> impl Iterator<Item = &str> {
        let entries = self.usage_plan_keys.iter().filter_map(|(entry, _)| entry.split_once('/'));
        entries.filter(move |(_, key)| *key == key_id).map(|(plan, _)| plan)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing::{control, rest};

    #[tokio::test]
    async fn a_key_is_made_shown_changed_and_deleted() {
        let control = control();
        let call = async |method: &str, path: &str, body| rest(&control, "apigateway", method, path, body).await;
        let (status, key) = call(
            "POST",
            "/apikeys",
            json!({"name": "free", "enabled": true, "tags": {"a": "b"}, "value": "v".repeat(20)}),
        )
        .await;
        assert_eq!(status, 201);
        let id = key["id"].as_str().unwrap();
        assert_eq!(id.len(), 10);
        assert_eq!(key["value"], "v".repeat(20));
        assert_eq!(key["stageKeys"], json!([]));
        let (_, shown) = call("GET", &format!("/apikeys/{id}"), json!(null)).await;
        assert_eq!((shown.get("value"), &shown["enabled"]), (None, &json!(true)));
        let (_, shown) = call("GET", &format!("/apikeys/{id}?includeValue=true"), json!(null)).await;
        assert_eq!(shown["value"], "v".repeat(20));
        let (_, generated) = call("POST", "/apikeys", json!({"name": "fresh", "customerId": "c"})).await;
        assert_eq!((generated["value"].as_str().unwrap().len(), &generated["enabled"]), (40, &json!(false)));
        let (_, all) = call("GET", "/apikeys?name=fre&limit=1", json!(null)).await;
        assert_eq!(all["item"].as_array().unwrap().len(), 1);
        assert!(all["position"].is_string());
        let (_, by_customer) = call("GET", "/apikeys?customerId=c&includeValues=true", json!(null)).await;
        assert_eq!(by_customer["item"][0]["value"], generated["value"]);
        let patch = json!({"patchOperations": [{"op": "replace", "path": "/enabled", "value": "false"},
            {"op": "add", "path": "/stages", "value": "api/prod"}]});
        let (_, changed) = call("PATCH", &format!("/apikeys/{id}"), patch).await;
        assert_eq!((&changed["enabled"], &changed["stageKeys"]), (&json!(false), &json!(["api/prod"])));
        let arn = format!("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapikeys%2F{id}");
        assert_eq!(call("PUT", &arn, json!({"tags": {"c": "d"}})).await.0, 204);
        assert_eq!(call("GET", &arn, json!(null)).await.1, json!({"tags": {"a": "b", "c": "d"}}));
        assert_eq!(call("DELETE", &format!("/apikeys/{id}"), json!(null)).await.0, 202);
        let (status, gone) = call("GET", &format!("/apikeys/{id}"), json!(null)).await;
        assert_eq!((status, &gone["message"]), (404, &json!("Invalid API Key identifier specified")));
    }

    #[tokio::test]
    async fn bad_keys_are_refused() {
        let control = control();
        let call = async |body| rest(&control, "apigateway", "POST", "/apikeys", body).await;
        call(json!({"value": "x".repeat(20)})).await;
        for (body, status, expected) in [
            (json!({"value": "short"}), 400, "API Key value should be at least 20 characters"),
            (json!({"value": "x".repeat(129)}), 400, "API Key value exceeds maximum size of 128 characters"),
            (json!({"value": "x".repeat(20)}), 409, "API Key already exists"),
            (json!({"stageKeys": [{"restApiId": "a", "stageName": "b"}]}), 404, "Invalid stage identifier specified"),
        ] {
            let (found, answer) = call(body).await;
            assert_eq!((found, answer["message"].as_str().unwrap()), (status, expected));
        }
    }
}
