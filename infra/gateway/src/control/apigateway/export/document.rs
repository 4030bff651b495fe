//! The document as a whole.

use serde_json::{Map, Value, json};

use super::{Exported, Form, methods, security, timestamp};

/// Writes the document, in the order in which AWS does.
pub(super) fn write(exported: &Exported<'_>) -> Value {
    let Exported { form, api, stage, region, .. } = *exported;
    let mut document = Map::new();
    let host = format!("{}.execute-api.{region}.amazonaws.com", api.id);
    match form {
        Form::Swagger => document.insert("swagger".to_owned(), "2.0".into()),
        Form::Oas30 => document.insert("openapi".to_owned(), "3.0.1".into()),
    };
    let mut info = Map::new();
    if let Some(description) = &api.description {
        info.insert("description".to_owned(), description.as_str().into());
    }
    info.insert("version".to_owned(), api.version.clone().unwrap_or_else(|| timestamp(exported.at)).into());
    info.insert("title".to_owned(), api.name.as_str().into());
    document.insert("info".to_owned(), info.into());
    match form {
        Form::Swagger => {
            document.insert("host".to_owned(), host.into());
            document.insert("basePath".to_owned(), format!("/{stage}").into());
            document.insert("schemes".to_owned(), json!(["https"]));
        }
        Form::Oas30 => {
            let url = format!("https://{host}/{{basePath}}");
            let mut server = json!({"url": url, "variables": {"basePath": {"default": stage}}});
            if let Some(endpoint) = endpoint(exported) {
                server[ENDPOINT] = endpoint;
            }
            document.insert("servers".to_owned(), json!([server]));
        }
    }
    let tags: Vec<Value> =
        api.tags.iter().map(|(name, value)| json!({"name": name, "x-amazon-apigateway-tag-value": value})).collect();
    if exported.extensions.gateway && !tags.is_empty() {
        document.insert("tags".to_owned(), tags.into());
    }
    document.insert("paths".to_owned(), methods::paths(exported));
    let schemes = security::schemes(exported);
    let schemas = schemas(exported);
    match form {
        Form::Swagger => {
            insert(&mut document, "securityDefinitions", schemes);
            insert(&mut document, "definitions", schemas);
        }
        Form::Oas30 => {
            let mut components = Map::new();
            insert(&mut components, "schemas", schemas);
            insert(&mut components, "securitySchemes", schemes);
            document.insert("components".to_owned(), components.into());
        }
    }
    if form == Form::Swagger
        && let Some(endpoint) = endpoint(exported)
    {
        document.insert(ENDPOINT.to_owned(), endpoint);
    }
    if exported.extensions.gateway {
        extensions(&mut document, exported);
    }
    if exported.extensions.documentation
        && let Some(version) = exported.documentation
    {
        let parts: Vec<Value> = version
            .documentation_parts
            .values()
            .map(|part| {
                let properties = serde_json::from_str::<Value>(&part.properties);
                json!({"location": part.location, "properties": properties.unwrap_or_else(|_| part.properties.clone().into())})
            })
            .collect();
        let documentation = json!({"version": version.version, "createdDate": timestamp(version.created_date), "documentationParts": parts});
        document.insert("x-amazon-apigateway-documentation".to_owned(), documentation);
    }
    Value::Object(document)
}

/// Sets what is not empty.
pub(super) fn insert(map: &mut Map<String, Value>, key: &str, value: Map<String, Value>) {
    if !value.is_empty() {
        map.insert(key.to_owned(), value.into());
    }
}

/// The models, their references within the document again.
fn schemas(exported: &Exported<'_>) -> Map<String, Value> {
    let models = exported.api.models.iter();
    models
        .map(|(name, model)| {
            let schema = model.schema.as_deref().and_then(|schema| serde_json::from_str(schema).ok());
            (name.clone(), local(exported, schema.unwrap_or_else(|| json!({"type": "object"}))))
        })
        .collect()
}

