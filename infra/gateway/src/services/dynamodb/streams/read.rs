//! Reading a stream's records.

use dynoxide::DynoxideError;
use dynoxide::storage::Storage;
use serde_json::{Map, Value, json};

use super::super::engine::Engine;
use super::super::protocol::Refusal;
use super::{Stream, find, sequence, trimmed};

/// `GetRecords` gives 1 MB at most.
const MAX_BYTES: usize = 1024 * 1024;

/// One record of a stream, as AWS shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StreamRecord {
    /// Its number as it is stored: higher is later.
    pub(crate) sequence: i64,
    /// When it was written, in seconds.
    pub(crate) created_at: i64,
    /// `eventID`, `eventName`, `dynamodb`, …, without `userIdentity`.
    body: Value,
    /// Whether time to live has deleted the item.
    by_service: bool,
}

impl StreamRecord {
    /// As `GetRecords` shows it.
    pub(super) fn for_api(&self) -> Value {
        let mut record = self.body.clone();
        if self.by_service {
            record["userIdentity"] = json!({ "PrincipalId": "dynamodb.amazonaws.com", "Type": "Service" });
        }
        record
    }

    /// As Lambda hands it to a function.
    pub(crate) fn for_lambda(&self, stream_arn: &str) -> Value {
        let mut record = self.body.clone();
        record["eventSourceARN"] = stream_arn.into();
        if self.by_service {
            record["userIdentity"] = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
        }
        record
    }

    /// `SequenceNumber`
    pub(crate) fn sequence_number(&self) -> String {
        sequence::public(self.sequence)
    }
}

/// A stretch of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stretch {
    /// Oldest first.
    pub(crate) records: Vec<StreamRecord>,
    /// The place after it, to go on from.
    pub(in super::super) next: i64,
    /// Whether nothing will ever follow: the stream has ended.
    pub(crate) is_end: bool,
}

/// The number of the newest record, or where the first will be.
pub(super) fn newest(storage: &Storage, stream: &Stream) -> Result<i64, DynoxideError> {
    let mut statement = storage.conn().prepare_cached(
        "SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?1 \
         AND CAST(sequence_number AS INTEGER) > ?2 AND CAST(sequence_number AS INTEGER) <= ?3",
    )?;
    let newest: Option<i64> =
        statement.query_row((&stream.table, stream.first, stream.last.unwrap_or(i64::MAX)), |row| row.get(0))?;
    Ok(newest.unwrap_or(stream.first).max(stream.horizon()))
}

/// At most `limit` records after `position`, and not many more bytes than `GetRecords` gives.
pub(in super::super) fn read(engine: &Engine, arn: &str, position: i64, limit: i64) -> Result<Stretch, Refusal> {
    let storage = engine.lock();
    let stream = find(engine, &storage, arn)?;
    if position < stream.horizon() {
        return Err(trimmed());
    }
    let last = stream.last.unwrap_or(i64::MAX);
    let mut statement = storage
        .conn()
        .prepare_cached(
            "SELECT CAST(sequence_number AS INTEGER), event_id, event_name, keys_json, new_image, old_image, created_at, \
             user_identity IS NOT NULL FROM _stream_records WHERE table_name = ?1 \
             AND CAST(sequence_number AS INTEGER) > ?2 AND CAST(sequence_number AS INTEGER) <= ?3 \
             ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?4",
        )
        .map_err(DynoxideError::from)?;
    let rows = statement
        .query_map((&stream.table, position, last, limit), |row| {
            Ok(Row {
                sequence: row.get(0)?,
                event_id: row.get(1)?,
                event_name: row.get(2)?,
                keys: row.get(3)?,
                new_image: row.get(4)?,
                old_image: row.get(5)?,
                created_at: row.get(6)?,
                by_service: row.get(7)?,
            })
        })
        .map_err(DynoxideError::from)?;
    let mut batch = Stretch { next: position, ..Stretch::default() };
    let mut bytes = 0;
    for row in rows {
        let row = row.map_err(DynoxideError::from)?;
        bytes += row.size();
        if bytes > MAX_BYTES && !batch.records.is_empty() {
            return Ok(batch);
        }
        batch.next = row.sequence;
        batch.records.push(row.record(&stream.view_type, &engine.world.region));
    }
    batch.is_end = stream.last.is_some_and(|last| batch.next >= last || batch.records.len() < limit as usize);
    Ok(batch)
}

struct Row {
    sequence: i64,
    event_id: Option<String>,
    event_name: String,
    keys: String,
    new_image: Option<String>,
    old_image: Option<String>,
    created_at: i64,
    by_service: bool,
}

impl Row {
    fn size(&self) -> usize {
        [Some(&self.keys), self.new_image.as_ref(), self.old_image.as_ref()]
            .into_iter()
            .flatten()
            .map(String::len)
            .sum()
    }

    fn record(self, view_type: &str, region: &str) -> StreamRecord {
        let size = self.size();
        // The database has written them as JSON.
        let item = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let mut dynamodb = Map::new();
        dynamodb.insert("ApproximateCreationDateTime".to_owned(), self.created_at.into());
        dynamodb.insert("Keys".to_owned(), item(&self.keys));
        for (name, image) in [("NewImage", &self.new_image), ("OldImage", &self.old_image)] {
            if let Some(image) = image {
                dynamodb.insert(name.to_owned(), item(image));
            }
        }
        dynamodb.insert("SequenceNumber".to_owned(), sequence::public(self.sequence).into());
        dynamodb.insert("SizeBytes".to_owned(), size.into());
        dynamodb.insert("StreamViewType".to_owned(), view_type.into());
        let body = json!({
            "eventID": self.event_id.unwrap_or_else(|| self.sequence.to_string()),
            "eventName": self.event_name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": region,
            "dynamodb": dynamodb,
        });
        StreamRecord { sequence: self.sequence, created_at: self.created_at, body, by_service: self.by_service }
    }
}
