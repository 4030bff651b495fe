//! DynamoDB and its streams: the crate `dynoxide-rs`, embedded, behind AWS's JSON protocol.
//!
//! The database runs synchronously behind one lock, so it has threads of its own and never holds up a data plane. Its
//! data is one SQLite file, or memory.

mod arns;
mod declared;
mod dispatch;
mod engine;
mod protocol;
mod storage;
mod streams;
mod tables;
mod tokens;
mod ttl;
mod workers;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::server::{ClientRequest, Reply};
use engine::Engine;
use tokio::sync::watch;
use workers::Workers;

pub use tables::{ApplyError, TableOutcome};

pub(crate) use arns::World;
pub(crate) use dispatch::OPERATIONS;
pub(super) use protocol::{error, internal_error};
pub(crate) use streams::{StreamRecord, Stretch, sequence};

/// `BatchWriteItem`'s most.
const BATCH_ITEMS: usize = 25;

/// An embedded DynamoDB. Cheap to clone; clones are one database.
#[derive(Clone, Debug)]
pub struct DynamoDb {
    workers: Workers,
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its threads cannot be started.
    #[error("cannot open {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no database, or one of a newer version.
    #[error("cannot open the database {path}: {reason}; move it away to start with empty tables", path = path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Why items could not be written.
#[derive(Debug, thiserror::Error)]
#[error("table {table}: item {index} and those after it were not written: {reason}")]
pub struct PutItemsError {
    /// The table.
    pub table: String,
    /// The first item of the batch that failed; those before it are written.
    pub index: usize,
    /// Why.
    pub reason: String,
}

impl DynamoDb {
    /// Opens the database in the file at `path`, creating it as needed, or an empty one in memory. The file's folder must
    /// exist and be this process's own: whoever opens holds the folder's lock. Its ARNs are those of `account` and
    /// `region`; time to live and stream records read `clock`.
    pub fn open(path: Option<&Path>, clock: Clock, account: &str, region: &str) -> Result<DynamoDb, OpenError> {
        let name = || path.unwrap_or(Path::new(":memory:")).to_owned();
        let engine = Engine::open(path, clock, World::new(account, region))
            .map_err(|error| OpenError::Database { path: name(), reason: error.to_string() })?;
        let workers = Workers::start(engine).map_err(|source| OpenError::Io { path: name(), source })?;
        Ok(DynamoDb { workers })
    }

    /// Serves one request of the JSON protocol (`X-Amz-Target: DynamoDB_20120810.…` or `DynamoDBStreams_20120810.…`).
    pub async fn serve(&self, request: &ClientRequest) -> Reply {
        let operation = match protocol::operation(request) {
            Ok(operation) => operation,
            Err(reply) => return *reply,
        };
        let body = request.body.clone();
        match self.workers.run(move |engine| dispatch::dispatch(engine, operation, &body)).await {
            Ok(Ok(answer)) => protocol::ok(answer),
            Ok(Err(error)) => {
                if error.status_code() >= 500 {
                    tracing::error!(operation = operation.name(), %error, "DynamoDB request failed");
                }
                protocol::refusal(&error)
            }
            Err(stopped) => {
                tracing::error!(operation = operation.name(), %stopped, "DynamoDB request failed");
                protocol::internal_error()
            }
        }
    }

    /// Makes a declared table exist as declared: creates it, or changes what `UpdateTable` and `UpdateTimeToLive` can.
    pub async fn apply_table(&self, table: &crate::model::Table) -> Result<TableOutcome, ApplyError> {
        let declared = table.clone();
        let applied = self.workers.run(move |engine| tables::apply(engine, &declared)).await;
        applied.unwrap_or_else(|stopped| {
            Err(ApplyError::Database { table: table.table_name.clone(), reason: stopped.to_string() })
        })
    }

    /// All tables, as they would be declared. The text of an error is for the log.
    pub(crate) async fn declared_tables(&self) -> Result<Vec<crate::model::Table>, String> {
        self.workers.run(declared::all).await.map_err(|stopped| stopped.to_string())?
    }

