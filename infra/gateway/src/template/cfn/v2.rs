//! `AWS::ApiGatewayV2::{Api, Authorizer, Integration}`: HTTP and WebSocket APIs.

use crate::model::{ApiAuthorizer, ApiIntegration, ApiStage, IntegrationType, ProtocolType};

use super::super::api_builder::{ApiBuilder, lambda_integration};
use super::super::loader::Loader;
use super::super::names;
use super::super::openapi::{self, parse_integration_type};
use super::super::rest_builder::Access;
use super::super::sections::Resource;

/// `AWS::ApiGatewayV2::Api`, quick create included.
pub(in super::super) fn load_api<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["BasePath", "Description", "FailOnWarnings", "IpAddressType", "Tags", "Version"]);
    properties.harmless(&["CredentialsArn", "DisableSchemaValidation"]);
    properties.unsupported("ApiKeySelectionExpression", "API keys are not supported yet");
    properties.unsupported("DisableExecuteApiEndpoint", "the default endpoint stays on: it is the only one here");
    if properties.has("BodyS3Location") {
        properties.error("BodyS3Location", "is in S3; put it in `Body`, with AWS::Include for a file of its own");
        properties.harmless(&["BodyS3Location"]);
    }
    let has_body = properties.has("Body");
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
    match properties.object("Body") {
        Some(body) if protocol_type == ProtocolType::Http => openapi::http::import(&mut builder, &body),
        Some(body) => {
            properties.error("Body", "is for HTTP APIs only");
            body.rest_is_harmless();
        }
        None => {}
    }
    if let Some(cors) = properties.object("CorsConfiguration") {
        builder.api.cors_configuration = Some(openapi::http::cors_configuration(&cors, str::to_owned));
    }
    let route_key = properties.string("RouteKey").unwrap_or_else(|| "$default".to_owned());
    if let Some(target) = properties.string("Target") {
        // Quick create: a catch-all route and a stage that deploys by itself.
        let integration = if target.starts_with("arn:") {
            lambda_integration(target, "2.0", 30_000)
        } else {
            let reason = "HTTP_PROXY integrations are not supported yet: the route answers 500";
            properties.report().unsupported(resource.owner(), Some("Target"), properties.place("Target"), reason);
            ApiIntegration { integration_type: IntegrationType::HttpProxy, ..lambda_integration(target, "1.0", 30_000) }
        };
        builder.add_route_with(&route_key, Some(integration), Access::open(), resource.at, properties.report());
        let stage = ApiStage { stage_name: "$default".to_owned(), auto_deploy: true, ..ApiStage::default() };
        builder.api.stages.insert(stage.stage_name.clone(), stage);
    }
    loader.add_api(builder, resource.at);
}

/// `AWS::ApiGatewayV2::Authorizer`
pub(in super::super) fn load_authorizer<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["AuthorizerCredentialsArn", "IdentityValidationExpression"]);
    properties.require("AuthorizerType");
    let authorizer_type = properties.one_of("AuthorizerType", &["REQUEST", "JWT"]).unwrap_or_default();
    let identity_source = properties.strings("IdentitySource");
    let mut authorizer = ApiAuthorizer {
        authorizer_id: names::api_id(&resource.logical_id),
        name: properties.required_string("Name").unwrap_or_default(),
        authorizer_uri: properties.string("AuthorizerUri"),
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
        let reason = "JWT authorizers are not supported yet: every request is refused";
        properties.report().unsupported(resource.owner(), Some("AuthorizerType"), resource.at, reason);
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

/// `AWS::ApiGatewayV2::Integration`
pub(in super::super) fn load_integration<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("IntegrationType");
    let types = ["AWS_PROXY", "AWS", "HTTP_PROXY", "HTTP", "MOCK"];
    let kind = properties.one_of("IntegrationType", &types);
    let integration_uri = properties.string("IntegrationUri");
    let version = properties.one_of("PayloadFormatVersion", &["1.0", "2.0"]);
    let timeout = properties.integer("TimeoutInMillis", 50..=30_000);
    let subtype = properties.string("IntegrationSubtype");
    let Some(integration_type) = kind.as_deref().and_then(parse_integration_type) else { return };
    if integration_type == IntegrationType::AwsProxy && subtype.is_none() {
        properties.require("IntegrationUri");
        properties.harmless(&["ConnectionType", "ContentHandlingStrategy", "CredentialsArn", "Description"]);
        properties.harmless(&["IntegrationMethod", "PassthroughBehavior", "RequestTemplates"]);
        properties.harmless(&["TemplateSelectionExpression"]);
        properties.unsupported("RequestParameters", "request parameters are not mapped");
        properties.unsupported("ResponseParameters", "response parameters are not mapped");
    }
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    let is_http = api.api.protocol_type == ProtocolType::Http;
    let integration_id = names::api_id(&resource.logical_id);
    api.api.integrations.insert(
        integration_id.clone(),
        ApiIntegration {
            integration_id,
            integration_type,
            integration_uri,
            payload_format_version: version.unwrap_or_else(|| "1.0".to_owned()),
            timeout_in_millis: timeout.unwrap_or(if is_http { 30_000 } else { 29_000 }),
            ..ApiIntegration::default()
        },
    );
    if integration_type != IntegrationType::AwsProxy || subtype.is_some() {
        let name = subtype.unwrap_or_else(|| kind.unwrap_or_default());
        properties.whole_unsupported(format!("{name} integrations are not supported yet: its routes answer 500"));
    }
}
