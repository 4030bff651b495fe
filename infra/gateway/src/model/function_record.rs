//! What Lambda keeps of a function: its versions, aliases, policies, limits and URLs, in the wire names of its API.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::is_default;
use super::{Architecture, Function, FunctionCode};

/// The version that can be changed.
pub const LATEST: &str = "$LATEST";

/// A function with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionRecord {
    /// `FunctionName`
    pub function_name: String,
    /// `$LATEST` first, then the published ones, oldest first.
    pub versions: IndexMap<String, FunctionVersion>,
    /// The number that was published last; numbers are never used again.
    #[serde(default)]
    pub last_version: u64,
    /// By name.
    #[serde(default)]
    pub aliases: IndexMap<String, Alias>,
    /// By qualifier; the empty one is the function's own.
    #[serde(default)]
    pub policies: IndexMap<String, FunctionPolicy>,
    /// `ReservedConcurrentExecutions`
    #[serde(default)]
    pub reserved_concurrent_executions: Option<u32>,
    /// By version or alias.
    #[serde(default)]
    pub provisioned_concurrency: IndexMap<String, ProvisionedConcurrency>,
    /// By qualifier, `$LATEST` included.
    #[serde(default)]
    pub event_invoke_configs: IndexMap<String, EventInvokeConfig>,
    /// By alias; the empty one is the function's own.
    #[serde(default)]
    pub urls: IndexMap<String, FunctionUrl>,
    /// `Tags`
    #[serde(default)]
    pub tags: IndexMap<String, String>,
    /// `RecursiveLoop`: `Terminate` unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursive_loop: Option<String>,
    /// `UpdateRuntimeOn` by qualifier: `Auto` unless told otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub runtime_management: IndexMap<String, String>,
}

/// The configuration and code of one version (`FunctionConfiguration`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionVersion {
    /// `$LATEST` or a number.
    pub version: String,
    /// Empty unless told otherwise.
    #[serde(default)]
    pub description: String,
    /// `python3.12`, …
    pub runtime: String,
    /// The ARN of the execution role.
    pub role: String,
    /// `module.function`
    pub handler: String,
    /// Seconds.
    pub timeout: u32,
    /// MB.
    pub memory_size: u32,
    /// `Environment.Variables`; none is not the same as an empty one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// `x86_64` or `arm64`, one of them.
    pub architectures: Vec<String>,
    /// The SHA-256 of the zip, in base64.
    pub code_sha256: String,
    /// The zip's length in bytes.
    pub code_size: u64,
    /// Epoch milliseconds.
    pub last_modified: i64,
    /// Changes with every change.
    pub revision_id: String,
    /// `Active` or `PassThrough`.
    pub tracing_config: TracingConfig,
    /// MB.
    pub ephemeral_storage: EphemeralStorage,
    /// `PublishedVersions` or `None`.
    pub snap_start: SnapStart,
    /// Where the log goes.
    pub logging_config: LoggingConfig,
    /// Kept and shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<Value>,
    /// Kept and shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_config: Option<Value>,
    /// Kept and shown.
    #[serde(rename = "KMSKeyArn", default, skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<String>,
    /// Kept and shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_system_configs: Option<Value>,
}

/// `Environment`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Environment {
    /// The variables.
    #[serde(default)]
    pub variables: IndexMap<String, String>,
}

/// `TracingConfig`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TracingConfig {
    /// `Active` or `PassThrough`.
    pub mode: String,
}

/// `EphemeralStorage`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EphemeralStorage {
    /// MB, 512 to 10,240.
    pub size: u32,
}

/// `SnapStart`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SnapStart {
    /// `PublishedVersions` or `None`.
    pub apply_on: String,
}

/// `LoggingConfig`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LoggingConfig {
    /// `Text` or `JSON`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_format: Option<String>,
    /// With `JSON`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_log_level: Option<String>,
    /// With `JSON`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_log_level: Option<String>,
    /// `/aws/lambda/{FunctionName}` unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
}

