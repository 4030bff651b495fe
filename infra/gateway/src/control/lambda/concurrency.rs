//! Reserved and provisioned concurrency.
//!
//! Reserved concurrency is kept by the host. Provisioned concurrency is a record: environments stay warm here anyway.

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::{World, lock};
use super::names::{Name, arn};
use super::show::timestamp;
use super::{CONFLICT, change, invalid, pages, read};
use crate::model::{FunctionRecord, LATEST, ProvisionedConcurrency};

pub(super) const OPERATIONS: &[Entry] = &[
    op("PutFunctionConcurrency", put_concurrency),
    op("GetFunctionConcurrency", get_concurrency),
    op("DeleteFunctionConcurrency", delete_concurrency),
    op("PutProvisionedConcurrencyConfig", put_provisioned).partly("a record: nothing is started beforehand"),
    op("GetProvisionedConcurrencyConfig", get_provisioned),
    op("DeleteProvisionedConcurrencyConfig", delete_provisioned),
    op("ListProvisionedConcurrencyConfigs", list_provisioned),
];

/// AWS's default for an account, and what of it must stay unreserved.
pub(super) const ACCOUNT_LIMIT: i64 = 1000;
const UNRESERVED: i64 = 100;

fn put_concurrency(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    read(call, &name)?;
    let reserved = call.integer("ReservedConcurrentExecutions").unwrap_or_default();
    let others: i64 = {
        let state = lock(&call.world.lambda);
        let others = state.functions.values().filter(|record| record.function_name != name.function);
        others.filter_map(|record| record.reserved_concurrent_executions).map(i64::from).sum()
    };
    if ACCOUNT_LIMIT - others - reserved < UNRESERVED {
        return Err(invalid(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its \
             minimum value of [{UNRESERVED}]."
        )));
    }
    change(call, &name, |record| {
        let provisioned: i64 = record.provisioned_concurrency.values().map(|config| i64::from(config.requested)).sum();
        if provisioned > reserved {
            return Err(invalid(format!(
                " ReservedConcurrentExecutions  {reserved} should not be lower than function's total provisioned concurrency \
                 [{provisioned}]."
            )));
        }
        record.reserved_concurrent_executions = u32::try_from(reserved).ok();
        Ok(())
    })?;
    Output::of(json!({ "ReservedConcurrentExecutions": reserved }))
}

fn get_concurrency(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name)?;
    Output::of(json!({ "ReservedConcurrentExecutions": record.reserved_concurrent_executions }))
}

fn delete_concurrency(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    change(call, &name, |record| {
        record.reserved_concurrent_executions = None;
        Ok(())
    })?;
    Ok(Output::empty().with_status(204))
}

fn shown(config: &ProvisionedConcurrency) -> Map<String, Value> {
    let count = Value::from(config.requested);
    let mut members = Map::new();
    for member in [
        "RequestedProvisionedConcurrentExecutions",
        "AvailableProvisionedConcurrentExecutions",
        "AllocatedProvisionedConcurrentExecutions",
    ] {
        members.insert(member.to_owned(), count.clone());
    }
    members.insert("Status".to_owned(), "READY".into());
    members.insert("LastModified".to_owned(), timestamp(config.last_modified).into());
    members
}

/// The qualifier of a request, which must be a published version or an alias of one.
fn qualifier<'n>(call: &Call<'_>, name: &'n Name, record: &FunctionRecord) -> Result<&'n str, ApiError> {
    name.check_qualifier(call, record)?;
    Ok(name.qualifier.as_deref().unwrap_or_default())
}

fn put_provisioned(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let unpublished = || invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
    if name.qualifier.as_deref() == Some(LATEST) {
        return Err(unpublished());
    }
    let requested = call.integer("ProvisionedConcurrentExecutions").and_then(|count| u32::try_from(count).ok());
    let config = ProvisionedConcurrency { requested: requested.unwrap_or(1), last_modified: call.now() };
    change(call, &name, |record| {
        let qualifier = qualifier(call, &name, record)?;
        let others = record.provisioned_concurrency.iter().filter(|(other, _)| *other != qualifier);
        let total: u32 = others.map(|(_, other)| other.requested).sum::<u32>().saturating_add(config.requested);
        if let Some(reserved) = record.reserved_concurrent_executions
            && total > reserved
        {
            return Err(invalid(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
            ));
        }
        match record.aliases.get(qualifier) {
            Some(alias) if alias.function_version == LATEST => return Err(unpublished()),
            Some(alias) if record.provisioned_concurrency.contains_key(&alias.function_version) => {
                let message =
                    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version";
                return Err(ApiError::new(CONFLICT, message));
            }
            None if record.aliases.values().any(|alias| {
                alias.function_version == qualifier && record.provisioned_concurrency.contains_key(&alias.name)
            }) =>
            {
                return Err(ApiError::new(CONFLICT, "Version is pointed by a Provisioned Concurrency alias"));
            }
            _ => {}
        }
        record.provisioned_concurrency.insert(qualifier.to_owned(), config.clone());
        Ok(())
    })?;
    let mut members = shown(&config);
    // Not yet, for the one who asks.
    members.insert("Status".to_owned(), "IN_PROGRESS".into());
    members.insert("AvailableProvisionedConcurrentExecutions".to_owned(), 0.into());
    members.insert("AllocatedProvisionedConcurrentExecutions".to_owned(), 0.into());
    Ok(Output { members, ..Output::default() })
}

fn get_provisioned(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name)?;
    let qualifier = qualifier(call, &name, &record)?;
    match record.provisioned_concurrency.get(qualifier) {
        Some(config) => Ok(Output { members: shown(config), ..Output::default() }),
        None => {
            let message = "No Provisioned Concurrency Config found for this function";
            Err(ApiError::new("ProvisionedConcurrencyConfigNotFoundException", message))
        }
    }
}

fn delete_provisioned(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    change(call, &name, |record| {
        let qualifier = qualifier(call, &name, record)?;
        record.provisioned_concurrency.shift_remove(qualifier);
        Ok(())
    })?;
    Ok(Output::empty().with_status(204))
}

fn list_provisioned(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name)?;
    let entry = |world: &World, (qualifier, config): (&String, &ProvisionedConcurrency)| {
        let mut members = shown(config);
        members.insert("FunctionArn".to_owned(), arn(world, &name.function, Some(qualifier)).into());
        Value::from(members)
    };
    let items = record.provisioned_concurrency.iter().map(|config| entry(call.world, config));
    pages::page(call, "ProvisionedConcurrencyConfigs", items.collect())
}
