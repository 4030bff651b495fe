//! The whole stack, over the network, against real processes: one binary, each test on its own port and data.

mod bad_input;
mod chat;
mod command;
mod events;
mod invoke;
mod layout;
mod lint;
mod page;
mod peers;
mod persistence;
mod products;
mod reload;
mod users;