/// An alias (`AliasConfiguration`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Alias {
    /// Its name.
    pub name: String,
    /// What it means.
    pub function_version: String,
    /// Empty unless told otherwise.
    #[serde(default)]
    pub description: String,
    /// A second version and its share of the calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_config: Option<RoutingConfig>,
    /// Changes with every change.
    pub revision_id: String,
}

/// `RoutingConfig`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoutingConfig {
    /// Shares from 0 to 1 by version: one at most.
    #[serde(default)]
    pub additional_version_weights: IndexMap<String, f64>,
}

/// A resource-based policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionPolicy {
    /// In the order in which they were added.
    pub statements: Vec<PolicyStatement>,
    /// Changes with every change.
    pub revision_id: String,
}

/// What `AddPermission` was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyStatement {
    /// Unique within the policy.
    pub statement_id: String,
    /// `lambda:InvokeFunction`
    pub action: String,
    /// `apigateway.amazonaws.com`, an account, an ARN, or `*`.
    pub principal: String,
    /// A pattern with `*` and `?`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_arn: Option<String>,
    /// An account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_account: Option<String>,
    /// Of Alexa skills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_source_token: Option<String>,
    /// An organisation.
    #[serde(rename = "PrincipalOrgID", default, skip_serializing_if = "Option::is_none")]
    pub principal_org_id: Option<String>,
    /// `NONE` or `AWS_IAM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_url_auth_type: Option<String>,
    /// Whether calls by a function URL are meant, and no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoked_via_function_url: Option<bool>,
}

/// `ProvisionedConcurrencyConfig`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProvisionedConcurrency {
    /// How many.
    pub requested: u32,
    /// Epoch milliseconds.
    pub last_modified: i64,
}

/// `FunctionEventInvokeConfig`: how asynchronous calls are tried again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventInvokeConfig {
    /// Epoch milliseconds.
    pub last_modified: i64,
    /// 0 to 2; AWS's default is 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_retry_attempts: Option<u32>,
    /// 60 to 21,600; AWS's default is 21,600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_event_age_in_seconds: Option<u32>,
    /// Kept and shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_config: Option<Value>,
}

/// A function URL (`FunctionUrlConfig`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionUrl {
    /// The first part of the host's name.
    pub url_id: String,
    /// `NONE` or `AWS_IAM`.
    pub auth_type: String,
    /// `BUFFERED` or `RESPONSE_STREAM`.
    pub invoke_mode: String,
    /// Answers to browsers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<UrlCors>,
    /// Epoch milliseconds.
    pub creation_time: i64,
    /// Epoch milliseconds.
    pub last_modified_time: i64,
}

/// `Cors` of a function URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UrlCors {
    /// Whether cookies and the like may be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_credentials: Option<bool>,
    /// Headers that a page may send.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_headers: Vec<String>,
    /// Methods that a page may use; `*` for all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_methods: Vec<String>,
    /// Origins whose pages may read; `*` for all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_origins: Vec<String>,
    /// Headers that a page may read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expose_headers: Vec<String>,
    /// Seconds that a browser may remember an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
}

impl FunctionRecord {
    /// `$LATEST`. Every function has one.
    pub fn latest(&self) -> Option<&FunctionVersion> {
        self.versions.get(LATEST)
    }
}

impl FunctionVersion {
    /// What is run of it: the function `name` with this version's configuration and its code in `folder`, in an account and
    /// region.
    pub fn function(&self, name: &str, folder: PathBuf, account: &str, region: &str) -> Function {
        Function {
            function_name: name.to_owned(),
            logical_id: None,
            function_arn: format!("arn:aws:lambda:{region}:{account}:function:{name}"),
            runtime: self.runtime.clone(),
            handler: self.handler.clone(),
            code: FunctionCode::Package(folder),
            memory_size: self.memory_size,
            timeout: self.timeout,
            environment: self.environment.as_ref().map(|e| e.variables.clone()).unwrap_or_default(),
            architecture: match self.architectures.first().map(String::as_str) {
                Some("arm64") => Architecture::Arm64,
                _ => Architecture::X86_64,
            },
            reserved_concurrent_executions: None,
            log_group: self.logging_config.log_group.clone(),
        }
    }
}
