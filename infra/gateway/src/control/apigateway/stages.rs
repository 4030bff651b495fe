//! Stages: what of an API is served under which name, with the settings that are live.

use serde_json::Value;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, no_such};
use super::state::State;
use super::{account, patch, publish, stage_patch};
use crate::model::{CanarySettings, RestApi, Stage};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateStage", create),
    op("GetStage", get),
    op("GetStages", list),
    op("UpdateStage", update),
    op("DeleteStage", delete),
    op("FlushStageCache", flush_cache),
    op("FlushStageAuthorizersCache", flush_authorizers),
];

/// Stages of an API.
const MAX_STAGES: usize = 100;

/// A stage's name.
///
/// # Errors
/// `BadRequestException`
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > 128 || !name.chars().all(fits) {
        return Err(bad_request("Stage name only allows a-zA-Z0-9-_ and at most 128 characters"));
    }
    Ok(())
}

/// A stage variable.
///
/// # Errors
/// `BadRequestException`
pub(super) fn check_variable(name: &str, value: &str) -> Result<(), ApiError> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(in_name) {
        return Err(bad_request(format!(
            "Invalid stage variable name: {name}. Stage variable names can only have alphanumeric characters and underscores, 64 at most"
        )));
    }
    let in_value = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(c);
    if value.len() > 512 || !value.chars().all(in_value) {
        return Err(bad_request(format!(
            "Invalid stage variable value for {name}. Please use values with alphanumeric characters and the symbols -._~:/?#&=, of 512 characters at most"
        )));
    }
    Ok(())
}

/// A canary's settings.
///
/// # Errors
/// `BadRequestException`
pub(super) fn check_canary(canary: &CanarySettings) -> Result<(), ApiError> {
    if !(0.0..=100.0).contains(&canary.percent_traffic) {
        return Err(bad_request("Canary percentTraffic must be between 0.0 and 100.0"));
    }
    canary.stage_variable_overrides.iter().try_for_each(|(name, value)| check_variable(name, value))
}

/// Fills in what follows from the other settings.
pub(super) fn settle(stage: &mut Stage) {
    if stage.cache_cluster_enabled {
        stage.cache_cluster_size.get_or_insert_with(|| "0.5".to_owned());
    }
    let status = if stage.cache_cluster_enabled { "AVAILABLE" } else { "NOT_AVAILABLE" };
    stage.cache_cluster_status = Some(status.to_owned());
}

fn no_stage() -> ApiError {
    no_such("Stage")
}

fn create(call: &Call<'_>) -> Outcome {
    let name = call.text("stageName");
    check_name(name)?;
    let mut stage: Stage = call.parse()?;
    stage.created_date = call.now();
    stage.last_updated_date = stage.created_date;
    stage.variables.iter().try_for_each(|(name, value)| check_variable(name, value))?;
    settle(&mut stage);
    let mut state = lock(&call.world.apigateway);
    let api = state.api(call)?;
    if api.stages.contains_key(name) {
        return Err(conflict("Stage already exists"));
    }
    if api.stages.len() >= MAX_STAGES {
        return Err(ApiError::new("LimitExceededException", "Maximum number of stages for this API has been reached."));
    }
    if let Some(canary) = &mut stage.canary_settings {
        check_canary(canary)?;
        let id = canary.deployment_id.get_or_insert_with(|| stage.deployment_id.clone());
        state.deployment_for_stage(&api.id, id)?;
    }
    let deployment = state.deployment_for_stage(&api.id, &stage.deployment_id)?;
    let snapshot = publish::compile(&api.id, deployment, &stage)?;
    let output = Output::of(&stage)?;
    state.change(call, |api| {
        api.stages.insert(stage.stage_name.clone(), stage);
        Ok(())
    })?;
    publish::publish(call.control, call.world, call.text("restApiId"), snapshot);
    Ok(output)
}

/// The stage `stageName` of the REST API `restApiId`.
fn stage<'a>(state: &'a State, call: &Call<'_>) -> Result<(&'a RestApi, &'a Stage), ApiError> {
    let api = state.apis.get(call.text("restApiId")).ok_or_else(no_stage)?;
    Ok((api, api.stages.get(call.text("stageName")).ok_or_else(no_stage)?))
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    Output::of(stage(&state, call)?.1)
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let wanted = call.optional_text("deploymentId").filter(|id| !id.is_empty());
    let stages = state.api(call)?.stages.values();
    let stages = stages.filter(|stage| wanted.is_none_or(|id| stage.deployment_id == id));
    let items = stages.map(super::page::json).collect::<Result<Vec<_>, _>>()?;
    // Stages come all at once, under a name of their own.
    Output::of(serde_json::json!({"item": Value::Array(items)}))
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    let (api, stage) = stage(&state, call)?;
    let mut changed = stage.clone();
    for operation in &operations {
        stage_patch::apply(&mut changed, operation, |id| state.deployment(&api.id, id).is_some())?;
    }
    changed.last_updated_date = call.now();
    settle(&mut changed);
    let deployment = state.deployment_for_stage(&api.id, &changed.deployment_id)?;
    let snapshot = publish::compile(&api.id, deployment, &changed)?;
    let output = Output::of(&changed)?;
    state.change(call, |api| {
        api.stages.insert(changed.stage_name.clone(), changed);
        Ok(())
    })?;
    publish::publish(call.control, call.world, call.text("restApiId"), snapshot);
    drop(state);
    account::tell_of_missing_role(call, &operations);
    Ok(output)
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    stage(&state, call)?;
    let name = call.text("stageName");
    state.change(call, |api| {
        api.stages.shift_remove(name);
        Ok(())
    })?;
    publish::withdraw_stage(call.control, call.text("restApiId"), name);
    drop(state);
    lock(&call.world.registry).unbind(call.text("restApiId"), Some(name))?;
    Ok(Output::empty())
}

/// Answers are not kept yet, so that there is nothing to forget.
fn flush_cache(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    stage(&state, call)?;
    Ok(Output::empty())
}

/// A stage that is compiled anew has remembered nothing.
fn flush_authorizers(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let (api, stage) = stage(&state, call)?;
    let deployment = state.deployment_for_stage(&api.id, &stage.deployment_id)?;
    let snapshot = publish::compile(&api.id, deployment, stage)?;
    publish::publish(call.control, call.world, &api.id, snapshot);
    Ok(Output::empty())
}
