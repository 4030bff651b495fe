//! SNS topics with their subscriptions and policies, CloudWatch's alarms, and log groups whose events are not kept for ever.

use serde_json::{Value, json};

use super::document::{Document, Resource, parsed, reference, tags};
use crate::model::{LogGroup, MetricAlarm, Subscription, Topic};

/// Attributes of a topic that CloudFormation has too.
const TOPIC: &[&str] = &["ArchivePolicy", "DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig"];
/// Attributes of a subscription that CloudFormation has too.
const SUBSCRIPTION: &[&str] =
    &["DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "ReplayPolicy"];

/// Adds the log groups: before what logs to them.
pub(super) fn add_log_groups(document: &mut Document<'_>) {
    let groups: Vec<_> = document.model.log_groups.values().collect();
    for group in groups {
        let resource = log_group(group);
        document.add_log_group(&group.log_group_name, resource);
    }
}

fn log_group(group: &LogGroup) -> Resource {
    Resource::new("AWS::Logs::LogGroup")
        .with("LogGroupName", group.log_group_name.as_str())
        .with("RetentionInDays", group.retention_in_days)
        .with("KmsKeyId", group.kms_key_id.clone())
        .unless("LogGroupClass", group.log_group_class.as_str(), "STANDARD")
        .unless("DeletionProtectionEnabled", group.deletion_protection_enabled, false)
        .with("Tags", tags(&group.tags))
}

/// Adds the rest: behind the functions, which topics call.
pub(super) fn add(document: &mut Document<'_>) {
    let model = document.model;
    for topic in model.topics.values() {
        let name = topic.topic_arn.rsplit(':').next().unwrap_or_default();
        let id = document.ids.declared_or(None, name, "Topic");
        document.references.topic(name, &id);
        document.add(&id, topic_resource(topic, name));
        if let Some(policy) = topic.attributes.get("Policy") {
            let policy_id = document.ids.make(&[&id, "Policy"]);
            let policy = Resource::new("AWS::SNS::TopicPolicy")
                .with("Topics", json!([reference(&id)]))
                .with("PolicyDocument", parsed(Some(policy)));
            document.add(&policy_id, policy);
        }
    }
    for subscription in model.subscriptions.values() {
        let topic = subscription.topic_arn.rsplit(':').next().unwrap_or_default();
        let id = document.ids.make(&[topic, &subscription.protocol, "Subscription"]);
        document.add(&id, subscription_resource(subscription));
        if subscription.protocol == "lambda" {
            let permission = Resource::new("AWS::Lambda::Permission")
                .with("Action", "lambda:InvokeFunction")
                .with("FunctionName", subscription.endpoint.as_str())
                .with("Principal", "sns.amazonaws.com")
                .with("SourceArn", subscription.topic_arn.as_str());
            let id = document.ids.make(&[&id, "Permission"]);
            document.add(&id, permission);
        }
    }
    for alarm in model.alarms.values() {
        let id = document.ids.declared_or(None, &alarm.alarm_name, "Alarm");
        document.add(&id, alarm_resource(alarm));
    }
}

fn topic_resource(topic: &Topic, name: &str) -> Resource {
    let resource = Resource::new("AWS::SNS::Topic").with("TopicName", name);
    let resource = TOPIC.iter().fold(resource, |resource, attribute| {
        let value = topic.attributes.get(*attribute).map(String::as_str);
        resource.with(attribute, if *attribute == "ArchivePolicy" { parsed(value) } else { json!(value) })
    });
    resource
        .with("DataProtectionPolicy", parsed(topic.data_protection_policy.as_deref()))
        .with("Tags", tags(&topic.tags))
}

fn subscription_resource(subscription: &Subscription) -> Resource {
    let resource = Resource::new("AWS::SNS::Subscription")
        .with("TopicArn", subscription.topic_arn.as_str())
        .with("Protocol", subscription.protocol.as_str())
        .with("Endpoint", subscription.endpoint.as_str());
    SUBSCRIPTION.iter().fold(resource, |resource, attribute| {
        let value = subscription.attributes.get(*attribute).map(String::as_str);
        resource.with(attribute, if attribute.ends_with("Policy") { parsed(value) } else { json!(value) })
    })
}

fn alarm_resource(alarm: &MetricAlarm) -> Resource {
    let dimensions: Vec<Value> = alarm.dimensions.iter().map(|d| json!({ "Name": d.name, "Value": d.value })).collect();
    Resource::new("AWS::CloudWatch::Alarm")
        .with("AlarmName", alarm.alarm_name.as_str())
        .with("AlarmDescription", alarm.alarm_description.clone())
        .unless("ActionsEnabled", alarm.actions_enabled, true)
        .with("OKActions", alarm.ok_actions.clone())
        .with("AlarmActions", alarm.alarm_actions.clone())
        .with("InsufficientDataActions", alarm.insufficient_data_actions.clone())
        .with("Namespace", alarm.namespace.clone())
        .with("MetricName", alarm.metric_name.clone())
        .with("Dimensions", dimensions)
        .with("Statistic", alarm.statistic.clone())
        .with("ExtendedStatistic", alarm.extended_statistic.clone())
        .with("Period", alarm.period)
        .with("Unit", alarm.unit.clone())
        .with("Metrics", alarm.metrics.clone())
        .with("EvaluationPeriods", alarm.evaluation_periods)
        .with("DatapointsToAlarm", alarm.datapoints_to_alarm)
        .with("Threshold", alarm.threshold)
        .with("ComparisonOperator", alarm.comparison_operator.as_str())
        .with("TreatMissingData", alarm.treat_missing_data.clone())
        .with("EvaluateLowSampleCountPercentile", alarm.evaluate_low_sample_count_percentile.clone())
        .with("Tags", tags(&alarm.tags))
}
