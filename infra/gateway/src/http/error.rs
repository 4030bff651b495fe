//! Everything an HTTP API answers by itself instead of its integration.

use ::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use ::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;

use crate::authorize::VerifyError;
use crate::server::Reply;

/// A gateway response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GatewayError {
    /// The policy, or what stands for it, says no.
    Forbidden,
    /// The token has none of the route's scopes.
    InsufficientScope,
    /// The integration or the authorizer failed.
    InternalServerError,
    /// The token is not believed, and why.
    InvalidToken(VerifyError),
    /// No such stage or route.
    NotFound,
    /// The body is over 10 MB, or the event over Lambda's 6 MB.
    RequestEntityTooLarge,
    /// The integration took too long.
    ServiceUnavailable,
    /// The account or the route is throttled.
    TooManyRequests,
    /// The caller did not say who it is.
    Unauthorized,
    /// The same on a route with a JWT authorizer, which names its scheme.
    UnauthorizedBearer,
}

impl GatewayError {
    /// What access logs say of an integration that ended in this error.
    pub(super) fn integration_error(self) -> &'static str {
        match self {
            GatewayError::ServiceUnavailable => "The integration timed out",
            GatewayError::RequestEntityTooLarge => "The event is too large for Lambda",
            _ => "The function failed, or its result is no response",
        }
    }

    /// `WWW-Authenticate`, of JWT authorizers only.
    fn challenge(self) -> Option<HeaderValue> {
        let because = |error: &str, description: &dyn std::fmt::Display| {
            let value = format!("Bearer scope=\"\" error=\"{error}\" error_description=\"{description}\"");
            HeaderValue::from_str(&value).ok()
        };
        match self {
            GatewayError::UnauthorizedBearer => Some(HeaderValue::from_static("Bearer")),
            GatewayError::InvalidToken(error) => because("invalid_token", &error),
            // AWS is known for the status; the header is by analogy.
            GatewayError::InsufficientScope => {
                because("insufficient_scope", &"the token has none of the scopes that the route asks for")
            }
            _ => None,
        }
    }

    /// The reply, without what the tail adds to all replies.
    pub(super) fn reply(self) -> Reply {
        let (status, body) = match self {
            GatewayError::Forbidden | GatewayError::InsufficientScope => {
                (StatusCode::FORBIDDEN, r#"{"message":"Forbidden"}"#)
            }
            GatewayError::InternalServerError => {
                (StatusCode::INTERNAL_SERVER_ERROR, r#"{"message":"Internal Server Error"}"#)
            }
            GatewayError::NotFound => (StatusCode::NOT_FOUND, r#"{"message":"Not Found"}"#),
            GatewayError::RequestEntityTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, r#"{"message":"Request Entity Too Large"}"#)
            }
            GatewayError::ServiceUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, r#"{"message":"Service Unavailable"}"#)
            }
            // Without Retry-After, as AWS's.
            GatewayError::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, r#"{"message":"Too Many Requests"}"#),
            GatewayError::Unauthorized | GatewayError::UnauthorizedBearer | GatewayError::InvalidToken(_) => {
                (StatusCode::UNAUTHORIZED, r#"{"message":"Unauthorized"}"#)
            }
        };
        let mut reply = Response::new(Bytes::from_static(body.as_bytes()));
        *reply.status_mut() = status;
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(challenge) = self.challenge() {
            reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        reply
    }
}
