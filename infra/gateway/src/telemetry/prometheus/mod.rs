//! What is counted, in the text format of Prometheus (0.0.4), for `GET /_ferrogate/metrics`.
//!
//! The numbers are those of CloudWatch's metrics, since the process began. What has dimensions of its own on request
//! (methods and routes with detailed metrics) is a family of its own, so that sums over a family count nothing twice.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

mod text;

pub(crate) use self::text::Exposition;
use self::text::Kind;
use super::metrics::{MetricDimensions, Totals};
use super::{Observed, Telemetry};

/// Meters that are shown; there may be thousands in each of many accounts and regions.
const MAX_METERS: usize = 5_000;

/// CloudWatch's name of a metric, what it is called here, and what it is.
const OF_APIS: &[(&[&str], &str, &str)] = &[
    (&["Count"], "requests_total", "Requests. CloudWatch: Count."),
    (
        &["4XXError", "4xx", "ClientError"],
        "client_errors_total",
        "Answers of 400 to 499. CloudWatch: 4XXError, 4xx, ClientError.",
    ),
    (&["5XXError", "5xx"], "server_errors_total", "Answers of 500 to 599. CloudWatch: 5XXError, 5xx."),
    (&["Latency"], "latency_seconds", "From a request to its answer. CloudWatch: Latency."),
    (
        &["IntegrationLatency"],
        "integration_latency_seconds",
        "What of it the integration took. CloudWatch: IntegrationLatency.",
    ),
    (&["CacheHitCount"], "cache_hits_total", "Requests answered by the stage's cache. CloudWatch: CacheHitCount."),
    (
        &["CacheMissCount"],
        "cache_misses_total",
        "Requests that the stage's cache had no answer for. CloudWatch: CacheMissCount.",
    ),
    (&["ConnectCount"], "connects_total", "Connects to a WebSocket API. CloudWatch: ConnectCount."),
    (&["MessageCount"], "messages_total", "Messages of a WebSocket API. CloudWatch: MessageCount."),
    (&["ExecutionError"], "execution_errors_total", "Errors of the gateway's own. CloudWatch: ExecutionError."),
    (
        &["IntegrationError"],
        "integration_errors_total",
        "Errors of a WebSocket API's integrations. CloudWatch: IntegrationError.",
    ),
];

const OF_FUNCTIONS: &[(&[&str], &str, &str)] = &[
    (&["Invocations"], "invocations_total", "Calls of a function. CloudWatch: Invocations."),
    (&["Errors"], "errors_total", "Calls that ended in an error. CloudWatch: Errors."),
    (&["Throttles"], "throttles_total", "Calls that were refused. CloudWatch: Throttles."),
    (
        &["Duration"],
        "duration_seconds",
        "How long calls took, waiting for the function included. CloudWatch: Duration.",
    ),
];

impl Telemetry {
    /// Adds what is counted in all accounts and regions.
    pub(crate) fn expose(&self, exposition: &mut Exposition) {
        let mut left = MAX_METERS;
        let mut omitted = 0;
        for observed in self.worlds() {
            for totals in observed.metrics.totals() {
                match left {
                    0 => omitted += 1,
                    _ => {
                        left -= 1;
                        meter(&observed, &totals, exposition);
                    }
                }
            }
            running(&observed, exposition);
        }
        let help = "Meters that are not shown, since there are too many.";
        exposition.gauge("ferrogate_metrics_omitted", help, &[], f64::from(omitted));
    }
}

fn running(observed: &Observed, exposition: &mut Exposition) {
    let running = observed.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    let mut running: Vec<_> = running.into_iter().collect();
    running.sort();
    for (function, count) in running {
        let labels = [("account", &*observed.account), ("region", &*observed.region), ("function", &*function)];
        let help = "Calls of a function that are under way.";
        exposition.gauge("ferrogate_function_running", help, &labels, f64::from(count));
    }
}

fn meter(observed: &Observed, totals: &Totals, exposition: &mut Exposition) {
    let detailed = totals.dimensions.iter().any(|(name, _)| name == "Method" || name == "Route");
    let (prefix, families) = match totals.namespace {
        "AWS/Lambda" => ("ferrogate_function", OF_FUNCTIONS),
        _ if detailed => ("ferrogate_api_method", OF_APIS),
        _ => ("ferrogate_api", OF_APIS),
    };
    let mut labels = vec![("account", &*observed.account), ("region", &*observed.region)];
    labels.extend(own_labels(totals.namespace, &totals.dimensions));
    for (metric, _, total) in &totals.metrics {
        let Some((_, name, help)) = families.iter().find(|(names, _, _)| names.contains(metric)) else { continue };
        let name = format!("{prefix}_{name}");
        match &total.buckets {
            Some(buckets) => exposition.histogram(&name, help, &labels, total, buckets),
            None => exposition.add(&name, Kind::Counter, help, &labels, total.sum),
        }
    }
}

