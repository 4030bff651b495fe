//! Integrations and their responses.

use indexmap::IndexMap;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, no_such, not_found};
use super::mapping;
use super::methods::known;
use super::patch::{self, Op, Refusal, Rule, any, replace};
use crate::model::{Integration, IntegrationResponse, IntegrationType, Method, TlsConfig};

pub(super) const OPERATIONS: &[Entry] = &[
    op("PutIntegration", put),
    op("GetIntegration", get),
    op("UpdateIntegration", update),
    op("DeleteIntegration", delete),
    op("PutIntegrationResponse", put_response),
    op("GetIntegrationResponse", get_response),
    op("UpdateIntegrationResponse", update_response),
    op("DeleteIntegrationResponse", delete_response),
];

/// `timeoutInMillis`; a stream may take longer.
const TIMEOUT: std::ops::RangeInclusive<u32> = 50..=29_000;
const STREAM_TIMEOUT: std::ops::RangeInclusive<u32> = 50..=900_000;

fn put(call: &Call<'_>) -> Outcome {
    let mut integration: Integration = call.parse()?;
    // In the input `httpMethod` is the method that the integration is of.
    integration.http_method = call.optional_text("integrationHttpMethod").filter(|m| !m.is_empty()).map(str::to_owned);
    integration.passthrough_behavior.get_or_insert_with(|| "WHEN_NO_MATCH".to_owned());
    integration.cache_namespace.get_or_insert_with(|| call.text("resourceId").to_owned());
    match integration.integration_type {
        IntegrationType::Http | IntegrationType::HttpProxy => {
            integration.connection_type.get_or_insert_with(|| "INTERNET".to_owned());
        }
        IntegrationType::Mock => integration.uri = None,
        _ => {}
    }
    let mut state = lock(&call.world.apigateway);
    state.change_method(call, |_, method| {
        check(method, &integration)?;
        let output = Output::of(&integration)?;
        method.integration = Some(integration);
        Ok(output)
    })
}

fn check(method: &Method, integration: &Integration) -> Result<(), ApiError> {
    let uri = integration.uri.as_deref().unwrap_or_default();
    if integration.integration_type != IntegrationType::Mock && integration.http_method.is_none() {
        return Err(bad_request("Enumeration value for HttpMethod must be non-empty"));
    }
    if let Some(verb) = &integration.http_method
        && !matches!(verb.as_str(), "GET" | "PUT" | "POST" | "DELETE" | "PATCH" | "OPTIONS" | "HEAD" | "ANY")
    {
        return Err(bad_request(
            "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY",
        ));
    }
    match integration.integration_type {
        IntegrationType::Http | IntegrationType::HttpProxy if !is_http(uri) => {
            return Err(bad_request("Invalid HTTP endpoint specified for URI"));
        }
        IntegrationType::Aws | IntegrationType::AwsProxy => check_arn(integration, uri)?,
        _ => {}
    }
    if integration.connection_type.as_deref() == Some("VPC_LINK") && integration.connection_id.is_none() {
        return Err(bad_request("A connectionId must be specified for a connectionType of VPC_LINK"));
    }
    let stream = integration.response_transfer_mode.as_deref() == Some("STREAM");
    let timeouts = if stream { STREAM_TIMEOUT } else { TIMEOUT };
    if !timeouts.contains(&integration.timeout_in_millis) {
        return Err(bad_request(format!(
            "Timeout should be between {} ms and {} ms",
            timeouts.start(),
            timeouts.end()
        )));
    }
    let passthrough = integration.passthrough_behavior.as_deref().unwrap_or("WHEN_NO_MATCH");
    if !matches!(passthrough, "WHEN_NO_MATCH" | "WHEN_NO_TEMPLATES" | "NEVER") {
        return Err(bad_request(format!(
            "Invalid passthrough behavior specified: {passthrough}. Valid options are WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER"
        )));
    }
    let targets = ["integration.request.querystring.", "integration.request.path.", "integration.request.header."];
    mapping::check_targets(integration.request_parameters.iter().flat_map(IndexMap::keys), &targets)?;
    let declared = |name: &str| method.request_parameters.as_ref().is_some_and(|declared| declared.contains_key(name));
    let mut sources = integration.request_parameters.iter().flat_map(IndexMap::values);
    if let Some(source) = sources.find(|source| !mapping::is_request_source(source, declared)) {
        return Err(mapping::not_a_source(source));
    }
    // A cache's key has what the method declares, or what the integration is sent of it.
    let mapped = |name: &str| integration.request_parameters.as_ref().is_some_and(|mapped| mapped.contains_key(name));
    let of_request = |name: &str| name.starts_with("method.request.") && mapping::is_request_source(name, declared);
    match integration.cache_key_parameters.iter().all(|name| of_request(name) || mapped(name)) {
        true => Ok(()),
        false => Err(bad_request("Invalid cache key parameter specified")),
    }
}

