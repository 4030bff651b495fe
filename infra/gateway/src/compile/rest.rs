//! The snapshot of one stage of a REST API: the resources of its deployment, and its own functions, variables and caches.

use std::collections::HashMap;
use std::time::Duration;

use indexmap::IndexMap;

use super::authorizer::{authorizer_function, validation};
use super::lambda_arn::{resolve, timeout};
use super::{
    AuthorizerPayload, CompileError, FunctionRef, GatewayResponses, IdentitySource, LambdaAuthorizer, RouteTree,
    SourceArn, Unusable, UserPoolAuthorizer, Warnings, parameter_names,
};
use crate::authorize::ResultCache;
use crate::model::{
    AuthorizerType, Integration, IntegrationType, Method, MethodSetting, Resource, RestApi, Shared, Stage,
};
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

/// What answers a method.
#[derive(Debug)]
pub(crate) enum RestIntegration {
    /// `AWS_PROXY` to a function.
    LambdaProxy {
        /// The function.
        function: FunctionRef,
        /// `timeoutInMillis`
        timeout: Duration,
    },
    /// Nothing that is served here; the reason goes to the log of every request.
    Unsupported(String),
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
        let compiled = authorizer(api, declared, stage).map_err(|reason| error(place.clone(), reason))?;
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
        authorization: authorization(api, method, authorizers)?,
        authorization_scopes: method.authorization_scopes.clone(),
        api_key_required: method.api_key_required,
        limits: limits(api, stage, resource, method),
        operation_name: method.operation_name.clone(),
        integration: integration(method.integration.as_ref(), stage)?,
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
    let verbs = match method.http_method.as_str() {
        "ANY" => ANY.to_vec(),
        verb => vec![verb],
    };
    let limit = |verb: &str| {
        let name = method_name(&format!("{}/{verb}", resource.path));
        let own = stage.method_settings.iter().find(|(written, _)| method_name(written) == name);
        let own = own.map(|(_, setting)| stated(setting));
        Some((verb.to_owned(), Limit::of(&api.id, &stage.stage_name, &name, own, all)?))
    };
    verbs.into_iter().filter_map(limit).collect()
}

/// Names what a request to this method will find closed.
fn warn(warnings: &mut Warnings, place: &str, method: &RestMethod) {
    if let RestIntegration::Unsupported(reason) = &method.integration {
        warnings.add(place, format_args!("not supported: {reason}; every request is answered with 500"));
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

/// `authorizers` are those that call functions, and those that are user pools.
fn authorization(
    api: &RestApi,
    method: &Method,
    authorizers: [&[&crate::model::Authorizer]; 2],
) -> Result<RestAuthorization, String> {
    match method.authorization_type.as_str() {
        "NONE" | "" => Ok(RestAuthorization::None),
        "AWS_IAM" => Ok(RestAuthorization::AwsIam),
        kind @ ("CUSTOM" | "COGNITO_USER_POOLS") => {
            let id = method.authorizer_id.as_deref().ok_or_else(|| format!("{kind} needs an authorizerId"))?;
            let found = api.authorizers.get(id).ok_or_else(|| format!("Invalid authorizer ID specified: {id}"))?;
            let position = |list: &[&_]| list.iter().position(|authorizer| std::ptr::eq(*authorizer, found));
            match (kind, authorizers.map(position)) {
                ("CUSTOM", [Some(position), _]) => Ok(RestAuthorization::Custom(position)),
                ("COGNITO_USER_POOLS", [_, Some(position)]) => Ok(RestAuthorization::CognitoUserPools(position)),
                _ => Err(format!("authorizer {} does not fit the authorizationType {kind}", found.name)),
            }
        }
        other => Err(format!("authorizationType {other} is none of NONE, CUSTOM, COGNITO_USER_POOLS, AWS_IAM")),
    }
}

fn integration(declared: Option<&Integration>, stage: &Stage) -> Result<RestIntegration, String> {
    let Some(declared) = declared else {
        return Ok(RestIntegration::Unsupported("the method has no integration".to_owned()));
    };
    if declared.integration_type != IntegrationType::AwsProxy {
        return Ok(RestIntegration::Unsupported(format!(
            "integrations of type {}",
            declared.integration_type.as_str()
        )));
    }
    let timeout = timeout("timeoutInMillis", declared.timeout_in_millis)?;
    match resolve(declared.uri.as_deref().unwrap_or_default(), &stage.variables) {
        Err(Unusable::Invalid(reason)) => Err(format!("integration uri {reason}")),
        Err(Unusable::Unsupported(reason)) => Ok(RestIntegration::Unsupported(reason)),
        // AWS deploys this too, and fails every request.
        Ok(_) if declared.http_method.as_deref() != Some("POST") => Ok(RestIntegration::Unsupported(format!(
            "a Lambda integration whose integrationHttpMethod is {}; it must be POST",
            declared.http_method.as_deref().unwrap_or("missing")
        ))),
        Ok(function) => Ok(RestIntegration::LambdaProxy { function, timeout }),
    }
}

/// An authorizer; a closed one, if AWS would take it and it cannot be asked here.
fn authorizer(api: &RestApi, declared: &crate::model::Authorizer, stage: &Stage) -> Result<LambdaAuthorizer, String> {
    let token = declared.authorizer_type == AuthorizerType::Token;
    let payload = if token { AuthorizerPayload::RestToken } else { AuthorizerPayload::RestRequest };
    let source = || SourceArn::new(format!("{}/authorizers/{}", api.id, declared.id));
    match open_authorizer(declared, stage, payload, source()) {
        Ok(open) => Ok(open),
        Err(Unusable::Unsupported(reason)) => Ok(LambdaAuthorizer::closed(&declared.name, payload, source(), reason)),
        Err(Unusable::Invalid(reason)) => Err(reason),
    }
}

fn open_authorizer(
    declared: &crate::model::Authorizer,
    stage: &Stage,
    payload: AuthorizerPayload,
    source: SourceArn,
) -> Result<LambdaAuthorizer, Unusable> {
    let sources = declared.identity_source.as_deref().unwrap_or_default();
    let sources = sources.split(',').map(str::trim).filter(|source| !source.is_empty());
    let identity_sources = sources.map(IdentitySource::parse_rest).collect::<Result<Vec<_>, _>>()?;
    let token = payload == AuthorizerPayload::RestToken;
    if token && !matches!(identity_sources.as_slice(), [IdentitySource::Header(_)]) {
        let reason = "a TOKEN authorizer needs one identitySource of the form method.request.header.{name}";
        return Err(Unusable::Invalid(reason.to_owned()));
    }
    let expression = declared.identity_validation_expression.as_deref();
    let expression = expression.filter(|expression| token && !expression.is_empty());
    // Without a source there is nothing to tell callers apart by, so nothing may be remembered.
    let ttl = if identity_sources.is_empty() { 0 } else { declared.authorizer_result_ttl_in_seconds };
    Ok(LambdaAuthorizer {
        name: declared.name.clone(),
        function: authorizer_function(declared.authorizer_uri.as_deref(), &stage.variables)?,
        identity_sources,
        validation: expression.map(validation).transpose()?,
        payload,
        cache: ResultCache::new(ttl),
        source,
    })
}

#[cfg(test)]
#[path = "rest_tests.rs"]
mod tests;
