//! Fills the model: each resource by its type, in an order in which what others need comes first.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::model::{Api, ApiDeployment, Deployment, Model, RestApi};

use super::api_builder::ApiBuilder;
use super::error::Place;
use super::names;
use super::node::Node;
use super::properties::Properties;
use super::resolver::Resolver;
use super::rest_builder::RestBuilder;
use super::sections::Resource;
use super::{cfn, sam, types};

/// The model in the making.
pub(super) struct Loader<'t> {
    pub(super) resolver: &'t Resolver<'t>,
    /// Resolved properties by logical id.
    resolved: &'t IndexMap<String, Node>,
    pub(super) model: Model,
    pub(super) rest: IndexMap<String, RestBuilder>,
    pub(super) apis: IndexMap<String, ApiBuilder>,
    names_at: IndexMap<(&'static str, String), Place>,
}

impl<'t> Loader<'t> {
    pub(super) fn new(resolver: &'t Resolver<'t>, resolved: &'t IndexMap<String, Node>) -> Self {
        Loader {
            resolver,
            resolved,
            model: Model::default(),
            rest: IndexMap::new(),
            apis: IndexMap::new(),
            names_at: IndexMap::new(),
        }
    }

    /// Builds the model from all resources.
    pub(super) fn build(mut self) -> Model {
        let resources: Vec<&'t Resource> = self.resolver.template.resources.values().collect();
        let of = |types: &[&str]| -> Vec<&'t Resource> {
            resources.iter().copied().filter(|resource| types.contains(&resource.resource_type.as_str())).collect()
        };
        for resource in of(&["AWS::Serverless::Function", "AWS::Lambda::Function"]) {
            match resource.is_serverless() {
                true => sam::function::load(&mut self, resource),
                false => cfn::lambda::load(&mut self, resource),
            }
        }
        for resource in of(&["AWS::DynamoDB::Table"]) {
            cfn::dynamodb::load(&mut self, resource);
        }
        for resource in of(&["AWS::Serverless::SimpleTable"]) {
            sam::table::load(&mut self, resource);
        }
        for resource in resources.iter().copied() {
            cfn::cognito::load(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::RestApi"]) {
            cfn::rest::load_api(&mut self, resource);
        }
        for resource in of(&["AWS::Serverless::Api"]) {
            sam::api::load(&mut self, resource);
        }
        cfn::rest::load_resources(&mut self, &of(&["AWS::ApiGateway::Resource"]));
        for resource in of(&["AWS::ApiGateway::Authorizer"]) {
            cfn::rest::load_authorizer(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::Model"]) {
            cfn::rest::load_model(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::RequestValidator"]) {
            cfn::rest::load_validator(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::GatewayResponse"]) {
            cfn::rest::load_gateway_response(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::DocumentationPart"]) {
            cfn::rest::load_documentation_part(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::DocumentationVersion"]) {
            cfn::rest::load_documentation_version(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::Method"]) {
            cfn::rest::load_method(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::Deployment"]) {
            cfn::rest::load_deployment(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::Stage"]) {
            cfn::rest::load_stage(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGatewayV2::Api"]) {
            cfn::v2::load_api(&mut self, resource);
        }
        for resource in of(&["AWS::Serverless::HttpApi"]) {
            sam::http_api::load(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGatewayV2::Authorizer"]) {
            cfn::v2::load_authorizer(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGatewayV2::Integration"]) {
            cfn::v2::load_integration(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGatewayV2::IntegrationResponse"]) {
            cfn::v2::load_integration_response(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGatewayV2::Model"]) {
            cfn::v2::load_model(&mut self, resource);
        }
        let responses = of(&["AWS::ApiGatewayV2::RouteResponse"]);
        cfn::v2::load_routes(&mut self, &of(&["AWS::ApiGatewayV2::Route"]), &responses);
        for resource in of(&["AWS::ApiGatewayV2::Stage"]) {
            cfn::v2::load_stage(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGatewayV2::Deployment"]) {
            cfn::v2::load_deployment(&mut self, resource);
        }
        for resource in of(&["AWS::SNS::Topic"]) {
            cfn::sns::load_topic(&mut self, resource);
        }
        for resource in of(&["AWS::SNS::Subscription"]) {
            cfn::sns::load_subscription(&mut self, resource);
        }
        for resource in of(&["AWS::SNS::TopicPolicy"]) {
            cfn::sns::load_policy(&mut self, resource);
        }
        for resource in of(&["AWS::CloudWatch::Alarm"]) {
            cfn::cloudwatch::load_alarm(&mut self, resource);
        }
        for resource in of(&["AWS::Logs::LogGroup"]) {
            cfn::logs::load_group(&mut self, resource);
        }
        for resource in of(&["AWS::Serverless::Function"]) {
            sam::events::load(&mut self, resource);
        }
        for builder in self.rest.values_mut() {
            // Once all of its paths are there.
            sam::cors::add_preflight(builder, self.resolver.report);
        }
        for resource in of(&["AWS::Lambda::Url"]) {
            cfn::function_url::load(&mut self, resource);
        }
        // Keys and plans before what joins them, and plans once all stages are there.
        for resource in of(&["AWS::ApiGateway::ApiKey"]) {
            cfn::rest::load_api_key(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::UsagePlan"]) {
            cfn::rest::load_usage_plan(&mut self, resource);
        }
        for resource in of(&["AWS::ApiGateway::UsagePlanKey"]) {
            cfn::rest::load_usage_plan_key(&mut self, resource);
        }
        for resource in of(&["AWS::Lambda::EventSourceMapping"]) {
            cfn::event_source::load(&mut self, resource);
        }
        for resource in resources.iter().filter(|resource| !LOADED.contains(&resource.resource_type.as_str())) {
            if let Some(reason) = types::unsupported_reason(&resource.resource_type) {
                self.resolver.report.unsupported(resource.owner(), None, resource.at, reason);
            }
        }
        let mut model = self.model;
        snapshots(&mut model.deployments, &mut model.api_deployments, &self.rest, &self.apis);
        model.rest_apis = self.rest.into_iter().map(|(id, builder)| (id, builder.api)).collect();
        model.apis = self.apis.into_iter().map(|(id, builder)| (id, builder.api)).collect();
        model
    }

    /// A reader of a resource's resolved properties.
    pub(super) fn properties(&self, resource: &'t Resource) -> Properties<'t> {
        // Every resource of the template has been resolved; what failed as a whole reads as unresolved.
        let node = self.resolved.get(&resource.logical_id).unwrap_or(&resource.properties);
        Properties::new(self.resolver.report, resource.owner(), "", node)
    }

    /// Notes a physical name, which must be the only one of its kind.
    pub(super) fn claim(&mut self, kind: &'static str, name: &str, at: Place) -> bool {
        if let Some(first) = self.names_at.get(&(kind, name.to_owned())) {
            let line = first.line;
            self.resolver.report.error(at, format!("a second {kind} of the name '{name}' (first in line {line})"));
            return false;
        }
        self.names_at.insert((kind, name.to_owned()), at);
        true
    }

    /// Adds a REST API.
    pub(super) fn add_rest(&mut self, builder: RestBuilder, at: Place) {
        if self.claim("API", &builder.api.id, at) {
            self.rest.insert(builder.api.id.clone(), builder);
        }
    }

    /// Adds an HTTP or WebSocket API.
    pub(super) fn add_api(&mut self, builder: ApiBuilder, at: Place) {
        if self.claim("API", &builder.api.api_id, at) {
            self.apis.insert(builder.api.api_id.clone(), builder);
        }
    }

    /// The REST API that `key` names, or an error.
    pub(super) fn rest_of(&mut self, properties: &Properties<'_>, key: &str) -> Option<&mut RestBuilder> {
        let id = properties.required_string(key)?;
        let found = self.rest.get_mut(&id);
        if found.is_none() {
            properties.error(key, format!("is '{id}', which is no REST API of this template"));
        }
        found
    }

    /// The HTTP or WebSocket API that `key` names, or an error.
    pub(super) fn api_of(&mut self, properties: &Properties<'_>, key: &str) -> Option<&mut ApiBuilder> {
        let id = properties.required_string(key)?;
        let found = self.apis.get_mut(&id);
        if found.is_none() {
            properties.error(key, format!("is '{id}', which is no HTTP or WebSocket API of this template"));
        }
        found
    }

    /// The URI by which API Gateway calls this function.
    pub(super) fn lambda_uri(&self, function_arn: &str) -> String {
        names::lambda_uri(self.resolver.options, function_arn)
    }
}

/// A template's deployments have what it says now.
fn snapshots(
    deployments: &mut IndexMap<String, Deployment>,
    api_deployments: &mut IndexMap<String, ApiDeployment>,
    rest: &IndexMap<String, RestBuilder>,
    apis: &IndexMap<String, ApiBuilder>,
) {
    for (key, deployment) in deployments {
        let Some(builder) = key.split_once('/').and_then(|(api, _)| rest.get(api)) else { continue };
        deployment.snapshot = Arc::new(RestApi {
            stages: IndexMap::new(),
            documentation_parts: IndexMap::new(),
            documentation_versions: IndexMap::new(),
            ..builder.api.clone()
        });
    }
    for (key, deployment) in api_deployments {
        let Some(builder) = key.split_once('/').and_then(|(api, _)| apis.get(api)) else { continue };
        deployment.snapshot = Arc::new(Api { stages: IndexMap::new(), ..builder.api.clone() });
    }
}

/// What [`Loader::build`] reads itself.
const LOADED: &[&str] = &[
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::DocumentationPart",
    "AWS::ApiGateway::DocumentationVersion",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Deployment",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::IntegrationResponse",
    "AWS::ApiGatewayV2::Model",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::RouteResponse",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::Cognito::UserPoolUser",
    "AWS::Cognito::UserPoolUserToGroupAttachment",
    "AWS::DynamoDB::Table",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::Url",
    "AWS::Logs::LogGroup",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::Serverless::Api",
    "AWS::Serverless::Function",
    "AWS::Serverless::HttpApi",
    "AWS::Serverless::SimpleTable",
];
