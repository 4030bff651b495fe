//! DynamoDB Streams: what the database has recorded, as AWS's API and Lambda's events show it.
//!
//! A stream has one shard, which is open as long as the stream is. A stream that has ended (switched off, or its table
//! deleted) is readable for a day. Ids and numbers have AWS's shapes: SDKs check them.

mod iterator;
mod read;
pub(crate) mod sequence;

use dynoxide::DynoxideError;
use dynoxide::storage::Storage;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use self::iterator::ShardIterator;
use super::engine::Engine;
use super::protocol::Refusal;
pub(super) use read::read;
pub(crate) use read::{StreamRecord, Stretch};

/// `ListStreams` and `DescribeStream` give so many at most.
const MAX_PAGE: i64 = 100;
/// `GetRecords` gives so many at most.
const MAX_RECORDS: i64 = 1_000;

/// A stream as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) table: String,
    pub(super) label: String,
    pub(super) view_type: String,
    key_schema: String,
    created_at: i64,
    /// Its records have higher numbers.
    pub(super) first: i64,
    /// Its last record, once it has ended.
    pub(super) last: Option<i64>,
    /// Records up to here are gone.
    trimmed: i64,
}

impl Stream {
    /// `shardId-00000001795352220000-f55eea83`
    pub(super) fn shard_id(&self) -> String {
        let hash = Sha256::digest(format!("{}\u{0}{}", self.table, self.label));
        format!("shardId-{:020}-{:02x}{:02x}{:02x}{:02x}", self.created_at * 1_000, hash[0], hash[1], hash[2], hash[3])
    }

    /// The position before the oldest record.
    pub(super) fn horizon(&self) -> i64 {
        self.first.max(self.trimmed)
    }
}

const COLUMNS: &str = "table_name, label, view_type, key_schema, created_at, first, last, trimmed";

/// Streams of one table or of all, by name and age, after the one given.
fn streams(
    storage: &Storage,
    table: Option<&str>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Stream>, DynoxideError> {
    let mut statement = storage.conn().prepare_cached(&format!(
        "SELECT {COLUMNS} FROM ferrogate_streams WHERE (?1 IS NULL OR table_name = ?1) AND (table_name, label) > (?2, ?3) \
         ORDER BY table_name, label LIMIT ?4"
    ))?;
    let rows = statement.query_map((table, after.0, after.1, limit), |row| {
        Ok(Stream {
            table: row.get(0)?,
            label: row.get(1)?,
            view_type: row.get(2)?,
            key_schema: row.get(3)?,
            created_at: row.get(4)?,
            first: row.get(5)?,
            last: row.get(6)?,
            trimmed: row.get(7)?,
        })
    })?;
    let mut found = Vec::new();
    for row in rows {
        found.push(row?);
    }
    Ok(found)
}

/// The stream that an ARN names.
pub(super) fn find(engine: &Engine, storage: &Storage, arn: &str) -> Result<Stream, Refusal> {
    let missing =
        || DynoxideError::ResourceNotFoundException(format!("Requested resource not found: Stream: {arn} not found"));
    let (table, label) = engine.world.stream_of(arn).ok_or_else(missing)?;
    let all = streams(storage, Some(table), ("", ""), i64::MAX)?;
    Ok(all.into_iter().find(|stream| stream.label == label).ok_or_else(missing)?)
}

/// The stream that a table writes to now.
pub(super) fn open_stream(storage: &Storage, table: &str) -> Result<Option<Stream>, DynoxideError> {
    Ok(streams(storage, Some(table), ("", ""), i64::MAX)?.into_iter().find(|stream| stream.last.is_none()))
}

/// The places before a stream's oldest record and after its newest.
pub(super) fn ends(engine: &Engine, arn: &str) -> Result<(i64, i64), Refusal> {
    let storage = engine.lock();
    let stream = find(engine, &storage, arn)?;
    Ok((stream.horizon(), read::newest(&storage, &stream)?))
}

/// `ListStreams`
pub(super) fn list(engine: &Engine, request: &Value) -> Result<Vec<u8>, Refusal> {
    let table = text(request, "TableName")?;
    let after = text(request, "ExclusiveStartStreamArn")?;
    let limit = whole(request, "Limit", MAX_PAGE)?.unwrap_or(MAX_PAGE);
    let after = after.and_then(|arn| engine.world.stream_of(arn)).unwrap_or_default();
    // One more tells whether more follow.
    let mut found = streams(&engine.lock(), table, after, limit + 1)?;
    let more = found.len() as i64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or_default());
    let arn = |stream: &Stream| engine.world.stream_arn(&stream.table, &stream.label);
    let listed: Vec<Value> = found
        .iter()
        .map(|stream| json!({ "StreamArn": arn(stream), "StreamLabel": stream.label, "TableName": stream.table }))
        .collect();
    let mut answer = json!({ "Streams": listed });
    if let Some(last) = found.last().filter(|_| more) {
        answer["LastEvaluatedStreamArn"] = arn(last).into();
    }
    Ok(answer.to_string().into_bytes())
}

