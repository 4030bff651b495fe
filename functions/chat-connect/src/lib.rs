//! `$connect`: takes a connection into a room and tells the room.
//!
//! `wss://…/production?roomId=lobby`. 200 opens the connection; 400 says which parameter is wrong; 409 when the room is
//! full; 401 where the route has no authorizer, which then lets nobody in.
//!
//! Who connects is whom the authorizer has verified and nobody else: a user id in the query string is not read. A client
//! that offers the subprotocol `ferrogate.chat` is answered with it, as a browser insists on having one of those that it
//! offers; the token that it may offer beside it is never sent back.

use std::sync::Arc;

use ferrogate_shared::{
    bootstrap::SocketFuture,
    chat::{Room, SUBPROTOCOL, SocketEvent, SocketReply, count, frames},
    config::Setup,
    domain::{Connection, MAX_ROOM_CONNECTIONS, RoomId},
    errors::AppError,
    store::PutConnection,
};

/// What the function may do: record a connection, and speak to its room.
pub struct Deps {
    /// Records connections.
    pub connections: Arc<dyn PutConnection>,
    /// Speaks to rooms.
    pub room: Room,
}

/// The dependencies, from the environment (`CONNECTIONS_TABLE`, `CHAT_CALLBACK_URL`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { connections: Arc::new(setup.connections()), room: Room::from_setup(setup) }
}

/// Answers one `$connect`.
pub fn handle(event: SocketEvent, deps: &'static Deps) -> SocketFuture {
    Box::pin(async move {
        match connect(&event, deps).await {
            Ok(()) if event.subprotocols.iter().any(|offered| offered == SUBPROTOCOL) => {
                SocketReply::with_subprotocol(SUBPROTOCOL)
            }
            Ok(()) => SocketReply::ok(),
            Err(error) => SocketReply::refusal(&error, &event.request_id),
        }
    })
}

async fn connect(event: &SocketEvent, deps: &Deps) -> Result<(), AppError> {
    let connection = connection(event)?;
    let room = deps.room.connections_with(&connection, true).await?;
    // Several may pass here together: the bound keeps a room from growing without end, it need not be exact.
    if room.len() > MAX_ROOM_CONNECTIONS {
        return Err(AppError::RoomFull);
    }
    // Recorded first: whoever hears of the newcomer can answer at once.
    deps.connections.put_connection(&connection).await?;
    let joined = frames::user_joined(&connection, deps.room.clock.now(), count(&room, &connection.user_id));
    // Not to the newcomer: its connection opens only when this function has answered.
    deps.room.tell(room, Some(&connection.connection_id), &joined).await;
    Ok(())
}

fn connection(event: &SocketEvent) -> Result<Connection, AppError> {
    let user = event.user.clone().ok_or(AppError::Unauthenticated)?;
    let room = event.query.get("roomId").ok_or_else(|| AppError::field("roomId", "is required in the query string"))?;
    let room_id = RoomId::parse(room).map_err(|invalid| AppError::field("roomId", invalid.0))?;
    Ok(Connection {
        connection_id: event.connection_id.clone(),
        user_id: user.user_id,
        username: user.username,
        room_id,
        connected_at: event.connected_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::socket(
            "chat-connect",
            |world| Deps { connections: world.store.clone(), room: world.room() },
            handle,
        );
    }
}
