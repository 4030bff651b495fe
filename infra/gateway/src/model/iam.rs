//! IAM's roles, policies, users and access keys, as `aws iam get-role` … describe them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::clock::EpochMillis;

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Role {
    /// `/` unless told otherwise.
    pub path: String,
    /// `RoleName`
    pub role_name: String,
    /// `AROA…`
    pub role_id: String,
    /// `arn:aws:iam::{account}:role{path}{name}`
    pub arn: String,
    /// `CreateDate`
    pub create_date: EpochMillis,
    /// The trust policy's JSON.
    pub assume_role_policy_document: String,
    /// `Description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Seconds; AWS's default is 3,600.
    pub max_session_duration: i64,
    /// Its own policies by name: JSON.
    pub policies: IndexMap<String, String>,
    /// The ARNs of the managed policies that are attached.
    pub attached: Vec<String>,
    /// Tags.
    pub tags: IndexMap<String, String>,
}

/// A managed policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Policy {
    /// `PolicyName`
    pub policy_name: String,
    /// `ANPA…`
    pub policy_id: String,
    /// `arn:aws:iam::{account}:policy{path}{name}`
    pub arn: String,
    /// `/` unless told otherwise.
    pub path: String,
    /// `Description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `CreateDate`
    pub create_date: EpochMillis,
    /// `UpdateDate`
    pub update_date: EpochMillis,
    /// `v1` …
    pub default_version_id: String,
    /// Versions by id, at most five.
    pub versions: IndexMap<String, PolicyVersion>,
    /// How many versions there have been.
    pub made: u32,
    /// Tags.
    pub tags: IndexMap<String, String>,
}

/// A version of a managed policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PolicyVersion {
    /// JSON.
    pub document: String,
    /// `CreateDate`
    pub create_date: EpochMillis,
}

/// A user and its access keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct User {
    /// `/` unless told otherwise.
    pub path: String,
    /// `UserName`
    pub user_name: String,
    /// `AIDA…`
    pub user_id: String,
    /// `arn:aws:iam::{account}:user{path}{name}`
    pub arn: String,
    /// `CreateDate`
    pub create_date: EpochMillis,
    /// Its own policies by name: JSON.
    pub policies: IndexMap<String, String>,
    /// The ARNs of the managed policies that are attached.
    pub attached: Vec<String>,
    /// Tags.
    pub tags: IndexMap<String, String>,
    /// Access keys by id, at most two.
    pub access_keys: IndexMap<String, AccessKey>,
}

/// An access key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AccessKey {
    /// `SecretAccessKey`, which AWS shows once.
    pub secret_access_key: String,
    /// `Active` or `Inactive`
    pub status: String,
    /// `CreateDate`
    pub create_date: EpochMillis,
}
