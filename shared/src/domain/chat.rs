//! Chat: who is connected where, and what is said.

use super::{Invalid, Timestamp, text::name_type};

/// How long a connection's record outlives its connection when `$disconnect` never came. API Gateway ends every
/// connection after two hours, so a day leaves room for late events.
pub const CONNECTION_TTL_SECONDS: i64 = 24 * 60 * 60;

/// How long an upgrade may be pending: the longest an integration of `$connect` can take, and a second. Until then a
/// stored connection may answer "gone" although it is about to open.
pub const UPGRADE_GRACE_MILLIS: i64 = 30_000;

/// How many connections a room takes. It bounds the memory and the time of a broadcast.
pub const MAX_ROOM_CONNECTIONS: usize = 10_000;

/// How many characters a message may have.
pub const MAX_MESSAGE_CHARS: usize = 4_000;

name_type!(
    /// Who somebody is in the chat, 1 to 64 characters.
    ChatUserId, 1, 64
);

name_type!(
    /// What somebody is called in the chat, 1 to 128 characters.
    ChatName, 1, 128
);

name_type!(
    /// A room, 1 to 64 characters. It exists while somebody is in it.
    RoomId, 1, 64
);

name_type!(
    /// API Gateway's id of a WebSocket connection.
    ConnectionId, 1, 128
);

name_type!(
    /// A message's id: a UUID.
    MessageId, 1, 64
);

/// What somebody said: 1 to 4,000 characters, not only white space. Line breaks stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageText(String);

impl MessageText {
    /// Takes a text that keeps the rules.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.trim().is_empty() {
            return Err(Invalid::new("must not be empty"));
        }
        if text.chars().count() > MAX_MESSAGE_CHARS {
            return Err(Invalid::new(format!("must have at most {MAX_MESSAGE_CHARS} characters")));
        }
        Ok(MessageText(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A connection and whom it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The connection.
    pub connection_id: ConnectionId,
    /// Whose it is.
    pub user_id: ChatUserId,
    /// What the user is called.
    pub username: ChatName,
    /// The room it is in.
    pub room_id: RoomId,
    /// When it was made.
    pub connected_at: Timestamp,
}

impl Connection {
    /// When its record may be dropped if nobody has.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.connected_at.seconds() + CONNECTION_TTL_SECONDS)
    }

    /// Whether it may still be in its upgrade at `now`, when API Gateway does not know it yet.
    pub fn may_be_opening(&self, now: Timestamp) -> bool {
        now.millis() - self.connected_at.millis() < UPGRADE_GRACE_MILLIS
    }
}

/// A message as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatMessage {
    /// The room it was said in.
    pub room_id: RoomId,
    /// Its id.
    pub message_id: MessageId,
    /// Who said it.
    pub user_id: ChatUserId,
    /// What the author was called.
    pub username: ChatName,
    /// What was said.
    pub text: MessageText,
    /// When.
    pub timestamp: Timestamp,
}

impl ChatMessage {
    /// The sort key: time first, so that all readers see one order; then the id, so that two messages of the same
    /// millisecond never overwrite each other. Fifteen digits last for thirty thousand years.
    pub fn key(&self) -> String {
        format!("{:015}#{}", self.timestamp.millis().max(0), self.message_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(millis: i64, id: &str) -> ChatMessage {
        ChatMessage {
            room_id: RoomId::parse("lobby").unwrap(),
            message_id: MessageId::parse(id).unwrap(),
            user_id: ChatUserId::parse("ada").unwrap(),
            username: ChatName::parse("Ada").unwrap(),
            text: MessageText::parse("hi").unwrap(),
            timestamp: Timestamp::from_millis(millis),
        }
    }

    #[test]
    fn keys_sort_by_time_and_never_collide() {
        assert!(message(999, "z").key() < message(1_000, "a").key());
        assert!(message(9_999_999_999_999, "z").key() < message(10_000_000_000_000, "a").key());
        assert_ne!(message(1, "a").key(), message(1, "b").key());
    }

    #[test]
    fn a_message_has_1_to_4000_characters() {
        assert!(MessageText::parse(&"ß".repeat(4_000)).is_ok());
        assert!(MessageText::parse("two\nlines").is_ok());
        for text in ["", " \n\t", &"x".repeat(4_001)] {
            assert!(MessageText::parse(text).is_err());
        }
    }

    #[test]
    fn a_connection_expires_a_day_after_it_was_made_and_opens_within_half_a_minute() {
        let connection = Connection {
            connection_id: ConnectionId::parse("TX0qLdBPjoECJ3A=").unwrap(),
            user_id: ChatUserId::parse("ada").unwrap(),
            username: ChatName::parse("Ada").unwrap(),
            room_id: RoomId::parse("lobby").unwrap(),
            connected_at: Timestamp::from_millis(1_500),
        };
        assert_eq!(connection.expires_at().seconds(), 86_401);
        assert!(connection.may_be_opening(Timestamp::from_millis(30_000)));
        assert!(!connection.may_be_opening(Timestamp::from_millis(31_500)));
    }
}
