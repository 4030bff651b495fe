//! `AWS::ApiGatewayV2::{Stage, Deployment}`, and the settings of a stage wherever they are written.

use crate::model::{ApiDeployment, ApiStage, RouteSettings};
use crate::template::loader::Loader;
use crate::template::names;
use crate::template::properties::Properties;
use crate::template::sections::Resource;

/// `AWS::ApiGatewayV2::Stage`
pub(in crate::template) fn load_stage<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let mut stage = ApiStage {
        stage_name: properties.required_string("StageName").unwrap_or_default(),
        description: properties.string("Description"),
        auto_deploy: properties.boolean("AutoDeploy").unwrap_or(false),
        deployment_id: properties.string("DeploymentId"),
        ..ApiStage::default()
    };
    read_stage(&properties, &mut stage);
    stage.tags = properties.tags("Tags");
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    if api.api.stages.contains_key(&stage.stage_name) {
        properties.error("StageName", format!("is '{}', which this API has already", stage.stage_name));
        return;
    }
    api.api.stages.insert(stage.stage_name.clone(), stage);
}

/// The settings that CloudFormation and SAM write alike.
pub(in crate::template) fn read_stage(properties: &Properties<'_>, stage: &mut ApiStage) {
    stage.stage_variables = properties.string_map("StageVariables");
    // The gateway logs every request to the terminal already.
    stage.access_log_settings = properties.json("AccessLogSettings");
    stage.client_certificate_id = properties.string("ClientCertificateId");
    properties.unsupported("ClientCertificateId", "client certificates are not sent");
    stage.default_route_settings = properties.object("DefaultRouteSettings").map(|settings| route_settings(&settings));
    for (route_key, _, node) in properties.members("RouteSettings") {
        let settings = properties.reader(properties.path(&format!("RouteSettings.{route_key}")), node);
        stage.route_settings.insert(route_key.to_owned(), route_settings(&settings));
    }
}

/// The settings of a route, or of all that have none of their own.
pub(in crate::template) fn route_settings(properties: &Properties<'_>) -> RouteSettings {
    RouteSettings {
        data_trace_enabled: properties.boolean("DataTraceEnabled"),
        detailed_metrics_enabled: properties.boolean("DetailedMetricsEnabled"),
        logging_level: properties.one_of("LoggingLevel", &["OFF", "ERROR", "INFO"]),
        throttling_burst_limit: properties.whole("ThrottlingBurstLimit", 0..=i32::MAX),
        throttling_rate_limit: properties.number("ThrottlingRateLimit", 0.0..=f64::MAX),
    }
}

/// `AWS::ApiGatewayV2::Deployment`: locally a stage always serves what the template says.
pub(in crate::template) fn load_deployment<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let id = names::api_id(&resource.logical_id);
    let deployment = ApiDeployment {
        deployment_id: id.clone(),
        deployment_status: "DEPLOYED".to_owned(),
        description: properties.string("Description"),
        ..ApiDeployment::default()
    };
    let stage_name = properties.string("StageName");
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    let key = format!("{}/{id}", api.api.api_id);
    if let Some(stage_name) = stage_name {
        let stage = ApiStage { stage_name: stage_name.clone(), ..ApiStage::default() };
        let stage = api.api.stages.entry(stage_name).or_insert(stage);
        stage.deployment_id.get_or_insert(id);
    }
    loader.model.api_deployments.insert(key, deployment);
}
