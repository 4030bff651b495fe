//! CloudWatch metrics and alarms.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/>

use super::call::Entry;
use super::documents::{DocumentsError, Scope};
use super::service_model;
use super::services::Service;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "cloudwatch",
    model: &service_model::CLOUDWATCH,
    operations: OPERATIONS,
    validation_error: "ValidationError",
    missing_token: "MissingAuthenticationToken",
    global: false,
};

/// What is here of it.
const OPERATIONS: &[&[Entry]] = &[];

/// What one account and region has of it.
pub(crate) struct State {}

impl State {
    pub(crate) fn open(_scope: &Scope) -> Result<State, DocumentsError> {
        Ok(State {})
    }
}
