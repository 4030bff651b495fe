//! `AWS::ApiGateway::{Deployment, Stage}`, and the settings of a stage wherever they are written.

use indexmap::IndexMap;

use crate::model::{AccessLogSettings, CLUSTER_SIZES, CanarySettings, Deployment, MethodSetting, Stage, variable_fits};
use crate::template::error::Report;
use crate::template::loader::Loader;
use crate::template::names;
use crate::template::properties::Properties;
use crate::template::rest_builder::RestBuilder;
use crate::template::sections::Resource;

/// `AWS::ApiGateway::Deployment`, which may make a stage.
pub(in crate::template) fn load_deployment<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let id = names::api_id(&resource.logical_id);
    let deployment =
        Deployment { id: id.clone(), description: properties.string("Description"), ..Deployment::default() };
    let stage_name = properties.string("StageName");
    let canary = properties.object("DeploymentCanarySettings").map(|canary| canary_settings(&canary));
    if canary.is_some() && stage_name.is_none() {
        properties.error("DeploymentCanarySettings", "needs a StageName: the stage that gets the canary");
    }
    let mut stage = Stage { deployment_id: id.clone(), ..Stage::default() };
    if let Some(description) = properties.object("StageDescription") {
        read_stage(&description, &mut stage);
        stage.tags = description.tags("Tags");
        // Here the settings of all methods stand beside those of single ones.
        if let Some(setting) = method_setting(&description) {
            stage.method_settings.insert("*/*".to_owned(), setting);
        }
    }
    let Some(api) = loader.rest_of(&properties, "RestApiId") else { return };
    let key = format!("{}/{id}", api.api.id);
    if let Some(stage_name) = stage_name {
        match canary {
            // Of a stage that something else declares, and that keeps its own deployment.
            Some(mut canary) => {
                canary.deployment_id = Some(id);
                api.canaries.push((stage_name, canary, resource.at));
            }
            None => {
                stage.stage_name.clone_from(&stage_name);
                api.api.stages.insert(stage_name, stage);
            }
        }
    }
    loader.model.deployments.insert(key, deployment);
}

/// Gives stages the canaries that deployments declare, once all stages are there.
pub(in crate::template) fn place_canaries(builder: &mut RestBuilder, report: &Report) {
    for (stage_name, canary, at) in std::mem::take(&mut builder.canaries) {
        match builder.api.stages.get_mut(&stage_name) {
            Some(stage) => stage.canary_settings = Some(canary),
            None => report.error(
                at,
                format!(
                    "DeploymentCanarySettings: Stage {stage_name} must already be created before making a canary release \
                     deployment"
                ),
            ),
        }
    }
}

/// `AWS::ApiGateway::Stage`
pub(in crate::template) fn load_stage<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let stage_name = properties.required_string("StageName");
    let mut stage = Stage {
        stage_name: stage_name.clone().unwrap_or_default(),
        deployment_id: properties.string("DeploymentId").unwrap_or_default(),
        tags: properties.tags("Tags"),
        ..Stage::default()
    };
    read_stage(&properties, &mut stage);
    let Some(api) = loader.rest_of(&properties, "RestApiId") else { return };
    let Some(stage_name) = stage_name else { return };
    if api.api.stages.contains_key(&stage_name) {
        properties.error("StageName", format!("is '{stage_name}', which this API has already"));
        return;
    }
    api.api.stages.insert(stage_name, stage);
}

/// The settings that a stage, a deployment's description of one, and SAM's API have in common.
pub(in crate::template) fn read_stage(properties: &Properties<'_>, stage: &mut Stage) {
    stage.variables = variables(properties, "Variables");
    stage.description = properties.string("Description");
    stage.documentation_version = properties.string("DocumentationVersion");
    stage.tracing_enabled = properties.boolean("TracingEnabled").unwrap_or(false);
    stage.client_certificate_id = properties.string("ClientCertificateId");
    properties.unsupported("ClientCertificateId", "client certificates are not sent");
    // The gateway logs every request to the terminal already.
    stage.access_log_settings = properties.object("AccessLogSetting").map(|setting| AccessLogSettings {
        format: setting.string("Format"),
        destination_arn: setting.string("DestinationArn"),
    });
    stage.cache_cluster_enabled = properties.boolean("CacheClusterEnabled").unwrap_or(false);
    stage.cache_cluster_size = properties.string("CacheClusterSize");
    if let Some(size) = &stage.cache_cluster_size
        && !CLUSTER_SIZES.contains(&size.as_str())
    {
        let sizes = CLUSTER_SIZES.join(", ");
        properties.error("CacheClusterSize", format!("is '{size}', which is no size of a cache: one of {sizes} (GB)"));
    }
    stage.canary_settings = properties.object("CanarySetting").map(|canary| {
        let mut canary = canary_settings(&canary);
        canary.deployment_id.get_or_insert_with(|| stage.deployment_id.clone());
        canary
    });
    for settings in properties.objects("MethodSettings") {
        let path = settings.string("ResourcePath").unwrap_or_else(|| "/*".to_owned());
        let verb = settings.string("HttpMethod").unwrap_or_else(|| "*".to_owned());
        // As CloudFormation wants it (`/~1users`), and as people write it (`/users`).
        let path = match path.strip_prefix('/') {
            Some("*") => "*".to_owned(),
            Some(encoded) if encoded.starts_with("~1") => encoded.to_owned(),
            _ => path.replace('/', "~1"),
        };
        stage.method_settings.insert(format!("{path}/{verb}"), method_setting(&settings).unwrap_or_default());
    }
}

/// Stage variables, which AWS refuses to deploy where one does not fit.
fn variables(properties: &Properties<'_>, key: &str) -> IndexMap<String, String> {
    let variables = properties.string_map(key);
    for (name, value) in &variables {
        if let Err(reason) = variable_fits(name, value) {
            properties.error(key, reason);
        }
    }
    variables
}

fn canary_settings(properties: &Properties<'_>) -> CanarySettings {
    CanarySettings {
        percent_traffic: properties.number("PercentTraffic", 0.0..=100.0).unwrap_or(0.0),
        deployment_id: properties.string("DeploymentId"),
        stage_variable_overrides: variables(properties, "StageVariableOverrides"),
        use_stage_cache: properties.boolean("UseStageCache").unwrap_or(false),
    }
}

/// The settings of a method; `None` if none is written.
fn method_setting(properties: &Properties<'_>) -> Option<MethodSetting> {
    let default = MethodSetting::default();
    let flag = |key: &str| properties.boolean(key).unwrap_or(false);
    let setting = MethodSetting {
        metrics_enabled: flag("MetricsEnabled"),
        logging_level: properties.one_of("LoggingLevel", &["OFF", "ERROR", "INFO"]),
        data_trace_enabled: flag("DataTraceEnabled"),
        throttling_burst_limit: properties.whole("ThrottlingBurstLimit", 0..=i32::MAX),
        throttling_rate_limit: properties.number("ThrottlingRateLimit", 0.0..=f64::MAX),
        caching_enabled: flag("CachingEnabled"),
        cache_ttl_in_seconds: properties.integer("CacheTtlInSeconds", 0..=3600).unwrap_or(default.cache_ttl_in_seconds),
        cache_data_encrypted: flag("CacheDataEncrypted"),
        ..default.clone()
    };
    (setting != default).then_some(setting)
}
