//! Opening the database, with what it lacks for streams that grow.
//!
//! Each write to a table with a stream asks for the stream's highest sequence number, and finds it by reading every record
//! of that stream: 150 writes a second at ten thousand records. An index over just that expression makes it a lookup. The
//! crate pins its exact version, so its internal table is known; a version that renames it fails here at open.

use std::path::Path;
use std::sync::Arc;

use dynoxide::storage::Storage;
use dynoxide::{Database, DynoxideError};

use super::ttl::DatabaseClock;
use crate::clock::Clock;

const INDEX_STREAMS: &str = "CREATE INDEX IF NOT EXISTS ferrogate_stream_sequence \
                             ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";
/// As on AWS, a stream's records are kept for a day. Kept ones are looked at when a file is opened.
const TRIM_STREAMS: &str = "DELETE FROM _stream_records WHERE created_at < unixepoch() - 86400";

/// Opens or creates the database in a file.
pub(super) fn open_file(path: &Path) -> Result<Database, DynoxideError> {
    let name = path
        .to_str()
        .ok_or_else(|| DynoxideError::ValidationException("its path is not UTF-8, rename the folder".to_owned()))?;
    let storage = Storage::new(name)?;
    storage.conn().execute_batch(&format!("{INDEX_STREAMS}; {TRIM_STREAMS};"))?;
    drop(storage);
    let database = Database::new(name)?;
    // SQLite's `synchronous = NORMAL`: a crash of this process loses nothing, a power cut the last moments at most, and
    // a write does not wait for the disk.
    database.disable_bulk_loading()?;
    Ok(database)
}

/// An empty database in memory that reads `clock`.
pub(super) fn open_memory(clock: Clock) -> Result<Database, DynoxideError> {
    // A database gives no access to its SQL, but restores snapshots: here one that has nothing but the index. Both ends
    // meet in a named database in memory, which is gone with its last connection.
    let name = format!("file:ferrogate-{}?mode=memory&cache=shared", uuid::Uuid::new_v4().simple());
    let snapshot = Storage::new(&name)?;
    snapshot.conn().execute_batch(INDEX_STREAMS)?;
    let database = Database::memory_with_clock(Arc::new(DatabaseClock(clock)))?;
    database.restore_from(&name)?;
    Ok(database)
}
