//! Stages: what of an API is served under which name, with the settings that are live.

use indexmap::IndexMap;
use serde_json::Value;

use super::super::Control;
use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::{World, lock};
use super::errors::{bad_request, conflict, no_such};
use super::patch::Patch;
use super::state::State;
use super::{account, patch, publish, stage_patch};
use crate::model::{CLUSTER_SIZES, CanarySettings, RestApi, Stage, variable_fits};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateStage", create),
    op("GetStage", get),
    op("GetStages", list),
    op("UpdateStage", update),
    op("DeleteStage", delete),
    op("FlushStageCache", flush_cache),
    op("FlushStageAuthorizersCache", flush_authorizers),
];

/// Stages of an API: AWS's quota, which it raises on request.
const MAX_STAGES: usize = 10;

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

/// Whether the API may have one more stage.
///
/// # Errors
/// `LimitExceededException`
pub(super) fn check_count(api: &RestApi) -> Result<(), ApiError> {
    if api.stages.len() >= MAX_STAGES {
        return Err(ApiError::new("LimitExceededException", "Maximum number of stages for this API has been reached."));
    }
    Ok(())
}

/// Variables of a stage.
const MAX_VARIABLES: usize = 100;

/// The variables of a stage, as they are to be.
///
/// # Errors
/// `BadRequestException`, and `LimitExceededException` for too many.
pub(super) fn check_variables(variables: &IndexMap<String, String>) -> Result<(), ApiError> {
    if variables.len() > MAX_VARIABLES {
        let message = format!(
            "A stage can have {MAX_VARIABLES} stage variables at most, and this would have {}",
            variables.len()
        );
        return Err(ApiError::new("LimitExceededException", message));
    }
    variables.iter().try_for_each(|(name, value)| check_variable(name, value))
}

/// A stage variable. The texts are AWS's, the quotes in the second one too.
///
/// # Errors
/// `BadRequestException`
pub(super) fn check_variable(name: &str, value: &str) -> Result<(), ApiError> {
    variable_fits(name, value).map_err(bad_request)
}

/// A canary's settings.
///
/// # Errors
/// `BadRequestException`
pub(super) fn check_canary(canary: &CanarySettings) -> Result<(), ApiError> {
    if !(0.0..=100.0).contains(&canary.percent_traffic) {
        return Err(bad_request("Canary percentTraffic must be between 0.0 and 100.0"));
    }
    check_variables(&canary.stage_variable_overrides)
}

/// Fills in what follows from the other settings.
pub(super) fn settle(stage: &mut Stage) {
    if let Some(canary) = &mut stage.canary_settings {
        canary.deployment_id.get_or_insert_with(|| stage.deployment_id.clone());
    }
    if stage.cache_cluster_enabled {
        stage.cache_cluster_size.get_or_insert_with(|| "0.5".to_owned());
    }
    let status = if stage.cache_cluster_enabled { "AVAILABLE" } else { "NOT_AVAILABLE" };
    stage.cache_cluster_status = Some(status.to_owned());
}

/// `cacheClusterSize`
///
/// # Errors
/// `BadRequestException`
pub(super) fn check_size(size: &str) -> Result<(), ApiError> {
    if CLUSTER_SIZES.contains(&size) {
        return Ok(());
    }
    Err(bad_request(format!("Invalid cache cluster size. Must be one of: {}", CLUSTER_SIZES.join(", "))))
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
    check_variables(&stage.variables)?;
    if let Some(size) = &stage.cache_cluster_size {
        check_size(size)?;
    }
    settle(&mut stage);
    let mut state = lock(&call.world.apigateway);
    let api = state.api(call)?;
    if api.stages.contains_key(name) {
        return Err(conflict("Stage already exists"));
    }
    check_count(api)?;
    if let Some(canary) = &stage.canary_settings {
        check_canary(canary)?;
    }
    let snapshot = publish::compile(&api.id, &stage, |id| state.deployment_for_stage(&api.id, id))?;
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
    stage(&lock(&call.world.apigateway), call)?;
    let names = (call.text("restApiId"), call.text("stageName"));
    let output = Output::of(change(call.control, call.world, names, &operations)?.1)?;
    account::tell_of_missing_role(call, &operations);
    Ok(output)
}

/// Applies operations to a stage of an API, by their names, keeps and serves what comes of it; the stage before and after.
///
/// # Errors
/// `NotFoundException`, and `BadRequestException` of an operation, of which none counts then.
pub(super) fn change(
    control: &Control,
    world: &World,
    (api_id, name): (&str, &str),
    operations: &[Patch],
) -> Result<(Stage, Stage), ApiError> {
    let mut state = lock(&world.apigateway);
    let before = state.apis.get(api_id).and_then(|api| api.stages.get(name)).ok_or_else(no_stage)?.clone();
    let mut after = before.clone();
    for operation in operations {
        stage_patch::apply(&mut after, operation, |id| state.deployment(api_id, id).is_some())?;
    }
    check_variables(&after.variables)?;
    after.last_updated_date = control.clock().now();
    settle(&mut after);
    let snapshot = publish::compile(api_id, &after, |id| state.deployment_for_stage(api_id, id))?;
    let changed = state.apis.update(api_id, |api| {
        api.stages.insert(name.to_owned(), after.clone());
        Ok(())
    });
    changed.unwrap_or_else(|| Err(no_stage()))?;
    publish::publish(control, world, api_id, snapshot);
    Ok((before, after))
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

/// The status is `AVAILABLE` throughout: forgetting takes no time here.
fn flush_cache(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let (api, stage) = stage(&state, call)?;
    publish::flush(call.control, &api.id, &stage.stage_name);
    Ok(Output::empty())
}

/// A stage that is compiled anew has remembered nothing.
fn flush_authorizers(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let (api, stage) = stage(&state, call)?;
    let snapshot = publish::compile(&api.id, stage, |id| state.deployment_for_stage(&api.id, id))?;
    publish::publish(call.control, call.world, &api.id, snapshot);
    Ok(Output::empty())
}
