//! The data plane of REST APIs.

mod authorize;
mod compression;
mod customise;
mod error;
mod event;
mod integration;
mod journal;
mod limits;
mod parse;
mod pipeline;
mod respond;
mod route;
mod signature;
#[cfg(test)]
mod tests;
mod user_pools;

pub(crate) use error::content_too_long;
pub use integration::Backends;
pub use pipeline::serve;
pub(crate) use pipeline::serve_logged;
