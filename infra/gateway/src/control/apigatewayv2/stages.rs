//! `CreateStage`, `GetStage`, `GetStages`, `UpdateStage`, `DeleteStage`, `DeleteAccessLogSettings`, `DeleteRouteSettings`.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::change::{Effect, change};
use super::errors::{bad_request, conflict, full, no_stage, not_found};
use super::state::deployment_key;
use super::{input, paging};
use crate::model::{Api, ApiStage, ProtocolType, RouteSettings};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateStage", create),
    op("GetStage", get),
    op("GetStages", list),
    op("UpdateStage", update),
    op("DeleteStage", delete),
    op("DeleteAccessLogSettings", delete_access_log_settings),
    op("DeleteRouteSettings", delete_route_settings),
];

const MAX_STAGES: usize = 10;
const MAX_VARIABLES: usize = 100;

fn create(call: &Call<'_>) -> Outcome {
    let name = call.text("StageName");
    check_deployment(call)?;
    change(call, Effect::Stage(name), |api| {
        if api.stages.contains_key(name) {
            return Err(conflict("Stage already exists"));
        }
        if api.stages.len() >= MAX_STAGES {
            return Err(full("Stages"));
        }
        check_name(api, name)?;
        let new = ApiStage {
            default_route_settings: Some(default_settings(api.protocol_type)),
            created_date: call.now(),
            last_updated_date: call.now(),
            ..ApiStage::default()
        };
        let mut stage: ApiStage = input::patched(&new, call, &["DefaultRouteSettings"])?;
        stage.tags = input::tags(call)?;
        put_default_settings(&mut stage, call)?;
        check(api, &stage, call)?;
        api.stages.insert(name.to_owned(), stage);
        Ok(())
    })?;
    get(call)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    Output::of(view(find(state.api(call.text("ApiId"))?, call)?))
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let stages = &state.api(call.text("ApiId"))?.stages;
    paging::page(call, stages.iter().map(|(name, stage)| (name.as_str(), stage)), view)
}

fn update(call: &Call<'_>) -> Outcome {
    let name = call.text("StageName");
    check_deployment(call)?;
    // Deployed at once where it begins to deploy by itself; a stage that does already has the newest.
    let begins = call.boolean("AutoDeploy") == Some(true);
    let effect = if begins { Effect::Stage(name) } else { Effect::Settings(name) };
    change(call, effect, |api| {
        let apart = ["StageVariables", "RouteSettings", "DefaultRouteSettings"];
        let mut stage: ApiStage = input::patched(find(api, call)?, call, &apart)?;
        input::patch_map(&mut stage.stage_variables, call, "StageVariables")?;
        input::patch_map(&mut stage.route_settings, call, "RouteSettings")?;
        put_default_settings(&mut stage, call)?;
        stage.last_updated_date = call.now();
        check(api, &stage, call)?;
        api.stages.insert(name.to_owned(), stage);
        Ok(())
    })?;
    get(call)
}

fn delete(call: &Call<'_>) -> Outcome {
    let name = call.text("StageName");
    if let Some(mapping) = lock(&call.world.apigatewayv2)
        .mappings
        .values()
        .find(|mapping| mapping.api_id == call.text("ApiId") && mapping.stage == name)
    {
        return Err(bad_request(format!(
            "Please remove all api mappings related to the stage first: {} is one of {}",
            mapping.api_mapping_id, mapping.domain_name
        )));
    }
    change(call, Effect::Settings(name), |api| api.stages.shift_remove(name).map(|_| ()).ok_or_else(no_stage))?;
    lock(&call.world.registry).unbind(call.text("ApiId"), Some(name))?;
    Ok(Output::empty())
}

fn delete_access_log_settings(call: &Call<'_>) -> Outcome {
    change(call, Effect::Settings(call.text("StageName")), |api| {
        let stage = api.stages.get_mut(call.text("StageName")).ok_or_else(no_stage)?;
        stage.access_log_settings = None;
        stage.last_updated_date = call.now();
        Ok(())
    })?;
    Ok(Output::empty())
}

fn delete_route_settings(call: &Call<'_>) -> Outcome {
    change(call, Effect::Settings(call.text("StageName")), |api| {
        let stage = api.stages.get_mut(call.text("StageName")).ok_or_else(no_stage)?;
        let key = call.text("RouteKey");
        stage.route_settings.shift_remove(key).ok_or_else(|| not_found("RouteSettings", key))?;
        stage.last_updated_date = call.now();
        Ok(())
    })?;
    Ok(Output::empty())
}

