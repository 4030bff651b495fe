//! `$disconnect`: takes a connection out of its room and tells the room.
//!
//! The connection is closed by now, and nobody reads the answer. A connection that a broadcast has already found dead
//! and announced is not announced again.

use ferrogate_shared::{
    bootstrap::SocketFuture,
    chat::{Room, SocketEvent, SocketReply, count, frames},
    config::Setup,
    errors::AppError,
};

/// What the function may do: forget a connection, and speak to its room.
pub struct Deps {
    /// Speaks to rooms.
    pub room: Room,
}

/// The dependencies, from the environment (`CONNECTIONS_TABLE`, `CHAT_CALLBACK_URL`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { room: Room::from_setup(setup) }
}

/// Answers one `$disconnect`.
pub fn handle(event: SocketEvent, deps: &'static Deps) -> SocketFuture {
    Box::pin(async move {
        match disconnect(&event, deps).await {
            Ok(()) => SocketReply::ok(),
            Err(error) => SocketReply::refusal(&error, &event.request_id),
        }
    })
}

async fn disconnect(event: &SocketEvent, deps: &Deps) -> Result<(), AppError> {
    let Some(left) = deps.room.forget.delete_connection(&event.connection_id).await? else { return Ok(()) };
    let room = deps.room.connections_with(&left, false).await?;
    let still = count(&room, &left.user_id);
    let frame = frames::user_left(&left, deps.room.clock.now(), still);
    deps.room.tell(room, None, &frame).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::socket("chat-disconnect", |world| Deps { room: world.room() }, handle);
    }
}
