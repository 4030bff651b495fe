//! Sending a frame to one connection.

use crate::{BoxFuture, chat::Frame, domain::ConnectionId};

/// Why a frame did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The connection is no more (410).
    #[error("the connection is gone")]
    Gone,
    /// It was not delivered in time, not even in the few tries there are. The text is for the log.
    #[error("not delivered: {0}")]
    Failed(String),
}

/// Whoever can send to a connection by its id.
pub trait Push: Send + Sync {
    /// Sends the frame; returns when API Gateway has taken it.
    fn post<'a>(&'a self, to: &'a ConnectionId, frame: Frame) -> BoxFuture<'a, Result<(), PushError>>;
}
