//! The bounded queue of text messages on their way to one client.
//!
//! Bounded in messages and in bytes, per connection, so that a client that stops reading costs a fixed amount of memory
//! and delays nobody else. At the bound a post answers 429 (`LimitExceededException`), which SDKs retry: nothing is
//! dropped in silence, and the connection stays open until its own limits end it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Messages that wait for one client at most.
const MAX_QUEUED_MESSAGES: usize = 1_024;
/// Bytes that wait for one client at most: eight of the largest messages.
const MAX_QUEUED_BYTES: usize = 8 * super::MAX_MESSAGE_BYTES;

/// One queued message; its bytes count until it is dropped.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The text.
    pub(super) text: Utf8Bytes,
    _bytes: OwnedSemaphorePermit,
}

/// Why a message was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueueError {
    /// The client reads too slowly.
    Full,
    /// The connection has ended.
    Closed,
}

/// The queue's sending side.
#[derive(Debug)]
pub(super) struct Outbox {
    messages: mpsc::Sender<Outgoing>,
    bytes: Arc<Semaphore>,
}

impl Outbox {
    /// An empty queue and its receiving side.
    pub(super) fn new() -> (Outbox, mpsc::Receiver<Outgoing>) {
        let (messages, receiver) = mpsc::channel(MAX_QUEUED_MESSAGES);
        (Outbox { messages, bytes: Arc::new(Semaphore::new(MAX_QUEUED_BYTES)) }, receiver)
    }

    /// Queues now or not at all: what a post does.
    pub(super) fn try_send(&self, text: Utf8Bytes) -> Result<(), QueueError> {
        if self.messages.is_closed() {
            return Err(QueueError::Closed);
        }
        let bytes = self.bytes.clone().try_acquire_many_owned(cost(&text)).map_err(|_| QueueError::Full)?;
        self.messages.try_send(Outgoing { text, _bytes: bytes }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => QueueError::Full,
            mpsc::error::TrySendError::Closed(_) => QueueError::Closed,
        })
    }

    /// Queues when there is room: what the answer to a client's own message does. Returns silently if the connection ends.
    pub(super) async fn send(&self, text: Utf8Bytes) {
        tokio::select! {
            // The only error is a closed queue: nobody is left to be told.
            () = self.messages.closed() => {}
            () = async {
                if let Ok(bytes) = self.bytes.clone().acquire_many_owned(cost(&text)).await {
                    let _ = self.messages.send(Outgoing { text, _bytes: bytes }).await;
                }
            } => {}
        }
    }
}

/// Bytes that a message counts for; never more than the queue holds, so that it can always be queued at last.
fn cost(text: &Utf8Bytes) -> u32 {
    // At most MAX_QUEUED_BYTES, which is far below u32::MAX.
    text.len().clamp(1, MAX_QUEUED_BYTES) as u32
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn bounded_in_messages_and_in_bytes() {
        let (outbox, mut receiver) = Outbox::new();
        for _ in 0..MAX_QUEUED_MESSAGES {
            outbox.try_send("x".into()).unwrap();
        }
        assert_eq!(outbox.try_send("x".into()), Err(QueueError::Full));
        receiver.recv().await.unwrap();
        outbox.try_send("x".into()).unwrap();

        let (outbox, mut receiver) = Outbox::new();
        let large = "y".repeat(super::super::MAX_MESSAGE_BYTES);
        for _ in 0..8 {
            outbox.try_send(large.clone().into()).unwrap();
        }
        assert_eq!(outbox.try_send("x".into()), Err(QueueError::Full));
        drop(receiver.recv().await.unwrap());
        outbox.try_send(large.into()).unwrap();
    }

    #[tokio::test]
    async fn an_answer_waits_for_room_and_gives_up_when_the_connection_ends() {
        let (outbox, receiver) = Outbox::new();
        for _ in 0..MAX_QUEUED_MESSAGES {
            outbox.try_send("x".into()).unwrap();
        }
        let mut waiting = std::pin::pin!(outbox.send("late".into()));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(receiver);
        waiting.await;
        assert_eq!(outbox.try_send("x".into()), Err(QueueError::Closed));
    }
}
