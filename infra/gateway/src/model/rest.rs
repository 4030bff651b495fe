//! API Gateway REST APIs (v1), as `aws apigateway get-rest-api`, `get-resources`, `get-stage` … describe them.
//!
//! Serialised, each type has the shape and the names of AWS's own wire format
//! (<https://docs.aws.amazon.com/apigateway/latest/api/>); what AWS leaves out when it is not set is left out.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{DocumentationPart, DocumentationVersion, GatewayResponse, Shared, Stage};
use crate::clock::EpochMillis;

/// A REST API and everything below it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RestApi {
    /// The API id; the lower-cased logical id when a template declared it.
    pub id: String,
    /// The template's name for it, if a template declared it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logical_id: Option<String>,
    /// Its display name.
    pub name: String,
    /// `description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `createdDate`
    pub created_date: EpochMillis,
    /// `version`, the document's own in OpenAPI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `warnings` of an import.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Media types that are passed on as binary (`image/png`, `image/*`, `*/*`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub binary_media_types: Vec<String>,
    /// `minimumCompressionSize`, bytes from 0 to 10,485,760.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_compression_size: Option<u32>,
    /// `apiKeySource`: `HEADER` (AWS's default) or `AUTHORIZER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_source: Option<String>,
    /// `endpointConfiguration`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_configuration: Option<EndpointConfiguration>,
    /// `policy`, the resource policy's JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// `tags`
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub tags: IndexMap<String, String>,
    /// `disableExecuteApiEndpoint`
    pub disable_execute_api_endpoint: bool,
    /// `securityPolicy`: `TLS_1_0`, `TLS_1_2`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_policy: Option<String>,
    /// `endpointAccessMode`: `BASIC` or `STRICT`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_access_mode: Option<String>,
    /// Resources, the root (`/`) first; a deployment shares those that have not changed since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Shared<Resource>>,
    /// Authorizers by authorizer id.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub authorizers: IndexMap<String, Authorizer>,
    /// Request validators by id.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub request_validators: IndexMap<String, RequestValidator>,
    /// Models (JSON schemas) by name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub models: IndexMap<String, SchemaModel>,
    /// Gateway responses that were changed, by response type (`DEFAULT_4XX`, `UNAUTHORIZED`, …).
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub gateway_responses: IndexMap<String, GatewayResponse>,
    /// Documentation parts by id.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub documentation_parts: IndexMap<String, DocumentationPart>,
    /// Documentation versions by version.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub documentation_versions: IndexMap<String, DocumentationVersion>,
    /// Stages by stage name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub stages: IndexMap<String, Stage>,
}

/// `endpointConfiguration`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointConfiguration {
    /// `EDGE`, `REGIONAL` or `PRIVATE`; one.
    pub types: Vec<String>,
    /// `ipv4` or `dualstack`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<String>,
    /// Of a private API.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vpc_endpoint_ids: Vec<String>,
}

/// One node of the tree of paths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resource {
    /// The resource id.
    pub id: String,
    /// The parent's id; `None` for the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The last segment: `users`, `{userId}`, `{proxy+}`; `None` for the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_part: Option<String>,
    /// The whole path: `/users/{userId}`.
    pub path: String,
    /// Methods by HTTP verb, `ANY` included.
    #[serde(rename = "resourceMethods", skip_serializing_if = "IndexMap::is_empty")]
    pub methods: IndexMap<String, Method>,
}

/// One verb on one resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Method {
    /// `GET` … `ANY`.
    pub http_method: String,
    /// `NONE`, `CUSTOM`, `AWS_IAM` or `COGNITO_USER_POOLS`.
    pub authorization_type: String,
    /// With `CUSTOM` or `COGNITO_USER_POOLS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer_id: Option<String>,
    /// `authorizationScopes`, with `COGNITO_USER_POOLS`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_scopes: Vec<String>,
    /// Whether an API key is required.
    pub api_key_required: bool,
    /// `operationName` (`operationId` in OpenAPI).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_name: Option<String>,
    /// `requestValidatorId`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_validator_id: Option<String>,
    /// `method.request.{querystring|path|header}.{name}`, and whether it is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_parameters: Option<IndexMap<String, bool>>,
    /// Model names by content type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_models: Option<IndexMap<String, String>>,
    /// Method responses by status code.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub method_responses: IndexMap<String, MethodResponse>,
    /// What answers; `None` fails every request with 500, as on AWS.
    #[serde(rename = "methodIntegration", skip_serializing_if = "Option::is_none")]
    pub integration: Option<Integration>,
}

/// What a method may answer with one status code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MethodResponse {
    /// `statusCode`
    pub status_code: String,
    /// `method.response.header.{name}`, and whether it is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_parameters: Option<IndexMap<String, bool>>,
    /// Model names by content type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_models: Option<IndexMap<String, String>>,
}

