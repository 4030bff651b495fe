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

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dynoxide::DynoxideError;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::server::{ClientRequest, Reply};
use workers::Workers;

pub use tables::{ApplyError, TableOutcome};

/// `BatchWriteItem`'s most.
const BATCH_ITEMS: usize = 25;

/// An embedded DynamoDB. Cheap to clone; clones are one database.
#[derive(Clone, Debug)]
pub struct DynamoDb {
    workers: Workers,
    clock: Clock,
    /// Held for as long as the database is open, so that no second process opens the same file.
    _lock: Option<Arc<File>>,
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "{path} is in use by another ferrogate: stop that one, or give this one another --data-dir (or --ephemeral)",
        path = path.display()
    )]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// Its folder or lock file cannot be written.
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

/// One line of the table of tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSummary {
    /// `TableName`
    pub table_name: String,
    /// How many items it has now.
    pub item_count: u64,
}

impl DynamoDb {
    /// Opens the database in the file at `path`, creating it and its folder as needed, or an empty one in memory.
    ///
    /// Time to live and stream records read `clock` in memory. A file's read the system's time, because the crate takes
    /// another clock for memory alone; a moved clock then expires nothing.
    pub fn open(path: Option<&Path>, clock: Clock) -> Result<DynamoDb, OpenError> {
        let (database, lock) = match path {
            None => {
                let database = storage::open_memory(clock.clone());
                let reason = |error: DynoxideError| OpenError::Database {
                    path: PathBuf::from(":memory:"),
                    reason: error.to_string(),
                };
                (database.map_err(reason)?, None)
            }
            Some(path) => {
                let lock = lock(path)?;
                let database = storage::open_file(path)
                    .map_err(|error| OpenError::Database { path: path.to_owned(), reason: error.to_string() })?;
                (database, Some(Arc::new(lock)))
            }
        };
        let workers = Workers::start(database)
            .map_err(|source| OpenError::Io { path: path.unwrap_or(Path::new(":memory:")).to_owned(), source })?;
        Ok(DynamoDb { workers, clock, _lock: lock })
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
        let count = items.len();
        for (batch, items) in items.chunks(BATCH_ITEMS).enumerate() {
            let failed = |reason: String| PutItemsError { table: table.to_owned(), index: batch * BATCH_ITEMS, reason };
            let puts: Vec<Value> = items.iter().map(|item| json!({ "PutRequest": { "Item": item } })).collect();
            let body = json!({ "RequestItems": { table: puts } }).to_string();
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
        Ok(count)
    }

    /// Every table with its number of items, by name.
    pub async fn tables(&self) -> Vec<TableSummary> {
        let stats = self.workers.run(|database| database.table_stats()).await;
        let stats = match stats {
            Ok(Ok(stats)) => stats,
            Ok(Err(error)) => {
                tracing::error!(%error, "the tables could not be listed");
                Vec::new()
            }
            Err(error) => {
                tracing::error!(%error, "the tables could not be listed");
                Vec::new()
            }
        };
        let mut tables: Vec<TableSummary> = stats
            .into_iter()
            .map(|table| TableSummary {
                table_name: table.table_name,
                item_count: u64::try_from(table.item_count).unwrap_or_default(),
            })
            .collect();
        tables.sort_by(|a, b| a.table_name.cmp(&b.table_name));
        tables
    }
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let at = |path: PathBuf| move |source| OpenError::Io { path, source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(at(folder.to_owned()))?;
    }
    let lock_path = path.with_added_extension("lock");
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(at(lock_path.clone()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(std::fs::TryLockError::Error(source)) => Err(at(lock_path)(source)),
    }
}
