//! What has been declared, in AWS's own terms and names, and nothing else: plain data without behaviour.
//!
//! Two writers fill it (`template` and `control`); `compile` turns it into what a request needs.
//! Field names are AWS's, in snake case; an absent value is `None`, never an invented default, unless AWS documents one.

mod cloudwatch;
mod cognito;
mod documentation;
mod event_source;
mod function_record;
mod gateway_response;
mod iam;
mod lambda;
mod logs;
mod rest;
mod rest_account;
mod rest_stage;
mod runtime;
mod shared;
mod sns;
mod v2;
mod v2_stage;

use indexmap::IndexMap;
use serde_json::Value;

pub use cloudwatch::{MetricAlarm, MetricDimension};
pub use cognito::{
    ResourceServerScope, UserPool, UserPoolClient, UserPoolGroup, UserPoolResourceServer, UserPoolUser, UserPools,
};
pub use documentation::{DocumentationPart, DocumentationPartLocation, DocumentationVersion};
pub use event_source::{
    DestinationConfig, EventSourceMapping, Filter, FilterCriteria, OnFailure, StartingPosition, UNKNOWN_STREAM_LABEL,
};
pub use function_record::{
    Alias, Environment, EphemeralStorage, EventInvokeConfig, FunctionPolicy, FunctionRecord, FunctionUrl,
    FunctionVersion, LATEST, LoggingConfig, PolicyStatement, ProvisionedConcurrency, RoutingConfig, SnapStart,
    TracingConfig, UrlCors,
};
pub use gateway_response::{GATEWAY_RESPONSE_TEMPLATE, GATEWAY_RESPONSES, GatewayResponse};
pub use iam::{AccessKey, Policy, PolicyVersion, Role, User};
pub use lambda::{Architecture, Function, FunctionCode};
pub use logs::LogGroup;
pub use rest::{
    Authorizer, AuthorizerType, EndpointConfiguration, Integration, IntegrationResponse, IntegrationType, Method,
    MethodResponse, RequestValidator, Resource, RestApi, SchemaModel, TlsConfig,
};
pub use rest_account::{
    Account, ApiKey, BasePathMapping, ClientCertificate, DomainName, MutualTls, PlanStage, QuotaSettings,
    ThrottleSettings, Usage, UsagePlan, UsagePlanKey, VpcLink,
};
pub use rest_stage::{AccessLogSettings, CanarySettings, Deployment, MethodSetting, Stage};
pub use runtime::{Runtime, RuntimeFamily};
pub use shared::Shared;
pub use sns::{Subscription, Topic};
pub use v2::{
    Api, ApiAuthorizer, ApiDomainName, ApiIntegration, ApiIntegrationResponse, ApiMapping, ApiModel, ApiVpcLink,
    CorsConfiguration, ProtocolType, Route, RouteResponse,
};
pub use v2_stage::{ApiDeployment, ApiStage, RouteSettings};

/// Whether a field may be left out when it is written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Everything one template (or one account and region) declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// REST APIs (`AWS::ApiGateway::RestApi`) by API id.
    pub rest_apis: IndexMap<String, RestApi>,
    /// HTTP and WebSocket APIs (`AWS::ApiGatewayV2::Api`) by API id.
    pub apis: IndexMap<String, Api>,
    /// Deployments of REST APIs by `{API id}/{deployment id}`.
    pub deployments: IndexMap<String, Deployment>,
    /// Deployments of HTTP and WebSocket APIs by `{API id}/{deployment id}`.
    pub api_deployments: IndexMap<String, ApiDeployment>,
    /// Lambda functions by function name.
    pub functions: IndexMap<String, Function>,
    /// What Lambda keeps of functions besides, by function name. Templates' are not read.
    pub function_records: IndexMap<String, FunctionRecord>,
    /// Templates' function URLs, by function name.
    pub function_urls: IndexMap<String, FunctionUrl>,
    /// DynamoDB tables by table name.
    pub tables: IndexMap<String, Table>,
    /// Event source mappings by UUID.
    pub event_source_mappings: IndexMap<String, EventSourceMapping>,
    /// Cognito's user pools and what is in them.
    pub user_pools: UserPools,
    /// SNS topics by ARN.
    pub topics: IndexMap<String, Topic>,
    /// Subscriptions to them, by ARN.
    pub subscriptions: IndexMap<String, Subscription>,
    /// CloudWatch's alarms by name.
    pub alarms: IndexMap<String, MetricAlarm>,
    /// CloudWatch Logs' groups by name.
    pub log_groups: IndexMap<String, LogGroup>,
    /// IAM's roles by name. Templates' are not read: nothing here is refused for the want of a permission.
    pub roles: IndexMap<String, Role>,
    /// API keys of REST and WebSocket APIs by id.
    pub api_keys: IndexMap<String, ApiKey>,
    /// Usage plans by id.
    pub usage_plans: IndexMap<String, UsagePlan>,
    /// API keys in usage plans by `{plan id}/{key id}`.
    pub usage_plan_keys: IndexMap<String, UsagePlanKey>,
}

/// A DynamoDB table (`AWS::DynamoDB::Table`).
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The physical name.
    pub table_name: String,
    /// The template's name for it, if a template declared it.
    pub logical_id: Option<String>,
    /// The body of DynamoDB's `CreateTable` (`TableName`, `KeySchema`, `AttributeDefinitions`,
    /// `GlobalSecondaryIndexes`, `StreamSpecification`, …) as AWS's JSON protocol writes it.
    pub create_table: Value,
    /// The attribute of `TimeToLiveSpecification`, if TTL is enabled.
    pub time_to_live_attribute: Option<String>,
}
