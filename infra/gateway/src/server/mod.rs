//! The one port in front of everything: reads requests, tells them apart by host and path, hands them on.

mod request;

pub use request::{ClientRequest, Headers, Reply};