/// `DescribeStream`
pub(super) fn describe(engine: &Engine, request: &Value) -> Result<Vec<u8>, Refusal> {
    let arn = required(request, "StreamArn")?;
    whole(request, "Limit", MAX_PAGE)?;
    let stream = find(engine, &engine.lock(), arn)?;
    let shard_id = stream.shard_id();
    let mut range = json!({ "StartingSequenceNumber": sequence::public(stream.first + 1) });
    if let Some(last) = stream.last {
        range["EndingSequenceNumber"] = sequence::public(last.max(stream.first + 1)).into();
    }
    let is_past = text(request, "ExclusiveStartShardId")?.is_some_and(|start| start >= shard_id.as_str());
    // The one shard is nobody's child.
    let of_parent = request["ShardFilter"]["Type"] == "CHILD_SHARDS";
    let shards = match is_past || of_parent {
        true => json!([]),
        false => json!([{ "ShardId": shard_id, "SequenceNumberRange": range }]),
    };
    let answer = json!({ "StreamDescription": {
        "CreationRequestDateTime": stream.created_at,
        "KeySchema": serde_json::from_str::<Value>(&stream.key_schema).unwrap_or_default(),
        "Shards": shards,
        "StreamArn": arn,
        "StreamLabel": stream.label,
        "StreamStatus": if stream.last.is_none() { "ENABLED" } else { "DISABLED" },
        "StreamViewType": stream.view_type,
        "TableName": stream.table,
    } });
    Ok(answer.to_string().into_bytes())
}

/// `GetShardIterator`
pub(super) fn iterator(engine: &Engine, request: &Value) -> Result<Vec<u8>, Refusal> {
    let (arn, shard_id) = (required(request, "StreamArn")?, required(request, "ShardId")?);
    let kind = required(request, "ShardIteratorType")?;
    let number = text(request, "SequenceNumber")?;
    if let Some(number) = number
        && !(21..=40).contains(&number.len())
    {
        let bound = if number.len() < 21 { "greater than or equal to 21" } else { "less than or equal to 40" };
        return Err(constraint(number, "sequenceNumber", &format!("Member must have length {bound}")));
    }
    let storage = engine.lock();
    let stream = find(engine, &storage, arn)?;
    if shard_id != stream.shard_id() {
        let text = format!("Requested resource not found: Shard: {shard_id} in Stream: {arn} not found");
        return Err(DynoxideError::ResourceNotFoundException(text).into());
    }
    let named = || match number {
        None => {
            let text = format!("One or more parameter values were invalid: SequenceNumber is required for {kind}");
            Err(Refusal::from(DynoxideError::ValidationException(text)))
        }
        Some(number) => match sequence::stored(number) {
            Some(stored) if stored <= stream.first => Err(invalid("Invalid SequenceNumber for the shard")),
            Some(stored) => Ok(stored),
            None => Err(invalid("Invalid SequenceNumber for the shard")),
        },
    };
    let position = match kind {
        "TRIM_HORIZON" => stream.horizon(),
        "LATEST" => read::newest(&storage, &stream)?,
        "AT_SEQUENCE_NUMBER" => named()? - 1,
        "AFTER_SEQUENCE_NUMBER" => named()?,
        _ => {
            let kinds = "[AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, TRIM_HORIZON]";
            let must = format!("Member must satisfy enum value set: {kinds}");
            return Err(constraint(kind, "shardIteratorType", &must));
        }
    };
    if position < stream.horizon() {
        return Err(trimmed());
    }
    let iterator = ShardIterator { arn: arn.to_owned(), position, issued: engine.clock.now() };
    Ok(json!({ "ShardIterator": iterator.encode() }).to_string().into_bytes())
}

