//! Everything a REST API answers by itself instead of its integration, with the texts of AWS.

use std::borrow::Cow;

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;
use serde_json::json;

use crate::server::Reply;

/// A gateway response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GatewayError {
    /// ACCESS_DENIED: the policy says no.
    AccessDenied {
        /// By a Deny, rather than by the lack of an Allow.
        explicit: bool,
    },
    /// AUTHORIZER_CONFIGURATION_ERROR
    AuthorizerConfiguration,
    /// AUTHORIZER_FAILURE
    AuthorizerFailure,
    /// The body is over 10 MB.
    ContentTooLong,
    /// EXPIRED_TOKEN: the session token of a signature has expired.
    ExpiredToken,
    /// The stage does not exist, or an API key is missing.
    Forbidden,
    /// The `Authorization` header is no readable signature.
    IncompleteSignature(String),
    /// The token of a user pool has had its time.
    IncomingTokenExpired,
    /// INVALID_API_KEY: the method requires an API key, and there is none that is valid for the stage.
    InvalidApiKey,
    /// What the method is integrated with cannot be called, or its result cannot be converted.
    IntegrationFailure,
    /// INTEGRATION_TIMEOUT
    IntegrationTimeout,
    /// Lambda would not take the event of a custom integration, which is no JSON: its own words.
    InvalidEvent(String),
    /// A parameter cannot be put where it is mapped to.
    InvalidParameter,
    /// A parameter is mapped from the body, which begins as JSON does and is none.
    InvalidRequestJson,
    /// The function failed, or its result is no response.
    MalformedProxyResponse,
    /// INVALID_SIGNATURE: what is wrong with it.
    InvalidSignature(String),
    /// ACCESS_DENIED: the caller's own policies say no. The whole text.
    NotAuthorized(String),
    /// MISSING_AUTHENTICATION_TOKEN: no such resource or method, or no signature.
    MissingAuthenticationToken,
    /// QUOTA_EXCEEDED: the API key has used up what its plan allows for the period.
    QuotaExceeded,
    /// The event is over Lambda's 6 MB.
    RequestTooLong,
    /// THROTTLED
    Throttled,
    /// UNAUTHORIZED
    Unauthorized,
    /// The signature is of no known key.
    UnrecognizedClient,
    /// UNSUPPORTED_MEDIA_TYPE: no template is for the body, and it is not passed on as it is.
    UnsupportedMediaType,
    /// The method's ARN is over 1,600 bytes.
    UriTooLong,
}

const EXPLICIT_DENY: &str =
    "User is not authorized to access this resource with an explicit deny in an identity-based policy";
const IMPLICIT_DENY: &str = "User is not authorized to access this resource because no identity-based policy allows the \
                             execute-api:Invoke action";

