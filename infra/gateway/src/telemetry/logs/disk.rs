//! The file behind the logs: a thread writes what has changed in transactions of many events.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, params};

use super::stream::{Event, Position, Stream};
use super::{Group, Groups};
use crate::clock::EpochMillis;
use crate::model::LogGroup;

/// How long changes are gathered before they are written.
const GATHER: Duration = Duration::from_millis(250);
/// Changes that may wait; while there are so many, events are kept in memory only.
const MAX_PENDING: usize = 200_000;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the file of logs: {0}")]
pub struct LogsFileError(#[from] rusqlite::Error);

/// A change to be written.
#[derive(Debug)]
pub(super) enum Op {
    Group {
        world: String,
        group: LogGroup,
    },
    NoGroup {
        world: String,
        name: String,
    },
    Stream {
        id: i64,
        world: String,
        group: String,
        name: String,
        created: EpochMillis,
    },
    NoStream {
        id: i64,
    },
    Event {
        stream: i64,
        event: Event,
    },
    /// Nothing before `first` is held any longer.
    Trim {
        stream: i64,
        first: Position,
    },
}

/// The file, or none. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Option<Arc<Shared>>,
    next_sequence: AtomicI64,
    next_stream: AtomicI64,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    connection: Mutex<Connection>,
    pending: Mutex<Pending>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Pending {
    ops: Vec<Op>,
    lost: u64,
    ended: bool,
}

impl Disk {
    /// Opens or makes the file and reads what is in it, by world.
    pub(super) fn open(path: Option<&Path>) -> Result<(Disk, HashMap<String, Groups>), LogsFileError> {
        let Some(path) = path else {
            let inner = Inner {
                shared: None,
                next_sequence: AtomicI64::new(0),
                next_stream: AtomicI64::new(0),
                writer: Mutex::default(),
            };
            return Ok((Disk(Arc::new(inner)), HashMap::new()));
        };
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS groups (world TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL,
                 PRIMARY KEY (world, name)) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, world TEXT NOT NULL, grp TEXT NOT NULL,
                 name TEXT NOT NULL, created INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS events (stream INTEGER NOT NULL, time INTEGER NOT NULL, sequence INTEGER NOT NULL,
                 ingested INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (stream, time, sequence)) WITHOUT ROWID;",
        )?;
        let (kept, next_sequence, next_stream) = read(&connection)?;
        let shared =
            Arc::new(Shared { connection: Mutex::new(connection), pending: Mutex::default(), changed: Condvar::new() });
        let writer = std::thread::Builder::new().name("ferrogate-log-file".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run()
        });
        let writer = match writer {
            Ok(writer) => Some(writer),
            Err(error) => {
                tracing::error!(%error, "logs are written only when a client changes a group: there is no thread for it");
                None
            }
        };
        let inner = Inner {
            shared: Some(shared),
            next_sequence: AtomicI64::new(next_sequence),
            next_stream: AtomicI64::new(next_stream),
            writer: Mutex::new(writer),
        };
        Ok((Disk(Arc::new(inner)), kept))
    }

    /// The next event's place.
    pub(super) fn sequence(&self) -> i64 {
        self.0.next_sequence.fetch_add(1, Ordering::Relaxed)
    }

    /// The next stream's number.
    pub(super) fn stream_id(&self) -> i64 {
        self.0.next_stream.fetch_add(1, Ordering::Relaxed)
    }

    /// Has a change written soon.
    pub(super) fn push(&self, op: Op) {
        let Some(shared) = &self.0.shared else { return };
        let mut pending = shared.pending();
        if pending.ops.len() >= MAX_PENDING && matches!(op, Op::Event { .. }) {
            pending.lost += 1;
            return;
        }
        pending.ops.push(op);
        if pending.ops.len() == 1 {
            shared.changed.notify_one();
        }
    }

    /// Has everything written now.
    pub(super) fn flush(&self) {
        if let Some(shared) = &self.0.shared {
            shared.write();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let Some(shared) = &self.shared else { return };
        shared.pending().ended = true;
        shared.changed.notify_one();
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
        shared.write();
    }
}

