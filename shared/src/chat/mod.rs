//! Chat over a WebSocket API: its events and replies, its frames, and the rooms that they are sent to.

mod broadcast;
mod event;
pub mod frames;
mod gateway;
pub mod memory;
mod push;
mod room;

pub use broadcast::{Report, broadcast};
pub use event::{SocketEvent, SocketReply, SocketUser};
pub use frames::Frame;
pub use gateway::ApiGatewayPush;
pub use push::{Push, PushError};
pub use room::{Room, count};

/// The subprotocol of the chat. A browser that offers it can send its token beside it, as `bearer.<token>`: it can set no
/// header of its own on a WebSocket.
pub const SUBPROTOCOL: &str = "ferrogate.chat";

/// What a token offered as a subprotocol begins with.
pub const BEARER_SUBPROTOCOL: &str = "bearer.";

/// The actions that a client may send: the template's route keys other than those that begin with `$`.
pub const ACTIONS: [&str; 2] = ["sendMessage", "listMembers"];
