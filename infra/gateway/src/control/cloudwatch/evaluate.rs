//! What state an alarm is in, from the values of its last periods.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data>

use std::collections::BTreeMap;

use serde_json::json;

use super::actions::NewState;
use super::math::Series;
use super::{key, queries};
use crate::clock::{EpochMillis, iso8601};
use crate::model::MetricAlarm;
use crate::telemetry::{MetricQuery, Metrics};

/// Periods beyond those that are evaluated, in which values are looked for where some are missing.
const EXTRA_PERIODS: i64 = 2;

/// A value with the start of its period.
type Point = (EpochMillis, f64);

/// The state that an alarm belongs in at `now`; `None` leaves it in the one it is in.
pub(super) fn evaluate(alarm: &MetricAlarm, metrics: &Metrics, now: EpochMillis) -> Option<NewState> {
    let (values, period) = values(alarm, metrics, now);
    let wanted = usize::try_from(alarm.evaluation_periods).unwrap_or(usize::MAX);
    // The newest that there are.
    let points: Vec<Point> = values.into_iter().rev().take(wanted).collect();
    let value = decide(alarm, &points, wanted)?;
    let reason = reason(alarm, value, &points, wanted);
    let start = points.last().map_or(now - wanted as i64 * period, |(at, _)| *at);
    let data = json!({
        "version": "1.0",
        "queryDate": aws_time(now),
        "startDate": aws_time(start),
        "statistic": alarm.statistic.as_deref().or(alarm.extended_statistic.as_deref()),
        "period": period / 1_000,
        "recentDatapoints": points.iter().rev().map(|(_, value)| *value).collect::<Vec<_>>(),
        "threshold": alarm.threshold,
        "evaluatedDatapoints":
            points.iter().map(|(at, value)| json!({ "timestamp": aws_time(*at), "value": value })).collect::<Vec<_>>(),
    });
    Some(NewState { value: value.to_owned(), reason, data: Some(data.to_string()) })
}

/// The values of the periods that end by now, and the period in milliseconds.
fn values(alarm: &MetricAlarm, metrics: &Metrics, now: EpochMillis) -> (BTreeMap<EpochMillis, f64>, i64) {
    let range = |period: i64| now - (alarm.evaluation_periods + EXTRA_PERIODS) * period;
    if alarm.metrics.is_empty() {
        let period = queries::read_period(alarm.period.unwrap_or(60));
        let name = alarm.statistic.as_deref().or(alarm.extended_statistic.as_deref()).unwrap_or("Average");
        let key = key(
            alarm.namespace.as_deref().unwrap_or_default(),
            alarm.metric_name.as_deref().unwrap_or_default(),
            &alarm.dimensions,
        );
        // It was checked when the alarm was put.
        let Ok(statistic) = queries::statistic(name) else { return (BTreeMap::new(), period) };
        (of_windows(metrics, &key, range(period), now, period, alarm.unit.as_deref(), statistic), period)
    } else {
        let Ok(parsed) = queries::parse(&alarm.metrics) else { return (BTreeMap::new(), 60_000) };
        let period = parsed.iter().filter_map(queries::Query::period).max().unwrap_or(60) * 1_000;
        let result = queries::run(metrics, &parsed, range(period), now);
        let returned = parsed.iter().find(|query| query.returned).map(|query| query.id.clone());
        let series = result.ok().zip(returned).and_then(|(mut series, id)| series.remove(&id));
        match series {
            Some(Series::Values(values)) => (values, period),
            Some(Series::Number(number)) => (BTreeMap::from([(now - period, number)]), period),
            None => (BTreeMap::new(), period),
        }
    }
}

/// Values of periods that end now, rather than of those of the hour: an alarm's window slides.
fn of_windows(
    metrics: &Metrics,
    key: &crate::telemetry::MetricKey,
    start: EpochMillis,
    end: EpochMillis,
    period: i64,
    unit: Option<&str>,
    statistic: crate::telemetry::Statistic,
) -> BTreeMap<EpochMillis, f64> {
    let mut values = BTreeMap::new();
    let (minutes, _) = metrics.read(key, MetricQuery { start, end, period: 60_000, unit });
    let mut windows: BTreeMap<EpochMillis, crate::telemetry::Stat> = BTreeMap::new();
    for (at, stat) in minutes {
        let window = start + (at - start).div_euclid(period) * period;
        windows.entry(window).or_default().merge(&stat);
    }
    for (at, stat) in windows {
        if let Some(value) = stat.of(statistic) {
            values.insert(at, value);
        }
    }
    values
}

fn breaches(alarm: &MetricAlarm, value: f64) -> bool {
    let threshold = alarm.threshold.unwrap_or_default();
    match alarm.comparison_operator.as_str() {
        "GreaterThanOrEqualToThreshold" => value >= threshold,
        "GreaterThanThreshold" => value > threshold,
        "LessThanThreshold" => value < threshold,
        _ => value <= threshold,
    }
}

