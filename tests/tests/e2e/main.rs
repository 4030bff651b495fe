//! The whole stack, over the network, against real processes: one binary, each test on its own port and data.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed, and says where")]

mod authentication;
mod bad_input;
mod chat;
mod cognito;
mod command;
mod control_plane;
mod events;
mod export;
mod guide;
mod invoke;
mod layout;
mod lint;
mod page;
mod peers;
mod persistence;
mod plans;
mod products;
mod projects;
mod reload;
mod rest_api;
mod schemathesis;
mod sdks;
mod signatures;
mod streams;
mod tiers;
mod users;
