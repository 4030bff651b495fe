//! An OpenAPI document as the definition of a REST API.

use crate::model::{Integration, IntegrationType, Method};

use super::super::properties::Properties;
use super::super::rest_builder::RestBuilder;
use super::{DOCUMENTATION, ignore_foreign, is_openapi_3, media_types, operations, security, title};

/// Adds what a document declares to `builder`.
pub(in super::super) fn import(builder: &mut RestBuilder, document: &Properties<'_>) {
    let Some(is_3) = is_openapi_3(document) else {
        document.rest_is_harmless();
        return;
    };
    document.harmless(DOCUMENTATION);
    ignore_foreign(document);
    if builder.api.name.is_empty() {
        builder.api.name = title(document);
    }
    builder.api.binary_media_types.extend(media_types(document.strings("x-amazon-apigateway-binary-media-types")));
    let not_yet = [
        ("x-amazon-apigateway-gateway-responses", "gateway responses are not customised"),
        ("x-amazon-apigateway-request-validators", "requests are not validated"),
        ("x-amazon-apigateway-request-validator", "requests are not validated"),
        ("x-amazon-apigateway-policy", "resource policies are not evaluated"),
        ("x-amazon-apigateway-minimum-compression-size", "responses are not compressed"),
    ];
    for (key, reason) in not_yet {
        document.unsupported(key, reason);
    }
    if let Some(source) = document.string("x-amazon-apigateway-api-key-source")
        && source != "HEADER"
    {
        document.unsupported("x-amazon-apigateway-api-key-source", "API keys are not supported yet");
    }
    let components = if is_3 { document.object("components") } else { None };
    let mut ignored = Vec::new();
    for scheme in security::schemes(document, components.as_ref()) {
        match security::rest_scheme(&scheme) {
            Some((access, authorizer)) => {
                if let Some(authorizer) = authorizer {
                    builder.api.authorizers.insert(authorizer.id.clone(), authorizer);
                }
                builder.authorizers.by_name.insert(scheme.name.to_owned(), access);
            }
            None => ignored.push(scheme.name),
        }
    }
    if let Some(components) = &components {
        // Schemas, examples and the rest are documentation as long as nothing validates by them.
        components.rest_is_harmless();
    }
    let document_security = document.take("security");
    for operation in operations(document) {
        let properties = &operation.properties;
        let access = security::access(properties, document_security, &ignored, &builder.authorizers);
        properties.unsupported("x-amazon-apigateway-request-validator", "requests are not validated");
        let integration = integration(properties);
        let Some(resource) = builder.ensure(operation.path, operation.at, properties.report()) else { continue };
        let method = Method {
            http_method: operation.verb.to_owned(),
            authorization_type: access.authorization_type,
            authorizer_id: access.authorizer_id,
            api_key_required: access.api_key_required,
            operation_name: properties.string("operationId"),
            integration,
            ..Method::default()
        };
        builder.add_method(resource, method, operation.at, properties.report());
    }
}

fn integration(operation: &Properties<'_>) -> Option<Integration> {
    let key = "x-amazon-apigateway-integration";
    if !operation.has(key) {
        let path = operation.path("");
        let path = path.trim_end_matches('.');
        let id = operation.owner().logical_id;
        operation
            .report()
            .error(operation.at(), format!("{id}.{path}: No integration defined for method: it needs `{key}`"));
        return None;
    }
    let properties = operation.object(key)?;
    let integration_type = super::integration_type(&properties, "type")?;
    let integration = Integration {
        integration_type,
        uri: properties.string("uri"),
        http_method: properties.string("httpMethod"),
        timeout_in_millis: properties.integer("timeoutInMillis", 50..=300_000).unwrap_or(29_000),
        ..Integration::default()
    };
    if integration_type != IntegrationType::AwsProxy {
        let name = integration_type.as_str();
        properties.whole_unsupported(format!("{name} integrations are not supported yet: the method answers 500"));
        return Some(integration);
    }
    properties.require("uri");
    // API Gateway itself takes no notice of templates and responses of a proxy integration.
    properties.harmless(&[
        "contentHandling",
        "passthroughBehavior",
        "payloadFormatVersion",
        "requestTemplates",
        "responses",
    ]);
    // A role to assume, and an id that only caching uses.
    properties.harmless(&["cacheNamespace", "connectionType", "credentials"]);
    properties.unsupported("cacheKeyParameters", "responses are not cached");
    properties.unsupported("requestParameters", "request parameters are not mapped");
    Some(integration)
}
