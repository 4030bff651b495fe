//! Stages of REST APIs and the deployment that they serve.

use serde_json::{Value, json};

use super::document::{Document, Resource, reference, tags};
use super::rest::Api;
use crate::model::{AccessLogSettings, CanarySettings, MethodSetting, RestApi, Stage};
use crate::template::names;

/// Adds an API's stages. All of them serve one deployment: the API as it is.
pub(super) fn add(document: &mut Document<'_>, ids: &Api, api: &RestApi) {
    if api.stages.is_empty() {
        return;
    }
    let deployment = add_deployment(document, ids, api);
    for stage in api.stages.values() {
        let id = document.ids.make(&[&ids.id, &stage.stage_name, "Stage"]);
        let resource = stage_resource(document, ids, api, stage, &deployment);
        document.add(&id, resource);
        document.stages.insert((api.id.clone(), stage.stage_name.clone()), id.clone());
        let output = document.ids.make(&[&id, "Url"]);
        let url =
            format!("https://${{{}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{}", ids.id, stage.stage_name);
        document.output(output, &format!("{} on the stage {}", api.name, stage.stage_name), json!({ "Fn::Sub": url }));
    }
}

fn add_deployment(document: &mut Document<'_>, ids: &Api, api: &RestApi) -> String {
    // CloudFormation deploys again only where the logical id is another one, so it depends on what is deployed.
    let definition = RestApi { stages: indexmap::IndexMap::new(), ..api.clone() };
    let text = serde_json::to_string(&definition).unwrap_or_default();
    let id = document.ids.make(&[&ids.id, "Deployment", &names::short_id(&[&text])]);
    let deployments = api.stages.values().map(|stage| format!("{}/{}", api.id, stage.deployment_id));
    let description = deployments.into_iter().find_map(|key| document.model.deployments.get(&key)?.description.clone());
    let resource =
        ids.resource("AWS::ApiGateway::Deployment").with("Description", description).after(ids.deployed.clone()).note(
            "Its name changes with what is deployed: CloudFormation makes a new deployment only under a new name.",
        );
    document.add(&id, resource);
    id
}

fn stage_resource(document: &mut Document<'_>, ids: &Api, api: &RestApi, stage: &Stage, deployment: &str) -> Resource {
    let cluster = stage.cache_cluster_size.clone().filter(|_| stage.cache_cluster_enabled);
    let settings: Vec<Value> =
        stage.method_settings.iter().map(|(key, setting)| method_setting(key, setting)).collect();
    let mut resource = ids
        .resource("AWS::ApiGateway::Stage")
        .with("StageName", stage.stage_name.as_str())
        .with("DeploymentId", reference(deployment))
        .with("Description", stage.description.clone())
        .with("Variables", json!(stage.variables))
        .with("DocumentationVersion", stage.documentation_version.clone())
        .unless("CacheClusterEnabled", stage.cache_cluster_enabled, false)
        .with("CacheClusterSize", cluster)
        .unless("TracingEnabled", stage.tracing_enabled, false)
        .with("MethodSettings", settings)
        .with("Tags", tags(&stage.tags));
    if let Some(settings) = &stage.access_log_settings {
        resource = resource.with("AccessLogSetting", access_log(document, settings));
    }
    if let Some(canary) = &stage.canary_settings {
        resource = resource
            .with("CanarySetting", canary_setting(canary, deployment))
            .note("The canary had a deployment of its own; only the present definition can be written down.");
    }
    if stage.client_certificate_id.is_some() {
        resource = resource.note("Its client certificate stays where it is: a private key belongs in no template.");
    }
    let unusual = |setting: &MethodSetting| {
        let default = MethodSetting::default();
        setting.require_authorization_for_cache_control != default.require_authorization_for_cache_control
            || setting.unauthorized_cache_control_header_strategy != default.unauthorized_cache_control_header_strategy
    };
    if stage.method_settings.values().any(unusual) {
        resource = resource.note("CloudFormation cannot say who may skip the cache: set it once with `update-stage`.");
    }
    if serves_another(document, api, stage) {
        let note = "This stage serves an older deployment; only the API's present definition can be written down.";
        resource = resource.note(note);
    }
    resource
}

/// Whether the API has changed since the stage's deployment was made.
fn serves_another(document: &Document<'_>, api: &RestApi, stage: &Stage) -> bool {
    let Some(deployment) = document.model.deployments.get(&format!("{}/{}", api.id, stage.deployment_id)) else {
        return false;
    };
    let snapshot = &deployment.snapshot;
    let same = snapshot.resources == api.resources
        && snapshot.authorizers == api.authorizers
        && snapshot.gateway_responses == api.gateway_responses
        && snapshot.models == api.models
        && snapshot.request_validators == api.request_validators
        && snapshot.binary_media_types == api.binary_media_types
        && snapshot.policy == api.policy;
    !same
}

fn access_log(document: &mut Document<'_>, settings: &AccessLogSettings) -> Value {
    let destination = settings.destination_arn.as_deref().map(|arn| document.log_destination(arn));
    let body = Resource::new("").with("Format", settings.format.clone()).with("DestinationArn", destination);
    Value::Object(body.properties)
}

fn canary_setting(canary: &CanarySettings, deployment: &str) -> Value {
    let body = Resource::new("")
        .with("PercentTraffic", canary.percent_traffic)
        .with("DeploymentId", canary.deployment_id.as_ref().map_or(Value::Null, |_| reference(deployment)))
        .with("StageVariableOverrides", json!(canary.stage_variable_overrides))
        .unless("UseStageCache", canary.use_stage_cache, false);
    Value::Object(body.properties)
}

/// `~1users~1{id}/GET`, or with plain slashes, to `/users/{id}` and `GET`.
fn method_setting(key: &str, setting: &MethodSetting) -> Value {
    let (path, verb) = key.rsplit_once('/').unwrap_or((key, "*"));
    let path = path.replace("~1", "/");
    let path = if path == "*" { "/*".to_owned() } else { format!("/{}", path.trim_start_matches('/')) };
    let default = MethodSetting::default();
    let body = Resource::new("")
        .with("ResourcePath", path)
        .with("HttpMethod", verb)
        .unless("MetricsEnabled", setting.metrics_enabled, false)
        .with("LoggingLevel", setting.logging_level.clone())
        .unless("DataTraceEnabled", setting.data_trace_enabled, false)
        .with("ThrottlingBurstLimit", setting.throttling_burst_limit)
        .with("ThrottlingRateLimit", setting.throttling_rate_limit)
        .unless("CachingEnabled", setting.caching_enabled, false)
        .unless("CacheTtlInSeconds", setting.cache_ttl_in_seconds, default.cache_ttl_in_seconds)
        .unless("CacheDataEncrypted", setting.cache_data_encrypted, false);
    Value::Object(body.properties)
}
