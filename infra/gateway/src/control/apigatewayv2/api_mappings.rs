//! Which stage a path of a domain name leads to, as records.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, no_stage};
use super::state::{State, fresh_id};
use super::{domain_names, input, paging};
use crate::model::ApiMapping;

const RECORD: &str = "a record, for HTTP and WebSocket APIs: requests are not routed by custom domain names yet";

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateApiMapping", create).partly(RECORD),
    op("GetApiMapping", get),
    op("GetApiMappings", list),
    op("UpdateApiMapping", update).partly(RECORD),
    op("DeleteApiMapping", delete),
];

/// Of one domain name.
const MAX_MAPPINGS: usize = 200;

fn create(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    let domain = domain_names::find(&state, call.text("DomainName"))?.domain_name.clone();
    if state.mappings.values().filter(|mapping| mapping.domain_name == domain).count() >= MAX_MAPPINGS {
        let message = "Maximum number of api mappings for this domain name has been reached.";
        return Err(conflict(message).with_status(429));
    }
    let new = ApiMapping { api_mapping_id: fresh_id(6, |id| state.mappings.contains(id)), ..ApiMapping::default() };
    put(&mut state, input::patched(&new, call, &[])?)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    Output::of(find(&state, call)?)
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let domain = &domain_names::find(&state, call.text("DomainName"))?.domain_name;
    let mappings = state.mappings.iter().filter(|(_, mapping)| mapping.domain_name == *domain);
    paging::page(call, mappings, |mapping| json!(mapping))
}

fn update(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    let mapping: ApiMapping = input::patched(find(&state, call)?, call, &[])?;
    put(&mut state, mapping)
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigatewayv2);
    let id = find(&state, call)?.api_mapping_id.clone();
    state.mappings.remove(&id)?;
    Ok(Output::empty())
}

fn find<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s ApiMapping, ApiError> {
    let domain = domain_names::find(state, call.text("DomainName"))?;
    let found = state.mappings.get(call.text("ApiMappingId")).filter(|found| found.domain_name == domain.domain_name);
    found.ok_or_else(|| {
        ApiError::new("NotFoundException", "The api mapping resource specified in the request was not found.")
    })
}

fn put(state: &mut State, mapping: ApiMapping) -> Outcome {
    let api = state.apis.get(&mapping.api_id);
    let api = api.ok_or_else(|| super::errors::not_found("API", &mapping.api_id))?;
    if !api.stages.contains_key(&mapping.stage) {
        return Err(no_stage());
    }
    let key = mapping.api_mapping_key.as_str();
    if key.starts_with('/') || key.contains("//") {
        return Err(bad_request("API mapping key should not start with a '/' or have consecutive '/'s."));
    }
    if key.ends_with('/') {
        return Err(bad_request("API mapping key should not end with a '/'."));
    }
    let same = |other: &ApiMapping| other.domain_name == mapping.domain_name && other.api_mapping_key == key;
    if state.mappings.values().any(|other| other.api_mapping_id != mapping.api_mapping_id && same(other)) {
        return Err(conflict("ApiMapping key already exists for this domain name"));
    }
    let answer: Value = json!(mapping);
    state.mappings.insert(mapping.api_mapping_id.clone(), mapping)?;
    Output::of(answer)
}
