//! REST APIs themselves.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::Value;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, no_api};
use super::page::{json, page};
use super::patch::{self, Op, Refusal, Rule, add_remove, any, replace};
use super::state::deployment_key;
use super::{api_policy, models, publish};
use crate::ids;
use crate::model::{EndpointConfiguration, Resource, RestApi};

/// Bytes from which on answers are compressed, at most.
const MAX_COMPRESSION_SIZE: i64 = 10_485_760;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateRestApi", create),
    op("GetRestApi", get),
    op("GetRestApis", list),
    op("UpdateRestApi", update),
    op("DeleteRestApi", delete),
];

fn create(call: &Call<'_>) -> Outcome {
    if call.text("name").trim().is_empty() {
        return Err(bad_request("Name cannot be an empty string"));
    }
    if call.optional_text("description") == Some("") {
        return Err(bad_request("Description cannot be an empty string"));
    }
    if let Some(size) = call.integer("minimumCompressionSize") {
        compression_size(size)?;
    }
    let mut asked: RestApi = call.parse()?;
    let mut state = lock(&call.world.apigateway);
    asked.id = ids::short_id(10);
    asked.created_date = call.now();
    asked.api_key_source.get_or_insert_with(|| "HEADER".to_owned());
    asked.endpoint_configuration = Some(endpoint(asked.endpoint_configuration.take())?);
    if let Some(policy) = asked.policy.take() {
        asked.policy = api_policy::checked(&policy, call.world, &asked.id)?;
    }
    asked.models = models::defaults();
    asked.resources = vec![root().into()];
    if let Some(source) = call.optional_text("cloneFrom").filter(|id| !id.is_empty()) {
        let source = state.apis.get(source).ok_or_else(|| no_api(call, source))?;
        clone_from(&mut asked, source);
    }
    let output = described(&asked)?;
    state.apis.insert(asked.id.clone(), asked)?;
    Output::of(output)
}

/// A root resource.
pub(super) fn root() -> Resource {
    Resource { id: ids::short_id(10), path: "/".to_owned(), ..Resource::default() }
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    Output::of(described(state.api(call)?)?)
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    page(call, state.apis.iter(), described)
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    let mut output = state.change(call, |api| {
        patch::apply(api, &operations, RULES, Refusal::Operations)?;
        if let Some(policy) = api.policy.take() {
            api.policy = api_policy::checked(&policy, call.world, &api.id)?;
        }
        described(api)
    })?;
    // AWS tells of no tags here only.
    if let Value::Object(members) = &mut output {
        members.entry("tags").or_insert_with(|| Value::Object(serde_json::Map::new()));
    }
    Output::of(output)
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    let id = state.api(call)?.id.clone();
    let deployments: Vec<_> = state.deployments(&id).map(|(deployment, _)| deployment_key(&id, deployment)).collect();
    state.apis.remove(&id)?;
    for deployment in deployments {
        state.deployments.remove(&deployment)?;
    }
    drop(state);
    publish::withdraw(call.control, &id);
    lock(&call.world.registry).unbind(&id, None)?;
    Ok(Output::empty())
}

/// The API as `get-rest-api` shows it: itself, without what is in it.
pub(super) fn described(api: &RestApi) -> Result<Value, ApiError> {
    let head = RestApi {
        id: api.id.clone(),
        name: api.name.clone(),
        description: api.description.clone(),
        created_date: api.created_date,
        version: api.version.clone(),
        warnings: api.warnings.clone(),
        binary_media_types: api.binary_media_types.clone(),
        minimum_compression_size: api.minimum_compression_size,
        api_key_source: Some(api.api_key_source.clone().unwrap_or_else(|| "HEADER".to_owned())),
        endpoint_configuration: Some(endpoint(api.endpoint_configuration.clone()).unwrap_or_default()),
        policy: api.policy.as_deref().map(api_policy::shown),
        tags: api.tags.clone(),
        disable_execute_api_endpoint: api.disable_execute_api_endpoint,
        security_policy: api.security_policy.clone(),
        endpoint_access_mode: api.endpoint_access_mode.clone(),
        ..RestApi::default()
    };
    let mut value = json(head)?;
    if let (Value::Object(members), Some(root)) = (&mut value, api.resources.iter().find(|r| r.parent_id.is_none())) {
        members.insert("rootResourceId".to_owned(), root.id.as_str().into());
    }
    Ok(value)
}

fn compression_size(size: i64) -> Result<u32, ApiError> {
    let fits = (0..=MAX_COMPRESSION_SIZE).contains(&size).then(|| u32::try_from(size).ok()).flatten();
    fits.ok_or_else(|| bad_request("Invalid minimum compression size, must be between 0 and 10485760"))
}

/// The endpoint with AWS's defaults.
fn endpoint(asked: Option<EndpointConfiguration>) -> Result<EndpointConfiguration, ApiError> {
    let mut endpoint = asked.unwrap_or_default();
    if endpoint.types.is_empty() {
        endpoint.types.push("EDGE".to_owned());
    }
    if endpoint.types.len() > 1 {
        return Err(bad_request("Only one endpoint type is supported for an API"));
    }
    let private = endpoint.types[0] == "PRIVATE";
    if !private && !endpoint.vpc_endpoint_ids.is_empty() {
        return Err(bad_request("VPCEndpoints can only be specified with PRIVATE apis."));
    }
    endpoint.ip_address_type.get_or_insert_with(|| if private { "dualstack" } else { "ipv4" }.to_owned());
    Ok(endpoint)
}

