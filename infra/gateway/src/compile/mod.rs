//! Turns declared APIs into immutable snapshots: a request parses nothing of what is prepared here.

pub mod websocket;
