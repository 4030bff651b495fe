//! Cognito's user pools and what is in them.
//!
//! Settings that AWS only stores, or that are read in one place, stay as the members of `CreateUserPool` and
//! `CreateUserPoolClient`: AWS adds to them every few months.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A user pool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UserPool {
    /// `{region}_{9 letters and digits}`
    pub id: String,
    /// `PoolName`
    pub name: String,
    /// Epoch milliseconds.
    pub creation_date: i64,
    /// Epoch milliseconds.
    pub last_modified_date: i64,
    /// The other members of `CreateUserPool`, by their names.
    pub settings: Map<String, Value>,
    /// `UserPoolTags`
    pub tags: IndexMap<String, String>,
}

/// An app client of a user pool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UserPoolClient {
    /// 26 lower-case letters and digits.
    pub client_id: String,
    /// The pool.
    pub user_pool_id: String,
    /// `ClientName`
    pub client_name: String,
    /// What its applications prove themselves with; shown by `DescribeUserPoolClient`, so it is kept as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// Epoch milliseconds.
    pub creation_date: i64,
    /// Epoch milliseconds.
    pub last_modified_date: i64,
    /// The other members of `CreateUserPoolClient`, by their names.
    pub settings: Map<String, Value>,
}

/// A group of a user pool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UserPoolGroup {
    /// Its name.
    pub group_name: String,
    /// The pool.
    pub user_pool_id: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The role of its members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// Lower values come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precedence: Option<i64>,
    /// Epoch milliseconds.
    pub creation_date: i64,
    /// Epoch milliseconds.
    pub last_modified_date: i64,
}

/// A resource server of a user pool, with its custom scopes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UserPoolResourceServer {
    /// The pool.
    pub user_pool_id: String,
    /// Its identifier, the prefix of its scopes.
    pub identifier: String,
    /// Its name.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<ResourceServerScope>,
}

/// A scope of a resource server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ResourceServerScope {
    /// Its name.
    pub scope_name: String,
    /// What it allows.
    pub scope_description: String,
}

/// A user that a template declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserPoolUser {
    /// The pool.
    pub user_pool_id: String,
    /// The name.
    pub username: String,
    /// Attributes by name.
    pub attributes: IndexMap<String, String>,
    /// The groups that a template puts the user in.
    pub groups: Vec<String>,
}

/// What a template declares of Cognito.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserPools {
    /// Pools by id.
    pub pools: IndexMap<String, UserPool>,
    /// App clients by id.
    pub clients: IndexMap<String, UserPoolClient>,
    /// Groups by `{pool id}/{name}`.
    pub groups: IndexMap<String, UserPoolGroup>,
    /// Resource servers by `{pool id}/{identifier}`.
    pub resource_servers: IndexMap<String, UserPoolResourceServer>,
    /// Users by `{pool id}/{name}`.
    pub users: IndexMap<String, UserPoolUser>,
    /// Pools by the domain (`Domain`) that a template gives them.
    pub domains: IndexMap<String, String>,
}
