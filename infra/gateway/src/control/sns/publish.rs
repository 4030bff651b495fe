//! Publishing.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::{World, lock};
use super::message::{MAX_BYTES, Message, Publication};
use super::outbox::Published;
use super::{delivery, invalid, no_topic, subscriptions};

pub(super) const OPERATIONS: &[Entry] = &[
    op("Publish", publish).partly("to topics and phone numbers; mobile applications are refused"),
    op("PublishBatch", publish_batch),
];

/// Entries of a batch.
const MAX_BATCH: usize = 10;

fn publish(call: &Call<'_>) -> Outcome {
    let target = call.optional_text("TopicArn").or_else(|| call.optional_text("TargetArn"));
    let publication: Publication = call.parse()?;
    let id = match (target, call.optional_text("PhoneNumber")) {
        (Some(arn), None) => {
            let member = if call.optional_text("TopicArn").is_some() { "TopicArn" } else { "TargetArn" };
            super::check_arn(arn, member)?;
            if arn.contains(":endpoint/") {
                return Err(invalid("TargetArn Reason: Ferrogate publishes to topics and has no mobile applications"));
            }
            lock(&call.world.sns).topic(arn)?;
            to_topic(call.world, arn, publication.check(call.now())?)?
        }
        (None, Some(number)) => {
            let digits = number.strip_prefix('+').unwrap_or_default();
            if !(1..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(invalid(format!("PhoneNumber Reason: {number} is not valid to publish to")));
            }
            to_number(call, number, publication.check(call.now())?)
        }
        (Some(_), Some(_)) => {
            return Err(invalid("PhoneNumber Reason: it excludes TopicArn and TargetArn"));
        }
        (None, None) => {
            return Err(invalid("TopicArn or TargetArn Reason: no value for required parameter"));
        }
    };
    Output::of(json!({ "MessageId": id }))
}

fn published(message: &Message) -> Published {
    let attributes = message
        .attributes
        .iter()
        .map(|(name, attribute)| (name.clone(), json!({ "Type": attribute.kind, "Value": attribute.value })));
    Published {
        message_id: message.id.clone(),
        r#type: "Notification",
        time: subscriptions::shown(message.time),
        topic_arn: None,
        phone_number: None,
        subject: message.subject.clone(),
        message: message.text.clone(),
        message_attributes: attributes.collect(),
        deliveries: Vec::new(),
    }
}

/// Puts a message into the outbox and begins its deliveries; gives its id.
fn to_topic(world: &Arc<World>, arn: &str, message: Message) -> Result<String, ApiError> {
    let state = lock(&world.sns);
    if !state.topics.contains(arn) {
        return Err(no_topic());
    }
    let mut shown = published(&message);
    shown.topic_arn = Some(arn.to_owned());
    let id = message.id.clone();
    delivery::begin(&state, &world.gateway, arn, message, shown);
    Ok(id)
}

fn to_number(call: &Call<'_>, number: &str, message: Message) -> String {
    let state = lock(&call.world.sns);
    let mut shown = published(&message);
    shown.phone_number = Some(number.to_owned());
    shown.message = message.text_for("sms").to_owned();
    lock(&state.outbox).add(shown);
    message.id
}

fn publish_batch(call: &Call<'_>) -> Outcome {
    let arn = call.text("TopicArn");
    lock(&call.world.sns).topic(arn)?;
    let entries = call.member("PublishBatchRequestEntries").cloned().unwrap_or_default();
    let entries: Vec<Publication> =
        serde_json::from_value(entries).map_err(|error| ApiError::new("SerializationException", error.to_string()))?;
    if entries.is_empty() {
        let message = "The batch request doesn't contain any entries.";
        return Err(ApiError::new("EmptyBatchRequestException", message));
    }
    if entries.len() > MAX_BATCH {
        let message = "The batch request contains more entries than permissible.";
        return Err(ApiError::new("TooManyEntriesInBatchRequestException", message));
    }
    let ids: HashSet<_> = entries.iter().map(|entry| entry.id.as_str()).collect();
    if ids.len() < entries.len() {
        let message = "Two or more batch entries in the request have the same Id.";
        return Err(ApiError::new("BatchEntryIdsNotDistinctException", message));
    }
    let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if entries.iter().any(|entry| entry.id.is_empty() || entry.id.len() > 80 || !entry.id.chars().all(is_id)) {
        let message = "The Id of a batch entry in a batch request doesn't abide by the specification.";
        return Err(ApiError::new("InvalidBatchEntryIdException", message));
    }
    if entries.iter().map(Publication::bytes).sum::<usize>() > MAX_BYTES {
        let message = "The length of all the messages put together is more than the limit.";
        return Err(ApiError::new("BatchRequestTooLongException", message));
    }
    let (mut successful, mut failed): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = entry.id.clone();
        match entry.check(call.now()).and_then(|message| to_topic(call.world, arn, message)) {
            Ok(message_id) => successful.push(json!({ "Id": id, "MessageId": message_id })),
            Err(error) => failed.push(json!({
                "Id": id, "Code": "InvalidParameter", "Message": error.message, "SenderFault": true,
            })),
        }
    }
    Output::of(json!({ "Successful": successful, "Failed": failed }))
}

/// Publishes on behalf of another service: an alarm's action.
///
/// # Errors
/// The text says why it cannot be.
pub(in crate::control) fn notify(
    world: &Arc<World>,
    topic_arn: &str,
    subject: &str,
    text: String,
) -> Result<(), String> {
    // A subject has 100 characters at most.
    let subject = subject.chars().take(100).collect();
    let message = Publication::plain(Some(subject), text).check(world.gateway.clock.now());
    message.and_then(|message| to_topic(world, topic_arn, message)).map(|_| ()).map_err(|error| error.message)
}
