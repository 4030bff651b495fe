//! Event source mappings: DynamoDB streams read for functions.
//!
//! One task for each enabled mapping: it gathers a batch, calls the function until the batch is done or given up, notes
//! the place, and goes on. It is woken by writes and looks by itself now and then. Records of a stream go to the function
//! in order, one batch at a time: `ParallelizationFactor` is kept and shown, and more than one batch at a time is not made.

mod batch;
mod checkpoints;
mod delivery;
mod filter;
mod poller;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::poller::Poller;
use super::Invoke;
use crate::clock::{Clock, EpochMillis};
use crate::model::{EventSourceMapping, StartingPosition};
use crate::services::dynamodb::{DynamoDb, ReadError, sequence};
use crate::services::{TableWorlds, Tables};

pub use self::checkpoints::{Checkpoints, FileCheckpoints, MemoryCheckpoints};
pub use self::filter::Pattern;

/// Mappings at most: each has a task.
const MAX_MAPPINGS: usize = 1_000;

/// Why a mapping cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// 400 `InvalidParameterValueException`: a filter pattern.
    #[error("Invalid filter pattern definition: {0}")]
    Filter(String),
    /// 400 `InvalidParameterValueException`: the source is no DynamoDB stream.
    #[error("Unrecognized event source, must be the ARN of a DynamoDB stream: {0}")]
    Source(String),
    /// 404 `ResourceNotFoundException`: there is no such stream.
    #[error("Stream not found: {0}")]
    NoStream(String),
    /// The tables are elsewhere, or cannot be opened.
    #[error("the stream {arn} cannot be read: {reason}")]
    Unreadable {
        /// The stream.
        arn: String,
        /// Why.
        reason: String,
    },
    /// The bound on mappings.
    #[error("there are {MAX_MAPPINGS} event source mappings already, and no more are made")]
    TooMany,
}

/// A mapping and how it fares.
#[derive(Clone, Debug, PartialEq)]
pub struct EventSourceState {
    /// As declared, with the ARN of the stream that is read.
    pub mapping: EventSourceMapping,
    /// `Enabled` or `Disabled`.
    pub state: &'static str,
    /// `No records processed`, `OK` or `PROBLEM: …`.
    pub last_processing_result: String,
    /// When it was put.
    pub last_modified: EpochMillis,
    /// Records that were given up, in this run.
    pub discarded: u64,
}

/// How a mapping fares, told by its task.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Progress {
    result: String,
    discarded: u64,
}

struct Running {
    mapping: EventSourceMapping,
    last_modified: EpochMillis,
    progress: watch::Receiver<Progress>,
    /// `None` while disabled.
    task: Option<Task>,
}

struct Task {
    stop: watch::Sender<bool>,
    handle: JoinHandle<()>,
}

