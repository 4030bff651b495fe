//! A room: who is in it, and telling them something.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{Push, broadcast, frames};
use crate::{
    BoxFuture,
    clock::{Clock, SystemClock},
    config::Setup,
    domain::{ChatUserId, Connection, ConnectionId, RoomId},
    store::{DeleteConnection, RoomConnections, StoreError, StoreFuture},
};

/// How often the departure of connections that a broadcast found dead is itself broadcast.
const MAX_ROUNDS: usize = 3;

/// How many such departures are announced at a time. After an outage a whole room may be found dead, and telling
/// everyone about everyone would cost the square of it.
const MAX_ANNOUNCED: usize = 50;

/// How many posts are under way at a time, unless `BROADCAST_CONCURRENCY` says otherwise.
const DEFAULT_CONCURRENCY: usize = 64;

/// Speaks to rooms.
pub struct Room {
    /// Lists a room.
    pub connections: Arc<dyn RoomConnections>,
    /// Forgets the dead.
    pub forget: Arc<dyn DeleteConnection>,
    /// Sends.
    pub push: Arc<dyn Push>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How many posts are under way at a time.
    pub concurrency: usize,
}

impl Room {
    /// With what the environment says (`CONNECTIONS_TABLE`, `CHAT_CALLBACK_URL`, `BROADCAST_CONCURRENCY`).
    pub fn from_setup(setup: &mut Setup<'_>) -> Self {
        let connections = Arc::new(setup.connections());
        Room {
            connections: connections.clone(),
            forget: connections,
            push: Arc::new(super::ApiGatewayPush::from_setup(setup)),
            clock: Arc::new(SystemClock),
            concurrency: setup.number("BROADCAST_CONCURRENCY", DEFAULT_CONCURRENCY, 1..=1_000),
        }
    }

    /// Everyone in the room.
    pub fn connections<'a>(&'a self, room: &'a RoomId) -> StoreFuture<'a, Vec<Connection>> {
        self.connections.room_connections(room)
    }

    /// Sends the frame to all of `room` but `except`, and forgets the connections that turn out to be dead. Whoever is
    /// forgotten here is announced with `user_left`: their own `$disconnect` will find nothing left to announce, so
    /// that each departure is told once.
    ///
    /// Nothing is returned, as there is nothing that the caller could do: what failed is logged.
    pub fn tell<'a>(
        &'a self,
        room: Vec<Connection>,
        except: Option<&'a ConnectionId>,
        frame: &Value,
    ) -> BoxFuture<'a, ()> {
        let mut frames = vec![frames::frame(frame)];
        let mut room = room;
        Box::pin(async move {
            for _ in 0..MAX_ROUNDS {
                let mut gone = Vec::new();
                for frame in &frames {
                    let to: Vec<&Connection> =
                        room.iter().filter(|connection| Some(&connection.connection_id) != except).collect();
                    let report = broadcast(self.push.as_ref(), &to, frame, self.concurrency).await;
                    if let Some(reason) = &report.reason {
                        tracing::warn!(
                            failed = report.failed,
                            delivered = report.delivered,
                            reason,
                            "broadcast incomplete"
                        );
                    }
                    room.retain(|connection| !report.gone.contains(connection));
                    gone.extend(report.gone);
                }
                let left = self.prune(gone).await;
                frames = left
                    .iter()
                    .map(|connection| {
                        let still = count(&room, &connection.user_id);
                        frames::frame(&frames::user_left(connection, self.clock.now(), still))
                    })
                    .collect();
                if frames.is_empty() {
                    return;
                }
            }
        })
    }

    /// Forgets these connections, and returns one for each user whose connections were forgotten by this call.
    async fn prune(&self, gone: Vec<Connection>) -> Vec<Connection> {
        let now = self.clock.now();
        let mut left = BTreeMap::new();
        for connection in gone {
            // Until its own $connect has ended, API Gateway does not know a connection and calls it gone.
            if connection.may_be_opening(now) {
                continue;
            }
            match self.forget.delete_connection(&connection.connection_id).await {
                Ok(Some(connection)) => {
                    left.insert((connection.user_id.clone(), connection.room_id.clone()), connection);
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(error = %error, "dead connection not removed"),
            }
        }
        if left.len() > MAX_ANNOUNCED {
            tracing::warn!(left = left.len(), announced = MAX_ANNOUNCED, "many dead connections at once");
        }
        left.into_values().take(MAX_ANNOUNCED).collect()
    }
}

/// How many of these connections are the user's.
pub fn count(connections: &[Connection], user: &ChatUserId) -> usize {
    connections.iter().filter(|connection| connection.user_id == *user).count()
}