fn local(exported: &Exported<'_>, value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| local(exported, item)).collect(),
        Value::Object(map) => {
            let entries = map.into_iter().map(|(key, value)| {
                let value = match value {
                    Value::String(text) if key == "$ref" => match text.rsplit_once("/models/") {
                        Some((_, name)) => exported.schema_reference(name),
                        None => Value::String(text),
                    },
                    other => local(exported, other),
                };
                (key, value)
            });
            Value::Object(entries.collect())
        }
        other => other,
    }
}

impl Exported<'_> {
    /// Where the document has a model.
    pub(super) fn schema_reference(&self, name: &str) -> Value {
        match self.form {
            Form::Swagger => format!("#/definitions/{name}").into(),
            Form::Oas30 => format!("#/components/schemas/{name}").into(),
        }
    }
}

/// `x-amazon-apigateway-*` of the API.
fn extensions(document: &mut Map<String, Value>, exported: &Exported<'_>) {
    let api = exported.api;
    let mut set = |key: &str, value: Value| {
        document.insert(format!("x-amazon-apigateway-{key}"), value);
    };
    if !api.request_validators.is_empty() {
        let validators: Map<String, Value> = api
            .request_validators
            .values()
            .filter_map(|validator| {
                let settings = json!({"validateRequestParameters": validator.validate_request_parameters,
                    "validateRequestBody": validator.validate_request_body});
                Some((validator.name.clone()?, settings))
            })
            .collect();
        set("request-validators", validators.into());
    }
    if !api.gateway_responses.is_empty() {
        let responses: Map<String, Value> = api
            .gateway_responses
            .iter()
            .map(|(name, response)| {
                let mut written = Map::new();
                if let Some(status) = &response.status_code {
                    written.insert("statusCode".to_owned(), status.as_str().into());
                }
                if !response.response_parameters.is_empty() {
                    written.insert("responseParameters".to_owned(), json!(response.response_parameters));
                }
                written.insert("responseTemplates".to_owned(), json!(response.response_templates));
                (name.clone(), written.into())
            })
            .collect();
        set("gateway-responses", responses.into());
    }
    if !api.binary_media_types.is_empty() {
        set("binary-media-types", json!(api.binary_media_types));
    }
    if let Some(size) = api.minimum_compression_size {
        set("minimum-compression-size", size.into());
    }
    if let Some(source) = api.api_key_source.as_deref().filter(|source| *source != "HEADER") {
        set("api-key-source", source.into());
    }
    if let Some(policy) = &api.policy {
        set("policy", serde_json::from_str(policy).unwrap_or_else(|_| policy.as_str().into()));
    }
    if let Some(policy) = &api.security_policy {
        set("security-policy", policy.as_str().into());
    }
    if let Some(mode) = &api.endpoint_access_mode {
        set("endpoint-access-mode", mode.as_str().into());
    }
}

const ENDPOINT: &str = "x-amazon-apigateway-endpoint-configuration";

/// The endpoint, as far as it is not as every API has it. AWS does not write its type, which an import takes all the same.
fn endpoint(exported: &Exported<'_>) -> Option<Value> {
    let api = exported.api;
    let mut written = Map::new();
    if api.disable_execute_api_endpoint {
        written.insert("disableExecuteApiEndpoint".to_owned(), true.into());
    }
    if let Some(configuration) = &api.endpoint_configuration {
        if configuration.types.iter().any(|kind| kind != "EDGE") {
            written.insert("types".to_owned(), json!(configuration.types));
        }
        if let Some(kind) = &configuration.ip_address_type {
            written.insert("ipAddressType".to_owned(), kind.as_str().into());
        }
        if !configuration.vpc_endpoint_ids.is_empty() {
            written.insert("vpcEndpointIds".to_owned(), json!(configuration.vpc_endpoint_ids));
        }
    }
    (exported.extensions.gateway && !written.is_empty()).then(|| written.into())
}
