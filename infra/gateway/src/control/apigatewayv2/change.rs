//! How an API is changed: on a copy, deployed where a stage deploys by itself, kept, and handed to the data planes.

use std::sync::Arc;

use super::super::call::{ApiError, Call};
use super::super::world::lock;
use super::errors::bad_request;
use super::serve::{self, Compiled};
use super::state::{State, deployment_key, fresh_id};
use crate::clock::EpochMillis;
use crate::model::{Api, ApiDeployment, ProtocolType};

/// Deployments that were made automatically and that no stage serves any more: so many are kept of each API.
const KEPT_AUTOMATIC: usize = 10;
/// Deployments that somebody asked for, of one API.
const MAX_DEPLOYMENTS: usize = 300;

/// What a change means for traffic.
#[derive(Clone, Copy)]
pub(super) enum Effect<'e> {
    /// It is part of what a deployment holds: seen with the next one, which follows at once where a stage deploys by
    /// itself.
    Configuration,
    /// It is this stage's own: seen at once. A stage that deploys by itself deploys nothing new for it.
    Settings(&'e str),
    /// The same of a stage that is new, or that begins to deploy by itself: that deploys the API as it is now.
    Stage(&'e str),
}

/// Changes the API that the call names: all of `change`, or nothing where it fails.
pub(super) fn change<R>(
    call: &Call<'_>,
    effect: Effect<'_>,
    change: impl FnOnce(&mut Api) -> Result<R, ApiError>,
) -> Result<R, ApiError> {
    let mut state = lock(&call.world.apigatewayv2);
    let id = call.text("ApiId");
    let mut api = state.api(id)?.clone();
    let result = change(&mut api)?;
    keep(call, &mut state, api, effect)?;
    Ok(result)
}

/// Keeps `api` as it is now, new or changed, with what follows from that.
pub(super) fn keep(call: &Call<'_>, state: &mut State, mut api: Api, effect: Effect<'_>) -> Result<(), ApiError> {
    let compiled = match effect {
        Effect::Configuration => deploy_automatically(state, &mut api, None, call.now())?,
        Effect::Stage(name) if api.stages.get(name).is_some_and(|stage| stage.auto_deploy) => {
            deploy_automatically(state, &mut api, Some(name), call.now())?
        }
        Effect::Stage(name) | Effect::Settings(name) => {
            let stage = api.stages.get(name);
            let served = stage.and_then(|stage| {
                let key = deployment_key(&api.api_id, stage.deployment_id.as_deref()?);
                Some((stage, &state.deployments.get(&key)?.snapshot))
            });
            let compiled = served.map(|(stage, snapshot)| serve::compile(snapshot, stage).map_err(bad_request));
            compiled.transpose()?.into_iter().collect()
        }
    };
    state.apis.insert(api.api_id.clone(), api.clone())?;
    prune(state, &api)?;
    serve::publish(call.control, call.world, &api, compiled);
    Ok(())
}

/// Makes a deployment of `api`, and gives it with the stages that it moves to, compiled. It is kept; the API is not yet.
///
/// # Errors
/// `BadRequestException` where there is nothing to deploy or API Gateway would refuse it.
pub(super) fn deploy(
    state: &mut State,
    api: &mut Api,
    description: Option<String>,
    stage: Option<&str>,
    now: EpochMillis,
) -> Result<(ApiDeployment, Vec<Compiled>), ApiError> {
    deployable(api).map_err(bad_request)?;
    if state.deployments_of(&api.api_id).filter(|deployment| !deployment.auto_deployed).count() >= MAX_DEPLOYMENTS {
        return Err(super::errors::full("Deployments"));
    }
    let deployment = ApiDeployment { description, ..new_deployment(state, api, now) };
    let mut compiled = Vec::new();
    if let Some(stage) = stage.and_then(|name| api.stages.get_mut(name)) {
        compiled.push(serve::compile(&deployment.snapshot, stage).map_err(bad_request)?);
        stage.deployment_id = Some(deployment.deployment_id.clone());
        stage.last_updated_date = now;
    }
    state.keep_deployment(&api.api_id, deployment.clone())?;
    Ok((deployment, compiled))
}

/// Deploys `api` to its stages that deploy by themselves, or to the one of them called `only`. What cannot be deployed
/// leaves a stage as it is, with a message: as on AWS, the change itself has not failed.
fn deploy_automatically(
    state: &mut State,
    api: &mut Api,
    only: Option<&str>,
    now: EpochMillis,
) -> Result<Vec<Compiled>, ApiError> {
    let concerned = |name: &str| only.is_none_or(|only| only == name);
    if !api.stages.values().any(|stage| stage.auto_deploy && concerned(&stage.stage_name)) {
        return Ok(Vec::new());
    }
    let problem = deployable(api).err();
    let deployment = ApiDeployment {
        auto_deployed: true,
        description: Some("Automatic deployment triggered by changes to the Api configuration".to_owned()),
        ..new_deployment(state, api, now)
    };
    let id = &deployment.deployment_id;
    let mut compiled = Vec::new();
    for stage in api.stages.values_mut().filter(|stage| stage.auto_deploy && concerned(&stage.stage_name)) {
        let outcome = match &problem {
            Some(problem) => Err(problem.clone()),
            None => serve::compile(&deployment.snapshot, stage),
        };
        let message = match outcome {
            Ok(snapshot) => {
                compiled.push(snapshot);
                stage.deployment_id = Some(id.clone());
                format!("Successfully deployed stage with deployment ID '{id}'")
            }
            Err(problem) => {
                tracing::warn!(api = api.api_id, stage = stage.stage_name, problem, "an automatic deployment failed");
                format!("Deployment attempt failed: {problem}")
            }
        };
        stage.last_deployment_status_message = Some(message);
        stage.last_updated_date = now;
    }
    if !compiled.is_empty() {
        state.keep_deployment(&api.api_id, deployment)?;
    }
    Ok(compiled)
}

/// `api` as it is now, under a new id.
pub(super) fn new_deployment(state: &State, api: &Api, now: EpochMillis) -> ApiDeployment {
    let snapshot = Api { stages: indexmap::IndexMap::new(), ..api.clone() };
    ApiDeployment {
        deployment_id: fresh_id(6, |id| state.deployments.contains(&deployment_key(&api.api_id, id))),
        created_date: now,
        deployment_status: "DEPLOYED".to_owned(),
        snapshot: Arc::new(snapshot),
        ..ApiDeployment::default()
    }
}

fn deployable(api: &Api) -> Result<(), String> {
    if !api.routes.is_empty() {
        return Ok(());
    }
    Err(match api.protocol_type {
        ProtocolType::Http => "Unable to deploy API because no routes exist in this API",
        ProtocolType::WebSocket => "At least one route is required before deploying the Api",
    }
    .to_owned())
}

/// Forgets the oldest automatic deployments that no stage serves: each holds the whole API.
fn prune(state: &mut State, api: &Api) -> Result<(), ApiError> {
    let served = |id: &str| api.stages.values().any(|stage| stage.deployment_id.as_deref() == Some(id));
    let unused = state.deployments_of(&api.api_id).filter(|d| d.auto_deployed && !served(&d.deployment_id));
    let unused: Vec<_> = unused.map(|deployment| deployment_key(&api.api_id, &deployment.deployment_id)).collect();
    for key in unused.iter().take(unused.len().saturating_sub(KEPT_AUTOMATIC)) {
        state.deployments.remove(key)?;
    }
    Ok(())
}
