//! Subscriptions.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::{State, attributes, delivery, invalid, page, strings};
use crate::clock::EpochMillis;
use crate::model::Subscription;

pub(super) const OPERATIONS: &[Entry] = &[
    op("Subscribe", subscribe).partly(
        "functions and HTTP endpoints of this machine are called; email and SMS are kept and shown; SQS, Firehose and mobile \
         applications are refused",
    ),
    op("ConfirmSubscription", confirm),
    op("Unsubscribe", unsubscribe),
    op("ListSubscriptions", list),
    op("ListSubscriptionsByTopic", list_by_topic),
    op("GetSubscriptionAttributes", get_attributes),
    op("SetSubscriptionAttributes", set_attributes).partly("delivery, redrive and replay policies are kept and not followed"),
];

/// What stands for the ARN of a subscription that is not confirmed.
const PENDING: &str = "pending confirmation";

fn check_endpoint(protocol: &str, endpoint: &str) -> Result<(), ApiError> {
    match protocol {
        "http" | "https" => {
            let scheme = endpoint.split_once("://").map(|(scheme, _)| scheme);
            if scheme == Some(protocol) { Ok(()) } else { Err(invalid("Endpoint must match the specified protocol")) }
        }
        "lambda" if endpoint.starts_with("arn:") && endpoint.split(':').nth(2) == Some("lambda") => Ok(()),
        "lambda" => Err(invalid("Lambda endpoint ARN")),
        "email" | "email-json" if endpoint.contains('@') => Ok(()),
        "email" | "email-json" => Err(invalid("Email address")),
        "sms" => {
            let digits = endpoint.strip_prefix('+').unwrap_or(endpoint);
            let digits: String = digits.chars().filter(|c| !matches!(c, '.' | '/' | '-')).collect();
            let is_number = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            if is_number { Ok(()) } else { Err(invalid(format!("Invalid SMS endpoint: {endpoint}"))) }
        }
        "sqs" | "firehose" | "application" => Err(invalid(format!(
            "Protocol Reason: Ferrogate delivers to lambda, http, email, email-json and sms, and has no {protocol}"
        ))),
        other => Err(invalid(format!("Amazon SNS does not support this protocol string: {other}"))),
    }
}

fn subscribe(call: &Call<'_>) -> Outcome {
    let (topic_arn, protocol, endpoint) = (call.text("TopicArn"), call.text("Protocol"), call.text("Endpoint"));
    let mut state = lock(&call.world.sns);
    state.topic(topic_arn)?;
    if endpoint.is_empty() {
        return Err(invalid("Endpoint Reason: no value for required parameter"));
    }
    check_endpoint(protocol, endpoint)?;
    let mut attributes = IndexMap::new();
    for (name, value) in strings(call, "Attributes") {
        attributes::set(&mut attributes, &name, &value)?;
    }
    let same = |held: &&Subscription| held.protocol == protocol && held.endpoint == endpoint;
    let held = state.subscriptions_of(topic_arn).find(same).cloned();
    let subscription = match held {
        Some(held) => {
            if attributes.iter().any(|(name, value)| held.attributes.get(name) != Some(value)) {
                return Err(invalid("Attributes Reason: Subscription already exists with different attributes"));
            }
            held
        }
        None => {
            // Whoever could be written to against their will must agree first.
            let asks = matches!(protocol, "http" | "https" | "email" | "email-json");
            let subscription = Subscription {
                subscription_arn: format!("{topic_arn}:{}", crate::ids::request_id()),
                topic_arn: topic_arn.to_owned(),
                owner: call.world.id.account.clone(),
                protocol: protocol.to_owned(),
                endpoint: endpoint.to_owned(),
                pending_token: asks.then(token),
                authenticated: !asks,
                attributes,
            };
            state.subscriptions.insert(subscription.subscription_arn.clone(), subscription.clone())?;
            subscription
        }
    };
    let pending = subscription.pending_token.is_some();
    if pending {
        delivery::ask_to_confirm(&state, &call.world.gateway, &subscription, call.now());
    }
    let shown = if pending && call.boolean("ReturnSubscriptionArn") != Some(true) {
        PENDING
    } else {
        &subscription.subscription_arn
    };
    Output::of(json!({ "SubscriptionArn": shown }))
}

/// 128 hexadecimal digits.
pub(super) fn token() -> String {
    (0..4).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect()
}

