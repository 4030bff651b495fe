//! `$connect`: takes a connection into a room and tells the room.
//!
//! `wss://…/production?userId=ada&roomId=lobby`. 200 opens the connection; 400 says which parameter is wrong; 409 when
//! the room is full.
//!
//! The user id is taken from the query string, and so on trust, until connections are authorized: whoever knows the URL
//! can call himself whatever he likes.

use std::sync::Arc;

use ferrogate_shared::{
    bootstrap::SocketFuture,
    chat::{Room, SocketEvent, SocketReply, count, frames},
    config::Setup,
    domain::{ChatUserId, Connection, Invalid, MAX_ROOM_CONNECTIONS, RoomId},
    errors::{AppError, FieldError},
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
    let Connection { connection_id, user_id, room_id, .. } = &connection;
    let joined = frames::user_joined(user_id, room_id, deps.room.clock.now(), count(&room, user_id));
    // Not to the newcomer: its connection opens only when this function has answered.
    deps.room.tell(room, Some(connection_id), &joined).await;
    Ok(())
}

fn connection(event: &SocketEvent) -> Result<Connection, AppError> {
    let user = parameter(event, "userId", ChatUserId::parse);
    let room = parameter(event, "roomId", RoomId::parse);
    match (user, room) {
        (Ok(user_id), Ok(room_id)) => Ok(Connection {
            connection_id: event.connection_id.clone(),
            user_id,
            room_id,
            connected_at: event.connected_at,
        }),
        (user, room) => Err(AppError::Validation([user.err(), room.err()].into_iter().flatten().collect())),
    }
}

fn parameter<T>(
    event: &SocketEvent,
    name: &'static str,
    parse: fn(&str) -> Result<T, Invalid>,
) -> Result<T, FieldError> {
    match event.query.get(name) {
        None => Err(FieldError::new(name, "is required in the query string")),
        Some(text) => parse(text).map_err(|invalid| FieldError::from_invalid(name, invalid)),
    }
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
