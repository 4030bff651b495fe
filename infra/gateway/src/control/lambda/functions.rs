//! Functions: made, read, listed, deleted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op, op_async};
use super::super::world::lock;
use super::code::{self, Upload};
use super::configuration::{self, Settings};
use super::names::{Name, is_version};
use super::show::{self, Phase};
use super::{CONFLICT, NOT_FOUND, invalid, new_revision, pages, read, refuse_declared, versions};
use crate::model::{
    EphemeralStorage, FunctionRecord, FunctionVersion, LATEST, LoggingConfig, SnapStart, TracingConfig,
};

pub(super) const OPERATIONS: &[Entry] = &[
    op_async("CreateFunction", create_function)
        .partly("code from S3, container images, layers, code signing and capacity providers are refused"),
    op("GetFunction", get_function),
    op("GetFunctionConfiguration", get_function_configuration),
    op("ListFunctions", list_functions),
    op("DeleteFunction", delete_function),
];

fn create_function<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    create(call).boxed()
}

async fn create(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    configuration::refuse_what_is_not_here(call)?;
    if call.optional_text("CodeSigningConfigArn").is_some_and(|arn| !arn.is_empty()) {
        return Err(invalid("code signing is not done here: leave CodeSigningConfigArn out"));
    }
    let (Some(runtime), Some(handler)) = (call.optional_text("Runtime"), call.optional_text("Handler")) else {
        let message = "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
        return Err(invalid(message));
    };
    let settings: Settings = call.parse()?;
    settings.check(&name.function)?;
    let exists = || ApiError::new(CONFLICT, format!("Function already exist: {}", name.function));
    if lock(&call.world.lambda).functions.contains(&name.function) {
        return Err(exists());
    }
    let rooms = call.control.function_rooms()?;
    let _packing = rooms.packing.read().await;
    let upload = Upload::of(call.member("Code").and_then(Value::as_object))?;
    let package = code::keep(rooms, upload, runtime, handler, true).await?;
    let architectures = call.parse::<Architectures>()?.architectures;
    let mut version = FunctionVersion {
        version: LATEST.to_owned(),
        description: String::new(),
        runtime: runtime.to_owned(),
        role: call.text("Role").to_owned(),
        handler: handler.to_owned(),
        timeout: 3,
        memory_size: 128,
        environment: None,
        architectures: architectures.unwrap_or_else(|| vec!["x86_64".to_owned()]),
        code_sha256: package.sha256,
        code_size: package.size,
        last_modified: call.now(),
        revision_id: new_revision(),
        tracing_config: TracingConfig { mode: "PassThrough".to_owned() },
        ephemeral_storage: EphemeralStorage { size: 512 },
        snap_start: SnapStart { apply_on: "None".to_owned() },
        logging_config: LoggingConfig::default(),
        vpc_config: None,
        dead_letter_config: None,
        kms_key_arn: None,
        file_system_configs: None,
    };
    settings.apply(&mut version);
    let mut record = FunctionRecord {
        function_name: name.function.clone(),
        versions: IndexMap::from([(LATEST.to_owned(), version.clone())]),
        last_version: 0,
        aliases: IndexMap::new(),
        policies: IndexMap::new(),
        reserved_concurrent_executions: None,
        provisioned_concurrency: IndexMap::new(),
        event_invoke_configs: IndexMap::new(),
        urls: IndexMap::new(),
        tags: call.member("Tags").cloned().and_then(|tags| serde_json::from_value(tags).ok()).unwrap_or_default(),
        recursive_loop: None,
        runtime_management: IndexMap::new(),
    };
    if call.boolean("Publish") == Some(true) {
        version = versions::publish(&mut record, None)?;
    }
    {
        let mut state = lock(&call.world.lambda);
        if state.functions.contains(&name.function) {
            return Err(exists());
        }
        state.functions.insert(&name.function, record.clone())?;
        for version in record.versions.values() {
            rooms.run(call.world, &name.function, version)?;
        }
        rooms.configure(call.world, &record)?;
    }
    let members = show::configuration(call.world, &record, &version, None, Phase::Creating);
    Ok(Output { members, ..Output::default() })
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Architectures {
    architectures: Option<Vec<String>>,
}

/// The record, and the version that the request means of it.
fn found(call: &Call<'_>) -> Result<(FunctionRecord, FunctionVersion, Option<String>), ApiError> {
    let name = Name::of(call)?;
    let record = read(call, &name)?;
    let wanted = name.qualifier.as_deref().unwrap_or(LATEST);
    let version = record.aliases.get(wanted).map_or(wanted, |alias| &alias.function_version);
    let version = record.versions.get(version).cloned().ok_or_else(|| name.not_found(call))?;
    Ok((record, version, name.qualifier))
}

fn get_function(call: &Call<'_>) -> Outcome {
    let (record, version, qualifier) = found(call)?;
    let declared = lock(&call.world.lambda).functions.is_declared(&record.function_name);
    let mut members = Map::new();
    let shown = show::configuration(call.world, &record, &version, qualifier.as_deref(), Phase::Settled);
    members.insert("Configuration".to_owned(), shown.into());
    members.insert("Code".to_owned(), show::code(call.world, &version, declared));
    if !record.tags.is_empty() {
        members.insert("Tags".to_owned(), json!(record.tags));
    }
    if let Some(reserved) = record.reserved_concurrent_executions {
        members.insert("Concurrency".to_owned(), json!({ "ReservedConcurrentExecutions": reserved }));
    }
    Ok(Output { members, ..Output::default() })
}

fn get_function_configuration(call: &Call<'_>) -> Outcome {
    let (record, version, qualifier) = found(call)?;
    let members = show::configuration(call.world, &record, &version, qualifier.as_deref(), Phase::Settled);
    Ok(Output { members, ..Output::default() })
}

fn list_functions(call: &Call<'_>) -> Outcome {
    let all = call.optional_text("FunctionVersion") == Some("ALL");
    let state = lock(&call.world.lambda);
    let mut items = Vec::new();
    for record in state.functions.values() {
        for version in record.versions.values().take(if all { usize::MAX } else { 1 }) {
            let qualifier = all.then_some(version.version.as_str());
            items.push(show::configuration(call.world, record, version, qualifier, Phase::Untold).into());
        }
    }
    drop(state);
    pages::page(call, "Functions", items)
}

fn delete_function(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    let rooms = call.control.function_rooms()?;
    match name.qualifier.as_deref() {
        Some(LATEST) => {
            return Err(invalid("$LATEST version cannot be deleted without deleting the function."));
        }
        Some(version) if !is_version(version) => {
            return Err(invalid("Deletion of aliases is not currently supported."));
        }
        Some(version) => {
            refuse_declared(call, &name)?;
            super::change(call, &name, |record| {
                if let Some(alias) = record.aliases.values().find(|alias| versions::is_pointed_at(alias, version)) {
                    let message =
                        format!("Version {version} is in use by the alias {}: change or delete that first", alias.name);
                    return Err(ApiError::new(CONFLICT, message));
                }
                record.provisioned_concurrency.shift_remove(version);
                record.event_invoke_configs.shift_remove(version);
                record.policies.shift_remove(version);
                // AWS does not mind if there is none.
                record.versions.shift_remove(version);
                Ok(())
            })?;
            rooms.host(call.world)?.remove(&name.function, Some(version));
        }
        None => {
            refuse_declared(call, &name)?;
            let mut state = lock(&call.world.lambda);
            if state.functions.remove(&name.function)?.is_none() {
                return Err(ApiError::new(NOT_FOUND, format!("Function not found: {}", name.arn(call.world))));
            }
            rooms.host(call.world)?.remove(&name.function, None);
        }
    }
    call.control.remove_unused_packages();
    Ok(Output::empty().with_status(204))
}

/// The bytes of a blob within a document.
pub(super) fn blob(base64: &str) -> Result<Vec<u8>, ApiError> {
    STANDARD.decode(base64).map_err(|_| ApiError::new("SerializationException", "ZipFile must be base64"))
}
