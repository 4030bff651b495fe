//! Documentation versions: the parts as they were.

use super::super::super::call::{ApiError, Call, Outcome, Output};
use super::super::super::world::lock;
use super::super::errors::{bad_request, conflict, no_such};
use super::super::page::{json, page};
use super::super::patch::{self, Refusal, Rule, replace};
use crate::model::DocumentationVersion;

const RULES: &[Rule<DocumentationVersion>] = &[replace("/description", |version, patch| {
    version.description = patch.optional();
    Ok(())
})];

fn missing() -> ApiError {
    no_such("Documentation version")
}

pub(super) fn create(call: &Call<'_>) -> Outcome {
    let name = call.text("documentationVersion");
    if name.trim().is_empty() {
        return Err(bad_request("Documentation version cannot be empty"));
    }
    let version = lock(&call.world.apigateway).change(call, |api| {
        if api.documentation_versions.contains_key(name) {
            return Err(conflict("Documentation version already exists"));
        }
        if api.documentation_parts.is_empty() {
            return Err(bad_request("The API has no documentation parts: there is nothing to make a version of"));
        }
        let version = DocumentationVersion {
            version: name.to_owned(),
            created_date: call.now(),
            description: call.optional_text("description").map(str::to_owned),
            documentation_parts: api.documentation_parts.clone(),
        };
        if let Some(stage) = call.optional_text("stageName") {
            let stage = api.stages.get_mut(stage).ok_or_else(|| no_such("Stage"))?;
            stage.documentation_version = Some(name.to_owned());
            stage.last_updated_date = call.now();
        }
        api.documentation_versions.insert(name.to_owned(), version.clone());
        Ok(version)
    })?;
    Output::of(version)
}

pub(super) fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    Output::of(state.api(call)?.documentation_versions.get(call.text("documentationVersion")).ok_or_else(missing)?)
}

pub(super) fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let versions = state.api(call)?.documentation_versions.iter();
    page(call, versions.map(|(name, version)| (name.as_str(), version)), json)
}

pub(super) fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let version = lock(&call.world.apigateway).change(call, |api| {
        let version = api.documentation_versions.get_mut(call.text("documentationVersion")).ok_or_else(missing)?;
        patch::apply(version, &operations, RULES, Refusal::Listed)?;
        Ok(version.clone())
    })?;
    Output::of(version)
}

pub(super) fn delete(call: &Call<'_>) -> Outcome {
    let name = call.text("documentationVersion");
    lock(&call.world.apigateway).change(call, |api| {
        if !api.documentation_versions.contains_key(name) {
            return Err(missing());
        }
        let user = api.stages.values().find(|stage| stage.documentation_version.as_deref() == Some(name));
        if let Some(stage) = user {
            return Err(bad_request(format!(
                "Documentation version {name} is used by the stage {}: give the stage another one first",
                stage.stage_name
            )));
        }
        api.documentation_versions.shift_remove(name);
        Ok(())
    })?;
    Ok(Output::empty())
}
