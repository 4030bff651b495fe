//! `$default`: tells the sender of a message that no route takes what is wrong with it, and which actions there are.
//!
//! The route has a route response, so that the body of the answer is the frame that the client receives.

use ferrogate_shared::{
    bootstrap::SocketFuture,
    chat::{ACTIONS, SocketEvent, SocketReply, frames},
    config::Setup,
};
use serde_json::Value;

/// What the function may do: nothing but answer.
pub struct Deps;

/// It needs nothing of the environment.
pub fn deps(_: &mut Setup<'_>) -> Deps {
    Deps
}

/// Answers one message.
pub fn handle(event: SocketEvent, _: &'static Deps) -> SocketFuture {
    Box::pin(async move {
        let (code, message) = complaint(&event.body);
        SocketReply::json(400, &frames::unknown_action(code, message, &event.request_id))
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
        ferrogate_fixtures::socket("chat-default", |_| Deps, handle);
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
