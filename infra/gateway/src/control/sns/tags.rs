//! Tags of topics.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use crate::model::Topic;

pub(super) const OPERATIONS: &[Entry] =
    &[op("TagResource", tag), op("UntagResource", untag), op("ListTagsForResource", list)];

/// So many tags a topic has at most.
const MAX_TAGS: usize = 50;

/// The `Tags` of an input.
pub(super) fn given(call: &Call<'_>) -> IndexMap<String, String> {
    let tags = call.member("Tags").and_then(Value::as_array).into_iter().flatten();
    let text = |tag: &Value, member: &str| tag[member].as_str().unwrap_or_default().to_owned();
    tags.map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
}

fn missing() -> ApiError {
    ApiError::new("ResourceNotFoundException", "Resource does not exist")
}

fn change(call: &Call<'_>, change: impl FnOnce(&mut Topic) -> Result<(), ApiError>) -> Outcome {
    lock(&call.world.sns).topics.update(call.text("ResourceArn"), change).unwrap_or_else(|| Err(missing()))?;
    Ok(Output::empty())
}

fn tag(call: &Call<'_>) -> Outcome {
    change(call, |topic| {
        topic.tags.extend(given(call));
        if topic.tags.len() > MAX_TAGS {
            let message = "Could not complete request: tag quota of per resource exceeded";
            return Err(ApiError::new("TagLimitExceededException", message));
        }
        Ok(())
    })
}

fn untag(call: &Call<'_>) -> Outcome {
    let keys = call.member("TagKeys").and_then(Value::as_array).into_iter().flatten();
    let keys: Vec<_> = keys.filter_map(Value::as_str).collect();
    change(call, |topic| {
        topic.tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(())
    })
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.sns);
    let topic = state.topics.get(call.text("ResourceArn")).ok_or_else(missing)?;
    let tags: Vec<_> = topic.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Output::of(json!({ "Tags": tags }))
}
