//! `AWS::Serverless::HttpApi`

use crate::model::{ApiStage, CorsConfiguration, ProtocolType};

use super::super::api_builder::ApiBuilder;
use super::super::cfn::rest::local_definition;
use super::super::cfn::v2::{read_stage, settings};
use super::super::loader::Loader;
use super::super::node::Kind;
use super::super::openapi;
use super::super::properties::Properties;
use super::super::sections::Resource;
use super::auth;

/// Loads an API; the routes of its functions' events come later.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["FailOnWarnings", "PropagateTags"]);
    properties.unsupported("Domain", "custom domain names are not served; use the API's local address");
    let name = properties.string("Name").unwrap_or_default();
    let mut builder = ApiBuilder::new(&resource.logical_id, name, ProtocolType::Http);
    builder.api.description = properties.string("Description");
    let auth = properties.object("Auth");
    if let Some(auth) = &auth {
        auth::http(loader, &mut builder, auth);
    }
    let has_definition = properties.has("DefinitionBody") || properties.has("DefinitionUri");
    builder.events_add_routes = !has_definition;
    if let Some(body) = properties.object("DefinitionBody") {
        openapi::http::import(&mut builder, &body);
    }
    if let Some(document) = local_definition(loader, &properties, "DefinitionUri", "DefinitionBody") {
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
    settings(&mut builder, &properties);
    let mut stage = ApiStage { stage_name: stage_name.clone(), auto_deploy: true, ..ApiStage::default() };
    read_stage(&properties, &mut stage);
    // SAM's tags are the API's and the stage's.
    stage.tags = properties.tags("Tags");
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
