//! Aliases: names for versions, with weights.

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::World;
use super::names::{Name, arn, is_version};
use super::versions::is_pointed_at;
use super::{CONFLICT, NOT_FOUND, change, check_revision, invalid, new_revision, pages, read};
use crate::model::{Alias, FunctionRecord, LATEST, RoutingConfig};

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateAlias", create_alias),
    op("GetAlias", get_alias),
    op("UpdateAlias", update_alias),
    op("DeleteAlias", delete_alias),
    op("ListAliases", list_aliases),
];

fn show(world: &World, function: &str, alias: &Alias) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(alias) else { return Map::new() };
    members.insert("AliasArn".to_owned(), arn(world, function, Some(&alias.name)).into());
    members
}

fn output(members: Map<String, Value>) -> Output {
    Output { members, ..Output::default() }
}

/// The routing that a request asks for; one without weights is none.
fn routing(call: &Call<'_>) -> Result<Option<Option<RoutingConfig>>, ApiError> {
    let Some(given) = call.member("RoutingConfig") else { return Ok(None) };
    let config: RoutingConfig = serde_json::from_value(given.clone()).map_err(|error| invalid(error.to_string()))?;
    Ok(Some(Some(config).filter(|config| !config.additional_version_weights.is_empty())))
}

/// Refuses versions that are not there and weights that make no sense.
fn check(call: &Call<'_>, name: &Name, record: &FunctionRecord, alias: &Alias) -> Result<(), ApiError> {
    let exists = |version: &str| {
        let missing = || {
            let arn = arn(call.world, &name.function, Some(version));
            ApiError::new(NOT_FOUND, format!("Function not found: {arn}"))
        };
        record.versions.get(version).map(|_| ()).ok_or_else(missing)
    };
    exists(&alias.function_version)?;
    let Some(routing) = &alias.routing_config else { return Ok(()) };
    let weights = &routing.additional_version_weights;
    if weights.len() > 1 {
        return Err(invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"));
    }
    if alias.function_version == LATEST {
        return Err(invalid("$LATEST is not supported for an alias pointing to more than 1 version"));
    }
    for (version, weight) in weights {
        if !(0.0..=1.0).contains(weight) {
            let message = format!(
                "1 validation error detected: Value '{{{version}={weight}}}' at 'routingConfig.additionalVersionWeights' failed \
                 to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, \
                 Member must have value greater than or equal to 0.0]"
            );
            return Err(ApiError::new("ValidationException", message));
        }
        if *version == alias.function_version {
            return Err(invalid(format!(
                "Invalid function version {version}. Function version {version} is already included in routing configuration."
            )));
        }
        if version == LATEST {
            return Err(invalid("$LATEST is not supported for an alias pointing to more than 1 version"));
        }
        exists(version)?;
    }
    Ok(())
}

fn create_alias(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let alias = Alias {
        name: call.text("Name").to_owned(),
        function_version: call.text("FunctionVersion").to_owned(),
        description: call.text("Description").to_owned(),
        routing_config: routing(call)?.flatten(),
        revision_id: new_revision(),
    };
    change(call, &name, |record| {
        check(call, &name, record, &alias)?;
        if record.aliases.contains_key(&alias.name) {
            let message = format!("Alias already exists: {}", arn(call.world, &name.function, Some(&alias.name)));
            return Err(ApiError::new(CONFLICT, message));
        }
        record.aliases.insert(alias.name.clone(), alias.clone());
        Ok(())
    })?;
    Ok(output(show(call.world, &name.function, &alias)))
}

fn get_alias(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let wanted = arn(call.world, &name.function, Some(call.text("Name")));
    let unknown = || ApiError::new(NOT_FOUND, format!("Cannot find alias arn: {wanted}"));
    let record = read(call, &name).map_err(|_| unknown())?;
    let alias = record.aliases.get(call.text("Name")).ok_or_else(unknown)?;
    Ok(output(show(call.world, &name.function, alias)))
}

fn update_alias(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let routing = routing(call)?;
    let wanted = call.text("Name");
    let alias = change(call, &name, |record| {
        let unknown = || {
            let arn = arn(call.world, &name.function, Some(wanted));
            ApiError::new(NOT_FOUND, format!("Alias not found: {arn}"))
        };
        let mut alias = record.aliases.get(wanted).cloned().ok_or_else(unknown)?;
        check_revision(call.optional_text("RevisionId"), &alias.revision_id, "GetFunction/GetAlias")?;
        if let Some(version) = call.optional_text("FunctionVersion") {
            version.clone_into(&mut alias.function_version);
        }
        if let Some(description) = call.optional_text("Description") {
            description.clone_into(&mut alias.description);
        }
        if let Some(routing) = routing {
            alias.routing_config = routing;
        }
        check(call, &name, record, &alias)?;
        alias.revision_id = new_revision();
        record.aliases.insert(wanted.to_owned(), alias.clone());
        Ok(alias)
    })?;
    Ok(output(show(call.world, &name.function, &alias)))
}

fn delete_alias(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let wanted = call.text("Name");
    change(call, &name, |record| {
        // AWS does not mind if there is none.
        record.aliases.shift_remove(wanted);
        record.policies.shift_remove(wanted);
        record.urls.shift_remove(wanted);
        record.provisioned_concurrency.shift_remove(wanted);
        record.event_invoke_configs.shift_remove(wanted);
        Ok(())
    })?;
    Ok(Output::empty().with_status(204))
}

fn list_aliases(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name)?;
    let version = call.optional_text("FunctionVersion").filter(|version| is_version(version));
    let aliases = record.aliases.values().filter(|alias| version.is_none_or(|version| is_pointed_at(alias, version)));
    let items = aliases.map(|alias| json!(show(call.world, &name.function, alias)));
    pages::page(call, "Aliases", items.collect())
}
