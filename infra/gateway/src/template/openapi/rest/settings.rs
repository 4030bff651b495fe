//! What a document says of the API as a whole: `x-amazon-apigateway-*` at its top.

use indexmap::IndexMap;

use crate::model::{
    EndpointConfiguration, GATEWAY_RESPONSE_TEMPLATE, GATEWAY_RESPONSES, GatewayResponse, RequestValidator,
};

use super::super::super::names;
use super::super::super::node::{Kind, Node};
use super::super::super::properties::Properties;
use super::super::super::rest_builder::RestBuilder;
use super::super::media_types;
use super::warn;

/// Reads the settings.
pub(super) fn read(builder: &mut RestBuilder, document: &Properties<'_>) {
    builder.api.binary_media_types.extend(media_types(document.strings("x-amazon-apigateway-binary-media-types")));
    if let Some(size) = document.integer("x-amazon-apigateway-minimum-compression-size", 0..=10_485_760) {
        builder.api.minimum_compression_size = Some(size);
    }
    if let Some(source) = document.one_of("x-amazon-apigateway-api-key-source", &["HEADER", "AUTHORIZER"]) {
        builder.api.api_key_source = Some(source);
    }
    if let Some(node) = document.take("x-amazon-apigateway-policy") {
        builder.api.policy = Some(node.scalar().unwrap_or_else(|| node.to_json().to_string()));
    }
    if let Some(policy) = document.string("x-amazon-apigateway-security-policy") {
        builder.api.security_policy = Some(policy);
    }
    if let Some(mode) = document.one_of("x-amazon-apigateway-endpoint-access-mode", &["BASIC", "STRICT"]) {
        builder.api.endpoint_access_mode = Some(mode);
    }
    endpoint(builder, document);
    tags(builder, document);
    gateway_responses(builder, document);
    document.unsupported("x-amazon-apigateway-minimum-compression-size", "responses are not compressed");
}

/// `x-amazon-apigateway-endpoint-configuration`, which OpenAPI 3 has in its servers.
fn endpoint(builder: &mut RestBuilder, document: &Properties<'_>) {
    let key = "x-amazon-apigateway-endpoint-configuration";
    let in_server = || document.node().get("servers")?.as_list()?.iter().find_map(|server| server.get(key));
    let Some(node) = document.take(key).or_else(in_server) else { return };
    let properties = document.reader(document.path(key), node);
    let configuration = EndpointConfiguration {
        types: properties.strings("types"),
        ip_address_type: properties.one_of("ipAddressType", &["ipv4", "dualstack"]),
        vpc_endpoint_ids: properties.strings("vpcEndpointIds"),
    };
    if let Some(disabled) = properties.boolean("disableExecuteApiEndpoint") {
        builder.api.disable_execute_api_endpoint = disabled;
    }
    if configuration != EndpointConfiguration::default() {
        builder.api.endpoint_configuration = Some(configuration);
    }
}

/// `tags` with an `x-amazon-apigateway-tag-value`; those without are the document's own.
fn tags(builder: &mut RestBuilder, document: &Properties<'_>) {
    for tag in document.node().get("tags").and_then(Node::as_list).unwrap_or_default() {
        let text = |key: &str| tag.get(key).and_then(Node::scalar);
        if let (Some(name), Some(value)) = (text("name"), text("x-amazon-apigateway-tag-value")) {
            builder.api.tags.insert(name, value);
        }
    }
}

/// `x-amazon-apigateway-gateway-responses`; what one leaves out is as it is built in.
fn gateway_responses(builder: &mut RestBuilder, document: &Properties<'_>) {
    let key = "x-amazon-apigateway-gateway-responses";
    for (name, at, node) in document.members(key) {
        let Some((_, status)) = GATEWAY_RESPONSES.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = GATEWAY_RESPONSES.iter().map(|(known, _)| *known).collect();
            document.report().error(at, format!("{key}.{name}: there is no such type; they are {}", known.join(", ")));
            continue;
        };
        let properties = document.reader(document.path(&format!("{key}.{name}")), node);
        let mut response_templates = properties.string_map("responseTemplates");
        if response_templates.is_empty() {
            let text = GATEWAY_RESPONSE_TEMPLATE.to_owned();
            response_templates = IndexMap::from([("application/json".to_owned(), text)]);
        }
        let response = GatewayResponse {
            response_type: name.to_owned(),
            status_code: properties.string("statusCode").or(status.map(str::to_owned)),
            response_parameters: properties.string_map("responseParameters"),
            response_templates,
            default_response: false,
        };
        builder.api.gateway_responses.insert(name.to_owned(), response);
    }
}

/// `x-amazon-apigateway-request-validators`; gives the id of the one for all methods.
pub(super) fn request_validators(builder: &mut RestBuilder, document: &Properties<'_>) -> Option<String> {
    for (name, _, node) in document.members("x-amazon-apigateway-request-validators") {
        let key = format!("x-amazon-apigateway-request-validators.{name}");
        let properties = document.reader(document.path(&key), node);
        let id = names::short_id(&["validator", &builder.api.id, name])[..6].to_owned();
        let validator = RequestValidator {
            id: id.clone(),
            name: Some(name.to_owned()),
            validate_request_body: properties.boolean("validateRequestBody").unwrap_or(false),
            validate_request_parameters: properties.boolean("validateRequestParameters").unwrap_or(false),
        };
        builder.api.request_validators.insert(id, validator);
    }
    request_validator(builder, document)
}

/// The id of the validator that a document or an operation names.
pub(super) fn request_validator(builder: &mut RestBuilder, holder: &Properties<'_>) -> Option<String> {
    let key = "x-amazon-apigateway-request-validator";
    let node = holder.take(key)?;
    if node.kind == Kind::Unresolved {
        return None;
    }
    let name = holder.string(key)?;
    let mut validators = builder.api.request_validators.values();
    let found = validators.find(|validator| validator.name.as_deref() == Some(&name)).map(|found| found.id.clone());
    if found.is_none() {
        let known = "x-amazon-apigateway-request-validators";
        warn(builder, holder, node.at, format!("Request validator '{name}' is none of {known}. Ignoring."));
    }
    found
}
