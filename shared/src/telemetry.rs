//! Logs, to stderr, which Lambda collects.
//!
//! `AWS_LAMBDA_LOG_FORMAT=JSON` (what Lambda sets for a function with JSON logging) gives one JSON object a line; else
//! they are plain text. `RUST_LOG`, or else `AWS_LAMBDA_LOG_LEVEL`, sets the level; it is `info` by default. Every line
//! of an invocation carries its `requestId`, from the runtime's span. Bodies, tokens and keys are never logged.

use std::str::FromStr;

use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt};

/// Sets the process's logging up, once.
pub fn init(lookup: &dyn Fn(&str) -> Option<String>) {
    let subscriber = registry().with(filter(lookup));
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let done = if is_json(lookup) {
        // With `timestamp` and `level`: Lambda's own filter of JSON logs looks for both.
        subscriber.with(layer.json().flatten_event(true).with_span_list(false)).try_init()
    } else {
        // Lambda puts a time stamp before each line of text.
        subscriber.with(layer.without_time().with_target(false)).try_init()
    };
    // It fails only where a test has set its own up before.
    drop(done);
}

fn is_json(lookup: &dyn Fn(&str) -> Option<String>) -> bool {
    lookup("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"))
}

fn filter(lookup: &dyn Fn(&str) -> Option<String>) -> Targets {
    let wanted = lookup("RUST_LOG").or_else(|| lookup("AWS_LAMBDA_LOG_LEVEL")).unwrap_or_default();
    Targets::from_str(&wanted.to_lowercase())
        .ok()
        .filter(|_| !wanted.is_empty())
        .unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_level_is_info_unless_it_is_set_well() {
        let filter_of = |rust_log: Option<&str>, lambda: Option<&str>| {
            filter(&|name: &str| match name {
                "RUST_LOG" => rust_log.map(str::to_owned),
                "AWS_LAMBDA_LOG_LEVEL" => lambda.map(str::to_owned),
                _ => None,
            })
        };
        for (filter, debug, info) in [
            (filter_of(None, None), false, true),
            (filter_of(None, Some("DEBUG")), true, true),
            (filter_of(Some("warn"), Some("DEBUG")), false, false),
            (filter_of(Some("x=loud"), None), false, true),
        ] {
            assert_eq!(filter.would_enable("x", &Level::DEBUG), debug);
            assert_eq!(filter.would_enable("x", &Level::INFO), info);
        }
    }
}
