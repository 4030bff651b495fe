//! `sendMessage`: `{"action":"sendMessage","message":"…"}`.
//!
//! The message is stored, then sent to everyone in the sender's room, the sender too. Its author is the connection's
//! user and its room the connection's room, whatever the message says. What is wrong with a message is told to its
//! sender alone: the route has a route response, so that the body of the answer is a frame to the sender, and success
//! has no body.

use std::sync::Arc;

use ferrogate_shared::{
    bootstrap::SocketFuture,
    chat::{Room, SocketEvent, SocketReply, frames},
    config::Setup,
    domain::{ChatMessage, MessageId, MessageText},
    errors::AppError,
    request::{self, Fields, object_of},
    store::{GetConnection, PutMessage},
};

/// What the function may do: read the sender's connection, store a message, and speak to the room.
pub struct Deps {
    /// Reads connections.
    pub connections: Arc<dyn GetConnection>,
    /// Stores messages.
    pub messages: Arc<dyn PutMessage>,
    /// Speaks to rooms.
    pub room: Room,
}

/// The dependencies, from the environment (`CONNECTIONS_TABLE`, `MESSAGES_TABLE`, `CHAT_CALLBACK_URL`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps {
        connections: Arc::new(setup.connections()),
        messages: Arc::new(setup.messages()),
        room: Room::from_setup(setup),
    }
}

/// Answers one message.
pub fn handle(event: SocketEvent, deps: &'static Deps) -> SocketFuture {
    Box::pin(async move {
        match send(&event, deps).await {
            Ok(true) => SocketReply::ok(),
            Ok(false) => SocketReply::json(410, &frames::not_in_a_room(&event.request_id)),
            Err(error) => {
                error.log();
                SocketReply::json(error.status(), &frames::error(&error, &event.request_id))
            }
        }
    })
}

/// Whether the sender is in a room.
async fn send(event: &SocketEvent, deps: &Deps) -> Result<bool, AppError> {
    let text = text(&event.body)?;
    let Some(sender) = deps.connections.get_connection(&event.connection_id).await? else { return Ok(false) };
    let message_id = MessageId::parse(&request::new_id()).map_err(|invalid| AppError::Internal(invalid.0))?;
    let timestamp = deps.room.clock.now();
    let message = ChatMessage {
        room_id: sender.room_id.clone(),
        message_id,
        user_id: sender.user_id.clone(),
        username: sender.username.clone(),
        text,
        timestamp,
    };
    // Stored before anybody sees it: a message that was read can always be read again.
    deps.messages.put_message(&message).await?;
    let room = deps.room.connections_with(&sender, true).await?;
    deps.room.tell(room, None, &frames::message(&message)).await;
    Ok(true)
}

fn text(body: &str) -> Result<MessageText, AppError> {
    let object = object_of(body.as_bytes())?;
    let mut fields = Fields::new(&object);
    fields.text("message", MessageText::parse).ok_or_else(|| fields.error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::socket(
            "chat-send-message",
            |world| Deps { connections: world.store.clone(), messages: world.store.clone(), room: world.room() },
            handle,
        );
    }
}
