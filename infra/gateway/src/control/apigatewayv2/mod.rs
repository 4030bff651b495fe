//! API Gateway HTTP and WebSocket APIs (v2).
//!
//! <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/>
//!
//! An API is one document with everything below it; its deployments are documents of their own, each with the API as it
//! was. Traffic sees deployments only: [`change`] makes one after each change where a stage deploys by itself, and
//! [`serve`] hands what a stage's deployment compiles to over to the data planes.

mod api_mappings;
mod apis;
mod authorizers;
mod change;
mod deployments;
mod describe;
mod domain_names;
mod errors;
pub(super) mod export;
mod import;
mod input;
mod integration_responses;
mod integrations;
mod messages;
mod paging;
mod quick_create;
mod route_keys;
mod route_responses;
mod routes;
mod serve;
mod stages;
mod state;
mod tags;
mod template;
mod vpc_links;

use super::call::Entry;
use super::service_model;
use super::services::Service;

pub(crate) use self::serve::publish_all;
pub(crate) use self::state::State;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "apigatewayv2",
    model: &service_model::APIGATEWAYV2,
    operations: OPERATIONS,
    validation_error: "BadRequestException",
    missing_token: "MissingAuthenticationTokenException",
    global: false,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] = &[
    apis::OPERATIONS,
    import::OPERATIONS,
    export::OPERATIONS,
    routes::OPERATIONS,
    route_responses::OPERATIONS,
    integrations::OPERATIONS,
    integration_responses::OPERATIONS,
    authorizers::OPERATIONS,
    messages::OPERATIONS,
    stages::OPERATIONS,
    deployments::OPERATIONS,
    domain_names::OPERATIONS,
    api_mappings::OPERATIONS,
    vpc_links::OPERATIONS,
    tags::OPERATIONS,
];

#[cfg(test)]
mod tests;