/// `GetRecords`
pub(super) fn records(engine: &Engine, request: &Value) -> Result<Vec<u8>, Refusal> {
    let iterator = required(request, "ShardIterator")?;
    let limit = whole(request, "Limit", MAX_RECORDS)?.unwrap_or(MAX_RECORDS);
    let Some(iterator) = ShardIterator::decode(iterator) else { return Err(invalid("Invalid ShardIterator")) };
    let now = engine.clock.now();
    if iterator.has_expired(now) {
        let message = "The shard iterator has expired: it is used within 15 minutes of being given";
        return Err(Refusal::Stream { kind: "ExpiredIteratorException", message });
    }
    let batch = read(engine, &iterator.arn, iterator.position, limit)?;
    let records: Vec<Value> = batch.records.iter().map(StreamRecord::for_api).collect();
    let mut answer = json!({ "Records": records });
    if !batch.is_end {
        let next = ShardIterator { arn: iterator.arn, position: batch.next, issued: now };
        answer["NextShardIterator"] = next.encode().into();
    }
    Ok(answer.to_string().into_bytes())
}

fn trimmed() -> Refusal {
    let message = "The operation attempted to read past the oldest stream record in a shard.";
    Refusal::Stream { kind: "TrimmedDataAccessException", message }
}

fn invalid(message: &str) -> Refusal {
    DynoxideError::ValidationException(message.to_owned()).into()
}

fn constraint(value: &str, member: &str, must: &str) -> Refusal {
    let text =
        format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {must}");
    DynoxideError::ValidationException(text).into()
}

/// A member that is a string.
fn text<'a>(request: &'a Value, member: &str) -> Result<Option<&'a str>, Refusal> {
    match &request[member] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(_) => Err(mistyped("NUMBER_VALUE cannot be converted to String")),
        Value::Bool(_) => Err(mistyped("TRUE_VALUE cannot be converted to String")),
        _ => Err(mistyped("Unexpected value type in payload")),
    }
}

fn required<'a>(request: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    if let Some(text) = text(request, member)? {
        return Ok(text);
    }
    let mut name = member.to_owned();
    name[..1].make_ascii_lowercase();
    let text = format!(
        "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
    );
    Err(DynoxideError::ValidationException(text).into())
}

/// A member that is a number from 1 to `most`.
fn whole(request: &Value, member: &str, most: i64) -> Result<Option<i64>, Refusal> {
    let number = match &request[member] {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_i64(),
        Value::String(_) => return Err(mistyped("STRING_VALUE cannot be converted to Integer")),
        _ => return Err(mistyped("Unexpected value type in payload")),
    };
    let number = number.ok_or_else(|| mistyped("DECIMAL_VALUE cannot be converted to Integer"))?;
    let bound = if number < 1 {
        "Member must have value greater than or equal to 1".to_owned()
    } else if number > most {
        format!("Member must have value less than or equal to {most}")
    } else {
        return Ok(Some(number));
    };
    Err(constraint(&number.to_string(), &member.to_ascii_lowercase(), &bound))
}

fn mistyped(message: &str) -> Refusal {
    DynoxideError::SerializationException(message.to_owned()).into()
}
