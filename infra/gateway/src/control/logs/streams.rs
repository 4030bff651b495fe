//! Log streams: create, describe, delete.

use serde_json::{Value, json};

use super::super::call::{Call, Entry, Outcome, Output, op};
use super::{group_name, invalid, logs, page, refused};
use crate::telemetry::Stream;

pub(super) const OPERATIONS: &[Entry] =
    &[op("CreateLogStream", create), op("DescribeLogStreams", describe), op("DeleteLogStream", delete)];

/// What every stream has, in the form of AWS's: nobody needs one any more.
pub(super) const SEQUENCE_TOKEN: &str = "49039859631764480000000000000000000000000000000000000000";

fn create(call: &Call<'_>) -> Outcome {
    let created = logs(call).create_stream(call.text("logGroupName"), call.text("logStreamName"));
    created.map_err(|error| refused(error, "log stream"))?;
    Ok(Output::empty())
}

fn delete(call: &Call<'_>) -> Outcome {
    let deleted = logs(call).delete_stream(call.text("logGroupName"), call.text("logStreamName"));
    deleted.map_err(|error| refused(error, ""))?;
    Ok(Output::empty())
}

fn described(call: &Call<'_>, group: &str, name: &str, stream: &Stream) -> Value {
    let times = || stream.events().iter().map(|event| event.time);
    json!({
        "logStreamName": name,
        "creationTime": stream.created,
        "firstEventTimestamp": times().next(),
        "lastEventTimestamp": times().next_back(),
        "lastIngestionTime": stream.last_ingested,
        "uploadSequenceToken": SEQUENCE_TOKEN,
        "arn": call.world.arn("logs", &format!("log-group:{group}:log-stream:{name}")),
        "storedBytes": 0,
    })
}

fn describe(call: &Call<'_>) -> Outcome {
    let group = group_name(call)?;
    let prefix = call.optional_text("logStreamNamePrefix");
    let by_time = call.optional_text("orderBy") == Some("LastEventTime");
    if by_time && prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let read = logs(call).group(&group, |held| {
        let wanted = held.streams.iter().filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix)));
        let mut items: Vec<_> = wanted.collect();
        if by_time {
            // A stream without events counts from when it was made.
            items.sort_by_key(|(_, stream)| stream.events().back().map_or(stream.created, |event| event.time));
        }
        if call.boolean("descending") == Some(true) {
            items.reverse();
        }
        items
            .into_iter()
            .map(|(name, stream)| (name.clone(), described(call, &group, name, stream)))
            .collect::<Vec<_>>()
    });
    let (streams, next) = page(call, read.map_err(|error| refused(error, ""))?, 50)?;
    Output::of(json!({ "logStreams": streams, "nextToken": next }))
}
