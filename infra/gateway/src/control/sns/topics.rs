//! Topics.

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::{invalid, page, strings, tags};
use crate::model::Topic;

pub(super) const OPERATIONS: &[Entry] = &[
    op("CreateTopic", create).partly("FIFO topics are refused"),
    op("DeleteTopic", delete),
    op("ListTopics", list),
    op("GetTopicAttributes", get_attributes),
    op("SetTopicAttributes", set_attributes).partly("policies are kept and not enforced"),
    op("GetDataProtectionPolicy", get_data_protection),
    op("PutDataProtectionPolicy", put_data_protection).partly("it is kept and not enforced"),
];

/// What may be set of a topic.
const SETTABLE: &[&str] = &[
    "DisplayName",
    "Policy",
    "DeliveryPolicy",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
    "ArchivePolicy",
    "FifoThroughputScope",
    "ContentBasedDeduplication",
    "HTTPSuccessFeedbackRoleArn",
    "HTTPSuccessFeedbackSampleRate",
    "HTTPFailureFeedbackRoleArn",
    "LambdaSuccessFeedbackRoleArn",
    "LambdaSuccessFeedbackSampleRate",
    "LambdaFailureFeedbackRoleArn",
    "SQSSuccessFeedbackRoleArn",
    "SQSSuccessFeedbackSampleRate",
    "SQSFailureFeedbackRoleArn",
    "FirehoseSuccessFeedbackRoleArn",
    "FirehoseSuccessFeedbackSampleRate",
    "FirehoseFailureFeedbackRoleArn",
    "ApplicationSuccessFeedbackRoleArn",
    "ApplicationSuccessFeedbackSampleRate",
    "ApplicationFailureFeedbackRoleArn",
];

fn create(call: &Call<'_>) -> Outcome {
    let name = call.text("Name");
    let mut attributes = strings(call, "Attributes");
    if name.ends_with(".fifo") || attributes.get("FifoTopic").is_some_and(|fifo| fifo == "true") {
        return Err(invalid("Attributes Reason: Ferrogate has no FIFO topics; create a standard topic"));
    }
    attributes.shift_remove("FifoTopic");
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > 256 || !name.chars().all(is_name) {
        return Err(invalid("Topic Name"));
    }
    if let Some(unknown) = attributes.keys().find(|attribute| !SETTABLE.contains(&attribute.as_str())) {
        return Err(invalid(format!("Attributes Reason: Unknown attribute {unknown}")));
    }
    let arn = call.world.arn("sns", name);
    let tags = tags::given(call);
    let mut state = lock(&call.world.sns);
    if let Some(topic) = state.topics.get(&arn) {
        // Whoever asks for what is there gets it; nothing is changed by that.
        if attributes.iter().any(|(attribute, value)| topic.attributes.get(attribute) != Some(value)) {
            return Err(invalid("Attributes Reason: Topic already exists with different attributes"));
        }
        if call.member("Tags").is_some() && tags != topic.tags {
            return Err(invalid("Tags Reason: Topic already exists with different tags"));
        }
    } else {
        let topic = Topic {
            topic_arn: arn.clone(),
            attributes,
            data_protection_policy: call.optional_text("DataProtectionPolicy").map(str::to_owned),
            tags,
            subscriptions_deleted: 0,
        };
        state.topics.insert(arn.clone(), topic)?;
    }
    Output::of(json!({ "TopicArn": arn }))
}

fn delete(call: &Call<'_>) -> Outcome {
    let arn = call.text("TopicArn");
    super::check_arn(arn, "TopicArn")?;
    let mut state = lock(&call.world.sns);
    // A topic that is not there is as good as deleted.
    state.topics.remove(arn)?;
    let gone: Vec<_> = state.subscriptions_of(arn).map(|subscription| subscription.subscription_arn.clone()).collect();
    for subscription in gone {
        state.subscriptions.remove(&subscription)?;
    }
    Ok(Output::empty())
}

