//! The snapshot of one stage of a REST API: the resources of its deployment, and its own functions, variables and caches.

mod authorizers;
mod endpoint;
mod http_target;
mod integration;
mod logging;
mod mapping;
mod parameters;
mod service;
mod templates;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use indexmap::IndexMap;

pub(crate) use self::http_target::{HttpProxy, HttpTarget};
pub(crate) use self::integration::{Credentials, LambdaProxy, Mapped, RestIntegration};
pub(crate) use self::logging::MethodLogging;
pub(crate) use self::mapping::{ContentHandling, MappedResponse, Passthrough, RequestMapping, ResponseMapping};
pub(crate) use self::parameters::{CommonSource, RequestParameters, RequestSource, RequestTarget, ResponseSource};
#[cfg(test)]
pub(crate) use self::service::HOSTED;
pub(crate) use self::service::{ServiceCall, ServiceTarget};
pub(crate) use self::templates::MappingTemplate;
use super::{
    CompileError, GatewayResponses, LambdaAuthorizer, RouteTree, SourceArn, UserPoolAuthorizer, Warnings,
    parameter_names,
};
use crate::model::{AuthorizerType, Method, MethodSetting, Resource, RestApi, Shared, Stage};
use crate::proxy::BinaryMediaTypes;
use crate::telemetry::StageTelemetry;
use crate::throttle::{Limit, Stated, method_name};

/// A stage of a REST API, ready to serve.
#[derive(Debug)]
pub struct RestSnapshot {
    pub(crate) stage_name: String,
    pub(crate) deployment_id: String,
    pub(crate) variables: IndexMap<String, String>,
    pub(crate) binary_media_types: BinaryMediaTypes,
    /// The longest URL from the stage on: 10,240 bytes for a regional API, 8,192 for others.
    pub(crate) max_url: usize,
    /// `minimumCompressionSize`: responses of so many bytes are packed for clients that take it.
    pub(crate) minimum_compression_size: Option<u32>,
    pub(crate) api_key_source: ApiKeySource,
    /// Indices into `resources`.
    pub(crate) routes: RouteTree<usize>,
    pub(crate) resources: Vec<RestResource>,
    pub(crate) authorizers: Vec<LambdaAuthorizer>,
    /// `COGNITO_USER_POOLS`; one that lets nobody pass says why.
    pub(crate) user_pools: Vec<Result<UserPoolAuthorizer, String>>,
    pub(crate) gateway_responses: GatewayResponses,
    pub(crate) telemetry: StageTelemetry,
    /// What is declared and not served, one line each. Such a method fails closed.
    pub(crate) warnings: Vec<String>,
}

/// A resource with its methods.
#[derive(Debug)]
pub(crate) struct RestResource {
    pub(crate) id: String,
    pub(crate) path: String,
    /// The names of its path parameters, in order.
    pub(crate) parameters: Vec<String>,
    pub(crate) methods: Vec<RestMethod>,
}

/// A method.
#[derive(Debug)]
pub(crate) struct RestMethod {
    /// `GET` … `ANY`.
    pub(crate) http_method: String,
    pub(crate) authorization: RestAuthorization,
    /// `authorizationScopes`
    pub(crate) authorization_scopes: Vec<String>,
    pub(crate) api_key_required: bool,
    /// The stage's limits by verb: one, or those of all that `ANY` stands for.
    pub(crate) limits: Vec<(String, Limit)>,
    /// What is logged of its execution.
    pub(crate) logging: MethodLogging,
    pub(crate) operation_name: Option<String>,
    pub(crate) integration: RestIntegration,
    /// As whom its function is called.
    pub(crate) source: SourceArn,
}

/// `apiKeySource`: where a request has its API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiKeySource {
    /// The header `x-api-key`.
    Header,
    /// `usageIdentifierKey` of the authorizer's answer.
    Authorizer,
}

impl RestMethod {
    /// The stage's limit for requests of this verb.
    pub(crate) fn limit(&self, verb: &str) -> Option<&Limit> {
        self.limits.iter().find(|(of, _)| of == verb).map(|(_, limit)| limit)
    }
}

