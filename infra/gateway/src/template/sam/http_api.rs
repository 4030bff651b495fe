//! `AWS::Serverless::HttpApi`

use crate::model::{ApiStage, CorsConfiguration, ProtocolType};

use super::super::api_builder::ApiBuilder;
use super::super::cfn::v2_routes::stage_settings;
use super::super::loader::Loader;
use super::super::node::Kind;
use super::super::openapi;
use super::super::properties::Properties;
use super::super::sections::Resource;
use super::api::definition;
use super::auth;

/// Loads an API; the routes of its functions' events come later.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["Description", "FailOnWarnings", "PropagateTags", "Tags"]);
    properties.unsupported("DisableExecuteApiEndpoint", "the default endpoint stays on: it is the only one here");
    properties.unsupported("Domain", "custom domain names are not served; use the API's local address");
    stage_settings(&properties);
    let name = properties.string("Name").unwrap_or_default();
    let mut builder = ApiBuilder::new(&resource.logical_id, name, ProtocolType::Http);
    let auth = properties.object("Auth");
    if let Some(auth) = &auth {
        auth::http(loader, &mut builder, auth);
    }
    let has_definition = properties.has("DefinitionBody") || properties.has("DefinitionUri");
    builder.events_add_routes = !has_definition;
    if let Some(body) = properties.object("DefinitionBody") {
        openapi::http::import(&mut builder, &body);
    }
    if let Some(document) = definition(loader, &properties) {
        let body = Properties::new(loader.resolver.report, resource.owner(), "DefinitionUri", &document);
        openapi::http::import(&mut builder, &body);
    }
    if builder.api.name.is_empty() {
        builder.api.name.clone_from(&resource.logical_id);
    }
    if let Some(cors) = cors(&properties) {
        builder.api.cors_configuration = Some(cors);
    }
    let stage_name = properties.string("StageName").unwrap_or_else(|| "$default".to_owned());
    let stage_variables = properties.string_map("StageVariables");
    let stage = ApiStage { stage_name: stage_name.clone(), stage_variables, auto_deploy: true, ..ApiStage::default() };
    builder.api.stages.insert(stage_name, stage);
    loader.add_api(builder, resource.at);
}

/// `true` allows every origin, a string one origin, a mapping what it says.
fn cors(properties: &Properties<'_>) -> Option<CorsConfiguration> {
    let node = properties.take("CorsConfiguration")?;
    match &node.kind {
        Kind::Bool(false) => None,
        Kind::Bool(true) => Some(CorsConfiguration { allow_origins: vec!["*".to_owned()], ..Default::default() }),
        Kind::Text(origin) => {
            let origin = origin.trim_matches('\'').to_owned();
            Some(CorsConfiguration { allow_origins: vec![origin], ..Default::default() })
        }
        _ => {
            let cors = properties.object("CorsConfiguration")?;
            Some(openapi::http::cors_configuration(&cors, str::to_owned))
        }
    }
}