fn list(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.sns);
    let topics = state.topics.values().map(|topic| json!({ "TopicArn": topic.topic_arn })).collect();
    page(call, "Topics", topics)
}

fn get_attributes(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.sns);
    let topic = state.topic(call.text("TopicArn"))?;
    let (pending, confirmed): (Vec<_>, Vec<_>) =
        state.subscriptions_of(&topic.topic_arn).partition(|subscription| subscription.pending_token.is_some());
    let mut attributes = Map::new();
    let mut set = |name: &str, value: String| attributes.insert(name.to_owned(), value.into());
    set("TopicArn", topic.topic_arn.clone());
    set("Owner", call.world.id.account.clone());
    set("DisplayName", String::new());
    set("Policy", default_policy(call, &topic.topic_arn));
    set("EffectiveDeliveryPolicy", effective_delivery_policy(topic));
    set("SubscriptionsPending", pending.len().to_string());
    set("SubscriptionsConfirmed", confirmed.len().to_string());
    set("SubscriptionsDeleted", topic.subscriptions_deleted.to_string());
    for (name, value) in &topic.attributes {
        set(name, value.clone());
    }
    Output::of(json!({ "Attributes": attributes }))
}

fn set_attributes(call: &Call<'_>) -> Outcome {
    let (arn, name) = (call.text("TopicArn"), call.text("AttributeName"));
    super::check_arn(arn, "TopicArn")?;
    if !SETTABLE.contains(&name) {
        return Err(invalid("AttributeName"));
    }
    let value = call.text("AttributeValue");
    let json = matches!(name, "Policy" | "DeliveryPolicy" | "ArchivePolicy");
    if json && !value.is_empty() && serde_json::from_str::<Value>(value).is_err() {
        return Err(invalid(format!("{name}: failed to parse JSON.")));
    }
    update(call, arn, |topic| {
        topic.attributes.insert(name.to_owned(), value.to_owned());
    })?;
    Ok(Output::empty())
}

fn update(call: &Call<'_>, arn: &str, change: impl FnOnce(&mut Topic)) -> Result<(), ApiError> {
    let changed = lock(&call.world.sns).topics.update(arn, |topic| {
        change(topic);
        Ok(())
    });
    changed.unwrap_or_else(|| Err(super::no_topic()))
}

fn get_data_protection(call: &Call<'_>) -> Outcome {
    let state = lock(&call.world.sns);
    let topic = state.topic(call.text("ResourceArn"))?;
    Output::of(json!({ "DataProtectionPolicy": topic.data_protection_policy.as_deref().unwrap_or_default() }))
}

fn put_data_protection(call: &Call<'_>) -> Outcome {
    let policy = call.text("DataProtectionPolicy").to_owned();
    update(call, call.text("ResourceArn"), |topic| topic.data_protection_policy = Some(policy))?;
    Ok(Output::empty())
}

/// The policy of a topic that was given none: its owner may do everything.
fn default_policy(call: &Call<'_>, arn: &str) -> String {
    let actions = [
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    ];
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Effect": "Allow",
            "Sid": "__default_statement_ID",
            "Principal": { "AWS": "*" },
            "Action": actions.map(|action| format!("SNS:{action}")),
            "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": call.world.id.account } },
        }],
    })
    .to_string()
}

/// AWS's own policy, with what the topic says of it.
fn effective_delivery_policy(topic: &Topic) -> String {
    let mut policy = json!({
        "http": {
            "defaultHealthyRetryPolicy": {
                "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0,
                "numNoDelayRetries": 0, "numMinDelayRetries": 0, "backoffFunction": "linear",
            },
            "disableSubscriptionOverrides": false,
            "defaultRequestPolicy": { "headerContentType": "text/plain; charset=UTF-8" },
        },
    });
    let own = topic.attributes.get("DeliveryPolicy").and_then(|own| serde_json::from_str::<Value>(own).ok());
    for (name, value) in own.iter().filter_map(|own| own["http"].as_object()).flatten() {
        policy["http"][name] = value.clone();
    }
    policy.to_string()
}
