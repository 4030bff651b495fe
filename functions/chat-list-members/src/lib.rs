//! `listMembers`: `{"action":"listMembers"}`, answered with who is in the sender's room.
//!
//! The route has a route response, so that the body of the answer is the frame that the client receives.

use std::sync::Arc;

use ferrogate_shared::{
    bootstrap::SocketFuture,
    chat::{SocketEvent, SocketReply, frames},
    config::Setup,
    errors::AppError,
    store::{GetConnection, RoomConnections},
};
use serde_json::Value;

/// What the function may do: read connections.
pub struct Deps {
    /// Reads one.
    pub connections: Arc<dyn GetConnection>,
    /// Lists a room's.
    pub rooms: Arc<dyn RoomConnections>,
}

/// The dependencies, from the environment (`CONNECTIONS_TABLE`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    let connections = Arc::new(setup.connections());
    Deps { connections: connections.clone(), rooms: connections }
}

/// Answers one message.
pub fn handle(event: SocketEvent, deps: &'static Deps) -> SocketFuture {
    Box::pin(async move {
        match members(&event, deps).await {
            Ok(Some(frame)) => SocketReply::json(200, &frame),
            Ok(None) => SocketReply::json(410, &frames::not_in_a_room(&event.request_id)),
            Err(error) => {
                error.log();
                SocketReply::json(error.status(), &frames::error(&error, &event.request_id))
            }
        }
    })
}

/// The frame, unless the sender is in no room.
async fn members(event: &SocketEvent, deps: &Deps) -> Result<Option<Value>, AppError> {
    let Some(own) = deps.connections.get_connection(&event.connection_id).await? else { return Ok(None) };
    let mut all = deps.rooms.room_connections(&own.room_id).await?;
    // The index lags behind: who asks right after connecting is in the room all the same.
    if all.iter().all(|connection| connection.connection_id != own.connection_id) {
        all.push(own.clone());
    }
    Ok(Some(frames::members(&own.room_id, &all)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::socket(
            "chat-list-members",
            |world| Deps { connections: world.store.clone(), rooms: world.store.clone() },
            handle,
        );
    }
}
