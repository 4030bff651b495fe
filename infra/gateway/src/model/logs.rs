//! CloudWatch Logs' groups and streams, as `aws logs describe-log-groups` and `describe-log-streams` have them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::is_default;
use crate::clock::EpochMillis;

/// A log group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogGroup {
    /// `/aws/lambda/list-users`
    pub log_group_name: String,
    /// When it was made.
    pub creation_time: EpochMillis,
    /// Days that events are kept; for ever if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_in_days: Option<i64>,
    /// `kmsKeyId`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// `STANDARD` or `INFREQUENT_ACCESS`
    pub log_group_class: String,
    /// Whether it cannot be deleted.
    #[serde(skip_serializing_if = "is_default")]
    pub deletion_protection_enabled: bool,
    /// Tags.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tags: IndexMap<String, String>,
}
