//! The account's settings, and the few that stand beside a function's configuration.

use serde_json::json;

use super::super::call::{Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::concurrency::ACCOUNT_LIMIT;
use super::names::Name;
use super::{change, read};
use crate::model::LATEST;

pub(super) const OPERATIONS: &[Entry] = &[
    op("GetAccountSettings", get_account_settings),
    op("GetFunctionRecursionConfig", get_recursion),
    op("PutFunctionRecursionConfig", put_recursion).partly("a record: loops are not looked for"),
    op("GetRuntimeManagementConfig", get_runtime_management),
    op("PutRuntimeManagementConfig", put_runtime_management).partly("a record: the interpreter is this machine's"),
    op("GetFunctionCodeSigningConfig", get_code_signing).partly("there is never one: code signing is not done here"),
];

fn get_account_settings(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.lambda);
    let versions = state.functions.values().flat_map(|record| record.versions.values());
    let size: u64 = versions.map(|version| version.code_size).sum();
    let reserved: i64 =
        state.functions.values().filter_map(|record| record.reserved_concurrent_executions).map(i64::from).sum();
    Output::of(json!({
        "AccountLimit": {
            "TotalCodeSize": 80_530_636_800_u64,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": ACCOUNT_LIMIT,
            "UnreservedConcurrentExecutions": ACCOUNT_LIMIT - reserved,
        },
        "AccountUsage": { "TotalCodeSize": size, "FunctionCount": state.functions.len() },
    }))
}

fn get_recursion(call: &Call<'_>) -> Outcome {
    let record = read(call, &Name::of(call)?)?;
    Output::of(json!({ "RecursiveLoop": record.recursive_loop.as_deref().unwrap_or("Terminate") }))
}

fn put_recursion(call: &Call<'_>) -> Outcome {
    let given = call.text("RecursiveLoop").to_owned();
    change(call, &Name::of(call)?, |record| {
        record.recursive_loop = Some(given.clone());
        Ok(())
    })?;
    Output::of(json!({ "RecursiveLoop": given }))
}

fn get_runtime_management(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name)?;
    name.check_qualifier(call, &record)?;
    let update = record.runtime_management.get(name.qualifier.as_deref().unwrap_or(LATEST));
    let update = update.map_or("Auto", String::as_str);
    Output::of(json!({ "UpdateRuntimeOn": update, "FunctionArn": name.arn(call.world) }))
}

fn put_runtime_management(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let update = call.text("UpdateRuntimeOn").to_owned();
    change(call, &name, |record| {
        name.check_qualifier(call, record)?;
        let qualifier = name.qualifier.clone().unwrap_or_else(|| LATEST.to_owned());
        record.runtime_management.insert(qualifier, update.clone());
        Ok(())
    })?;
    let version = call.optional_text("RuntimeVersionArn");
    Output::of(json!({ "UpdateRuntimeOn": update, "FunctionArn": name.arn(call.world), "RuntimeVersionArn": version }))
}

fn get_code_signing(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let record = read(call, &name)?;
    Output::of(json!({ "FunctionName": record.function_name }))
}
