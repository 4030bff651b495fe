//! Gateway responses: what API Gateway itself answers when it refuses or fails.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// All types with their statuses; the two defaults have none of their own. `WAF_FILTERED` and the like are answers of what
/// does not run here; they can be changed nevertheless.
pub const GATEWAY_RESPONSES: &[(&str, Option<&str>)] = &[
    ("ACCESS_DENIED", Some("403")),
    ("API_CONFIGURATION_ERROR", Some("500")),
    ("AUTHORIZER_CONFIGURATION_ERROR", Some("500")),
    ("AUTHORIZER_FAILURE", Some("500")),
    ("BAD_REQUEST_BODY", Some("400")),
    ("BAD_REQUEST_PARAMETERS", Some("400")),
    ("DEFAULT_4XX", None),
    ("DEFAULT_5XX", None),
    ("EXPIRED_TOKEN", Some("403")),
    ("INTEGRATION_FAILURE", Some("504")),
    ("INTEGRATION_TIMEOUT", Some("504")),
    ("INVALID_API_KEY", Some("403")),
    ("INVALID_SIGNATURE", Some("403")),
    ("MISSING_AUTHENTICATION_TOKEN", Some("403")),
    ("QUOTA_EXCEEDED", Some("429")),
    ("REQUEST_TOO_LARGE", Some("413")),
    ("RESOURCE_NOT_FOUND", Some("404")),
    ("THROTTLED", Some("429")),
    ("UNAUTHORIZED", Some("401")),
    ("UNSUPPORTED_MEDIA_TYPE", Some("415")),
    ("WAF_FILTERED", Some("403")),
];

/// The body of the type `application/json` where none is given.
pub const GATEWAY_RESPONSE_TEMPLATE: &str = r#"{"message":$context.error.messageString}"#;

/// What API Gateway itself answers when it refuses or fails.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayResponse {
    /// `responseType`: `ACCESS_DENIED`, `DEFAULT_4XX`, …
    pub response_type: String,
    /// `statusCode`, where it is not the type's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// `gatewayresponse.header.{name}` by value.
    pub response_parameters: IndexMap<String, String>,
    /// Templates by content type.
    pub response_templates: IndexMap<String, String>,
    /// Whether it is the one that API Gateway made.
    pub default_response: bool,
}
