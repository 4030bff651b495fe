//! `AWS::Lambda::EventSourceMapping`, and SAM's `DynamoDB` events, which become one.

use std::ops::RangeInclusive;

use crate::lambda::FilterPattern;
use crate::model::{DestinationConfig, EventSourceMapping, Filter, FilterCriteria, OnFailure, StartingPosition};

use super::super::loader::Loader;
use super::super::names;
use super::super::properties::Properties;
use super::super::sections::Resource;

/// Sources other than a stream, and what only they have.
const OTHER_SOURCES: &[&str] = &[
    "AmazonManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
    "Queues",
    "ScalingConfig",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "SourceAccessConfigurations",
    "Topics",
];

/// Loads a mapping.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["Tags"]);
    let function = properties.required_string("FunctionName");
    if OTHER_SOURCES.iter().any(|source| properties.has(source)) || !properties.has("EventSourceArn") {
        properties.whole_unsupported(NOT_POLLED);
        return;
    }
    let uuid = names::mapping_uuid(loader.resolver.options, &resource.logical_id);
    insert(loader, &properties, "EventSourceArn", uuid, function);
}

const NOT_POLLED: &str = "only DynamoDB streams are polled: the function is not invoked by this one";

/// Reads what both have in common, with the stream at `source`, and adds the mapping if its function is run here.
pub(in super::super) fn insert(
    loader: &mut Loader<'_>,
    properties: &Properties<'_>,
    source: &str,
    uuid: String,
    function: Option<String>,
) {
    properties.require(source);
    let arn = properties.string(source);
    if arn.as_deref().is_some_and(|arn| arn.split(':').nth(2) != Some("dynamodb")) {
        properties.whole_unsupported(NOT_POLLED);
        return;
    }
    if arn.as_deref().is_some_and(|arn| !arn.contains("/stream/")) {
        properties.error(source, "must be the ARN of a stream: the table's StreamArn, not its Arn");
    }
    // Encryption of what nobody else sees, metrics that are not kept.
    properties.harmless(&["KmsKeyArn", "LoggingConfig", "MetricsConfig", "ProvisionedPollerConfig"]);
    properties
        .unsupported("TumblingWindowInSeconds", "there are no tumbling windows: each call has its own records only");
    properties.unsupported("StartingPositionTimestamp", "a DynamoDB stream has no place by time");
    properties.require("StartingPosition");
    let start = properties.one_of("StartingPosition", &["LATEST", "TRIM_HORIZON"]);
    let (Some(arn), Some(start), Some(function)) = (arn, start, function) else {
        properties.rest_is_harmless();
        return;
    };
    let start = if start == "LATEST" { StartingPosition::Latest } else { StartingPosition::TrimHorizon };
    let mut mapping = EventSourceMapping::new(&uuid, &arn, &function, start);
    settings(properties, &mut mapping);
    if !loader.model.functions.contains_key(function_name(&function)) {
        let reason = format!("the function {function} is not run here: no records are read for it");
        properties.report().unsupported(properties.owner(), None, properties.at(), reason);
        return;
    }
    loader.model.event_source_mappings.insert(uuid, mapping);
}

fn settings(properties: &Properties<'_>, mapping: &mut EventSourceMapping) {
    if let Some(size) = properties.integer("BatchSize", 1..=10_000) {
        mapping.batch_size = size;
    }
    if let Some(enabled) = properties.boolean("Enabled") {
        mapping.enabled = enabled;
    }
    if let Some(seconds) = properties.integer("MaximumBatchingWindowInSeconds", 0..=300) {
        mapping.maximum_batching_window_in_seconds = seconds;
    }
    if let Some(attempts) = or_for_ever(properties, "MaximumRetryAttempts", 0..=10_000) {
        mapping.maximum_retry_attempts = attempts;
    }
    if let Some(seconds) = or_for_ever(properties, "MaximumRecordAgeInSeconds", 60..=604_800) {
        mapping.maximum_record_age_in_seconds = seconds;
    }
    if let Some(bisect) = properties.boolean("BisectBatchOnFunctionError") {
        mapping.bisect_batch_on_function_error = bisect;
    }
    if let Some(factor) = properties.integer("ParallelizationFactor", 1..=10) {
        mapping.parallelization_factor = factor;
    }
    mapping.function_response_types = properties.strings("FunctionResponseTypes");
    for kind in mapping.function_response_types.iter().filter(|kind| *kind != "ReportBatchItemFailures") {
        properties.error("FunctionResponseTypes", format!("has ReportBatchItemFailures or nothing, not '{kind}'"));
    }
    mapping.filter_criteria = properties.object("FilterCriteria").map(|criteria| {
        let filters = criteria.objects("Filters");
        let patterns = filters.iter().filter_map(|filter| {
            let pattern = filter.required_string("Pattern")?;
            if let Err(error) = FilterPattern::parse(&pattern) {
                filter.error("Pattern", format!("is no filter pattern: {error}"));
            }
            Some(Filter { pattern })
        });
        FilterCriteria { filters: patterns.collect() }
    });
    mapping.destination_config = properties.object("DestinationConfig").map(|config| {
        let on_failure = config.object("OnFailure").map(|on_failure| {
            // SAM's `Type` says what the ARN says too.
            on_failure.harmless(&["Type"]);
            let reason = "it is not told of batches that are given up: they are in the log";
            config.report().unsupported(config.owner(), Some(&config.path("OnFailure")), on_failure.at(), reason);
            OnFailure { destination: on_failure.string("Destination") }
        });
        DestinationConfig { on_failure }
    });
}

/// A whole number within AWS's limits, or −1.
fn or_for_ever(properties: &Properties<'_>, key: &str, range: RangeInclusive<i32>) -> Option<i32> {
    let text = properties.string(key)?;
    match text.parse::<i32>() {
        Ok(number) if number == -1 || range.contains(&number) => Some(number),
        _ => {
            let (least, most) = (range.start(), range.end());
            properties.error(key, format!("must be -1 or a whole number from {least} to {most}, not '{text}'"));
            None
        }
    }
}

/// The name in a function's name or ARN, whole or partial, with a qualifier or without.
fn function_name(function: &str) -> &str {
    let rest = function.split_once("function:").map_or(function, |(_, rest)| rest);
    rest.split(':').next().unwrap_or(rest)
}
