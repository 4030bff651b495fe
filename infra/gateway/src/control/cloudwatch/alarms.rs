//! Alarms: put, describe, delete, set, switch.

use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::super::world::lock;
use super::{actions, history, invalid, invalid_combination, list, missing, queries, tags, watch};
use crate::clock::EpochMillis;
use crate::model::{MetricAlarm, MetricDimension};

pub(super) const OPERATIONS: &[Entry] = &[
    op("PutMetricAlarm", put).partly(
        "periods of less than a minute are evaluated by the minute; no anomaly detection, no PromQL; actions reach SNS topics",
    ),
    op("DescribeAlarms", describe).partly("there are metric alarms only"),
    op("DescribeAlarmsForMetric", describe_for_metric),
    op("DeleteAlarms", delete),
    op("SetAlarmState", set_state),
    op("EnableAlarmActions", enable_actions),
    op("DisableAlarmActions", disable_actions),
];

/// Alarms of one account and region.
const MAX_ALARMS: usize = 1_000;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What is wanted of an alarm; a state that it has already stays.
fn read(call: &Call<'_>) -> Result<MetricAlarm, ApiError> {
    let mut alarm: MetricAlarm = call.parse()?;
    alarm.actions_enabled = call.boolean("ActionsEnabled").unwrap_or(true);
    alarm.alarm_arn = call.world.arn("cloudwatch", &format!("alarm:{}", alarm.alarm_name));
    alarm.alarm_configuration_updated_timestamp = call.now();
    alarm.tags = tags::given(call);
    if call.member("EvaluationCriteria").is_some() || call.member("ThresholdMetricId").is_some() {
        return Err(invalid("Ferrogate has no alarms on PromQL and none on anomaly detection"));
    }
    check(&alarm)?;
    Ok(alarm)
}

/// Whether what is wanted of an alarm goes together.
pub(super) fn check(alarm: &MetricAlarm) -> Result<(), ApiError> {
    if alarm.comparison_operator.is_empty() {
        return Err(missing("The parameter ComparisonOperator is required."));
    }
    if alarm.evaluation_periods == 0 {
        return Err(missing("The parameter EvaluationPeriods is required."));
    }
    if alarm.threshold.is_none() {
        return Err(missing("The parameter Threshold is required."));
    }
    if alarm.comparison_operator.contains("Lower") || alarm.comparison_operator.contains("Upper") {
        return Err(invalid("Ferrogate has no anomaly detection: use a ComparisonOperator on a threshold"));
    }
    if alarm.datapoints_to_alarm.is_some_and(|points| points > alarm.evaluation_periods) {
        return Err(invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods"));
    }
    if let Some(treat) = &alarm.treat_missing_data
        && !matches!(treat.as_str(), "breaching" | "notBreaching" | "ignore" | "missing")
    {
        return Err(invalid(format!(
            "The value '{treat}' for parameter TreatMissingData must be one of [breaching, notBreaching, ignore, missing]"
        )));
    }
    for action in alarm.ok_actions.iter().chain(&alarm.alarm_actions).chain(&alarm.insufficient_data_actions) {
        if !action.starts_with("arn:") {
            return Err(invalid(format!("Invalid arn syntax: {action}")));
        }
    }
    let period = if alarm.metrics.is_empty() { of_metric(alarm)? } else { of_expression(alarm)? };
    let range = period.saturating_mul(alarm.evaluation_periods);
    if range > if period >= 3_600 { 7 * DAY_SECONDS } else { DAY_SECONDS } {
        return Err(invalid(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).",
        ));
    }
    Ok(())
}

/// Checks an alarm on one metric; gives its period.
fn of_metric(alarm: &MetricAlarm) -> Result<i64, ApiError> {
    let (Some(_), Some(_)) = (&alarm.metric_name, &alarm.namespace) else {
        return Err(invalid("MetricName and Namespace are required unless Metrics are given"));
    };
    match (&alarm.statistic, &alarm.extended_statistic) {
        (Some(_), None) => {}
        (None, Some(name)) => {
            queries::statistic(name)?;
        }
        _ => return Err(invalid("Must specify either Statistic or ExtendedStatistic")),
    }
    let period = alarm.period.ok_or_else(|| missing("The parameter Period is required."))?;
    if !(matches!(period, 10 | 20 | 30) || period % 60 == 0) {
        return Err(invalid("Period must be 10, 20, 30 or a multiple of 60"));
    }
    Ok(period)
}

