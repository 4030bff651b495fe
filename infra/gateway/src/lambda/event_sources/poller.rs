//! The task of one mapping: gather a batch, deliver it, note the place.

use std::sync::Arc;

use tokio::sync::watch;

use super::batch::{Entry, MAX_BYTES};
use super::delivery::Stopped;
use super::filter::Pattern;
use super::{Checkpoints, Progress};
use crate::clock::Clock;
use crate::lambda::Invoke;
use crate::model::EventSourceMapping;
use crate::services::dynamodb::{DynamoDb, ReadError, StreamRecord, sequence};

/// Records read at once.
const READ: i64 = 1_000;
/// How long it waits by itself; writes wake it.
const LOOK_MILLIS: i64 = 60_000;

/// The task of one mapping.
pub(super) struct Poller {
    pub(super) clock: Clock,
    pub(super) lambda: Arc<dyn Invoke>,
    pub(super) database: DynamoDb,
    pub(super) checkpoints: Arc<dyn Checkpoints>,
    pub(super) mapping: EventSourceMapping,
    pub(super) filters: Vec<Pattern>,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// What has been gathered.
#[derive(Default)]
struct Gathered {
    entries: Vec<Entry>,
    bytes: usize,
    /// The last record that was taken or passed over.
    position: i64,
    /// Nothing will ever follow.
    is_end: bool,
}

impl Poller {
    /// Reads from `position` on until it is told to stop, or the stream has ended and is read.
    pub(super) async fn run(mut self, mut position: i64) {
        loop {
            let Ok(gathered) = self.gather(position).await else { return };
            if !gathered.entries.is_empty() && self.deliver(&gathered.entries).await.is_err() {
                return;
            }
            if gathered.position > position {
                // Also past records that no filter takes.
                position = gathered.position;
                self.note(position);
            }
            if gathered.is_end && gathered.entries.is_empty() {
                tracing::info!(stream = self.mapping.event_source_arn, "a stream has ended and is read to its end");
                return;
            }
        }
    }

    /// Notes that everything up to a record is done with.
    pub(super) fn note(&self, position: i64) {
        self.checkpoints.store(&self.mapping.uuid, &sequence::public(position));
    }

    pub(super) fn tell(&self, result: String) {
        self.progress.send_if_modified(|progress| {
            let is_new = progress.result != result;
            progress.result = result;
            is_new
        });
    }

    /// Gathers a batch: until it is full, or its window is over, or (without a window) no more records are there. Empty
    /// only where the stream has ended.
    async fn gather(&mut self, from: i64) -> Result<Gathered, Stopped> {
        let mut changes = self.database.changes();
        let window = i64::from(self.mapping.maximum_batching_window_in_seconds) * 1_000;
        let mut gathered = Gathered { position: from, ..Gathered::default() };
        let mut window_ends = None;
        loop {
            if *self.stopped.borrow() {
                return Err(Stopped);
            }
            // Seen before it is read, so that a write while it is read is not missed.
            changes.borrow_and_update();
            let is_full = self.read(&mut gathered).await;
            if is_full || gathered.is_end || (window == 0 && !gathered.entries.is_empty()) {
                return Ok(gathered);
            }
            let now = self.clock.now();
            if !gathered.entries.is_empty() {
                // Not longer where the clock was moved backwards meanwhile.
                let ends = window_ends.unwrap_or(now + window).min(now + window);
                window_ends = Some(ends);
                if now >= ends {
                    return Ok(gathered);
                }
            } else if gathered.position > from {
                // Records that no filter takes are done with.
                self.note(gathered.position);
            }
            let until = window_ends.unwrap_or(now + LOOK_MILLIS);
            tokio::select! {
                // The database lives in `self`, so an error cannot happen while this borrow lasts.
                _ = changes.changed() => {}
                () = self.clock.sleep_until(until) => {}
                _ = self.stopped.wait_for(|stopped| *stopped) => return Err(Stopped),
            }
        }
    }

    /// Reads what there is. Whether the batch is full.
    async fn read(&self, gathered: &mut Gathered) -> bool {
        let most = usize::try_from(self.mapping.batch_size).unwrap_or(usize::MAX);
        loop {
            let stretch = self.database.read_stream(&self.mapping.event_source_arn, gathered.position, READ).await;
            let stretch = match stretch {
                Ok(stretch) => stretch,
                Err(ReadError::Trimmed) => {
                    self.tell("PROBLEM: Records are older than a day and have been missed".to_owned());
                    tracing::warn!(stream = self.mapping.event_source_arn, "records have been missed: they are gone");
                    match self.database.stream_ends(&self.mapping.event_source_arn).await {
                        Ok((oldest, _)) => gathered.position = oldest,
                        Err(_) => return false,
                    }
                    continue;
                }
                Err(error) => {
                    self.tell(format!("PROBLEM: {error}"));
                    return false;
                }
            };
            let is_all = stretch.records.is_empty() || stretch.is_end;
            for record in stretch.records {
                let position = record.sequence;
                if let Some(entry) = self.entry(record) {
                    if gathered.bytes + entry.json.len() + 1 > MAX_BYTES && !gathered.entries.is_empty() {
                        return true;
                    }
                    gathered.bytes += entry.json.len() + 1;
                    gathered.entries.push(entry);
                }
                gathered.position = position;
                if gathered.entries.len() >= most {
                    return true;
                }
            }
            if is_all {
                gathered.is_end = stretch.is_end;
                return false;
            }
        }
    }

    /// The record as the function gets it, if a filter takes it.
    fn entry(&self, record: StreamRecord) -> Option<Entry> {
        let json = record.for_lambda(&self.mapping.event_source_arn);
        if !self.filters.is_empty() && !self.filters.iter().any(|filter| filter.matches(&json)) {
            return None;
        }
        let number = record.sequence_number();
        Some(Entry { sequence: record.sequence, number, created_at: record.created_at, json: json.to_string() })
    }
}
