//! Functions as answers show them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::super::world::World;
use super::names::arn;
use crate::clock::{EpochMillis, iso8601};
use crate::model::{FunctionRecord, FunctionVersion};

/// At which point of a version's life an answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It was made by this very request.
    Creating,
    /// It was changed by this very request.
    Updating,
    /// Whatever was done to it is done.
    Settled,
    /// Lists do not say.
    Untold,
}

/// `2026-11-22T12:57:00.123+0000`
pub(super) fn timestamp(at: EpochMillis) -> String {
    iso8601(at).replace('Z', "+0000")
}

/// `FunctionConfiguration`; its ARN has the qualifier, if there is one.
pub(super) fn configuration(
    world: &World,
    record: &FunctionRecord,
    version: &FunctionVersion,
    qualifier: Option<&str>,
    phase: Phase,
) -> Map<String, Value> {
    let name = &record.function_name;
    // A structure of strings, numbers and lists always serialises to an object.
    let Ok(Value::Object(mut members)) = serde_json::to_value(version) else { return Map::new() };
    let mut set = |member: &str, value: Value| members.insert(member.to_owned(), value);
    set("FunctionName", name.as_str().into());
    set("FunctionArn", arn(world, name, qualifier).into());
    set("CodeSha256", version.code_sha256.as_str().into());
    set("LastModified", timestamp(version.last_modified).into());
    set("PackageType", "Zip".into());
    let published = version.version != crate::model::LATEST;
    let optimized = published && version.snap_start.apply_on == "PublishedVersions";
    let status = if optimized { "On" } else { "Off" };
    set("SnapStart", json!({ "ApplyOn": version.snap_start.apply_on, "OptimizationStatus": status }));
    let group = version.logging_config.log_group.clone().unwrap_or_else(|| format!("/aws/lambda/{name}"));
    let format = version.logging_config.log_format.clone().unwrap_or_else(|| "Text".to_owned());
    set(
        "LoggingConfig",
        json!({ "LogFormat": format, "LogGroup": group,
            "ApplicationLogLevel": version.logging_config.application_log_level,
            "SystemLogLevel": version.logging_config.system_log_level }),
    );
    set("RuntimeVersionConfig", json!({ "RuntimeVersionArn": runtime_version_arn(world, &version.runtime) }));
    match phase {
        Phase::Creating => {
            set("State", "Pending".into());
            set("StateReason", "The function is being created.".into());
            set("StateReasonCode", "Creating".into());
        }
        Phase::Updating => {
            set("State", "Active".into());
            set("LastUpdateStatus", "InProgress".into());
            set("LastUpdateStatusReason", "The function is being created.".into());
            set("LastUpdateStatusReasonCode", "Creating".into());
        }
        Phase::Settled => {
            set("State", "Active".into());
            set("LastUpdateStatus", "Successful".into());
        }
        Phase::Untold => {}
    }
    members
}

/// AWS names the build of a runtime by a hash; here it is a hash of the runtime's name.
fn runtime_version_arn(world: &World, runtime: &str) -> String {
    let hash =
        Sha256::digest(runtime.as_bytes()).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    format!("arn:aws:lambda:{}::runtime:{hash}", world.id.region)
}

/// `Code`: where the package can be downloaded.
pub(super) fn code(world: &World, version: &FunctionVersion, declared: bool) -> Value {
    let hash = STANDARD.decode(&version.code_sha256).unwrap_or_default();
    let hash = hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    if declared {
        // It was built here and never uploaded: there is nothing to download.
        return json!({ "RepositoryType": "Template" });
    }
    let port = world.gateway.port;
    json!({ "RepositoryType": "S3", "Location": format!("http://localhost:{port}/_ferrogate/functions/{hash}.zip") })
}
