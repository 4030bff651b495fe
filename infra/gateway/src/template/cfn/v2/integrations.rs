//! `AWS::ApiGatewayV2::{Integration, IntegrationResponse, Model}`.

use indexmap::IndexMap;

use crate::model::{ApiIntegration, ApiIntegrationResponse, ApiModel, IntegrationType, ProtocolType};
use crate::template::loader::Loader;
use crate::template::names;
use crate::template::openapi::parse_integration_type;
use crate::template::properties::Properties;
use crate::template::sections::Resource;

/// `AWS::ApiGatewayV2::Integration`
pub(in crate::template) fn load_integration<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("IntegrationType");
    let types = ["AWS_PROXY", "AWS", "HTTP_PROXY", "HTTP", "MOCK"];
    let kind = properties.one_of("IntegrationType", &types);
    let connection_type = properties.one_of("ConnectionType", &["INTERNET", "VPC_LINK"]);
    let mut integration = ApiIntegration {
        integration_id: names::api_id(&resource.logical_id),
        integration_subtype: properties.string("IntegrationSubtype"),
        integration_method: properties.string("IntegrationMethod"),
        integration_uri: properties.string("IntegrationUri"),
        description: properties.string("Description"),
        connection_type: connection_type.or_else(|| Some("INTERNET".to_owned())),
        connection_id: properties.string("ConnectionId"),
        // The gateway calls functions with its own authority, so the role is kept and not assumed.
        credentials_arn: properties.string("CredentialsArn"),
        content_handling_strategy: content_handling(&properties),
        passthrough_behavior: properties
            .one_of("PassthroughBehavior", &["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"]),
        request_parameters: properties.string_map("RequestParameters"),
        request_templates: properties.string_map("RequestTemplates"),
        response_parameters: response_parameters(&properties, "ResponseParameters"),
        template_selection_expression: properties.string("TemplateSelectionExpression"),
        tls_config: properties.json("TlsConfig"),
        ..ApiIntegration::default()
    };
    if let Some(version) = properties.one_of("PayloadFormatVersion", &["1.0", "2.0"]) {
        integration.payload_format_version = version;
    }
    let timeout = properties.integer("TimeoutInMillis", 50..=30_000);
    let Some(integration_type) = kind.as_deref().and_then(parse_integration_type) else { return };
    integration.integration_type = integration_type;
    // What is no proxy to a function is named when it is compiled.
    if integration_type == IntegrationType::AwsProxy && integration.integration_subtype.is_none() {
        properties.require("IntegrationUri");
        properties.unsupported("RequestParameters", "request parameters are not mapped");
        properties.unsupported("ResponseParameters", "response parameters are not mapped");
    }
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    let is_http = api.api.protocol_type == ProtocolType::Http;
    integration.timeout_in_millis = timeout.unwrap_or(if is_http { 30_000 } else { 29_000 });
    api.api.integrations.insert(integration.integration_id.clone(), integration);
}

/// `AWS::ApiGatewayV2::IntegrationResponse`. A proxy's answer passes as it is; what is none is named when it is compiled.
pub(in crate::template) fn load_integration_response<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let response = ApiIntegrationResponse {
        integration_response_id: names::api_id(&resource.logical_id),
        integration_response_key: properties.required_string("IntegrationResponseKey").unwrap_or_default(),
        content_handling_strategy: content_handling(&properties),
        response_parameters: properties.string_map("ResponseParameters"),
        response_templates: properties.string_map("ResponseTemplates"),
        template_selection_expression: properties.string("TemplateSelectionExpression"),
    };
    let id = properties.required_string("IntegrationId");
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    let Some(id) = id else { return };
    match api.api.integrations.get_mut(&id) {
        Some(integration) => {
            integration.integration_responses.insert(response.integration_response_id.clone(), response);
        }
        None if properties.report().has_errors() => {}
        None => properties.error("IntegrationId", format!("is '{id}', which is no integration of this API")),
    }
}

/// `AWS::ApiGatewayV2::Model`
pub(in crate::template) fn load_model<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("Schema");
    let model = ApiModel {
        model_id: names::api_id(&resource.logical_id),
        name: properties.required_string("Name").unwrap_or_default(),
        content_type: properties.string("ContentType"),
        description: properties.string("Description"),
        schema: properties.json_text("Schema"),
    };
    let Some(api) = loader.api_of(&properties, "ApiId") else { return };
    api.api.models.insert(model.model_id.clone(), model);
}

fn content_handling(properties: &Properties<'_>) -> Option<String> {
    properties.one_of("ContentHandlingStrategy", &["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"])
}

/// By status code; CloudFormation writes each as `ResponseParameters: [{Destination, Source}]`, OpenAPI as a mapping.
pub(in crate::template) fn response_parameters(
    properties: &Properties<'_>,
    key: &str,
) -> IndexMap<String, IndexMap<String, String>> {
    let statuses = properties.members(key).into_iter();
    statuses
        .map(|(status, _, node)| {
            let reader = properties.reader(properties.path(&format!("{key}.{status}")), node);
            let list = reader.node().get("ResponseParameters").is_some_and(|node| node.as_list().is_some());
            let parameters = match list {
                true => {
                    let parameters = reader.objects("ResponseParameters").into_iter();
                    let pair = |parameter: Properties<'_>| {
                        let source = parameter.string("Source").unwrap_or_default();
                        Some((parameter.required_string("Destination")?, source))
                    };
                    parameters.filter_map(pair).collect()
                }
                false => properties_of(&reader),
            };
            (status.to_owned(), parameters)
        })
        .collect()
}

/// All of an object's members as strings.
fn properties_of(reader: &Properties<'_>) -> IndexMap<String, String> {
    let names: Vec<String> = reader.node().as_map().into_iter().flat_map(|map| map.keys().cloned()).collect();
    names.into_iter().filter_map(|name| Some((reader.string(&name)?, name))).map(|(text, name)| (name, text)).collect()
}
