//! CloudFormation's own resource types, each read into the model.

pub(super) mod cloudwatch;
pub(super) mod cognito;
pub(super) mod dynamodb;
pub(super) mod event_source;
pub(super) mod function_url;
pub(super) mod lambda;
pub(super) mod logs;
pub(super) mod rest;
pub(super) mod sns;
pub(super) mod v2;

use indexmap::IndexMap;

use super::properties::Properties;

/// `AuthorizerId` must be there and be one of the API's.
fn require_authorizer<A>(properties: &Properties<'_>, id: Option<&String>, authorizers: &IndexMap<String, A>) {
    match id {
        Some(id) if !authorizers.contains_key(id) => {
            properties.error("AuthorizerId", format!("is '{id}', which is no authorizer of this API"));
        }
        Some(_) => {}
        None => properties.require("AuthorizerId"),
    }
}