/// AWS's table of missing data: `points` are those that there are, `wanted` at most.
fn decide(alarm: &MetricAlarm, points: &[Point], wanted: usize) -> Option<&'static str> {
    let to_alarm = alarm.datapoints_to_alarm.and_then(|points| usize::try_from(points).ok()).unwrap_or(wanted);
    let breaching = points.iter().filter(|(_, value)| breaches(alarm, *value)).count();
    let lacking = wanted - points.len();
    let by_count = |breaching: usize| Some(if breaching >= to_alarm { "ALARM" } else { "OK" });
    if lacking == 0 {
        return by_count(breaching);
    }
    let any_sound = breaching < points.len();
    match alarm.treat_missing_data.as_deref() {
        Some("breaching") => by_count(breaching + lacking),
        Some("notBreaching") => by_count(breaching),
        _ if breaching >= to_alarm => Some("ALARM"),
        _ if any_sound => Some("OK"),
        // Nothing, or only what breaches.
        Some("ignore") => None,
        _ if points.is_empty() => Some("INSUFFICIENT_DATA"),
        _ => Some("ALARM"),
    }
}

fn reason(alarm: &MetricAlarm, value: &str, points: &[Point], wanted: usize) -> String {
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let lacking = wanted - points.len();
    if points.is_empty() {
        return match alarm.treat_missing_data.as_deref() {
            Some(treat @ ("breaching" | "notBreaching")) => format!(
                "Threshold Crossed: no datapoints were received for {} and {} {} treated as [{}].",
                plural(wanted, "period"),
                plural(lacking, "missing datapoint"),
                if lacking == 1 { "was" } else { "were" },
                if treat == "breaching" { "Breaching" } else { "NonBreaching" },
            ),
            _ => format!(
                "Insufficient Data: {} {} unknown.",
                plural(wanted, "datapoint"),
                if wanted == 1 { "was" } else { "were" }
            ),
        };
    }
    let in_alarm = value == "ALARM";
    let count = points.iter().filter(|(_, value)| breaches(alarm, *value) == in_alarm).count().max(1);
    let shown: Vec<_> = points.iter().take(5).map(|(at, value)| format!("{value:?} ({})", short_time(*at))).collect();
    let relation = match alarm.comparison_operator.as_str() {
        "GreaterThanOrEqualToThreshold" => "greater than or equal to",
        "GreaterThanThreshold" => "greater than",
        "LessThanThreshold" => "less than",
        _ => "less than or equal to",
    };
    let needed = alarm.datapoints_to_alarm.and_then(|points| usize::try_from(points).ok()).unwrap_or(wanted);
    let (needed, transition) = if in_alarm { (needed, "OK -> ALARM") } else { (wanted + 1 - needed, "ALARM -> OK") };
    format!(
        "Threshold Crossed: {count} out of the last {} [{}] {} {}{relation} the threshold ({:?}) (minimum {} for {transition} \
         transition).",
        plural(points.len(), "datapoint"),
        shown.join(", "),
        if count == 1 { "was" } else { "were" },
        if in_alarm { "" } else { "not " },
        alarm.threshold.unwrap_or_default(),
        plural(needed, "datapoint"),
    )
}

/// `2026-11-22T12:57:00.123+0000`
pub(super) fn aws_time(at: EpochMillis) -> String {
    iso8601(at).replace('Z', "+0000")
}

/// `22/11/26 12:57:00`
fn short_time(at: EpochMillis) -> String {
    let iso = iso8601(at);
    format!("{}/{}/{} {}", &iso[8..10], &iso[5..7], &iso[2..4], &iso[11..19])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `X` breaches, `0` does not, `-` is missing; the newest is last, as in AWS's tables.
    fn decided(points: &str, to_alarm: i64, treat: &str) -> Option<&'static str> {
        let alarm = MetricAlarm {
            comparison_operator: "GreaterThanThreshold".to_owned(),
            threshold: Some(0.0),
            evaluation_periods: 3,
            datapoints_to_alarm: Some(to_alarm),
            treat_missing_data: Some(treat.to_owned()),
            ..MetricAlarm::default()
        };
        let values = points.split(' ').enumerate().filter(|(_, point)| *point != "-");
        let mut points: Vec<_> =
            values.map(|(at, point)| (i64::try_from(at).unwrap(), f64::from(u8::from(point == "X")))).collect();
        points.reverse();
        points.truncate(3);
        decide(&alarm, &points, 3)
    }

    #[test]
    fn missing_data_is_treated_as_in_the_tables_of_aws() {
        let (alarm, ok, none) = (Some("ALARM"), Some("OK"), Some("INSUFFICIENT_DATA"));
        let orders = ["missing", "ignore", "breaching", "notBreaching"];
        for (points, to_alarm, expected) in [
            ("0 - X - X", 3, [ok, ok, ok, ok]),
            ("- - - - 0", 3, [ok, ok, ok, ok]),
            ("- - - - -", 3, [none, None, alarm, ok]),
            ("0 X X - X", 3, [alarm, alarm, alarm, alarm]),
            ("- - X - -", 3, [alarm, None, alarm, ok]),
            ("0 - X - X", 2, [alarm, alarm, alarm, alarm]),
            ("0 0 X 0 X", 2, [alarm, alarm, alarm, alarm]),
            ("0 - X - -", 2, [ok, ok, alarm, ok]),
            ("- - - - 0", 2, [ok, ok, alarm, ok]),
            ("- - - X -", 2, [alarm, None, alarm, ok]),
        ] {
            let decided = orders.map(|treat| decided(points, to_alarm, treat));
            assert_eq!(decided, expected, "{points}, {to_alarm} to alarm");
        }
    }
}
