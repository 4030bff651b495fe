//! One client request, read whole and bounded, before any API is chosen; and the reply every plane gives.

use std::net::IpAddr;

use bytes::Bytes;
use http::{Method, Response};

/// A reply with its body in memory, or beside it (`streamed`).
pub type Reply = Response<Bytes>;

/// One client request.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    /// The verb.
    pub method: Method,
    /// The path as sent: percent-encoded, with its leading slash, without the query.
    pub raw_path: String,
    /// The query as sent, without `?`; empty if there was none.
    pub raw_query: String,
    /// Header names as the client wrote them (API Gateway keeps their case for REST) with their values, in order.
    pub headers: Headers,
    /// The body; its size is bounded by the reader.
    pub body: Bytes,
    /// The client's address.
    pub source_ip: IpAddr,
    /// The port that the client connected to.
    pub port: u16,
    /// Whether it came over TLS (`https`, `wss`).
    pub secure: bool,
}

/// Header fields in the order and case in which they came.
#[derive(Clone, Debug, Default)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// The last value of `name`, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`, in any case, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
