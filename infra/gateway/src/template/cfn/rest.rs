//! `AWS::ApiGateway::*`: REST APIs resource by resource.

use crate::model::{Authorizer, AuthorizerType, Integration, IntegrationType, Method, Stage};

use super::super::include::is_remote;
use super::super::loader::Loader;
use super::super::names;
use super::super::openapi::{self, media_types};
use super::super::properties::Properties;
use super::super::rest_builder::{RestBuilder, VERBS};
use super::super::sections::Resource;
use super::require_authorizer;

/// `AWS::ApiGateway::RestApi`
pub(in super::super) fn load_api<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["CloneFrom", "Description", "EndpointConfiguration", "FailOnWarnings", "Mode", "Tags"]);
    properties.harmless(&["Parameters", "SecurityPolicy", "EndpointAccessMode"]);
    properties.unsupported("DisableExecuteApiEndpoint", "the default endpoint stays on: it is the only one here");
    properties.unsupported("MinimumCompressionSize", "responses are not compressed");
    properties.unsupported("Policy", "resource policies are not evaluated");
    if properties.string("ApiKeySourceType").is_some_and(|source| source != "HEADER") {
        properties.unsupported("ApiKeySourceType", "API keys are not supported yet");
    }
    if let Some(location) = properties.take("BodyS3Location") {
        let at = location.at;
        let message = "the definition is in S3; put it in `Body`, with AWS::Include for a file of its own";
        properties.report().error(at, format!("{}.BodyS3Location: {message}", resource.logical_id));
    }
    let mut builder = RestBuilder::new(&resource.logical_id, properties.string("Name").unwrap_or_default());
    builder.api.binary_media_types = media_types(properties.strings("BinaryMediaTypes"));
    match properties.object("Body") {
        Some(body) => openapi::rest::import(&mut builder, &body),
        None if !properties.has("Body") && !properties.has("BodyS3Location") => properties.require("Name"),
        None => {}
    }
    loader.add_rest(builder, resource.at);
}

/// `AWS::ApiGateway::Resource`: parents before children, in whatever order they are written.
pub(in super::super) fn load_resources<'t>(loader: &mut Loader<'t>, resources: &[&'t Resource]) {
    let mut waiting: Vec<(&Resource, Properties<'t>, String, String, String)> = Vec::new();
    for resource in resources {
        let properties = loader.properties(resource);
        let parent = properties.required_string("ParentId");
        let part = properties.required_string("PathPart");
        let Some(api) = loader.rest_of(&properties, "RestApiId") else { continue };
        let api_id = api.api.id.clone();
        if let (Some(parent), Some(part)) = (parent, part) {
            waiting.push((resource, properties, api_id, parent, part));
        }
    }
    loop {
        let before = waiting.len();
        waiting.retain(|(resource, properties, api_id, parent, part)| {
            let Some(builder) = loader.rest.get_mut(api_id) else { return false };
            let Some(parent) = builder.api.resources.iter().position(|known| known.id == *parent) else { return true };
            let id = names::api_id(&resource.logical_id);
            builder.child(parent, part, Some(id), properties.place("PathPart"), properties.report());
            false
        });
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    for (_, properties, api_id, parent, _) in &waiting {
        // What a broken parent leaves behind is its own error; this one is a parent that is nowhere.
        if !properties.report().has_errors() {
            properties.error("ParentId", format!("is '{parent}', which is no resource of the API '{api_id}'"));
        }
    }
}

/// `AWS::ApiGateway::Authorizer`
pub(in super::super) fn load_authorizer<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["AuthType", "AuthorizerCredentials"]);
    properties.require("Type");
    let kind = properties.one_of("Type", &["TOKEN", "REQUEST", "COGNITO_USER_POOLS"]);
    let authorizer_type = match kind.as_deref() {
        Some("TOKEN") => AuthorizerType::Token,
        Some("REQUEST") => AuthorizerType::Request,
        _ => AuthorizerType::CognitoUserPools,
    };
    properties.unsupported("ProviderARNs", "there are no user pools locally yet: every request is refused");
    let authorizer = Authorizer {
        id: names::api_id(&resource.logical_id),
        name: properties.required_string("Name").unwrap_or_default(),
        authorizer_type,
        authorizer_uri: properties.string("AuthorizerUri"),
        identity_source: properties.string("IdentitySource"),
        identity_validation_expression: properties.string("IdentityValidationExpression"),
        authorizer_result_ttl_in_seconds: properties.integer("AuthorizerResultTtlInSeconds", 0..=3600).unwrap_or(300),
        ..Authorizer::default()
    };
    if authorizer_type != AuthorizerType::CognitoUserPools {
        properties.require("AuthorizerUri");
    }
    if authorizer_type == AuthorizerType::Token
        || (authorizer_type == AuthorizerType::Request && authorizer.authorizer_result_ttl_in_seconds > 0)
    {
        properties.require("IdentitySource");
    }
    if let Some(api) = loader.rest_of(&properties, "RestApiId") {
        api.api.authorizers.insert(authorizer.id.clone(), authorizer);
    }
}

