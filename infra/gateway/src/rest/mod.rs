//! The data plane of REST APIs.

mod authorize;
mod error;
mod event;
mod integrate;
mod limits;
mod parse;
mod pipeline;
mod respond;
mod route;
mod signature;
#[cfg(test)]
mod tests;

pub use pipeline::serve;
