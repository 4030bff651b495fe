//! Tags of pools.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::{invalid, not_found};
use crate::model::UserPool;

pub(super) const OPERATIONS: &[Entry] =
    &[op("TagResource", tag), op("UntagResource", untag), op("ListTagsForResource", list)];

/// So many tags a pool has at most.
const MAX_TAGS: usize = 50;

/// A map member of strings.
pub(super) fn strings(call: &Call<'_>, member: &str) -> IndexMap<String, String> {
    let map = call.member(member).and_then(Value::as_object).into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn pool_of<'c>(call: &'c Call<'_>) -> Result<&'c str, ApiError> {
    let arn = call.text("ResourceArn");
    arn.split_once(":userpool/").map(|(_, id)| id).ok_or_else(|| invalid(format!("Invalid resource ARN: {arn}")))
}

fn change(call: &Call<'_>, change: impl FnOnce(&mut UserPool) -> Result<(), ApiError>) -> Outcome {
    let id = pool_of(call)?;
    let changed = lock(&call.world.cognito_idp).pools.update(id, change);
    changed.unwrap_or_else(|| Err(not_found(format!("User pool {id} does not exist."))))?;
    Ok(Output::empty())
}

fn tag(call: &Call<'_>) -> Outcome {
    change(call, |pool| {
        pool.tags.extend(strings(call, "Tags"));
        if pool.tags.len() > MAX_TAGS {
            return Err(invalid(format!("A resource has {MAX_TAGS} tags at most")));
        }
        Ok(())
    })
}

fn untag(call: &Call<'_>) -> Outcome {
    let gone = call.member("TagKeys").and_then(Value::as_array).cloned().unwrap_or_default();
    change(call, |pool| {
        pool.tags.retain(|key, _| !gone.iter().any(|gone| gone == key));
        Ok(())
    })
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.cognito_idp);
    Output::of(json!({ "Tags": state.pool(pool_of(call)?)?.tags }))
}