/// `AWS::ApiGateway::Method`
pub(in super::super) fn load_method<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.require("HttpMethod");
    let http_method = properties.one_of("HttpMethod", VERBS);
    properties.unsupported("RequestModels", "models are not used: requests are not validated");
    properties.unsupported("RequestParameters", "requests are not validated");
    properties.unsupported("RequestValidatorId", "requests are not validated");
    properties.unsupported("AuthorizationScopes", "scopes are not checked");
    let types = ["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"];
    let authorization_type = properties.one_of("AuthorizationType", &types).unwrap_or_else(|| "NONE".to_owned());
    let authorizer_id = properties.string("AuthorizerId");
    let integration = properties.object("Integration").and_then(|integration| read_integration(&integration));
    // Of a proxy integration API Gateway passes the answer on as it is; the others are listed as a whole.
    properties.harmless(&["MethodResponses"]);
    if !properties.has("Integration") {
        properties.report().error(resource.at, format!("{}: No integration defined for method", resource.logical_id));
    }
    let operation_name = properties.string("OperationName");
    let api_key_required = properties.boolean("ApiKeyRequired").unwrap_or(false);
    let resource_id = properties.required_string("ResourceId");
    let Some(api) = loader.rest_of(&properties, "RestApiId") else { return };
    if matches!(authorization_type.as_str(), "CUSTOM" | "COGNITO_USER_POOLS") {
        require_authorizer(&properties, authorizer_id.as_ref(), &api.api.authorizers);
    }
    let (Some(http_method), Some(resource_id)) = (http_method, resource_id) else { return };
    let Some(index) = api.api.resources.iter().position(|known| known.id == resource_id) else {
        if !properties.report().has_errors() {
            properties.error("ResourceId", format!("is '{resource_id}', which is no resource of this API"));
        }
        return;
    };
    let method = Method {
        http_method,
        authorization_type,
        authorizer_id,
        api_key_required,
        operation_name,
        integration,
        ..Method::default()
    };
    api.add_method(index, method, resource.at, properties.report());
}

fn read_integration(properties: &Properties<'_>) -> Option<Integration> {
    properties.require("Type");
    let text = properties.one_of("Type", &["AWS_PROXY", "AWS", "HTTP_PROXY", "HTTP", "MOCK"])?;
    let integration_type = openapi::parse_integration_type(&text)?;
    let integration = Integration {
        integration_type,
        uri: properties.string("Uri"),
        http_method: properties.string("IntegrationHttpMethod"),
        timeout_in_millis: properties.integer("TimeoutInMillis", 50..=300_000).unwrap_or(29_000),
        ..Integration::default()
    };
    if integration_type != IntegrationType::AwsProxy {
        properties.whole_unsupported(format!("{text} integrations are not supported yet: the method answers 500"));
        return Some(integration);
    }
    properties.require("Uri");
    properties.require("IntegrationHttpMethod");
    properties.harmless(&[
        "CacheNamespace",
        "ConnectionType",
        "ContentHandling",
        "Credentials",
        "IntegrationResponses",
    ]);
    properties.harmless(&["PassthroughBehavior", "RequestTemplates"]);
    properties.unsupported("CacheKeyParameters", "responses are not cached");
    properties.unsupported("RequestParameters", "request parameters are not mapped");
    Some(integration)
}

/// `AWS::ApiGateway::Deployment`, which may make a stage.
pub(in super::super) fn load_deployment<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    properties.harmless(&["Description"]);
    properties.unsupported("DeploymentCanarySettings", "there are no canaries yet: all requests go to the deployment");
    let stage_name = properties.string("StageName");
    let mut stage = Stage { deployment_id: names::api_id(&resource.logical_id), ..Stage::default() };
    if let Some(description) = properties.object("StageDescription") {
        stage.variables = description.string_map("Variables");
        stage_settings(&description);
    }
    let Some(api) = loader.rest_of(&properties, "RestApiId") else { return };
    if let Some(stage_name) = stage_name {
        stage.stage_name.clone_from(&stage_name);
        api.api.stages.insert(stage_name, stage);
    }
}

/// `AWS::ApiGateway::Stage`
pub(in super::super) fn load_stage<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    stage_settings(&properties);
    let stage_name = properties.required_string("StageName");
    let deployment_id = properties.string("DeploymentId").unwrap_or_default();
    let variables = properties.string_map("Variables");
    let Some(api) = loader.rest_of(&properties, "RestApiId") else { return };
    let Some(stage_name) = stage_name else { return };
    if api.api.stages.contains_key(&stage_name) {
        properties.error("StageName", format!("is '{stage_name}', which this API has already"));
        return;
    }
    api.api.stages.insert(stage_name.clone(), Stage { stage_name, deployment_id, variables, ..Stage::default() });
}

/// Settings of a stage that are not in the model.
pub(in super::super) fn stage_settings(properties: &Properties<'_>) {
    properties.harmless(&["Description", "DocumentationVersion", "Tags", "TracingEnabled", "MetricsEnabled"]);
    // The gateway logs every request to the terminal already.
    properties.harmless(&["AccessLogSetting", "LoggingLevel", "DataTraceEnabled"]);
    for (key, reason) in [
        ("CacheClusterEnabled", "responses are not cached"),
        ("CacheClusterSize", "responses are not cached"),
        ("CanarySetting", "there are no canaries yet: all requests go to the deployment"),
        ("ClientCertificateId", "client certificates are not sent"),
        ("MethodSettings", "throttling, caching and logging by method are not applied"),
    ] {
        properties.unsupported(key, reason);
    }
}

/// Whether a definition's address is a local file.
pub(in super::super) fn is_local(path: &str) -> bool {
    !is_remote(path)
}