fn own_labels<'d>(namespace: &str, dimensions: &'d MetricDimensions) -> impl Iterator<Item = (&'static str, &'d str)> {
    let function = namespace == "AWS/Lambda";
    dimensions.iter().filter_map(move |(name, value)| {
        let label = match name.as_str() {
            "ApiName" | "ApiId" => "api",
            "Stage" => "stage",
            "Method" => "method",
            "Route" => "route",
            "FunctionName" => "function",
            // Of a function it is its name once more.
            "Resource" if !function => "resource",
            _ => return None,
        };
        Some((label, value.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::exchange::Kind as ApiKind;
    use super::text::parsing::{Sample, parse};
    use super::*;
    use crate::clock::Clock;

    fn exposed(telemetry: &Telemetry) -> Vec<Sample> {
        let mut exposition = Exposition::default();
        telemetry.expose(&mut exposition);
        parse(&exposition.text())
    }

    fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |sample: &&Sample| {
            sample.name == name
                && labels.iter().all(|(name, value)| sample.labels.get(*name).is_some_and(|held| held == value))
        };
        let found: Vec<_> = samples.iter().filter(fits).collect();
        assert_eq!(found.len(), 1, "{name} {labels:?}: {found:?}");
        found[0].value
    }

    #[test]
    fn requests_are_shown_by_api_and_stage_and_in_detail_by_method() {
        let clock = Clock::default();
        let telemetry = Telemetry::in_memory(&clock);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let api = pair("ApiName", "Users \"and\\more\"\n");
        let stage = vec![api.clone(), pair("Stage", "prod")];
        let method = vec![api.clone(), pair("Method", "GET"), pair("Resource", "/u/{id}"), pair("Stage", "prod")];
        let metrics = telemetry.metrics();
        for dimensions in [vec![vec![api], stage], vec![method]] {
            let meter = metrics.meter(ApiKind::Rest.metrics(), dimensions);
            for (status, latency) in [(0.0, 3.0), (1.0, 40.0), (0.0, 90_000.0)] {
                metrics.record(&meter, clock.now(), &[(0, 1.0), (1, status), (2, 0.0), (3, latency)]);
            }
        }
        let samples = exposed(&telemetry);
        let of = [("api", "Users \"and\\more\"\n"), ("stage", "prod"), ("account", "000000000000")];
        assert_eq!(value(&samples, "ferrogate_api_requests_total", &of), 3.0);
        assert_eq!(value(&samples, "ferrogate_api_client_errors_total", &of), 1.0);
        assert_eq!(value(&samples, "ferrogate_api_server_errors_total", &of), 0.0);
        let bucket = |le| value(&samples, "ferrogate_api_latency_seconds_bucket", &[("stage", "prod"), ("le", le)]);
        assert_eq!(["0.0025", "0.005", "0.05", "29", "+Inf"].map(bucket), [0.0, 1.0, 2.0, 2.0, 3.0]);
        assert_eq!(value(&samples, "ferrogate_api_latency_seconds_count", &of), 3.0);
        assert!((value(&samples, "ferrogate_api_latency_seconds_sum", &of) - 90.043).abs() < 1e-9);
        let detailed = [("method", "GET"), ("resource", "/u/{id}")];
        assert_eq!(value(&samples, "ferrogate_api_method_requests_total", &detailed), 3.0);
        // They only grow, whoever reads CloudWatch's metrics or empties them.
        metrics.keys();
        telemetry.clear();
        assert_eq!(value(&exposed(&telemetry), "ferrogate_api_requests_total", &of), 3.0);
    }

    #[test]
    fn every_metric_of_every_kind_of_api_has_a_name() {
        for kind in [ApiKind::Rest, ApiKind::Http, ApiKind::WebSocket] {
            for (metric, _) in kind.metrics() {
                assert!(OF_APIS.iter().any(|(names, _, _)| names.contains(metric)), "{metric}");
            }
        }
    }

    #[test]
    fn there_are_no_more_than_can_be_read() {
        let clock = Clock::default();
        let telemetry = Telemetry::in_memory(&clock);
        for world in ["111111111111", "222222222222", "333333333333"] {
            let metrics = telemetry.within(world, "us-east-1");
            for number in 0..2_000 {
                let dimensions = vec![vec![("ApiId".to_owned(), number.to_string())]];
                let meter = metrics.metrics().meter(&[("Count", "Count")], dimensions);
                metrics.metrics().record(&meter, clock.now(), &[(0, 1.0)]);
            }
        }
        let samples = exposed(&telemetry);
        assert_eq!(value(&samples, "ferrogate_metrics_omitted", &[]), 1_000.0);
        assert_eq!(samples.iter().filter(|sample| sample.name == "ferrogate_api_requests_total").count(), MAX_METERS);
    }
}
