//! The engine: `dynoxide-rs`'s actions over its own storage, with the clock, the account and the region that this world
//! has.
//!
//! The crate's `Database` does the same, but takes a clock for memory only, hides its storage, and knows one region.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dynoxide::DynoxideError;
use dynoxide::actions::delete_table;
use dynoxide::actions::vector_lifecycle::VectorIndexLifecycle;
use dynoxide::storage::Storage;
use futures_util::FutureExt as _;
use serde_json::json;
use tokio::sync::watch;

use super::arns::World;
use super::storage;
use super::tokens::Tokens;
use crate::clock::Clock;

/// One database: one account in one region.
pub(super) struct Engine {
    storage: Mutex<Storage>,
    /// Vector indexes that are being created.
    pub(super) lifecycle: VectorIndexLifecycle,
    pub(super) tokens: Tokens,
    pub(super) clock: Clock,
    pub(super) world: World,
    changes: watch::Sender<u64>,
}

impl Engine {
    /// Opens the database in a file, or an empty one in memory.
    pub(super) fn open(path: Option<&Path>, clock: Clock, world: World) -> Result<Engine, DynoxideError> {
        let storage = storage::open(path, &clock)?;
        Ok(Engine {
            storage: Mutex::new(storage),
            lifecycle: VectorIndexLifecycle::new(),
            tokens: Tokens::default(),
            clock,
            world,
            changes: watch::Sender::new(0),
        })
    }

    /// The storage, alone. Whatever a panic left open is rolled back first.
    pub(super) fn lock(&self) -> MutexGuard<'_, Storage> {
        self.storage.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            self.storage.clear_poison();
            let storage = poisoned.into_inner();
            // Without an open transaction this is refused, and that is as good.
            let _ = storage.rollback();
            storage
        })
    }

    /// Tells those who wait that something has been written, or will be readable differently.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// Sees each change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Drops every table with its items and its streams, all at once for everybody else.
    pub(super) fn reset(&self) -> Result<(), DynoxideError> {
        // Tokens before storage, as a transaction takes them.
        let mut tokens = self.tokens.lock();
        let storage = self.lock();
        // An index that is being created must not keep its table.
        let settled = VectorIndexLifecycle::new();
        for table in storage.list_table_names()? {
            storage.update_deletion_protection(&table, false)?;
            let request = serde_json::from_value(json!({ "TableName": table }))
                .map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
            finish(delete_table::execute(&*storage, request, &settled))?;
        }
        storage::forget_streams(&storage)?;
        tokens.clear();
        drop(storage);
        self.changed();
        Ok(())
    }
}

/// The outcome of one of the crate's actions: over this storage they never wait.
pub(super) fn finish<T>(action: impl Future<Output = Result<T, DynoxideError>>) -> Result<T, DynoxideError> {
    let waited = || DynoxideError::InternalServerError("the database has waited".to_owned());
    action.now_or_never().unwrap_or_else(|| Err(waited()))
}