fn is_http(uri: &str) -> bool {
    let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://"));
    uri.starts_with("${stageVariables.") || rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

fn check_arn(integration: &Integration, uri: &str) -> Result<(), ApiError> {
    // A stage variable may be anything, a whole ARN too.
    if uri.starts_with("${stageVariables.") {
        return Ok(());
    }
    let parts: Vec<_> = uri.splitn(6, ':').collect();
    let [arn, _, service, _, target, resource] = parts[..] else {
        return Err(bad_request("Invalid ARN specified in the request"));
    };
    if arn != "arn" {
        return Err(bad_request("Invalid ARN specified in the request"));
    }
    if service != "apigateway" || !(resource.starts_with("path/") || resource.starts_with("action/")) {
        return Err(bad_request("AWS ARN for integration must contain path or action"));
    }
    if integration.integration_type == IntegrationType::AwsProxy && !matches!(target, "lambda" | "firehose") {
        return Err(bad_request(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ));
    }
    // Functions have their own permissions.
    if target != "lambda" && integration.credentials.is_none() {
        return Err(bad_request("Role ARN must be specified for AWS integrations"));
    }
    Ok(())
}

fn no_integration() -> ApiError {
    no_such("Integration")
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    Output::of(state.method(call)?.integration.as_ref().ok_or_else(no_integration)?)
}

const RULES: &[Rule<Integration>] = &[
    any("/cacheKeyParameters/{name}", |integration, patch| {
        patch.member(&mut integration.cache_key_parameters, patch.key());
        Ok(())
    }),
    any("/cacheKeyParameters", |integration, patch| {
        patch.member(&mut integration.cache_key_parameters, patch.text());
        Ok(())
    }),
    replace("/cacheNamespace", |integration, patch| {
        integration.cache_namespace = patch.optional();
        Ok(())
    }),
    replace("/connectionId", |integration, patch| {
        integration.connection_id = patch.optional();
        Ok(())
    }),
    replace("/connectionType", |integration, patch| {
        if !matches!(patch.text(), "INTERNET" | "VPC_LINK") {
            return Err(bad_request(format!("Invalid connection type specified: {}", patch.text())));
        }
        integration.connection_type = patch.optional();
        Ok(())
    }),
    replace("/contentHandling", |integration, patch| {
        integration.content_handling = content_handling(patch)?;
        Ok(())
    }),
    replace("/credentials", |integration, patch| {
        integration.credentials = patch.optional();
        Ok(())
    }),
    replace("/httpMethod", |integration, patch| {
        not_mock(integration, patch)?;
        integration.http_method = patch.optional();
        Ok(())
    }),
    replace("/integrationTarget", |integration, patch| {
        integration.integration_target = patch.optional();
        Ok(())
    }),
    replace("/passthroughBehavior", |integration, patch| {
        integration.passthrough_behavior = patch.optional();
        Ok(())
    }),
    any("/requestParameters/{name}", |integration, patch| {
        known(patch, integration.request_parameters.as_ref())?;
        patch.optional_entry(&mut integration.request_parameters, str::to_owned);
        Ok(())
    }),
    any("/requestTemplates/{contentType}", |integration, patch| {
        known(patch, integration.request_templates.as_ref())?;
        patch.optional_entry(&mut integration.request_templates, |value| Some(value.to_owned()));
        Ok(())
    }),
    replace("/responseTransferMode", |integration, patch| {
        if !matches!(patch.text(), "BUFFERED" | "STREAM") {
            return Err(bad_request(format!("Invalid response transfer mode specified: {}", patch.text())));
        }
        integration.response_transfer_mode = patch.optional();
        Ok(())
    }),
    replace("/timeoutInMillis", |integration, patch| {
        integration.timeout_in_millis = patch.number()?;
        Ok(())
    }),
    replace("/tlsConfig/insecureSkipVerification", |integration, patch| {
        let tls = integration.tls_config.get_or_insert_with(TlsConfig::default);
        tls.insecure_skip_verification = patch.boolean();
        Ok(())
    }),
    replace("/uri", |integration, patch| {
        not_mock(integration, patch)?;
        integration.uri = patch.optional();
        Ok(())
    }),
];

fn not_mock(integration: &Integration, patch: &patch::Patch) -> Result<(), ApiError> {
    match integration.integration_type {
        IntegrationType::Mock => Err(bad_request(format!("Invalid patch path {}", patch.path))),
        _ => Ok(()),
    }
}

fn content_handling(patch: &patch::Patch) -> Result<Option<String>, ApiError> {
    match patch.text() {
        "" | "CONVERT_TO_BINARY" | "CONVERT_TO_TEXT" => Ok(patch.optional()),
        other => Err(bad_request(format!("Invalid content handling specified: {other}"))),
    }
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    state.change_method(call, |_, method| {
        let mut integration = method.integration.clone().ok_or_else(no_integration)?;
        patch::apply(&mut integration, &operations, RULES, Refusal::Operations)?;
        check(method, &integration)?;
        Output::of(method.integration.insert(integration))
    })
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    state.change_method(call, |_, method| method.integration.take().map(|_| Output::empty()).ok_or_else(no_integration))
}

fn no_response() -> ApiError {
    not_found("Invalid Response status code specified")
}

fn check_response(method: &Method, response: &IntegrationResponse) -> Result<(), ApiError> {
    let Some(parameters) = response.response_parameters.as_ref().filter(|parameters| !parameters.is_empty()) else {
        return Ok(());
    };
    let declared = method.method_responses.get(&response.status_code).ok_or_else(mapping::no_method_response)?;
    let is_declared = |name: &str| declared.response_parameters.as_ref().is_some_and(|names| names.contains_key(name));
    for (name, source) in parameters {
        if !is_declared(name) {
            return Err(mapping::not_a_target(name));
        }
        if !mapping::is_response_source(source) {
            return Err(mapping::not_a_source(source));
        }
    }
    Ok(())
}

fn put_response(call: &Call<'_>) -> Outcome {
    let response: IntegrationResponse = call.parse()?;
    let mut state = lock(&call.world.apigateway);
    state.change_method(call, |_, method| {
        if method.integration.is_none() {
            return Err(no_integration());
        }
        check_response(method, &response)?;
        let output = Output::of(&response)?;
        if let Some(integration) = &mut method.integration {
            integration.integration_responses.insert(response.status_code.clone(), response);
            integration.integration_responses.sort_unstable_keys();
        }
        Ok(output)
    })
}

fn get_response(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let integration = state.method(call)?.integration.as_ref().ok_or_else(no_integration)?;
    Output::of(integration.integration_responses.get(call.text("statusCode")).ok_or_else(no_response)?)
}

const RESPONSE_RULES: &[Rule<IntegrationResponse>] = &[
    replace("/contentHandling", |response, patch| {
        response.content_handling = content_handling(patch)?;
        Ok(())
    }),
    any("/responseParameters/{name}", |response, patch| {
        known(patch, response.response_parameters.as_ref())?;
        patch.optional_entry(&mut response.response_parameters, str::to_owned);
        Ok(())
    }),
    any("/responseTemplates/{contentType}", |response, patch| {
        known(patch, response.response_templates.as_ref())?;
        patch.optional_entry(&mut response.response_templates, |value| Some(value.to_owned()));
        Ok(())
    }),
    replace("/selectionPattern", |response, patch| {
        response.selection_pattern = patch.value.clone().filter(|_| patch.op != Op::Remove);
        Ok(())
    }),
];

fn update_response(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    state.change_method(call, |_, method| {
        let responses = &method.integration.as_ref().ok_or_else(no_integration)?.integration_responses;
        let mut response = responses.get(call.text("statusCode")).cloned().ok_or_else(no_response)?;
        patch::apply(&mut response, &operations, RESPONSE_RULES, Refusal::Operations)?;
        check_response(method, &response)?;
        let output = Output::of(&response)?;
        if let Some(integration) = &mut method.integration {
            integration.integration_responses.insert(response.status_code.clone(), response);
        }
        Ok(output)
    })
}

fn delete_response(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    state.change_method(call, |_, method| {
        let integration = method.integration.as_mut().ok_or_else(no_integration)?;
        let gone = integration.integration_responses.shift_remove(call.text("statusCode"));
        gone.map(|_| Output::empty()).ok_or_else(no_response)
    })
}
