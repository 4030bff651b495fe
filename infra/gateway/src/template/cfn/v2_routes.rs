//! `AWS::ApiGatewayV2::{Route, RouteResponse, Stage, Deployment}`.

use std::collections::HashMap;

use crate::model::{ApiStage, ProtocolType, Route};

use super::super::loader::Loader;
use super::super::names;
use super::super::properties::Properties;
use super::super::sections::Resource;
use super::require_authorizer;

/// Routes, with what their route responses say of them.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, routes: &[&'t Resource], responses: &[&'t Resource]) {
    let mut two_way: HashMap<(String, String), Properties<'t>> = HashMap::new();
    for response in responses {
        let properties = loader.properties(response);
        properties.harmless(&["ModelSelectionExpression", "ResponseModels", "ResponseParameters"]);
        let route_id = properties.required_string("RouteId");
        let key = properties.required_string("RouteResponseKey");
        if key.as_deref().is_some_and(|key| key != "$default") {
            properties.error("RouteResponseKey", "must be $default, the only one that there is");
        }
        let Some(api) = loader.api_of(&properties, "ApiId") else { continue };
        let api_id = api.api.api_id.clone();
        if let Some(route_id) = route_id {
            two_way.insert((api_id, route_id), properties);
        }
    }
    for resource in routes {
        load_route(loader, resource, &mut two_way);
    }
    for ((_, route_id), properties) in two_way {
        if !properties.report().has_errors() {
            properties.error("RouteId", format!("is '{route_id}', which is no route of this API"));
        }
    }
}

fn load_route<'t>(
    loader: &mut Loader<'t>,
    resource: &'t Resource,
    two_way: &mut HashMap<(String, String), Properties<'t>>,
) {
    let properties = loader.properties(resource);
    properties.harmless(&["OperationName"]);
    properties.unsupported("ModelSelectionExpression", "models are not used: messages are not validated");
    properties.unsupported("RequestModels", "models are not used: messages are not validated");
    properties.unsupported("RequestParameters", "requests are not validated");
    let route_key = properties.required_string("RouteKey");
    let target = properties.string("Target");
    let types = ["NONE", "AWS_IAM", "CUSTOM", "JWT"];
    let authorization_type = properties.one_of("AuthorizationType", &types).unwrap_or_else(|| "NONE".to_owned());
    let authorizer_id = properties.string("AuthorizerId");
    let authorization_scopes = properties.strings("AuthorizationScopes");
    let api_key_required = properties.boolean("ApiKeyRequired").unwrap_or(false);
    let selection = properties.string("RouteResponseSelectionExpression");
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    if matches!(authorization_type.as_str(), "CUSTOM" | "JWT") {
        require_authorizer(&properties, authorizer_id.as_ref(), &api.api.authorizers);
    }
    let integration_id = target.and_then(|target| match target.strip_prefix("integrations/") {
        Some(id) if api.api.integrations.contains_key(id) => Some(id.to_owned()),
        Some(id) => {
            properties.error("Target", format!("names the integration '{id}', which this API does not have"));
            None
        }
        None => {
            properties.error("Target", format!("must be `integrations/{{id}}`, not '{target}'"));
            None
        }
    });
    if !properties.has("Target") && api.api.protocol_type == ProtocolType::WebSocket {
        let reason = "a route without an integration answers with an error";
        properties.report().unsupported(resource.owner(), Some("Target"), resource.at, reason);
    }
    let Some(route_key) = route_key else { return };
    let route_id = names::api_id(&resource.logical_id);
    let has_response = two_way.remove(&(api.api.api_id.clone(), route_id.clone())).is_some();
    // AWS wants both halves: a route response, and the expression that selects it.
    if has_response != selection.is_some() {
        let missing = match has_response {
            true => "RouteResponseSelectionExpression: $default on the route",
            false => "an AWS::ApiGatewayV2::RouteResponse with the key $default",
        };
        let reason = format!("the route stays one-way: it needs {missing} as well");
        let property = Some("RouteResponseSelectionExpression");
        properties.report().unsupported(resource.owner(), property, resource.at, reason);
    }
    let route = Route {
        route_id,
        route_key,
        integration_id,
        authorization_type,
        authorizer_id,
        authorization_scopes,
        api_key_required,
        route_response: has_response && selection.is_some(),
        ..Route::default()
    };
    api.add_route(route, resource.at, properties.report());
}

/// `AWS::ApiGatewayV2::Stage`
pub(in super::super) fn load_stage<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["DeploymentId", "Description", "Tags"]);
    stage_settings(&properties);
    let stage = ApiStage {
        stage_name: properties.required_string("StageName").unwrap_or_default(),
        stage_variables: properties.string_map("StageVariables"),
        auto_deploy: properties.boolean("AutoDeploy").unwrap_or(false),
        ..ApiStage::default()
    };
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    if api.api.stages.contains_key(&stage.stage_name) {
        properties.error("StageName", format!("is '{}', which this API has already", stage.stage_name));
        return;
    }
    api.api.stages.insert(stage.stage_name.clone(), stage);
}

/// Settings of a stage that are not in the model.
pub(in super::super) fn stage_settings(properties: &Properties<'_>) {
    // The gateway logs every request to the terminal already.
    properties.harmless(&["AccessLogSettings"]);
    properties.unsupported("ClientCertificateId", "client certificates are not sent");
    for key in ["DefaultRouteSettings", "RouteSettings"] {
        let Some(node) = properties.take(key) else { continue };
        let only_metrics = |settings: &super::super::node::Node| {
            let names = ["DataTraceEnabled", "DetailedMetricsEnabled", "LoggingLevel"];
            settings.as_map().is_some_and(|map| map.keys().all(|key| names.contains(&key.as_str())))
        };
        let harmless = match key {
            "DefaultRouteSettings" => only_metrics(node),
            _ => node.as_map().is_some_and(|map| map.values().all(|entry| only_metrics(&entry.value))),
        };
        if !harmless {
            properties.unsupported(key, "throttling is not applied");
        }
    }
}

/// `AWS::ApiGatewayV2::Deployment`: locally a stage always serves what the template says.
pub(in super::super) fn load_deployment<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["Description"]);
    let stage_name = properties.string("StageName");
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    if let Some(stage_name) = stage_name {
        let stage = ApiStage { stage_name: stage_name.clone(), ..ApiStage::default() };
        api.api.stages.entry(stage_name).or_insert(stage);
    }
}
