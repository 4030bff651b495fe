//! What the end-to-end tests stand on: stacks started on port 0 with their own data, HTTP and WebSocket clients, and
//! the external peers, found or loudly missed.

pub mod chat;
mod dynamodb;
pub mod guide;
pub mod issuer;
pub mod peers;
pub mod people;
pub mod process;
pub mod project;
pub mod sdk;
pub mod sign;
pub mod stack;
