//! `AWS::Serverless::Api`

use crate::model::Stage;

use super::super::cfn::rest::{is_local, stage_settings};
use super::super::error::Report;
use super::super::include::read_file;
use super::super::loader::Loader;
use super::super::names;
use super::super::node::Node;
use super::super::openapi::{self, media_types};
use super::super::properties::Properties;
use super::super::rest_builder::RestBuilder;
use super::super::sections::Resource;
use super::auth;

/// Loads an API; the routes of its functions' events come later.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    // How AWS hosts it; and document versions that say nothing of what is in them.
    properties.harmless(&[
        "AlwaysDeploy",
        "Description",
        "EndpointConfiguration",
        "FailOnWarnings",
        "Mode",
        "OpenApiVersion",
    ]);
    properties.harmless(&["PropagateTags", "SecurityPolicy", "EndpointAccessMode"]);
    properties.unsupported("DisableExecuteApiEndpoint", "the default endpoint stays on: it is the only one here");
    properties.unsupported("Domain", "custom domain names are not served; use the API's local address");
    properties.unsupported("GatewayResponses", "gateway responses are not customised");
    properties.unsupported("MinimumCompressionSize", "responses are not compressed");
    properties.unsupported("Models", "models are not used: requests are not validated");
    properties.unsupported("Cors", "SAM's OPTIONS methods (MOCK) are not made: preflight requests are refused");
    properties.unsupported("Policy", "resource policies are not evaluated");
    if properties.string("ApiKeySourceType").is_some_and(|source| source != "HEADER") {
        properties.unsupported("ApiKeySourceType", "API keys are not supported yet");
    }
    stage_settings(&properties);
    let mut builder = RestBuilder::new(&resource.logical_id, properties.string("Name").unwrap_or_default());
    builder.api.binary_media_types = media_types(properties.strings("BinaryMediaTypes"));
    let auth = properties.object("Auth");
    if let Some(auth) = &auth {
        auth::rest(loader, &mut builder, auth);
    }
    let merges = properties.boolean("MergeDefinitions").unwrap_or(false);
    let has_definition = properties.has("DefinitionBody") || properties.has("DefinitionUri");
    builder.events_add_routes = merges || !has_definition;
    if let Some(body) = properties.object("DefinitionBody") {
        openapi::rest::import(&mut builder, &body);
    }
    if let Some(document) = definition(loader, &properties) {
        let body = Properties::new(loader.resolver.report, resource.owner(), "DefinitionUri", &document);
        openapi::rest::import(&mut builder, &body);
    }
    if builder.api.name.is_empty() {
        builder.api.name.clone_from(&resource.logical_id);
    }
    let stage_name = properties.required_string("StageName").unwrap_or_default();
    let stage = Stage {
        stage_name: stage_name.clone(),
        deployment_id: names::short_id(&["deployment", &resource.logical_id]),
        variables: properties.string_map("Variables"),
        ..Stage::default()
    };
    builder.api.stages.insert(stage_name, stage);
    loader.add_rest(builder, resource.at);
}

/// The document that `DefinitionUri` names, in which SAM resolves nothing.
pub(super) fn definition(loader: &Loader<'_>, properties: &Properties<'_>) -> Option<Node> {
    let node = properties.take("DefinitionUri")?;
    let report: &Report = properties.report();
    if properties.has("DefinitionBody") {
        properties.error("DefinitionUri", "cannot stand beside DefinitionBody");
        return None;
    }
    match node.as_text() {
        Some(path) if is_local(path) => {
            let document = read_file(&loader.resolver.local_path(path), Some(node.at), report)?;
            let has_functions = find_intrinsic(&document.root);
            if let Some(found) = has_functions {
                let what = "SAM resolves no intrinsic functions in a DefinitionUri document; \
                            use DefinitionBody with Fn::Transform and AWS::Include";
                report.error(found.at, format!("{}.DefinitionUri: {what}", properties.owner().logical_id));
                return None;
            }
            Some(document.root)
        }
        _ => {
            properties.error("DefinitionUri", "is not a local file; the definition must be on this machine");
            None
        }
    }
}

fn find_intrinsic(node: &Node) -> Option<&Node> {
    if node.single_entry().is_some_and(|(key, _)| key == "Ref" || key.starts_with("Fn::")) {
        return Some(node);
    }
    match (node.as_map(), node.as_list()) {
        (Some(map), _) => map.values().find_map(|entry| find_intrinsic(&entry.value)),
        (_, Some(items)) => items.iter().find_map(find_intrinsic),
        _ => None,
    }
}
