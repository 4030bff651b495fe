//! Documentation parts and versions.

mod location;
mod versions;

use serde_json::{Value, json as literal};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, no_such};
use super::page::{json, page};
use super::patch::{self, Refusal, Rule, replace};
use crate::ids;
use crate::model::{DocumentationPart, DocumentationPartLocation};
use crate::template::openapi_rest;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateDocumentationPart", create),
    op("GetDocumentationPart", get),
    op("GetDocumentationParts", list).partly("locationStatus=UNDOCUMENTED is refused"),
    op("UpdateDocumentationPart", update),
    op("DeleteDocumentationPart", delete),
    op("ImportDocumentationParts", import).partly("parts come from x-amazon-apigateway-documentation only"),
    op("CreateDocumentationVersion", versions::create),
    op("GetDocumentationVersion", versions::get),
    op("GetDocumentationVersions", versions::list),
    op("UpdateDocumentationVersion", versions::update),
    op("DeleteDocumentationVersion", versions::delete),
];

/// Documentation parts of an API.
const MOST: usize = 2_000;

const RULES: &[Rule<DocumentationPart>] = &[replace("/properties", |part, patch| {
    part.properties = properties(patch.text())?;
    Ok(())
})];

fn missing() -> ApiError {
    no_such("Documentation part")
}

/// A part's properties: JSON, kept as it was sent.
fn properties(text: &str) -> Result<String, ApiError> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_)) => Ok(text.to_owned()),
        _ => Err(bad_request("Documentation part properties must be a JSON object")),
    }
}

fn exists(location: &DocumentationPartLocation) -> ApiError {
    conflict(format!("Documentation part already exists for the specified location: {}", location::text(location)))
}

fn create(call: &Call<'_>) -> Outcome {
    let mut part: DocumentationPart = call.parse()?;
    part.location = location::checked(part.location)?;
    part.properties = properties(&part.properties)?;
    part.id = ids::short_id(6);
    lock(&call.world.apigateway).change(call, |api| {
        if api.documentation_parts.values().any(|known| known.location == part.location) {
            return Err(exists(&part.location));
        }
        if api.documentation_parts.len() >= MOST {
            return Err(ApiError::new("LimitExceededException", "Maximum number of documentation parts exceeded"));
        }
        api.documentation_parts.insert(part.id.clone(), part.clone());
        Ok(())
    })?;
    Output::of(part)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    Output::of(state.api(call)?.documentation_parts.get(call.text("documentationPartId")).ok_or_else(missing)?)
}

fn list(call: &Call<'_>) -> Outcome {
    if call.optional_text("locationStatus") == Some("UNDOCUMENTED") {
        return Err(bad_request("Ferrogate lists documented locations only: leave locationStatus=UNDOCUMENTED out"));
    }
    let state = lock(&call.world.apigateway);
    let (kind, name, path) = (call.optional_text("type"), call.optional_text("nameQuery"), call.optional_text("path"));
    let parts = state.api(call)?.documentation_parts.iter().filter(|(_, part)| {
        let at = &part.location;
        kind.is_none_or(|kind| at.part_type == kind)
            && name.is_none_or(|name| at.name.as_deref().unwrap_or_default().contains(name))
            && path.is_none_or(|path| at.path.as_deref().unwrap_or_default().starts_with(path))
    });
    page(call, parts.map(|(id, part)| (id.as_str(), part)), json)
}

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let part = lock(&call.world.apigateway).change(call, |api| {
        let part = api.documentation_parts.get_mut(call.text("documentationPartId")).ok_or_else(missing)?;
        patch::apply(part, &operations, RULES, Refusal::Listed)?;
        Ok(part.clone())
    })?;
    Output::of(part)
}

fn delete(call: &Call<'_>) -> Outcome {
    lock(&call.world.apigateway).change(call, |api| {
        api.documentation_parts.shift_remove(call.text("documentationPartId")).map(|_| ()).ok_or_else(missing)
    })?;
    Ok(Output::empty())
}

fn import(call: &Call<'_>) -> Outcome {
    let id = call.text("restApiId");
    lock(&call.world.apigateway).api(call)?;
    let parts = openapi_rest::documentation_parts(id, &call.input.payload)
        .map_err(|errors| bad_request(format!("Errors found during import:\n\t{}", errors.join("\n\t"))))?;
    let mut warnings = Vec::new();
    let mut sound = Vec::new();
    for part in parts {
        match location::checked(part.location.clone()).and_then(|at| Ok((at, properties(&part.properties)?))) {
            Ok((location, properties)) => sound.push(DocumentationPart { id: ids::short_id(6), location, properties }),
            Err(error) => warnings.push(format!("{}: {}", location::text(&part.location), error.message)),
        }
    }
    if call.boolean("failOnWarnings").unwrap_or(false) && !warnings.is_empty() {
        return Err(bad_request(format!("Warnings found during import:\n\t{}", warnings.join("\n\t"))));
    }
    let overwrite = call.optional_text("mode") == Some("overwrite");
    let ids = lock(&call.world.apigateway).change(call, |api| {
        if overwrite {
            api.documentation_parts.clear();
        }
        let mut ids = Vec::with_capacity(sound.len());
        for part in sound {
            let known = api.documentation_parts.values_mut().find(|known| known.location == part.location);
            ids.push(match known {
                Some(known) => {
                    known.properties = part.properties;
                    known.id.clone()
                }
                None => {
                    api.documentation_parts.insert(part.id.clone(), part.clone());
                    part.id
                }
            });
        }
        if api.documentation_parts.len() > MOST {
            return Err(ApiError::new("LimitExceededException", "Maximum number of documentation parts exceeded"));
        }
        Ok(ids)
    })?;
    let warnings = if warnings.is_empty() { Value::Null } else { literal!(warnings) };
    Output::of(literal!({"ids": ids, "warnings": warnings}))
}

#[cfg(test)]
mod tests;
