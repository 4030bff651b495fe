//! DynamoDB and its streams: the crate `dynoxide-rs`, embedded, behind AWS's JSON protocol.
//!
//! The database runs synchronously behind one lock, so it has threads of its own and never holds up a data plane. Its
//! data is one SQLite file, or memory.

mod dispatch;
mod protocol;
mod storage;
mod tables;
mod ttl;
mod workers;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use dynoxide::DynoxideError;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::server::{ClientRequest, Reply};
use workers::Workers;

pub use tables::{ApplyError, TableOutcome};

pub(super) use protocol::internal_error;

/// `BatchWriteItem`'s most.
const BATCH_ITEMS: usize = 25;

/// An embedded DynamoDB. Cheap to clone; clones are one database.
#[derive(Clone, Debug)]
pub struct DynamoDb {
    workers: Workers,
    clock: Clock,
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
    /// exist and be this process's own: whoever opens holds the folder's lock.
    ///
    /// Time to live and stream records read `clock` in memory. A file's read the system's time, because the crate takes
    /// another clock for memory alone; a moved clock then expires nothing.
    pub fn open(path: Option<&Path>, clock: Clock) -> Result<DynamoDb, OpenError> {
        let database = match path {
            None => {
                let database = storage::open_memory(clock.clone());
                let reason = |error: DynoxideError| OpenError::Database {
                    path: PathBuf::from(":memory:"),
                    reason: error.to_string(),
                };
                database.map_err(reason)?
            }
            Some(path) => storage::open_file(path)
                .map_err(|error| OpenError::Database { path: path.to_owned(), reason: error.to_string() })?,
        };
        let workers = Workers::start(database)
            .map_err(|source| OpenError::Io { path: path.unwrap_or(Path::new(":memory:")).to_owned(), source })?;
        Ok(DynamoDb { workers, clock })
    }

    /// Serves one request of the JSON protocol (`X-Amz-Target: DynamoDB_20120810.…` or `DynamoDBStreams_20120810.…`).
    pub async fn serve(&self, request: &ClientRequest) -> Reply {
        let operation = match protocol::operation(request) {
            Ok(operation) => operation,
            Err(reply) => return *reply,
        };
        let body = request.body.clone();
        match self.workers.run(move |database| dispatch::dispatch(database, operation, &body)).await {
            Ok(Ok(answer)) => protocol::ok(answer),
            Ok(Err(error)) => {
                if error.status_code() >= 500 {
                    tracing::error!(operation = operation.name(), %error, "DynamoDB request failed");
                }
                protocol::error(&error)
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
        let applied = self.workers.run(move |database| tables::apply(database, &declared)).await;
        applied.unwrap_or_else(|stopped| {
            Err(ApplyError::Database { table: table.table_name.clone(), reason: stopped.to_string() })
        })
    }

    /// Writes items given as DynamoDB JSON (`{"id": {"S": "1"}}`), replacing those with the same keys. Returns how many.
    pub async fn put_items(&self, table: &str, items: Vec<Value>) -> Result<usize, PutItemsError> {
        for (index, request) in put_requests(table, &items) {
            let failed = |reason: String| PutItemsError { table: table.to_owned(), index, reason };
            let body = request.to_string();
            let written = self.workers.run(move |database| {
                dispatch::dispatch(database, dispatch::Operation::BatchWriteItem, body.as_bytes())
            });
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

/// `BatchWriteItem` requests that write `items`, each with the index of its first item.
pub(super) fn put_requests<'a>(table: &'a str, items: &'a [Value]) -> impl Iterator<Item = (usize, Value)> + 'a {
    items.chunks(BATCH_ITEMS).enumerate().map(move |(batch, items)| {
        let puts: Vec<Value> = items.iter().map(|item| json!({ "PutRequest": { "Item": item } })).collect();
        (batch * BATCH_ITEMS, json!({ "RequestItems": { table: puts } }))
    })
}
