//! `AWS::ApiGateway::*`: REST APIs resource by resource.

mod definitions;
mod methods;
mod plans;
mod stages;

use crate::model::{Authorizer, AuthorizerType, EndpointConfiguration};

use crate::template::include::is_remote;
use crate::template::loader::Loader;
use crate::template::names;
use crate::template::openapi::rest::BasePath;
use crate::template::openapi::{self, media_types};
use crate::template::properties::Properties;
use crate::template::rest_builder::RestBuilder;
use crate::template::sections::Resource;

pub(in crate::template) use self::definitions::{
    complete, load_documentation_part, load_documentation_version, load_gateway_response, load_model, load_validator,
};
pub(in crate::template) use self::methods::load_method;
pub(in crate::template) use self::plans::{join, load_api_key, load_usage_plan, load_usage_plan_key, read_plan};
pub(in crate::template) use self::stages::{load_deployment, load_stage, read_stage};

/// `AWS::ApiGateway::RestApi`
pub(in crate::template) fn load_api<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["FailOnWarnings", "Mode", "SecurityPolicy", "EndpointAccessMode"]);
    properties.unsupported("CloneFrom", "APIs are not cloned: it has what the template says of it and nothing else");
    if let Some(location) = properties.take("BodyS3Location") {
        let at = location.at;
        let message = "the definition is in S3; put it in `Body`, with AWS::Include for a file of its own";
        properties.report().error(at, format!("{}.BodyS3Location: {message}", resource.logical_id));
    }
    let mut builder = RestBuilder::new(&resource.logical_id, properties.string("Name").unwrap_or_default());
    builder.api.description = properties.string("Description");
    let parameters = properties.string_map("Parameters");
    let base_path = match parameters.get("basepath").map(String::as_str) {
        Some("prepend") => BasePath::Prepend,
        Some("split") => BasePath::Split,
        _ => BasePath::Ignore,
    };
    match properties.object("Body") {
        Some(body) => openapi::rest::import(&mut builder, &body, base_path),
        None if !properties.has("Body") && !properties.has("BodyS3Location") => properties.require("Name"),
        None => {}
    }
    let types = parameters.get("endpointConfigurationTypes").map(|types| openapi::split_sources(types));
    settings(&mut builder, &properties, types.unwrap_or_default());
    builder.api.tags.extend(properties.tags("Tags"));
    loader.add_rest(builder, resource.at);
}

/// The settings that CloudFormation and SAM write alike. They win over those of a definition. `endpoint_types` are those
/// that are meant where none are declared.
pub(in crate::template) fn settings(
    builder: &mut RestBuilder,
    properties: &Properties<'_>,
    endpoint_types: Vec<String>,
) {
    let api = &mut builder.api;
    for media_type in media_types(properties.strings("BinaryMediaTypes")) {
        if !api.binary_media_types.contains(&media_type) {
            api.binary_media_types.push(media_type);
        }
    }
    if let Some(size) = properties.integer("MinimumCompressionSize", 0..=10_485_760) {
        api.minimum_compression_size = Some(size);
    }
    if let Some(source) = properties.one_of("ApiKeySourceType", &["HEADER", "AUTHORIZER"]) {
        api.api_key_source = Some(source);
    }
    if let Some(policy) = properties.json_text("Policy") {
        api.policy = Some(policy);
        properties.unsupported("Policy", "resource policies are not evaluated");
    }
    if let Some(disabled) = properties.boolean("DisableExecuteApiEndpoint") {
        api.disable_execute_api_endpoint = disabled;
        if disabled {
            let reason = "the default endpoint stays on: it is the only one here";
            properties.unsupported("DisableExecuteApiEndpoint", reason);
        }
    }
    let declared = endpoint(properties, endpoint_types);
    let configuration = declared.or(api.endpoint_configuration.take()).unwrap_or_default();
    let types = match configuration.types.is_empty() {
        true => vec!["EDGE".to_owned()],
        false => configuration.types,
    };
    api.endpoint_configuration = Some(EndpointConfiguration { types, ..configuration });
    // AWS's defaults, which it shows as well.
    api.api_key_source.get_or_insert_with(|| "HEADER".to_owned());
}

