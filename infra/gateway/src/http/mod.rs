//! The data plane of HTTP APIs.
