//! `ExportApi`: an HTTP API as an OpenAPI 3.0 document, with API Gateway's extensions or without.

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::protocol::lower_first;
use super::super::world::lock;
use super::super::yaml;
use super::errors::{bad_request, no_stage};
use super::state::deployment_key;
use crate::model::{Api, ApiAuthorizer, ApiIntegration, ProtocolType, Route};

pub(super) const OPERATIONS: &[Entry] = &[op("ExportApi", export)];

fn export(call: &Call<'_>) -> Outcome {
    if call.text("Specification") != "OAS30" {
        return Err(bad_request("Invalid Specification: OAS30 is the only one that there is"));
    }
    if call.optional_text("ExportVersion").is_some_and(|version| version != "1.0") {
        return Err(bad_request("Invalid ExportVersion: 1.0 is the only one that there is"));
    }
    let state = lock(&call.world.apigatewayv2);
    let api = state.api(call.text("ApiId"))?;
    if api.protocol_type == ProtocolType::WebSocket {
        return Err(bad_request("Only HTTP APIs can be exported"));
    }
    // What a stage serves, or else what is there now.
    let exported = match call.optional_text("StageName") {
        None => api,
        Some(name) => {
            let stage = api.stages.get(name).ok_or_else(no_stage)?;
            let key = stage.deployment_id.as_ref().map(|id| deployment_key(&api.api_id, id));
            let deployment = key.and_then(|key| state.deployments.get(&key));
            &deployment.ok_or_else(|| bad_request(format!("Nothing is deployed to the stage {name}")))?.snapshot
        }
    };
    let extensions = call.boolean("IncludeExtensions").unwrap_or(true);
    let mut document = document(exported, extensions);
    document["servers"] = json!([server(api, call)]);
    let text = match call.text("OutputType") {
        "JSON" => serde_json::to_string_pretty(&document).map_err(ApiError::internal)?,
        "YAML" => yaml::write(&document),
        other => return Err(bad_request(format!("Invalid OutputType {other}: it is JSON or YAML"))),
    };
    Ok(Output { payload: text.into(), ..Output::default() })
}

/// The document, whose servers are the caller's to say.
pub(in crate::control) fn document(api: &Api, extensions: bool) -> Value {
    let mut document = json!({
        "openapi": "3.0.1",
        "info": {
            "title": api.name,
            "version": api.version.clone().unwrap_or_else(|| crate::clock::iso8601(api.created_date)),
        },
        "servers": [],
        "paths": paths(api, extensions),
    });
    if let Some(description) = &api.description {
        document["info"]["description"] = description.as_str().into();
    }
    if !api.tags.is_empty() {
        let tag = |(name, value): (&String, &String)| match extensions {
            true => json!({ "name": name, "x-amazon-apigateway-tag-value": value }),
            false => json!({ "name": name }),
        };
        document["tags"] = api.tags.iter().map(tag).collect();
    }
    let schemes: Map<_, _> =
        api.authorizers.values().map(|authorizer| (authorizer.name.clone(), scheme(authorizer, extensions))).collect();
    if !schemes.is_empty() {
        document["components"] = json!({ "securitySchemes": schemes });
    }
    if extensions {
        if let Some(cors) = &api.cors_configuration {
            document["x-amazon-apigateway-cors"] = lower_keys(&json!(cors));
        }
        document["x-amazon-apigateway-importexport-version"] = "1.0".into();
    }
    document
}

fn server(api: &Api, call: &Call<'_>) -> Value {
    let url = format!("http://{}.execute-api.localhost:{}", api.api_id, call.world.gateway.port);
    match call.optional_text("StageName") {
        None | Some("$default") => json!({ "url": url }),
        Some(stage) => json!({
            "url": format!("{url}/{{basePath}}"),
            "variables": { "basePath": { "default": stage } },
        }),
    }
}

