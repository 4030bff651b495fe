//! `AWS::ApiGateway::Method`, whole.

use indexmap::IndexMap;

use crate::model::{Integration, IntegrationResponse, IntegrationType, Method, MethodResponse};
use crate::template::loader::Loader;
use crate::template::openapi;
use crate::template::properties::Properties;
use crate::template::rest_builder::VERBS;
use crate::template::sections::Resource;

use super::super::require_authorizer;

/// Adds a method to its resource.
pub(in crate::template) fn load_method<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("HttpMethod");
    let http_method = properties.one_of("HttpMethod", VERBS);
    let types = ["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"];
    let authorization_type = properties.one_of("AuthorizationType", &types).unwrap_or_else(|| "NONE".to_owned());
    let method = Method {
        http_method: String::new(),
        authorization_type,
        authorizer_id: properties.string("AuthorizerId"),
        authorization_scopes: properties.strings("AuthorizationScopes"),
        api_key_required: properties.boolean("ApiKeyRequired").unwrap_or(false),
        operation_name: properties.string("OperationName"),
        request_validator_id: properties.string("RequestValidatorId"),
        request_parameters: non_empty(properties.boolean_map("RequestParameters")),
        request_models: non_empty(properties.string_map("RequestModels")),
        method_responses: method_responses(&properties),
        integration: properties.object("Integration").and_then(|integration| read_integration(&integration)),
    };
    if !properties.has("Integration") {
        properties.report().error(resource.at, format!("{}: No integration defined for method", resource.logical_id));
    }
    let resource_id = properties.required_string("ResourceId");
    let Some(api) = loader.rest_of(&properties, "RestApiId") else { return };
    if matches!(method.authorization_type.as_str(), "CUSTOM" | "COGNITO_USER_POOLS") {
        require_authorizer(&properties, method.authorizer_id.as_ref(), &api.api.authorizers);
    }
    if let Some(id) = method.request_validator_id.as_ref().filter(|id| !api.api.request_validators.contains_key(*id)) {
        properties.error("RequestValidatorId", format!("is '{id}', which is no request validator of this API"));
    }
    let (Some(http_method), Some(resource_id)) = (http_method, resource_id) else { return };
    let Some(index) = api.api.resources.iter().position(|known| known.id == resource_id) else {
        if !properties.report().has_errors() {
            properties.error("ResourceId", format!("is '{resource_id}', which is no resource of this API"));
        }
        return;
    };
    api.add_method(index, Method { http_method, ..method }, resource.at, properties.report());
}

fn method_responses(properties: &Properties<'_>) -> IndexMap<String, MethodResponse> {
    let responses = properties.objects("MethodResponses").into_iter();
    responses
        .filter_map(|response| {
            let status_code = response.required_string("StatusCode")?;
            let response = MethodResponse {
                status_code: status_code.clone(),
                response_parameters: non_empty(response.boolean_map("ResponseParameters")),
                response_models: non_empty(response.string_map("ResponseModels")),
            };
            Some((status_code, response))
        })
        .collect()
}

fn read_integration(properties: &Properties<'_>) -> Option<Integration> {
    properties.require("Type");
    let text = properties.one_of("Type", &["AWS_PROXY", "AWS", "HTTP_PROXY", "HTTP", "MOCK"])?;
    let integration_type = openapi::parse_integration_type(&text)?;
    let is_http = matches!(integration_type, IntegrationType::Http | IntegrationType::HttpProxy);
    let connection_type = properties.one_of("ConnectionType", &["INTERNET", "VPC_LINK"]);
    let passthrough = ["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"];
    let integration = Integration {
        integration_type,
        http_method: properties.string("IntegrationHttpMethod"),
        uri: properties.string("Uri"),
        connection_type: connection_type.or_else(|| is_http.then(|| "INTERNET".to_owned())),
        connection_id: properties.string("ConnectionId"),
        // The gateway calls functions with its own authority, so the role is kept and not assumed.
        credentials: properties.string("Credentials"),
        request_parameters: non_empty(properties.string_map("RequestParameters")),
        request_templates: non_empty(templates(properties, "RequestTemplates")),
        passthrough_behavior: properties.one_of("PassthroughBehavior", &passthrough),
        content_handling: content_handling(properties),
        timeout_in_millis: properties.integer("TimeoutInMillis", 50..=300_000).unwrap_or(29_000),
        cache_namespace: properties.string("CacheNamespace"),
        // Without a cache, which its stage would have, they mean nothing.
        cache_key_parameters: properties.strings("CacheKeyParameters"),
        integration_responses: integration_responses(properties),
        tls_config: None,
        response_transfer_mode: properties.one_of("ResponseTransferMode", &["BUFFERED", "STREAM"]),
        integration_target: properties.string("IntegrationTarget"),
    };
    if integration_type != IntegrationType::Mock {
        properties.require("Uri");
        properties.require("IntegrationHttpMethod");
    }
    // What is no proxy to a function is named when it is compiled.
    if integration_type == IntegrationType::AwsProxy {
        properties.unsupported("RequestParameters", "request parameters are not mapped");
    }
    Some(integration)
}

fn integration_responses(properties: &Properties<'_>) -> IndexMap<String, IntegrationResponse> {
    let responses = properties.objects("IntegrationResponses").into_iter();
    responses
        .filter_map(|response| {
            let status_code = response.required_string("StatusCode")?;
            let response = IntegrationResponse {
                status_code: status_code.clone(),
                selection_pattern: response.string("SelectionPattern"),
                response_parameters: non_empty(response.string_map("ResponseParameters")),
                response_templates: non_empty(templates(&response, "ResponseTemplates")),
                content_handling: content_handling(&response),
            };
            Some((status_code, response))
        })
        .collect()
}

fn content_handling(properties: &Properties<'_>) -> Option<String> {
    properties.one_of("ContentHandling", &["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"])
}

fn templates(properties: &Properties<'_>, key: &str) -> IndexMap<String, Option<String>> {
    properties.string_map(key).into_iter().map(|(content_type, template)| (content_type, Some(template))).collect()
}

fn non_empty<V>(map: IndexMap<String, V>) -> Option<IndexMap<String, V>> {
    (!map.is_empty()).then_some(map)
}
