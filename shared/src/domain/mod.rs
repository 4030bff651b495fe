//! The rules of users, products and chat. Values are parsed once, at the edge, into types that cannot hold a bad one.
//!
//! Nothing here knows AWS, HTTP or a status code; `errors.rs` maps what goes wrong here to what a client sees.

mod chat;
mod email;
mod product;
mod text;
mod timestamp;
mod user;

pub use chat::{
    CONNECTION_TTL_SECONDS, ChatMessage, ChatUserId, Connection, ConnectionId, MAX_MESSAGE_CHARS, MAX_ROOM_CONNECTIONS,
    MessageId, MessageText, RoomId, UPGRADE_GRACE_MILLIS,
};
pub use email::EmailAddress;
pub use product::{Product, ProductId};
pub use timestamp::Timestamp;
pub use user::{Age, User, UserDetails, UserId, Username, Version};

/// Why a value is refused, in words for whoever sent it: `must have 3 to 20 characters`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Invalid(reason.into())
    }
}

/// Who a bearer token stands for, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// The user.
    pub user_id: UserId,
    /// The user's role, as the functions behind the authorizer see it.
    pub role: String,
    /// The first moment at which the token no longer holds.
    pub expires_at: Timestamp,
}

/// One page of a list, and where the next one starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// The key to read on after, present only when there is more.
    pub next: Option<String>,
}
