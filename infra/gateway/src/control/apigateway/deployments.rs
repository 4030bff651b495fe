//! Deployments: the API as it was when it was deployed.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, no_such};
use super::page::page;
use super::patch::{self, Refusal, Rule, replace};
use super::state::{State, deployment_key};
use super::{publish, stages};
use crate::compile::rest;
use crate::ids;
use crate::model::{CanarySettings, Deployment, RestApi, Stage};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateDeployment", create),
    op("GetDeployment", get),
    op("GetDeployments", list),
    op("UpdateDeployment", update),
    op("DeleteDeployment", delete),
];

impl State {
    /// Keeps a deployment as long as its API is kept: one of a template's API comes and goes with the template.
    pub(super) fn keep_deployment(&mut self, api_id: &str, deployment: Deployment) -> Result<(), ApiError> {
        let key = deployment_key(api_id, &deployment.id);
        if self.apis.is_declared(api_id) {
            self.deployments.declare(key, deployment)
        } else {
            self.deployments.insert(key, deployment)
        }
    }
}

/// What of an API is deployed: all that later changes must not reach.
pub(super) fn snapshot(api: &RestApi) -> Arc<RestApi> {
    Arc::new(RestApi {
        stages: IndexMap::new(),
        documentation_parts: IndexMap::new(),
        documentation_versions: IndexMap::new(),
        tags: IndexMap::new(),
        ..api.clone()
    })
}

fn create(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    let mut api = state.api(call)?.clone();
    let methods = || api.resources.iter().flat_map(|resource| resource.methods.values());
    if methods().next().is_none() {
        return Err(bad_request("The REST API doesn't contain any methods"));
    }
    if methods().any(|method| method.integration.is_none()) {
        return Err(bad_request("No integration defined for method"));
    }
    let deployment = Deployment {
        id: ids::short_id(6),
        description: call.optional_text("description").filter(|text| !text.is_empty()).map(str::to_owned),
        created_date: call.now(),
        snapshot: snapshot(&api),
    };
    let output = Output::of(described(&deployment, false))?;
    let stage = stage(call, &mut api, &deployment)?;
    let plane = stage.as_ref().map(|name| {
        let stage = &api.stages[name];
        // With a canary the stage's own deployment stays the former one.
        let base = if stage.deployment_id == deployment.id {
            &deployment
        } else {
            state.deployment_for_stage(&api.id, &stage.deployment_id)?
        };
        publish::compile(&api.id, base, stage)
    });
    let snapshot = plane.transpose()?;
    if stage.is_none() {
        // No stage serves it yet; what none could serve is refused all the same.
        rest::compile(&deployment.snapshot, &Stage::default()).map_err(|error| bad_request(error.to_string()))?;
    }
    let id = api.id.clone();
    state.keep_deployment(&id, deployment)?;
    if let Some(snapshot) = snapshot {
        state.apis.insert(id.clone(), api)?;
        publish::publish(call.control, call.world, &id, snapshot);
    }
    Ok(output)
}

