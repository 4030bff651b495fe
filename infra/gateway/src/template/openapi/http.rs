//! An OpenAPI document as the definition of an HTTP API.

use serde_json::json;

use crate::model::{ApiIntegration, CorsConfiguration, IntegrationType};

use super::super::api_builder::ApiBuilder;
use super::super::cfn::v2::response_parameters;
use super::super::node::Node;
use super::super::properties::Properties;
use super::{DOCUMENTATION, follow, ignore_foreign, is_openapi_3, operations, security, title};

/// Adds what a document declares to `builder`.
pub(in super::super) fn import(builder: &mut ApiBuilder, document: &Properties<'_>) {
    match is_openapi_3(document) {
        Some(true) => {}
        Some(false) => {
            document.error("swagger", "HTTP APIs import OpenAPI 3.0 only");
            document.rest_is_harmless();
            return;
        }
        None => {
            document.rest_is_harmless();
            return;
        }
    }
    document.harmless(DOCUMENTATION);
    ignore_foreign(document);
    if builder.api.name.is_empty() {
        builder.api.name = title(document);
    }
    let info = |key: &str| document.node().get("info").and_then(|info| info.get(key)).and_then(Node::scalar);
    builder.api.version = builder.api.version.take().or_else(|| info("version"));
    builder.api.description = builder.api.description.take().or_else(|| info("description"));
    for tag in document.node().get("tags").and_then(Node::as_list).unwrap_or_default() {
        let text = |key: &str| tag.get(key).and_then(Node::scalar);
        if let (Some(name), Some(value)) = (text("name"), text("x-amazon-apigateway-tag-value")) {
            builder.api.tags.insert(name, value);
        }
    }
    if let Some(cors) = document.object("x-amazon-apigateway-cors") {
        builder.api.cors_configuration = Some(cors_configuration(&cors, lower_camel));
    }
    let components = document.object("components");
    let mut ignored = Vec::new();
    if let Some(components) = &components {
        for scheme in security::schemes(document, Some(components)) {
            match security::http_scheme(&scheme) {
                Some((access, authorizer)) => {
                    builder.api.authorizers.insert(authorizer.authorizer_id.clone(), authorizer);
                    builder.authorizers.by_name.insert(scheme.name.to_owned(), access);
                }
                None => ignored.push(scheme.name),
            }
        }
        components.rest_is_harmless();
    }
    let document_security = document.take("security");
    for operation in operations(document) {
        let properties = &operation.properties;
        let access = security::access(properties, document_security, &ignored, &builder.authorizers);
        properties.harmless(&["isDefaultRoute"]);
        let route_key = match operation.path {
            "$default" | "/$default" => "$default".to_owned(),
            path => format!("{} {path}", operation.verb),
        };
        let integration = integration(properties, document.node());
        builder.add_route_with(&route_key, integration, access, operation.at, properties.report());
        let operation_name = properties.string("operationId");
        if let Some(route) = builder.api.routes.values_mut().find(|route| route.route_key == route_key) {
            route.operation_name = operation_name;
        }
    }
}

fn integration<'a>(operation: &Properties<'a>, root: &'a Node) -> Option<ApiIntegration> {
    let key = "x-amazon-apigateway-integration";
    if !operation.has(key) {
        let path = operation.path("");
        let path = path.trim_end_matches('.');
        let id = operation.owner().logical_id;
        operation.report().error(operation.at(), format!("{id}.{path}: a route needs `{key}`"));
        return None;
    }
    let node = operation.take(key)?;
    // Integrations may stand once, under `components`.
    let reference = node.get("$ref").and_then(Node::as_text);
    let properties = match reference.map(|reference| (reference, follow(root, reference))) {
        None => operation.reader(operation.path(key), node),
        Some((_, Some(found))) => operation.reader(operation.path(key), found),
        Some((reference, None)) => {
            operation.error(key, format!("refers to {reference}, which is not in this document"));
            return None;
        }
    };
    let integration_type = super::integration_type(&properties, "type")?;
    let connection_type = properties.string("connectionType").map(|kind| kind.to_ascii_uppercase());
    let integration = ApiIntegration {
        integration_type,
        integration_subtype: properties.string("integrationSubtype"),
        integration_method: properties.string("httpMethod").map(|verb| verb.to_ascii_uppercase()),
        integration_uri: properties.string("uri"),
        description: properties.string("description"),
        connection_type: connection_type.or_else(|| Some("INTERNET".to_owned())),
        connection_id: properties.string("connectionId"),
        // The gateway calls functions with its own authority, so the role is kept and not assumed.
        credentials_arn: properties.string("credentials"),
        request_parameters: properties.string_map("requestParameters"),
        response_parameters: response_parameters(&properties, "responseParameters"),
        tls_config: properties.object("tlsConfig").map(|tls| {
            let name = tls.string("serverNameToVerify");
            json!({ "ServerNameToVerify": name })
        }),
        payload_format_version: properties
            .one_of("payloadFormatVersion", &["1.0", "2.0"])
            .unwrap_or_else(|| "1.0".to_owned()),
        timeout_in_millis: properties.integer("timeoutInMillis", 50..=30_000).unwrap_or(30_000),
        ..ApiIntegration::default()
    };
    properties.harmless(&["passthroughBehavior"]);
    // What is no proxy to a function is named when it is compiled.
    if integration_type == IntegrationType::AwsProxy && integration.integration_subtype.is_none() {
        properties.require("uri");
        properties.unsupported("requestParameters", "request parameters are not mapped");
        properties.unsupported("responseParameters", "response parameters are not mapped");
    }
    Some(integration)
}

/// `allowOrigins`, as OpenAPI's extension writes it.
fn lower_camel(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + characters.as_str())
}

/// CORS by names that `spell` makes of AWS's own.
pub(in super::super) fn cors_configuration(cors: &Properties<'_>, spell: fn(&str) -> String) -> CorsConfiguration {
    let list = |name: &str| cors.strings(&spell(name));
    CorsConfiguration {
        allow_origins: list("AllowOrigins"),
        allow_methods: list("AllowMethods"),
        allow_headers: list("AllowHeaders"),
        expose_headers: list("ExposeHeaders"),
        max_age: cors.integer(&spell("MaxAge"), 0..=86_400).and_then(|seconds| i32::try_from(seconds).ok()),
        allow_credentials: cors.boolean(&spell("AllowCredentials")).unwrap_or(false),
    }
}
