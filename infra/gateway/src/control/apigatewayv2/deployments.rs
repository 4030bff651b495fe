//! `CreateDeployment`, `GetDeployment`, `GetDeployments`, `UpdateDeployment`, `DeleteDeployment`.

use serde_json::{Value, json};

use super::super::call::{Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, no_stage, not_found};
use super::state::deployment_key;
use super::{change, input, paging, serve};
use crate::model::ApiDeployment;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateDeployment", create),
    op("GetDeployment", get),
    op("GetDeployments", list),
    op("UpdateDeployment", update),
    op("DeleteDeployment", delete),
];

fn create(call: &Call<'_>) -> Outcome {
    input::check_lengths(call)?;
    let mut state = lock(&call.world.apigatewayv2);
    let mut api = state.api(call.text("ApiId"))?.clone();
    let stage = call.optional_text("StageName");
    if stage.is_some_and(|name| !api.stages.contains_key(name)) {
        return Err(no_stage());
    }
    let description = call.optional_text("Description").map(str::to_owned);
    let (deployment, compiled) = change::deploy(&mut state, &mut api, description, stage, call.now())?;
    state.apis.insert(api.api_id.clone(), api.clone())?;
    serve::publish(call.control, call.world, &api, compiled);
    Output::of(view(&deployment))
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    state.api(call.text("ApiId"))?;
    let found = state.deployments.get(&key(call)).ok_or_else(|| not_found("Deployment", call.text("DeploymentId")))?;
    Output::of(view(found))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let api = state.api(call.text("ApiId"))?;
    let mut newest_first: Vec<_> = state.deployments_of(&api.api_id).collect();
    newest_first.reverse();
    paging::page(call, newest_first.into_iter().map(|deployment| (deployment.deployment_id.as_str(), deployment)), view)
}

fn update(call: &Call<'_>) -> Outcome {
    input::check_lengths(call)?;
    let mut state = lock(&call.world.apigatewayv2);
    state.api(call.text("ApiId"))?;
    let changed = state.deployments.update(&key(call), |deployment| {
        if let Some(description) = call.optional_text("Description") {
            deployment.description = Some(description.to_owned()).filter(|text| !text.is_empty());
        }
        Ok(view(deployment))
    });
    Output::of(changed.ok_or_else(|| not_found("Deployment", call.text("DeploymentId")))??)
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    let id = call.text("DeploymentId");
    let api = state.api(call.text("ApiId"))?;
    if api.stages.values().any(|stage| stage.deployment_id.as_deref() == Some(id)) {
        return Err(bad_request("Active stages pointing to this deployment must be moved or deleted"));
    }
    state.deployments.remove(&key(call))?.ok_or_else(|| not_found("Deployment", id))?;
    Ok(Output::empty())
}

fn key(call: &Call<'_>) -> String {
    deployment_key(call.text("ApiId"), call.text("DeploymentId"))
}

/// Without the API that it holds.
fn view(deployment: &ApiDeployment) -> Value {
    json!({
        "AutoDeployed": deployment.auto_deployed,
        "CreatedDate": deployment.created_date,
        "DeploymentId": deployment.deployment_id,
        "DeploymentStatus": deployment.deployment_status,
        "DeploymentStatusMessage": deployment.deployment_status_message,
        "Description": deployment.description,
    })
}