impl Room {
    /// The room with `own` in it or not, whatever the index, which may lag behind, says of it.
    pub fn connections_with<'a>(
        &'a self,
        own: &'a Connection,
        inside: bool,
    ) -> BoxFuture<'a, Result<Vec<Connection>, StoreError>> {
        Box::pin(async move {
            let mut all = self.connections.room_connections(&own.room_id).await?;
            all.retain(|connection| connection.connection_id != own.connection_id);
            if inside {
                all.push(own.clone());
            }
            Ok(all)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        chat::memory::RecordingPush,
        clock::FixedClock,
        domain::Timestamp,
        store::{PutConnection, memory::MemoryStore},
    };

    const NOW: i64 = 1_000_000;

    fn connection(id: &str, user: &str, age_millis: i64) -> Connection {
        Connection {
            connection_id: ConnectionId::parse(id).unwrap(),
            user_id: ChatUserId::parse(user).unwrap(),
            username: crate::domain::ChatName::parse(user).unwrap(),
            room_id: RoomId::parse("lobby").unwrap(),
            connected_at: Timestamp::from_millis(NOW - age_millis),
        }
    }

    async fn room(connections: &[Connection]) -> (Room, Arc<MemoryStore>, Arc<RecordingPush>) {
        let store = Arc::new(MemoryStore::default());
        for connection in connections {
            store.put_connection(connection).await.unwrap();
        }
        let push = Arc::new(RecordingPush::default());
        let room = Room {
            connections: store.clone(),
            forget: store.clone(),
            push: push.clone(),
            clock: Arc::new(FixedClock(Timestamp::from_millis(NOW))),
            concurrency: 4,
        };
        (room, store, push)
    }

    #[tokio::test]
    async fn the_dead_are_forgotten_and_announced_once() {
        let all = [connection("a", "ada", 60_000), connection("b", "bob", 60_000), connection("b2", "bob", 60_000)];
        let (room, store, push) = room(&all).await;
        push.gone("b");
        room.tell(all.to_vec(), None, &json!({"type": "message"})).await;
        assert_eq!(store.dump("ConnectionsTable").len(), 2);
        let kinds: Vec<_> = push.sent_to("a").iter().map(|frame| frame["type"].clone()).collect();
        assert_eq!(kinds, ["message", "user_left"]);
        assert_eq!(push.sent_to("b2")[1]["connections"], 1);

        // Its own $disconnect, or another broadcast, finds it gone already.
        room.tell(all.to_vec(), None, &json!({"type": "message"})).await;
        assert_eq!(push.sent_to("a").len(), 3);
    }

    #[tokio::test]
    async fn a_connection_that_is_still_opening_is_not_forgotten() {
        let all = [connection("a", "ada", 60_000), connection("new", "bob", 1_000)];
        let (room, store, push) = room(&all).await;
        push.gone("new");
        room.tell(all.to_vec(), None, &json!({"type": "message"})).await;
        assert_eq!(store.dump("ConnectionsTable").len(), 2);
        assert_eq!(push.sent_to("a").len(), 1);
    }

    #[tokio::test]
    async fn a_room_of_the_dead_ends() {
        let all: Vec<_> = (0..200).map(|id| connection(&format!("c{id}"), &format!("u{id}"), 60_000)).collect();
        let (room, store, push) = room(&all).await;
        for connection in &all {
            push.gone(connection.connection_id.as_str());
        }
        room.tell(all, None, &json!({"type": "message"})).await;
        assert!(store.dump("ConnectionsTable").is_empty());
        assert!(push.sent().is_empty());
    }

    #[tokio::test]
    async fn one_can_be_left_out_and_still_counts() {
        let all = [connection("old", "ada", 60_000), connection("new", "ada", 0), connection("b", "bob", 60_000)];
        let (room, _, push) = room(&all).await;
        push.gone("old");
        let new = ConnectionId::parse("new").unwrap();
        room.tell(all.to_vec(), Some(&new), &json!({"type": "user_joined"})).await;
        assert!(push.sent_to("new").is_empty());
        assert_eq!(push.sent_to("b")[1]["connections"], 1);
    }

    #[tokio::test]
    async fn a_lagging_index_does_not_hide_ones_own_connection() {
        let own = connection("own", "ada", 0);
        let (room, _, _) = room(&[]).await;
        assert_eq!(room.connections_with(&own, true).await.unwrap(), std::slice::from_ref(&own));
        assert!(room.connections_with(&own, false).await.unwrap().is_empty());
    }
}
