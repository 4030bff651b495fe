//! One frame, many receivers.

use futures_util::{StreamExt, stream};

use super::{Frame, Push, PushError};
use crate::domain::Connection;

/// How a broadcast went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many connections took the frame.
    pub delivered: usize,
    /// The connections that are no more.
    pub gone: Vec<Connection>,
    /// How many connections did not take it for another reason, and one of the reasons.
    pub failed: usize,
    /// The last reason.
    pub reason: Option<String>,
}

/// Sends the frame to every connection, at most `concurrency` at a time and in no order. A receiver that is slow holds
/// one of these places, for as long as the push's own timeouts let it, and delays no one else.
pub async fn broadcast(push: &dyn Push, to: &[&Connection], frame: &Frame, concurrency: usize) -> Report {
    let mut report = Report::default();
    // By index, as a closure over references could not be proven general enough for a boxed future.
    let mut posts = stream::iter(0..to.len())
        .map(|place| {
            let post = push.post(&to[place].connection_id, frame.clone());
            async move { (place, post.await) }
        })
        .buffer_unordered(concurrency.max(1));
    while let Some((place, outcome)) = posts.next().await {
        match outcome {
            Ok(()) => report.delivered += 1,
            Err(PushError::Gone) => report.gone.push(to[place].clone()),
            Err(PushError::Failed(reason)) => {
                report.failed += 1;
                report.reason = Some(reason);
            }
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::{
        chat::{frames, memory::RecordingPush},
        domain::{ChatUserId, ConnectionId, RoomId, Timestamp},
    };

    fn connections(count: usize) -> Vec<Connection> {
        (0..count)
            .map(|id| Connection {
                connection_id: ConnectionId::parse(&format!("c{id}")).unwrap(),
                user_id: ChatUserId::parse("ada").unwrap(),
                username: crate::domain::ChatName::parse("ada").unwrap(),
                room_id: RoomId::parse("lobby").unwrap(),
                connected_at: Timestamp::from_millis(0),
            })
            .collect()
    }

    async fn run(push: &RecordingPush, count: usize, concurrency: usize) -> Report {
        let all = connections(count);
        let to: Vec<&Connection> = all.iter().collect();
        broadcast(push, &to, &frames::frame(&json!({"x": 1})), concurrency).await
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_than_the_bound_at_a_time() {
        let push = RecordingPush::default();
        push.delay_all(Duration::from_millis(10));
        let report = run(&push, 100, 8).await;
        assert_eq!((report.delivered, push.most_at_once()), (100, 8));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_receiver_delays_no_one_else() {
        let push = RecordingPush::default();
        push.delay("c0", Duration::from_secs(5));
        let started = tokio::time::Instant::now();
        let report = run(&push, 50, 4).await;
        assert_eq!(report.delivered, 50);
        // All others were served while it kept its own place only.
        let others =
            push.sent().iter().filter(|sent| sent.at.duration_since(started) < Duration::from_millis(1)).count();
        assert_eq!(others, 49);
    }

    #[tokio::test]
    async fn the_gone_and_the_failed_are_told_apart() {
        let push = RecordingPush::default();
        push.gone("c1");
        push.fail("c2");
        let report = run(&push, 4, 2).await;
        assert_eq!((report.delivered, report.failed, report.gone.len()), (2, 1, 1));
        assert_eq!(report.gone[0].connection_id.as_str(), "c1");
        assert!(report.reason.is_some());
    }
}