/// Checks an alarm on an expression; gives the longest of its periods.
fn of_expression(alarm: &MetricAlarm) -> Result<i64, ApiError> {
    let single = alarm.metric_name.is_some() || alarm.statistic.is_some() || alarm.period.is_some();
    if single {
        return Err(invalid_combination(
            "If Metrics is given, MetricName, Namespace, Dimensions, Period, Unit, Statistic and ExtendedStatistic must not be.",
        ));
    }
    let parsed = queries::parse(&alarm.metrics)?;
    if parsed.iter().filter(|query| query.returned).count() != 1 {
        return Err(invalid("Exactly one element of the metrics list should return data."));
    }
    Ok(parsed.iter().filter_map(queries::Query::period).max().unwrap_or(60))
}

fn put(call: &Call<'_>) -> Outcome {
    let mut alarm = read(call)?;
    let mut state = lock(&call.world.cloudwatch);
    let name = alarm.alarm_name.clone();
    let update = match state.alarms.get(&name) {
        Some(held) => {
            keep_state(&mut alarm, held);
            // Tags of an alarm that is there are changed by TagResource alone.
            alarm.tags.clone_from(&held.tags);
            true
        }
        None if state.alarms.len() >= MAX_ALARMS => {
            let message = format!("The maximum number of alarms, {MAX_ALARMS}, has been reached");
            return Err(ApiError::new("LimitExceededFault", message));
        }
        None => {
            begin(&mut alarm, call.now());
            false
        }
    };
    let item = history::configured(&alarm, if update { "Update" } else { "Create" }, call.now());
    state.alarms.insert(name, alarm)?;
    state.history.add(item);
    drop(state);
    watch(call.world);
    Ok(Output::empty())
}

/// What an alarm has been evaluated to stays where it is put, or declared, once more.
pub(super) fn keep_state(alarm: &mut MetricAlarm, held: &MetricAlarm) {
    alarm.state_value.clone_from(&held.state_value);
    alarm.state_reason.clone_from(&held.state_reason);
    alarm.state_reason_data.clone_from(&held.state_reason_data);
    alarm.state_updated_timestamp = held.state_updated_timestamp;
    alarm.state_transitioned_timestamp = held.state_transitioned_timestamp;
}

/// The state of an alarm that nobody has evaluated.
pub(super) fn begin(alarm: &mut MetricAlarm, now: EpochMillis) {
    "INSUFFICIENT_DATA".clone_into(&mut alarm.state_value);
    "Unchecked: Initial alarm creation".clone_into(&mut alarm.state_reason);
    alarm.state_updated_timestamp = now;
    alarm.state_transitioned_timestamp = now;
}

fn names(call: &Call<'_>) -> Result<Vec<String>, ApiError> {
    list(call, "AlarmNames")
}

fn described(alarm: &MetricAlarm) -> Value {
    // Strings, numbers and lists: it serialises. The model leaves the tags out.
    serde_json::to_value(alarm).unwrap_or_default()
}

