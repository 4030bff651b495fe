//! API Gateway REST APIs (v1).
//!
//! <https://docs.aws.amazon.com/apigateway/latest/api/>

mod errors;
mod page;
mod patch;
mod state;

use super::call::Entry;
use super::service_model;
use super::services::Service;

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
const OPERATIONS: &[&[Entry]] = &[];
