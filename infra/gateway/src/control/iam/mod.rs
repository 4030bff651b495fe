//! IAM, as far as programs need it to go on: roles, managed policies, users and access keys are stored and their JSON is
//! checked. The policies of users and roles decide who may call an AWS_IAM method or write to a connection ([`Directory`]);
//! of other services they decide nothing.
//!
//! IAM is one for all regions: its state is in the account's `global` world. <https://docs.aws.amazon.com/IAM/latest/APIReference/>

mod attachments;
mod directory;
mod documents;
mod policies;
mod roles;
#[cfg(test)]
mod tests;
mod user_policies;
mod users;

use serde_json::{Value, json};

pub(crate) use self::directory::Directory;
use super::call::{ApiError, Call, Entry};
use super::documents::{Collection, DocumentsError, Scope};
use super::service_model;
use super::services::Service;
use crate::model::{Policy, Role, User};

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "iam",
    model: &service_model::IAM,
    operations: OPERATIONS,
    validation_error: "ValidationError",
    missing_token: "MissingAuthenticationToken",
    global: true,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] =
    &[roles::OPERATIONS, policies::OPERATIONS, attachments::OPERATIONS, users::OPERATIONS, user_policies::OPERATIONS];

/// What one account has of it.
pub(crate) struct State {
    /// Roles by name.
    pub(crate) roles: Collection<Role>,
    /// Managed policies by ARN.
    pub(crate) policies: Collection<Policy>,
    /// Users by name.
    pub(crate) users: Collection<User>,
}

impl State {
    pub(crate) fn open(scope: &Scope) -> Result<State, DocumentsError> {
        Ok(State {
            roles: scope.collection("iam/roles")?,
            policies: scope.collection("iam/policies")?,
            users: scope.collection("iam/users")?,
        })
    }
}

/// Checks a policy that says what may be done.
///
/// # Errors
/// `MalformedPolicyDocument` with AWS's words and what is wrong.
pub(super) fn check_identity_policy(document: &str) -> Result<(), ApiError> {
    documents::check(document, documents::Purpose::Identity)
}

fn no_such_role(name: &str) -> ApiError {
    ApiError::new("NoSuchEntityException", format!("The role with name {name} cannot be found."))
}

/// A unique id with AWS's prefix for its kind (`AROA`, `ANPA`, `AIDA`) and 17 further characters.
fn unique_id(prefix: &str) -> String {
    format!("{prefix}{}", crate::ids::short_id(17).to_ascii_uppercase())
}

/// `Tags` as a list of `Key` and `Value`.
fn tag_list(tags: &indexmap::IndexMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The `Tags` of an input.
fn tags(call: &Call<'_>) -> indexmap::IndexMap<String, String> {
    let tags = call.member("Tags").and_then(Value::as_array).into_iter().flatten();
    let text = |tag: &Value, member: &str| tag[member].as_str().unwrap_or_default().to_owned();
    tags.map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
}

/// The `TagKeys` of an input.
fn tag_keys(call: &Call<'_>) -> Vec<String> {
    let keys = call.member("TagKeys").and_then(Value::as_array).into_iter().flatten();
    keys.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `Path`, `/` unless told otherwise.
fn path(call: &Call<'_>) -> String {
    call.optional_text("Path").unwrap_or("/").to_owned()
}

/// One page of `items` under `member`, by `MaxItems` and `Marker`, the position that the next one begins at.
fn page(call: &Call<'_>, member: &str, items: Vec<Value>) -> Value {
    let start = call.optional_text("Marker").and_then(|marker| marker.parse::<usize>().ok()).unwrap_or(0);
    let size = call.integer("MaxItems").and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    let more = items.len() > start.saturating_add(size);
    let page: Vec<_> = items.into_iter().skip(start).take(size).collect();
    let mut out = json!({ member: page, "IsTruncated": more });
    if more {
        out["Marker"] = (start + size).to_string().into();
    }
    out
}