pub(super) fn find<'a>(api: &'a Api, call: &Call<'_>) -> Result<&'a ApiStage, ApiError> {
    api.stages.get(call.text("StageName")).ok_or_else(no_stage)
}

/// What AWS answers where nothing was said.
pub(super) fn default_settings(protocol: ProtocolType) -> RouteSettings {
    let web_socket = protocol == ProtocolType::WebSocket;
    RouteSettings {
        detailed_metrics_enabled: Some(false),
        data_trace_enabled: web_socket.then_some(false),
        logging_level: web_socket.then(|| "OFF".to_owned()),
        ..RouteSettings::default()
    }
}

/// The call's default settings over those that the stage has.
fn put_default_settings(stage: &mut ApiStage, call: &Call<'_>) -> Result<(), ApiError> {
    let Some(Value::Object(given)) = call.member("DefaultRouteSettings") else { return Ok(()) };
    let mut settings = json!(stage.default_route_settings.clone().unwrap_or_default());
    for (name, value) in given {
        settings[name] = value.clone();
    }
    stage.default_route_settings = Some(serde_json::from_value(settings).map_err(ApiError::internal)?);
    Ok(())
}

/// The deployment that the call names is one of the API's.
fn check_deployment(call: &Call<'_>) -> Result<(), ApiError> {
    let Some(id) = call.optional_text("DeploymentId").filter(|id| !id.is_empty()) else { return Ok(()) };
    let state = lock(&call.world.apigatewayv2);
    let api = state.api(call.text("ApiId"))?;
    match state.deployments.contains(&deployment_key(&api.api_id, id)) {
        true => Ok(()),
        false => Err(not_found("Deployment", id)),
    }
}

fn check_name(api: &Api, name: &str) -> Result<(), ApiError> {
    if name == "$default" && api.protocol_type == ProtocolType::Http {
        return Ok(());
    }
    match !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        true => Ok(()),
        false => Err(bad_request("Stage name only allows a-zA-Z0-9_-")),
    }
}

fn check(api: &Api, stage: &ApiStage, call: &Call<'_>) -> Result<(), ApiError> {
    let names_deployment = call.optional_text("DeploymentId").is_some_and(|id| !id.is_empty());
    if stage.auto_deploy && names_deployment {
        return Err(bad_request("Invalid DeploymentId: a stage with AutoDeploy chooses its deployments itself"));
    }
    let settings = stage.route_settings.values().chain(&stage.default_route_settings);
    if api.protocol_type == ProtocolType::Http {
        let logs = |settings: &RouteSettings| {
            settings.data_trace_enabled == Some(true)
                || settings.logging_level.as_deref().is_some_and(|level| level != "OFF")
        };
        if settings.clone().any(logs) {
            return Err(bad_request("Execution logs are not supported on protocolType HTTP"));
        }
        if stage.client_certificate_id.is_some() {
            return Err(bad_request("ClientCertificateId is for WebSocket APIs only"));
        }
    }
    for settings in settings {
        let negative = settings.throttling_burst_limit.is_some_and(|limit| limit < 0)
            || settings.throttling_rate_limit.is_some_and(|limit| limit < 0.0);
        if negative {
            return Err(bad_request("Throttling limits are not negative"));
        }
    }
    // Of what the call itself brings: a route may go later, and takes its settings with it.
    for key in call.member("RouteSettings").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key) {
        if !api.routes.values().any(|route| route.route_key == *key) {
            let message = format!("Unable to find Route by key {key} within the provided RouteSettings");
            return Err(ApiError::new("NotFoundException", message));
        }
    }
    check_variables(stage)
}

fn check_variables(stage: &ApiStage) -> Result<(), ApiError> {
    if stage.stage_variables.len() > MAX_VARIABLES {
        return Err(bad_request(format!("A stage has at most {MAX_VARIABLES} stage variables")));
    }
    for (name, value) in &stage.stage_variables {
        let named = !name.is_empty() && name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !named {
            return Err(bad_request(format!(
                "Invalid stage variable name {name}: it has up to 64 characters, which are a-zA-Z0-9_"
            )));
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(c);
        if value.len() > 512 || !value.chars().all(fits) {
            return Err(bad_request(format!(
                "Invalid stage variable value: that of {name} has up to 512 characters, which are a-zA-Z0-9-._~:/?#&=,"
            )));
        }
    }
    Ok(())
}

/// The stage as it is answered.
pub(super) fn view(stage: &ApiStage) -> Value {
    let mut view = json!(stage);
    view["Tags"] = json!(stage.tags);
    if !stage.auto_deploy {
        view["AutoDeploy"] = Value::Null;
    }
    view
}
