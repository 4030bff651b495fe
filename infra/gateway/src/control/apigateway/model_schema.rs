//! The schemas of models: checked when they are written, and with their references to other models put in.

use serde_json::Value;

use super::super::call::ApiError;
use super::errors::bad_request;
use crate::compile::rest::{check_model, referred_model};
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
    let checked =
        serde_json::from_str::<Value>(text).map_err(|error| error.to_string()).and_then(|_| check_model(api, model));
    checked.map_err(|reason| invalid(&reason))
}

/// The schema with the models that it refers to put in.
pub(super) fn flattened(api: &RestApi, schema: &Value) -> Value {
    flatten(api, schema, 0)
}

fn flatten(api: &RestApi, value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(object) => {
            let referred = object.get("$ref").and_then(Value::as_str).and_then(referred_model).map(|(name, _)| name);
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
