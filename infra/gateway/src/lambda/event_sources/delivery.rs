//! Handing a batch to the function, until all of it is done or given up.

use std::collections::VecDeque;
use std::ops::Range;

use super::batch::{Entry, Verdict, halves, partial, payload};
use super::poller::Poller;
use crate::lambda::{InvokeError, InvokeRequest};

/// How long the first retry waits; each waits twice as long as the one before, up to the longest.
const FIRST_PAUSE_MILLIS: i64 = 200;
const LONGEST_PAUSE_MILLIS: i64 = 60_000;

/// The poller has been told to stop; what was not done is done by the next one.
pub(super) struct Stopped;

/// A part of a batch that is still to be done.
struct Part {
    entries: Range<usize>,
    /// How often it has failed as it is.
    failures: u32,
}

impl Poller {
    /// Calls the function until each entry is done with, in order; notes the place after each part.
    pub(super) async fn deliver(&mut self, entries: &[Entry]) -> Result<(), Stopped> {
        let mut parts = VecDeque::from([Part { entries: 0..entries.len(), failures: 0 }]);
        let mut pause = FIRST_PAUSE_MILLIS;
        while let Some(mut part) = parts.pop_front() {
            self.drop_aged(entries, &mut part.entries);
            if part.entries.is_empty() {
                continue;
            }
            let batch = &entries[part.entries.clone()];
            let verdict = match self.call(batch).await {
                Ok(verdict) => verdict,
                Err(error) => {
                    // The function was not run, so its retries are not used up.
                    self.tell(format!("PROBLEM: {}", problem(&error)));
                    parts.push_front(part);
                    self.wait(&mut pause).await?;
                    continue;
                }
            };
            if verdict == Verdict::Done {
                pause = FIRST_PAUSE_MILLIS;
                self.note(entries[part.entries.end - 1].sequence);
                self.tell("OK".to_owned());
                continue;
            }
            self.tell("PROBLEM: Function call failed".to_owned());
            if let Verdict::From(first) = verdict
                && first > 0
            {
                self.note(batch[first - 1].sequence);
                part.entries.start += first;
            }
            part.failures += 1;
            let is_plain = verdict == Verdict::Failed;
            if self.mapping.bisect_batch_on_function_error && is_plain && part.entries.len() > 1 {
                // Cutting is no retry: a single bad record is found however few retries there are.
                let (first, second) = halves(&part.entries);
                parts.push_front(Part { entries: second, failures: part.failures - 1 });
                parts.push_front(Part { entries: first, failures: part.failures - 1 });
            } else if u32::try_from(self.mapping.maximum_retry_attempts).is_ok_and(|most| part.failures > most) {
                self.give_up(&entries[part.entries], "its retries are used up");
            } else {
                parts.push_front(part);
            }
            self.wait(&mut pause).await?;
        }
        Ok(())
    }

    async fn call(&self, batch: &[Entry]) -> Result<Verdict, InvokeError> {
        let request = InvokeRequest::sync(payload(batch));
        let invocation = self.lambda.invoke(&self.mapping.function, request).await?;
        if let Some(error) = invocation.function_error {
            tracing::warn!(function = self.mapping.function, error, records = batch.len(), "a batch has failed");
            return Ok(Verdict::Failed);
        }
        Ok(match self.mapping.reports_item_failures() {
            true => partial(&invocation.payload, batch),
            false => Verdict::Done,
        })
    }

    /// Leaves out what is too old, from the front: records are in the order of their age.
    fn drop_aged(&mut self, entries: &[Entry], part: &mut Range<usize>) {
        let Some(most) = u32::try_from(self.mapping.maximum_record_age_in_seconds).ok().filter(|most| *most > 0) else {
            return;
        };
        let oldest = self.clock.now() / 1_000 - i64::from(most);
        let aged = entries[part.clone()].iter().take_while(|entry| entry.created_at < oldest).count();
        if aged > 0 {
            self.give_up(&entries[part.start..part.start + aged], "they are too old");
            part.start += aged;
        }
    }

    fn give_up(&mut self, batch: &[Entry], why: &str) {
        let Some(last) = batch.last() else { return };
        let destination = self.mapping.destination_config.as_ref().and_then(|config| config.on_failure.as_ref());
        let destination = destination.and_then(|on_failure| on_failure.destination.as_deref());
        tracing::error!(
            function = self.mapping.function,
            stream = self.mapping.event_source_arn,
            records = batch.len(),
            from = batch[0].number,
            to = last.number,
            "records are given up: {why}{}",
            destination.map(|arn| format!("; {arn} is not told")).unwrap_or_default(),
        );
        self.note(last.sequence);
        let records = batch.len() as u64;
        self.progress.send_modify(|progress| progress.discarded += records);
    }

    async fn wait(&mut self, pause: &mut i64) -> Result<(), Stopped> {
        let until = self.clock.now() + *pause;
        *pause = (*pause * 2).min(LONGEST_PAUSE_MILLIS);
        tokio::select! {
            () = self.clock.sleep_until(until) => Ok(()),
            _ = self.stopped.wait_for(|stopped| *stopped) => Err(Stopped),
        }
    }
}

/// `LastProcessingResult`'s words for a call that was not made.
fn problem(error: &InvokeError) -> String {
    match error {
        InvokeError::NotFound(function) => format!("Function not found: {function}"),
        InvokeError::TooManyRequests { .. } => "Function call is throttled".to_owned(),
        InvokeError::RequestTooLarge(_) => "Batch is too large for the function".to_owned(),
        _ => "Internal Lambda error. Please contact Lambda customer support.".to_owned(),
    }
}
