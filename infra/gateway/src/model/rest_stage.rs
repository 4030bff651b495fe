//! Deployments and stages of REST APIs.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{RestApi, is_default};
use crate::clock::EpochMillis;

/// A deployment: the API as it was when it was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deployment {
    /// The deployment's id.
    pub id: String,
    /// `description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `createdDate`
    pub created_date: EpochMillis,
    /// The API at that moment, without stages and documentation.
    pub snapshot: Arc<RestApi>,
}

/// A stage of a REST API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Stage {
    /// `stageName`
    pub stage_name: String,
    /// `deploymentId`, shown in events.
    pub deployment_id: String,
    /// `clientCertificateId`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_id: Option<String>,
    /// `description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `cacheClusterEnabled`
    pub cache_cluster_enabled: bool,
    /// `cacheClusterSize`: `0.5` … `237` GB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_cluster_size: Option<String>,
    /// `cacheClusterStatus`: `NOT_AVAILABLE`, `AVAILABLE`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_cluster_status: Option<String>,
    /// Settings by `{resource path}/{METHOD}`: `*/*`, `~1users/GET`.
    pub method_settings: IndexMap<String, MethodSetting>,
    /// Stage variables.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub variables: IndexMap<String, String>,
    /// `documentationVersion`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_version: Option<String>,
    /// `accessLogSettings`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log_settings: Option<AccessLogSettings>,
    /// `canarySettings`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_settings: Option<CanarySettings>,
    /// `tracingEnabled`
    pub tracing_enabled: bool,
    /// `webAclArn`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_acl_arn: Option<String>,
    /// `tags`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tags: IndexMap<String, String>,
    /// `createdDate`
    pub created_date: EpochMillis,
    /// `lastUpdatedDate`
    pub last_updated_date: EpochMillis,
}

/// `accessLogSettings`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessLogSettings {
    /// A line with `$context` variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The log group's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_arn: Option<String>,
}

/// `canarySettings`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CanarySettings {
    /// 0.0 to 100.0
    pub percent_traffic: f64,
    /// The canary's deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
    /// Variables that differ on the canary.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub stage_variable_overrides: IndexMap<String, String>,
    /// `useStageCache`
    pub use_stage_cache: bool,
}

/// The settings of a stage for some of its methods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MethodSetting {
    /// `metricsEnabled`
    pub metrics_enabled: bool,
    /// `OFF`, `ERROR` or `INFO`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging_level: Option<String>,
    /// `dataTraceEnabled`
    pub data_trace_enabled: bool,
    /// Requests.
    #[serde(skip_serializing_if = "is_default")]
    pub throttling_burst_limit: Option<i32>,
    /// Requests a second.
    #[serde(skip_serializing_if = "is_default")]
    pub throttling_rate_limit: Option<f64>,
    /// `cachingEnabled`
    pub caching_enabled: bool,
    /// 0 to 3,600.
    pub cache_ttl_in_seconds: u32,
    /// `cacheDataEncrypted`
    pub cache_data_encrypted: bool,
    /// `requireAuthorizationForCacheControl`
    pub require_authorization_for_cache_control: bool,
    /// `FAIL_WITH_403`, `SUCCEED_WITH_RESPONSE_HEADER` or `SUCCEED_WITHOUT_RESPONSE_HEADER`
    pub unauthorized_cache_control_header_strategy: String,
}

impl Default for MethodSetting {
    fn default() -> Self {
        MethodSetting {
            metrics_enabled: false,
            logging_level: None,
            data_trace_enabled: false,
            throttling_burst_limit: None,
            throttling_rate_limit: None,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: "SUCCEED_WITH_RESPONSE_HEADER".to_owned(),
        }
    }
}

/// `cacheClusterSize`, in GB.
pub(crate) const CLUSTER_SIZES: [&str; 8] = ["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];

/// Whether a stage may have this variable; the text of an error is API Gateway's own, quotes and spaces too.
pub(crate) fn variable_fits(name: &str, value: &str) -> Result<(), String> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(in_name) {
        return Err(format!("Invalid stage variable name: {name}.  Please use names with only word characters."));
    }
    let in_value = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(c);
    if value.is_empty() || value.len() > 512 || !value.chars().all(in_value) {
        return Err(format!(
            "Invalid stage variable value: {value}.  Please use values with alphanumeric characters and the symbols ' ', -', \
             '.', '_', ':', '/', '?', '&', '=', and ','."
        ));
    }
    Ok(())
}