fn paths(api: &Api, extensions: bool) -> Value {
    let mut paths = Map::new();
    for route in api.routes.values() {
        let (method, path) = route.route_key.split_once(' ').unwrap_or(("ANY", "/$default"));
        let verb = match method {
            "ANY" => "x-amazon-apigateway-any-method".to_owned(),
            verb => verb.to_ascii_lowercase(),
        };
        if !extensions && method == "ANY" {
            continue;
        }
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[verb] = operation(api, route, extensions);
        let variables = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters: Vec<_> = variables
            .map(|name| {
                let name = name.trim_end_matches('+');
                json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
            })
            .collect();
        if !parameters.is_empty() {
            item["parameters"] = parameters.into();
        }
    }
    Value::Object(paths)
}

fn operation(api: &Api, route: &Route, extensions: bool) -> Value {
    let mut operation = json!({
        "responses": { "default": { "description": format!("Default response for {}", route.route_key) } },
    });
    if let Some(name) = &route.operation_name {
        operation["operationId"] = name.as_str().into();
    }
    let authorizer = route.authorizer_id.as_ref().and_then(|id| api.authorizers.get(id));
    if let Some(authorizer) = authorizer.filter(|_| route.authorization_type != "NONE") {
        operation["security"] = json!([{ authorizer.name.as_str(): route.authorization_scopes }]);
    }
    if extensions {
        if route.route_key == "$default" {
            operation["isDefaultRoute"] = true.into();
        }
        if route.authorization_type == "AWS_IAM" {
            operation["x-amazon-apigateway-auth"] = json!({ "type": "AWS_IAM" });
        }
        if let Some(integration) = route.integration_id.as_ref().and_then(|id| api.integrations.get(id)) {
            operation["x-amazon-apigateway-integration"] = self::integration(integration);
        }
    }
    operation
}

fn integration(integration: &ApiIntegration) -> Value {
    let mut out = json!({
        "type": integration.integration_type.as_str().to_ascii_lowercase(),
        "payloadFormatVersion": integration.payload_format_version,
        "timeoutInMillis": integration.timeout_in_millis,
    });
    let optional = [
        ("httpMethod", &integration.integration_method),
        ("uri", &integration.integration_uri),
        ("connectionType", &integration.connection_type),
        ("connectionId", &integration.connection_id),
        ("credentials", &integration.credentials_arn),
        ("integrationSubtype", &integration.integration_subtype),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            out[name] = value.as_str().into();
        }
    }
    if !integration.request_parameters.is_empty() {
        out["requestParameters"] = json!(integration.request_parameters);
    }
    if !integration.response_parameters.is_empty() {
        out["responseParameters"] = json!(integration.response_parameters);
    }
    out
}

fn scheme(authorizer: &ApiAuthorizer, extensions: bool) -> Value {
    if authorizer.authorizer_type == "JWT" {
        let mut scheme = json!({ "type": "oauth2" });
        if extensions {
            let jwt = authorizer.jwt_configuration.as_ref().map(lower_keys);
            let source = authorizer.identity_source.join(",");
            scheme["x-amazon-apigateway-authorizer"] =
                json!({ "type": "jwt", "identitySource": source, "jwtConfiguration": jwt });
        }
        return scheme;
    }
    let header = authorizer.identity_source.iter().find_map(|source| source.strip_prefix("$request.header."));
    let mut scheme = json!({ "type": "apiKey", "name": header.unwrap_or("Authorization"), "in": "header" });
    if extensions {
        let mut out = json!({
            "type": "request",
            "authorizerUri": authorizer.authorizer_uri,
            "authorizerPayloadFormatVersion": authorizer.authorizer_payload_format_version,
            "authorizerResultTtlInSeconds": authorizer.authorizer_result_ttl_in_seconds,
            "enableSimpleResponses": authorizer.enable_simple_responses,
            "identitySource": authorizer.identity_source.join(","),
        });
        if let Some(credentials) = &authorizer.authorizer_credentials_arn {
            out["authorizerCredentials"] = credentials.as_str().into();
        }
        scheme["x-amazon-apigateway-authorizer"] = out;
    }
    scheme
}

/// `AllowOrigins` to `allowOrigins`, as the extensions write names.
fn lower_keys(value: &Value) -> Value {
    match value {
        Value::Object(object) => object.iter().map(|(name, value)| (lower_first(name), value.clone())).collect(),
        other => other.clone(),
    }
}
