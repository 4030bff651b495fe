//! Tags of REST APIs, stages, API keys, usage plans, domain names, client certificates and VPC links, by their ARNs.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, not_found};
use super::state::State;

pub(super) const OPERATIONS: &[Entry] = &[op("TagResource", tag), op("UntagResource", untag), op("GetTags", get)];

/// Tags of one resource.
const MAX_TAGS: usize = 50;

type Tags = IndexMap<String, String>;

/// What an ARN is of: `/restapis/{id}` or `/restapis/{id}/stages/{name}`.
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

/// Changes or reads the tags of what the ARN is of.
fn with_tags<R>(call: &Call<'_>, change: impl FnOnce(&mut Tags) -> Result<R, ApiError>) -> Result<R, ApiError> {
    let path = path(call)?;
    if let [kind @ ("apikeys" | "usageplans" | "domainnames" | "clientcertificates" | "vpclinks"), id] = path[..] {
        let changed = lock(&call.world.registry).change_tags(kind, id, change);
        return changed.unwrap_or_else(|| Err(not_found("Invalid resource identifier specified")));
    }
    let mut state = lock(&call.world.apigateway);
    match path[..] {
        ["restapis", api] => state.change_tags(api, |api| Some(change(&mut api.tags))),
        ["restapis", api, "stages", stage] => {
            state.change_tags(api, |api| Some(change(&mut api.stages.get_mut(stage)?.tags)))
        }
        _ => Err(bad_request("Invalid ARN specified in the request")),
    }
}

impl State {
    fn change_tags<R>(
        &mut self,
        api_id: &str,
        change: impl FnOnce(&mut crate::model::RestApi) -> Option<Result<R, ApiError>>,
    ) -> Result<R, ApiError> {
        let missing = || not_found("Invalid resource identifier specified");
        let changed = self.apis.update(api_id, |api| change(api).unwrap_or_else(|| Err(missing())));
        changed.unwrap_or_else(|| Err(missing()))
    }
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
    with_tags(call, |tags| {
        tags.extend(new);
        if tags.len() > MAX_TAGS {
            return Err(bad_request("Resource can have at most 50 tags"));
        }
        Ok(Output::empty())
    })
}

fn untag(call: &Call<'_>) -> Outcome {
    let keys = call.member("tagKeys").and_then(Value::as_array).cloned().unwrap_or_default();
    with_tags(call, |tags| {
        for key in keys.iter().filter_map(Value::as_str) {
            tags.shift_remove(key);
        }
        Ok(Output::empty())
    })
}

fn get(call: &Call<'_>) -> Outcome {
    // A change keeps the whole API anew, which a look at it need not.
    let tags = match path(call)?[..] {
        ["restapis", api] => lock(&call.world.apigateway).apis.get(api).map(|api| api.tags.clone()),
        ["restapis", api, "stages", stage] => {
            let state = lock(&call.world.apigateway);
            state.apis.get(api).and_then(|api| api.stages.get(stage)).map(|stage| stage.tags.clone())
        }
        _ => None,
    };
    if let Some(tags) = tags {
        return Output::of(json!({"tags": tags}));
    }
    with_tags(call, |tags| Output::of(json!({"tags": tags})))
}
