//! Paths and methods.

use serde_json::{Map, Value, json};

use super::document::insert;
use super::{Exported, Form, security};
use crate::model::{Integration, IntegrationResponse, Method, MethodResponse, Resource};

/// `paths`: the resources that have methods.
pub(super) fn paths(exported: &Exported<'_>) -> Value {
    let mut paths = Map::new();
    for resource in exported.api.resources.iter().filter(|resource| !resource.methods.is_empty()) {
        let methods = resource.methods.iter().map(|(verb, method)| {
            let key = match verb.as_str() {
                "ANY" => "x-amazon-apigateway-any-method".to_owned(),
                verb => verb.to_ascii_lowercase(),
            };
            (key, operation(exported, resource, method))
        });
        paths.insert(resource.path.clone(), Value::Object(methods.collect()));
    }
    paths.into()
}

fn operation(exported: &Exported<'_>, resource: &Resource, method: &Method) -> Value {
    let mut operation = Map::new();
    if let Some(name) = &method.operation_name {
        operation.insert("operationId".to_owned(), name.as_str().into());
    }
    let models = method.request_models.iter().flatten();
    let mut parameters: Vec<Value> = method
        .request_parameters
        .iter()
        .flatten()
        .filter_map(|(name, required)| parameter(exported, name, *required))
        .collect();
    if exported.form == Form::Swagger {
        let consumes: Vec<&String> = models.clone().map(|(media_type, _)| media_type).collect();
        if !consumes.is_empty() {
            operation.insert("consumes".to_owned(), json!(consumes));
        }
        let produces = produces(method);
        if !produces.is_empty() {
            operation.insert("produces".to_owned(), json!(produces));
        }
        // Swagger has one body for all media types.
        if let Some((_, model)) = models.clone().next() {
            let schema = json!({"$ref": exported.schema_reference(model)});
            parameters.push(json!({"in": "body", "name": model, "required": true, "schema": schema}));
        }
    }
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), parameters.into());
    }
    if exported.form == Form::Oas30 && method.request_models.is_some() {
        let content: Map<String, Value> = models
            .map(|(media_type, model)| {
                (media_type.clone(), json!({"schema": {"$ref": exported.schema_reference(model)}}))
            })
            .collect();
        operation.insert("requestBody".to_owned(), json!({"content": content, "required": true}));
    }
    let responses =
        method.method_responses.iter().map(|(status, found)| (status.clone(), response(exported, status, found)));
    insert(&mut operation, "responses", responses.collect());
    let security = security::of(exported, method);
    if !security.is_empty() {
        operation.insert("security".to_owned(), security.into());
    }
    if exported.extensions.gateway
        && let Some(validator) =
            method.request_validator_id.as_ref().and_then(|id| exported.api.request_validators.get(id))
        && let Some(name) = &validator.name
    {
        operation.insert("x-amazon-apigateway-request-validator".to_owned(), name.as_str().into());
    }
    if exported.extensions.integrations
        && let Some(found) = &method.integration
    {
        operation.insert("x-amazon-apigateway-integration".to_owned(), integration(resource, found));
    }
    operation.into()
}

/// `method.request.querystring.page` as OpenAPI has it.
fn parameter(exported: &Exported<'_>, name: &str, required: bool) -> Option<Value> {
    let (place, name) = name.strip_prefix("method.request.")?.split_once('.')?;
    let place = if place == "querystring" { "query" } else { place };
    let mut parameter = json!({"name": name, "in": place, "required": required});
    match exported.form {
        Form::Swagger => parameter["type"] = "string".into(),
        Form::Oas30 => parameter["schema"] = json!({"type": "string"}),
    }
    Some(parameter)
}

/// The media types of all responses that have a model.
fn produces(method: &Method) -> Vec<&str> {
    let mut types: Vec<&str> = Vec::new();
    for (media_type, _) in
        method.method_responses.values().filter_map(|response| response.response_models.as_ref()).flatten()
    {
        if !types.contains(&media_type.as_str()) {
            types.push(media_type);
        }
    }
    types
}

fn response(exported: &Exported<'_>, status: &str, response: &MethodResponse) -> Value {
    let mut written = Map::new();
    written.insert("description".to_owned(), format!("{status} response").into());
    let headers = response.response_parameters.iter().flatten().filter_map(|(name, _)| {
        let name = name.strip_prefix("method.response.header.")?;
        let header = match exported.form {
            Form::Swagger => json!({"type": "string"}),
            Form::Oas30 => json!({"schema": {"type": "string"}}),
        };
        Some((name.to_owned(), header))
    });
    let headers: Map<String, Value> = headers.collect();
    let models = response.response_models.iter().flatten();
    match exported.form {
        Form::Swagger => {
            if let Some((_, model)) = models.clone().next() {
                written.insert("schema".to_owned(), json!({"$ref": exported.schema_reference(model)}));
            }
            insert(&mut written, "headers", headers);
        }
        Form::Oas30 => {
            insert(&mut written, "headers", headers);
            let content: Map<String, Value> = models
                .map(|(media_type, model)| {
                    (media_type.clone(), json!({"schema": {"$ref": exported.schema_reference(model)}}))
                })
                .collect();
            written.insert("content".to_owned(), content.into());
        }
    }
    written.into()
}

/// `x-amazon-apigateway-integration`, whole.
fn integration(resource: &Resource, found: &Integration) -> Value {
    let mut written = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            written.insert(key.to_owned(), value);
        }
    };
    let text = |value: &Option<String>| value.as_deref().map(Value::from);
    set("type", Some(found.integration_type.as_str().to_ascii_lowercase().into()));
    set("connectionId", text(&found.connection_id));
    set("httpMethod", text(&found.http_method));
    set("uri", text(&found.uri));
    set("credentials", text(&found.credentials));
    let responses: Map<String, Value> = found.integration_responses.values().map(integration_response).collect();
    set("responses", (!responses.is_empty()).then(|| responses.into()));
    set("requestParameters", found.request_parameters.as_ref().map(|found| json!(found)));
    set("requestTemplates", found.request_templates.as_ref().map(|found| json!(found)));
    set("passthroughBehavior", found.passthrough_behavior.as_ref().map(|found| found.to_ascii_lowercase().into()));
    set("contentHandling", text(&found.content_handling));
    set("connectionType", text(&found.connection_type).filter(|kind| kind != "INTERNET"));
    set("timeoutInMillis", (found.timeout_in_millis != 29_000).then(|| found.timeout_in_millis.into()));
    set("cacheNamespace", text(&found.cache_namespace).filter(|namespace| *namespace != *resource.id));
    set("cacheKeyParameters", (!found.cache_key_parameters.is_empty()).then(|| json!(found.cache_key_parameters)));
    set("tlsConfig", found.tls_config.as_ref().map(|found| json!(found)));
    set("responseTransferMode", text(&found.response_transfer_mode));
    set("integrationTarget", text(&found.integration_target));
    written.into()
}

fn integration_response(found: &IntegrationResponse) -> (String, Value) {
    let mut written = json!({"statusCode": found.status_code});
    if let Some(parameters) = &found.response_parameters {
        written["responseParameters"] = json!(parameters);
    }
    if let Some(templates) = &found.response_templates {
        written["responseTemplates"] = json!(templates);
    }
    if let Some(handling) = &found.content_handling {
        written["contentHandling"] = handling.as_str().into();
    }
    (found.selection_pattern.clone().unwrap_or_else(|| "default".to_owned()), written)
}
