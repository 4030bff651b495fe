//! The schemas of models: checked when they are written, and with their references to other models put in.

use serde_json::Value;

use super::super::call::ApiError;
use super::errors::bad_request;
use crate::model::{RestApi, SchemaModel};

/// References within references: a model that contains itself ends here.
const MAX_DEPTH: usize = 16;

/// A model's schema as JSON.
pub(super) fn parsed(model: &SchemaModel) -> Option<Value> {
    serde_json::from_str(model.schema.as_deref()?).ok()
}

/// Whether a model has a schema that can be used.
///
/// # Errors
/// `BadRequestException`
pub(super) fn check(api: &RestApi, model: &SchemaModel) -> Result<(), ApiError> {
    let text = model.schema.as_deref().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(bad_request("Model schema must have at least 1 property or array items defined"));
    }
    // A schema of another type than JSON is text that nobody looks into.
    let json = model.content_type.as_deref().is_none_or(|kind| kind == "application/json" || kind.ends_with("+json"));
    if !json {
        return Ok(());
    }
    let invalid = |reason: &str| {
        bad_request(format!(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified. {reason}]"
        ))
    };
    let schema: Value = serde_json::from_str(text).map_err(|error| invalid(&error.to_string()))?;
    if !schema.is_object() {
        return Err(invalid("A schema is a JSON object"));
    }
    let mut unknown = None;
    references(&schema, &mut |reference| {
        if let Some(name) = model_name(reference)
            && name != model.name
            && !api.models.contains_key(name)
        {
            unknown.get_or_insert_with(|| name.to_owned());
        }
    });
    match unknown {
        Some(name) => Err(invalid(&format!("Reference to model {name}, which does not exist"))),
        None => Ok(()),
    }
}

/// The model's name in `https://apigateway.amazonaws.com/restapis/{id}/models/{name}`.
fn model_name(reference: &str) -> Option<&str> {
    reference.split_once("/restapis/")?.1.split_once("/models/").map(|(_, name)| name)
}

fn references(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                found(reference);
            }
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// The schema with the models that it refers to put in.
pub(super) fn flattened(api: &RestApi, schema: &Value) -> Value {
    flatten(api, schema, 0)
}

fn flatten(api: &RestApi, value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(object) => {
            let referred = object.get("$ref").and_then(Value::as_str).and_then(model_name);
            let model = referred.and_then(|name| api.models.get(name)).and_then(parsed);
            match model {
                Some(model) if depth < MAX_DEPTH => flatten(api, &model, depth + 1),
                _ => Value::Object(object.iter().map(|(key, v)| (key.clone(), flatten(api, v, depth))).collect()),
            }
        }
        Value::Array(items) => items.iter().map(|value| flatten(api, value, depth)).collect(),
        other => other.clone(),
    }
}
