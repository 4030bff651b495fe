//! The data plane of HTTP APIs.

mod authorize;
mod cors;
mod error;
mod event;
mod integrate;
mod jwt;
mod pipeline;
mod respond;
mod route;
#[cfg(test)]
pub(crate) mod tests;

pub use pipeline::serve;
