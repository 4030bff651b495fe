//! Tags of everything that has some, by its ARN.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, not_found};

pub(super) const OPERATIONS: &[Entry] = &[op("TagResource", tag), op("UntagResource", untag), op("GetTags", get)];

/// Tags of one resource.
const MAX_TAGS: usize = 50;

type Tags = IndexMap<String, String>;

/// What an ARN is of: `restapis/{id}`, `restapis/{id}/stages/{name}`, `apikeys/{id}`, …
///
/// # Errors
/// `BadRequestException` for what is no ARN of API Gateway's in this region.
fn path<'a>(call: &'a Call<'_>) -> Result<Vec<&'a str>, ApiError> {
    let arn = call.text("resourceArn");
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "apigateway", region, _, path] if region == call.world.id.region && path.starts_with('/') => {
            Ok(path[1..].split('/').collect())
        }
        _ => Err(bad_request("Invalid ARN specified in the request")),
    }
}

fn no_resource() -> ApiError {
    not_found("Invalid resource identifier specified")
}

/// Changes the tags of what the ARN is of.
fn change(call: &Call<'_>, change: impl FnOnce(&mut Tags) -> Result<(), ApiError>) -> Outcome {
    let path = path(call)?;
    let changed = match path[..] {
        ["restapis", api] => lock(&call.world.apigateway).apis.update(api, |api| change(&mut api.tags)),
        ["restapis", api, "stages", stage] => lock(&call.world.apigateway)
            .apis
            .update(api, |api| change(&mut api.stages.get_mut(stage).ok_or_else(no_resource)?.tags)),
        _ => lock(&call.world.registry).tags_mut(call.text("resourceArn"), change),
    };
    changed.unwrap_or_else(|| Err(no_resource())).map(|()| Output::empty())
}

fn tag(call: &Call<'_>) -> Outcome {
    let new: Tags = serde_json::from_value(call.member("tags").cloned().unwrap_or_default())
        .map_err(|_| bad_request("tags must be an object of strings"))?;
    if new.keys().any(|key| key.starts_with("aws:")) {
        return Err(bad_request("Invalid tag key: keys that begin with aws: are reserved"));
    }
    if new.iter().any(|(key, value)| key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256) {
        return Err(bad_request("Tag keys have 1 to 128 characters, and values up to 256"));
    }
    change(call, |tags| {
        tags.extend(new);
        if tags.len() > MAX_TAGS {
            return Err(bad_request("Resource can have at most 50 tags"));
        }
        Ok(())
    })
}

fn untag(call: &Call<'_>) -> Outcome {
    let keys = call.member("tagKeys").and_then(Value::as_array).cloned().unwrap_or_default();
    change(call, |tags| {
        for key in keys.iter().filter_map(Value::as_str) {
            tags.shift_remove(key);
        }
        Ok(())
    })
}

fn get(call: &Call<'_>) -> Outcome {
    let path = path(call)?;
    let tags = match path[..] {
        ["restapis", api] => lock(&call.world.apigateway).apis.get(api).map(|api| api.tags.clone()),
        ["restapis", api, "stages", stage] => {
            let state = lock(&call.world.apigateway);
            state.apis.get(api).and_then(|api| api.stages.get(stage)).map(|stage| stage.tags.clone())
        }
        _ => lock(&call.world.registry).tags(call.text("resourceArn")).cloned(),
    };
    Output::of(json!({"tags": tags.ok_or_else(no_resource)?}))
}
