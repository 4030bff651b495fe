//! Errors that several resources share, in AWS's own words.

use super::super::call::{ApiError, Call};

/// `BadRequestException`
pub(super) fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::new("BadRequestException", message)
}

/// `ConflictException`
pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new("ConflictException", message)
}

/// `NotFoundException`
pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("NotFoundException", message)
}

/// There is no such REST API in the caller's account and region.
pub(super) fn no_api(call: &Call<'_>, api_id: &str) -> ApiError {
    not_found(format!("Invalid API identifier specified {}:{api_id}", call.world.id.account))
}

/// There is no such thing of this kind: `Resource`, `Method`, `Integration`, `Response status code`, `Stage`,
/// `Deployment`, `Authorizer`, `Request Validator`, `API Key`, …
pub(super) fn no_such(kind: &str) -> ApiError {
    not_found(format!("Invalid {kind} identifier specified"))
}
