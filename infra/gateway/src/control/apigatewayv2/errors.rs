//! The errors of the service, in AWS's words.

use super::super::call::ApiError;

/// `Invalid Route identifier specified abc`
pub(super) fn not_found(kind: &str, id: &str) -> ApiError {
    ApiError::new("NotFoundException", format!("Invalid {kind} identifier specified {id}"))
}

/// A stage's has no name in it.
pub(super) fn no_stage() -> ApiError {
    ApiError::new("NotFoundException", "Invalid stage identifier specified")
}

pub(super) fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::new("BadRequestException", message)
}

pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new("ConflictException", message)
}

/// There are `most` of these already. AWS has the code of a conflict here and the status of throttling.
pub(super) fn full(kind: &str) -> ApiError {
    let message = format!(
        "Maximum number of {kind} for this API has been reached. Please contact AWS if you need additional {kind}."
    );
    conflict(message).with_status(429)
}
