//! The rules of users, products and chat. Values are parsed once, at the edge, into types that cannot hold a bad one.
//!
//! Nothing here knows AWS, HTTP or a status code; `errors.rs` maps what goes wrong here to what a client sees.

mod chat;
mod email;
mod product;
mod role;
mod text;
mod tier;
mod timestamp;
mod token;
mod user;

pub use chat::{
    CONNECTION_TTL_SECONDS, ChatMessage, ChatName, ChatUserId, Connection, ConnectionId, MAX_MESSAGE_CHARS,
    MAX_ROOM_CONNECTIONS, MessageId, MessageText, RoomId, UPGRADE_GRACE_MILLIS,
};
pub use email::EmailAddress;
pub use product::{Product, ProductId};
pub use role::Role;
pub use tier::{Count, CustomerId, Tier, Usage, resets_at};
pub use timestamp::Timestamp;
pub use token::{ApiToken, TokenHash, TokenName};
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

/// One page of a list, and where the next one starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// The key to read on after, present only when there is more.
    pub next: Option<String>,
}
