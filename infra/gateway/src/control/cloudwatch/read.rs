//! Reading values.

use serde_json::{Map, Value, json};

use super::super::call::{Call, Entry, Outcome, Output, op};
use super::math::Series;
use super::{invalid, invalid_combination, invalid_value, key, list, queries};
use crate::model::MetricDimension;
use crate::telemetry::MetricQuery;

pub(super) const OPERATIONS: &[Entry] = &[
    op("GetMetricStatistics", get_statistics).partly("values are kept by the minute; of trimmed statistics there are none"),
    op("GetMetricData", get_data).partly(
        "values are kept by the minute; expressions have arithmetic and some functions; no search, no Metrics Insights, no \
         trimmed statistics",
    ),
];

/// Values that one answer of `GetMetricStatistics` has.
const MAX_STATISTICS: i64 = 1_440;
/// Values that one answer of `GetMetricData` has.
const MAX_DATAPOINTS: usize = 100_800;

fn get_statistics(call: &Call<'_>) -> Outcome {
    let (start, end) = times(call);
    let period = call.integer("Period").unwrap_or_default();
    if start >= end {
        return Err(invalid_value("The parameter StartTime must be less than the parameter EndTime."));
    }
    if !queries::is_period(period) {
        return Err(invalid_value("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60."));
    }
    let asked = (end - start) / (period * 1_000);
    if asked > MAX_STATISTICS {
        return Err(invalid_combination(format!(
            "You have requested up to {asked} datapoints, which exceeds the limit of {MAX_STATISTICS}. You may reduce the \
             datapoints requested by increasing Period, or decreasing the time range."
        )));
    }
    let dimensions: Vec<MetricDimension> = list(call, "Dimensions")?;
    let (plain, extended): (Vec<String>, Vec<String>) = (list(call, "Statistics")?, list(call, "ExtendedStatistics")?);
    if plain.is_empty() && extended.is_empty() {
        return Err(invalid_combination("Must specify either Statistics or ExtendedStatistics"));
    }
    for name in &extended {
        queries::statistic(name)?;
    }
    let key = key(call.text("Namespace"), call.text("MetricName"), &dimensions);
    let query = MetricQuery { start, end, period: queries::read_period(period), unit: call.optional_text("Unit") };
    let (values, unit) = call.world.gateway.telemetry.metrics().read(&key, query);
    let points = values.iter().map(|(at, stat)| {
        let mut point = Map::new();
        point.insert("Timestamp".to_owned(), (*at).into());
        let value = |name: &str| queries::statistic(name).ok().and_then(|statistic| stat.of(statistic));
        for name in &plain {
            point.insert(name.clone(), json!(value(name)));
        }
        let percentiles: Map<_, _> =
            extended.iter().filter_map(|name| Some((name.clone(), json!(value(name)?)))).collect();
        if !percentiles.is_empty() {
            point.insert("ExtendedStatistics".to_owned(), Value::Object(percentiles));
        }
        point.insert("Unit".to_owned(), json!(unit));
        Value::Object(point)
    });
    Output::of(json!({ "Label": key.name, "Datapoints": points.collect::<Vec<_>>() }))
}

fn times(call: &Call<'_>) -> (i64, i64) {
    (call.integer("StartTime").unwrap_or_default(), call.integer("EndTime").unwrap_or_default())
}

fn get_data(call: &Call<'_>) -> Outcome {
    let (start, end) = times(call);
    if start >= end {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let asked: Vec<Value> = list(call, "MetricDataQueries")?;
    let parsed = queries::parse(&asked)?;
    let results = queries::run(call.world.gateway.telemetry.metrics(), &parsed, start, end)?;
    let ascending = call.optional_text("ScanBy") == Some("TimestampAscending");
    let limit = call.integer("MaxDatapoints").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_DATAPOINTS);
    // A token is how many values have been told of each query.
    let told = match call.optional_text("NextToken") {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .map_err(|_| super::super::call::ApiError::new("InvalidNextToken", "The next token is invalid."))?,
    };
    let returned: Vec<_> = parsed.iter().filter(|query| query.returned).collect();
    let each = (limit / returned.len().max(1)).max(1);
    let mut more = false;
    let mut out = Vec::with_capacity(returned.len());
    for query in returned {
        let mut points: Vec<(i64, f64)> = match results.get(&query.id) {
            Some(Series::Values(values)) => values.iter().map(|(at, value)| (*at, *value)).collect(),
            // One number stands for the whole time.
            Some(Series::Number(number)) => vec![(start, *number)],
            None => Vec::new(),
        };
        if !ascending {
            points.reverse();
        }
        let rest = points.get(told..).unwrap_or_default();
        let partial = rest.len() > each;
        more |= partial;
        let rest = &rest[..rest.len().min(each)];
        out.push(json!({
            "Id": query.id,
            "Label": query.label,
            "Timestamps": rest.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
            "Values": rest.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
            "StatusCode": if partial { "PartialData" } else { "Complete" },
        }));
    }
    let next = more.then(|| (told + each).to_string());
    Output::of(json!({ "MetricDataResults": out, "Messages": [], "NextToken": next }))
}