fn describe(call: &Call<'_>) -> Outcome {
    let (names, prefix) = (names(call)?, call.optional_text("AlarmNamePrefix"));
    if !names.is_empty() && prefix.is_some() {
        return Err(invalid_combination("AlarmNamePrefix and AlarmNames are mutually exclusive"));
    }
    let types: Vec<String> = list(call, "AlarmTypes")?;
    let (value, action) = (call.optional_text("StateValue"), call.optional_text("ActionPrefix"));
    let wanted = |alarm: &&MetricAlarm| {
        let mut all = alarm.ok_actions.iter().chain(&alarm.alarm_actions).chain(&alarm.insufficient_data_actions);
        (names.is_empty() || names.contains(&alarm.alarm_name))
            && prefix.is_none_or(|prefix| alarm.alarm_name.starts_with(prefix))
            && (types.is_empty() || types.iter().any(|kind| kind == "MetricAlarm"))
            && value.is_none_or(|value| alarm.state_value == value)
            && action.is_none_or(|action| all.any(|arn| arn.starts_with(action)))
    };
    let state = lock(&call.world.cloudwatch);
    let mut alarms: Vec<_> = state.alarms.values().filter(wanted).collect();
    alarms.sort_by(|a, b| a.alarm_name.cmp(&b.alarm_name));
    let size = call.integer("MaxRecords").and_then(|size| usize::try_from(size).ok()).unwrap_or(50);
    let mut page = super::page(call, "MetricAlarms", alarms.into_iter().map(described).collect(), size)?;
    page.members.insert("CompositeAlarms".to_owned(), json!([]));
    Ok(page)
}

fn describe_for_metric(call: &Call<'_>) -> Outcome {
    let mut dimensions: Vec<MetricDimension> = list(call, "Dimensions")?;
    dimensions.sort();
    let same = |held: &Option<String>, member: &str| {
        call.optional_text(member).is_none_or(|wanted| held.as_deref() == Some(wanted))
    };
    let wanted = |alarm: &&MetricAlarm| {
        let mut own = alarm.dimensions.clone();
        own.sort();
        same(&alarm.metric_name, "MetricName")
            && same(&alarm.namespace, "Namespace")
            && same(&alarm.statistic, "Statistic")
            && same(&alarm.extended_statistic, "ExtendedStatistic")
            && same(&alarm.unit, "Unit")
            && own == dimensions
            && call.integer("Period").is_none_or(|period| alarm.period == Some(period))
    };
    let state = lock(&call.world.cloudwatch);
    let alarms: Vec<_> = state.alarms.values().filter(wanted).map(described).collect();
    Output::of(json!({ "MetricAlarms": alarms }))
}

fn delete(call: &Call<'_>) -> Outcome {
    let names = names(call)?;
    let mut state = lock(&call.world.cloudwatch);
    // All of them, or none.
    if let Some(unknown) = names.iter().find(|name| !state.alarms.contains(name)) {
        return Err(no_such(unknown));
    }
    for name in names {
        if let Some(gone) = state.alarms.remove(&name)? {
            state.history.add(history::configured(&gone, "Delete", call.now()));
        }
    }
    Ok(Output::empty())
}

fn no_such(name: &str) -> ApiError {
    ApiError::new("ResourceNotFound", format!("Alarm with name {name} does not exist"))
}

fn set_state(call: &Call<'_>) -> Outcome {
    let name = call.text("AlarmName");
    let data = call.optional_text("StateReasonData");
    if data.is_some_and(|data| serde_json::from_str::<Value>(data).is_err()) {
        return Err(ApiError::new("InvalidFormatFault", "StateReasonData is not valid JSON"));
    }
    if !lock(&call.world.cloudwatch).alarms.contains(name) {
        return Err(no_such(name));
    }
    let to = actions::NewState {
        value: call.text("StateValue").to_owned(),
        reason: call.text("StateReason").to_owned(),
        data: data.map(str::to_owned),
    };
    actions::transition(call.world, name, to, None)?;
    Ok(Output::empty())
}

fn switch(call: &Call<'_>, enabled: bool) -> Outcome {
    let names = names(call)?;
    let mut state = lock(&call.world.cloudwatch);
    // Names of no alarm are passed over, as on AWS.
    for name in names {
        let changed = state.alarms.update(&name, |alarm| {
            alarm.actions_enabled = enabled;
            alarm.alarm_configuration_updated_timestamp = call.now();
            Ok(alarm.clone())
        });
        if let Some(alarm) = changed.transpose()? {
            state.history.add(history::configured(&alarm, "Update", call.now()));
        }
    }
    Ok(Output::empty())
}

fn enable_actions(call: &Call<'_>) -> Outcome {
    switch(call, true)
}

fn disable_actions(call: &Call<'_>) -> Outcome {
    switch(call, false)
}
