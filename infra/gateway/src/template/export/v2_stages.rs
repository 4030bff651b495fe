//! Stages of HTTP and WebSocket APIs and the deployment that they serve.

use serde_json::{Value, json};

use super::document::{Document, Resource, reference};
use super::v2::Ids;
use crate::model::{Api, ApiStage, ProtocolType};
use crate::template::names;

/// Adds an API's stages: each deploys by itself, or serves the API as it is.
pub(super) fn add(document: &mut Document<'_>, ids: &Ids, api: &Api) {
    let by_hand = api.stages.values().any(|stage| !stage.auto_deploy);
    let deployment = by_hand.then(|| add_deployment(document, ids, api));
    for stage in api.stages.values() {
        let id = document.ids.make(&[&ids.id, &stage.stage_name, "Stage"]);
        let resource = stage_resource(document, ids, api, stage, deployment.as_deref());
        document.add(&id, resource);
        document.stages.insert((api.api_id.clone(), stage.stage_name.clone()), id.clone());
        let scheme = if api.protocol_type == ProtocolType::Http { "https" } else { "wss" };
        let path = if stage.stage_name == "$default" { "" } else { stage.stage_name.as_str() };
        let url = format!("{scheme}://${{{}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{path}", ids.id);
        let output = document.ids.make(&[&id, "Url"]);
        document.output(output, &format!("{} on the stage {}", api.name, stage.stage_name), json!({ "Fn::Sub": url }));
    }
}

fn add_deployment(document: &mut Document<'_>, ids: &Ids, api: &Api) -> String {
    // CloudFormation deploys again only where the logical id is another one, so it depends on what is deployed.
    let definition = Api { stages: indexmap::IndexMap::new(), ..api.clone() };
    let text = serde_json::to_string(&definition).unwrap_or_default();
    let id = document.ids.make(&[&ids.id, "Deployment", &names::short_id(&[&text])]);
    let named = api.stages.values().filter_map(|stage| stage.deployment_id.as_ref());
    let mut deployments = named.map(|id| format!("{}/{id}", api.api_id));
    let description = deployments.find_map(|key| document.model.api_deployments.get(&key)?.description.clone());
    let resource = ids
        .resource("AWS::ApiGatewayV2::Deployment")
        .with("Description", description)
        .after(ids.deployed.clone())
        .note("Its name changes with what is deployed: CloudFormation makes a new deployment only under a new name.");
    document.add(&id, resource);
    id
}

fn stage_resource(
    document: &mut Document<'_>,
    ids: &Ids,
    api: &Api,
    stage: &ApiStage,
    deployment: Option<&str>,
) -> Resource {
    let deployment = deployment.filter(|_| !stage.auto_deploy).map_or(Value::Null, reference);
    let settings = |value: &Option<_>| serde_json::to_value(value).unwrap_or_default();
    let routes = stage.route_settings.iter();
    let routes = routes.map(|(key, settings)| (key.clone(), serde_json::to_value(settings).unwrap_or_default()));
    let mut resource = ids
        .resource("AWS::ApiGatewayV2::Stage")
        .with("StageName", stage.stage_name.as_str())
        .with("Description", stage.description.clone())
        .unless("AutoDeploy", stage.auto_deploy, false)
        .with("DeploymentId", deployment)
        .with("StageVariables", json!(stage.stage_variables))
        .with("DefaultRouteSettings", settings(&stage.default_route_settings))
        .with("RouteSettings", Value::Object(routes.collect()))
        .with("Tags", json!(stage.tags));
    if let Some(Value::Object(log)) = &stage.access_log_settings {
        let mut log = log.clone();
        if let Some(Value::String(arn)) = log.get("DestinationArn").cloned() {
            log.insert("DestinationArn".to_owned(), document.log_destination(&arn));
        }
        resource = resource.with("AccessLogSettings", log);
    }
    if stage.client_certificate_id.is_some() {
        resource = resource.note("Its client certificate stays where it is: a private key belongs in no template.");
    }
    if serves_another(document, api, stage) {
        let note = "This stage serves an older deployment; only the API's present definition can be written down.";
        resource = resource.note(note);
    }
    resource
}

/// Whether the API has changed since the stage's deployment was made.
fn serves_another(document: &Document<'_>, api: &Api, stage: &ApiStage) -> bool {
    let key = stage.deployment_id.as_ref().map(|id| format!("{}/{id}", api.api_id));
    let Some(deployment) = key.and_then(|key| document.model.api_deployments.get(&key)) else { return false };
    let snapshot = &deployment.snapshot;
    let same = snapshot.routes == api.routes
        && snapshot.integrations == api.integrations
        && snapshot.authorizers == api.authorizers
        && snapshot.models == api.models
        && snapshot.cors_configuration == api.cors_configuration
        && snapshot.route_selection_expression == api.route_selection_expression;
    !same
}
