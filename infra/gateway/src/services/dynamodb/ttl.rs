//! Time to live: the database's clock, and the sweep that deletes what has expired.
//!
//! The crate has a sweep that holds its storage for whole tables; this one takes it for a page at a time, and deletes
//! each item under the condition that it still has expired.

use dynoxide::storage::{ScanParams, Storage, TableMetadata};
use dynoxide::{AttributeValue, DynoxideError, Item, actions, storage_backend};
use serde_json::{Map, Value, json};

use super::DynamoDb;
use super::engine::{Engine, finish};
use super::storage;
use crate::clock::Clock;

/// How often expired items are deleted. AWS takes up to a few days; a developer waits for a minute.
const SWEEP_MILLIS: i64 = 60_000;
/// Rows read, and at most deleted, under one hold of the storage.
const PAGE: usize = 100;
/// What expired longer ago is left alone, as on AWS: a time in another unit shall not empty a table.
const FIVE_YEARS: i64 = 5 * 365 * 86_400;

/// The gateway's clock as the database reads it.
#[derive(Debug)]
pub(super) struct DatabaseClock(pub(super) Clock);

impl storage_backend::Clock for DatabaseClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.0.now() / 1_000).unwrap_or_default()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.0.now() as f64 / 1_000.0
    }
}

impl DynamoDb {
    /// Deletes what has expired, in every table, now, and stream records of a day ago. Returns how many items. Streams see
    /// each deletion as the service's.
    pub async fn sweep_ttl(&self) -> usize {
        let failed = |error: &dyn std::fmt::Display| {
            tracing::warn!(%error, "expired items could not be deleted");
            0
        };
        match self.workers.run(sweep).await {
            Ok(Ok(deleted)) => deleted,
            Ok(Err(error)) => failed(&error),
            Err(error) => failed(&error),
        }
    }

    /// Sweeps every minute of the gateway's clock and whenever it is moved, for ever: a task to spawn, and to abort at
    /// shutdown.
    pub async fn keep_sweeping(self) {
        let clock = self.workers.engine().clock.clone();
        loop {
            // From before the sweep, so that a move during it is seen.
            let due = clock.sleep_until_or_moved(clock.now() + SWEEP_MILLIS);
            let deleted = self.sweep_ttl().await;
            if deleted > 0 {
                tracing::debug!(deleted, "deleted expired items");
            }
            due.await;
        }
    }
}

fn sweep(engine: &Engine) -> Result<usize, DynoxideError> {
    let now = engine.clock.now() / 1_000;
    let tables = engine.lock().list_ttl_enabled_tables()?;
    let mut deleted = 0;
    for table in &tables {
        let mut after = None;
        // No more than it has now: what is written meanwhile belongs to the next sweep.
        let rows = engine.lock().count_items(&table.table_name).unwrap_or_default();
        for _ in 0..=rows / PAGE as i64 {
            // The lock is free between pages, for whoever waits.
            let page = page(&engine.lock(), table, now, after.take())?;
            deleted += page.deleted;
            if page.last.is_none() {
                break;
            }
            after = page.last;
            std::thread::yield_now();
        }
    }
    storage::trim_streams(&engine.lock(), now)?;
    if deleted > 0 {
        engine.changed();
    }
    Ok(deleted)
}

struct Page {
    deleted: usize,
    /// The key of its last row; `None` where no more follow.
    last: Option<(String, String)>,
}

/// Deletes the expired items of one page of a table as it is now.
fn page(
    storage: &Storage,
    begun: &TableMetadata,
    now: i64,
    after: Option<(String, String)>,
) -> Result<Page, DynoxideError> {
    let done = Page { deleted: 0, last: None };
    // It may have been deleted, or made anew, since the page before.
    let Some(table) = storage.get_table_metadata(&begun.table_name)? else { return Ok(done) };
    let Some(attribute) = table.ttl_attribute.as_deref().filter(|_| table.ttl_enabled) else { return Ok(done) };
    if table.table_id != begun.table_id {
        return Ok(done);
    }
    let keys: Vec<Value> = serde_json::from_str(&table.key_schema).unwrap_or_default();
    let keys: Vec<&str> = keys.iter().filter_map(|key| key["AttributeName"].as_str()).collect();
    let params = ScanParams {
        limit: Some(PAGE),
        exclusive_start_pk: after.as_ref().map(|(pk, _)| pk.as_str()),
        exclusive_start_sk: after.as_ref().map(|(_, sk)| sk.as_str()),
        ..ScanParams::default()
    };
    let rows = storage.scan_items(&table.table_name, &params)?;
    let is_last = rows.len() < PAGE;
    let mut deleted = 0;
    for (_, _, item) in &rows {
        let Ok(item) = serde_json::from_str::<Item>(item) else { continue };
        let Some(AttributeValue::N(expires)) = item.get(attribute) else { continue };
        if expires.parse().is_ok_and(|expires: i64| expires < now && expires > now - FIVE_YEARS) {
            delete(storage, &table, &keys, &item)?;
            deleted += 1;
        }
    }
    let last = rows.into_iter().last().filter(|_| !is_last).map(|(pk, sk, _)| (pk, sk));
    Ok(Page { deleted, last })
}

/// Deletes an item; the caller holds the storage since it has read it.
fn delete(storage: &Storage, table: &TableMetadata, keys: &[&str], item: &Item) -> Result<(), DynoxideError> {
    let internal = |error: serde_json::Error| DynoxideError::InternalServerError(error.to_string());
    let mut key = Map::new();
    for name in keys {
        key.insert((*name).to_owned(), serde_json::to_value(item.get(*name)).map_err(internal)?);
    }
    let request = json!({ "TableName": table.table_name, "Key": key });
    finish(actions::delete_item::execute(storage, serde_json::from_value(request).map_err(internal)?))?;
    if table.stream_enabled {
        storage.conn().execute(
            r#"UPDATE _stream_records SET user_identity = '{"type":"Service","principalId":"dynamodb.amazonaws.com"}'
               WHERE id = (SELECT MAX(id) FROM _stream_records)"#,
            (),
        )?;
    }
    Ok(())
}
