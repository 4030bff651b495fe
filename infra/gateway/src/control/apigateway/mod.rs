//! API Gateway REST APIs (v1).
//!
//! <https://docs.aws.amazon.com/apigateway/latest/api/>

mod api_policy;
mod authorizers;
mod declare;
mod deployments;
mod errors;
mod gateway_responses;
mod integrations;
mod mapping;
mod methods;
mod model_schema;
mod model_template;
mod models;
mod page;
mod patch;
mod publish;
mod resources;
mod rest_apis;
mod stage_patch;
mod stages;
mod state;
mod tags;
mod validators;

use super::call::Entry;
use super::service_model;
use super::services::Service;

pub(crate) use self::publish::publish_all;
pub(crate) use self::state::State;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "apigateway",
    model: &service_model::APIGATEWAY,
    operations: OPERATIONS,
    // What the model does not allow is another error than what the service refuses.
    validation_error: "ValidationException",
    missing_token: "MissingAuthenticationTokenException",
    global: false,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] = &[
    rest_apis::OPERATIONS,
    resources::OPERATIONS,
    methods::OPERATIONS,
    integrations::OPERATIONS,
    deployments::OPERATIONS,
    stages::OPERATIONS,
    authorizers::OPERATIONS,
    validators::OPERATIONS,
    models::OPERATIONS,
    gateway_responses::OPERATIONS,
    tags::OPERATIONS,
];

#[cfg(test)]
mod tests;
