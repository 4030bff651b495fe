//! `ImportRestApi` and `PutRestApi`: an API out of an OpenAPI document.

mod merge;

use serde_json::Value;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::api_policy;
use super::errors::{bad_request, no_api};
use super::rest_apis::described;
use crate::ids;
use crate::model::{EndpointConfiguration, RestApi};
use crate::template::openapi_rest::{self, BasePath, Options};

pub(super) const OPERATIONS: &[Entry] = &[
    op("ImportRestApi", import).partly("documentation parts come from x-amazon-apigateway-documentation only"),
    op("PutRestApi", put).partly("documentation parts come from x-amazon-apigateway-documentation only"),
];

/// What the query says of the import, beside `mode` and `failonwarnings`.
#[derive(Debug, Default)]
struct Parameters {
    options: Options,
    endpoint: Option<EndpointConfiguration>,
}

/// Reads `parameters`; AWS takes their names in either case.
fn parameters(call: &Call<'_>) -> Result<Parameters, ApiError> {
    let mut parameters = Parameters::default();
    for (name, value) in call.member("parameters").and_then(Value::as_object).into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "basepath" => {
                parameters.options.base_path = match text.to_ascii_lowercase().as_str() {
                    "ignore" => BasePath::Ignore,
                    "prepend" => BasePath::Prepend,
                    "split" => BasePath::Split,
                    _ => {
                        let message =
                            format!("Invalid basepath '{text}' specified. Must be one of: [ignore, prepend, split]");
                        return Err(bad_request(message));
                    }
                };
            }
            "ignore" => {
                parameters.options.ignore_documentation = text.split(',').any(|what| what.trim() == "documentation");
            }
            "endpointconfigurationtypes" => {
                let types: Vec<String> = text.split(',').map(|kind| kind.trim().to_owned()).collect();
                if types.len() != 1 || !["EDGE", "REGIONAL", "PRIVATE"].contains(&types[0].as_str()) {
                    let message =
                        "Invalid EndpointTypes specified. Valid options are EDGE, REGIONAL, PRIVATE, and one of them";
                    return Err(bad_request(message));
                }
                parameters.endpoint.get_or_insert_default().types = types;
            }
            "vpcendpointids" => {
                parameters.endpoint.get_or_insert_default().vpc_endpoint_ids =
                    text.split(',').map(|id| id.trim().to_owned()).collect();
            }
            // As AWS does with names that it does not know.
            _ => {}
        }
    }
    Ok(parameters)
}

/// The API that the body defines.
fn read(call: &Call<'_>, id: &str) -> Result<RestApi, ApiError> {
    let Parameters { options, endpoint } = parameters(call)?;
    let mut api = openapi_rest::rest_api(id, &call.input.payload, options)
        .map_err(|errors| bad_request(format!("Errors found during import:\n\t{}", errors.join("\n\t"))))?;
    if let Some(endpoint) = endpoint {
        api.endpoint_configuration.get_or_insert_default().types = endpoint.types;
        if !endpoint.vpc_endpoint_ids.is_empty() {
            api.endpoint_configuration.get_or_insert_default().vpc_endpoint_ids = endpoint.vpc_endpoint_ids;
        }
    }
    if call.boolean("failOnWarnings").unwrap_or(false) && !api.warnings.is_empty() {
        return Err(bad_request(format!("Warnings found during import:\n\t{}", api.warnings.join("\n\t"))));
    }
    if api.name.trim().is_empty() {
        return Err(bad_request(
            "Errors found during import:\n\tThe document needs `info` with a `title`, the API's name",
        ));
    }
    if let Some(policy) = api.policy.take() {
        api.policy = api_policy::checked(&policy, call.world, id)?;
    }
    for version in api.documentation_versions.values_mut() {
        version.created_date = call.now();
    }
    Ok(api)
}

fn import(call: &Call<'_>) -> Outcome {
    let id = ids::short_id(10);
    let mut api = read(call, &id)?;
    api.created_date = call.now();
    api.api_key_source.get_or_insert_with(|| "HEADER".to_owned());
    let output = described(&api)?;
    // Warnings are this import's, and not the API's for ever.
    api.warnings.clear();
    lock(&call.world.apigateway).apis.insert(id, api)?;
    Output::of(output)
}

fn put(call: &Call<'_>) -> Outcome {
    let id = call.text("restApiId");
    // AWS merges unless told otherwise.
    let overwrite = call.optional_text("mode") == Some("overwrite");
    if !lock(&call.world.apigateway).apis.contains(id) {
        return Err(no_api(call, id));
    }
    let imported = read(call, id)?;
    let warnings = imported.warnings.clone();
    let mut state = lock(&call.world.apigateway);
    let mut api = state.change(call, |api| {
        if overwrite {
            merge::overwrite(api, imported);
        } else {
            merge::merge(api, imported);
        }
        api.warnings.clear();
        Ok(api.clone())
    })?;
    drop(state);
    api.warnings = warnings;
    Output::of(described(&api)?)
}

#[cfg(test)]
mod tests;