    /// Writes items given as DynamoDB JSON (`{"id": {"S": "1"}}`), replacing those with the same keys. Returns how many.
    pub async fn put_items(&self, table: &str, items: Vec<Value>) -> Result<usize, PutItemsError> {
        for (index, request) in put_requests(table, &items) {
            let failed = |reason: String| PutItemsError { table: table.to_owned(), index, reason };
            let body = request.to_string();
            let written = self
                .workers
                .run(move |engine| dispatch::dispatch(engine, dispatch::Operation::BatchWriteItem, body.as_bytes()));
            let answer = written.await.map_err(|stopped| failed(stopped.to_string()))?;
            let answer = answer.map_err(|error| failed(error.to_string()))?;
            let answer: Value = serde_json::from_slice(&answer).map_err(|error| failed(error.to_string()))?;
            if answer["UnprocessedItems"].as_object().is_some_and(|unprocessed| !unprocessed.is_empty()) {
                return Err(failed("DynamoDB left items unprocessed: a batch may have 16 MB".to_owned()));
            }
        }
        Ok(items.len())
    }
}

/// Why a stream cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// There is no such stream any more, or there never was.
    #[error("the stream does not exist")]
    NotFound,
    /// The place to read from is before the oldest record.
    #[error("records have been missed: they are more than a day old")]
    Trimmed,
    /// The database has failed; it is in the log.
    #[error("the database has failed")]
    Failed,
}

impl DynamoDb {
    /// Drops every table with its items and streams. Each request sees all of it or nothing.
    pub async fn reset(&self) -> Result<(), String> {
        let reset = self.workers.run(Engine::reset).await.map_err(|stopped| stopped.to_string())?;
        reset.map_err(|error| error.to_string())
    }

    /// Sees each change that a stream may have recorded, from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.workers.engine().changes()
    }

    /// The ARN of the stream that a table writes to, if it has one.
    pub async fn latest_stream_arn(&self, table: &str) -> Option<String> {
        let table = table.to_owned();
        let found = self.workers.run(move |engine| {
            let stream = streams::open_stream(&engine.lock(), &table).ok()??;
            Some(engine.world.stream_arn(&stream.table, &stream.label))
        });
        found.await.ok()?
    }

    /// The place before a stream's oldest record, and the one after its newest.
    pub(crate) async fn stream_ends(&self, arn: &str) -> Result<(i64, i64), ReadError> {
        let arn = arn.to_owned();
        self.read_with(move |engine| streams::ends(engine, &arn)).await
    }

    /// At most `limit` records of a stream from a place on; fewer where they are large.
    pub(crate) async fn read_stream(&self, arn: &str, position: i64, limit: i64) -> Result<Stretch, ReadError> {
        let arn = arn.to_owned();
        self.read_with(move |engine| streams::read(engine, &arn, position, limit)).await
    }

    async fn read_with<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Engine) -> Result<T, protocol::Refusal> + Send + 'static,
    ) -> Result<T, ReadError> {
        match self.workers.run(read).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(protocol::Refusal::Stream { .. })) => Err(ReadError::Trimmed),
            Ok(Err(protocol::Refusal::Database(dynoxide::DynoxideError::ResourceNotFoundException(_)))) => {
                Err(ReadError::NotFound)
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "a stream cannot be read");
                Err(ReadError::Failed)
            }
            Err(stopped) => {
                tracing::error!(%stopped, "a stream cannot be read");
                Err(ReadError::Failed)
            }
        }
    }
}

/// `BatchWriteItem` requests that write `items`, each with the index of its first item.
pub(super) fn put_requests<'a>(table: &'a str, items: &'a [Value]) -> impl Iterator<Item = (usize, Value)> + 'a {
    items.chunks(BATCH_ITEMS).enumerate().map(move |(batch, items)| {
        let puts: Vec<Value> = items.iter().map(|item| json!({ "PutRequest": { "Item": item } })).collect();
        (batch * BATCH_ITEMS, json!({ "RequestItems": { table: puts } }))
    })
}