/// `authorizationType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestAuthorization {
    /// Open.
    None,
    /// A Lambda authorizer; into the snapshot's `authorizers`.
    Custom(usize),
    /// Cognito user pools; into the snapshot's `user_pools`.
    CognitoUserPools(usize),
    /// A signature.
    AwsIam,
}

impl RestResource {
    /// The method for `verb`: the verb itself, otherwise `ANY`.
    pub(crate) fn method(&self, verb: &str) -> Option<usize> {
        let by = |name: &str| self.methods.iter().position(|method| method.http_method == name);
        by(verb).or_else(|| is_any(verb).then(|| by("ANY")).flatten())
    }
}

/// What `ANY` stands for.
const ANY: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

fn is_any(verb: &str) -> bool {
    ANY.contains(&verb)
}

/// Compiles one stage: `api` as it was when the stage's deployment was made, whatever stages it lists itself.
///
/// # Errors
/// What API Gateway would refuse too: ambiguous paths, authorizers that do not exist, unusable expressions and URIs.
pub fn compile(api: &RestApi, stage: &Stage) -> Result<RestSnapshot, CompileError> {
    let label = api.logical_id.as_deref().unwrap_or(&api.id);
    let error = |place: String, reason: String| CompileError::new(label, place, reason);
    siblings(&api.resources).map_err(|(place, reason)| error(place, reason))?;

    let mut warnings = Warnings::new("REST", label, &stage.stage_name);
    let (pools, declared): (Vec<_>, Vec<_>) =
        api.authorizers.values().partition(|a| a.authorizer_type == AuthorizerType::CognitoUserPools);
    let mut user_pools = Vec::with_capacity(pools.len());
    for declared in &pools {
        let compiled = UserPoolAuthorizer::new(declared);
        if let Err(reason) = &compiled {
            let place = format!("authorizer {}", declared.name);
            warnings.add(&place, format_args!("{reason}; every request to its methods is refused with 401"));
        }
        user_pools.push(compiled);
    }
    let mut authorizers = Vec::with_capacity(declared.len());
    for declared in &declared {
        let place = format!("authorizer {}", declared.name);
        let compiled = authorizers::compile(api, declared, stage).map_err(|reason| error(place.clone(), reason))?;
        if let Err(reason) = &compiled.function {
            warnings.add(&place, format_args!("{reason}; every request to its methods is answered with 500"));
        }
        authorizers.push(compiled);
    }

    let mut routes = RouteTree::default();
    let mut resources = Vec::with_capacity(api.resources.len());
    for resource in &api.resources {
        let place = || format!("resource {}", resource.path);
        let slot = routes.at(&resource.path).map_err(|reason| error(place(), reason))?;
        if slot.replace(resources.len()).is_some() {
            return Err(error(place(), "the path is declared twice".to_owned()));
        }
        let mut methods = Vec::with_capacity(resource.methods.len());
        for method in resource.methods.values() {
            let place = format!("{} {}", method.http_method, resource.path);
            let compiled = compile_method(api, stage, resource, method, [&declared, &pools]);
            let compiled = compiled.map_err(|reason| error(place.clone(), reason))?;
            warn(&mut warnings, &place, &compiled);
            methods.push(compiled);
        }
        resources.push(RestResource {
            id: resource.id.clone(),
            path: resource.path.clone(),
            parameters: parameter_names(&resource.path),
            methods,
        });
    }
    let gateway_responses = GatewayResponses::new(&api.gateway_responses, &mut warnings);
    let (telemetry, unlogged) = StageTelemetry::rest(api, stage);
    if let Some(reason) = unlogged {
        warnings.add("accessLogSettings", reason);
    }
    Ok(RestSnapshot {
        telemetry,
        stage_name: stage.stage_name.clone(),
        deployment_id: stage.deployment_id.clone(),
        variables: stage.variables.clone(),
        binary_media_types: BinaryMediaTypes::new(&api.binary_media_types),
        max_url: match &api.endpoint_configuration {
            Some(endpoint) if endpoint.types.iter().any(|kind| kind == "REGIONAL") => 10_240,
            _ => 8_192,
        },
        minimum_compression_size: api.minimum_compression_size,
        api_key_source: match api.api_key_source.as_deref() {
            Some("AUTHORIZER") => ApiKeySource::Authorizer,
            _ => ApiKeySource::Header,
        },
        routes,
        resources,
        authorizers,
        user_pools,
        gateway_responses,
        warnings: warnings.lines,
    })
}

