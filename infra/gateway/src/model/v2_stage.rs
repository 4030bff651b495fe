//! Deployments and stages of HTTP and WebSocket APIs.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Api;
use crate::clock::EpochMillis;

/// A deployment: the API as it was when it was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiDeployment {
    /// `DeploymentId`
    pub deployment_id: String,
    /// `AutoDeployed`
    pub auto_deployed: bool,
    /// `CreatedDate`
    pub created_date: EpochMillis,
    /// `DeploymentStatus`: `DEPLOYED`, `FAILED`.
    pub deployment_status: String,
    /// `DeploymentStatusMessage`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_status_message: Option<String>,
    /// `Description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The API at that moment, without stages.
    pub snapshot: Arc<Api>,
}

/// A stage of an HTTP or WebSocket API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiStage {
    /// `StageName`, or `$default`.
    pub stage_name: String,
    /// `Description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `StageVariables`
    pub stage_variables: IndexMap<String, String>,
    /// `AutoDeploy`
    pub auto_deploy: bool,
    /// `DeploymentId`; none until something is deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
    /// `LastDeploymentStatusMessage`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_deployment_status_message: Option<String>,
    /// `ClientCertificateId`, WebSocket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_id: Option<String>,
    /// `AccessLogSettings` (`Format`, `DestinationArn`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log_settings: Option<Value>,
    /// `DefaultRouteSettings`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_route_settings: Option<RouteSettings>,
    /// `RouteSettings` by route key.
    pub route_settings: IndexMap<String, RouteSettings>,
    /// `Tags`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tags: IndexMap<String, String>,
    /// `CreatedDate`
    pub created_date: EpochMillis,
    /// `LastUpdatedDate`
    pub last_updated_date: EpochMillis,
    /// Whether quick create made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_gateway_managed: Option<bool>,
}

/// The settings of a stage for its routes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RouteSettings {
    /// `DataTraceEnabled`, WebSocket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_trace_enabled: Option<bool>,
    /// `DetailedMetricsEnabled`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detailed_metrics_enabled: Option<bool>,
    /// `LoggingLevel`, WebSocket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging_level: Option<String>,
    /// Requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttling_burst_limit: Option<i32>,
    /// Requests a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttling_rate_limit: Option<f64>,
}
