//! Searching the streams of a group.

use serde_json::{Value, json};

use super::super::call::{Call, Entry, Outcome, Output, op};
use super::events::{MAX_ANSWER, MAX_EVENTS};
use super::pattern::Pattern;
use super::{group_name, invalid, logs, refused};
use crate::telemetry::{Event, LogsError, Position};

pub(super) const OPERATIONS: &[Entry] =
    &[op("FilterLogEvents", filter).partly("patterns in brackets, for fields between spaces, are refused")];

fn filter(call: &Call<'_>) -> Outcome {
    let group = group_name(call)?;
    let names: Option<Vec<_>> = call
        .member("logStreamNames")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect());
    let prefix = call.optional_text("logStreamNamePrefix");
    if names.is_some() && prefix.is_some() {
        return Err(invalid("logStreamNamePrefix and logStreamNames are mutually exclusive parameters."));
    }
    let after = match call.optional_text("nextToken") {
        Some(token) => Some(Position::parse(token).ok_or_else(|| invalid("The specified nextToken is invalid."))?),
        None => None,
    };
    let pattern = Pattern::parse(call.text("filterPattern")).map_err(invalid)?;
    let limit = call.integer("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_EVENTS);
    let start = Position::before(call.integer("startTime").unwrap_or_default());
    let start = after.map_or(start, |after| after.max(start));
    // The end is one of the times that are asked for.
    let end = call.integer("endTime").map(|end| Position::before(end.saturating_add(1)));
    let newest_first = call.boolean("startFromHead") == Some(false);
    let found = logs(call).group(&group, |group| {
        if let Some(names) = &names
            && names.iter().any(|name| !group.streams.contains_key(*name))
        {
            return Err(LogsError::NoStream);
        }
        let wanted = group.streams.iter().filter(|(name, _)| {
            names.as_ref().is_none_or(|names| names.contains(&name.as_str()))
                && prefix.is_none_or(|prefix| name.starts_with(prefix))
        });
        let mut events: Vec<(&String, &Event)> = Vec::new();
        for (name, stream) in wanted {
            let end = end.map_or(stream.events().len(), |end| stream.rank(end));
            let start = stream.rank(start).min(end);
            let range = stream.events().range(start..end);
            events.extend(range.filter(|event| pattern.matches(&event.message)).map(|event| (name, event)));
        }
        // Streams are interleaved, as AWS has done since 2019 whatever is asked for.
        events.sort_unstable_by_key(|(_, event)| event.position());
        if newest_first && after.is_none() {
            events.reverse();
        }
        let (mut bytes, mut told) = (0, Vec::new());
        let mut next = None;
        for (name, event) in events {
            bytes += event.bytes();
            if told.len() >= limit || bytes > MAX_ANSWER {
                next = Some(event.position().digits());
                break;
            }
            told.push(json!({
                "logStreamName": name,
                "timestamp": event.time,
                "message": &*event.message,
                "ingestionTime": event.ingested,
                "eventId": event.position().digits(),
            }));
        }
        Ok(json!({ "events": told, "searchedLogStreams": [], "nextToken": next.filter(|_| !newest_first) }))
    });
    Output::of(found.and_then(|found| found).map_err(|error| refused(error, ""))?)
}
