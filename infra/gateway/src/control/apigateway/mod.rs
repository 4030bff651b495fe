//! API Gateway REST APIs (v1).
//!
//! <https://docs.aws.amazon.com/apigateway/latest/api/>

mod account;
mod api_keys;
mod base_path_mappings;
mod client_certificates;
mod documentation;
mod domain_names;
mod errors;
mod export;
mod import;
mod page;
mod patch;
mod registry;
mod sdk;
mod state;
mod test_invoke;
mod usage_plans;
mod vpc_links;

use super::call::Entry;
use super::service_model;
use super::services::Service;

pub(crate) use self::registry::Registry;
pub(crate) use self::state::State;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "apigateway",
    model: &service_model::APIGATEWAY,
    operations: OPERATIONS,
    validation_error: "BadRequestException",
    missing_token: "MissingAuthenticationTokenException",
    global: false,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] = &[
    account::OPERATIONS,
    api_keys::OPERATIONS,
    base_path_mappings::OPERATIONS,
    client_certificates::OPERATIONS,
    documentation::OPERATIONS,
    domain_names::OPERATIONS,
    export::OPERATIONS,
    import::OPERATIONS,
    sdk::OPERATIONS,
    test_invoke::OPERATIONS,
    usage_plans::OPERATIONS,
    vpc_links::OPERATIONS,
];
