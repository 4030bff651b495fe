//! SNS: topics, subscriptions and what is published to them.
//!
//! Functions are invoked, HTTP endpoints of this machine are called, and what would go to people (email, SMS) stays here:
//! every publication stands in the [`Outbox`], shown at `GET /_ferrogate/sns`.
//! <https://docs.aws.amazon.com/sns/latest/api/>

mod admin;
mod attributes;
mod declare;
mod delivery;
mod message;
mod outbox;
mod publish;
mod subscriptions;
mod tags;
#[cfg(test)]
mod tests;
mod topics;

use std::sync::{Arc, Mutex};

use indexmap::IndexMap;
use serde_json::{Value, json};

use self::outbox::Outbox;
pub(super) use self::publish::notify;
use super::call::{ApiError, Call, Entry, Outcome, Output};
use super::documents::{Collection, DocumentsError, Scope};
use super::service_model;
use super::services::Service;
use crate::model::{Model, Subscription, Topic};

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "sns",
    model: &service_model::SNS,
    operations: OPERATIONS,
    validation_error: "ValidationError",
    missing_token: "MissingAuthenticationToken",
    global: false,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] = &[topics::OPERATIONS, subscriptions::OPERATIONS, publish::OPERATIONS, tags::OPERATIONS];

/// What one account and region has of it.
pub(crate) struct State {
    /// Topics by ARN.
    topics: Collection<Topic>,
    /// Subscriptions by ARN.
    subscriptions: Collection<Subscription>,
    /// What was published in this run; deliveries write their outcomes into it.
    outbox: Arc<Mutex<Outbox>>,
    /// Deliveries under way.
    deliveries: Arc<tokio::sync::Semaphore>,
}

/// Deliveries under way at a time; further ones fail, and the outbox says so.
const MAX_DELIVERIES: usize = 1_000;

impl State {
    pub(crate) fn open(scope: &Scope) -> Result<State, DocumentsError> {
        Ok(State {
            topics: scope.collection("sns/topics")?,
            subscriptions: scope.collection("sns/subscriptions")?,
            outbox: Arc::default(),
            deliveries: Arc::new(tokio::sync::Semaphore::new(MAX_DELIVERIES)),
        })
    }

    /// Adds the topics and their subscriptions.
    pub(crate) fn describe(&self, model: &mut Model) {
        model.topics = self.topics.iter().map(|(arn, topic)| (arn.to_owned(), topic.clone())).collect();
        let subscriptions = self.subscriptions.iter();
        model.subscriptions = subscriptions.map(|(arn, subscription)| (arn.to_owned(), subscription.clone())).collect();
    }

    /// The topic with this ARN.
    fn topic(&self, arn: &str) -> Result<&Topic, ApiError> {
        check_arn(arn, "TopicArn")?;
        self.topics.get(arn).ok_or_else(no_topic)
    }

    /// The subscriptions of a topic.
    fn subscriptions_of(&self, topic_arn: &str) -> impl Iterator<Item = &Subscription> {
        self.subscriptions.values().filter(move |subscription| subscription.topic_arn == topic_arn)
    }
}

fn no_topic() -> ApiError {
    ApiError::new("NotFoundException", "Topic does not exist")
}

/// `Invalid parameter: {what}`
fn invalid(what: impl std::fmt::Display) -> ApiError {
    ApiError::new("InvalidParameterException", format!("Invalid parameter: {what}"))
}

fn check_arn(arn: &str, member: &str) -> Result<(), ApiError> {
    let elements = arn.split(':').count();
    if elements < 6 {
        return Err(invalid(format!("{member} Reason: An ARN must have at least 6 elements, not {elements}")));
    }
    if arn.split(':').nth(2) != Some("sns") {
        return Err(invalid(member));
    }
    Ok(())
}

/// One page of 100 under `member`, by `NextToken`, the position that it begins at.
fn page(call: &Call<'_>, member: &str, items: Vec<Value>) -> Outcome {
    const PAGE: usize = 100;
    let start = match call.optional_text("NextToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => token.parse::<usize>().map_err(|_| invalid("NextToken"))?,
    };
    let next = (items.len() > start.saturating_add(PAGE)).then(|| (start + PAGE).to_string());
    let page: Vec<_> = items.into_iter().skip(start).take(PAGE).collect();
    Output::of(json!({ member: page, "NextToken": next }))
}

/// A map member of strings.
fn strings(call: &Call<'_>, member: &str) -> IndexMap<String, String> {
    let map = call.member(member).and_then(Value::as_object).into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
