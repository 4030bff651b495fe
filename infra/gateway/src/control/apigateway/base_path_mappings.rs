//! Base path mappings: which path of a domain name leads to which stage.

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::{World, lock};
use super::errors::{bad_request, conflict, not_found};
use super::page::{json, page};
use super::patch::{self, Refusal, Rule, any, replace};
use crate::model::BasePathMapping;

const RECORDS: &str = "a record: the server answers on its own names only";

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateBasePathMapping", create).partly(RECORDS),
    op("GetBasePathMapping", get),
    op("GetBasePathMappings", list),
    op("UpdateBasePathMapping", update).partly(RECORDS),
    op("DeleteBasePathMapping", delete),
];

/// How AWS writes that there is no base path.
const NONE: &str = "(none)";

const RULES: &[Rule<BasePathMapping>] = &[
    any("/basePath", |mapping, patch| {
        mapping.base_path = base_path(patch.text())?;
        Ok(())
    }),
    replace("/restapiId", |mapping, patch| {
        patch.text().clone_into(&mut mapping.rest_api_id);
        Ok(())
    }),
    replace("/restApiId", |mapping, patch| {
        patch.text().clone_into(&mut mapping.rest_api_id);
        Ok(())
    }),
    any("/stage", |mapping, patch| {
        mapping.stage = patch.optional().filter(|stage| stage != NONE);
        Ok(())
    }),
];

/// A base path as it is kept.
fn base_path(text: &str) -> Result<String, ApiError> {
    if text.is_empty() || text == NONE {
        return Ok(NONE.to_owned());
    }
    if text.contains('/') {
        return Err(bad_request(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. \
             To create a multi-level base path mapping, use API Gateway V2.",
        ));
    }
    let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_.+!*'()".contains(&byte));
    if !fits {
        return Err(bad_request("Base path should only contain letters, numbers, and one of $-_.+!*'()"));
    }
    Ok(text.to_owned())
}

fn missing() -> ApiError {
    not_found("Invalid base path mapping identifier specified")
}

fn check(world: &World, mapping: &BasePathMapping) -> Result<(), ApiError> {
    let state = lock(&world.apigateway);
    let api =
        state.apis.get(&mapping.rest_api_id).ok_or_else(|| bad_request("Invalid REST API identifier specified"))?;
    match &mapping.stage {
        Some(stage) if !api.stages.contains_key(stage) => Err(bad_request("Invalid stage identifier specified")),
        _ => Ok(()),
    }
}

fn key(domain_name: &str, base_path: &str) -> String {
    format!("{domain_name}/{base_path}")
}

fn create(call: &Call<'_>) -> Outcome {
    let mut mapping: BasePathMapping = call.parse()?;
    mapping.base_path = base_path(&mapping.base_path)?;
    mapping.stage = mapping.stage.filter(|stage| !stage.is_empty());
    let domain_name = call.text("domainName");
    if !lock(&call.world.registry).domain_names.contains(domain_name) {
        return Err(not_found("Invalid domain name identifier specified"));
    }
    check(call.world, &mapping)?;
    let mut registry = lock(&call.world.registry);
    let key = key(domain_name, &mapping.base_path);
    if registry.base_path_mappings.contains(&key) {
        return Err(conflict("Base path already exists for this domain name"));
    }
    registry.base_path_mappings.insert(key, mapping.clone())?;
    Output::of(mapping)
}

fn get(call: &Call<'_>) -> Outcome {
    let registry = lock(&call.world.registry);
    let key = key(call.text("domainName"), call.text("basePath"));
    Output::of(registry.base_path_mappings.get(&key).ok_or_else(missing)?)
}

fn list(call: &Call<'_>) -> Outcome {
    let registry = lock(&call.world.registry);
    let domain_name = call.text("domainName");
    if !registry.domain_names.contains(domain_name) {
        return Err(not_found("Invalid domain name identifier specified"));
    }
    let of_name = registry
        .base_path_mappings
        .iter()
        .filter(|(key, _)| key.split_once('/').is_some_and(|(name, _)| name == domain_name));
    page(call, of_name, json)
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let domain_name = call.text("domainName");
    let old = key(domain_name, call.text("basePath"));
    let mut mapping = lock(&call.world.registry).base_path_mappings.get(&old).cloned().ok_or_else(missing)?;
    patch::apply(&mut mapping, &operations, RULES, Refusal::Listed)?;
    check(call.world, &mapping)?;
    let new = key(domain_name, &mapping.base_path);
    let mut registry = lock(&call.world.registry);
    if new != old && registry.base_path_mappings.contains(&new) {
        return Err(conflict("Base path already exists for this domain name"));
    }
    if new != old {
        registry.base_path_mappings.remove(&old)?;
    }
    registry.base_path_mappings.insert(new, mapping.clone())?;
    Output::of(mapping)
}

fn delete(call: &Call<'_>) -> Outcome {
    let key = key(call.text("domainName"), call.text("basePath"));
    lock(&call.world.registry).base_path_mappings.remove(&key)?.ok_or_else(missing)?;
    Ok(Output::empty())
}
