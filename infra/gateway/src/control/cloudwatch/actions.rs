//! A change of an alarm's state, and whom it is told.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::call::ApiError;
use super::super::sns;
use super::super::world::{World, lock};
use super::evaluate::aws_time;
use super::history::Item;
use crate::clock::EpochMillis;
use crate::model::MetricAlarm;

/// The state that an alarm is to be in, and why.
#[derive(Debug)]
pub(super) struct NewState {
    pub(super) value: String,
    pub(super) reason: String,
    pub(super) data: Option<String>,
}

/// Sets an alarm's state; where it is another one, its actions follow. `of` is the time of the configuration that was
/// evaluated: one that was changed since stays as it is.
pub(super) fn transition(
    world: &Arc<World>,
    name: &str,
    to: NewState,
    of: Option<EpochMillis>,
) -> Result<(), ApiError> {
    let now = world.gateway.clock.now();
    let mut state = lock(&world.cloudwatch);
    let Some(held) = state.alarms.get(name) else { return Ok(()) };
    let stale = of.is_some_and(|of| of != held.alarm_configuration_updated_timestamp);
    let from = held.state_value.clone();
    if stale || (of.is_some() && from == to.value) {
        return Ok(());
    }
    let changed = state.alarms.update(name, |alarm| {
        alarm.state_value.clone_from(&to.value);
        alarm.state_reason.clone_from(&to.reason);
        alarm.state_reason_data.clone_from(&to.data);
        alarm.state_updated_timestamp = now;
        if from != to.value {
            alarm.state_transitioned_timestamp = now;
        }
        Ok(alarm.clone())
    });
    let Some(alarm) = changed.transpose()? else { return Ok(()) };
    if from == to.value {
        return Ok(());
    }
    state.history.add(Item {
        alarm: name.to_owned(),
        at: now,
        kind: "StateUpdate",
        summary: format!("Alarm updated from {from} to {}", to.value),
        data: json!({
            "version": "1.0",
            "oldState": { "stateValue": from },
            "newState": { "stateValue": to.value, "stateReason": to.reason },
        })
        .to_string(),
    });
    drop(state);
    let (name, value) = (&alarm.alarm_name, &alarm.state_value);
    if value == "ALARM" {
        tracing::warn!("alarm {name}: {from} -> {value}: {}", alarm.state_reason);
    } else {
        tracing::info!("alarm {name}: {from} -> {value}: {}", alarm.state_reason);
    }
    if alarm.actions_enabled {
        act(world, &alarm, &from, now);
    }
    Ok(())
}

fn act(world: &Arc<World>, alarm: &MetricAlarm, from: &str, now: EpochMillis) {
    let actions = match alarm.state_value.as_str() {
        "OK" => &alarm.ok_actions,
        "ALARM" => &alarm.alarm_actions,
        _ => &alarm.insufficient_data_actions,
    };
    let region = region_name(&world.id.region);
    let subject = format!("{}: \"{}\" in {region}", alarm.state_value, alarm.alarm_name);
    for action in actions {
        let outcome = if action.split(':').nth(2) == Some("sns") {
            sns::notify(world, action, &subject, message(world, alarm, from, region, now).to_string())
        } else {
            Err("only SNS topics are told here".to_owned())
        };
        let (summary, state) = match &outcome {
            Ok(()) => {
                tracing::info!("alarm {}: published \"{subject}\" to {action}", alarm.alarm_name);
                (format!("Successfully executed action {action}"), "Succeeded")
            }
            Err(reason) => {
                tracing::warn!(alarm = alarm.alarm_name, action, "an alarm's action was not done: {reason}");
                (format!("Failed to execute action {action}. Received error: \"{reason}\""), "Failed")
            }
        };
        let data = json!({
            "actionState": state, "notificationResource": action, "stateUpdateTimestamp": now, "error": outcome.err(),
        });
        lock(&world.cloudwatch).history.add(Item {
            alarm: alarm.alarm_name.clone(),
            at: now,
            kind: "Action",
            summary,
            data: data.to_string(),
        });
    }
}

/// The message that AWS publishes.
fn message(world: &World, alarm: &MetricAlarm, from: &str, region: &str, now: EpochMillis) -> Value {
    let dimensions: Vec<_> = alarm.dimensions.iter().map(|d| json!({ "value": d.value, "name": d.name })).collect();
    let mut trigger = if alarm.metrics.is_empty() {
        let extended = alarm.extended_statistic.as_deref();
        let mut trigger = json!({ "MetricName": alarm.metric_name, "Namespace": alarm.namespace });
        match extended {
            Some(extended) => {
                trigger["StatisticType"] = "ExtendedStatistic".into();
                trigger["ExtendedStatistic"] = extended.into();
            }
            None => {
                let name = alarm.statistic.as_deref().unwrap_or_default();
                let name = if name == "SampleCount" { "SAMPLE_COUNT".to_owned() } else { name.to_uppercase() };
                trigger["StatisticType"] = "Statistic".into();
                trigger["Statistic"] = name.into();
            }
        }
        trigger["Unit"] = json!(alarm.unit);
        trigger["Dimensions"] = dimensions.into();
        trigger["Period"] = json!(alarm.period);
        trigger
    } else {
        json!({ "Metrics": alarm.metrics })
    };
    trigger["EvaluationPeriods"] = alarm.evaluation_periods.into();
    if let Some(points) = alarm.datapoints_to_alarm {
        trigger["DatapointsToAlarm"] = points.into();
    }
    trigger["ComparisonOperator"] = alarm.comparison_operator.as_str().into();
    trigger["Threshold"] = json!(alarm.threshold);
    trigger["TreatMissingData"] = alarm.treat_missing_data.as_deref().unwrap_or_default().into();
    trigger["EvaluateLowSampleCountPercentile"] =
        alarm.evaluate_low_sample_count_percentile.as_deref().unwrap_or_default().into();
    json!({
        "AlarmName": alarm.alarm_name,
        "AlarmDescription": alarm.alarm_description,
        "AWSAccountId": world.id.account,
        "AlarmConfigurationUpdatedTimestamp": aws_time(alarm.alarm_configuration_updated_timestamp),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": aws_time(now),
        "Region": region,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": from,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": trigger,
    })
}

/// A region's name for people; its code where that is not known.
fn region_name(code: &str) -> &str {
    match code {
        "us-east-1" => "US East (N. Virginia)",
        "us-east-2" => "US East (Ohio)",
        "us-west-1" => "US West (N. California)",
        "us-west-2" => "US West (Oregon)",
        "eu-west-1" => "EU (Ireland)",
        "eu-west-2" => "EU (London)",
        "eu-west-3" => "EU (Paris)",
        "eu-central-1" => "EU (Frankfurt)",
        "eu-north-1" => "EU (Stockholm)",
        "ap-southeast-1" => "Asia Pacific (Singapore)",
        "ap-southeast-2" => "Asia Pacific (Sydney)",
        "ap-northeast-1" => "Asia Pacific (Tokyo)",
        "ap-south-1" => "Asia Pacific (Mumbai)",
        "sa-east-1" => "South America (Sao Paulo)",
        "ca-central-1" => "Canada (Central)",
        code => code,
    }
}
