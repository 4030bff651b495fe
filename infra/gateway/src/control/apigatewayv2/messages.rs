//! The models of a WebSocket API's messages: `CreateModel`, `GetModel`, `GetModels`, `UpdateModel`, `DeleteModel`,
//! `GetModelTemplate`.

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::change::{Effect, change};
use super::errors::{bad_request, conflict, full, not_found};
use super::state::fresh_id;
use super::{input, paging};
use crate::model::{Api, ApiModel, ProtocolType};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateModel", create),
    op("GetModel", get),
    op("GetModels", list),
    op("UpdateModel", update),
    op("DeleteModel", delete),
    op("GetModelTemplate", template),
];

const MAX_MODELS: usize = 400;
/// Levels of a schema that its template shows.
const MAX_TEMPLATE_DEPTH: usize = 16;

fn create(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| {
        if api.protocol_type == ProtocolType::Http {
            return Err(bad_request("Models are for WebSocket APIs only"));
        }
        if api.models.len() >= MAX_MODELS {
            return Err(full("Models"));
        }
        let new = ApiModel { model_id: fresh_id(6, |id| api.models.contains_key(id)), ..ApiModel::default() };
        put(api, input::patched(&new, call, &[])?)
    })?;
    Output::of(answer)
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    Output::of(find(state.api(call.text("ApiId"))?, call)?)
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let models = &state.api(call.text("ApiId"))?.models;
    paging::page(call, models.iter().map(|(id, item)| (id.as_str(), item)), |item| json!(item))
}

fn update(call: &Call<'_>) -> Outcome {
    let answer = change(call, Effect::Configuration, |api| put(api, input::patched(find(api, call)?, call, &[])?))?;
    Output::of(answer)
}

fn delete(call: &Call<'_>) -> Outcome {
    change(call, Effect::Configuration, |api| {
        let id = find(api, call)?.model_id.clone();
        api.models.shift_remove(&id);
        Ok(())
    })?;
    Ok(Output::empty())
}

fn find<'a>(api: &'a Api, call: &Call<'_>) -> Result<&'a ApiModel, ApiError> {
    let id = call.text("ModelId");
    api.models.get(id).ok_or_else(|| not_found("Model", id))
}

fn put(api: &mut Api, model: ApiModel) -> Result<Value, ApiError> {
    if model.name.is_empty() || !model.name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(bad_request(format!("Model name must be alphanumeric: {}", model.name)));
    }
    if api.models.values().any(|other| other.name == model.name && other.model_id != model.model_id) {
        return Err(conflict(format!("Model name already exists for this API: {}", model.name)));
    }
    let schema = model.schema.as_deref().unwrap_or_default();
    if !schema.is_empty()
        && let Err(error) = serde_json::from_str::<Map<String, Value>>(schema)
    {
        return Err(bad_request(format!("Invalid model specified: the schema is no JSON schema: {error}")));
    }
    let answer = json!(model);
    api.models.insert(model.model_id.clone(), model);
    Ok(answer)
}

/// A mapping template that writes a message of the model's own shape.
fn template(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigatewayv2);
    let model = find(state.api(call.text("ApiId"))?, call)?;
    let schema: Value = serde_json::from_str(model.schema.as_deref().unwrap_or("{}")).unwrap_or_default();
    let mut text = "#set($inputRoot = $input.path('$'))\n".to_owned();
    write_template(&mut text, &schema, "$inputRoot", 0);
    Output::of(json!({ "Value": text }))
}

fn write_template(text: &mut String, schema: &Value, path: &str, depth: usize) {
    let indent = "  ".repeat(depth + 1);
    let close = "  ".repeat(depth);
    let deeper = depth < MAX_TEMPLATE_DEPTH;
    match schema["type"].as_str() {
        Some("array") if deeper => {
            let item = format!("$elem{depth}");
            text.push_str(&format!("[\n#foreach({item} in {path})\n{indent}"));
            write_template(text, &schema["items"], &item, depth + 1);
            text.push_str(&format!("#if($foreach.hasNext),#end\n#end\n{close}]"));
        }
        Some("string") => text.push_str(&format!("\"{path}\"")),
        Some("object") | None if deeper && schema["properties"].is_object() => {
            text.push_str("{\n");
            let properties = schema["properties"].as_object();
            let count = properties.map_or(0, Map::len);
            for (index, (name, property)) in properties.into_iter().flatten().enumerate() {
                text.push_str(&format!("{indent}\"{name}\" : "));
                write_template(text, property, &format!("{path}.{name}"), depth + 1);
                text.push_str(if index + 1 < count { ",\n" } else { "\n" });
            }
            text.push_str(&format!("{close}}}"));
        }
        Some("object") | None => text.push_str("{ }"),
        Some(_) => text.push_str(path),
    }
}
