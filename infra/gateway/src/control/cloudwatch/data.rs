//! Putting values and listing metrics.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::{invalid_combination, invalid_value, key, list, missing, page};
use crate::clock::EpochMillis;
use crate::model::MetricDimension;
use crate::telemetry::Stat;

pub(super) const OPERATIONS: &[Entry] = &[
    op("PutMetricData", put)
        .partly("values are kept by the minute, whatever the StorageResolution; entities are not kept"),
    op("ListMetrics", list_metrics),
];

/// Values with counts that one metric of a request may have.
const MAX_VALUES: usize = 150;
/// Metrics of one request.
const MAX_METRICS: usize = 1_000;
const HOUR: i64 = 60 * 60 * 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Datum {
    metric_name: String,
    dimensions: Vec<MetricDimension>,
    timestamp: Option<EpochMillis>,
    value: Option<f64>,
    values: Option<Vec<f64>>,
    counts: Option<Vec<f64>>,
    statistic_values: Option<Set>,
    unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Set {
    sample_count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

fn put(call: &Call<'_>) -> Outcome {
    let namespace = call.text("Namespace");
    if namespace.starts_with("AWS/") {
        return Err(invalid_value(format!("The value {namespace} for parameter Namespace is invalid.")));
    }
    let mut data: Vec<Datum> = list(call, "MetricData")?;
    let entities = call.member("EntityMetricData").and_then(Value::as_array).into_iter().flatten();
    for entity in entities {
        let of_entity = serde_json::from_value::<Vec<Datum>>(entity["MetricData"].clone());
        data.extend(of_entity.map_err(|error| ApiError::new("ValidationException", error.to_string()))?);
    }
    if data.is_empty() {
        return Err(missing("The parameter MetricData is required."));
    }
    if data.len() > MAX_METRICS {
        return Err(invalid_value("The collection MetricData must not have a size greater than 1000."));
    }
    // All of it, or nothing.
    let stats = data.iter().enumerate().map(|(index, datum)| stat(call.now(), datum, index + 1));
    let stats = stats.collect::<Result<Vec<_>, _>>()?;
    for (datum, stat) in data.iter().zip(&stats) {
        let at = datum.timestamp.unwrap_or_else(|| call.now());
        let key = key(namespace, &datum.metric_name, &datum.dimensions);
        let unit = datum.unit.as_deref().unwrap_or("None");
        call.world.gateway.telemetry.metrics().put(key, unit, at, stat);
    }
    Ok(Output::empty())
}

/// What one datum says.
fn stat(now: EpochMillis, datum: &Datum, number: usize) -> Result<Stat, ApiError> {
    let parameter = |member: &str| format!("MetricData.member.{number}.{member}");
    if let Some(at) = datum.timestamp {
        let at_parameter = parameter("Timestamp");
        if at < now - 14 * 24 * HOUR {
            return Err(invalid_value(format!(
                "The parameter {at_parameter} must specify a time within the last two weeks."
            )));
        }
        if at > now + 2 * HOUR {
            return Err(invalid_value(format!(
                "The parameter {at_parameter} must specify a time no more than two hours in the future."
            )));
        }
    }
    let exclusive = |one: &str, other: &str| {
        invalid_combination(format!(
            "The parameters {} and {} are mutually exclusive and you have specified both.",
            parameter(one),
            parameter(other)
        ))
    };
    let mut stat = Stat::default();
    match (datum.value, &datum.values, &datum.statistic_values) {
        (Some(_), Some(_), _) => return Err(exclusive("Value", "Values")),
        (Some(_), _, Some(_)) => return Err(exclusive("Value", "StatisticValues")),
        (_, Some(_), Some(_)) => return Err(exclusive("Values", "StatisticValues")),
        (Some(value), None, None) => stat.add(value, 1.0),
        (None, Some(values), None) => {
            if values.is_empty() || values.len() > MAX_VALUES {
                return Err(invalid_value(format!(
                    "The parameter {} must have a size between 1 and {MAX_VALUES}.",
                    parameter("Values")
                )));
            }
            if datum.counts.as_ref().is_some_and(|counts| counts.len() != values.len()) {
                return Err(invalid_value(format!(
                    "The parameters {} and {} must be of the same size.",
                    parameter("Values"),
                    parameter("Counts")
                )));
            }
            for (at, value) in values.iter().enumerate() {
                let count = datum.counts.as_ref().map_or(1.0, |counts| counts[at]);
                if count <= 0.0 {
                    return Err(invalid_value(format!(
                        "The value {count} for parameter {} is invalid.",
                        parameter("Counts")
                    )));
                }
                stat.add(*value, count);
            }
        }
        (None, None, Some(set)) => {
            if set.sample_count <= 0.0 || set.minimum > set.maximum {
                return Err(invalid_value(format!(
                    "The value for parameter {} is invalid: SampleCount must be greater than 0, and Minimum no greater than \
                     Maximum.",
                    parameter("StatisticValues")
                )));
            }
            stat = Stat::set(set.sample_count, set.sum, set.minimum, set.maximum);
        }
        (None, None, None) => {
            return Err(missing("At least one of the parameters must be specified."));
        }
    }
    Ok(stat)
}

fn list_metrics(call: &Call<'_>) -> Outcome {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Filter {
        name: String,
        value: Option<String>,
    }
    let filters: Vec<Filter> = list(call, "Dimensions")?;
    let (namespace, name) = (call.optional_text("Namespace"), call.optional_text("MetricName"));
    let recent = call.optional_text("RecentlyActive").is_some().then(|| call.now() - 3 * HOUR);
    let found = call.world.gateway.telemetry.metrics().keys().into_iter().filter(|(key, last)| {
        namespace.is_none_or(|namespace| key.namespace == namespace)
            && name.is_none_or(|name| key.name == name)
            && recent.is_none_or(|since| *last >= since)
            && filters.iter().all(|filter| {
                key.dimensions.iter().any(|(name, value)| {
                    *name == filter.name && filter.value.as_ref().is_none_or(|wanted| wanted == value)
                })
            })
    });
    let described = |dimensions: &[(String, String)]| -> Vec<Value> {
        dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
    };
    let metrics = found.map(|(key, _)| {
        json!({ "Namespace": key.namespace, "MetricName": key.name, "Dimensions": described(&key.dimensions) })
    });
    page(call, "Metrics", metrics.collect(), 500)
}
