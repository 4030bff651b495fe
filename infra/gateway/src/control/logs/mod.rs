//! CloudWatch Logs.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/>

use super::call::Entry;
use super::documents::{DocumentsError, Scope};
use super::service_model;
use super::services::Service;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "logs",
    model: &service_model::LOGS,
    operations: OPERATIONS,
    validation_error: "InvalidParameterException",
    missing_token: "MissingAuthenticationTokenException",
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
