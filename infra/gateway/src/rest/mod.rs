//! The data plane of REST APIs.

mod authorize;
mod cache;
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

pub use pipeline::serve;
pub(crate) use pipeline::serve_logged;
