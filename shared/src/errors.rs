//! What can go wrong in a function, and the one place where it becomes an answer.
//!
//! Every error has two messages: the client sees the first, the log the second. A 5xx never says more than that it
//! happened.

use lambda_http::{Body, Response};
use serde_json::{Value, json};

use crate::{
    domain::{Invalid, Timestamp},
    response,
    store::StoreError,
};

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The body's field, the path or query parameter, or the header.
    pub field: &'static str,
    /// Why, in words for whoever sent it.
    pub reason: String,
}

impl FieldError {
    /// Says that `field` is refused for this reason.
    pub fn new(field: &'static str, reason: impl Into<String>) -> Self {
        FieldError { field, reason: reason.into() }
    }

    /// Says that `field` broke a rule.
    pub fn from_invalid(field: &'static str, invalid: Invalid) -> Self {
        FieldError { field, reason: invalid.0 }
    }
}

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// One or more fields are wrong; all of them are listed.
    #[error("{} field(s) refused", .0.len())]
    Validation(Vec<FieldError>),
    /// The body cannot be read at all.
    #[error("the body was refused: {0}")]
    BadBody(String),
    /// The body has more than this many bytes.
    #[error("the body has more than {0} bytes")]
    BodyTooLarge(usize),
    /// Nobody has said who is calling: the route has no authorizer.
    #[error("the event names no caller")]
    Unauthenticated,
    /// The caller may not do this. The text is for the caller.
    #[error("not allowed: {0}")]
    Forbidden(&'static str),
    /// The customer has used up the day's requests.
    #[error("the quota of the tier {tier} is used up")]
    QuotaExceeded {
        /// The tier.
        tier: String,
        /// How many requests its day has.
        limit: u64,
        /// When the next day begins.
        resets_at: Timestamp,
        /// How many seconds that is from now.
        retry_after: u64,
    },
    /// The user has as many API tokens as one may have.
    #[error("{0} tokens already")]
    TooManyTokens(usize),
    /// There is no such thing: `user`, `product`.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// Another user has the e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// There is a user with this id already.
    #[error("the user id is taken")]
    UserExists,
    /// The room takes no more connections.
    #[error("the room is full")]
    RoomFull,
    /// The thing has changed since the client read it.
    #[error("If-Match names another version")]
    PreconditionFailed,
    /// Others kept writing the same thing at the same time.
    #[error("too many writers at once")]
    Contended,
    /// The store asks for a pause.
    #[error("busy: {0}")]
    Busy(String),
    /// Anything else. The text is for the log.
    #[error("{0}")]
    Internal(String),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::EmailTaken => AppError::EmailTaken,
            StoreError::Exists => AppError::UserExists,
            StoreError::Changed => AppError::Contended,
            StoreError::Busy(detail) => AppError::Busy(detail),
            StoreError::Failed(detail) => AppError::Internal(detail),
        }
    }
}

impl AppError {
    /// A single wrong field.
    pub fn field(field: &'static str, reason: impl Into<String>) -> Self {
        AppError::Validation(vec![FieldError::new(field, reason)])
    }

    /// The status, the code for programs, and the message for people.
    fn public(&self) -> (u16, &'static str, String) {
        match self {
            AppError::Validation(_) => (400, "ValidationFailed", "The request has invalid fields.".into()),
            AppError::BadBody(reason) => (400, "InvalidBody", reason.clone()),
            AppError::BodyTooLarge(limit) => {
                (413, "BodyTooLarge", format!("The body must have at most {limit} bytes."))
            }
            AppError::Unauthenticated => (401, "Unauthenticated", "Sign in first.".into()),
            AppError::Forbidden(reason) => (403, "Forbidden", (*reason).into()),
            AppError::QuotaExceeded { tier, limit, resets_at, .. } => {
                let resets_at = resets_at.iso();
                (
                    429,
                    "QuotaExceeded",
                    format!("The {limit} requests that a day of the tier {tier} has are used up until {resets_at}."),
                )
            }
            AppError::TooManyTokens(limit) => {
                (409, "TooManyTokens", format!("You have {limit} tokens, which is the most: revoke one first."))
            }
            AppError::NotFound(what) => (404, "NotFound", format!("There is no such {what}.")),
            AppError::EmailTaken => (409, "EmailTaken", "Another user has this e-mail address.".into()),
            AppError::UserExists => (409, "UserExists", "There is a user with this id already.".into()),
            AppError::RoomFull => (409, "RoomFull", "The room takes no more connections.".into()),
            AppError::PreconditionFailed => {
                (412, "PreconditionFailed", "The user has changed since it was read: read it again.".into())
            }
            AppError::Contended => (409, "Conflict", "Others are writing the same thing right now: try again.".into()),
            AppError::Busy(_) => (503, "ServiceUnavailable", "The service is busy: try again shortly.".into()),
            AppError::Internal(_) => (500, "InternalError", "The request could not be done.".into()),
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.public().0
    }

    /// `message`, `code`, `errors` (for wrong fields) and `requestId` (where there is one): the one shape of an error,
    /// in HTTP bodies and in chat frames alike.
    pub fn body(&self, request_id: &str) -> Value {
        let (_, code, message) = self.public();
        let mut body = json!({ "message": message, "code": code });
        if let AppError::Validation(fields) = self {
            body["errors"] = fields.iter().map(|e| json!({ "field": e.field, "reason": e.reason })).collect();
        }
        if !request_id.is_empty() {
            body["requestId"] = request_id.into();
        }
        body
    }

    /// The HTTP answer.
    pub fn response(&self, request_id: &str) -> Response<Body> {
        let mut response = response::json(self.status(), &self.body(request_id));
        let retry_after = match self {
            AppError::Busy(_) => Some(1),
            AppError::QuotaExceeded { retry_after, .. } => Some(*retry_after),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            response = response::with_header(response, "retry-after", &seconds.to_string());
        }
        response
    }

    /// Writes the internal message to the log, once, where the error is handled.
    pub fn log(&self) {
        let (status, code, _) = self.public();
        if status >= 500 {
            tracing::error!(status, code, error = %self, "request failed");
        } else {
            tracing::info!(status, code, reason = %self, "request refused");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_5xx_says_nothing_internal() {
        let error = AppError::Internal("table Users-XYZ, account 123".into());
        assert_eq!(
            error.body("r-1"),
            json!({"message": "The request could not be done.", "code": "InternalError", "requestId": "r-1"})
        );
        assert_eq!(error.status(), 500);
        let busy = AppError::from(StoreError::Busy("table Users-XYZ".into())).response("");
        assert_eq!(busy.status(), 503);
        assert_eq!(busy.headers()["retry-after"], "1");
    }

    #[test]
    fn every_wrong_field_is_named() {
        let error = AppError::Validation(vec![FieldError::new("username", "is required"), FieldError::new("age", "x")]);
        assert_eq!(error.body("r")["errors"][1], json!({"field": "age", "reason": "x"}));
        assert_eq!(error.response("r").headers()["content-type"], "application/json");
    }
}
