//! The data plane of WebSocket APIs.
