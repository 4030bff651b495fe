//! The queries of `GetMetricData` and of alarms on expressions: each is a metric's statistic or an expression of others.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;

use super::super::call::ApiError;
use super::math::{Expression, Series};
use super::{invalid, key};
use crate::clock::EpochMillis;
use crate::model::MetricDimension;
use crate::telemetry::{MetricKey, MetricQuery, Metrics, Statistic};

/// Queries of one request.
const MAX_QUERIES: usize = 500;

/// A query.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) returned: bool,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Metric { key: MetricKey, period: i64, statistic: Statistic, unit: Option<String> },
    Expression(Expression),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    id: String,
    metric_stat: Option<RawStat>,
    expression: Option<String>,
    label: Option<String>,
    return_data: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawStat {
    metric: RawMetric,
    period: i64,
    stat: String,
    unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawMetric {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<MetricDimension>,
}

/// Whether CloudWatch takes this period, in seconds.
pub(super) fn is_period(seconds: i64) -> bool {
    matches!(seconds, 1 | 5 | 10 | 20 | 30) || (seconds > 0 && seconds % 60 == 0)
}

/// The period in milliseconds that is read: values are kept by the minute.
pub(super) fn read_period(seconds: i64) -> i64 {
    seconds.max(60).saturating_mul(1_000)
}

/// The statistic of this name.
pub(super) fn statistic(name: &str) -> Result<Statistic, ApiError> {
    Statistic::parse(name).ok_or_else(|| {
        invalid(format!(
            "The value {name} for parameter Stat is not supported here: use SampleCount, Average, Sum, Minimum, Maximum or a \
             percentile like p99"
        ))
    })
}

/// Reads queries; those that expressions name must be among them.
pub(super) fn parse(queries: &[Value]) -> Result<Vec<Query>, ApiError> {
    if queries.is_empty() || queries.len() > MAX_QUERIES {
        return Err(invalid("The collection MetricDataQueries must have a size between 1 and 500."));
    }
    let mut parsed: Vec<Query> = Vec::with_capacity(queries.len());
    for (index, query) in queries.iter().enumerate() {
        let place = format!("MetricDataQueries.member.{}", index + 1);
        let raw: Raw = serde_json::from_value(query.clone()).map_err(|error| invalid(format!("{place}: {error}")))?;
        let mut characters = raw.id.chars();
        let is_id = characters.next().is_some_and(|c| c.is_ascii_lowercase())
            && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_id {
            return Err(invalid(format!(
                "The value {} for parameter {place}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                raw.id
            )));
        }
        if parsed.iter().any(|query| query.id == raw.id) {
            return Err(invalid("The values for parameter id in MetricDataQueries are not unique."));
        }
        let (source, label) = match (raw.metric_stat, raw.expression) {
            (Some(stat), None) => {
                if !is_period(stat.period) {
                    return Err(invalid(format!(
                        "The value {} for parameter {place}.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60.",
                        stat.period
                    )));
                }
                let name = stat.metric.metric_name.unwrap_or_default();
                let key = key(&stat.metric.namespace.unwrap_or_default(), &name, &stat.metric.dimensions);
                let statistic = statistic(&stat.stat)?;
                (Source::Metric { key, period: read_period(stat.period), statistic, unit: stat.unit }, name)
            }
            (None, Some(text)) => {
                let expression = Expression::parse(&text)
                    .map_err(|error| invalid(format!("Error in expression '{}': {error}", raw.id)))?;
                (Source::Expression(expression), raw.id.clone())
            }
            _ => {
                return Err(invalid(format!(
                    "The parameters {place}.Expression and {place}.MetricStat are mutually exclusive, and one of them must be \
                     given."
                )));
            }
        };
        let label = raw.label.unwrap_or(label);
        parsed.push(Query { id: raw.id, label, returned: raw.return_data.unwrap_or(true), source });
    }
    for query in &parsed {
        if let Source::Expression(expression) = &query.source
            && let Some(unknown) = expression.names().iter().find(|name| parsed.iter().all(|query| query.id != ***name))
        {
            return Err(invalid(format!("Error in expression '{}': Undefined metric id {unknown}", query.id)));
        }
    }
    Ok(parsed)
}

impl Query {
    /// Seconds of the period, if it is a metric's.
    pub(super) fn period(&self) -> Option<i64> {
        match &self.source {
            Source::Metric { period, .. } => Some(period / 1_000),
            Source::Expression(_) => None,
        }
    }
}

/// The values of one metric.
pub(super) fn values(
    metrics: &Metrics,
    key: &MetricKey,
    query: MetricQuery<'_>,
    statistic: Statistic,
) -> BTreeMap<EpochMillis, f64> {
    let (values, _) = metrics.read(key, query);
    values.iter().filter_map(|(at, stat)| Some((*at, stat.of(statistic)?))).collect()
}

/// The values of all queries, by id.
///
/// # Errors
/// An expression that needs itself, or that has no values over time.
pub(super) fn run(
    metrics: &Metrics,
    queries: &[Query],
    start: EpochMillis,
    end: EpochMillis,
) -> Result<HashMap<String, Series>, ApiError> {
    let mut results: HashMap<String, Series> = HashMap::new();
    for query in queries {
        if let Source::Metric { key, period, statistic, unit } = &query.source {
            let asked = MetricQuery { start, end, period: *period, unit: unit.as_deref() };
            results.insert(query.id.clone(), Series::Values(values(metrics, key, asked, *statistic)));
        }
    }
    let all: Vec<String> = results.keys().cloned().collect();
    // As often as there are queries: each time those are done whose parts are.
    for _ in 0..queries.len() {
        for query in queries {
            if let Source::Expression(expression) = &query.source
                && !results.contains_key(&query.id)
                && expression.names().iter().all(|name| results.contains_key(*name))
            {
                let result = expression.evaluate(&results, &all);
                let result = result.map_err(|error| invalid(format!("Error in expression '{}': {error}", query.id)))?;
                results.insert(query.id.clone(), result);
            }
        }
        if results.len() == queries.len() {
            return Ok(results);
        }
    }
    Err(invalid("Circular references between expressions."))
}
