//! What may be set of a subscription, and what of it decides on a message.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::super::call::ApiError;
use super::invalid;
use super::message::{Attributes, DataType};
use crate::lambda::FilterPattern;
use crate::model::Subscription;

const SETTABLE: &[&str] = &[
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
    "ReplayPolicy",
    "ReplayStatus",
];
/// Keys that a filter policy may have.
const MAX_FILTER_KEYS: usize = 5;

/// Sets one attribute; an empty value takes it away.
pub(super) fn set(attributes: &mut IndexMap<String, String>, name: &str, value: &str) -> Result<(), ApiError> {
    if !SETTABLE.contains(&name) {
        return Err(invalid("AttributeName"));
    }
    match name {
        "RawMessageDelivery" if !matches!(value.to_ascii_lowercase().as_str(), "true" | "false") => {
            return Err(invalid(format!(
                "Attributes Reason: RawMessageDelivery: Invalid value [{value}]. Must be true or false."
            )));
        }
        "FilterPolicyScope" if !matches!(value, "MessageAttributes" | "MessageBody") => {
            return Err(invalid(format!(
                "FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
            )));
        }
        "FilterPolicy" | "DeliveryPolicy" | "RedrivePolicy" if value.is_empty() || value == "{}" => {
            attributes.shift_remove(name);
            return Ok(());
        }
        "FilterPolicy" => {
            let policy: Value =
                serde_json::from_str(value).map_err(|_| invalid("FilterPolicy: failed to parse JSON."))?;
            if policy.as_object().is_some_and(|policy| policy.len() > MAX_FILTER_KEYS) {
                return Err(invalid("FilterPolicy: Filter policy can not have more than 5 keys"));
            }
            FilterPattern::parse(value).map_err(|error| invalid(format!("FilterPolicy: {error}")))?;
        }
        "DeliveryPolicy" | "RedrivePolicy" if serde_json::from_str::<Value>(value).is_err() => {
            return Err(invalid(format!("{name}: failed to parse JSON.")));
        }
        _ => {}
    }
    attributes.insert(name.to_owned(), value.to_owned());
    check_scope(attributes)
}

/// A policy on message attributes has no levels.
fn check_scope(attributes: &IndexMap<String, String>) -> Result<(), ApiError> {
    let on_body = attributes.get("FilterPolicyScope").is_some_and(|scope| scope == "MessageBody");
    let nested =
        attributes.get("FilterPolicy").and_then(|policy| serde_json::from_str::<Map<String, Value>>(policy).ok());
    if !on_body && nested.is_some_and(|policy| policy.values().any(Value::is_object)) {
        return Err(invalid("Filter policy scope MessageAttributes does not support nested filter policy"));
    }
    Ok(())
}

/// Whether messages go to it as they are.
pub(super) fn is_raw(subscription: &Subscription) -> bool {
    subscription.attributes.get("RawMessageDelivery").is_some_and(|raw| raw.eq_ignore_ascii_case("true"))
}

/// Whether its filter policy lets a message pass.
pub(super) fn takes(subscription: &Subscription, message: &str, attributes: &Attributes) -> bool {
    let Some(policy) = subscription.attributes.get("FilterPolicy") else { return true };
    // It was read when it was set.
    let Ok(pattern) = FilterPattern::parse(policy) else { return false };
    if subscription.attributes.get("FilterPolicyScope").is_some_and(|scope| scope == "MessageBody") {
        return serde_json::from_str(message).is_ok_and(|body| pattern.matches(&body));
    }
    let values = attributes.iter().filter_map(|(name, attribute)| {
        let value = match attribute.data_type() {
            DataType::String => Value::from(attribute.value.as_str()),
            DataType::StringArray | DataType::Number => serde_json::from_str(&attribute.value).ok()?,
            DataType::Binary => return None,
        };
        Some((name.clone(), value))
    });
    pattern.matches(&Value::Object(values.collect()))
}
