//! Turns declared APIs into immutable snapshots: a request parses nothing of what is prepared here.

mod authorizer;
pub mod http;
mod lambda_arn;
pub mod rest;
mod routes;
pub mod websocket;

pub(crate) use authorizer::{AuthorizerPayload, ContextField, IdentitySource, LambdaAuthorizer};
pub(crate) use lambda_arn::FunctionRef;
pub(crate) use routes::{RouteTree, parameter_names};

/// Why an API cannot be served as declared: what is wrong, where, and so how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{api}: {place}: {reason}")]
pub struct CompileError {
    /// The API: its logical id where a template declared it, otherwise its id.
    pub api: String,
    /// The resource, route or authorizer in question, in AWS's terms (`GET /users`, `authorizer Tokens`).
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

impl CompileError {
    pub(crate) fn new(api: &str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        CompileError { api: api.to_owned(), place: place.into(), reason: reason.into() }
    }
}
