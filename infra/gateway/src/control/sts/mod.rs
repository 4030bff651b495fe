//! STS.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/>

use super::call::Entry;
use super::service_model;
use super::services::Service;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "sts",
    model: &service_model::STS,
    operations: OPERATIONS,
    validation_error: "ValidationError",
    missing_token: "MissingAuthenticationToken",
    global: false,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] = &[];
