//! `TagResource`, `UntagResource`, `GetTags`: by ARN, of APIs, stages, domain names and VPC links.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, no_stage, not_found};
use super::input;
use super::state::State;

pub(super) const OPERATIONS: &[Entry] = &[op("TagResource", tag), op("UntagResource", untag), op("GetTags", get)];

fn tag(call: &Call<'_>) -> Outcome {
    let new = input::tags(call)?;
    change(call, |tags| {
        tags.extend(new);
        input::check_tag_count(tags)
    })
}

fn untag(call: &Call<'_>) -> Outcome {
    let keys = call.member("TagKeys").and_then(Value::as_array).cloned().unwrap_or_default();
    change(call, |tags| {
        tags.retain(|key, _| !keys.iter().any(|gone| gone.as_str() == Some(key)));
        Ok(())
    })
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let tags = match resource(call)? {
        Resource::Api(id) => &state.api(id)?.tags,
        Resource::Stage(id, stage) => &state.api(id)?.stages.get(stage).ok_or_else(no_stage)?.tags,
        Resource::DomainName(name) => &super::domain_names::find(&state, name)?.tags,
        Resource::VpcLink(id) => &state.vpc_links.get(id).ok_or_else(|| not_found("VpcLink", id))?.tags,
    };
    Output::of(json!({ "Tags": tags }))
}

type Tags = IndexMap<String, String>;

fn change(call: &Call<'_>, change: impl FnOnce(&mut Tags) -> Result<(), ApiError>) -> Outcome {
    let state: &mut State = &mut lock(&call.world.apigatewayv2);
    let changed = match resource(call)? {
        Resource::Api(id) => {
            state.api(id)?;
            state.apis.update(id, |api| change(&mut api.tags))
        }
        Resource::Stage(id, stage) => {
            state.api(id)?;
            state.apis.update(id, |api| change(&mut api.stages.get_mut(stage).ok_or_else(no_stage)?.tags))
        }
        Resource::DomainName(name) => {
            super::domain_names::find(state, name)?;
            state.domain_names.update(name, |domain| change(&mut domain.tags))
        }
        Resource::VpcLink(id) => state.vpc_links.update(id, |link| change(&mut link.tags)),
    };
    changed.ok_or_else(|| bad_request("Invalid ARN specified in the request"))??;
    Ok(Output::empty())
}

/// What an ARN names.
enum Resource<'a> {
    Api(&'a str),
    Stage(&'a str, &'a str),
    DomainName(&'a str),
    VpcLink(&'a str),
}

/// `arn:aws:apigateway:{region}::/apis/{id}`, …
fn resource<'c>(call: &'c Call<'_>) -> Result<Resource<'c>, ApiError> {
    let arn = call.text("ResourceArn");
    let invalid = || bad_request("Invalid ARN specified in the request");
    let rest = arn.strip_prefix("arn:aws:apigateway:").and_then(|rest| rest.split_once("::/"));
    let (region, path) = rest.ok_or_else(invalid)?;
    if region != call.world.id.region {
        return Err(invalid());
    }
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["apis", id] => Ok(Resource::Api(id)),
        ["apis", id, "stages", stage] => Ok(Resource::Stage(id, stage)),
        ["domainnames", name] => Ok(Resource::DomainName(name)),
        ["vpclinks", id] => Ok(Resource::VpcLink(id)),
        _ => Err(invalid()),
    }
}
