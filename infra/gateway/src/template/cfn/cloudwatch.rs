//! `AWS::CloudWatch::Alarm`. CloudFormation has the names of `PutMetricAlarm`; the control plane knows what goes together.

use serde_json::Value;

use crate::model::{MetricAlarm, MetricDimension};

use super::super::loader::Loader;
use super::super::names;
use super::super::sections::Resource;

/// Loads an alarm.
pub(in super::super) fn load_alarm<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let Ok(alarm_name) = loader.resolver.physical_id(resource) else { return };
    properties.harmless(&["AlarmName"]);
    if properties.has("ThresholdMetricId") || properties.has("EvaluationCriteria") {
        properties
            .whole_unsupported("there are no alarms on anomaly detection and none on PromQL: it is not evaluated");
        return;
    }
    properties.require("ComparisonOperator");
    let dimensions = properties.objects("Dimensions");
    let dimensions = dimensions.iter().filter_map(|dimension| {
        Some(MetricDimension { name: dimension.required_string("Name")?, value: dimension.required_string("Value")? })
    });
    let any = f64::MIN..=f64::MAX;
    let metrics = match properties.json("Metrics") {
        Some(Value::Array(metrics)) => metrics,
        _ => Vec::new(),
    };
    let alarm = MetricAlarm {
        alarm_arn: names::arn(loader.resolver.options, "cloudwatch", &format!("alarm:{alarm_name}")),
        alarm_description: properties.string("AlarmDescription"),
        actions_enabled: properties.boolean("ActionsEnabled").unwrap_or(true),
        ok_actions: properties.strings("OKActions"),
        alarm_actions: properties.strings("AlarmActions"),
        insufficient_data_actions: properties.strings("InsufficientDataActions"),
        metric_name: properties.string("MetricName"),
        namespace: properties.string("Namespace"),
        statistic: properties.string("Statistic"),
        extended_statistic: properties.string("ExtendedStatistic"),
        dimensions: dimensions.collect(),
        period: properties.integer("Period", 1..=604_800).map(i64::from),
        unit: properties.string("Unit"),
        evaluation_periods: properties.integer("EvaluationPeriods", 1..=10_080).map(i64::from).unwrap_or_default(),
        datapoints_to_alarm: properties.integer("DatapointsToAlarm", 1..=10_080).map(i64::from),
        threshold: properties.number("Threshold", any),
        comparison_operator: properties.string("ComparisonOperator").unwrap_or_default(),
        treat_missing_data: properties.string("TreatMissingData"),
        evaluate_low_sample_count_percentile: properties.string("EvaluateLowSampleCountPercentile"),
        metrics: metrics.into_iter().map(typed).collect(),
        tags: properties.tags("Tags"),
        alarm_name: alarm_name.clone(),
        ..MetricAlarm::default()
    };
    if loader.claim("alarm", &alarm_name, resource.at) {
        loader.model.alarms.insert(alarm_name, alarm);
    }
}

/// A query with the types that the API has: a template may write `"60"` and `"true"`.
fn typed(mut query: Value) -> Value {
    let number = |value: &mut Value| {
        if let Some(number) = value.as_str().and_then(|text| text.parse::<i64>().ok()) {
            *value = number.into();
        }
    };
    if let Some(period) = query.pointer_mut("/MetricStat/Period") {
        number(period);
    }
    if let Some(period) = query.get_mut("Period") {
        number(period);
    }
    if let Some(returned) = query.get_mut("ReturnData")
        && let Some(text) = returned.as_str()
    {
        *returned = text.eq_ignore_ascii_case("true").into();
    }
    query
}
