//! Opening the database, with what it lacks for streams.
//!
//! - Each write to a table with a stream asks for the stream's highest sequence number, and finds it by reading every
//!   record of that stream: 150 writes a second at ten thousand records. An index over just that expression makes it a
//!   lookup.
//! - It has no place for a stream that has been switched off or whose table is gone, and labels streams in a form of its
//!   own. Triggers keep a row for each stream, in the transaction that makes or ends it, and label it as AWS does.
//!
//! The crate pins its exact version, so its internal tables are known; a version that renames them fails here at open.

use std::path::Path;
use std::sync::Arc;

use dynoxide::DynoxideError;
use dynoxide::storage::Storage;

use super::ttl::DatabaseClock;
use crate::clock::Clock;

/// A stream's records have numbers above `first`, up to `last` once it has ended; those up to `trimmed` are gone.
const STREAMS: &str = r"
CREATE INDEX IF NOT EXISTS ferrogate_stream_sequence
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
CREATE TABLE IF NOT EXISTS ferrogate_streams (
    table_name TEXT NOT NULL,
    label TEXT NOT NULL,
    view_type TEXT NOT NULL,
    key_schema TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER,
    trimmed INTEGER NOT NULL DEFAULT 0,
    closed_at INTEGER,
    PRIMARY KEY (table_name, label)
);
";

/// Streams of a database that has been written without the triggers get their row, with all the records of their table.
const ADOPT: &str = r"
INSERT OR IGNORE INTO ferrogate_streams (table_name, label, view_type, key_schema, created_at, first)
    SELECT table_name, strftime('%Y-%m-%dT%H:%M:%f', CAST(stream_label AS REAL), 'unixepoch'),
        COALESCE(stream_view_type, 'NEW_AND_OLD_IMAGES'), key_schema, CAST(stream_label AS INTEGER), 0
    FROM _tables WHERE stream_enabled = 1 AND stream_label NOT LIKE '%T%';
UPDATE _tables SET stream_label = strftime('%Y-%m-%dT%H:%M:%f', CAST(stream_label AS REAL), 'unixepoch')
    WHERE stream_label NOT LIKE '%T%';
";

const TRIGGERS: &str = r"
CREATE TRIGGER IF NOT EXISTS ferrogate_stream_begins
AFTER UPDATE OF stream_label ON _tables WHEN NEW.stream_enabled = 1 AND NEW.stream_label NOT LIKE '%T%' BEGIN
    UPDATE ferrogate_streams SET last = (
        SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) FROM _stream_records WHERE table_name = NEW.table_name
    ) WHERE table_name = NEW.table_name AND last IS NULL;
    INSERT OR REPLACE INTO ferrogate_streams (table_name, label, view_type, key_schema, created_at, first) VALUES (
        NEW.table_name,
        strftime('%Y-%m-%dT%H:%M:%f', CAST(NEW.stream_label AS REAL), 'unixepoch'),
        COALESCE(NEW.stream_view_type, 'NEW_AND_OLD_IMAGES'),
        NEW.key_schema,
        CAST(NEW.stream_label AS INTEGER),
        (SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) FROM _stream_records WHERE table_name = NEW.table_name)
    );
    UPDATE _tables SET stream_label = strftime('%Y-%m-%dT%H:%M:%f', CAST(NEW.stream_label AS REAL), 'unixepoch')
        WHERE table_name = NEW.table_name;
END;
CREATE TRIGGER IF NOT EXISTS ferrogate_stream_ends
AFTER UPDATE OF stream_enabled ON _tables WHEN NEW.stream_enabled = 0 AND OLD.stream_enabled = 1 BEGIN
    UPDATE ferrogate_streams SET last = (
        SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) FROM _stream_records WHERE table_name = NEW.table_name
    ) WHERE table_name = NEW.table_name AND last IS NULL;
END;
CREATE TRIGGER IF NOT EXISTS ferrogate_stream_table_deleted AFTER DELETE ON _tables BEGIN
    UPDATE ferrogate_streams SET last = (
        SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) FROM _stream_records WHERE table_name = OLD.table_name
    ) WHERE table_name = OLD.table_name AND last IS NULL;
END;
";

/// How long a stream's records are kept, as on AWS.
pub(super) const STREAM_SECONDS: i64 = 86_400;

/// Opens or creates the database in a file, or one in memory. All of it reads `clock`.
pub(super) fn open(path: Option<&Path>, clock: &Clock) -> Result<Storage, DynoxideError> {
    let storage = match path {
        None => Storage::memory()?,
        Some(path) => {
            let name = path.to_str().ok_or_else(|| {
                DynoxideError::ValidationException("its path is not UTF-8, rename the folder".to_owned())
            })?;
            let storage = Storage::new(name)?;
            // SQLite's `synchronous = NORMAL`: a crash of this process loses nothing, a power cut the last moments at
            // most, and a write does not wait for the disk.
            storage.disable_bulk_loading()?;
            storage
        }
    };
    storage.conn().execute_batch(&format!("BEGIN IMMEDIATE; {STREAMS} {ADOPT} {TRIGGERS} COMMIT;"))?;
    trim_streams(&storage, clock.now() / 1_000)?;
    Ok(storage.with_clock(Arc::new(DatabaseClock(clock.clone()))))
}

/// Deletes the records of a day ago, and streams that ended so long ago. Each table keeps its newest record, unread:
/// numbers go on from it, also when a clock that had been moved is back at the present.
pub(super) fn trim_streams(storage: &Storage, now: i64) -> Result<(), DynoxideError> {
    let before = now - STREAM_SECONDS;
    let connection = storage.conn();
    let any: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM _stream_records WHERE created_at < ?1) \
         OR EXISTS (SELECT 1 FROM ferrogate_streams WHERE last IS NOT NULL)",
        (before,),
        |row| row.get(0),
    )?;
    if !any {
        return Ok(());
    }
    storage.begin_transaction()?;
    let trimmed = (|| {
        connection.execute(
            "UPDATE ferrogate_streams SET trimmed = MAX(trimmed, COALESCE((
                 SELECT MAX(CAST(r.sequence_number AS INTEGER)) FROM _stream_records r
                 WHERE r.table_name = ferrogate_streams.table_name AND r.created_at < ?1
                   AND CAST(r.sequence_number AS INTEGER) > first
                   AND (last IS NULL OR CAST(r.sequence_number AS INTEGER) <= last)), 0))",
            (before,),
        )?;
        connection.execute(
            "DELETE FROM _stream_records WHERE created_at < ?1
             AND id NOT IN (SELECT MAX(id) FROM _stream_records GROUP BY table_name)",
            (before,),
        )?;
        connection.execute(
            "UPDATE ferrogate_streams SET closed_at = ?1 WHERE last IS NOT NULL AND closed_at IS NULL",
            (now,),
        )?;
        connection.execute("DELETE FROM ferrogate_streams WHERE closed_at < ?1", (before,))
    })();
    match trimmed {
        Ok(_) => storage.commit(),
        Err(error) => {
            // The transaction may be over already; the error is what matters.
            let _ = storage.rollback();
            Err(error.into())
        }
    }
}

/// Forgets all streams.
pub(super) fn forget_streams(storage: &Storage) -> Result<(), DynoxideError> {
    storage.conn().execute_batch("DELETE FROM _stream_records; DELETE FROM ferrogate_streams;")?;
    Ok(())
}