impl GatewayError {
    /// The gateway response's type, as access logs have it; empty for what is answered before an API is looked at.
    pub(super) fn response_type(&self) -> &'static str {
        use GatewayError as E;
        match self {
            E::AccessDenied { .. } => "ACCESS_DENIED",
            E::AuthorizerConfiguration => "AUTHORIZER_CONFIGURATION_ERROR",
            E::AuthorizerFailure => "AUTHORIZER_FAILURE",
            E::ContentTooLong | E::UriTooLong => "",
            E::Forbidden => "INVALID_API_KEY",
            E::ExpiredToken => "EXPIRED_TOKEN",
            E::IncompleteSignature(_) | E::InvalidSignature(_) => "INVALID_SIGNATURE",
            E::NotAuthorized(_) => "ACCESS_DENIED",
            E::IntegrationFailure => "API_CONFIGURATION_ERROR",
            E::IntegrationTimeout => "INTEGRATION_TIMEOUT",
            E::InvalidApiKey => "INVALID_API_KEY",
            E::InvalidEvent(_) => "BAD_REQUEST_BODY",
            E::InvalidParameter => "BAD_REQUEST_PARAMETERS",
            // Of no type of its own, as far as is known.
            E::InvalidRequestJson => "DEFAULT_4XX",
            // Of no type of its own: recorded as answered by DEFAULT_5XX.
            E::MalformedProxyResponse => "DEFAULT_5XX",
            E::MissingAuthenticationToken => "MISSING_AUTHENTICATION_TOKEN",
            E::QuotaExceeded => "QUOTA_EXCEEDED",
            E::RequestTooLong => "REQUEST_TOO_LARGE",
            E::Throttled => "THROTTLED",
            // The type of an expired token is not confirmed; EXPIRED_TOKEN is 403 and of signatures.
            E::Unauthorized | E::IncomingTokenExpired => "UNAUTHORIZED",
            E::UnrecognizedClient => "ACCESS_DENIED",
            E::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
        }
    }

    /// What access logs say of an integration that ended in this error.
    pub(super) fn integration_error(&self) -> &'static str {
        match self {
            GatewayError::IntegrationTimeout => "Execution failed due to a timeout error",
            GatewayError::MalformedProxyResponse => {
                "Execution failed due to configuration error: Malformed Lambda proxy response"
            }
            GatewayError::RequestTooLong => "Execution failed: the event is too large for Lambda",
            _ => "Execution failed due to configuration error",
        }
    }

    /// The reply, without what the tail adds to all replies.
    pub(super) fn reply(&self) -> Reply {
        use GatewayError as E;
        const INTERNAL: &str = "InternalServerErrorException";
        let message = |text: &str| json!({ "message": text }).to_string();
        let (status, error_type, body): (_, _, Cow<'static, str>) = match self {
            // The one body with a capital M.
            E::AccessDenied { explicit } => {
                let text = if *explicit { EXPLICIT_DENY } else { IMPLICIT_DENY };
                (StatusCode::FORBIDDEN, "AccessDeniedException", json!({ "Message": text }).to_string().into())
            }
            E::AuthorizerConfiguration => {
                (StatusCode::INTERNAL_SERVER_ERROR, "AuthorizerConfigurationException", r#"{"message":null}"#.into())
            }
            // The type is a guess by analogy: the reference has no recording of it.
            E::AuthorizerFailure => {
                (StatusCode::INTERNAL_SERVER_ERROR, "AuthorizerFailureException", r#"{"message":null}"#.into())
            }
            E::ContentTooLong => return content_too_long(),
            E::Forbidden | E::InvalidApiKey => {
                (StatusCode::FORBIDDEN, "ForbiddenException", r#"{"message":"Forbidden"}"#.into())
            }
            E::IncompleteSignature(text) => {
                (StatusCode::FORBIDDEN, "IncompleteSignatureException", message(text).into())
            }
            E::ExpiredToken => (
                StatusCode::FORBIDDEN,
                "ExpiredTokenException",
                r#"{"message":"The security token included in the request is expired"}"#.into(),
            ),
            E::InvalidSignature(text) => (StatusCode::FORBIDDEN, "InvalidSignatureException", message(text).into()),
            E::NotAuthorized(text) => {
                (StatusCode::FORBIDDEN, "AccessDeniedException", json!({ "Message": text }).to_string().into())
            }
            E::IncomingTokenExpired => (
                StatusCode::UNAUTHORIZED,
                "UnauthorizedException",
                r#"{"message":"The incoming token has expired"}"#.into(),
            ),
            E::IntegrationFailure => {
                (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL, r#"{"message":"Internal server error"}"#.into())
            }
            E::IntegrationTimeout => {
                (StatusCode::GATEWAY_TIMEOUT, INTERNAL, r#"{"message":"Endpoint request timed out"}"#.into())
            }
            E::InvalidEvent(text) => (StatusCode::BAD_REQUEST, "BadRequestException", message(text).into()),
            // AWS documents no answer to such a value.
            E::InvalidParameter => {
                (StatusCode::BAD_REQUEST, "BadRequestException", r#"{"message":"Invalid request parameters"}"#.into())
            }
            E::InvalidRequestJson => {
                (StatusCode::BAD_REQUEST, "BadRequestException", r#"{"message":"Invalid JSON in request body"}"#.into())
            }
            E::MalformedProxyResponse => {
                (StatusCode::BAD_GATEWAY, INTERNAL, r#"{"message":"Internal server error"}"#.into())
            }
            E::MissingAuthenticationToken => (
                StatusCode::FORBIDDEN,
                "MissingAuthenticationTokenException",
                r#"{"message":"Missing Authentication Token"}"#.into(),
            ),
            E::QuotaExceeded => {
                (StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", r#"{"message":"Limit Exceeded"}"#.into())
            }
            E::RequestTooLong => {
                (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", r#"{"message":"Request Too Long"}"#.into())
            }
            // Without Retry-After, as AWS's.
            E::Throttled => {
                (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", r#"{"message":"Too Many Requests"}"#.into())
            }
            E::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "UnauthorizedException", r#"{"message":"Unauthorized"}"#.into())
            }
            E::UnrecognizedClient => (
                StatusCode::FORBIDDEN,
                "UnrecognizedClientException",
                r#"{"message":"The security token included in the request is invalid."}"#.into(),
            ),
            E::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "BadRequestException",
                r#"{"message":"Unsupported Media Type"}"#.into(),
            ),
            E::UriTooLong => {
                (StatusCode::URI_TOO_LONG, "BadRequestException", r#"{"message":"Request URI too long"}"#.into())
            }
        };
        let mut reply = reply(status, "application/json", body.into_owned());
        reply.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error_type));
        reply
    }
}

/// The one error that is no JSON and has no error type: it is told before the API is looked at.
fn content_too_long() -> Reply {
    reply(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "HTTP content length exceeded 10485760 bytes.".to_owned())
}

fn reply(status: StatusCode, content_type: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Bytes::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}
