//! Lambda's event source mappings.

use serde::{Deserialize, Serialize};

/// An event source mapping (`AWS::Lambda::EventSourceMapping`): what is read, and which function gets it. Its JSON has
/// the names of Lambda's API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventSourceMapping {
    /// Its id.
    #[serde(rename = "UUID")]
    pub uuid: String,
    /// The stream that is read.
    pub event_source_arn: String,
    /// The function: a name or an ARN, with a qualifier or without.
    #[serde(rename = "FunctionArn")]
    pub function: String,
    /// Records in one call at most, 1 to 10,000.
    #[serde(default = "default_batch_size")]
    pub batch_size: u32,
    /// Where reading begins.
    pub starting_position: StartingPosition,
    /// Whether it is read at all.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// How long records are gathered for a call, 0 to 300 seconds.
    #[serde(default)]
    pub maximum_batching_window_in_seconds: u32,
    /// How often a failed batch is tried again, −1 (for ever) to 10,000.
    #[serde(default = "for_ever")]
    pub maximum_retry_attempts: i32,
    /// Older records are left out: −1 (none), or 60 to 604,800 seconds.
    #[serde(default = "for_ever")]
    pub maximum_record_age_in_seconds: i32,
    /// Whether a failed batch is tried again in halves.
    #[serde(default)]
    pub bisect_batch_on_function_error: bool,
    /// Batches of one shard at a time, 1 to 10.
    #[serde(default = "one")]
    pub parallelization_factor: u32,
    /// `ReportBatchItemFailures`, or nothing.
    #[serde(default)]
    pub function_response_types: Vec<String>,
    /// Which records go to the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_criteria: Option<FilterCriteria>,
    /// Who is told of batches that are given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_config: Option<DestinationConfig>,
}

/// The label of a stream whose table a template declares: it is not known before the table is made, and means the table's
/// present stream.
pub const UNKNOWN_STREAM_LABEL: &str = "1970-01-01T00:00:00.000";

/// `StartingPosition`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StartingPosition {
    /// With the oldest record that is kept.
    TrimHorizon,
    /// With the next record.
    Latest,
}

/// `FilterCriteria`: a record goes to the function if one of the filters takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FilterCriteria {
    /// The filters.
    #[serde(default)]
    pub filters: Vec<Filter>,
}

/// One of `FilterCriteria.Filters`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Filter {
    /// The pattern, JSON as text.
    pub pattern: String,
}

/// `DestinationConfig`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DestinationConfig {
    /// Where batches that are given up are told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// `DestinationConfig.OnFailure`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OnFailure {
    /// The ARN of a queue, a topic or a bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
}

impl EventSourceMapping {
    /// A mapping with AWS's defaults for a DynamoDB stream.
    pub fn new(uuid: &str, event_source_arn: &str, function: &str, starting_position: StartingPosition) -> Self {
        EventSourceMapping {
            uuid: uuid.to_owned(),
            event_source_arn: event_source_arn.to_owned(),
            function: function.to_owned(),
            batch_size: default_batch_size(),
            starting_position,
            enabled: true,
            maximum_batching_window_in_seconds: 0,
            maximum_retry_attempts: for_ever(),
            maximum_record_age_in_seconds: for_ever(),
            bisect_batch_on_function_error: false,
            parallelization_factor: one(),
            function_response_types: Vec::new(),
            filter_criteria: None,
            destination_config: None,
        }
    }

    /// Whether the function reports which records of a batch have failed.
    pub fn reports_item_failures(&self) -> bool {
        self.function_response_types.iter().any(|kind| kind == "ReportBatchItemFailures")
    }
}

fn default_batch_size() -> u32 {
    100
}

fn for_ever() -> i32 {
    -1
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mapping_is_written_as_lambda_shows_it() {
        let request = json!({
            "UUID": "u", "EventSourceArn": "arn:s", "FunctionArn": "f", "StartingPosition": "TRIM_HORIZON",
            "FilterCriteria": { "Filters": [{ "Pattern": "{}" }] },
            "DestinationConfig": { "OnFailure": { "Destination": "arn:q" } },
        });
        let mapping: EventSourceMapping = serde_json::from_value(request).unwrap();
        let mut expected = EventSourceMapping::new("u", "arn:s", "f", StartingPosition::TrimHorizon);
        expected.filter_criteria = Some(FilterCriteria { filters: vec![Filter { pattern: "{}".to_owned() }] });
        let on_failure = Some(OnFailure { destination: Some("arn:q".to_owned()) });
        expected.destination_config = Some(DestinationConfig { on_failure });
        assert_eq!(mapping, expected);
        let written = serde_json::to_value(&mapping).unwrap();
        assert_eq!(written["MaximumRetryAttempts"], -1);
        assert_eq!(written["BisectBatchOnFunctionError"], false);
        assert_eq!(serde_json::from_value::<EventSourceMapping>(written).unwrap(), mapping);
    }
}
