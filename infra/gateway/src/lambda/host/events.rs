//! Asynchronous invocation (`X-Amz-Invocation-Type: Event`): answered at once, run later, tried again on failure.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::Semaphore;

use super::pool::Pool;
use super::work::Event;
use crate::lambda::InvokeError;

/// Lambda's waits before the second and the third attempt, when the function has failed.
const RETRY_AFTER: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];
/// Lambda's bounds for trying again when the function was throttled.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LAST_BACKOFF: Duration = Duration::from_secs(300);
/// How old an event may be that is tried again, unless its function says otherwise.
const MAX_AGE_MILLIS: i64 = 6 * 60 * 60 * 1000;
/// What the smallest event counts: bounds the number of queued events as well as their bytes.
const LEAST_SIZE: usize = 4 * 1024;

/// The bounded queue of events that have been accepted and not run yet.
#[derive(Debug)]
pub(crate) struct Events {
    room: Arc<Semaphore>,
}

/// One accepted event; it keeps its request id through all attempts.
pub(crate) struct Accepted {
    pub(crate) pool: Arc<Pool>,
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) function_arn: HeaderValue,
    pub(crate) trace_id: HeaderValue,
    pub(crate) client_context: Option<HeaderValue>,
    pub(crate) policy: EventPolicy,
}

/// How often and how long an event is tried (`FunctionEventInvokeConfig`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventPolicy {
    /// Attempts after the first, where the function fails.
    pub(crate) retries: usize,
    /// How old an event may be that is tried again.
    pub(crate) max_age_millis: i64,
}

impl Default for EventPolicy {
    fn default() -> Self {
        EventPolicy { retries: RETRY_AFTER.len(), max_age_millis: MAX_AGE_MILLIS }
    }
}

impl Events {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Events { room: Arc::new(Semaphore::new(max_bytes.min(Semaphore::MAX_PERMITS))) }
    }

    /// How many more bytes may be queued.
    #[cfg(test)]
    pub(crate) fn free_bytes(&self) -> usize {
        self.room.available_permits()
    }

    /// Queues an event; 429 when the queue is full.
    pub(crate) fn accept(&self, event: Accepted) -> Result<(), InvokeError> {
        let full = InvokeError::TooManyRequests { reason: "ConcurrentInvocationLimitExceeded" };
        let size = u32::try_from(event.payload.len().max(LEAST_SIZE)).map_err(|_| full.clone())?;
        let room = self.room.clone().try_acquire_many_owned(size).map_err(|_| full)?;
        let runtime = event.pool.shared().runtime.clone();
        runtime.spawn(async move {
            let shared = event.pool.shared().clone();
            tokio::select! {
                () = event.deliver() => {}
                () = shared.closed() => tracing::warn!("an asynchronous invocation is lost: Ferrogate is shutting down"),
            }
            drop(room);
        });
        Ok(())
    }
}

impl Accepted {
    async fn deliver(&self) {
        let clock = &self.pool.shared().settings.clock;
        let accepted_at = clock.now();
        let young = || clock.now() - accepted_at < self.policy.max_age_millis;
        let mut failures = RETRY_AFTER.iter().take(self.policy.retries);
        let mut backoff = FIRST_BACKOFF;
        loop {
            let event = Event {
                request_id: self.request_id.clone(),
                payload: self.payload.clone(),
                function_arn: self.function_arn.clone(),
                trace_id: self.trace_id.clone(),
                client_context: self.client_context.clone(),
            };
            let wait = match self.pool.run(event, false, None).await {
                Ok(completed) if !completed.function_error => return,
                Ok(_) => match failures.next() {
                    Some(wait) if young() => *wait,
                    _ => {
                        tracing::warn!(
                            request_id = self.request_id,
                            "an asynchronous invocation failed and is given up"
                        );
                        return;
                    }
                },
                Err(InvokeError::TooManyRequests { .. }) if young() => {
                    let wait = backoff;
                    backoff = (backoff * 2).min(LAST_BACKOFF);
                    wait
                }
                Err(error) => {
                    tracing::warn!(request_id = self.request_id, %error, "an asynchronous invocation was not run");
                    return;
                }
            };
            clock.sleep_until(clock.now() + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2)).await;
        }
    }
}
