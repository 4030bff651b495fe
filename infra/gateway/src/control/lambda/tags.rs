//! Tags of functions and event source mappings, by ARN.

use indexmap::IndexMap;
use serde_json::json;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::names::Name;
use super::{change, invalid, mappings, read};

pub(super) const OPERATIONS: &[Entry] =
    &[op("TagResource", tag_resource), op("UntagResource", untag_resource), op("ListTags", list_tags)];

/// AWS's bound.
const MAX_TAGS: usize = 50;

/// What an ARN names.
enum Tagged {
    Function(Name),
    Mapping(String),
}

fn tagged(call: &Call<'_>) -> Result<Tagged, ApiError> {
    let arn = call.text("Resource");
    if let Some((_, uuid)) = arn.split_once(":event-source-mapping:") {
        return Ok(Tagged::Mapping(uuid.to_owned()));
    }
    let name = Name::parse(call, arn, None)?;
    if name.qualifier.is_some() {
        return Err(invalid("Tags on function aliases and versions are not supported. Please specify a function ARN."));
    }
    Ok(Tagged::Function(name))
}

/// Changes the tags of what the request names.
fn change_tags(
    call: &Call<'_>,
    act: impl FnOnce(&mut IndexMap<String, String>) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    match tagged(call)? {
        Tagged::Function(name) => change(call, &name, |record| act(&mut record.tags)),
        Tagged::Mapping(uuid) => {
            let mut state = lock(&call.world.lambda);
            let changed = state.mappings.update(&uuid, |record| act(&mut record.tags));
            changed.unwrap_or_else(|| Err(mappings::not_found()))
        }
    }
}

fn tag_resource(call: &Call<'_>) -> Outcome {
    let given: IndexMap<String, String> =
        call.member("Tags").cloned().and_then(|tags| serde_json::from_value(tags).ok()).unwrap_or_default();
    if given.is_empty() {
        return Err(invalid("An error occurred and the request cannot be processed."));
    }
    change_tags(call, |tags| {
        tags.extend(given);
        if tags.len() > MAX_TAGS {
            return Err(invalid("Number of tags exceeds resource tag limit."));
        }
        Ok(())
    })?;
    Ok(Output::empty().with_status(204))
}

fn untag_resource(call: &Call<'_>) -> Outcome {
    let keys: Vec<String> =
        call.member("TagKeys").cloned().and_then(|keys| serde_json::from_value(keys).ok()).unwrap_or_default();
    change_tags(call, |tags| {
        tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })?;
    Ok(Output::empty().with_status(204))
}

fn list_tags(call: &Call<'_>) -> Outcome {
    let tags = match tagged(call)? {
        Tagged::Function(name) => read(call, &name)?.tags,
        Tagged::Mapping(uuid) => {
            let state = lock(&call.world.lambda);
            state.mappings.get(&uuid).map(|record| record.tags.clone()).ok_or_else(mappings::not_found)?
        }
    };
    Output::of(json!({ "Tags": tags }))
}
