//! What methods of a REST API refer to, and what answers in their place: `AWS::ApiGateway::{Model, RequestValidator,
//! GatewayResponse, DocumentationPart, DocumentationVersion}`.

use crate::model::GATEWAY_RESPONSES;
use crate::model::{
    DocumentationPart, DocumentationPartLocation, DocumentationVersion, GatewayResponse, RequestValidator, SchemaModel,
};
use crate::template::loader::Loader;
use crate::template::names;
use crate::template::sections::Resource;

/// `AWS::ApiGateway::Model`, whose `Ref` is its name.
pub(in crate::template) fn load_model<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let name = properties.string("Name").unwrap_or_else(|| resource.logical_id.clone());
    let model = SchemaModel {
        id: names::short_id(&["model", &resource.logical_id]),
        name: name.clone(),
        description: properties.string("Description"),
        schema: properties.json_text("Schema"),
        content_type: Some(properties.string("ContentType").unwrap_or_else(|| "application/json".to_owned())),
    };
    let Some(api) = loader.rest_of(&properties, "RestApiId") else { return };
    if api.api.models.insert(name.clone(), model).is_some() {
        properties.error("Name", format!("is '{name}', which is a model of this API already"));
    }
}

/// `AWS::ApiGateway::RequestValidator`
pub(in crate::template) fn load_validator<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let validator = RequestValidator {
        id: names::api_id(&resource.logical_id),
        name: properties.string("Name"),
        validate_request_body: properties.boolean("ValidateRequestBody").unwrap_or(false),
        validate_request_parameters: properties.boolean("ValidateRequestParameters").unwrap_or(false),
    };
    let Some(api) = loader.rest_of(&properties, "RestApiId") else { return };
    api.api.request_validators.insert(validator.id.clone(), validator);
}

/// `AWS::ApiGateway::GatewayResponse`; what it leaves out is as it is built in.
pub(in crate::template) fn load_gateway_response<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("ResponseType");
    let types: Vec<&str> = GATEWAY_RESPONSES.iter().map(|(known, _)| *known).collect();
    let response_type = properties.one_of("ResponseType", &types);
    let mut response = GatewayResponse {
        status_code: properties.string("StatusCode"),
        response_parameters: properties.string_map("ResponseParameters"),
        response_templates: properties.string_map("ResponseTemplates"),
        ..GatewayResponse::default()
    };
    let (Some(response_type), Some(api)) = (response_type, loader.rest_of(&properties, "RestApiId")) else { return };
    response.response_type.clone_from(&response_type);
    complete(&mut response);
    if api.api.gateway_responses.insert(response_type.clone(), response).is_some() {
        properties.error("ResponseType", format!("is {response_type}, which this API has changed already"));
    }
}

/// Fills in what a gateway response leaves out.
pub(in crate::template) fn complete(response: &mut GatewayResponse) {
    if response.response_templates.is_empty() {
        let text = "{\"message\":$context.error.messageString}".to_owned();
        response.response_templates.insert("application/json".to_owned(), text);
    }
    if response.status_code.is_none() {
        let known = GATEWAY_RESPONSES.iter().find(|(known, _)| *known == response.response_type);
        response.status_code = known.and_then(|(_, status)| status.map(str::to_owned));
    }
}

/// `AWS::ApiGateway::DocumentationPart`
pub(in crate::template) fn load_documentation_part<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("Location");
    let content = properties.required_string("Properties");
    let location = properties.object("Location").map(|location| DocumentationPartLocation {
        part_type: location.required_string("Type").unwrap_or_default(),
        path: location.string("Path"),
        method: location.string("Method"),
        status_code: location.string("StatusCode"),
        name: location.string("Name"),
    });
    let Some(api) = loader.rest_of(&properties, "RestApiId") else { return };
    let (Some(location), Some(content)) = (location, content) else { return };
    let id = names::api_id(&resource.logical_id);
    let part = DocumentationPart { id: id.clone(), location, properties: content };
    api.api.documentation_parts.insert(id, part);
}

/// `AWS::ApiGateway::DocumentationVersion`: the parts as they are.
pub(in crate::template) fn load_documentation_version<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let version = properties.required_string("DocumentationVersion");
    let description = properties.string("Description");
    let Some(api) = loader.rest_of(&properties, "RestApiId") else { return };
    let Some(version) = version else { return };
    let snapshot = DocumentationVersion {
        version: version.clone(),
        description,
        documentation_parts: api.api.documentation_parts.clone(),
        ..DocumentationVersion::default()
    };
    api.api.documentation_versions.insert(version, snapshot);
}
