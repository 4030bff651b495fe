//! API Gateway HTTP and WebSocket APIs (v2), as `aws apigatewayv2 get-api`, `get-routes` … describe them.
//!
//! Serialised, each type has the names that AWS's SDKs and CloudFormation use
//! (<https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/>); what AWS leaves out when it is not set is left
//! out.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ApiStage, IntegrationType, is_default};
use crate::clock::EpochMillis;

/// `ProtocolType`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProtocolType {
    /// `HTTP`
    #[default]
    #[serde(rename = "HTTP")]
    Http,
    /// `WEBSOCKET`
    #[serde(rename = "WEBSOCKET")]
    WebSocket,
}

/// An HTTP or WebSocket API and everything below it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Api {
    /// `ApiId`; the lower-cased logical id when a template declared it.
    pub api_id: String,
    /// The template's name for it, if a template declared it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logical_id: Option<String>,
    /// `Name`
    pub name: String,
    /// `Description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `Version`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `CreatedDate`
    pub created_date: EpochMillis,
    /// `ProtocolType`
    pub protocol_type: ProtocolType,
    /// `RouteSelectionExpression`: `$request.method $request.path` for HTTP, `$request.body.action` or the like for
    /// WebSocket.
    pub route_selection_expression: String,
    /// `ApiKeySelectionExpression`: `$request.header.x-api-key` unless told otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_selection_expression: Option<String>,
    /// `CorsConfiguration`, HTTP only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors_configuration: Option<CorsConfiguration>,
    /// `DisableExecuteApiEndpoint`
    pub disable_execute_api_endpoint: bool,
    /// `DisableSchemaValidation`, WebSocket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_schema_validation: Option<bool>,
    /// `IpAddressType`: `ipv4` or `dualstack`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<String>,
    /// Whether quick create made its route, integration and stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_gateway_managed: Option<bool>,
    /// `ImportInfo`: what an import left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub import_info: Vec<String>,
    /// `Warnings` of an import.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// `Tags`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tags: IndexMap<String, String>,
    /// Routes by route id.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub routes: IndexMap<String, Route>,
    /// Integrations by integration id.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub integrations: IndexMap<String, ApiIntegration>,
    /// Authorizers by authorizer id.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub authorizers: IndexMap<String, ApiAuthorizer>,
    /// Models by model id, WebSocket only.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub models: IndexMap<String, ApiModel>,
    /// Stages by stage name, `$default` included.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub stages: IndexMap<String, ApiStage>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Route {
    /// `RouteId`
    pub route_id: String,
    /// `RouteKey`: `GET /users/{userId}`, `ANY /x`, `$default`, `$connect`, `sendMessage`.
    pub route_key: String,
    /// `Target`: `integrations/{id}`; here the id alone. The wire's form is made where it is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<String>,
    /// `AuthorizationType`: `NONE`, `CUSTOM`, `JWT`, `AWS_IAM`.
    pub authorization_type: String,
    /// `AuthorizerId`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer_id: Option<String>,
    /// `AuthorizationScopes`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_scopes: Vec<String>,
    /// `ApiKeyRequired`, WebSocket's `$connect` only.
    pub api_key_required: bool,
    /// `OperationName`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_name: Option<String>,
    /// `ModelSelectionExpression`, WebSocket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_selection_expression: Option<String>,
    /// `RequestModels`, WebSocket only.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub request_models: IndexMap<String, String>,
    /// `RequestParameters` (`{Required: bool}` by name), WebSocket only.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub request_parameters: IndexMap<String, Value>,
    /// `RouteResponseSelectionExpression`, WebSocket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_response_selection_expression: Option<String>,
    /// Route responses by id, WebSocket only.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub route_responses: IndexMap<String, RouteResponse>,
    /// Whether quick create made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_gateway_managed: Option<bool>,
    /// Whether the route has a `$default` route response (WebSocket): without one it is one-way.
    pub route_response: bool,
}

/// What goes back to a WebSocket client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RouteResponse {
    /// `RouteResponseId`
    pub route_response_id: String,
    /// `RouteResponseKey`: `$default`.
    pub route_response_key: String,
    /// `ModelSelectionExpression`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_selection_expression: Option<String>,
    /// `ResponseModels`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub response_models: IndexMap<String, String>,
    /// `ResponseParameters`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub response_parameters: IndexMap<String, Value>,
}

/// An integration of an HTTP or WebSocket API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiIntegration {
    /// `IntegrationId`
    pub integration_id: String,
    /// `IntegrationType`
    pub integration_type: IntegrationType,
    /// `IntegrationSubtype`: the AWS service action of an HTTP API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_subtype: Option<String>,
    /// `IntegrationMethod`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_method: Option<String>,
    /// `IntegrationUri`: a function's ARN or the REST form of it; a URL for HTTP_PROXY.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_uri: Option<String>,
    /// `Description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `ConnectionType`: `INTERNET` or `VPC_LINK`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_type: Option<String>,
    /// `ConnectionId`: a VPC link's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// `CredentialsArn`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_arn: Option<String>,
    /// `ContentHandlingStrategy`, WebSocket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_handling_strategy: Option<String>,
    /// `PassthroughBehavior`, WebSocket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passthrough_behavior: Option<String>,
    /// `PayloadFormatVersion`: `1.0` or `2.0`; WebSocket is always `1.0`.
    pub payload_format_version: String,
    /// `RequestParameters`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub request_parameters: IndexMap<String, String>,
    /// `RequestTemplates`, WebSocket only.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub request_templates: IndexMap<String, String>,
    /// `ResponseParameters` by status code, HTTP only.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub response_parameters: IndexMap<String, IndexMap<String, String>>,
    /// `TemplateSelectionExpression`, WebSocket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_selection_expression: Option<String>,
    /// `IntegrationResponseSelectionExpression`, WebSocket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_response_selection_expression: Option<String>,
    /// Integration responses by id, WebSocket only.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub integration_responses: IndexMap<String, ApiIntegrationResponse>,
    /// `TimeoutInMillis`; AWS's default is 30,000 for HTTP and 29,000 for WebSocket.
    pub timeout_in_millis: u32,
    /// `TlsConfig`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<Value>,
    /// Whether quick create made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_gateway_managed: Option<bool>,
}

