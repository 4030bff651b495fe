//! CloudWatch: metrics, and alarms on them. The values live in `telemetry/metrics`, where the gateway counts too.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/>

mod actions;
mod alarms;
mod data;
mod declare;
mod evaluate;
mod history;
mod math;
mod queries;
mod read;
mod tags;
#[cfg(test)]
mod tests;
mod watch;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::history::History;
use self::watch::Watcher;
pub(super) use self::watch::watch;
use super::call::{ApiError, Call, Entry, Outcome, Output};
use super::documents::{Collection, DocumentsError, Scope};
use super::service_model;
use super::services::Service;
use crate::model::{MetricAlarm, MetricDimension, Model};
use crate::telemetry::MetricKey;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "cloudwatch",
    model: &service_model::CLOUDWATCH,
    operations: OPERATIONS,
    validation_error: "ValidationException",
    missing_token: "MissingAuthenticationToken",
    global: false,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] =
    &[data::OPERATIONS, read::OPERATIONS, alarms::OPERATIONS, history::OPERATIONS, tags::OPERATIONS];

/// What one account and region has of it beside its metrics.
pub(crate) struct State {
    /// Alarms by name.
    alarms: Collection<MetricAlarm>,
    /// What has happened to alarms in this run.
    history: History,
    /// Whoever evaluates the alarms; ends with this.
    watcher: Option<Watcher>,
}

impl State {
    pub(crate) fn open(scope: &Scope) -> Result<State, DocumentsError> {
        Ok(State { alarms: scope.collection("cloudwatch/alarms")?, history: History::default(), watcher: None })
    }
}

impl State {
    /// Adds the alarms.
    pub(crate) fn describe(&self, model: &mut Model) {
        model.alarms = self.alarms.iter().map(|(name, alarm)| (name.to_owned(), alarm.clone())).collect();
    }
}

fn invalid_value(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterValueException", message)
}

fn invalid_combination(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterCombinationException", message)
}

fn missing(message: impl Into<String>) -> ApiError {
    ApiError::new("MissingRequiredParameterException", message)
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

/// A list member as a type of its own.
fn list<T: DeserializeOwned>(call: &Call<'_>, member: &str) -> Result<Vec<T>, ApiError> {
    match call.member(member) {
        None => Ok(Vec::new()),
        Some(value) => serde_json::from_value(value.clone())
            .map_err(|error| ApiError::new("ValidationException", format!("{member}: {error}"))),
    }
}

/// The metric of these names.
fn key(namespace: &str, name: &str, dimensions: &[MetricDimension]) -> MetricKey {
    let mut dimensions: Vec<_> = dimensions.iter().map(|d| (d.name.clone(), d.value.clone())).collect();
    dimensions.sort();
    MetricKey { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
}

/// One page of `items` under `member`, by `NextToken`, the position that it begins at.
fn page(call: &Call<'_>, member: &str, items: Vec<Value>, size: usize) -> Outcome {
    let start = match call.optional_text("NextToken") {
        None => 0,
        Some(token) => {
            token.parse::<usize>().map_err(|_| ApiError::new("InvalidNextToken", "The next token is invalid."))?
        }
    };
    let next = (items.len() > start.saturating_add(size)).then(|| (start + size).to_string());
    let page: Vec<_> = items.into_iter().skip(start).take(size).collect();
    Output::of(json!({ member: page, "NextToken": next }))
}
