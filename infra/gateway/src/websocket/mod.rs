//! The data plane of WebSocket APIs.
//!
//! [`connect`] takes a client from its upgrade request to an open socket, `socket` drives that socket, [`Connections`]
//! knows every open one, and [`connections_api`] is what functions write to clients through.

mod authorize;
mod connection;
mod connections;
mod ending;
mod event;
mod frames;
mod handshake;
mod integrate;
mod limits;
mod management;
mod observe;
mod outbox;
mod pipeline;
mod session;
mod socket;

#[cfg(test)]
mod tests;

pub use connections::Connections;
pub use management::connections_api;
pub use pipeline::connect;

/// A message, in either direction, `@connections` included.
const MAX_MESSAGE_BYTES: usize = 128 * 1024;
/// One frame of a message: longer messages are fragmented.
const MAX_FRAME_BYTES: usize = 32 * 1024;
