//! API Gateway REST APIs (v1), as `aws apigateway get-rest-api`, `get-resources`, `get-stage` … describe them.

use indexmap::IndexMap;

/// A REST API and everything below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RestApi {
    /// The API id; the lower-cased logical id when a template declared it.
    pub id: String,
    /// The template's name for it, if a template declared it.
    pub logical_id: Option<String>,
    /// Its display name.
    pub name: String,
    /// Media types that are passed on as binary (`image/png`, `image/*`, `*/*`).
    pub binary_media_types: Vec<String>,
    /// Resources, the root (`/`) first.
    pub resources: Vec<Resource>,
    /// Authorizers by authorizer id.
    pub authorizers: IndexMap<String, Authorizer>,
    /// Stages by stage name.
    pub stages: IndexMap<String, Stage>,
}

/// One node of the tree of paths.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// The resource id.
    pub id: String,
    /// The parent's id; `None` for the root.
    pub parent_id: Option<String>,
    /// The last segment: `users`, `{userId}`, `{proxy+}`; `None` for the root.
    pub path_part: Option<String>,
    /// The whole path: `/users/{userId}`.
    pub path: String,
    /// Methods by HTTP verb, `ANY` included.
    pub methods: IndexMap<String, Method>,
}

/// One verb on one resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Method {
    /// `GET` … `ANY`.
    pub http_method: String,
    /// `NONE`, `CUSTOM`, `AWS_IAM` or `COGNITO_USER_POOLS`.
    pub authorization_type: String,
    /// With `CUSTOM` or `COGNITO_USER_POOLS`.
    pub authorizer_id: Option<String>,
    /// Whether an API key is required.
    pub api_key_required: bool,
    /// `operationName` (`operationId` in OpenAPI).
    pub operation_name: Option<String>,
    /// What answers; `None` fails every request with 500, as on AWS.
    pub integration: Option<Integration>,
}

/// What answers a method.
#[derive(Clone, Debug, PartialEq)]
pub struct Integration {
    /// `type`
    pub integration_type: IntegrationType,
    /// `uri`: for Lambda `arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations`.
    pub uri: Option<String>,
    /// `httpMethod`; must be `POST` for Lambda.
    pub http_method: Option<String>,
    /// `timeoutInMillis`, 50 to 29,000; AWS's default is 29,000.
    pub timeout_in_millis: u32,
}

/// `type` of an integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrationType {
    /// `AWS_PROXY`: the whole request to Lambda.
    AwsProxy,
    /// `AWS`: an AWS service, through templates.
    Aws,
    /// `HTTP_PROXY`
    HttpProxy,
    /// `HTTP`
    Http,
    /// `MOCK`
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
#[derive(Clone, Debug, PartialEq)]
pub struct Authorizer {
    /// The authorizer id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `type`
    pub authorizer_type: AuthorizerType,
    /// `authorizerUri`, of the form of a Lambda integration's `uri`.
    pub authorizer_uri: Option<String>,
    /// `identitySource`: `method.request.header.Authorization`, or a comma-separated list for REQUEST.
    pub identity_source: Option<String>,
    /// `identityValidationExpression`: a regular expression that the whole token must match.
    pub identity_validation_expression: Option<String>,
    /// `authorizerResultTtlInSeconds`, 0 to 3,600; AWS's default is 300; 0 turns caching off.
    pub authorizer_result_ttl_in_seconds: u32,
}

/// `type` of a REST authorizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizerType {
    /// `TOKEN`
    Token,
    /// `REQUEST`
    Request,
    /// `COGNITO_USER_POOLS`
    CognitoUserPools,
}

/// A stage of a REST API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stage {
    /// `stageName`
    pub stage_name: String,
    /// `deploymentId`, shown in events.
    pub deployment_id: String,
    /// Stage variables.
    pub variables: IndexMap<String, String>,
}
