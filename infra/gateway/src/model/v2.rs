//! API Gateway HTTP and WebSocket APIs (v2), as `aws apigatewayv2 get-api`, `get-routes` … describe them.

use indexmap::IndexMap;
use serde_json::Value;

use super::IntegrationType;

/// `ProtocolType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolType {
    /// `HTTP`
    Http,
    /// `WEBSOCKET`
    WebSocket,
}

/// An HTTP or WebSocket API and everything below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Api {
    /// `ApiId`; the lower-cased logical id when a template declared it.
    pub api_id: String,
    /// The template's name for it, if a template declared it.
    pub logical_id: Option<String>,
    /// `Name`
    pub name: String,
    /// `ProtocolType`
    pub protocol_type: ProtocolType,
    /// `RouteSelectionExpression`: `$request.method $request.path` for HTTP, `$request.body.action` or the like for
    /// WebSocket.
    pub route_selection_expression: String,
    /// `CorsConfiguration`, HTTP only.
    pub cors_configuration: Option<CorsConfiguration>,
    /// Routes by route id.
    pub routes: IndexMap<String, Route>,
    /// Integrations by integration id.
    pub integrations: IndexMap<String, ApiIntegration>,
    /// Authorizers by authorizer id.
    pub authorizers: IndexMap<String, ApiAuthorizer>,
    /// Stages by stage name, `$default` included.
    pub stages: IndexMap<String, ApiStage>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// `RouteId`
    pub route_id: String,
    /// `RouteKey`: `GET /users/{userId}`, `ANY /x`, `$default`, `$connect`, `sendMessage`.
    pub route_key: String,
    /// The id in `Target` (`integrations/{id}`).
    pub integration_id: Option<String>,
    /// `AuthorizationType`: `NONE`, `CUSTOM`, `JWT`, `AWS_IAM`.
    pub authorization_type: String,
    /// `AuthorizerId`
    pub authorizer_id: Option<String>,
    /// `AuthorizationScopes`
    pub authorization_scopes: Vec<String>,
    /// `ApiKeyRequired`, WebSocket's `$connect` only.
    pub api_key_required: bool,
    /// Whether the route has a `$default` route response (WebSocket): without one it is one-way.
    pub route_response: bool,
}

/// An integration of an HTTP or WebSocket API.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiIntegration {
    /// `IntegrationId`
    pub integration_id: String,
    /// `IntegrationType`
    pub integration_type: IntegrationType,
    /// `IntegrationUri`: a function's ARN or the REST form of it; a URL for HTTP_PROXY.
    pub integration_uri: Option<String>,
    /// `PayloadFormatVersion`: `1.0` or `2.0`; WebSocket is always `1.0`.
    pub payload_format_version: String,
    /// `TimeoutInMillis`; AWS's default is 30,000 for HTTP and 29,000 for WebSocket.
    pub timeout_in_millis: u32,
}

/// An authorizer of an HTTP or WebSocket API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiAuthorizer {
    /// `AuthorizerId`
    pub authorizer_id: String,
    /// `Name`
    pub name: String,
    /// `AuthorizerType`: `REQUEST` or `JWT`.
    pub authorizer_type: String,
    /// `AuthorizerUri`, of the form of a Lambda integration's `uri`.
    pub authorizer_uri: Option<String>,
    /// `IdentitySource`: `$request.header.Authorization`, `route.request.querystring.token`, …
    pub identity_source: Vec<String>,
    /// `AuthorizerPayloadFormatVersion`: `1.0` or `2.0`.
    pub authorizer_payload_format_version: Option<String>,
    /// `AuthorizerResultTtlInSeconds`, 0 to 3,600, HTTP only; 0, AWS's default there, is no caching.
    pub authorizer_result_ttl_in_seconds: u32,
    /// `EnableSimpleResponses`
    pub enable_simple_responses: bool,
    /// `JwtConfiguration`, as declared (`Issuer`, `Audience`).
    pub jwt_configuration: Option<Value>,
}

/// A stage of an HTTP or WebSocket API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiStage {
    /// `StageName`, or `$default`.
    pub stage_name: String,
    /// `StageVariables`
    pub stage_variables: IndexMap<String, String>,
    /// `AutoDeploy`
    pub auto_deploy: bool,
}

/// `CorsConfiguration` of an HTTP API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CorsConfiguration {
    /// `AllowOrigins`: exact origins, `*`, or `https://*.example.com`.
    pub allow_origins: Vec<String>,
    /// `AllowMethods`
    pub allow_methods: Vec<String>,
    /// `AllowHeaders`
    pub allow_headers: Vec<String>,
    /// `ExposeHeaders`
    pub expose_headers: Vec<String>,
    /// `MaxAge`, seconds.
    pub max_age: Option<u32>,
    /// `AllowCredentials`
    pub allow_credentials: bool,
}
