//! What a chat client receives: JSON text frames, each with its `type`.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::ACTIONS;
use crate::{
    domain::{ChatMessage, ChatName, ChatUserId, Connection, RoomId, Timestamp},
    errors::AppError,
};

/// The bytes of a frame, made once and shared by all its receivers.
pub type Frame = Arc<[u8]>;

/// How large the list of members may grow. API Gateway's limit is 128 KB for a message; the rest is for the envelope.
const MAX_MEMBERS_BYTES: usize = 100 * 1024;

/// A JSON value as a frame.
pub fn frame(value: &Value) -> Frame {
    value.to_string().into_bytes().into()
}

/// `{"type":"message",userId,username,message,timestamp,messageId}`
pub fn message(message: &ChatMessage) -> Value {
    json!({
        "type": "message",
        "userId": message.user_id.as_str(),
        "username": message.username.as_str(),
        "message": message.text.as_str(),
        "timestamp": message.timestamp.iso(),
        "messageId": message.message_id.as_str(),
    })
}

/// `{"type":"user_joined",userId,username,roomId,timestamp,connections}`: `connections` is how many of the user's
/// connections are in the room now.
pub fn user_joined(connection: &Connection, at: Timestamp, connections: usize) -> Value {
    presence("user_joined", connection, at, connections)
}

/// `{"type":"user_left",userId,username,roomId,timestamp,connections}`: with `connections` above 0 the user is still
/// there, in another window.
pub fn user_left(connection: &Connection, at: Timestamp, connections: usize) -> Value {
    presence("user_left", connection, at, connections)
}

fn presence(kind: &str, connection: &Connection, at: Timestamp, connections: usize) -> Value {
    json!({
        "type": kind,
        "userId": connection.user_id.as_str(),
        "username": connection.username.as_str(),
        "roomId": connection.room_id.as_str(),
        "timestamp": at.iso(),
        "connections": connections,
    })
}

/// `{"type":"members",roomId,members:[{userId,username,connections}]}`, in the order of the user ids. A list that would not fit
/// into a message is cut and says so with `"truncated":true`.
pub fn members(room: &RoomId, connections: &[Connection]) -> Value {
    let mut counts: BTreeMap<&ChatUserId, (&ChatName, usize)> = BTreeMap::new();
    for connection in connections {
        counts.entry(&connection.user_id).or_insert((&connection.username, 0)).1 += 1;
    }
    let mut size = 0;
    let all = counts.len();
    let members: Vec<Value> = counts
        .into_iter()
        .map(|(user, (name, connections))| {
            json!({ "userId": user.as_str(), "username": name.as_str(), "connections": connections })
        })
        .take_while(|member| {
            size += member.to_string().len() + 1;
            size <= MAX_MEMBERS_BYTES
        })
        .collect();
    let truncated = members.len() < all;
    let mut frame = json!({ "type": "members", "roomId": room.as_str(), "members": members });
    if truncated {
        frame["truncated"] = true.into();
    }
    frame
}

/// `{"type":"error",message,code,errors?,requestId}`
pub fn error(error: &AppError, request_id: &str) -> Value {
    typed_error(error.body(request_id))
}

/// The error of a client whose connection is in no room (any more).
pub fn not_in_a_room(request_id: &str) -> Value {
    typed_error(json!({
        "message": "This connection is in no room any more: connect again.",
        "code": "NotConnected",
        "requestId": request_id,
    }))
}

/// The error of a message that no route takes: what is wrong with it, and the actions there are.
pub fn unknown_action(code: &str, message: &str, request_id: &str) -> Value {
    typed_error(json!({ "message": message, "code": code, "actions": ACTIONS, "requestId": request_id }))
}

fn typed_error(body: Value) -> Value {
    let mut frame = json!({ "type": "error" });
    if let (Value::Object(frame), Value::Object(body)) = (&mut frame, body) {
        frame.extend(body);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ConnectionId;

    fn connection(id: usize, user: &str) -> Connection {
        Connection {
            connection_id: ConnectionId::parse(&id.to_string()).unwrap(),
            user_id: ChatUserId::parse(user).unwrap(),
            username: ChatName::parse(&user.to_uppercase()).unwrap(),
            room_id: RoomId::parse("lobby").unwrap(),
            connected_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn members_are_counted_per_user() {
        let room = RoomId::parse("lobby").unwrap();
        let frame = members(&room, &[connection(1, "bob"), connection(2, "ada"), connection(3, "bob")]);
        let expected = json!([
            {"userId": "ada", "username": "ADA", "connections": 1},
            {"userId": "bob", "username": "BOB", "connections": 2},
        ]);
        assert_eq!(frame["members"], expected);
        assert!(frame.get("truncated").is_none());
    }

    #[test]
    fn a_list_that_would_not_fit_into_a_message_is_cut_and_says_so() {
        let room = RoomId::parse("lobby").unwrap();
        let everyone: Vec<_> = (0..5_000).map(|id| connection(id, &format!("{id:064}"))).collect();
        let frame = members(&room, &everyone);
        assert!(frame.to_string().len() < 128 * 1024);
        assert_eq!(frame["truncated"], true);
    }

    #[test]
    fn an_error_frame_says_its_type_first() {
        let text = error(&AppError::field("message", "is required"), "r").to_string();
        assert!(text.starts_with(r#"{"type":"error","message":"#), "{text}");
    }
}
