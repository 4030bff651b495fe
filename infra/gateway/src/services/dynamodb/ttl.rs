//! Time to live: the database's clock, and the sweep that deletes what has expired.

use dynoxide::storage_backend;

use super::DynamoDb;
use crate::clock::Clock;

/// How often expired items are deleted. AWS takes up to a few days; a developer waits for a minute.
const SWEEP_MILLIS: i64 = 60_000;

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
    /// Deletes what has expired, in every table, now. Returns how many items. Streams see each deletion as the service's.
    pub async fn sweep_ttl(&self) -> usize {
        // The sweep hands the database's lock to waiting requests between its pages, and holds one thread of two.
        match self.workers.run(|database| database.sweep_ttl()).await {
            Ok(Ok(deleted)) => deleted,
            Ok(Err(error)) => {
                tracing::warn!(%error, "expired items could not be deleted");
                0
            }
            Err(error) => {
                tracing::warn!(%error, "expired items could not be deleted");
                0
            }
        }
    }

    /// Sweeps every minute of the gateway's clock, for ever: a task to spawn, and to abort at shutdown.
    pub async fn keep_sweeping(self) {
        loop {
            let deleted = self.sweep_ttl().await;
            if deleted > 0 {
                tracing::debug!(deleted, "deleted expired items");
            }
            self.clock.sleep_until(self.clock.now() + SWEEP_MILLIS).await;
        }
    }
}