/// `EndpointConfiguration`, an object; SAM takes the type alone too.
fn endpoint(properties: &Properties<'_>, types: Vec<String>) -> Option<EndpointConfiguration> {
    let node = properties.take("EndpointConfiguration");
    let alone = |types| EndpointConfiguration { types, ..EndpointConfiguration::default() };
    let Some(node) = node else { return (!types.is_empty()).then(|| alone(types)) };
    if let Some(kind) = node.scalar() {
        return Some(alone(vec![kind]));
    }
    let configuration = properties.object("EndpointConfiguration")?;
    // SAM writes the first of these.
    let kind = configuration.string("Type").map(|kind| vec![kind]);
    Some(EndpointConfiguration {
        types: kind.unwrap_or_else(|| configuration.strings("Types")),
        ip_address_type: configuration.one_of("IpAddressType", &["ipv4", "dualstack"]),
        vpc_endpoint_ids: configuration.strings(if configuration.has("VPCEndpointIds") {
            "VPCEndpointIds"
        } else {
            "VpcEndpointIds"
        }),
    })
}

/// `AWS::ApiGateway::Resource`: parents before children, in whatever order they are written.
pub(in crate::template) fn load_resources<'t>(loader: &mut Loader<'t>, resources: &[&'t Resource]) {
    let mut waiting: Vec<(&Resource, Properties<'t>, String, String, String)> = Vec::new();
    for resource in resources {
        let properties = loader.properties(resource);
        let parent = properties.required_string("ParentId");
        let part = properties.required_string("PathPart");
        let Some(api) = loader.rest_of(&properties, "RestApiId") else { continue };
        let api_id = api.api.id.clone();
        if let (Some(parent), Some(part)) = (parent, part) {
            waiting.push((resource, properties, api_id, parent, part));
        }
    }
    loop {
        let before = waiting.len();
        waiting.retain(|(resource, properties, api_id, parent, part)| {
            let Some(builder) = loader.rest.get_mut(api_id) else { return false };
            let Some(parent) = builder.api.resources.iter().position(|known| known.id == *parent) else { return true };
            let id = names::api_id(&resource.logical_id);
            builder.child(parent, part, Some(id), properties.place("PathPart"), properties.report());
            false
        });
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    for (_, properties, api_id, parent, _) in &waiting {
        // What a broken parent leaves behind is its own error; this one is a parent that is nowhere.
        if !properties.report().has_errors() {
            properties.error("ParentId", format!("is '{parent}', which is no resource of the API '{api_id}'"));
        }
    }
}

/// `AWS::ApiGateway::Authorizer`
pub(in crate::template) fn load_authorizer<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("Type");
    let kind = properties.one_of("Type", &["TOKEN", "REQUEST", "COGNITO_USER_POOLS"]);
    let authorizer_type = match kind.as_deref() {
        Some("TOKEN") => AuthorizerType::Token,
        Some("REQUEST") => AuthorizerType::Request,
        _ => AuthorizerType::CognitoUserPools,
    };
    let authorizer = Authorizer {
        id: names::api_id(&resource.logical_id),
        name: properties.required_string("Name").unwrap_or_default(),
        authorizer_type,
        provider_arns: properties.strings("ProviderARNs"),
        auth_type: properties.string("AuthType"),
        // The gateway calls functions with its own authority, so the role is kept and not assumed.
        authorizer_credentials: properties.string("AuthorizerCredentials"),
        authorizer_uri: properties.string("AuthorizerUri"),
        identity_source: properties.string("IdentitySource"),
        identity_validation_expression: properties.string("IdentityValidationExpression"),
        authorizer_result_ttl_in_seconds: properties.integer("AuthorizerResultTtlInSeconds", 0..=3600).unwrap_or(300),
    };
    if authorizer_type != AuthorizerType::CognitoUserPools {
        properties.require("AuthorizerUri");
    }
    if authorizer_type == AuthorizerType::Token
        || (authorizer_type == AuthorizerType::Request && authorizer.authorizer_result_ttl_in_seconds > 0)
    {
        properties.require("IdentitySource");
    }
    if let Some(api) = loader.rest_of(&properties, "RestApiId") {
        api.api.authorizers.insert(authorizer.id.clone(), authorizer);
    }
}

/// Whether a definition's address is a local file.
pub(in crate::template) fn is_local(path: &str) -> bool {
    !is_remote(path)
}
