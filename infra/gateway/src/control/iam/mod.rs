//! IAM, as far as programs need it to go on.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/>

use super::call::Entry;
use super::documents::{DocumentsError, Scope};
use super::service_model;
use super::services::Service;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "iam",
    model: &service_model::IAM,
    operations: OPERATIONS,
    validation_error: "ValidationError",
    missing_token: "MissingAuthenticationToken",
    global: true,
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
