//! CloudWatch Logs: groups, streams and events. They live in `telemetry/logs`, where functions and access logs write too.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/>

mod declare;
mod events;
mod filter;
mod groups;
mod pattern;
mod streams;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use serde_json::Value;

use super::call::{ApiError, Call, Entry};
use super::documents::{DocumentsError, Scope};
use super::service_model;
use super::services::Service;
use crate::telemetry::{Logs, LogsError};

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "logs",
    model: &service_model::LOGS,
    operations: OPERATIONS,
    validation_error: "InvalidParameterException",
    missing_token: "MissingAuthenticationTokenException",
    global: false,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] = &[groups::OPERATIONS, streams::OPERATIONS, events::OPERATIONS, filter::OPERATIONS];

/// What one account and region has of it beside its logs.
pub(crate) struct State {
    /// The groups that a template has declared.
    declared: HashSet<String>,
}

impl State {
    pub(crate) fn open(_scope: &Scope) -> Result<State, DocumentsError> {
        Ok(State { declared: HashSet::new() })
    }
}

/// The logs of the caller's account and region.
fn logs<'a>(call: &'a Call<'_>) -> &'a Logs {
    call.world.gateway.telemetry.logs()
}

/// What CloudWatch Logs says of an error; `subject` is what was to be made where it exists already.
fn refused(error: LogsError, subject: &str) -> ApiError {
    match error {
        LogsError::NoGroup => ApiError::new("ResourceNotFoundException", "The specified log group does not exist."),
        LogsError::NoStream => ApiError::new("ResourceNotFoundException", "The specified log stream does not exist."),
        LogsError::Exists => {
            ApiError::new("ResourceAlreadyExistsException", format!("The specified {subject} already exists"))
        }
        LogsError::TooMany => ApiError::new("LimitExceededException", "Resource limit exceeded."),
        LogsError::Protected => ApiError::new(
            "ValidationException",
            "The log group is protected from deletion. Disable deletion protection before attempting to delete it.",
        ),
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// The group that `logGroupName` or `logGroupIdentifier`, a name or an ARN, names.
fn group_name(call: &Call<'_>) -> Result<String, ApiError> {
    match (call.optional_text("logGroupName"), call.optional_text("logGroupIdentifier")) {
        (Some(name), None) => Ok(name.to_owned()),
        (None, Some(identifier)) => Ok(name_in(identifier).to_owned()),
        (None, None) => Err(invalid("Either logGroupName or logGroupIdentifier must be specified.")),
        (Some(_), Some(_)) => Err(invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters.")),
    }
}

/// The name in `arn:aws:logs:{region}:{account}:log-group:{name}`, perhaps with `:*` behind it, or the name itself.
fn name_in(identifier: &str) -> &str {
    let name = identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name)
}

/// The part of a sorted list that a page has, and the name behind which the next one begins.
fn page<T>(call: &Call<'_>, mut items: Vec<(String, T)>, default: usize) -> Result<(Vec<T>, Option<String>), ApiError> {
    let limit = call.integer("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default);
    if let Some(token) = call.optional_text("nextToken") {
        // A token is the key of the last one told: what is made or deleted meanwhile shifts nothing.
        let at = items.iter().position(|(key, _)| key == token);
        let Some(at) = at else { return Err(invalid("The specified nextToken is invalid.")) };
        items.drain(..=at);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|(key, _)| key.clone());
    Ok((items.into_iter().map(|(_, item)| item).collect(), next))
}

/// A map member of strings.
fn strings(call: &Call<'_>, member: &str) -> indexmap::IndexMap<String, String> {
    let map = call.member(member).and_then(Value::as_object).into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
