//! Putting events into a stream, and reading one stream.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::call::{ApiError, Call, Entry, Outcome, Output, op};
use super::streams::SEQUENCE_TOKEN;
use super::{group_name, invalid, logs, refused};
use crate::clock::EpochMillis;
use crate::telemetry::{Event, LogsError, Position, Stream};

pub(super) const OPERATIONS: &[Entry] = &[op("PutLogEvents", put), op("GetLogEvents", get)];

/// Bytes of a batch, with 26 for each event.
const MAX_BATCH: usize = 1_048_576;
const EVENT_OVERHEAD: usize = 26;
/// Bytes that one answer has at most, counted in the same way.
pub(super) const MAX_ANSWER: usize = 1_048_576;
/// Events that one answer has at most, and unless told otherwise.
pub(super) const MAX_EVENTS: usize = 10_000;
const HOUR: i64 = 60 * 60 * 1_000;

#[derive(Deserialize)]
struct InputEvent {
    timestamp: EpochMillis,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutInput {
    log_group_name: String,
    log_stream_name: String,
    log_events: Vec<InputEvent>,
}

fn put(call: &Call<'_>) -> Outcome {
    let input: PutInput = call.parse()?;
    let events = input.log_events;
    let group = logs(call).group(&input.log_group_name, |group| {
        let stream = group.streams.contains_key(&input.log_stream_name);
        stream.then(|| group.cutoff(call.now())).ok_or(LogsError::NoStream)
    });
    let retained = group.and_then(|found| found).map_err(|error| refused(error, ""))?;
    check(&events)?;
    let now = call.now();
    // In order, so that each of the three is the beginning or the end of the batch.
    let expired = events.partition_point(|event| event.timestamp < retained);
    let old = events.partition_point(|event| event.timestamp < now - 14 * 24 * HOUR);
    let new = events.partition_point(|event| event.timestamp <= now + 2 * HOUR);
    let taken = events.get(expired.max(old)..new).unwrap_or_default();
    let put = taken.iter().map(|event| (event.timestamp, event.message.as_str()));
    logs(call).put(&input.log_group_name, &input.log_stream_name, put).map_err(|error| refused(error, ""))?;
    let mut rejected = serde_json::Map::new();
    if new < events.len() {
        rejected.insert("tooNewLogEventStartIndex".to_owned(), new.into());
    }
    if old > 0 {
        rejected.insert("tooOldLogEventEndIndex".to_owned(), old.into());
    }
    if expired > old {
        rejected.insert("expiredLogEventEndIndex".to_owned(), expired.into());
    }
    let rejected = if rejected.is_empty() { Value::Null } else { Value::Object(rejected) };
    Output::of(json!({ "nextSequenceToken": SEQUENCE_TOKEN, "rejectedLogEventsInfo": rejected }))
}

fn check(events: &[InputEvent]) -> Result<(), ApiError> {
    let bytes: usize = events.iter().map(|event| event.message.len() + EVENT_OVERHEAD).sum();
    if bytes > MAX_BATCH {
        return Err(invalid(format!("Upload too large: {bytes} bytes exceeds limit of {MAX_BATCH}")));
    }
    if events.is_sorted_by_key(|event| event.timestamp) {
        let span = events.last().zip(events.first()).map_or(0, |(last, first)| last.timestamp - first.timestamp);
        if span > 24 * HOUR {
            let message = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
            return Err(invalid(message));
        }
        return Ok(());
    }
    Err(invalid("Log events in a single PutLogEvents request must be in chronological order."))
}

/// Where reading goes on, and in which direction.
enum Token {
    Forward(Position),
    Backward(Position),
}

impl Token {
    fn parse(text: &str) -> Option<Token> {
        let (direction, digits) = text.split_once('/')?;
        let position = Position::parse(digits.strip_suffix("/s").unwrap_or(digits))?;
        match direction {
            "f" => Some(Token::Forward(position)),
            "b" => Some(Token::Backward(position)),
            _ => None,
        }
    }
}

fn get(call: &Call<'_>) -> Outcome {
    let group = group_name(call)?;
    let token = match call.optional_text("nextToken") {
        Some(text) => Some(Token::parse(text).ok_or_else(|| invalid("The specified nextToken is invalid."))?),
        None => None,
    };
    let answer = logs(call).group(&group, |group| {
        let stream = group.streams.get(call.text("logStreamName")).ok_or(LogsError::NoStream)?;
        Ok(read(call, stream, token.as_ref()))
    });
    Output::of(answer.and_then(|found| found).map_err(|error| refused(error, ""))?)
}

/// One page of a stream. The token forward stands before what comes next, the token backward before what is told first.
fn read(call: &Call<'_>, stream: &Stream, token: Option<&Token>) -> Value {
    let limit = call.integer("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_EVENTS);
    let from = call.integer("startTime").map_or(0, |start| stream.rank(Position::before(start)));
    let to = call.integer("endTime").map_or(stream.events().len(), |end| stream.rank(Position::before(end))).max(from);
    let forward = match token {
        Some(token) => matches!(token, Token::Forward(_)),
        None => call.boolean("startFromHead") == Some(true),
    };
    let place = |position: &Position| stream.rank(*position).clamp(from, to);
    let (mut start, mut end) = match token {
        Some(Token::Forward(position)) => (place(position), to),
        Some(Token::Backward(position)) => (from, place(position)),
        None => (from, to),
    };
    let event_at = |at: usize| stream.events().get(at);
    let (mut bytes, mut count) = (0, 0);
    let range = start..end;
    let mut fits = |event: &Event| {
        bytes += event.bytes();
        count += 1;
        count <= limit && bytes <= MAX_ANSWER
    };
    if forward {
        end = start + stream.events().range(range).take_while(|event| fits(event)).count();
    } else {
        start = end - stream.events().range(range).rev().take_while(|event| fits(event)).count();
    }
    let behind = |at: usize| {
        let last = at.checked_sub(1).and_then(event_at);
        last.map(|event| Position { time: event.time, sequence: event.sequence + 1 })
    };
    let origin = Position::before(call.integer("startTime").unwrap_or_default());
    let (next, previous) = match token {
        // At an end the token stays as it is: that is how clients know.
        Some(Token::Forward(position) | Token::Backward(position)) if start == end => (*position, *position),
        _ => (
            behind(end).unwrap_or(origin),
            event_at(start).map_or_else(|| behind(end).unwrap_or(origin), Event::position),
        ),
    };
    let events = stream
        .events()
        .range(start..end)
        .map(|event| json!({ "timestamp": event.time, "message": &*event.message, "ingestionTime": event.ingested }));
    json!({
        "events": events.collect::<Vec<_>>(),
        "nextForwardToken": format!("f/{}/s", next.digits()),
        "nextBackwardToken": format!("b/{}/s", previous.digits()),
    })
}
