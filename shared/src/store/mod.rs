//! Storage: one trait per operation, so that what a function can do stands in its types as it does in its IAM policy.
//!
//! [`dynamodb`] is the implementation that runs; [`memory`] keeps the same promises for tests.

pub mod dynamodb;
pub mod item;
pub mod memory;

use crate::{
    BoxFuture,
    domain::{
        ApiToken, ChatMessage, Connection, ConnectionId, Count, Page, Product, ProductId, RoomId, Timestamp, TokenHash,
        User, UserId, Version,
    },
};

/// Why an operation was not done. The texts are for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another user holds the e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// There is an item with this key already.
    #[error("the item exists")]
    Exists,
    /// The item is not, or no longer, what the caller read.
    #[error("the item has changed")]
    Changed,
    /// The store is throttling or cannot be reached in time; the same call may work soon.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// Anything else.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// What an operation promises.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Stores a new user and reserves the e-mail address, both or neither.
pub trait CreateUser: Send + Sync {
    /// Errors with [`StoreError::EmailTaken`] when another user has the address, and with [`StoreError::Exists`] when
    /// there is a user with this id.
    fn create_user<'a>(&'a self, user: &'a User) -> StoreFuture<'a, ()>;
}

/// Reads one user.
pub trait GetUser: Send + Sync {
    /// The user as last written: who creates a user and reads it at once must find it.
    fn get_user<'a>(&'a self, id: &'a UserId) -> StoreFuture<'a, Option<User>>;
}

/// Replaces a user.
pub trait ReplaceUser: Send + Sync {
    /// Writes `next` if the stored user is still `current`, and moves the e-mail reservation with it, all or nothing.
    /// Errors with [`StoreError::Changed`] or [`StoreError::EmailTaken`].
    fn replace_user<'a>(&'a self, current: &'a User, next: &'a User) -> StoreFuture<'a, ()>;
}

/// Deletes a user.
pub trait DeleteUser: Send + Sync {
    /// Deletes the user if it is still `current`, and frees the e-mail address, both or neither. Errors with
    /// [`StoreError::Changed`].
    fn delete_user<'a>(&'a self, current: &'a User) -> StoreFuture<'a, ()>;
}

/// Lists users.
pub trait ListUsers: Send + Sync {
    /// At most `limit` users after the key `after`, in the store's own order. May miss writes of the last second.
    fn list_users<'a>(&'a self, limit: usize, after: Option<&'a str>) -> StoreFuture<'a, Page<User>>;
}

/// Lists products.
pub trait ListProducts: Send + Sync {
    /// At most `limit` products after the key `after`, in the store's own order. May miss writes of the last second.
    fn list_products<'a>(&'a self, limit: usize, after: Option<&'a str>) -> StoreFuture<'a, Page<Product>>;
}

/// Reads one product.
pub trait GetProduct: Send + Sync {
    /// The product. May miss writes of the last second.
    fn get_product<'a>(&'a self, id: &'a ProductId) -> StoreFuture<'a, Option<Product>>;
}

/// Looks up a bearer token.
pub trait FindToken: Send + Sync {
    /// Whom the token with this hash stands for, expired or not: the store may keep it for a while after.
    fn find_token<'a>(&'a self, hash: &'a TokenHash) -> StoreFuture<'a, Option<ApiToken>>;
}

/// Notes that a token was used.
pub trait RecordTokenUse: Send + Sync {
    /// Writes the time of the last use. A token that has been revoked meanwhile stays revoked.
    fn record_token_use<'a>(&'a self, hash: &'a TokenHash, at: Timestamp) -> StoreFuture<'a, ()>;
}

/// Stores a new token.
pub trait PutToken: Send + Sync {
    /// Stores the token; never overwrites one.
    fn put_token<'a>(&'a self, token: &'a ApiToken) -> StoreFuture<'a, ()>;
}

/// Lists a user's tokens.
pub trait ListTokens: Send + Sync {
    /// The user's tokens, at most `limit`, the expired ones that are still stored among them. May miss writes of the last
    /// second.
    fn list_tokens<'a>(&'a self, user: &'a UserId, limit: usize) -> StoreFuture<'a, Vec<ApiToken>>;
}

/// Deletes a token.
pub trait DeleteToken: Send + Sync {
    /// Deletes the token if it is this user's; whether it was.
    fn delete_token<'a>(&'a self, hash: &'a TokenHash, of: &'a UserId) -> StoreFuture<'a, bool>;
}

/// Counts a customer's requests.
pub trait CountRequest: Send + Sync {
    /// Counts a request made `at` this moment against the customer's UTC day, unless that is used up: of many that race for
    /// the last place exactly one gets it. The customer is found by the SHA-256 of the API key, in lower-case hexadecimal.
    fn count_request<'a>(&'a self, key_hash: &'a str, at: Timestamp) -> StoreFuture<'a, Count>;
}

/// Records a connection.
pub trait PutConnection: Send + Sync {
    /// Stores the connection with its time to live.
    fn put_connection<'a>(&'a self, connection: &'a Connection) -> StoreFuture<'a, ()>;
}

/// Reads one connection.
pub trait GetConnection: Send + Sync {
    /// The connection as last written: a client may speak right after it has connected.
    fn get_connection<'a>(&'a self, id: &'a ConnectionId) -> StoreFuture<'a, Option<Connection>>;
}

/// Forgets a connection.
pub trait DeleteConnection: Send + Sync {
    /// Removes the connection and returns it: of several callers, exactly one gets it.
    fn delete_connection<'a>(&'a self, id: &'a ConnectionId) -> StoreFuture<'a, Option<Connection>>;
}

/// Lists a room.
pub trait RoomConnections: Send + Sync {
    /// The room's connections, at most [`crate::domain::MAX_ROOM_CONNECTIONS`]. May miss writes of the last second.
    fn room_connections<'a>(&'a self, room: &'a RoomId) -> StoreFuture<'a, Vec<Connection>>;
}

/// Keeps a message.
pub trait PutMessage: Send + Sync {
    /// Stores a new message; never overwrites one.
    fn put_message<'a>(&'a self, message: &'a ChatMessage) -> StoreFuture<'a, ()>;
}

/// Whether `stored` is still what the caller read.
pub(crate) fn is_current(stored: Option<&User>, version: Version) -> bool {
    stored.is_some_and(|user| user.version == version)
}