const RULES: &[Rule<RestApi>] = &[
    replace("/name", |api, patch| {
        if patch.text().trim().is_empty() {
            return Err(bad_request("Name cannot be an empty string"));
        }
        api.name = patch.text().to_owned();
        Ok(())
    }),
    any("/description", |api, patch| {
        api.description = patch.optional().filter(|_| patch.op != Op::Remove);
        Ok(())
    }),
    replace("/version", |api, patch| {
        api.version = patch.optional();
        Ok(())
    }),
    replace("/policy", |api, patch| {
        api.policy = patch.optional();
        Ok(())
    }),
    replace("/apiKeySource", |api, patch| {
        if !matches!(patch.text(), "HEADER" | "AUTHORIZER") {
            return Err(bad_request(format!("Invalid API key source type {} specified.", patch.text())));
        }
        api.api_key_source = patch.optional();
        Ok(())
    }),
    replace("/disableExecuteApiEndpoint", |api, patch| {
        api.disable_execute_api_endpoint = patch.boolean();
        Ok(())
    }),
    replace("/minimumCompressionSize", |api, patch| {
        // No value turns compression off; one that is no number is out of its bounds, as AWS says it.
        let size = patch.value.as_deref().map(|size| compression_size(size.trim().parse().unwrap_or(-1)));
        api.minimum_compression_size = size.transpose()?;
        Ok(())
    }),
    any("/binaryMediaTypes/{mediaType}", |api, patch| {
        let types = &mut api.binary_media_types;
        types.retain(|media_type| media_type != patch.key());
        match patch.op {
            Op::Add => types.push(patch.key().to_owned()),
            Op::Replace => patch.member(types, patch.text()),
            _ => {}
        }
        Ok(())
    }),
    replace("/endpointConfiguration/types/{type}", |api, patch| {
        let kind = if patch.text().is_empty() { patch.key() } else { patch.text() };
        if !matches!(kind, "EDGE" | "REGIONAL" | "PRIVATE") {
            return Err(bad_request(format!(
                "Invalid endpoint type {kind} specified. Must be EDGE, REGIONAL or PRIVATE"
            )));
        }
        let former = api.endpoint_configuration.take().unwrap_or_default();
        let vpc_endpoint_ids = if kind == "PRIVATE" { former.vpc_endpoint_ids } else { Vec::new() };
        let types = vec![kind.to_owned()];
        // The address type follows the endpoint's.
        let changed = EndpointConfiguration { types, ip_address_type: None, vpc_endpoint_ids };
        api.endpoint_configuration = Some(endpoint(Some(changed))?);
        Ok(())
    }),
    replace("/endpointConfiguration/ipAddressType", |api, patch| {
        if !matches!(patch.text(), "ipv4" | "dualstack") {
            return Err(bad_request(format!("Invalid IP address type {} specified", patch.text())));
        }
        let mut changed = endpoint(api.endpoint_configuration.take())?;
        changed.ip_address_type = patch.optional();
        api.endpoint_configuration = Some(changed);
        Ok(())
    }),
    add_remove("/endpointConfiguration/vpcEndpointIds", |api, patch| {
        let mut changed = endpoint(api.endpoint_configuration.take())?;
        patch.member(&mut changed.vpc_endpoint_ids, patch.text());
        api.endpoint_configuration = Some(endpoint(Some(changed))?);
        Ok(())
    }),
    add_remove("/endpointConfiguration/vpcEndpointIds/{id}", |api, patch| {
        let mut changed = endpoint(api.endpoint_configuration.take())?;
        patch.member(&mut changed.vpc_endpoint_ids, patch.key());
        api.endpoint_configuration = Some(endpoint(Some(changed))?);
        Ok(())
    }),
    replace("/securityPolicy", |api, patch| {
        api.security_policy = patch.optional();
        Ok(())
    }),
    replace("/endpointAccessMode", |api, patch| {
        api.endpoint_access_mode = patch.optional();
        Ok(())
    }),
];

/// Fills `api` with what `source` has, under ids of its own; what was asked for itself stays.
fn clone_from(api: &mut RestApi, source: &RestApi) {
    let mut renamed: HashMap<String, String> = HashMap::new();
    let mut fresh = |id: &str, length| {
        let new = ids::short_id(length);
        renamed.insert(id.to_owned(), new.clone());
        new
    };
    api.resources = source.resources.clone();
    for resource in &mut api.resources {
        resource.id = fresh(&resource.id, if resource.parent_id.is_none() { 10 } else { 6 });
    }
    let mut authorizers = IndexMap::new();
    for (id, mut authorizer) in source.authorizers.clone() {
        authorizer.id = fresh(&id, 6);
        authorizers.insert(authorizer.id.clone(), authorizer);
    }
    let mut validators = IndexMap::new();
    for (id, mut validator) in source.request_validators.clone() {
        validator.id = fresh(&id, 6);
        validators.insert(validator.id.clone(), validator);
    }
    let new = |id: &mut Option<String>| {
        if let Some(new) = id.as_ref().and_then(|id| renamed.get(id)) {
            *id = Some(new.clone());
        }
    };
    for resource in &mut api.resources {
        new(&mut resource.parent_id);
        for method in resource.methods.values_mut() {
            new(&mut method.authorizer_id);
            new(&mut method.request_validator_id);
            if let Some(integration) = &mut method.integration {
                new(&mut integration.cache_namespace);
            }
        }
    }
    api.authorizers = authorizers;
    api.request_validators = validators;
    api.models = source.models.clone();
    for model in api.models.values_mut() {
        model.id = ids::short_id(6);
    }
    api.gateway_responses = source.gateway_responses.clone();
    if api.binary_media_types.is_empty() {
        api.binary_media_types.clone_from(&source.binary_media_types);
    }
    api.minimum_compression_size = api.minimum_compression_size.or(source.minimum_compression_size);
    if api.description.is_none() {
        api.description.clone_from(&source.description);
    }
}
