//! What the members of a call say: lengths, tags, and how a patch changes what is there.

use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::call::{ApiError, Call};
use super::super::protocol::lower_first;
use super::super::service_model;
use super::errors::bad_request;

/// Tags that a resource may have.
const MAX_TAGS: usize = 50;

/// Checks the lengths of the strings of a call. The service's model states them in the names of its shapes alone
/// (`StringWithLengthBetween1And128`).
///
/// # Errors
/// `BadRequestException`
pub(super) fn check_lengths(call: &Call<'_>) -> Result<(), ApiError> {
    let model = &*service_model::APIGATEWAYV2;
    let Some(input) = &call.operation.input else { return Ok(()) };
    for (name, member) in &model.shape(input).members {
        let Some((min, max)) = bounds(&member.shape) else { continue };
        let Some(text) = call.optional_text(name) else { continue };
        // A patch takes a value away by making it empty.
        let min = if call.operation.name.starts_with("Update") && name != "Name" { 0 } else { min };
        let length = text.chars().count();
        let constraint = match length {
            _ if length < min => format!("Member must have length greater than or equal to {min}"),
            _ if length > max => format!("Member must have length less than or equal to {max}"),
            _ => continue,
        };
        let shown: String = text.chars().take(256).collect();
        let at = lower_first(name);
        return Err(bad_request(format!(
            "1 validation error detected: Value '{shown}' at '{at}' failed to satisfy constraint: {constraint}"
        )));
    }
    Ok(())
}

fn bounds(shape: &str) -> Option<(usize, usize)> {
    let (_, range) = shape.split_once("WithLengthBetween").filter(|(kind, _)| matches!(*kind, "String" | "Uri"))?;
    let (min, max) = range.split_once("And")?;
    let max = match max.strip_suffix('K') {
        Some(kibi) => kibi.parse::<usize>().ok()? * 1024,
        None => max.parse().ok()?,
    };
    Some((min.parse().ok()?, max))
}

/// `current` with the members of the call in the place of its own, but for those in `apart`. An empty string takes a value
/// away.
///
/// # Errors
/// When a member has another type than its model says.
pub(super) fn patched<T: Serialize + DeserializeOwned>(
    current: &T,
    call: &Call<'_>,
    apart: &[&str],
) -> Result<T, ApiError> {
    check_lengths(call)?;
    let Ok(Value::Object(mut object)) = serde_json::to_value(current) else {
        return Err(ApiError::internal("a resource is no structure"));
    };
    for (name, value) in &call.input.members {
        if apart.contains(&name.as_str()) {
            continue;
        }
        if value.as_str() == Some("") {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    serde_json::from_value(Value::Object(object))
        .map_err(|error| ApiError::new("SerializationException", error.to_string()))
}

/// Puts the entries of a map member over those of `current`; an entry that is empty takes one away.
pub(super) fn patch_map<V: DeserializeOwned>(
    current: &mut IndexMap<String, V>,
    call: &Call<'_>,
    member: &str,
) -> Result<(), ApiError> {
    let empty = |value: &Value| match value {
        Value::String(text) => text.is_empty(),
        Value::Object(object) => object.is_empty(),
        other => other.is_null(),
    };
    for (key, value) in call.member(member).and_then(Value::as_object).into_iter().flatten() {
        if empty(value) {
            current.shift_remove(key);
            continue;
        }
        let value = serde_json::from_value(value.clone())
            .map_err(|error| ApiError::new("SerializationException", format!("{member}.{key}: {error}")))?;
        current.insert(key.clone(), value);
    }
    Ok(())
}

/// The members of a map of strings that are not empty.
pub(super) fn without_empty(map: &mut IndexMap<String, String>) {
    map.retain(|_, value| !value.is_empty());
}

/// The call's `Tags`.
///
/// # Errors
/// `BadRequestException` for tags that AWS has not either.
pub(super) fn tags(call: &Call<'_>) -> Result<IndexMap<String, String>, ApiError> {
    let empty = Map::new();
    let given = call.member("Tags").and_then(Value::as_object).unwrap_or(&empty);
    let mut tags = IndexMap::new();
    for (key, value) in given {
        let value = value.as_str().unwrap_or_default();
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(bad_request("A tag's key has 1 to 128 characters, and its value at most 256"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(bad_request(format!("The tag key {key} begins with aws:, which is AWS's own")));
        }
        tags.insert(key.clone(), value.to_owned());
    }
    check_tag_count(&tags)?;
    Ok(tags)
}

pub(super) fn check_tag_count(tags: &IndexMap<String, String>) -> Result<(), ApiError> {
    match tags.len() > MAX_TAGS {
        true => Err(bad_request(format!("A resource has at most {MAX_TAGS} tags"))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::bounds;

    #[test]
    fn lengths_stand_in_the_names_of_shapes() {
        assert_eq!(bounds("StringWithLengthBetween1And128"), Some((1, 128)));
        assert_eq!(bounds("UriWithLengthBetween1And2048"), Some((1, 2048)));
        assert_eq!(bounds("StringWithLengthBetween0And32K"), Some((0, 32_768)));
        assert_eq!(bounds("IntegerWithLengthBetween0And3600"), None);
        assert_eq!(bounds("SelectionKey"), None);
    }
}
