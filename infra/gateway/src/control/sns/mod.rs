//! SNS.
//!
//! <https://docs.aws.amazon.com/sns/latest/api/>

use super::call::Entry;
use super::documents::{DocumentsError, Scope};
use super::service_model;
use super::services::Service;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "sns",
    model: &service_model::SNS,
    operations: OPERATIONS,
    validation_error: "InvalidParameter",
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