fn confirm(call: &Call<'_>) -> Outcome {
    let authenticated = call.text("AuthenticateOnUnsubscribe") == "true";
    let mut state = lock(&call.world.sns);
    let arn = confirm_with(&mut state, call.text("TopicArn"), call.text("Token"), authenticated)?;
    Output::of(json!({ "SubscriptionArn": arn }))
}

/// Confirms the subscription that `token` was made for; gives its ARN.
pub(super) fn confirm_with(
    state: &mut State,
    topic_arn: &str,
    token: &str,
    authenticated: bool,
) -> Result<String, ApiError> {
    state.topic(topic_arn)?;
    let is_meant = |held: &&Subscription| !token.is_empty() && held.pending_token.as_deref() == Some(token);
    let found = state.subscriptions_of(topic_arn).find(is_meant).map(|held| held.subscription_arn.clone());
    let arn = found.ok_or_else(|| invalid("Token"))?;
    let changed = state.subscriptions.update(&arn, |subscription| {
        subscription.pending_token = None;
        subscription.authenticated = authenticated;
        Ok(())
    });
    changed.unwrap_or_else(|| Err(no_subscription()))?;
    Ok(arn)
}

fn no_subscription() -> ApiError {
    ApiError::new("NotFoundException", "Subscription does not exist")
}

fn unsubscribe(call: &Call<'_>) -> Outcome {
    remove(&mut lock(&call.world.sns), call.text("SubscriptionArn"))?;
    Ok(Output::empty())
}

/// Removes a subscription; one that is not there is as good as removed.
pub(super) fn remove(state: &mut State, arn: &str) -> Result<(), ApiError> {
    if arn.split(':').count() < 7 {
        let elements = arn.split(':').count();
        return Err(invalid(format!("SubscriptionArn Reason: An ARN must have at least 6 elements, not {elements}")));
    }
    if let Some(gone) = state.subscriptions.remove(arn)? {
        state
            .topics
            .update(&gone.topic_arn, |topic| {
                topic.subscriptions_deleted += 1;
                Ok(())
            })
            .transpose()?;
    }
    Ok(())
}

fn described(subscription: &Subscription) -> Value {
    let pending = subscription.pending_token.is_some();
    json!({
        "SubscriptionArn": if pending { "PendingConfirmation" } else { &subscription.subscription_arn },
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic_arn,
    })
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.sns);
    page(call, "Subscriptions", state.subscriptions.values().map(described).collect())
}

fn list_by_topic(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.sns);
    let topic = state.topic(call.text("TopicArn"))?;
    page(call, "Subscriptions", state.subscriptions_of(&topic.topic_arn).map(described).collect())
}

fn get_attributes(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.sns);
    let subscription = state.subscriptions.get(call.text("SubscriptionArn")).ok_or_else(no_subscription)?;
    let mut attributes = Map::new();
    let mut set = |name: &str, value: &str| attributes.insert(name.to_owned(), value.into());
    set("SubscriptionArn", &subscription.subscription_arn);
    set("TopicArn", &subscription.topic_arn);
    set("Owner", &subscription.owner);
    set("Protocol", &subscription.protocol);
    set("Endpoint", &subscription.endpoint);
    set("PendingConfirmation", if subscription.pending_token.is_some() { "true" } else { "false" });
    set("ConfirmationWasAuthenticated", if subscription.authenticated { "true" } else { "false" });
    set("RawMessageDelivery", "false");
    set("SubscriptionPrincipal", &format!("arn:aws:iam::{}:root", subscription.owner));
    if subscription.attributes.contains_key("FilterPolicy") {
        set("FilterPolicyScope", "MessageAttributes");
    }
    for (name, value) in &subscription.attributes {
        set(name, value);
    }
    Output::of(json!({ "Attributes": attributes }))
}

fn set_attributes(call: &Call<'_>) -> Outcome {
    let changed = lock(&call.world.sns).subscriptions.update(call.text("SubscriptionArn"), |subscription| {
        attributes::set(&mut subscription.attributes, call.text("AttributeName"), call.text("AttributeValue"))
    });
    changed.unwrap_or_else(|| Err(no_subscription()))?;
    Ok(Output::empty())
}

/// When something was asked for, as the outbox shows it.
pub(super) fn shown(time: EpochMillis) -> String {
    crate::clock::iso8601(time)
}
