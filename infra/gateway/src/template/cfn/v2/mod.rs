//! `AWS::ApiGatewayV2::{Api, Authorizer, Integration}`: HTTP and WebSocket APIs.

use crate::model::{ApiAuthorizer, ApiIntegration, ApiStage, IntegrationType, ProtocolType};

mod integrations;
mod routes;
mod stages;

use super::rest::local_definition;
use crate::template::api_builder::{ApiBuilder, lambda_integration};
use crate::template::loader::Loader;
use crate::template::names;
use crate::template::openapi;
use crate::template::properties::Properties;
use crate::template::rest_builder::Access;
use crate::template::sections::Resource;

pub(in crate::template) use self::integrations::{
    load_integration, load_integration_response, load_model, response_parameters,
};
pub(in crate::template) use self::routes::load as load_routes;
pub(in crate::template) use self::stages::{load_deployment, load_stage, read_stage, route_settings};

/// `AWS::ApiGatewayV2::Api`, quick create included.
pub(in crate::template) fn load_api<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["FailOnWarnings"]);
    if properties.string("BasePath").is_some_and(|mode| mode != "ignore") {
        properties.unsupported("BasePath", "the paths of the definition stay as they are");
    }
    let document = local_definition(loader, &properties, "BodyS3Location", "Body");
    let has_body = properties.has("Body") || properties.has("BodyS3Location");
    let protocol = properties.one_of("ProtocolType", &["HTTP", "WEBSOCKET"]);
    if !has_body {
        properties.require("ProtocolType");
        properties.require("Name");
    }
    let protocol_type =
        if protocol.as_deref() == Some("WEBSOCKET") { ProtocolType::WebSocket } else { ProtocolType::Http };
    let name = properties.string("Name").unwrap_or_default();
    let mut builder = ApiBuilder::new(&resource.logical_id, name, protocol_type);
    let selection = properties.string("RouteSelectionExpression");
    if protocol_type == ProtocolType::WebSocket {
        properties.require("RouteSelectionExpression");
    }
    if let Some(selection) = selection {
        builder.api.route_selection_expression = selection;
    }
    builder.api.description = properties.string("Description");
    builder.api.version = properties.string("Version");
    match properties.object("Body") {
        Some(body) if protocol_type == ProtocolType::Http => openapi::http::import(&mut builder, &body),
        Some(body) => {
            properties.error("Body", "is for HTTP APIs only");
            body.rest_is_harmless();
        }
        None => {}
    }
    if let Some(document) = &document {
        let body = Properties::new(loader.resolver.report, resource.owner(), "BodyS3Location", document);
        match protocol_type {
            ProtocolType::Http => openapi::http::import(&mut builder, &body),
            ProtocolType::WebSocket => {
                properties.error("BodyS3Location", "is for HTTP APIs only");
                body.rest_is_harmless();
            }
        }
    }
    if let Some(cors) = properties.object("CorsConfiguration") {
        builder.api.cors_configuration = Some(openapi::http::cors_configuration(&cors, str::to_owned));
    }
    settings(&mut builder, &properties);
    let credentials_arn = properties.string("CredentialsArn");
    let route_key = properties.string("RouteKey").unwrap_or_else(|| "$default".to_owned());
    if let Some(target) = properties.string("Target") {
        // Quick create: a catch-all route and a stage that deploys by itself.
        let integration = match target.starts_with("arn:") {
            true => lambda_integration(target, "2.0", 30_000),
            false => ApiIntegration {
                integration_type: IntegrationType::HttpProxy,
                integration_method: Some("ANY".to_owned()),
                ..lambda_integration(target, "1.0", 30_000)
            },
        };
        let integration = ApiIntegration { credentials_arn, api_gateway_managed: Some(true), ..integration };
        builder.add_route_with(&route_key, Some(integration), Access::open(), resource.at, properties.report());
        for route in builder.api.routes.values_mut() {
            route.api_gateway_managed = Some(true);
        }
        let stage = ApiStage {
            stage_name: "$default".to_owned(),
            auto_deploy: true,
            api_gateway_managed: Some(true),
            ..ApiStage::default()
        };
        builder.api.stages.insert(stage.stage_name.clone(), stage);
    }
    loader.add_api(builder, resource.at);
}

/// `AWS::ApiGatewayV2::Authorizer`
pub(in crate::template) fn load_authorizer<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("AuthorizerType");
    let authorizer_type = properties.one_of("AuthorizerType", &["REQUEST", "JWT"]).unwrap_or_default();
    let identity_source = properties.strings("IdentitySource");
    let mut authorizer = ApiAuthorizer {
        authorizer_id: names::api_id(&resource.logical_id),
        name: properties.required_string("Name").unwrap_or_default(),
        authorizer_uri: properties.string("AuthorizerUri"),
        // The gateway calls functions with its own authority, so the role is kept and not assumed.
        authorizer_credentials_arn: properties.string("AuthorizerCredentialsArn"),
        identity_validation_expression: properties.string("IdentityValidationExpression"),
        authorizer_payload_format_version: properties.one_of("AuthorizerPayloadFormatVersion", &["1.0", "2.0"]),
        enable_simple_responses: properties.boolean("EnableSimpleResponses").unwrap_or(false),
        identity_source,
        authorizer_type,
        ..ApiAuthorizer::default()
    };
    let ttl = properties.integer("AuthorizerResultTtlInSeconds", 0..=3600);
    if authorizer.authorizer_type == "JWT" {
        properties.require("JwtConfiguration");
        properties.require("IdentitySource");
        authorizer.jwt_configuration =
            properties.object("JwtConfiguration").map(|jwt| openapi::jwt_configuration(&jwt));
    } else {
        properties.require("AuthorizerUri");
    }
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    let is_http = api.api.protocol_type == ProtocolType::Http;
    if is_http && authorizer.authorizer_type == "REQUEST" {
        properties.require("AuthorizerPayloadFormatVersion");
    }
    // WebSocket connects once: AWS caches nothing there. HTTP APIs cache where they are told to.
    let caches = is_http && authorizer.authorizer_type == "REQUEST" && !authorizer.identity_source.is_empty();
    authorizer.authorizer_result_ttl_in_seconds = ttl.unwrap_or(0) * u32::from(caches);
    api.api.authorizers.insert(authorizer.authorizer_id.clone(), authorizer);
}

/// The settings that CloudFormation and SAM write alike. They win over those of a definition.
pub(in crate::template) fn settings(builder: &mut ApiBuilder, properties: &Properties<'_>) {
    let api = &mut builder.api;
    api.tags.extend(properties.tags("Tags"));
    if let Some(expression) = properties.string("ApiKeySelectionExpression") {
        api.api_key_selection_expression = Some(expression);
    }
    if let Some(disabled) = properties.boolean("DisableExecuteApiEndpoint") {
        api.disable_execute_api_endpoint = disabled;
        if disabled {
            let reason = "the default endpoint stays on: it is the only one here";
            properties.unsupported("DisableExecuteApiEndpoint", reason);
        }
    }
    if let Some(disabled) = properties.boolean("DisableSchemaValidation") {
        api.disable_schema_validation = Some(disabled);
    }
    if let Some(kind) = properties.one_of("IpAddressType", &["ipv4", "dualstack"]) {
        api.ip_address_type = Some(kind);
    }
    // AWS's defaults, which it shows as well.
    api.api_key_selection_expression.get_or_insert_with(|| "$request.header.x-api-key".to_owned());
    api.ip_address_type.get_or_insert_with(|| "ipv4".to_owned());
}
