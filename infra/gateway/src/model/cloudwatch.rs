//! CloudWatch's alarms, as `aws cloudwatch describe-alarms` has them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::EpochMillis;

/// An alarm on a metric or on an expression of metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MetricAlarm {
    /// `AlarmName`
    pub alarm_name: String,
    /// `arn:aws:cloudwatch:{region}:{account}:alarm:{name}`
    pub alarm_arn: String,
    /// `AlarmDescription`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm_description: Option<String>,
    /// When it was last changed by a client.
    pub alarm_configuration_updated_timestamp: EpochMillis,
    /// `ActionsEnabled`
    pub actions_enabled: bool,
    /// Whom to tell when it becomes `OK`: ARNs.
    #[serde(rename = "OKActions")]
    pub ok_actions: Vec<String>,
    /// Whom to tell when it becomes `ALARM`.
    pub alarm_actions: Vec<String>,
    /// Whom to tell when it becomes `INSUFFICIENT_DATA`.
    pub insufficient_data_actions: Vec<String>,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`
    pub state_value: String,
    /// Why, for people.
    pub state_reason: String,
    /// Why, in JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason_data: Option<String>,
    /// When the state was last set.
    pub state_updated_timestamp: EpochMillis,
    /// When it last became another one.
    pub state_transitioned_timestamp: EpochMillis,
    /// `MetricName`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_name: Option<String>,
    /// `Namespace`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// `Average`, `Sum`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
    /// `p99`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_statistic: Option<String>,
    /// `Name` and `Value` of each.
    pub dimensions: Vec<MetricDimension>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<i64>,
    /// `Unit`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Periods that are looked at.
    pub evaluation_periods: i64,
    /// So many of them must breach; all, if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datapoints_to_alarm: Option<i64>,
    /// `Threshold`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// `GreaterThanThreshold`, …
    pub comparison_operator: String,
    /// `breaching`, `notBreaching`, `ignore` or `missing`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub treat_missing_data: Option<String>,
    /// `EvaluateLowSampleCountPercentile`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate_low_sample_count_percentile: Option<String>,
    /// The queries of an alarm on an expression, as `GetMetricData` has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Value>,
    /// Tags, which `ListTagsForResource` shows.
    #[serde(rename = "_tags")]
    pub tags: IndexMap<String, String>,
}

/// One dimension of a metric.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MetricDimension {
    /// `Name`
    pub name: String,
    /// `Value`
    pub value: String,
}