impl Task {
    /// Lets a call under way finish, within `patience`.
    async fn end(mut self, patience: Duration) {
        self.stop.send_replace(true);
        if tokio::time::timeout(patience, &mut self.handle).await.is_err() {
            self.handle.abort();
            // Its end, so that nothing is noted after this returns.
            let _ = (&mut self.handle).await;
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

/// The event source mappings of a run. Dropping it ends every task at once; [`shutdown`](Self::shutdown) lets calls finish.
pub struct EventSources {
    clock: Clock,
    lambda: Arc<dyn Invoke>,
    tables: TableWorlds,
    checkpoints: Arc<dyn Checkpoints>,
    running: Mutex<HashMap<String, Running>>,
    /// One change at a time: a change waits for the end of the task before it.
    changing: tokio::sync::Mutex<()>,
}

/// How long a mapping that is changed or removed waits for its function: Lambda's longest call.
const PATIENCE: Duration = Duration::from_secs(900);

impl EventSources {
    /// No mappings yet.
    pub fn new(
        clock: Clock,
        lambda: Arc<dyn Invoke>,
        tables: TableWorlds,
        checkpoints: Arc<dyn Checkpoints>,
    ) -> EventSources {
        let (running, changing) = (Mutex::default(), tokio::sync::Mutex::default());
        EventSources { clock, lambda, tables, checkpoints, running, changing }
    }

    /// Makes a mapping, or changes the one of the same UUID, which goes on where it was. When this returns, every record
    /// that is written from then on reaches the function, also with `LATEST`. Call within a Tokio runtime.
    ///
    /// A stream's ARN with the label `1970-01-01T00:00:00.000`, as templates have it, is the table's present stream.
    pub async fn put(&self, mapping: EventSourceMapping) -> Result<(), MappingError> {
        let filters = filter::parse_all(&mapping)?;
        let _turn = self.changing.lock().await;
        let (database, arn) = self.source(&mapping.event_source_arn).await?;
        let mapping = EventSourceMapping { event_source_arn: arn, ..mapping };
        let former = {
            let mut all = self.all();
            match all.get(&mapping.uuid) {
                // A redeployment that changes nothing disturbs nothing.
                Some(running) if running.mapping == mapping => return Ok(()),
                None if all.len() >= MAX_MAPPINGS => return Err(MappingError::TooMany),
                _ => all.remove(&mapping.uuid),
            }
        };
        // A call under way finishes first: its records are not handed out twice.
        if let Some(task) = former.and_then(|mut former| former.task.take()) {
            task.end(PATIENCE).await;
        }
        let position = self.position(&database, &mapping).await?;
        let (progress, seen) = watch::channel(Progress { result: "No records processed".to_owned(), discarded: 0 });
        let task = mapping.enabled.then(|| {
            let (stop, stopped) = watch::channel(false);
            let poller = Poller {
                clock: self.clock.clone(),
                lambda: self.lambda.clone(),
                database,
                checkpoints: self.checkpoints.clone(),
                mapping: mapping.clone(),
                filters,
                progress,
                stopped,
            };
            Task { stop, handle: tokio::spawn(poller.run(position)) }
        });
        let last_modified = self.clock.now();
        self.all().insert(mapping.uuid.clone(), Running { mapping, last_modified, progress: seen, task });
        Ok(())
    }

    /// Ends a mapping, once a call under way has finished, and forgets its place. Whether there was one.
    pub async fn remove(&self, uuid: &str) -> bool {
        let _turn = self.changing.lock().await;
        let former = self.all().remove(uuid);
        let was_there = former.is_some();
        if let Some(task) = former.and_then(|mut former| former.task.take()) {
            task.end(PATIENCE).await;
        }
        self.checkpoints.forget(uuid);
        was_there
    }

    /// The tables whose streams are read.
    #[cfg(test)]
    pub(crate) fn tables(&self) -> &TableWorlds {
        &self.tables
    }

    /// All mappings, by UUID.
    pub fn states(&self) -> Vec<EventSourceState> {
        let mut states: Vec<_> = self.all().values().map(state).collect();
        states.sort_by(|a, b| a.mapping.uuid.cmp(&b.mapping.uuid));
        states
    }

    /// One mapping.
    pub fn state(&self, uuid: &str) -> Option<EventSourceState> {
        self.all().get(uuid).map(state)
    }

    /// Ends every mapping and keeps its place; calls under way may take `patience` to finish.
    pub async fn shutdown(&self, patience: Duration) {
        let _turn = self.changing.lock().await;
        let tasks: Vec<Task> = self.all().drain().filter_map(|(_, mut running)| running.task.take()).collect();
        futures_util::future::join_all(tasks.into_iter().map(|task| task.end(patience))).await;
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        // Every change is one insertion or removal.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database of a stream, and its ARN.
    async fn source(&self, arn: &str) -> Result<(DynamoDb, String), MappingError> {
        let source = || MappingError::Source(arn.to_owned());
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, "dynamodb", region, account, resource] = parts.as_slice() else { return Err(source()) };
        let (table, label) =
            resource.strip_prefix("table/").and_then(|rest| rest.split_once("/stream/")).ok_or_else(source)?;
        let unreadable = |reason: String| MappingError::Unreadable { arn: arn.to_owned(), reason };
        let database = match self.tables.world(account, region).map_err(|error| unreadable(error.to_string()))? {
            Tables::Embedded(database) => database,
            Tables::Remote(_) => return Err(unreadable("the tables are elsewhere (--dynamodb-endpoint)".to_owned())),
        };
        if label != crate::model::UNKNOWN_STREAM_LABEL {
            return Ok((database, arn.to_owned()));
        }
        let latest = database.latest_stream_arn(table).await;
        latest.map(|latest| (database, latest)).ok_or_else(|| MappingError::NoStream(arn.to_owned()))
    }

    /// Where reading goes on, or begins.
    async fn position(&self, database: &DynamoDb, mapping: &EventSourceMapping) -> Result<i64, MappingError> {
        let arn = &mapping.event_source_arn;
        let (oldest, newest) = database.stream_ends(arn).await.map_err(|error| match error {
            ReadError::NotFound => MappingError::NoStream(arn.clone()),
            error => MappingError::Unreadable { arn: arn.clone(), reason: error.to_string() },
        })?;
        let known = self.checkpoints.load(&mapping.uuid).and_then(|number| sequence::stored(&number));
        Ok(match (known, mapping.starting_position) {
            // A place beyond the end is one in another stream of an emptied database.
            (Some(known), _) if known > newest => oldest,
            (Some(known), _) => known.max(oldest),
            (None, start) => {
                let begin = if start == StartingPosition::Latest { newest } else { oldest };
                self.checkpoints.store(&mapping.uuid, &sequence::public(begin));
                begin
            }
        })
    }
}

fn state(running: &Running) -> EventSourceState {
    let progress = running.progress.borrow();
    EventSourceState {
        mapping: running.mapping.clone(),
        state: if running.mapping.enabled { "Enabled" } else { "Disabled" },
        last_processing_result: progress.result.clone(),
        last_modified: running.last_modified,
        discarded: progress.discarded,
    }
}
