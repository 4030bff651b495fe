//! Turns declared APIs into immutable snapshots, one for each stage: a request parses nothing of what is prepared here.
//!
//! What AWS accepts compiles. What is declared and not served yet fails closed, route by route, and is named in the
//! snapshot's warnings; a [`CompileError`] is for what AWS refuses too.

mod authorizer;
mod gateway_response;
pub mod http;
mod lambda_arn;
pub mod rest;
mod routes;
mod source_arn;
mod token_authorizer;
pub mod websocket;

pub(crate) use authorizer::{AuthorizerPayload, ContextField, IdentitySource, LambdaAuthorizer};
pub(crate) use gateway_response::{GatewayResponses, Source};
pub(crate) use lambda_arn::FunctionRef;
pub(crate) use routes::{RouteTree, parameter_names};
pub(crate) use source_arn::SourceArn;
pub(crate) use token_authorizer::{JwtAuthorizer, UserPoolAuthorizer};

use crate::model::{ApiStage, RouteSettings};
use crate::throttle::{Limit, Stated};

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

/// Why a part of an API cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// AWS accepts it; it is not served here, or fails on AWS too once a request comes.
    Unsupported(String),
    /// It has no meaning on AWS either.
    Invalid(String),
}

/// What a stage of an HTTP or WebSocket API allows one of its routes.
fn route_limit(api_id: &str, stage: &ApiStage, route_key: &str) -> Option<Limit> {
    let stated = |settings: &RouteSettings| Stated {
        rate_limit: settings.throttling_rate_limit,
        burst_limit: settings.throttling_burst_limit,
    };
    let own = stage.route_settings.get(route_key).map(stated);
    Limit::of(api_id, &stage.stage_name, route_key, own, stage.default_route_settings.as_ref().map(stated))
}

/// Gathers what is declared and not served, one line each: API, stage, place, and what happens there instead.
struct Warnings {
    stage: String,
    lines: Vec<String>,
}

impl Warnings {
    /// `kind` is `REST`, `HTTP` or `WebSocket`.
    fn new(kind: &str, api: &str, stage: &str) -> Self {
        Warnings { stage: format!("{kind} API {api} stage {stage}"), lines: Vec::new() }
    }

    fn add(&mut self, place: &str, what: impl std::fmt::Display) {
        self.lines.push(format!("{} {place}: {what}", self.stage));
    }
}
