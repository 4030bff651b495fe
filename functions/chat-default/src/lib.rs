//! `$default`: tells the sender of a message that no route takes what is wrong with it, and which actions there are.

use std::sync::Arc;

use ferrogate_shared::{
    bootstrap::SocketFuture,
    chat::{ACTIONS, ApiGatewayPush, Push, SocketEvent, SocketReply, frames},
    config::Setup,
};
use serde_json::Value;

/// What the function may do: send a frame.
pub struct Deps {
    /// Sends.
    pub push: Arc<dyn Push>,
}

/// The dependencies, from the environment (`CHAT_CALLBACK_URL`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps { push: Arc::new(ApiGatewayPush::from_setup(setup)) }
}

/// Answers one message.
pub fn handle(event: SocketEvent, deps: &'static Deps) -> SocketFuture {
    Box::pin(async move {
        let (code, message) = complaint(&event.body);
        let frame = frames::frame(&frames::unknown_action(code, message, &event.request_id));
        if let Err(error) = deps.push.post(&event.connection_id, frame).await {
            tracing::warn!(error = %error, "reply not delivered");
        }
        SocketReply::status(400)
    })
}

/// The code and the words for what is wrong. What the client sent is not repeated.
fn complaint(body: &str) -> (&'static str, &'static str) {
    match serde_json::from_str::<Value>(body) {
        Err(_) => ("InvalidBody", "A message must be a JSON object such as {\"action\":\"listMembers\"}."),
        Ok(Value::Object(object)) => match object.get("action") {
            None => ("MissingAction", "The message has no action."),
            Some(Value::String(action)) if ACTIONS.contains(&action.as_str()) => {
                ("ActionUnavailable", "This action is known, but this API has no route for it.")
            }
            Some(_) => ("UnknownAction", "There is no such action."),
        },
        Ok(_) => ("InvalidBody", "A message must be a JSON object such as {\"action\":\"listMembers\"}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::socket("chat-default", |world| Deps { push: world.push.clone() }, handle);
    }

    #[test]
    fn says_what_is_wrong_without_repeating_it() {
        for (body, code) in [
            ("", "InvalidBody"),
            ("hello", "InvalidBody"),
            ("[]", "InvalidBody"),
            ("{}", "MissingAction"),
            (r#"{"action":7}"#, "UnknownAction"),
            (r#"{"action":"<script>"}"#, "UnknownAction"),
            (r#"{"action":"sendMessage"}"#, "ActionUnavailable"),
        ] {
            let (found, message) = complaint(body);
            assert_eq!(found, code, "{body}");
            assert!(!message.contains("script"));
        }
    }
}