impl Shared {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let mut pending = self.pending();
            while pending.ops.is_empty() && !pending.ended {
                pending = self.changed.wait(pending).unwrap_or_else(PoisonError::into_inner);
            }
            if pending.ended {
                return;
            }
            let waited = self.changed.wait_timeout_while(pending, GATHER, |pending| !pending.ended);
            drop(waited);
            self.write();
        }
    }

    /// One transaction of all that waits.
    fn write(&self) {
        // The connection first: two writers must not overtake each other with what they have taken.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let (ops, lost) = {
            let mut pending = self.pending();
            (std::mem::take(&mut pending.ops), std::mem::take(&mut pending.lost))
        };
        if lost > 0 {
            tracing::warn!(
                lost,
                "log events came faster than they could be written: they will be gone after a restart"
            );
        }
        if ops.is_empty() {
            return;
        }
        if let Err(error) = apply(&mut connection, &ops) {
            tracing::error!(%error, changes = ops.len(), "the file of logs could not be written");
        }
    }
}

fn apply(connection: &mut Connection, ops: &[Op]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut event_statement =
            transaction.prepare_cached("INSERT OR REPLACE INTO events VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for op in ops {
            match op {
                Op::Event { stream, event } => {
                    let Event { time, ingested, sequence, message } = event;
                    event_statement.execute(params![stream, time, sequence, ingested, &**message])?;
                }
                Op::Group { world, group } => {
                    // It is made of strings and numbers; writing those cannot fail.
                    let body = serde_json::to_vec(group).unwrap_or_default();
                    transaction.execute(
                        "INSERT OR REPLACE INTO groups VALUES (?1, ?2, ?3)",
                        params![world, group.log_group_name, body],
                    )?;
                }
                Op::NoGroup { world, name } => {
                    transaction.execute("DELETE FROM groups WHERE world = ?1 AND name = ?2", params![world, name])?;
                }
                Op::Stream { id, world, group, name, created } => {
                    transaction.execute(
                        "INSERT OR REPLACE INTO streams VALUES (?1, ?2, ?3, ?4, ?5)",
                        params![id, world, group, name, created],
                    )?;
                }
                Op::NoStream { id } => {
                    transaction.execute("DELETE FROM streams WHERE id = ?1", params![id])?;
                    transaction.execute("DELETE FROM events WHERE stream = ?1", params![id])?;
                }
                Op::Trim { stream, first } => {
                    transaction.execute(
                        "DELETE FROM events WHERE stream = ?1 AND (time, sequence) < (?2, ?3)",
                        params![stream, first.time, first.sequence],
                    )?;
                }
            }
        }
    }
    transaction.commit()
}

/// What the file holds, by world; the next event's place and the next stream's number.
fn read(connection: &Connection) -> Result<(HashMap<String, Groups>, i64, i64), LogsFileError> {
    let mut worlds: HashMap<String, Groups> = HashMap::new();
    let mut statement = connection.prepare("SELECT world, body FROM groups")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    for row in rows {
        let (world, body) = row?;
        match serde_json::from_slice::<LogGroup>(&body) {
            Ok(about) => {
                let group = Group { about, streams: std::collections::BTreeMap::new() };
                worlds.entry(world).or_default().by_name.insert(group.about.log_group_name.clone(), group);
            }
            Err(error) => tracing::error!(%error, "a kept log group cannot be read and is left out"),
        }
    }
    let mut next_stream = 0;
    let mut events = connection
        .prepare("SELECT time, sequence, ingested, message FROM events WHERE stream = ?1 ORDER BY time, sequence")?;
    let mut statement = connection.prepare("SELECT id, world, grp, name, created FROM streams")?;
    let rows = statement.query_map([], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(3)?,
            row.get::<_, i64>(4)?,
        ))
    })?;
    for row in rows {
        let (id, world, group, name, created) = row?;
        next_stream = next_stream.max(id + 1);
        let Some(world) = worlds.get_mut(&world) else { continue };
        let Some(group) = world.by_name.get_mut(&group) else { continue };
        let mut stream = Stream::new(id, created);
        let rows = events.query_map(params![id], |row| {
            Ok(Event {
                time: row.get(0)?,
                sequence: row.get(1)?,
                ingested: row.get(2)?,
                message: row.get::<_, String>(3)?.into(),
            })
        })?;
        for event in rows {
            stream.push(event?);
        }
        world.bytes += stream.bytes();
        group.streams.insert(name, stream);
    }
    let last: Option<i64> = connection.query_row("SELECT MAX(sequence) FROM events", [], |row| row.get(0))?;
    Ok((worlds, last.unwrap_or(-1) + 1, next_stream))
}
