//! Quick create: an HTTP API with a catch-all route, its integration and a stage that deploys by itself, in one call.

use super::super::call::{ApiError, Call};
use super::errors::bad_request;
use super::route_keys;
use super::state::fresh_id;
use super::{integrations, stages};
use crate::model::{Api, ApiIntegration, ApiStage, IntegrationType, ProtocolType, Route};

/// Adds to a new API what `Target`, `RouteKey` and `CredentialsArn` say; nothing where there is no `Target`.
pub(super) fn create(api: &mut Api, call: &Call<'_>) -> Result<(), ApiError> {
    let given =
        ["Target", "RouteKey", "CredentialsArn"].into_iter().find(|member| call.optional_text(member).is_some());
    let Some(given) = given else { return Ok(()) };
    if api.protocol_type != ProtocolType::Http {
        return Err(bad_request(format!("{given} is for HTTP APIs only: quick create makes no WebSocket APIs")));
    }
    let Some(target) = call.optional_text("Target") else {
        return Err(bad_request(format!("{given} needs a Target as well, which is what quick create calls")));
    };
    let mut integration = ApiIntegration {
        integration_id: fresh_id(7, |id| api.integrations.contains_key(id)),
        connection_type: Some("INTERNET".to_owned()),
        credentials_arn: call.optional_text("CredentialsArn").map(str::to_owned),
        api_gateway_managed: Some(true),
        ..ApiIntegration::default()
    };
    aim(&mut integration, target);
    integrations::check(api, &integration)?;
    let route_key = call.optional_text("RouteKey").unwrap_or("$default");
    route_keys::check(api, route_key, None)?;
    let route = Route {
        route_id: fresh_id(7, |id| api.routes.contains_key(id)),
        route_key: route_key.to_owned(),
        integration_id: Some(integration.integration_id.clone()),
        authorization_type: "NONE".to_owned(),
        api_gateway_managed: Some(true),
        ..Route::default()
    };
    let stage = ApiStage {
        stage_name: "$default".to_owned(),
        auto_deploy: true,
        default_route_settings: Some(stages::default_settings(api.protocol_type)),
        created_date: call.now(),
        last_updated_date: call.now(),
        api_gateway_managed: Some(true),
        ..ApiStage::default()
    };
    api.integrations.insert(integration.integration_id.clone(), integration);
    api.routes.insert(route.route_id.clone(), route);
    api.stages.insert(stage.stage_name.clone(), stage);
    Ok(())
}

/// Changes what quick create has made.
pub(super) fn update(api: &mut Api, call: &Call<'_>) -> Result<(), ApiError> {
    let given =
        ["Target", "RouteKey", "CredentialsArn"].into_iter().find(|member| call.optional_text(member).is_some());
    let Some(given) = given else { return Ok(()) };
    let managed = api.integrations.values().find(|integration| integration.api_gateway_managed == Some(true)).cloned();
    let Some(mut integration) = managed else {
        return Err(bad_request(format!("{given} is for APIs that quick create has made, and this is none")));
    };
    if let Some(target) = call.optional_text("Target") {
        aim(&mut integration, target);
    }
    if let Some(credentials) = call.optional_text("CredentialsArn") {
        integration.credentials_arn = Some(credentials.to_owned()).filter(|arn| !arn.is_empty());
    }
    integrations::check(api, &integration)?;
    api.integrations.insert(integration.integration_id.clone(), integration);
    if let Some(key) = call.optional_text("RouteKey") {
        let managed = api.routes.values().find(|route| route.api_gateway_managed == Some(true));
        let id = managed.map(|route| route.route_id.clone());
        route_keys::check(api, key, id.as_deref())?;
        if let Some(route) = id.and_then(|id| api.routes.get_mut(&id)) {
            key.clone_into(&mut route.route_key);
        }
    }
    Ok(())
}

/// A function by its ARN, or else a URL.
fn aim(integration: &mut ApiIntegration, target: &str) {
    let (kind, method, version) = match target.starts_with("arn:") {
        true => (IntegrationType::AwsProxy, "POST", "2.0"),
        false => (IntegrationType::HttpProxy, "ANY", "1.0"),
    };
    integration.integration_type = kind;
    integration.integration_method = Some(method.to_owned());
    version.clone_into(&mut integration.payload_format_version);
    integration.integration_uri = Some(target.to_owned());
}
