//! What the control plane deploys is served from then on.

use super::super::Control;
use super::super::call::ApiError;
use super::super::world::{World, lock};
use super::errors::bad_request;
use crate::compile::rest::{self, RestSnapshot};
use crate::model::{Deployment, Stage};
use crate::server::{Plane, RestPlane, StageSnapshot as _};

/// A stage with its canary, ready to be served; `find` gives the deployments by their ids. Nothing is kept and nothing served
/// where it cannot be.
///
/// # Errors
/// `BadRequestException` with what cannot be served, and where it is, and those of `find`.
pub(super) fn compile<'d>(
    api_id: &str,
    stage: &Stage,
    find: impl Fn(&str) -> Result<&'d Deployment, ApiError>,
) -> Result<RestSnapshot, ApiError> {
    let deployment = find(&stage.deployment_id)?;
    let of_canary = stage.canary_settings.as_ref().and_then(|canary| canary.deployment_id.as_deref());
    let canary = of_canary.map_or(Ok(deployment), find)?;
    let snapshot = rest::compile_with_canary(&deployment.snapshot, &canary.snapshot, stage)
        .map_err(|error| bad_request(error.to_string()))?;
    for warning in snapshot.warnings() {
        tracing::warn!(api = api_id, stage = stage.stage_name, "{warning}");
    }
    Ok(snapshot)
}

/// Serves this stage from now on; the API's other stages stay as they are.
pub(super) fn publish(control: &Control, world: &World, api_id: &str, snapshot: RestSnapshot) {
    let plane = match control.published().get(api_id) {
        Some(Plane::Rest(plane)) => RestPlane::clone(&plane),
        _ => RestPlane::new(api_id, world.gateway.clone()),
    };
    control.published().publish(plane.with_stage(snapshot).into());
}

/// Forgets the responses that this stage keeps, and its canary; how many that were, if it has a cache.
pub(super) fn flush(control: &Control, api_id: &str, stage: &str) -> Option<u64> {
    match control.published().get(api_id) {
        Some(Plane::Rest(plane)) => plane.stages.get(stage)?.flush(),
        _ => None,
    }
}

/// Serves this stage no longer.
pub(super) fn withdraw_stage(control: &Control, api_id: &str, stage: &str) {
    if let Some(Plane::Rest(plane)) = control.published().get(api_id) {
        control.published().publish(RestPlane::clone(&plane).without_stage(stage).into());
    }
}

/// Serves the API no longer.
pub(super) fn withdraw(control: &Control, api_id: &str) {
    control.published().withdraw(api_id);
}

/// Serves all that is kept: after a restart. What cannot be served is named in the log.
pub(crate) fn publish_all(control: &Control, world: &World) {
    let state = lock(&world.apigateway);
    for api in state.apis.values() {
        for stage in api.stages.values() {
            match compile(&api.id, stage, |id| state.deployment_for_stage(&api.id, id)) {
                Ok(snapshot) => publish(control, world, &api.id, snapshot),
                Err(error) => {
                    let (api, stage) = (&api.id, &stage.stage_name);
                    tracing::error!(api, stage, error = error.message, "a kept stage cannot be served");
                }
            }
        }
    }
}