/// Gives the stage that the caller names the deployment; its name, if one was given.
fn stage(call: &Call<'_>, api: &mut RestApi, deployment: &Deployment) -> Result<Option<String>, ApiError> {
    let name = call.optional_text("stageName");
    let canary = call.member("canarySettings").and_then(Value::as_object);
    if let Some(canary) = canary {
        let invalid = |reason: String| Err(bad_request(format!("Invalid deployment content specified.{reason}")));
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            let given = name.unwrap_or("null");
            return invalid(format!(
                "Non null and non empty stageName must be provided for canary deployment. Provided value is {given}"
            ));
        };
        let Some(stage) = api.stages.get_mut(name) else {
            return invalid(format!("Stage {name} must already be created before making a canary release deployment"));
        };
        let mut settings: CanarySettings =
            serde_json::from_value(Value::Object(canary.clone())).map_err(ApiError::internal)?;
        stages::check_canary(&settings)?;
        settings.deployment_id = Some(deployment.id.clone());
        stage.canary_settings = Some(settings);
        stage.last_updated_date = call.now();
        return Ok(Some(name.to_owned()));
    }
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(None) };
    stages::check_name(name)?;
    let now = call.now();
    let fresh = || Stage { stage_name: name.to_owned(), created_date: now, ..Stage::default() };
    let stage = api.stages.entry(name.to_owned()).or_insert_with(fresh);
    stage.deployment_id.clone_from(&deployment.id);
    stage.last_updated_date = now;
    if let Some(description) = call.optional_text("stageDescription") {
        stage.description = Some(description.to_owned());
    }
    if let Some(enabled) = call.boolean("cacheClusterEnabled") {
        stage.cache_cluster_enabled = enabled;
    }
    if let Some(size) = call.optional_text("cacheClusterSize") {
        stage.cache_cluster_size = Some(size.to_owned());
    }
    if let Some(enabled) = call.boolean("tracingEnabled") {
        stage.tracing_enabled = enabled;
    }
    if let Some(variables) = call.member("variables").and_then(Value::as_object) {
        for (name, value) in variables {
            let value = value.as_str().unwrap_or_default();
            stages::check_variable(name, value)?;
            stage.variables.insert(name.clone(), value.to_owned());
        }
    }
    stages::settle(stage);
    Ok(Some(name.to_owned()))
}

fn described(deployment: &Deployment, summary: bool) -> Value {
    let mut members = Map::new();
    members.insert("id".to_owned(), deployment.id.as_str().into());
    members.insert("description".to_owned(), deployment.description.clone().into());
    members.insert("createdDate".to_owned(), deployment.created_date.into());
    if summary {
        let paths = deployment.snapshot.resources.iter().filter(|resource| !resource.methods.is_empty());
        let paths = paths.map(|resource| {
            let methods = resource.methods.iter().map(|(verb, method)| {
                let settings =
                    json!({"authorizationType": method.authorization_type, "apiKeyRequired": method.api_key_required});
                (verb.clone(), settings)
            });
            (resource.path.clone(), Value::Object(methods.collect()))
        });
        members.insert("apiSummary".to_owned(), Value::Object(paths.collect()));
    }
    Value::Object(members)
}

fn embeds_summary(call: &Call<'_>) -> bool {
    let embed = call.member("embed").and_then(Value::as_array);
    embed.is_some_and(|embed| embed.iter().any(|what| what == "apisummary"))
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let found = state.deployment(call.text("restApiId"), call.text("deploymentId"));
    Output::of(described(found.ok_or_else(|| no_such("Deployment"))?, embeds_summary(call)))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let api = state.api(call)?;
    page(call, state.deployments(&api.id), |deployment| Ok(described(deployment, false)))
}

const RULES: &[Rule<Deployment>] = &[replace("/description", |deployment, patch| {
    deployment.description = patch.optional();
    Ok(())
})];

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    let key = deployment_key(call.text("restApiId"), call.text("deploymentId"));
    let changed = state.deployments.update(&key, |deployment| {
        patch::apply(deployment, &operations, RULES, Refusal::Listed)?;
        Output::of(described(deployment, false))
    });
    changed.unwrap_or_else(|| Err(no_such("Deployment")))
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    let (api_id, id) = (call.text("restApiId"), call.text("deploymentId"));
    let deployment = state.deployment(api_id, id).ok_or_else(|| no_such("Deployment"))?;
    let uses = |stage: &Stage| {
        let canary = stage.canary_settings.as_ref().and_then(|canary| canary.deployment_id.as_ref());
        stage.deployment_id == deployment.id || canary == Some(&deployment.id)
    };
    if state.apis.get(api_id).is_some_and(|api| api.stages.values().any(uses)) {
        return Err(bad_request("Active stages pointing to this deployment must be moved or deleted"));
    }
    state.deployments.remove(&deployment_key(api_id, id))?;
    Ok(Output::empty())
}