fn compile_method(
    api: &RestApi,
    stage: &Stage,
    resource: &Resource,
    method: &Method,
    authorizers: [&[&crate::model::Authorizer]; 2],
) -> Result<RestMethod, String> {
    let verb = if method.http_method == "ANY" { "*" } else { &method.http_method };
    Ok(RestMethod {
        http_method: method.http_method.clone(),
        authorization: authorizers::authorization(api, method, authorizers)?,
        authorization_scopes: method.authorization_scopes.clone(),
        api_key_required: method.api_key_required,
        limits: limits(api, stage, resource, method),
        logging: MethodLogging::new(stage, &resource.path, verbs(method)),
        operation_name: method.operation_name.clone(),
        integration: RestIntegration::new(method, stage)?,
        source: SourceArn::new(format!("{}/{}/{verb}{}", api.id, stage.stage_name, resource.path)),
    })
}

/// What the stage's settings allow this method, for each verb that it answers.
fn limits(api: &RestApi, stage: &Stage, resource: &Resource, method: &Method) -> Vec<(String, Limit)> {
    let stated = |setting: &MethodSetting| Stated {
        rate_limit: setting.throttling_rate_limit,
        burst_limit: setting.throttling_burst_limit,
    };
    let all = stage.method_settings.get("*/*").map(stated);
    let limit = |verb: &str| {
        let name = method_name(&format!("{}/{verb}", resource.path));
        let own = stage.method_settings.iter().find(|(written, _)| method_name(written) == name);
        let own = own.map(|(_, setting)| stated(setting));
        Some((verb.to_owned(), Limit::of(&api.id, &stage.stage_name, &name, own, all)?))
    };
    verbs(method).into_iter().filter_map(limit).collect()
}

/// The verbs that a method answers.
fn verbs(method: &Method) -> Vec<&str> {
    match method.http_method.as_str() {
        "ANY" => ANY.to_vec(),
        verb => vec![verb],
    }
}

/// Names what a request to this method will find closed.
fn warn(warnings: &mut Warnings, place: &str, method: &RestMethod) {
    if let RestIntegration::Unsupported(reason) = &method.integration {
        warnings.add(place, format_args!("not supported: {reason}; every request is answered with 500"));
    }
    // Roles are not modelled here, and templates that are still being written often lack them: it is told, not refused.
    if let RestIntegration::Service(service) = &method.integration
        && service.credentials == Credentials::Method
    {
        let what = "AWS refuses an integration with a service without credentials (Role ARN must be specified for AWS \
                    integrations); here the service is called as the API's own account";
        warnings.add(place, what);
    }
}

/// Under one parent there may be one variable part only; API Gateway refuses a second one with this text.
fn siblings(resources: &[Shared<Resource>]) -> Result<(), (String, String)> {
    let mut variable_of: HashMap<&str, &str> = HashMap::new();
    for resource in resources {
        for (at, part) in resource.path.match_indices('/').map(|(at, _)| {
            let rest = &resource.path[at + 1..];
            (at, rest.split('/').next().unwrap_or(rest))
        }) {
            if !part.starts_with('{') {
                continue;
            }
            let first = *variable_of.entry(&resource.path[..at]).or_insert(part);
            if first != part {
                let reason = format!(
                    "A sibling ({first}) of this resource already has a variable path part -- only one is allowed"
                );
                return Err((format!("resource {}", resource.path), reason));
            }
        }
    }
    Ok(())
}
