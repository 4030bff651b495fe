//! Models: the JSON schemas of bodies.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::errors::{bad_request, conflict, not_found};
use super::page::{self, page};
use super::patch::{self, Refusal, Rule, replace};
use super::{model_schema, model_template};
use crate::ids;
use crate::model::{RestApi, SchemaModel};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateModel", create),
    op("GetModel", get),
    op("GetModels", list),
    op("GetModelTemplate", template),
    op("UpdateModel", update),
    op("DeleteModel", delete),
];

/// `Empty` and `Error`, which every API has from its start.
pub(super) fn defaults() -> IndexMap<String, SchemaModel> {
    let model = |name: &str, schema: &str| {
        let model = SchemaModel {
            id: ids::short_id(6),
            name: name.to_owned(),
            description: Some(format!("This is a default {} schema model", name.to_lowercase())),
            schema: Some(schema.to_owned()),
            content_type: Some("application/json".to_owned()),
        };
        (name.to_owned(), model)
    };
    IndexMap::from([
        model(
            "Empty",
            "{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Empty Schema\",\n  \"type\" : \"object\"\n}",
        ),
        model(
            "Error",
            "{\n  \"$schema\" : \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Error Schema\",\n  \"type\" : \"object\",\n  \"properties\" : {\n    \"message\" : { \"type\" : \"string\" }\n  }\n}",
        ),
    ])
}

fn no_model(name: &str) -> ApiError {
    not_found(format!("Invalid model name specified: {name}"))
}

fn create(call: &Call<'_>) -> Outcome {
    let mut model: SchemaModel = call.parse()?;
    model.id = ids::short_id(6);
    model.description = model.description.filter(|text| !text.is_empty());
    let mut state = lock(&call.world.apigateway);
    state.change(call, |api| {
        if model.name.is_empty() {
            return Err(bad_request("Model name must be non-empty"));
        }
        if !model.name.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(bad_request(format!("Model name must be alphanumeric: {}", model.name)));
        }
        if api.models.contains_key(&model.name) {
            return Err(conflict("Model name already exists for this REST API"));
        }
        model_schema::check(api, &model)?;
        let output = Output::of(&model)?;
        api.models.insert(model.name.clone(), model);
        Ok(output)
    })
}

/// The model `modelName`; of an unknown API there is none.
fn model<'a>(api: Option<&'a RestApi>, call: &Call<'_>) -> Result<(&'a RestApi, &'a SchemaModel), ApiError> {
    let name = call.text("modelName");
    api.and_then(|api| Some((api, api.models.get(name)?))).ok_or_else(|| no_model(name))
}

fn get(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let (api, model) = model(state.apis.get(call.text("restApiId")), call)?;
    if call.boolean("flatten") != Some(true) {
        return Output::of(model);
    }
    let schema = model_schema::parsed(model).map(|schema| model_schema::flattened(api, &schema).to_string());
    Output::of(SchemaModel { schema: schema.or_else(|| model.schema.clone()), ..model.clone() })
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    page(call, state.api(call)?.models.iter().map(|(name, model)| (name.as_str(), model)), page::json)
}

fn template(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.apigateway);
    let (api, model) = model(state.apis.get(call.text("restApiId")), call)?;
    let schema = model_schema::parsed(model).unwrap_or(Value::Null);
    Output::of(json!({"value": model_template::sample(&model_schema::flattened(api, &schema))}))
}

const RULES: &[Rule<SchemaModel>] = &[
    replace("/description", |model, patch| {
        model.description = patch.optional();
        Ok(())
    }),
    replace("/schema", |model, patch| {
        model.schema = patch.optional();
        Ok(())
    }),
];

fn update(call: &Call<'_>) -> Outcome {
    let operations = patch::operations(call)?;
    let mut state = lock(&call.world.apigateway);
    let name = call.text("modelName");
    state.change_or(
        call,
        || no_model(name),
        |api| {
            let mut changed = api.models.get(name).cloned().ok_or_else(|| no_model(name))?;
            patch::apply(&mut changed, &operations, RULES, Refusal::Listed)?;
            model_schema::check(api, &changed)?;
            let output = Output::of(&changed)?;
            api.models.insert(name.to_owned(), changed);
            Ok(output)
        },
    )
}

fn delete(call: &Call<'_>) -> Outcome {
    let mut state = lock(&call.world.apigateway);
    let name = call.text("modelName");
    state.change_or(
        call,
        || no_model(name),
        |api| {
            if !api.models.contains_key(name) {
                return Err(no_model(name));
            }
            if let Some(user) = user(api, name) {
                return Err(conflict(format!("Cannot delete model '{name}', is referenced in {user}")));
            }
            api.models.shift_remove(name);
            Ok(Output::empty())
        },
    )
}

/// What uses a model; AWS names the newest resource first.
fn user(api: &RestApi, name: &str) -> Option<String> {
    let names = |models: &Option<IndexMap<String, String>>| models.iter().flat_map(IndexMap::values).any(|n| n == name);
    for resource in api.resources.iter().rev() {
        for method in resource.methods.values() {
            let (path, verb) = (&resource.path, &method.http_method);
            if names(&method.request_models) {
                return Some(format!("method request: {path}/{verb}"));
            }
            if let Some(response) = method.method_responses.values().find(|response| names(&response.response_models)) {
                return Some(format!("method response: {path}/{verb}/{}", response.status_code));
            }
        }
    }
    let reference = format!("/models/{name}\"");
    let other = api.models.values().find(|other| other.schema.as_ref().is_some_and(|text| text.contains(&reference)));
    other.map(|other| format!("model: {}", other.name))
}
