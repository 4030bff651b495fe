//! `AWS::Serverless::Api`

use crate::model::Stage;

use super::super::cfn::rest::{local_definition, read_stage, settings};
use super::super::loader::Loader;
use super::super::names;
use super::super::openapi;
use super::super::openapi::rest::BasePath;
use super::super::properties::Properties;
use super::super::rest_builder::RestBuilder;
use super::super::sections::Resource;
use super::{auth, cors, requests, usage_plan};

/// Loads an API; the routes of its functions' events come later.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    // How AWS deploys it; and document versions that say nothing of what is in them.
    properties.harmless(&["AlwaysDeploy", "FailOnWarnings", "Mode", "OpenApiVersion"]);
    properties.harmless(&["PropagateTags"]);
    properties.unsupported("Domain", "custom domain names are not served; use the API's local address");
    let mut builder = RestBuilder::new(&resource.logical_id, properties.string("Name").unwrap_or_default());
    builder.api.description = properties.string("Description");
    let auth = properties.object("Auth");
    if let Some(auth) = &auth {
        auth::rest(loader, &mut builder, auth);
    }
    let merges = properties.boolean("MergeDefinitions").unwrap_or(false);
    let has_definition = properties.has("DefinitionBody") || properties.has("DefinitionUri");
    builder.events_add_routes = merges || !has_definition;
    if let Some(body) = properties.object("DefinitionBody") {
        openapi::rest::import(&mut builder, &body, BasePath::Ignore);
    }
    if let Some(document) = local_definition(loader, &properties, "DefinitionUri", "DefinitionBody") {
        let body = Properties::new(loader.resolver.report, resource.owner(), "DefinitionUri", &document);
        openapi::rest::import(&mut builder, &body, BasePath::Ignore);
    }
    settings(&mut builder, &properties, Vec::new());
    requests::models(&mut builder, &properties);
    requests::gateway_responses(&mut builder, &properties);
    cors::read(&mut builder, &properties, auth.as_ref());
    if builder.api.name.is_empty() {
        builder.api.name.clone_from(&resource.logical_id);
    }
    let stage_name = properties.required_string("StageName").unwrap_or_default();
    let deployment_id = names::short_id(&["deployment", &resource.logical_id]);
    let mut stage = Stage { stage_name: stage_name.clone(), deployment_id, ..Stage::default() };
    read_stage(&properties, &mut stage);
    // SAM's description is the API's, its tags are the stage's.
    stage.description = None;
    stage.tags = properties.tags("Tags");
    builder.api.stages.insert(stage_name.clone(), stage);
    if let Some(auth) = &auth {
        usage_plan::load(loader, resource, auth, &builder.api.id, &stage_name);
    }
    loader.add_rest(builder, resource.at);
}
