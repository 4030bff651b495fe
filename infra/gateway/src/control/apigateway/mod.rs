//! API Gateway REST APIs (v1).
//!
//! <https://docs.aws.amazon.com/apigateway/latest/api/>

mod account;
mod api_keys;
mod api_policy;
mod authorizers;
mod base_path_mappings;
mod client_certificates;
mod command;
mod declare;
mod deployments;
mod describe;
mod documentation;
mod domain_names;
mod errors;
pub(super) mod export;
mod gateway_responses;
mod import;
mod integrations;
mod kept;
mod mapping;
mod methods;
mod model_schema;
mod model_template;
mod models;
mod page;
mod patch;
mod plans;
mod publish;
mod registry;
mod resources;
mod rest_apis;
mod sdk;
mod stage_patch;
mod stages;
mod state;
mod tags;
mod test_invoke;
mod usage_plans;
mod validators;
mod vpc_links;

use super::call::Entry;
use super::service_model;
use super::services::Service;

pub(crate) use self::plans::{keep_usage, serve_plans};
pub(crate) use self::publish::publish_all;
pub(crate) use self::registry::Registry;
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
    account::OPERATIONS,
    api_keys::OPERATIONS,
    authorizers::OPERATIONS,
    base_path_mappings::OPERATIONS,
    client_certificates::OPERATIONS,
    deployments::OPERATIONS,
    documentation::OPERATIONS,
    domain_names::OPERATIONS,
    export::OPERATIONS,
    gateway_responses::OPERATIONS,
    import::OPERATIONS,
    integrations::OPERATIONS,
    methods::OPERATIONS,
    models::OPERATIONS,
    resources::OPERATIONS,
    rest_apis::OPERATIONS,
    sdk::OPERATIONS,
    stages::OPERATIONS,
    tags::OPERATIONS,
    test_invoke::OPERATIONS,
    usage_plans::OPERATIONS,
    validators::OPERATIONS,
    vpc_links::OPERATIONS,
];

#[cfg(test)]
mod tests;