/// What answers a method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Integration {
    /// `type`
    #[serde(rename = "type")]
    pub integration_type: IntegrationType,
    /// `httpMethod`; must be `POST` for Lambda.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_method: Option<String>,
    /// `uri`: for Lambda `arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// `INTERNET` or `VPC_LINK`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_type: Option<String>,
    /// The VPC link's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// A role's ARN, or `arn:aws:iam::*:user/*` for the caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// `integration.request.{…}` by what it is taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_parameters: Option<IndexMap<String, String>>,
    /// Mapping templates by content type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_templates: Option<IndexMap<String, Option<String>>>,
    /// `WHEN_NO_MATCH`, `WHEN_NO_TEMPLATES` or `NEVER`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passthrough_behavior: Option<String>,
    /// `CONVERT_TO_BINARY` or `CONVERT_TO_TEXT`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<String>,
    /// `timeoutInMillis`, 50 to 29,000; AWS's default is 29,000.
    pub timeout_in_millis: u32,
    /// `cacheNamespace`; the resource's id unless told otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_namespace: Option<String>,
    /// `method.request.{…}` that are part of the cache's key.
    pub cache_key_parameters: Vec<String>,
    /// Integration responses by status code.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub integration_responses: IndexMap<String, IntegrationResponse>,
    /// `tlsConfig`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// `BUFFERED` or `STREAM`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_transfer_mode: Option<String>,
    /// `integrationTarget`: the load balancer's ARN of a private integration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_target: Option<String>,
}

impl Default for Integration {
    fn default() -> Self {
        Integration {
            integration_type: IntegrationType::Mock,
            http_method: None,
            uri: None,
            connection_type: None,
            connection_id: None,
            credentials: None,
            request_parameters: None,
            request_templates: None,
            passthrough_behavior: None,
            content_handling: None,
            timeout_in_millis: 29_000,
            cache_namespace: None,
            cache_key_parameters: Vec::new(),
            integration_responses: IndexMap::new(),
            tls_config: None,
            response_transfer_mode: None,
            integration_target: None,
        }
    }
}

/// `tlsConfig`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlsConfig {
    /// `insecureSkipVerification`
    pub insecure_skip_verification: bool,
    /// `serverNameToVerify`, HTTP APIs only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name_to_verify: Option<String>,
}

/// How an integration's answer becomes the method's, for one status code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IntegrationResponse {
    /// `statusCode`
    pub status_code: String,
    /// `selectionPattern`: a regular expression on the status or the error message; none is the default response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selection_pattern: Option<String>,
    /// `method.response.header.{name}` by what it is taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_parameters: Option<IndexMap<String, String>>,
    /// Mapping templates by content type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_templates: Option<IndexMap<String, Option<String>>>,
    /// `CONVERT_TO_BINARY` or `CONVERT_TO_TEXT`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<String>,
}

/// `type` of an integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntegrationType {
    /// `AWS_PROXY`: the whole request to Lambda.
    #[serde(rename = "AWS_PROXY")]
    AwsProxy,
    /// `AWS`: an AWS service, through templates.
    #[serde(rename = "AWS")]
    Aws,
    /// `HTTP_PROXY`
    #[serde(rename = "HTTP_PROXY")]
    HttpProxy,
    /// `HTTP`
    #[serde(rename = "HTTP")]
    Http,
    /// `MOCK`
    #[serde(rename = "MOCK")]
    Mock,
}

impl IntegrationType {
    /// The type as AWS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            IntegrationType::AwsProxy => "AWS_PROXY",
            IntegrationType::Aws => "AWS",
            IntegrationType::HttpProxy => "HTTP_PROXY",
            IntegrationType::Http => "HTTP",
            IntegrationType::Mock => "MOCK",
        }
    }
}

/// A REST authorizer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Authorizer {
    /// The authorizer id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `type`
    #[serde(rename = "type")]
    pub authorizer_type: AuthorizerType,
    /// `providerARNs`: the user pools of `COGNITO_USER_POOLS`.
    #[serde(rename = "providerARNs", skip_serializing_if = "Vec::is_empty")]
    pub provider_arns: Vec<String>,
    /// `authType`, for OpenAPI only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<String>,
    /// `authorizerUri`, of the form of a Lambda integration's `uri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer_uri: Option<String>,
    /// `authorizerCredentials`: a role's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer_credentials: Option<String>,
    /// `identitySource`: `method.request.header.Authorization`, or a comma-separated list for REQUEST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_source: Option<String>,
    /// `identityValidationExpression`: a regular expression that the whole token must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_validation_expression: Option<String>,
    /// `authorizerResultTtlInSeconds`, 0 to 3,600; AWS's default is 300; 0 turns caching off.
    pub authorizer_result_ttl_in_seconds: u32,
}

/// `type` of a REST authorizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthorizerType {
    /// `TOKEN`
    #[default]
    #[serde(rename = "TOKEN")]
    Token,
    /// `REQUEST`
    #[serde(rename = "REQUEST")]
    Request,
    /// `COGNITO_USER_POOLS`
    #[serde(rename = "COGNITO_USER_POOLS")]
    CognitoUserPools,
}

/// What of a request is checked before the integration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestValidator {
    /// The validator's id.
    pub id: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Against the method's request models.
    pub validate_request_body: bool,
    /// Whether the required ones are there.
    pub validate_request_parameters: bool,
}

/// A model of a body: `Model` in AWS's API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SchemaModel {
    /// The model's id.
    pub id: String,
    /// Its name, by which methods refer to it.
    pub name: String,
    /// `description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON schema, draft 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// `contentType`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}
