//! What every Ferrogate function uses.
//!
//! - [`domain`]: the rules. It knows no AWS type, no HTTP and no status code.
//! - [`store`]: one trait per storage operation, so that a function's dependencies state the same permissions as its
//!   IAM policy; on DynamoDB ([`store::dynamodb`]) and in memory ([`store::memory`]).
//! - [`auth`] and [`chat`]: bearer tokens and policies; rooms, frames and broadcasts.
//! - [`api`], [`request`], [`response`], [`errors`]: HTTP's side, the same for REST (payload 1.0) and HTTP (2.0) APIs.
//! - [`bootstrap`], [`config`], [`telemetry`], [`clock`]: how a function starts and what it is given.
//!
//! Every future that crosses this crate's edge is boxed. The AWS SDK and the Lambda runtime are generic and large:
//! boxing lets them be compiled once, here, rather than again in each of the functions' binaries.

pub mod api;
pub mod auth;
pub mod bootstrap;
pub mod chat;
pub mod clock;
pub mod config;
pub mod domain;
pub mod errors;
pub mod request;
pub mod response;
pub mod store;
pub mod telemetry;

pub use futures_util::future::BoxFuture;
pub use lambda_http::{Body, Request, Response};
