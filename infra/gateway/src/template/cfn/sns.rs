//! `AWS::SNS::*`, and SAM's `SNS` events, which become subscriptions of the function.

use indexmap::IndexMap;

use crate::model::{Subscription, Topic};

use super::super::error::Place;
use super::super::loader::Loader;
use super::super::names;
use super::super::properties::Properties;
use super::super::sections::Resource;

/// Settings of a topic that `CreateTopic` has too.
const TOPIC: &[&str] = &["ArchivePolicy", "DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig"];
/// Settings of a subscription that `Subscribe` has too.
const SUBSCRIPTION: &[&str] =
    &["DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "ReplayPolicy"];
/// What there is to deliver to.
const PROTOCOLS: &[&str] = &["email", "email-json", "http", "https", "lambda", "sms"];

/// Loads a topic with the subscriptions that stand in it.
pub(in super::super) fn load_topic<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let Ok(topic_arn) = loader.resolver.physical_id(resource) else { return };
    // Where deliveries are told of: here they are in the outbox.
    properties.harmless(&["ContentBasedDeduplication", "DeliveryStatusLogging", "FifoThroughputScope", "TopicName"]);
    if properties.boolean("FifoTopic") == Some(true) {
        properties.whole_unsupported("there are no FIFO topics: it is not made");
        return;
    }
    let topic = Topic {
        topic_arn: topic_arn.clone(),
        attributes: attributes(&properties, TOPIC),
        data_protection_policy: properties.json_text("DataProtectionPolicy"),
        tags: properties.tags("Tags"),
        subscriptions_deleted: 0,
    };
    for (number, inline) in properties.objects("Subscription").iter().enumerate() {
        subscribe(loader, inline, Some(topic_arn.clone()), &format!("{}.{number}", resource.logical_id));
    }
    if loader.claim("topic", &topic_arn, resource.at) {
        loader.model.topics.insert(topic_arn, topic);
    }
}

/// Loads a subscription that is a resource of its own.
pub(in super::super) fn load_subscription<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["Region", "SubscriptionRoleArn"]);
    let topic = properties.required_string("TopicArn");
    subscribe(loader, &properties, topic, &resource.logical_id);
}

/// Loads a policy, which is kept with its topics.
pub(in super::super) fn load_policy<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("PolicyDocument");
    properties.require("Topics");
    let Some(policy) = properties.json_text("PolicyDocument") else { return };
    for arn in properties.strings("Topics") {
        match loader.model.topics.get_mut(&arn) {
            Some(topic) => {
                topic.attributes.insert("Policy".to_owned(), policy.clone());
            }
            None => not_here(&properties, "Topics", &arn),
        }
    }
}

/// A SAM event of type `SNS`: the topic calls the function.
pub(in super::super) fn load_event<'t>(
    loader: &mut Loader<'t>,
    resource: &'t Resource,
    name: &str,
    event: &Properties<'t>,
) {
    event.harmless(&["Region"]);
    if event.has("SqsSubscription") && event.string("SqsSubscription").is_none_or(|queue| queue != "false") {
        event.whole_unsupported("there are no queues locally: the topic does not call the function");
        return;
    }
    let topic = event.required_string("Topic");
    let Ok(function) = loader.resolver.function_name(resource) else { return };
    let endpoint = names::function_arn(loader.resolver.options, &function);
    let id = format!("{}{name}", resource.logical_id);
    let attributes = attributes(event, SUBSCRIPTION);
    if let Some(topic) = topic {
        insert(loader, event, topic, "lambda".to_owned(), endpoint, attributes, &id);
    }
}

/// What of these settings is given, as SNS has it: all values are text.
fn attributes(properties: &Properties<'_>, names: &[&str]) -> IndexMap<String, String> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), properties.json_text(name)?))).collect()
}

fn subscribe(loader: &mut Loader<'_>, properties: &Properties<'_>, topic: Option<String>, id: &str) {
    let (protocol, endpoint) = (properties.required_string("Protocol"), properties.required_string("Endpoint"));
    let attributes = attributes(properties, SUBSCRIPTION);
    let (Some(topic), Some(protocol), Some(endpoint)) = (topic, protocol, endpoint) else { return };
    match protocol.as_str() {
        "application" | "firehose" | "sqs" => {
            let reason = format!("there is no {protocol} locally: nothing is delivered to it");
            properties.report().unsupported(properties.owner(), path(properties).as_deref(), properties.at(), reason);
            return;
        }
        protocol if !PROTOCOLS.contains(&protocol) => {
            properties.error("Protocol", format!("must be one of {}, not '{protocol}'", PROTOCOLS.join(", ")));
            return;
        }
        _ => {}
    }
    let fits = match protocol.as_str() {
        "lambda" => endpoint.split(':').nth(2) == Some("lambda"),
        "http" | "https" => endpoint.split_once("://").is_some_and(|(scheme, _)| scheme == protocol),
        "email" | "email-json" => endpoint.contains('@'),
        _ => true,
    };
    if !fits {
        properties.error("Endpoint", format!("is '{endpoint}', which is no endpoint for {protocol}"));
        return;
    }
    insert(loader, properties, topic, protocol, endpoint, attributes, id);
}

fn path(properties: &Properties<'_>) -> Option<String> {
    let path = properties.path("");
    Some(path.trim_end_matches('.').to_owned()).filter(|path| !path.is_empty())
}

fn insert(
    loader: &mut Loader<'_>,
    properties: &Properties<'_>,
    topic_arn: String,
    protocol: String,
    endpoint: String,
    attributes: IndexMap<String, String>,
    id: &str,
) {
    let known = loader.resolver.template.resources.values().any(|resource| {
        resource.resource_type == "AWS::SNS::Topic"
            && loader.resolver.physical_id(resource).is_ok_and(|known| known == topic_arn)
    });
    if !known {
        not_here(properties, "TopicArn", &topic_arn);
        return;
    }
    let subscription_arn = format!("{topic_arn}:{}", names::subscription_id(loader.resolver.options, id));
    let subscription = Subscription {
        subscription_arn: subscription_arn.clone(),
        topic_arn,
        owner: loader.resolver.options.account_id.clone(),
        protocol,
        endpoint,
        pending_token: None,
        authenticated: true,
        attributes,
    };
    loader.model.subscriptions.insert(subscription_arn, subscription);
}

/// A topic of another stack's.
fn not_here(properties: &Properties<'_>, key: &str, arn: &str) {
    let at: Place = properties.place(key);
    let reason = format!("{arn} is no topic of this template: create it through the API, and subscribe to it there");
    properties.report().unsupported(properties.owner(), Some(&properties.path(key)), at, reason);
}
