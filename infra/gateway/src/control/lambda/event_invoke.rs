//! How asynchronous calls are tried again.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::names::{Name, arn};
use super::{NOT_FOUND, change, invalid, pages, read};
use crate::model::{EventInvokeConfig, FunctionRecord, LATEST};

pub(super) const OPERATIONS: &[Entry] = &[
    op("PutFunctionEventInvokeConfig", put).partly("destinations are kept and shown, and are told nothing"),
    op("UpdateFunctionEventInvokeConfig", update).partly("destinations are kept and shown, and are told nothing"),
    op("GetFunctionEventInvokeConfig", get),
    op("DeleteFunctionEventInvokeConfig", delete),
    op("ListFunctionEventInvokeConfigs", list),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    maximum_retry_attempts: Option<u32>,
    maximum_event_age_in_seconds: Option<u32>,
    destination_config: Option<Value>,
}

fn given(call: &Call<'_>) -> Result<Given, ApiError> {
    let given: Given = call.parse()?;
    let nothing = given.maximum_retry_attempts.is_none()
        && given.maximum_event_age_in_seconds.is_none()
        && given.destination_config.is_none();
    if nothing {
        return Err(invalid("You must specify at least one of error handling or destination setting."));
    }
    Ok(given)
}

fn output(call: &Call<'_>, name: &Name, config: &EventInvokeConfig) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(config) else { return Map::new() };
    let arn = arn(call.world, &name.function, Some(name.qualifier.as_deref().unwrap_or(LATEST)));
    members.insert("FunctionArn".to_owned(), arn.into());
    members.entry("DestinationConfig").or_insert_with(|| json!({ "OnSuccess": {}, "OnFailure": {} }));
    members
}

fn known(name: &Name, record: &FunctionRecord) -> Result<String, ApiError> {
    let qualifier = name.qualifier.as_deref().unwrap_or(LATEST);
    if record.versions.contains_key(qualifier) || record.aliases.contains_key(qualifier) {
        return Ok(qualifier.to_owned());
    }
    Err(no_function())
}

fn no_function() -> ApiError {
    ApiError::new(NOT_FOUND, "The function doesn't exist.")
}

fn no_config(call: &Call<'_>, name: &Name) -> ApiError {
    let arn = arn(call.world, &name.function, Some(name.qualifier.as_deref().unwrap_or(LATEST)));
    ApiError::new(NOT_FOUND, format!("The function {arn} doesn't have an EventInvokeConfig"))
}

fn put(call: &Call<'_>) -> Outcome {
    let (name, given) = (Name::of(call)?, given(call)?);
    read(call, &name).map_err(|_| no_function())?;
    let config = EventInvokeConfig {
        last_modified: call.now(),
        maximum_retry_attempts: given.maximum_retry_attempts,
        maximum_event_age_in_seconds: given.maximum_event_age_in_seconds,
        destination_config: given.destination_config,
    };
    change(call, &name, |record| {
        let qualifier = known(&name, record)?;
        record.event_invoke_configs.insert(qualifier, config.clone());
        Ok(())
    })?;
    Ok(Output { members: output(call, &name, &config), ..Output::default() })
}

fn update(call: &Call<'_>) -> Outcome {
    let (name, given) = (Name::of(call)?, given(call)?);
    read(call, &name).map_err(|_| no_function())?;
    let now = call.now();
    let config = change(call, &name, |record| {
        let qualifier = known(&name, record)?;
        let config = record.event_invoke_configs.get_mut(&qualifier).ok_or_else(|| no_config(call, &name))?;
        config.last_modified = now;
        config.maximum_retry_attempts = given.maximum_retry_attempts.or(config.maximum_retry_attempts);
        config.maximum_event_age_in_seconds =
            given.maximum_event_age_in_seconds.or(config.maximum_event_age_in_seconds);
        config.destination_config = given.destination_config.or_else(|| config.destination_config.take());
        Ok(config.clone())
    })?;
    Ok(Output { members: output(call, &name, &config), ..Output::default() })
}

fn get(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let none = || no_config(call, &name);
    let record = read(call, &name).map_err(|_| none())?;
    let config = record.event_invoke_configs.get(name.qualifier.as_deref().unwrap_or(LATEST)).ok_or_else(none)?;
    Ok(Output { members: output(call, &name, config), ..Output::default() })
}

fn delete(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    read(call, &name).map_err(|_| no_config(call, &name))?;
    change(call, &name, |record| {
        let qualifier = name.qualifier.as_deref().unwrap_or(LATEST);
        record.event_invoke_configs.shift_remove(qualifier).map(|_| ()).ok_or_else(|| no_config(call, &name))
    })?;
    Ok(Output::empty().with_status(204))
}

fn list(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name).map_err(|_| no_function())?;
    let items = record.event_invoke_configs.iter().map(|(qualifier, config)| {
        let name = Name { function: name.function.clone(), qualifier: Some(qualifier.clone()) };
        Value::from(output(call, &name, config))
    });
    pages::page(call, "FunctionEventInvokeConfigs", items.collect())
}