impl Default for ApiIntegration {
    fn default() -> Self {
        ApiIntegration {
            integration_id: String::new(),
            integration_type: IntegrationType::AwsProxy,
            integration_subtype: None,
            integration_method: None,
            integration_uri: None,
            description: None,
            connection_type: None,
            connection_id: None,
            credentials_arn: None,
            content_handling_strategy: None,
            passthrough_behavior: None,
            payload_format_version: "1.0".to_owned(),
            request_parameters: IndexMap::new(),
            request_templates: IndexMap::new(),
            response_parameters: IndexMap::new(),
            template_selection_expression: None,
            integration_response_selection_expression: None,
            integration_responses: IndexMap::new(),
            timeout_in_millis: 30_000,
            tls_config: None,
            api_gateway_managed: None,
        }
    }
}

/// How an integration's answer goes back, WebSocket only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiIntegrationResponse {
    /// `IntegrationResponseId`
    pub integration_response_id: String,
    /// `IntegrationResponseKey`: `$default`, or `/{regular expression}/`.
    pub integration_response_key: String,
    /// `ContentHandlingStrategy`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_handling_strategy: Option<String>,
    /// `ResponseParameters`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub response_parameters: IndexMap<String, String>,
    /// `ResponseTemplates`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub response_templates: IndexMap<String, String>,
    /// `TemplateSelectionExpression`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_selection_expression: Option<String>,
}

/// An authorizer of an HTTP or WebSocket API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiAuthorizer {
    /// `AuthorizerId`
    pub authorizer_id: String,
    /// `Name`
    pub name: String,
    /// `AuthorizerType`: `REQUEST` or `JWT`.
    pub authorizer_type: String,
    /// `AuthorizerUri`, of the form of a Lambda integration's `uri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer_uri: Option<String>,
    /// `AuthorizerCredentialsArn`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer_credentials_arn: Option<String>,
    /// `IdentitySource`: `$request.header.Authorization`, `route.request.querystring.token`, …
    pub identity_source: Vec<String>,
    /// `IdentityValidationExpression`, of no use on AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_validation_expression: Option<String>,
    /// `AuthorizerPayloadFormatVersion`: `1.0` or `2.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer_payload_format_version: Option<String>,
    /// `AuthorizerResultTtlInSeconds`, 0 to 3,600, HTTP only; 0, AWS's default there, is no caching.
    #[serde(skip_serializing_if = "is_default")]
    pub authorizer_result_ttl_in_seconds: u32,
    /// `EnableSimpleResponses`
    #[serde(skip_serializing_if = "is_default")]
    pub enable_simple_responses: bool,
    /// `JwtConfiguration`, as declared (`Issuer`, `Audience`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt_configuration: Option<Value>,
}

/// A model of a message, WebSocket only: `Model` in AWS's API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiModel {
    /// `ModelId`
    pub model_id: String,
    /// `Name`
    pub name: String,
    /// `ContentType`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON schema, draft 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
}

/// `CorsConfiguration` of an HTTP API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CorsConfiguration {
    /// `AllowOrigins`: exact origins, `*`, or `https://*.example.com`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_origins: Vec<String>,
    /// `AllowMethods`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_methods: Vec<String>,
    /// `AllowHeaders`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_headers: Vec<String>,
    /// `ExposeHeaders`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// `MaxAge`, seconds; -1 forbids browsers to remember.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<i32>,
    /// `AllowCredentials`
    #[serde(skip_serializing_if = "is_default")]
    pub allow_credentials: bool,
}

/// `DomainName` of v2: a record, since names resolve to this machine without it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiDomainName {
    /// `DomainName`
    pub domain_name: String,
    /// `DomainNameConfigurations`, completed with what AWS answers beside what was declared.
    pub domain_name_configurations: Vec<serde_json::Map<String, Value>>,
    /// `MutualTlsAuthentication`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutual_tls_authentication: Option<Value>,
    /// `RoutingMode`: `API_MAPPING_ONLY` unless told otherwise.
    pub routing_mode: String,
    /// `Tags`
    pub tags: IndexMap<String, String>,
}

/// `ApiMapping`: a path of a domain name, and the stage that it leads to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiMapping {
    /// `ApiMappingId`
    pub api_mapping_id: String,
    /// The domain name that it is of.
    pub domain_name: String,
    /// `ApiId`, REST APIs' included.
    pub api_id: String,
    /// `Stage`
    pub stage: String,
    /// `ApiMappingKey`: the path without slashes at its ends; empty is the root.
    pub api_mapping_key: String,
}

/// `VpcLink` of v2: a record, since there is no VPC here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ApiVpcLink {
    /// `VpcLinkId`
    pub vpc_link_id: String,
    /// `Name`
    pub name: String,
    /// `CreatedDate`
    pub created_date: EpochMillis,
    /// `SecurityGroupIds`
    pub security_group_ids: Vec<String>,
    /// `SubnetIds`
    pub subnet_ids: Vec<String>,
    /// `Tags`
    pub tags: IndexMap<String, String>,
}
