//! What requests have left behind, for the planes' tests.

use super::{Group, MetricKey, MetricQuery, Statistic, Stream};
use crate::gateway::Gateway;

/// The log group that [`lines`] reads.
pub(crate) const DESTINATION: &str = "arn:aws:logs:us-east-1:000000000000:log-group:access";

/// The lines of the access log.
pub(crate) fn lines(gateway: &Gateway) -> Vec<String> {
    lines_of(gateway, "access")
}

/// The lines of a log group.
pub(crate) fn lines_of(gateway: &Gateway, group: &str) -> Vec<String> {
    let read = |group: &Group| {
        let events = group.streams.values().flat_map(Stream::events);
        events.map(|event| event.message.to_string()).collect()
    };
    gateway.telemetry.logs().group(group, read).unwrap_or_default()
}

/// The sum of one of API Gateway's metrics; `None` where it has no values.
pub(crate) fn sum(gateway: &Gateway, name: &str, dimensions: &[(&str, &str)]) -> Option<f64> {
    let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let key = MetricKey { namespace: "AWS/ApiGateway".to_owned(), name: name.to_owned(), dimensions };
    let now = gateway.clock.now();
    let query = MetricQuery { start: now - 600_000, end: now + 60_000, period: 60_000, unit: None };
    let (values, _) = gateway.telemetry.metrics().read(&key, query);
    values.iter().map(|(_, stat)| stat.of(Statistic::Sum).unwrap()).reduce(|a, b| a + b)
}
