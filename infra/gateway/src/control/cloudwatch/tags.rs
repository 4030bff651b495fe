//! Tags of alarms.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;

pub(super) const OPERATIONS: &[Entry] =
    &[op("TagResource", tag), op("UntagResource", untag), op("ListTagsForResource", list)];

/// The `Tags` of an input.
pub(super) fn given(call: &Call<'_>) -> IndexMap<String, String> {
    let tags = call.member("Tags").and_then(Value::as_array).into_iter().flatten();
    let text = |tag: &Value, member: &str| tag[member].as_str().unwrap_or_default().to_owned();
    tags.map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
}

/// The name in `arn:aws:cloudwatch:{region}:{account}:alarm:{name}`, which may hold colons itself.
fn name(arn: &str) -> &str {
    arn.splitn(7, ':').nth(6).unwrap_or_default()
}

fn missing(arn: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", format!("Unknown: {arn}"))
}

fn change(call: &Call<'_>, change: impl FnOnce(&mut IndexMap<String, String>)) -> Outcome {
    let arn = call.text("ResourceARN");
    let changed = lock(&call.world.cloudwatch).alarms.update(name(arn), |alarm| {
        change(&mut alarm.tags);
        Ok(())
    });
    changed.unwrap_or_else(|| Err(missing(arn)))?;
    Ok(Output::empty())
}

fn tag(call: &Call<'_>) -> Outcome {
    change(call, |tags| tags.extend(given(call)))
}

fn untag(call: &Call<'_>) -> Outcome {
    let keys = call.member("TagKeys").and_then(Value::as_array).into_iter().flatten();
    let keys: Vec<_> = keys.filter_map(Value::as_str).collect();
    change(call, |tags| tags.retain(|key, _| !keys.contains(&key.as_str())))
}

fn list(call: &Call<'_>) -> Outcome {
    let arn = call.text("ResourceARN");
    let state = lock(&call.world.cloudwatch);
    let alarm = state.alarms.get(name(arn)).ok_or_else(|| missing(arn))?;
    let tags: Vec<_> = alarm.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Output::of(json!({ "Tags": tags }))
}
