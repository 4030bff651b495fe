//! What can be configured of a function, and `UpdateFunctionConfiguration`.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op_async};
use super::super::world::lock;
use super::names::Name;
use super::show::{self, Phase};
use super::{check_revision, code, invalid, new_revision, read, refuse_declared};
use crate::lambda::reserved_variable;
use crate::model::{Environment, EphemeralStorage, FunctionVersion, LATEST, LoggingConfig, SnapStart, TracingConfig};

pub(super) const OPERATIONS: &[Entry] = &[op_async("UpdateFunctionConfiguration", update_function_configuration)
    .partly("network, file systems, dead letter queues and tracing are kept and shown, and change nothing")];

/// Lambda's bound for the environment variables, as JSON.
const MAX_ENVIRONMENT: usize = 4 * 1024;

/// The members that `CreateFunction` and `UpdateFunctionConfiguration` have in common; absent ones change nothing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Settings {
    description: Option<String>,
    role: Option<String>,
    runtime: Option<String>,
    handler: Option<String>,
    timeout: Option<u32>,
    memory_size: Option<u32>,
    environment: Option<Environment>,
    tracing_config: Option<TracingConfig>,
    ephemeral_storage: Option<EphemeralStorage>,
    snap_start: Option<SnapStart>,
    logging_config: Option<LoggingConfig>,
    vpc_config: Option<Value>,
    dead_letter_config: Option<Value>,
    #[serde(rename = "KMSKeyArn")]
    kms_key_arn: Option<String>,
    file_system_configs: Option<Value>,
}

impl Settings {
    /// What the model of the API does not say of them.
    pub(super) fn check(&self, function: &str) -> Result<(), ApiError> {
        let bound = |value: Option<u32>, name: &str, max: u32| match value {
            Some(value) if value > max => {
                let message = format!(
                    "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must have \
                     value less than or equal to {max}"
                );
                Err(ApiError::new("ValidationException", message))
            }
            _ => Ok(()),
        };
        bound(self.timeout, "timeout", 900)?;
        bound(self.memory_size, "memorySize", 10_240)?;
        bound(self.ephemeral_storage.as_ref().map(|storage| storage.size), "ephemeralStorage.size", 10_240)?;
        let Some(environment) = &self.environment else { return Ok(()) };
        let reserved: Vec<_> =
            environment.variables.keys().map(String::as_str).filter(|key| reserved_variable(key)).collect();
        if !reserved.is_empty() {
            return Err(invalid(format!(
                "Lambda was unable to configure your environment variables because the environment variables you have \
                 provided contains reserved keys that are currently not supported for modification. Reserved keys used in \
                 this request: {}",
                reserved.join(", ")
            )));
        }
        let text = serde_json::to_string(&environment.variables).unwrap_or_default();
        if text.len() > MAX_ENVIRONMENT {
            tracing::warn!(function, bytes = text.len(), "the environment variables of a function are refused");
            return Err(invalid(format!(
                "Lambda was unable to configure your environment variables because the environment variables you have \
                 provided exceeded the 4KB limit. String measured: {} bytes",
                text.len()
            )));
        }
        Ok(())
    }

    pub(super) fn apply(self, version: &mut FunctionVersion) {
        fn set<T>(value: Option<T>, to: &mut T) {
            if let Some(value) = value {
                *to = value;
            }
        }
        set(self.description, &mut version.description);
        set(self.role, &mut version.role);
        set(self.runtime, &mut version.runtime);
        set(self.handler, &mut version.handler);
        set(self.timeout, &mut version.timeout);
        set(self.memory_size, &mut version.memory_size);
        set(self.tracing_config, &mut version.tracing_config);
        set(self.ephemeral_storage, &mut version.ephemeral_storage);
        set(self.snap_start, &mut version.snap_start);
        set(self.logging_config, &mut version.logging_config);
        if let Some(environment) = self.environment {
            version.environment = Some(environment).filter(|environment| !environment.variables.is_empty());
        }
        // Empty members take a setting back.
        if let Some(vpc) = self.vpc_config {
            version.vpc_config = vpc_config(vpc);
        }
        if let Some(queue) = self.dead_letter_config {
            let target = queue.get("TargetArn").and_then(Value::as_str).unwrap_or_default();
            version.dead_letter_config = (!target.is_empty()).then_some(queue);
        }
        if let Some(key) = self.kms_key_arn {
            version.kms_key_arn = (!key.is_empty()).then_some(key);
        }
        if let Some(systems) = self.file_system_configs {
            let none = systems.as_array().is_none_or(Vec::is_empty);
            version.file_system_configs = (!none).then_some(systems);
        }
    }
}

/// `VpcConfigResponse`, which has the network's id too.
fn vpc_config(mut given: Value) -> Option<Value> {
    let filled = |member: &str| given.get(member).and_then(Value::as_array).is_some_and(|ids| !ids.is_empty());
    if !filled("SubnetIds") && !filled("SecurityGroupIds") {
        return None;
    }
    if let Some(members) = given.as_object_mut() {
        members.entry("Ipv6AllowedForDualStack").or_insert(false.into());
        members.insert("VpcId".to_owned(), "vpc-00000000".into());
    }
    Some(given)
}

/// Refuses what would change what a function does, and is not done here.
pub(super) fn refuse_what_is_not_here(call: &Call<'_>) -> Result<(), ApiError> {
    if call.optional_text("PackageType") == Some("Image") {
        return Err(invalid("container images are not run here: PackageType must be Zip"));
    }
    let filled = |member: &str| match call.member(member) {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        _ => false,
    };
    for (member, what) in [
        ("Layers", "layers are not mounted here: put what they hold into the package"),
        ("ImageConfig", "container images are not run here: leave ImageConfig out"),
        ("CapacityProviderConfig", "there are no managed instances here: leave CapacityProviderConfig out"),
        ("DurableConfig", "durable executions are not done here: leave DurableConfig out"),
        ("TenancyConfig", "tenants are not told apart here: leave TenancyConfig out"),
    ] {
        if filled(member) {
            return Err(invalid(format!("{member}: {what}")));
        }
    }
    Ok(())
}

fn update_function_configuration<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
    update(call).boxed()
}

async fn update(call: &Call<'_>) -> Outcome {
    let name = Name::of(call)?;
    read(call, &name)?;
    refuse_declared(call, &name)?;
    refuse_what_is_not_here(call)?;
    let settings: Settings = call.parse()?;
    settings.check(&name.function)?;
    if let Some(runtime) = settings.runtime.clone() {
        let checked = tokio::task::spawn_blocking(move || code::check_runtime(&runtime)).await;
        checked.map_err(ApiError::internal)??;
    }
    let rooms = call.control.function_rooms()?;
    let now = call.now();
    let mut state = lock(&call.world.lambda);
    let changed = state.functions.update(&name.function, |record| {
        let latest = record.versions.get_mut(LATEST).ok_or_else(|| name.not_found(call))?;
        check_revision(call.optional_text("RevisionId"), &latest.revision_id, "GetFunction/GetAlias")?;
        settings.apply(latest);
        latest.last_modified = now;
        latest.revision_id = new_revision();
        Ok(latest.clone())
    });
    let version = changed.unwrap_or_else(|| Err(name.not_found(call)))?;
    rooms.run(call.world, &name.function, &version)?;
    let record = state.functions.get(&name.function).ok_or_else(|| name.not_found(call))?;
    let members = show::configuration(call.world, record, &version, None, Phase::Updating);
    Ok(Output { members, ..Output::default() })
}
